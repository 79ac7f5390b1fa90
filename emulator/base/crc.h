/* CRC-32C and CRC-64/NVME by tables, and joining of CRCs; private to digest.c.
 *
 * All CRCs here are reflected, begin with all ones and are inverted at the end. `crc` is the value that is shown: the CRC of
 * no bytes is 0, and that of A followed by B is crc_x(crc_x(0, A), B). */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Reflected polynomials: the highest bit is the coefficient of x^0. */
#define CRC32_POLYNOMIAL UINT32_C(0xEDB88320)
#define CRC32C_POLYNOMIAL UINT32_C(0x82F63B78)
#define CRC64NVME_POLYNOMIAL UINT64_C(0x9A6C9329AC4BC9B5)

uint32_t crc32c(uint32_t crc, const void *at, size_t size);
uint64_t crc64nvme(uint64_t crc, const void *at, size_t size);

/* The CRC of A followed by B; `bits` is the width of the polynomial: 32 or 64. */
uint64_t crc_join(int bits, uint64_t polynomial, uint64_t a, uint64_t b, uint64_t size_of_b);
