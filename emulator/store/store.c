#include "emulator/store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/log.h"
#include "emulator/store/blob.h"
#include "emulator/store/directory.h"

enum { OWNERS = 24, PATH_SIZE = DIRECTORY_PATH };

struct deferred {
    void (*run)(void *context);
    void *context;
    bool on_rollback; /* else after commit */
};

static sqlite3 *database;
static struct query *prepared; /* every query that has a statement */
static bool in_transaction;
static int failure; /* -ENOSPC or -EIO of the running transaction */
static struct deferred *deferred;
static size_t deferred_count, deferred_room;
static struct {
    const char *owner;
    const char *const *scripts;
    int count;
} schemas[OWNERS];
static int schema_count;
static unsigned char *image; /* an empty database with the schema, for reset in memory */
static sqlite3_int64 image_size;
static bool is_durable;

/* --- errors --------------------------------------------------------------------------------------------------------------- */

static void broken(const char *sql)
{
    log_error("the store: %s in: %s", sqlite3_errmsg(database), sql);
    log_broken(__FILE__, __LINE__, "the store accepts our SQL");
}

/* 0, or the error that a customer can cause (a full disk, a constraint). Anything else is ours. */
static int error_of(int code, const char *sql)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_CONSTRAINT:
        return -EEXIST;
    case SQLITE_FULL:
    case SQLITE_NOMEM: /* a memdb at its size limit says this too */
        return -ENOSPC;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        return -EIO;
    case SQLITE_BUSY: /* somebody else has opened the file: our own are kept apart by the directory's lock */
        return -EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        log_error("the store: %s/lowcloud.db: %s", store_directory(), sqlite3_errmsg(database));
        return -EIO;
    default:
        broken(sql);
    }
    return -EIO;
}

static void note_failure(int error)
{
    if ((error == -ENOSPC || error == -EIO) && failure == 0) {
        failure = error;
        log_error("the store: %s", error == -ENOSPC ? "the disk is full" : sqlite3_errmsg(database));
    }
}

/* --- queries -------------------------------------------------------------------------------------------------------------- */

static void bind_one(sqlite3_stmt *statement, int index, char type, va_list *arguments)
{
    struct bytes bytes;
    const char *text;

    switch (type) {
    case 't':
        text = va_arg(*arguments, const char *);
        (void)sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
        break;
    case 'i':
        (void)sqlite3_bind_int64(statement, index, va_arg(*arguments, int64_t));
        break;
    case 'd':
        (void)sqlite3_bind_double(statement, index, va_arg(*arguments, double));
        break;
    case 'b':
        bytes = va_arg(*arguments, struct bytes);
        (void)sqlite3_bind_blob64(statement, index, bytes.at == NULL ? "" : bytes.at, bytes.size, SQLITE_TRANSIENT);
        break;
    case 'n':
        (void)sqlite3_bind_null(statement, index);
        break;
    default:
        check(!"a binding letter is one of t i d b n");
    }
}

