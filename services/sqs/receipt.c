#include "services/sqs/receipt.h"

#include "emulator/base/encoding.h"

/* The first three bytes are the format; a whole number of base64 groups needs no padding. */
enum { FORMAT = 0x010101, SIZE = 36, CHECKED = SIZE - 4 };

static void put(unsigned char *at, uint64_t number, int size)
{
    for (int i = size - 1; i >= 0; i--, number >>= 8)
        at[i] = (unsigned char)number;
}

static uint64_t get(const unsigned char *at, int size)
{
    uint64_t number = 0;

    for (int i = 0; i < size; i++)
        number = number << 8 | at[i];
    return number;
}

/* FNV-1a: it has to notice accidents, not attacks. */
static uint32_t sum(const unsigned char *at)
{
    uint32_t hash = 2166136261u;

    for (int i = 0; i < CHECKED; i++)
        hash = (hash ^ at[i]) * 16777619u;
    return hash;
}

char *receipt_print(struct arena *arena, const struct receipt *receipt)
{
    unsigned char bytes[SIZE];

    put(bytes, FORMAT, 3);
    put(bytes + 3, (uint64_t)receipt->queue, 6);
    put(bytes + 9, (uint64_t)receipt->message, 8);
    put(bytes + 17, (uint64_t)receipt->token, 8);
    put(bytes + 25, receipt->receive, 4);
    put(bytes + 29, 0, 3);
    put(bytes + CHECKED, sum(bytes), 4);
    return base64_encode(arena, (struct bytes){(const char *)bytes, SIZE});
}

bool receipt_parse(struct arena *arena, const char *text, struct receipt *receipt)
{
    struct bytes decoded;

    if (!base64_decode(arena, bytes_of(text), &decoded) || decoded.size != SIZE)
        return false;
    const unsigned char *bytes = (const unsigned char *)decoded.at;
    if (get(bytes, 3) != FORMAT || get(bytes + CHECKED, 4) != sum(bytes))
        return false;
    *receipt = (struct receipt){.queue = (int64_t)get(bytes + 3, 6),
                                .message = (int64_t)get(bytes + 9, 8),
                                .token = (int64_t)get(bytes + 17, 8),
                                .receive = (uint32_t)get(bytes + 25, 4)};
    return true;
}
