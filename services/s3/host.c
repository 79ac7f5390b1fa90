#include "services/s3/host.h"

#include <string.h>

#include "emulator/aws/identity.h"
#include "emulator/aws/protocol.h"
#include "emulator/aws/router.h"
#include "emulator/base/encoding.h"

/* First labels that are other services' hosts: sqs.us-east-1.localhost is no bucket. */
static const char *const reserved[] = {
    "sqs",     "lambda",   "logs",           "events",         "scheduler",  "sts",
    "iam",     "sns",      "apigateway",     "execute-api",    "lambda-url", "dynamodb",
    "kms",     "ssm",      "secretsmanager", "cloudformation", "monitoring", "states",
    "kinesis", "firehose",
};

static bool is_reserved(const char *labels)
{
    size_t size = strcspn(labels, ".");
    if (text_equal(labels + size, ".queue")) /* us-east-1.queue.localhost: SQS's older form */
        return true;
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strlen(reserved[i]) == size && memcmp(labels, reserved[i], size) == 0)
            return true;
    return false;
}

static bool has_label(const char *labels, const char *wanted)
{
    size_t size = strlen(wanted);
    for (const char *at = labels; at != NULL; at = strchr(at, '.')) {
        at += *at == '.';
        if (strncmp(at, wanted, size) == 0 && (at[size] == '.' || at[size] == '\0'))
            return true;
    }
    return false;
}

/* A label that says S3: s3, s3-us-west-2 (the older form), s3-accelerate. */
static bool is_marker(const char *label)
{
    return text_starts(label, "s3") &&
           (label[2] == '.' || label[2] == '\0' || (label[2] == '-' && !text_starts(label, "s3-website")));
}

const char *host_bucket(struct arena *arena, const char *labels, bool any)
{
    if (*labels == '\0' || has_label(labels, "execute-api") || has_label(labels, "lambda-url") ||
        strstr(labels, "s3-website") != NULL)
        return NULL;
    if (is_marker(labels))
        return "";
    /* The last marker counts: everything left of it is the bucket, dots included. */
    const char *end = NULL;
    for (const char *dot = strchr(labels, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
        if (is_marker(dot + 1))
            end = dot;
    if (end != NULL)
        return arena_copy(arena, labels, (size_t)(end - labels));
    return any && !is_reserved(labels) ? labels : NULL;
}

bool host_claim(struct exchange *exchange, const char **path)
{
    const char *labels = host_labels(exchange);
    struct signature signature;

    if (labels == NULL || *labels == '\0')
        return false;
    signature_parse(exchange, &signature);
    bool is_signed_s3 = signature.kind != SIGNATURE_NONE && text_starts(signature.service, "s3");
    if (signature.kind != SIGNATURE_NONE && *signature.service != '\0' && !is_signed_s3)
        return false;
    /* foo.amazonaws.com is some service, foo.localhost is a bucket. */
    bool any = strstr(exchange->host, ".amazonaws.com") == NULL;
    const char *bucket = host_bucket(exchange->arena, labels, any);
    /* No bucket's name begins with an underscore: /_lowcloud and its kind are for control on S3's own host, too. */
    if (bucket == NULL || (*bucket == '\0' && text_starts(exchange->path, "/_")))
        return false;
    *path = *bucket == '\0' ? exchange->path : arena_print(exchange->arena, "/%s%s", bucket, exchange->path);
    return true;
}

static void refuse_website(struct exchange *exchange)
{
    protocol_refuse(exchange, 501, "NotImplemented",
                    "lowcloud does not emulate static website hosting yet; ask for the object by its S3 address");
}

bool host_claim_website(struct exchange *exchange)
{
    const char *labels = host_labels(exchange);

    if (labels == NULL || strstr(labels, ".s3-website") == NULL)
        return false;
    exchange->on_complete = refuse_website;
    return true;
}

const char *host_location(struct call *call, const char *bucket, const char *key)
{
    const char *encoded = percent_encode(call->arena, bytes_of(key), "/"), *labels = "";

    if (call->exchange != NULL)
        labels = host_labels(call->exchange);
    const char *of_host = labels != NULL && *labels != '\0' ? host_bucket(call->arena, labels, true) : NULL;
    if (of_host != NULL && text_equal(of_host, bucket))
        return arena_print(call->arena, "http://%s/%s", call->host, encoded);
    return arena_print(call->arena, "http://%s/%s/%s", call->host, bucket, encoded);
}
