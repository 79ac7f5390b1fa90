#include "emulator/aws/service.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "emulator/aws/delivery.h"
#include "emulator/aws/identity.h"
#include "emulator/aws/journal_numbers.h"
#include "emulator/base/log.h"
#include "emulator/store/store.h"

enum { SERVICES = 32 };

const struct service *const *aws_services;

/* Rows by operation number, so that a call finds its own without a search. */
static const struct operation_row **rows[SERVICES];

static int count_services(void)
{
    int count = 0;

    while (aws_services[count] != NULL)
        count++;
    check(count <= SERVICES);
    return count;
}

static void index_rows(int number, const struct service *service)
{
    rows[number] = calloc(service->model->operation_count, sizeof *rows[number]);
    check(rows[number] != NULL);
    for (const struct operation_row *row = service->operations; row != NULL && row->run != NULL; row++) {
        check(rows[number][row->operation] == NULL);
        rows[number][row->operation] = row;
    }
    /* What the tables call done has a function, and the other way round. */
    for (uint16_t i = 0; i < service->model->operation_count; i++)
        if ((rows[number][i] != NULL) != (service->model->operations[i].support != SUPPORT_REFUSED))
            log_warn("%s: %s is %s in the overlay, but %s a function", service->name, operation_name(service->model, i),
                     rows[number][i] != NULL ? "refused" : "supported", rows[number][i] != NULL ? "has" : "lacks");
}

void aws_register(const struct service *const *services)
{
    aws_services = services;
    store_schema("identity", identity_schema, identity_schema_count);
    store_schema("delivery", delivery_schema, delivery_schema_count);
    store_schema("journal", journal_numbers_schema, journal_numbers_schema_count);
    for (int i = 0; i < count_services(); i++) {
        if (services[i]->schema_count > 0)
            store_schema(services[i]->name, services[i]->schema, services[i]->schema_count);
        if (services[i]->model != NULL)
            index_rows(i, services[i]);
    }
}

void aws_start(void)
{
    journal_numbers_start();
    delivery_start();
    for (int i = 0; aws_services[i] != NULL; i++)
        if (aws_services[i]->start != NULL)
            aws_services[i]->start();
}

void aws_stop(void)
{
    for (int i = 0; aws_services[i] != NULL; i++)
        if (aws_services[i]->stop != NULL)
            aws_services[i]->stop();
    call_drop_all(NULL);
    delivery_stop();
    for (int i = 0; i < SERVICES; i++) {
        free(rows[i]);
        rows[i] = NULL;
    }
}

const struct service *service_find(const char *name)
{
    for (int i = 0; aws_services[i] != NULL; i++)
        if (text_equal(aws_services[i]->name, name))
            return aws_services[i];
    return NULL;
}

const struct operation_row *service_row(const struct service *service, uint16_t operation)
{
    for (int i = 0; aws_services[i] != NULL; i++)
        if (aws_services[i] == service)
            return rows[i] == NULL || operation >= service->model->operation_count ? NULL : rows[i][operation];
    return NULL;
}

void pending_add(struct pending *pending, const char *service, int64_t due, const char *format, ...)
{
    pending->count++;
    if (due >= 0 && (pending->next_due < 0 || due < pending->next_due))
        pending->next_due = due;
    if (pending->arena == NULL)
        return;
    char what[600];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    struct value map = value_map();
    value_put(pending->arena, &map, "service", value_text(service));
    value_put(pending->arena, &map, "what", value_text(arena_text(pending->arena, what)));
    if (due >= 0)
        value_put(pending->arena, &map, "due", value_time(due));
    value_push(pending->arena, &pending->list, map);
}
