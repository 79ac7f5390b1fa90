#include "emulator/base/id.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <uuid/uuid.h>

#include "emulator/base/log.h"

const char id_upper_alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const char id_lower_alnum[] = "abcdefghijklmnopqrstuvwxyz0123456789";
const char id_alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const char id_url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool seeded;
static uint64_t state[4];

/* A block from the kernel at a time: a system call for each number would show. */
static struct {
    uint64_t numbers[64];
    size_t left;
} pool;

static uint64_t rotated(uint64_t number, int by)
{
    return number << by | number >> (64 - by);
}

void id_seed(uint64_t seed)
{
    seeded = seed != 0;
    /* splitmix64 spreads the seed, so that near seeds give unlike sequences and the state is never all zero. */
    for (size_t i = 0; i < 4; i++) {
        seed += 0x9E3779B97F4A7C15u;
        uint64_t mixed = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9u;
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
        state[i] = mixed ^ mixed >> 31;
    }
}

/* xoshiro256** */
static uint64_t next_seeded(void)
{
    uint64_t result = rotated(state[1] * 5, 7) * 9, shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotated(state[3], 45);
    return result;
}

uint64_t id_random(void)
{
    if (seeded)
        return next_seeded();
    if (pool.left == 0) {
        /* More than 256 bytes may come in parts when a signal arrives. */
        char *at = (char *)pool.numbers;
        size_t wanted = sizeof pool.numbers;
        while (wanted > 0) {
            ssize_t got = getrandom(at, wanted, 0);
            check(got >= 0 || errno == EINTR);
            if (got > 0) {
                at += got;
                wanted -= (size_t)got;
            }
        }
        pool.left = sizeof pool.numbers / sizeof *pool.numbers;
    }
    return pool.numbers[--pool.left];
}

void id_uuid_to(char out[37])
{
    uuid_t uuid;
    uint64_t halves[2] = {id_random(), id_random()};

    memcpy(uuid, halves, sizeof uuid); /* uuid_generate_random() asks the kernel each time: 100 times slower */
    uuid[6] = (unsigned char)((uuid[6] & 0x0F) | 0x40);
    uuid[8] = (unsigned char)((uuid[8] & 0x3F) | 0x80);
    uuid_unparse_lower(uuid, out);
}

char *id_uuid(struct arena *arena)
{
    char *text = arena_alloc(arena, 37);
    id_uuid_to(text);
    return text;
}

char *id_hex(struct arena *arena, size_t digits)
{
    return id_from(arena, "0123456789abcdef", digits);
}

char *id_from(struct arena *arena, const char *alphabet, size_t count)
{
    uint64_t letters = strlen(alphabet);
    check(letters > 0 && letters <= UINT32_MAX);
    char *text = arena_alloc(arena, count + 1);
    for (size_t i = 0; i < count; i++) {
        /* Scaling 32 bits down is even to one part in 2^26 for the longest alphabet here. */
        text[i] = alphabet[(id_random() >> 32) * letters >> 32];
    }
    return text;
}
