/* Identifiers and random choice; the only door to libuuid and to randomness.
 *
 * With id_seed() everything that follows repeats from run to run; otherwise it is unpredictable. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "emulator/base/arena.h"

void id_seed(uint64_t seed); /* 0: unpredictable */
uint64_t id_random(void);

char *id_uuid(struct arena *arena);                 /* version 4, lower case, 36 characters */
void id_uuid_to(char out[37]);
char *id_hex(struct arena *arena, size_t digits);   /* lower case */
/* `count` characters drawn from `alphabet`. */
char *id_from(struct arena *arena, const char *alphabet, size_t count);
extern const char id_upper_alnum[], id_lower_alnum[], id_alnum[], id_url_safe[];
