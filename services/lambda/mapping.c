#include "services/lambda/mapping.h"

#include <stdlib.h>

#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/store/store.h"
#include "services/lambda/schema.h"

const char mapping_schema[] =
    "CREATE TABLE event_source_mapping(id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, account TEXT NOT NULL,"
    " region TEXT NOT NULL, function_name TEXT NOT NULL, function_arn TEXT NOT NULL, source_arn TEXT NOT NULL, queue_url TEXT NOT "
    "NULL,"
    " batch_size INTEGER NOT NULL, window INTEGER NOT NULL, reports_failures INTEGER NOT NULL, is_enabled INTEGER NOT NULL,"
    " maximum_concurrency INTEGER NOT NULL, filters TEXT, recorded TEXT, tags TEXT, last_modified INTEGER NOT NULL);"
    "CREATE INDEX event_source_mapping_function ON event_source_mapping(account, region, function_name)";

static struct query load =
    QUERY("SELECT uuid, account, region, function_name, function_arn, source_arn, queue_url, batch_size, window,"
          " reports_failures, is_enabled, maximum_concurrency, filters, recorded, last_modified"
          " FROM event_source_mapping WHERE id = ?");
static struct query of_function =
    QUERY("SELECT id FROM event_source_mapping WHERE account = ? AND region = ? AND function_name = ?");

bool mapping_is_fifo(const struct mapping *mapping)
{
    return text_ends(mapping->source_arn, ".fifo");
}

struct mapping *mapping_load(struct arena *arena, int64_t id)
{
    struct mapping *mapping = NULL;
    int i = 0;

    query_start(&load, "i", id);
    if (query_step(&load)) {
        mapping = arena_alloc(arena, sizeof *mapping);
        mapping->id = id;
        mapping->uuid = query_text(&load, arena, i++);
        mapping->account = query_text(&load, arena, i++);
        mapping->region = query_text(&load, arena, i++);
        mapping->function_name = query_text(&load, arena, i++);
        mapping->function_arn = query_text(&load, arena, i++);
        mapping->source_arn = query_text(&load, arena, i++);
        mapping->queue_url = query_text(&load, arena, i++);
        mapping->batch_size = query_integer(&load, i++);
        mapping->window_s = query_integer(&load, i++);
        mapping->reports_failures = query_integer(&load, i++) != 0;
        mapping->is_enabled = query_integer(&load, i++) != 0;
        mapping->maximum_concurrency = query_integer(&load, i++);
        mapping->filters = query_text(&load, arena, i++);
        mapping->recorded = query_text(&load, arena, i++);
        mapping->last_modified = query_integer(&load, i++);
    }
    query_end(&load);
    return mapping;
}

static void changed(void *context)
{
    int64_t *id = context;

    mapping_changed(*id);
    free(id);
}

void mapping_change(int64_t id)
{
    int64_t *copy = malloc(sizeof *copy);

    check(copy != NULL);
    *copy = id;
    store_after_commit(changed, copy);
}

void mapping_function_changed(struct call *call, const char *function_name)
{
    query_start(&of_function, "ttt", call->account, call->region, function_name);
    while (query_step(&of_function))
        mapping_change(query_integer(&of_function, 0));
    query_end(&of_function);
}
