/* Dates as the services write and read them. Times are milliseconds since 1970, UTC. */
#pragma once
#include "emulator/base/arena.h"
#include <stdbool.h>
#include <stdint.h>

char *date_iso8601(struct arena *arena, int64_t ms);    /* 2026-01-02T03:04:05.678Z */
char *date_iso8601_s(struct arena *arena, int64_t ms);  /* 2026-01-02T03:04:05Z */
char *date_iso8601_offset(struct arena *arena, int64_t ms); /* 2026-01-02T03:04:05.678+0000: Lambda's LastModified */
char *date_rfc1123(struct arena *arena, int64_t ms);    /* Fri, 02 Jan 2026 03:04:05 GMT */
char *date_amz(struct arena *arena, int64_t ms);        /* 20260102T030405Z */
char *date_clf(struct arena *arena, int64_t ms);        /* 02/Jan/2026:03:04:05 +0000 */
char *date_path(struct arena *arena, int64_t ms);       /* 2026/01/02: log streams */

/* Each reads what the function above writes, and AWS's variants (fractions, offsets). False on anything else. */
bool date_parse_iso8601(const char *text, int64_t *ms);
bool date_parse_rfc1123(const char *text, int64_t *ms); /* also RFC 850 and asctime */
bool date_parse_amz(const char *text, int64_t *ms);
