#include "services/lambda/code.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "emulator/aws/protocol.h"
#include "emulator/base/digest.h"
#include "emulator/loop/loop.h"
#include "services/lambda/errors.h"

enum { PIECE = 256 * 1024, SLICE = 4 * 1024 * 1024 /* about ten milliseconds */ };

struct fetch {
    struct call *call;   /* of the customer, parked */
    struct call *object; /* GetObject; NULL when it is over */
    enum outcome (*then)(struct call *call, const struct code *code);
    struct code code;
    int error;           /* of taking the zip */
    const char *refused; /* S3's error code, NULL: none */
    const char *message;
};

static enum outcome refuse(struct call *call, int error)
{
    switch (error) {
    case -EINVAL:
        return lambda_fail(call, &lambda_invalid_parameter,
                           "Could not unzip uploaded file. Please check your file, then try to upload again.");
    case -ENODATA:
        return lambda_fail(call, &lambda_invalid_parameter, "Uploaded file must be a non-empty zip");
    case -E2BIG:
        return lambda_fail(call, &lambda_invalid_parameter, "Unzipped size must be smaller than %d bytes", UNZIPPED_LIMIT);
    case -EFBIG:
        return lambda_fail(call, &lambda_code_too_large, "Zipped size must be smaller than %d bytes", ZIP_LIMIT);
    default:
        return fail(call, &error_storage_full, "The code could not be written to lowcloud's data directory: %s", strerror(-error));
    }
}

/* A zip in the request, taken a slice a turn while its call is parked. */
struct taking {
    struct call *call;
    struct package_writer *writer;
    struct bytes rest;
    enum outcome (*then)(struct call *call, const struct code *code);
    struct code code;
    int error;
    struct task slice;
};

static enum outcome is_taken(struct call *call)
{
    const struct taking *taking = call->context;

    call->context = NULL;
    return taking->error != 0 ? refuse(call, taking->error) : taking->then(call, &taking->code);
}

static void take_slice(struct task *slice)
{
    struct taking *taking = (struct taking *)(void *)((char *)slice - offsetof(struct taking, slice));
    size_t size = taking->rest.size < SLICE ? taking->rest.size : SLICE;
    int error = package_write(taking->writer, (struct bytes){taking->rest.at, size});

    taking->rest.at += size;
    taking->rest.size -= size;
    if (taking->rest.size > 0 && error == 0) {
        loop_slice(slice);
        return;
    }
    taking->error = package_write_end(taking->writer, taking->call->arena, &taking->code);
    call_wake(taking->call, is_taken);
}

static void stop_taking(struct call *call)
{
    struct taking *taking = call->context;

    loop_slice_cancel(&taking->slice);
    package_write_abort(taking->writer);
}

static enum outcome take_zip(struct call *call, struct bytes zip, enum outcome (*then)(struct call *, const struct code *))
{
    struct package_writer *writer;
    struct code code;
    int error;

    if (zip.size > ZIP_LIMIT)
        return refuse(call, -EFBIG);
    writer = package_write_start();
    if (writer == NULL)
        return refuse(call, -errno);
    if (zip.size > SLICE) {
        struct taking *taking = arena_alloc(call->arena, sizeof *taking);

        *taking = (struct taking){.call = call, .writer = writer, .rest = zip, .then = then, .slice.run = take_slice};
        call->context = taking;
        loop_slice(&taking->slice);
        return park(call, -1, NULL, stop_taking);
    }
    (void)package_write(writer, zip);
    error = package_write_end(writer, call->arena, &code);
    return error != 0 ? refuse(call, error) : then(call, &code);
}

/* AWS has no code hash for what changes; ours names the directory. */
static enum outcome take_directory(struct call *call, const char *path, enum outcome (*then)(struct call *, const struct code *))
{
    struct stat status;
    struct code code = {.directory = path};

