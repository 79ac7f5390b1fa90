#include "emulator/base/crc.h"

#include <stdbool.h>
#include <string.h>

#include "emulator/base/log.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as they stand in memory");

/* Slicing by eight: tables[k][byte] is what `byte` does to the CRC when k more bytes follow it. */
struct slices32 {
    bool ready;
    uint32_t tables[8][256];
};

struct slices64 {
    bool ready;
    uint64_t tables[8][256];
};

static uint64_t byte_remainder(uint64_t polynomial, uint64_t byte)
{
    for (int bit = 0; bit < 8; bit++)
        byte = byte >> 1 ^ ((byte & 1) != 0 ? polynomial : 0);
    return byte;
}

static void fill32(struct slices32 *slices, uint32_t polynomial)
{
    for (unsigned byte = 0; byte < 256; byte++)
        slices->tables[0][byte] = (uint32_t)byte_remainder(polynomial, byte);
    for (unsigned k = 1; k < 8; k++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint32_t before = slices->tables[k - 1][byte];
            slices->tables[k][byte] = before >> 8 ^ slices->tables[0][before & 0xFF];
        }
    }
    slices->ready = true;
}

static void fill64(struct slices64 *slices, uint64_t polynomial)
{
    for (unsigned byte = 0; byte < 256; byte++)
        slices->tables[0][byte] = byte_remainder(polynomial, byte);
    for (unsigned k = 1; k < 8; k++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint64_t before = slices->tables[k - 1][byte];
            slices->tables[k][byte] = before >> 8 ^ slices->tables[0][before & 0xFF];
        }
    }
    slices->ready = true;
}

uint32_t crc32c(uint32_t crc, const void *at, size_t size)
{
    static struct slices32 slices;
    if (!slices.ready)
        fill32(&slices, CRC32C_POLYNOMIAL);
    uint32_t(*const t)[256] = slices.tables;
    const unsigned char *bytes = at;
    crc = ~crc;
    for (; size >= 8; size -= 8, bytes += 8) {
        uint32_t low, high;
        memcpy(&low, bytes, 4);
        memcpy(&high, bytes + 4, 4);
        low ^= crc;
        crc = t[7][low & 0xFF] ^ t[6][low >> 8 & 0xFF] ^ t[5][low >> 16 & 0xFF] ^ t[4][low >> 24] ^ t[3][high & 0xFF] ^
              t[2][high >> 8 & 0xFF] ^ t[1][high >> 16 & 0xFF] ^ t[0][high >> 24];
    }
    for (; size > 0; size--, bytes++)
        crc = crc >> 8 ^ t[0][(crc ^ *bytes) & 0xFF];
    return ~crc;
}

uint64_t crc64nvme(uint64_t crc, const void *at, size_t size)
{
    static struct slices64 slices;
    if (!slices.ready)
        fill64(&slices, CRC64NVME_POLYNOMIAL);
    uint64_t(*const t)[256] = slices.tables;
    const unsigned char *bytes = at;
    crc = ~crc;
    for (; size >= 8; size -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        word ^= crc;
        crc = t[7][word & 0xFF] ^ t[6][word >> 8 & 0xFF] ^ t[5][word >> 16 & 0xFF] ^ t[4][word >> 24 & 0xFF] ^
              t[3][word >> 32 & 0xFF] ^ t[2][word >> 40 & 0xFF] ^ t[1][word >> 48 & 0xFF] ^ t[0][word >> 56];
    }
    for (; size > 0; size--, bytes++)
        crc = crc >> 8 ^ t[0][(crc ^ *bytes) & 0xFF];
    return ~crc;
}

/* The product of two remainders, as polynomials over GF(2) modulo `polynomial`. */
static uint64_t multiplied(int bits, uint64_t polynomial, uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (uint64_t coefficient = UINT64_C(1) << (bits - 1); coefficient != 0; coefficient >>= 1) {
        if ((a & coefficient) != 0)
            product ^= b;
        b = b >> 1 ^ ((b & 1) != 0 ? polynomial : 0); /* times x */
    }
    return product;
}

/* x^(8n). The last one is kept: the parts of a large object are all of one size but the last. */
static uint64_t power_of(int bits, uint64_t polynomial, uint64_t size)
{
    static struct {
        uint64_t polynomial, size, power;
    } last;

    if (last.polynomial == polynomial && last.size == size)
        return last.power;
    uint64_t power = UINT64_C(1) << (bits - 1), square = UINT64_C(1) << (bits - 1 - 8); /* 1; x^8, then squared for each bit */
    for (uint64_t left = size; left > 0; left >>= 1) {
        if ((left & 1) != 0)
            power = multiplied(bits, polynomial, square, power);
        square = multiplied(bits, polynomial, square, square);
    }
    last.polynomial = polynomial;
    last.size = size;
    last.power = power;
    return power;
}

/* Appending n bytes multiplies a CRC by x^(8n); the ones before and the inversion behind cancel out in the sum. */
uint64_t crc_join(int bits, uint64_t polynomial, uint64_t a, uint64_t b, uint64_t size_of_b)
{
    check(bits == 32 || bits == 64);
    return multiplied(bits, polynomial, power_of(bits, polynomial, size_of_b), a) ^ b;
}
