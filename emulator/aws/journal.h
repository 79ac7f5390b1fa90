/* What happened, in order, each thing with its cause. A ring in memory, outside the store; only for looking back.
 *
 * A record is opened when a thing begins (its number is what others name as their cause) and closed when it ends; in between it shows as running. */
#pragma once
#include "emulator/base/value.h"

enum journal_kind {
    JOURNAL_CALL, JOURNAL_INVOCATION, JOURNAL_DELIVERY, JOURNAL_RETRY, JOURNAL_DEAD_LETTER, JOURNAL_TIMER, JOURNAL_ENVIRONMENT, JOURNAL_FAULT,
    JOURNAL_CONTROL
};
enum { JOURNAL_RECORDS = 50000, JOURNAL_BYTES = 32 * 1024 * 1024 };

struct journal_record {
    enum journal_kind kind;
    uint64_t cause;      /* 0: external */
    const char *actor, *account, *region, *service, *operation, *arn, *request_id; /* NULL: left out; copied */
    int attempt;         /* 0: left out */
    bool cold;
};
struct journal_end {
    int status;          /* HTTP status, or 0 */
    const char *error;   /* code; NULL: none */
    const char *arn;     /* when known only now */
    const char *operation; /* when known only now */
    int64_t duration_us; /* -1: since journal_open() */
    bool cold;
    const struct value *extra; /* map of more members, or NULL: printed as they are */
};

uint64_t journal_open(const struct journal_record *record);  /* its number, from 1 */
void journal_close(uint64_t seq, const struct journal_end *end); /* too late is no error */
uint64_t journal_note(const struct journal_record *record, const struct journal_end *end); /* both at once */
void journal_discard(uint64_t seq); /* e.g. an empty poll by a mapping: nobody wants to read it */

uint64_t journal_root(uint64_t seq); /* of its chain; seq itself when it has no cause or has left the ring */
int journal_depth(uint64_t seq);     /* length of its chain of causes, as far as known; bounded */
uint64_t journal_last(void);

/* Records after `after` as maps, at most `most`; -ERANGE when the ring's tail has passed `after`. */
int journal_read(struct arena *arena, uint64_t after, size_t most, struct value *list);
uint64_t journal_first(void); /* number of the first record since the last reset, whether still held or not */
uint64_t journal_tail(void);  /* of the oldest record still held */
/* Empties it; the next record is number `first`. Rows of a durable store name records of earlier lives, so that its numbers must not come again. */
void journal_reset(uint64_t first);