    if (path == NULL || path[0] != '/')
        return lambda_fail(
            call, &lambda_invalid_parameter,
            "With S3Bucket 'hot-reload', S3Key is the absolute path of the directory that holds the code; it is '%s'.",
            path == NULL ? "" : path);
    if (stat(path, &status) != 0)
        return lambda_fail(call, &lambda_invalid_parameter, "The directory %s for hot reload cannot be used: %s", path,
                           strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return lambda_fail(call, &lambda_invalid_parameter, "%s, for hot reload, is not a directory", path);
    code.code_sha256 = digest_base64(call->arena, DIGEST_SHA256, bytes_of(path));
    return then(call, &code);
}

static int read_payload(struct package_writer *writer, const struct payload *payload)
{
    static char piece[PIECE];

    if (payload->read == NULL)
        return package_write(writer, payload->bytes);
    for (int64_t offset = 0; offset < payload->size;) {
        ssize_t size = payload->read(payload->context, offset, piece, sizeof piece);

        if (size <= 0)
            return size < 0 ? (int)size : -EIO;
        int error = package_write(writer, (struct bytes){piece, (size_t)size});
        if (error != 0)
            return error;
        offset += size;
    }
    return 0;
}

static int take_object(struct call *object, struct arena *arena, struct code *code)
{
    const struct value *body = value_find(call_result(object), "Body");
    struct package_writer *writer;
    int error;

    if (object->payload.size > UNZIPPED_LIMIT)
        return -E2BIG;
    writer = package_write_start();
    if (writer == NULL)
        return -errno;
    if (value_is(body, VALUE_BYTES) || value_is(body, VALUE_TEXT))
        error = package_write(writer, value_as_bytes(body));
    else
        error = read_payload(writer, &object->payload);
    if (error == 0)
        return package_write_end(writer, arena, code);
    package_write_abort(writer);
    return error;
}

static enum outcome go_on(struct call *call)
{
    struct fetch *fetch = call->context;

    call->context = NULL;
    if (fetch->refused != NULL)
        return lambda_fail(call, &lambda_invalid_parameter,
                           "Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", fetch->refused,
                           fetch->message);
    return fetch->error != 0 ? refuse(call, fetch->error) : fetch->then(call, &fetch->code);
}

static void fetched(struct call *object, void *context)
{
    struct fetch *fetch = context;

    fetch->object = NULL;
    if (object->error != NULL) {
        fetch->refused = object->error->code;
        fetch->message = arena_text(fetch->call->arena, object->error_message);
    } else {
        fetch->error = take_object(object, fetch->call->arena, &fetch->code);
    }
    call_wake(fetch->call, go_on);
}

static void on_gone(struct call *call)
{
    struct fetch *fetch = call->context;

    if (fetch->object != NULL)
        call_forget(fetch->object);
}

static enum outcome take_from_s3(struct call *call, const struct code_source *source,
                                 enum outcome (*then)(struct call *, const struct code *))
{
    struct fetch *fetch = arena_alloc(call->arena, sizeof *fetch);
    struct value input = value_map();

    (void)value_put(call->arena, &input, "Bucket", value_text(source->bucket));
    (void)value_put(call->arena, &input, "Key", value_text(source->key));
    fetch->call = call;
    fetch->then = then;
    fetch->object = call_queue(&(struct call_request){
        .service = "s3",
        .operation = "GetObject",
        .account = call->account,
        .region = call->region,
        .actor = "lambda",
        .cause = call->seq,
        .trace_header = call->trace_header,
        .input = input,
        .done = fetched,
        .context = fetch,
    });
    call->context = fetch;
    return park(call, -1, NULL, on_gone);
}

enum outcome code_take(struct call *call, const struct code_source *source,
                       enum outcome (*then)(struct call *, const struct code *))
{
    if (source->zip != NULL) {
        if (source->bucket != NULL || source->key != NULL)
            return lambda_fail(call, &lambda_invalid_parameter,
                               "Please do not provide other FunctionCode parameters when providing a ZipFile.");
        return take_zip(call, value_as_bytes(source->zip), then);
    }
    if (text_equal(source->bucket, "hot-reload"))
        return take_directory(call, source->key, then);
    if (source->bucket == NULL && source->key == NULL)
        return lambda_fail(call, &lambda_invalid_parameter, "Please provide a source for function code.");
    if (source->bucket == NULL || source->key == NULL)
        return lambda_fail(call, &lambda_invalid_parameter, "Please provide both S3Bucket and S3Key.");
    return take_from_s3(call, source, then);
}
