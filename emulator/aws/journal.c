#include "emulator/aws/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/dates.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"

enum { TEXTS = 8, CHAIN = 1000 };

/* Records lie in a ring by number. Their texts are one allocation each: the parts follow one another, each with its NUL; an absent part is
 * a lone NUL behind a zero bit in `present`. */
struct entry {
    uint64_t seq, cause, root;
    int64_t time, began_ns, duration_us;
    char *texts;
    size_t texts_size;
    char *error, *operation, *arn, *extra; /* known at the end */
    int32_t attempt, status;
    uint8_t kind, present;
    bool cold, is_open, is_discarded;
};

static struct entry *ring;
static uint64_t first = 1, last, tail = 1; /* first: ever since the last reset; tail: the oldest number still held */
static size_t held;             /* bytes of texts */

static const char *const kinds[] = {"call", "invocation", "delivery", "retry", "dead-letter", "timer", "environment", "fault", "control"};
static const char *const names[TEXTS] = {"actor", "account", "region", "service", "operation", "arn", "request_id", NULL};

static struct entry *at(uint64_t seq)
{
    return seq == 0 || seq < tail || seq > last ? NULL : &ring[seq % JOURNAL_RECORDS];
}

static void forget(char **text)
{
    if (*text != NULL)
        held -= strlen(*text) + 1;
    free(*text);
    *text = NULL;
}

static void clear(struct entry *entry)
{
    held -= entry->texts_size;
    free(entry->texts);
    entry->texts = NULL;
    entry->texts_size = 0;
    forget(&entry->error);
    forget(&entry->operation);
    forget(&entry->arn);
    forget(&entry->extra);
}

static void keep(char **text, const char *from)
{
    if (from == NULL)
        return;
    forget(text);
    *text = strdup(from);
    check(*text != NULL);
    held += strlen(from) + 1;
}

static void make_room(void)
{
    while (tail <= last && (held > JOURNAL_BYTES || last - tail + 1 >= JOURNAL_RECORDS))
        clear(&ring[tail++ % JOURNAL_RECORDS]);
}

static void pack(struct entry *entry, const struct journal_record *record)
{
    const char *const texts[TEXTS] = {record->actor, record->account, record->region, record->service, record->operation, record->arn,
                                      record->request_id, NULL};
    size_t sizes[TEXTS], size = 0;

    for (int i = 0; i < TEXTS; i++) {
        sizes[i] = texts[i] == NULL ? 0 : strlen(texts[i]) + 1;
        size += sizes[i];
        if (texts[i] != NULL)
            entry->present |= (uint8_t)(1u << i);
    }
    entry->texts = malloc(size + 1);
    check(entry->texts != NULL);
    entry->texts_size = size;
    held += size;
    char *to = entry->texts;
    for (int i = 0; i < TEXTS; i++) {
        if (sizes[i] > 0)
            memcpy(to, texts[i], sizes[i]);
        to += sizes[i];
    }
}

uint64_t journal_open(const struct journal_record *record)
{
    if (ring == NULL) {
        ring = calloc(JOURNAL_RECORDS, sizeof *ring);
        check(ring != NULL);
    }
    make_room();
    uint64_t seq = ++last;
    struct entry *entry = &ring[seq % JOURNAL_RECORDS];
    *entry = (struct entry){.seq = seq,
                            .cause = record->cause,
                            .root = record->cause == 0 ? seq : journal_root(record->cause),
                            .time = clock_now(),
                            .began_ns = clock_real_ns(),
                            .attempt = record->attempt,
                            .kind = (uint8_t)record->kind,
                            .cold = record->cold,
                            .is_open = true};
    pack(entry, record);
    return seq;
}

void journal_close(uint64_t seq, const struct journal_end *end)
{
    struct entry *entry = at(seq);

    if (entry == NULL || !entry->is_open)
        return;
    entry->is_open = false;
    entry->status = end->status;
    entry->cold = entry->cold || end->cold;
    entry->duration_us = end->duration_us >= 0 ? end->duration_us : (clock_real_ns() - entry->began_ns) / 1000;
    keep(&entry->error, end->error);
    keep(&entry->operation, end->operation);
    keep(&entry->arn, end->arn);
    if (end->extra != NULL) {
        struct arena *arena = arena_new();

        keep(&entry->extra, json_print(arena, end->extra).at);
        arena_free(arena);
    }
}

