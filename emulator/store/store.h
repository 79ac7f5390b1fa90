/* The store: all state of the emulated cloud is rows in one SQLite database. The only door to sqlite3.
 *
 * In memory (a memdb image, given back to its first state by store_reset() in one step) or, with a directory, a WAL file that survives our
 * death at any moment (not a power loss). Nothing here is called from more than one thread.
 *
 * Queries are static, named and prepared at first use:
 *
 *     static struct query find_queue = QUERY("SELECT id, url FROM queue WHERE account = ? AND name = ?");
 *     query_start(&find_queue, "tt", account, name);
 *     if (query_step(&find_queue)) id = query_integer(&find_queue, 0);
 *     query_end(&find_queue);
 *
 * Binding letters: t text (const char *; NULL binds NULL), i int64_t, d double, b bytes (struct bytes), n NULL without an argument.
 * A query may not be started again before its query_end(). Text and bytes taken without an arena are valid until the next step.
 *
 * Errors. A constraint that fails is a result (-EEXIST). A full disk or an I/O error marks the transaction as failed: steps return
 * no rows, store_commit() rolls back and returns -ENOSPC or -EIO. Everything else is our mistake and aborts. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "emulator/base/arena.h"
#include "emulator/base/text.h"

struct query {
    const char *sql;
    void *statement;
    struct query *next;
    bool is_running;
};
#define QUERY(text) {.sql = (text)}

void query_start(struct query *query, const char *types, ...);
bool query_step(struct query *query); /* true: a row */
void query_end(struct query *query);

bool query_is_null(struct query *query, int column);
int64_t query_integer(struct query *query, int column); /* NULL gives 0 */
double query_double(struct query *query, int column);
const char *query_text(struct query *query, struct arena *arena, int column);    /* copied (arena NULL: borrowed); NULL for NULL */
struct bytes query_bytes(struct query *query, struct arena *arena, int column);  /* copied (arena NULL: borrowed) */
struct bytes query_bytes_borrow(struct query *query, int column);                /* valid until the next step */

/* Start, step to the end, end. Rows changed (0 and more), or -EEXIST, -ENOSPC, -EIO. */
int query_run(struct query *query, const char *types, ...);
/* Start, one step, end: the first column of the first row; `fallback` when there is no row. */
int64_t query_one(struct query *query, int64_t fallback, const char *types, ...);
int64_t store_last_id(void); /* rowid of the last insert */

/* Transactions do not nest. Commit gives 0, or -ENOSPC/-EIO after rolling back. */
void store_begin(void);
int store_commit(void);
void store_rollback(void);
bool store_in_transaction(void);
bool store_failed(void); /* the running transaction has met a full disk or an I/O error */

/* Runs after the current transaction has committed (dropped on rollback), in order; outside a transaction: at once. */
void store_after_commit(void (*run)(void *context), void *context);
void store_after_rollback(void (*run)(void *context), void *context); /* only inside a transaction */

/* Migrations: named sets of numbered SQL scripts, each run once in a database's life. Register before store_open(). */
void store_schema(const char *owner, const char *const *scripts, int count);

/* directory NULL: in memory. -EBUSY: another lowcloud owns the directory. */
int store_open(const char *directory);
void store_close(void);
void store_reset(void);       /* all rows gone, schema fresh; not inside a transaction */
bool store_is_durable(void);  /* opened with a directory */
const char *store_directory(void); /* for blobs, packages, sockets: a private directory, removed at exit unless durable */
int store_check(void);        /* integrity check: 0, or -EIO with a line on stderr */