static void start(struct query *query, const char *types, va_list *arguments)
{
    check(!query->is_running);
    if (query->statement == NULL) {
        sqlite3_stmt *statement;

        if (sqlite3_prepare_v3(database, query->sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
            broken(query->sql);
        query->statement = statement;
        query->next = prepared;
        prepared = query;
    }
    check(sqlite3_bind_parameter_count(query->statement) == (int)strlen(types));
    for (int i = 0; types[i] != '\0'; i++)
        bind_one(query->statement, i + 1, types[i], arguments);
    query->is_running = true;
}

void query_start(struct query *query, const char *types, ...)
{
    va_list arguments;

    va_start(arguments, types);
    start(query, types, &arguments);
    va_end(arguments);
}

/* One step: 1 a row, 0 the end, or an error. After a failed transaction nothing runs any more. */
static int step(struct query *query)
{
    if (failure != 0)
        return failure;
    int code = sqlite3_step(query->statement);
    if (code == SQLITE_ROW)
        return 1;
    int error = error_of(code, query->sql);
    note_failure(error);
    return error;
}

bool query_step(struct query *query)
{
    check(query->is_running);
    return step(query) == 1;
}

void query_end(struct query *query)
{
    check(query->is_running);
    (void)sqlite3_reset(query->statement);
    query->is_running = false;
}

bool query_is_null(struct query *query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

int64_t query_integer(struct query *query, int column)
{
    return sqlite3_column_int64(query->statement, column);
}

double query_double(struct query *query, int column)
{
    return sqlite3_column_double(query->statement, column);
}

const char *query_text(struct query *query, struct arena *arena, int column)
{
    const char *text = (const char *)sqlite3_column_text(query->statement, column);

    if (text == NULL || arena == NULL)
        return text;
    return arena_copy(arena, text, (size_t)sqlite3_column_bytes(query->statement, column));
}

struct bytes query_bytes_borrow(struct query *query, int column)
{
    const char *at = sqlite3_column_blob(query->statement, column);

    return (struct bytes){at == NULL ? "" : at, (size_t)sqlite3_column_bytes(query->statement, column)};
}

struct bytes query_bytes(struct query *query, struct arena *arena, int column)
{
    struct bytes bytes = query_bytes_borrow(query, column);

    return arena == NULL ? bytes : (struct bytes){arena_copy(arena, bytes.at, bytes.size), bytes.size};
}

int query_run(struct query *query, const char *types, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, types);
    start(query, types, &arguments);
    va_end(arguments);
    while ((result = step(query)) == 1)
        continue;
    query_end(query);
    return result < 0 ? result : sqlite3_changes(database);
}

int64_t query_one(struct query *query, int64_t fallback, const char *types, ...)
{
    va_list arguments;
    int64_t result = fallback;

    va_start(arguments, types);
    start(query, types, &arguments);
    va_end(arguments);
    if (step(query) == 1 && !query_is_null(query, 0))
        result = query_integer(query, 0);
    query_end(query);
    return result;
}

int64_t store_last_id(void)
{
    return sqlite3_last_insert_rowid(database);
}

/* --- transactions ---------------------------------------------------------------------------------------------------------- */

static struct query begin_query = QUERY("BEGIN");
static struct query commit_query = QUERY("COMMIT");
static struct query rollback_query = QUERY("ROLLBACK");

void store_begin(void)
{
    check(!in_transaction);
    failure = 0;
    in_transaction = true;
    (void)query_run(&begin_query, "");
}

static void finish(void)
{
    in_transaction = false;
    failure = 0;
}

/* What runs here may open a transaction of its own; it sees an empty list. */
static void run_deferred(bool rolled_back)
{
    struct deferred *list = deferred;
    size_t count = deferred_count;

    deferred = NULL;
    deferred_count = deferred_room = 0;
    for (size_t i = 0; i < count; i++)
        if (list[i].on_rollback == rolled_back)
            list[i].run(list[i].context);
    free(list);
}

void store_rollback(void)
{
    check(in_transaction);
    failure = 0;
    if (!sqlite3_get_autocommit(database))
        (void)query_run(&rollback_query, "");
    finish();
    if (deferred_count > 0)
        run_deferred(true);
}

int store_commit(void)
{
    check(in_transaction);
    if (failure == 0)
        (void)query_run(&commit_query, "");
    if (failure != 0) {
        int error = failure;

        store_rollback();
        return error;
    }
    finish();
    if (deferred_count > 0)
        run_deferred(false);
    return 0;
}

bool store_in_transaction(void)
{
    return in_transaction;
}

bool store_failed(void)
{
    return failure != 0;
}

static void defer(void (*run)(void *context), void *context, bool on_rollback)
{
    if (deferred_count == deferred_room) {
        deferred_room = deferred_room == 0 ? 16 : deferred_room * 2;
        deferred = realloc(deferred, deferred_room * sizeof *deferred);
        check(deferred != NULL);
    }
    deferred[deferred_count++] = (struct deferred){run, context, on_rollback};
}

void store_after_commit(void (*run)(void *context), void *context)
{
    if (in_transaction)
        defer(run, context, false);
    else
        run(context);
}

void store_after_rollback(void (*run)(void *context), void *context)
{
    check(in_transaction);
    defer(run, context, true);
}

/* --- schema ---------------------------------------------------------------------------------------------------------------- */

void store_schema(const char *owner, const char *const *scripts, int count)
{
    check(schema_count < OWNERS);
    schemas[schema_count].owner = owner;
    schemas[schema_count].scripts = scripts;
    schemas[schema_count++].count = count;
}

static int run_script(const char *sql)
{
    int code = sqlite3_exec(database, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : error_of(code, sql);
}

static struct query version_query = QUERY("SELECT number FROM migration WHERE owner = ?");
static struct query version_set = QUERY("INSERT INTO migration(owner, number) VALUES (?, ?)"
                                        " ON CONFLICT(owner) DO UPDATE SET number = excluded.number");

static int migrate(void)
{
    int error = run_script("CREATE TABLE IF NOT EXISTS migration(owner TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID");

    if (error != 0)
        return error;
    store_begin();
    for (int i = 0; i < schema_count && failure == 0; i++) {
        int64_t done = query_one(&version_query, 0, "t", schemas[i].owner);

        if (done > schemas[i].count) {
            log_error("the data directory was written by a newer lowcloud (%s is at migration %lld)", schemas[i].owner, (long long)done);
            store_rollback();
            return -EINVAL;
        }
        for (int64_t number = done; number < schemas[i].count && failure == 0; number++)
            note_failure(run_script(schemas[i].scripts[number]));
        if (done < schemas[i].count)
            (void)query_run(&version_set, "ti", schemas[i].owner, (int64_t)schemas[i].count);
    }
    return store_commit();
}

/* --- open, reset, close ----------------------------------------------------------------------------------------------------- */

static int open_memory(void)
{
    if (sqlite3_open_v2("file:/lowcloud?vfs=memdb", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return -EIO;
    /* An in-memory journal for rollback; a small cache, since pages are a memory copy away and a large one is walked at commits. */
    return run_script("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -1024;"
                      "PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF");
}

static int open_file(void)
{
    char path[PATH_SIZE + 16];

    (void)snprintf(path, sizeof path, "%s/lowcloud.db", store_directory());
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return -EIO;
    return run_script("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -2048;"
                      "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF");
}

static void keep_image(void)
{
    unsigned char *copy = sqlite3_serialize(database, "main", &image_size, 0);

    check(copy != NULL);
    image = copy;
}

static int load_image(void)
{
    unsigned char *copy = sqlite3_malloc64((sqlite3_uint64)image_size);
    sqlite3_int64 limit = (sqlite3_int64)64 << 30;

    check(copy != NULL);
    memcpy(copy, image, (size_t)image_size);
    int code = sqlite3_deserialize(database, "main", copy, image_size, image_size,
                                   SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
    if (code != SQLITE_OK)
        return error_of(code, "deserialize");
    (void)sqlite3_file_control(database, "main", SQLITE_FCNTL_SIZE_LIMIT, &limit);
    return 0;
}

int store_open(const char *wanted)
{
    int error = directory_open(wanted);


    if (error != 0)
        return error;
    is_durable = wanted != NULL;
    blob_schema();
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    error = is_durable ? open_file() : open_memory();
    if (error == 0)
        error = migrate();
    if (error == 0 && !is_durable) {
        keep_image();
        error = load_image();
    }
    return error == 0 ? blob_start() : error;
}

static void forget_statements(void)
{
    while (prepared != NULL) {
        struct query *query = prepared;

        check(!query->is_running);
        prepared = query->next;
        (void)sqlite3_finalize(query->statement);
        query->statement = NULL;
        query->next = NULL;
    }
}

void store_reset(void)
{
    check(!in_transaction);
    blob_reset();
    forget_statements();
    if (!is_durable) {
        check(load_image() == 0);
        return;
    }
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_RESET_DATABASE, 1, 0);
    (void)sqlite3_exec(database, "VACUUM", NULL, NULL, NULL);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_RESET_DATABASE, 0, 0);
    (void)migrate();
}

void store_close(void)
{
    if (database != NULL) {
        blob_stop();
        forget_statements();
        (void)sqlite3_close(database);
        database = NULL;
    }
    sqlite3_free(image);
    image = NULL;
    free(deferred);
    deferred = NULL;
    directory_close();
}

bool store_is_durable(void)
{
    return is_durable;
}

static struct query integrity = QUERY("PRAGMA integrity_check");

int store_check(void)
{
    struct arena *arena = arena_new();
    bool good = false;

    query_start(&integrity, "");
    if (query_step(&integrity)) {
        const char *said = query_text(&integrity, arena, 0);

        good = text_equal(said, "ok");
        if (!good)
            log_error("the store fails its integrity check: %s", said);
    }
    query_end(&integrity);
    arena_free(arena);
    return good ? 0 : -EIO;
}
