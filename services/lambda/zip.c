#include "services/lambda/zip.h"

#include <errno.h>
#include <string.h>

/* APPNOTE.TXT 4.3.16 and 4.3.12. */
enum {
    END_SIZE = 22,
    END_SIGNATURE = 0x06054b50,
    ENTRY_SIZE = 46,
    ENTRY_SIGNATURE = 0x02014b50,
    LOCAL_SIZE = 30,
    LOCAL_SIGNATURE = 0x04034b50,
    COMMENT_LIMIT = 0xffff,
    IS_ENCRYPTED = 1
};

static uint32_t read2(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;

    return bytes[0] | (uint32_t)bytes[1] << 8;
}

static uint32_t read4(const char *at)
{
    return read2(at) | read2(at + 2) << 16;
}

static const char *find_end(struct bytes zip)
{
    size_t furthest = zip.size > END_SIZE + COMMENT_LIMIT ? zip.size - END_SIZE - COMMENT_LIMIT : 0;

    if (zip.size < END_SIZE)
        return NULL;
    for (size_t at = zip.size - END_SIZE + 1; at-- > furthest;)
        if (read4(zip.at + at) == END_SIGNATURE)
            return zip.at + at;
    return NULL;
}

/* Absolute, or with a component "..". Backslashes are separators to some who write zips. */
static bool climbs(const char *name, size_t size)
{
    size_t start = 0;

    if (size > 0 && (name[0] == '/' || name[0] == '\\'))
        return true;
    for (size_t i = 0; i <= size; i++)
        if (i == size || name[i] == '/' || name[i] == '\\') {
            if (i - start == 2 && name[start] == '.' && name[start + 1] == '.')
                return true;
            start = i + 1;
        }
    return false;
}

int zip_check(struct bytes zip, int64_t limit)
{
    const char *end = find_end(zip);
    int64_t total = 0;

    if (end == NULL)
        return -EINVAL;
    uint32_t count = read2(end + 10), size = read4(end + 12), start = read4(end + 16);
    if (count == 0xffff || size == 0xffffffff || start == 0xffffffff)
        return 0;
    size_t before = (size_t)(end - zip.at);
    /* What stands before the archive (a self-extracting stub) shifts every offset by the same amount. */
    if ((size_t)size > before || (size_t)start > before - size)
        return -EINVAL;
    size_t shift = before - size - start;
    const char *at = zip.at + start + shift;
    for (uint32_t i = 0; i < count; i++) {
        if (end - at < ENTRY_SIZE || read4(at) != ENTRY_SIGNATURE)
            return -EINVAL;
        size_t name = read2(at + 28), rest = name + read2(at + 30) + read2(at + 32);
        uint64_t local = (uint64_t)read4(at + 42) + shift;
        if ((size_t)(end - at) - ENTRY_SIZE < rest || (read2(at + 8) & IS_ENCRYPTED) != 0 || climbs(at + ENTRY_SIZE, name))
            return -EINVAL;
        if (read4(at + 42) != 0xffffffff && (local + LOCAL_SIZE > before || read4(zip.at + local) != LOCAL_SIGNATURE))
            return -EINVAL;
        total += read4(at + 24);
        at += ENTRY_SIZE + rest;
    }
    if (count == 0)
        return -ENODATA;
    return total > limit ? -E2BIG : 0;
}
