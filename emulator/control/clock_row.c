/* With --data emulated time outlives the process: rows hold times, and time must not go back before them. Kept is how emulated time is tied to real time, so
 * that a running clock needs no writes. */
#include "emulator/base/log.h"
#include "emulator/control/control.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"

static const char *const schema[] = {
    "CREATE TABLE clock(only INTEGER PRIMARY KEY CHECK (only = 1), real_at INTEGER NOT NULL, emulated_at INTEGER NOT NULL, scale REAL NOT NULL)",
};

static struct query find = QUERY("SELECT real_at, emulated_at, scale FROM clock");
static struct query keep = QUERY("INSERT OR REPLACE INTO clock(only, real_at, emulated_at, scale) VALUES (1, ?, ?, ?)");

void control_schema(void)
{
    store_schema("control", schema, 1);
}

void clock_keep(void)
{
    struct clock_tie tie = clock_tie();

    if (!store_is_durable())
        return;
    store_begin();
    (void)query_run(&keep, "iid", tie.real_at, tie.emulated_at, tie.scale);
    (void)store_commit(); /* on a full disk time is lost at the next start, and the store has said so */
}

int64_t control_clock_start(int64_t wanted)
{
    int64_t reached = -1, now = wanted >= 0 ? wanted : clock_real_now();

    query_start(&find, "");
    if (query_step(&find)) {
        struct clock_tie tie = {query_integer(&find, 0), query_integer(&find, 1), query_double(&find, 2)};

        reached = clock_tied(&tie, clock_real_now());
    }
    query_end(&find);
    if (reached <= now)
        return wanted;
    if (wanted >= 0)
        log_warn("the clock begins later than --clock says: the data directory has already come to a later time, and time does not go back");
    return reached;
}
