/* aws-chunked bodies: the first byte says how they are cut. However a body is cut, what comes out is the same. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "emulator/base/log.h"
#include "services/s3/chunked.h"
#include "services/s3/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a decoder gave: its bytes and trailers, one behind the other, and how it ended. */
struct result {
    char text[32 * 1024];
    size_t size;
    int error;
};

static void add(struct result *result, const char *at, size_t size)
{
    check(result->size + size <= sizeof result->text);
    memcpy(result->text + result->size, at, size);
    result->size += size;
}

static int take_data(void *context, const char *at, size_t size)
{
    add(context, at, size);
    return 0;
}

static int take_trailer(void *context, const char *name, const char *value)
{
    check(*name != '\0');
    add(context, name, strlen(name));
    add(context, value, strlen(value));
    return 0;
}

static void decode(struct result *result, const char *body, size_t size, size_t step)
{
    static struct chunked chunked;

    chunked = (struct chunked){.data = take_data, .trailer = take_trailer, .context = result};
    *result = (struct result){.size = 0};
    for (size_t at = 0; at < size && result->error == 0; at += step)
        result->error = chunked_take(&chunked, body + at, step < size - at ? step : size - at);
    if (result->error == 0)
        result->error = chunked_end(&chunked);
    check(result->error == 0 || result->error == -EINVAL);
}

static void parse_range(const char *body, size_t size)
{
    char header[256];
    int64_t first = 0, length = 0;

    (void)snprintf(header, sizeof header, "%.*s", (int)(size < 200 ? size : 200), body);
    if (range_parse(header, 1000, &first, &length) == RANGE_PART)
        check(first >= 0 && length > 0 && first + length <= 1000);
    if (range_parse_copy(header, &first, &length))
        check(first >= 0 && length >= first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct result whole, cut;

    if (size < 1)
        return 0;
    const char *body = (const char *)data + 1;
    decode(&whole, body, size - 1, size);
    decode(&cut, body, size - 1, (size_t)data[0] % 17 + 1);
    check(whole.error == cut.error);
    check(whole.error != 0 || (whole.size == cut.size && memcmp(whole.text, cut.text, whole.size) == 0));
    parse_range(body, size - 1);
    return 0;
}