uint64_t journal_note(const struct journal_record *record, const struct journal_end *end)
{
    uint64_t seq = journal_open(record);

    journal_close(seq, end);
    return seq;
}

void journal_discard(uint64_t seq)
{
    struct entry *entry = at(seq);

    if (entry == NULL)
        return;
    entry->is_discarded = true;
    entry->is_open = false;
    clear(entry);
    entry->present = 0;
}

uint64_t journal_root(uint64_t seq)
{
    const struct entry *entry = at(seq);

    return entry == NULL ? seq : entry->root;
}

int journal_depth(uint64_t seq)
{
    int depth = 0;

    for (const struct entry *entry = at(seq); entry != NULL && depth < CHAIN; entry = at(entry->cause))
        depth++;
    return depth;
}

uint64_t journal_last(void)
{
    return last;
}

static void describe(struct arena *arena, const struct entry *entry, struct value *map)
{
    const char *text = entry->texts;

    *map = value_map();
    value_put(arena, map, "seq", value_integer((int64_t)entry->seq));
    value_put(arena, map, "time", value_text(date_iso8601(arena, entry->time)));
    value_put(arena, map, "real_ns", value_integer(entry->began_ns));
    value_put(arena, map, "kind", value_text(kinds[entry->kind]));
    value_put(arena, map, "cause", entry->cause == 0 ? value_null() : value_integer((int64_t)entry->cause));
    value_put(arena, map, "root", value_integer((int64_t)entry->root));
    for (int i = 0; i < TEXTS; i++) {
        if ((entry->present & (1u << i)) == 0)
            continue;
        value_put(arena, map, names[i], value_text(arena_text(arena, text)));
        text += strlen(text) + 1;
    }
    if (entry->operation != NULL)
        value_put(arena, map, "operation", value_text(arena_text(arena, entry->operation)));
    if (entry->arn != NULL)
        value_put(arena, map, "arn", value_text(arena_text(arena, entry->arn)));
    if (entry->attempt > 0)
        value_put(arena, map, "attempt", value_integer(entry->attempt));
    if (entry->is_open) {
        value_put(arena, map, "running", value_bool(true));
        return;
    }
    value_put(arena, map, "status", entry->status == 0 ? value_null() : value_integer(entry->status));
    value_put(arena, map, "error", entry->error == NULL ? value_null() : value_text(arena_text(arena, entry->error)));
    value_put(arena, map, "duration_us", value_integer(entry->duration_us));
    if (entry->kind == JOURNAL_INVOCATION || entry->cold)
        value_put(arena, map, "cold", value_bool(entry->cold));
    if (entry->extra != NULL) {
        struct value extra;

        if (json_parse(arena, bytes_of(arena_text(arena, entry->extra)), &extra, NULL) == 0)
            for (uint32_t i = 0; i < extra.size; i++)
                value_put(arena, map, extra.items[2 * i].text, extra.items[2 * i + 1]);
    }
}

uint64_t journal_tail(void)
{
    return tail;
}

uint64_t journal_first(void)
{
    return first;
}

int journal_read(struct arena *arena, uint64_t after, size_t most, struct value *list)
{
    *list = value_list();
    if (after + 1 < tail)
        return -ERANGE;
    for (uint64_t seq = after + 1; seq <= last && list->size < most; seq++) {
        const struct entry *entry = at(seq);
        struct value map;

        if (entry == NULL || entry->is_discarded)
            continue;
        describe(arena, entry, &map);
        value_push(arena, list, map);
    }
    return 0;
}

void journal_reset(uint64_t number)
{
    for (; tail <= last; tail++)
        clear(&ring[tail % JOURNAL_RECORDS]);
    free(ring);
    ring = NULL;
    first = tail = number;
    last = number - 1;
    held = 0;
}
