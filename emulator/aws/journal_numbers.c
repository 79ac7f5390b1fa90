#include "emulator/aws/journal_numbers.h"

#include <stdbool.h>
#include <stdint.h>

#include "emulator/aws/journal.h"
#include "emulator/loop/loop.h"
#include "emulator/store/store.h"

/* A turn takes far fewer than half a block, and at its end the next block is reserved: no call writes for the journal. */
enum { BLOCK = 1000000 };

const char *const journal_numbers_schema[] = {
    "CREATE TABLE journal_numbers(only INTEGER PRIMARY KEY CHECK (only = 1), reserved INTEGER NOT NULL)",
};
const int journal_numbers_schema_count = 1;

static struct query find = QUERY("SELECT reserved FROM journal_numbers");
static struct query keep = QUERY("INSERT INTO journal_numbers(only, reserved) VALUES (1, ?) ON CONFLICT(only) DO UPDATE SET reserved = excluded.reserved");

static int64_t reserved;

static void reserve(void)
{
    store_begin();
    (void)query_run(&keep, "i", reserved + BLOCK);
    if (store_commit() == 0)
        reserved += BLOCK; /* else the next turn tries again */
}

static void look(void *context)
{
    (void)context;
    if (store_is_durable() && (int64_t)journal_last() + BLOCK / 2 > reserved)
        reserve();
}

void journal_numbers_start(void)
{
    static bool is_hooked;

    reserved = store_is_durable() ? query_one(&find, 0, "") : 0;
    journal_reset((uint64_t)reserved + 1);
    if (store_is_durable())
        reserve();
    if (!is_hooked)
        loop_hook(look, NULL);
    is_hooked = true;
}
