/* With --data emulated time outlives the process: rows hold times, and time must not go back before them. */
#include "emulator/control/control.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"

static const char *const schema[] = {
    "CREATE TABLE clock(only INTEGER PRIMARY KEY CHECK (only = 1), emulated INTEGER NOT NULL)",
};

static struct query find = QUERY("SELECT emulated FROM clock");
static struct query keep = QUERY("INSERT INTO clock(only, emulated) VALUES (1, ?) ON CONFLICT(only) DO UPDATE SET emulated = excluded.emulated");

void control_schema(void)
{
    store_schema("control", schema, 1);
}

void clock_keep(void)
{
    if (!store_is_durable())
        return;
    store_begin();
    (void)query_run(&keep, "i", clock_now());
    (void)store_commit(); /* on a full disk time is lost at the next start, and the store has said so */
}

int64_t control_clock_start(int64_t wanted)
{
    int64_t kept = query_one(&find, -1, ""), now = wanted >= 0 ? wanted : clock_real_now();

    return kept > now ? kept : wanted;
}
