#include "services/lambda/mapping_settings.h"

#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "services/lambda/errors.h"
#include "services/lambda/filter.h"
#include "services/lambda/lambda_model.h"

enum { BATCH_WITHOUT_WINDOW = 10 };

/* Kept as JSON under their own names, by shape. */
static const struct {
    const char *name;
    uint16_t shape, member;
} records[] = {
    {"ProvisionedPollerConfig", SHAPE_ProvisionedPollerConfig, EventSourceMappingConfiguration_ProvisionedPollerConfig},
    {"MetricsConfig", SHAPE_EventSourceMappingMetricsConfig, EventSourceMappingConfiguration_MetricsConfig},
    {"LoggingConfig", SHAPE_EventSourceMappingLoggingConfig, EventSourceMappingConfiguration_LoggingConfig},
};
enum { RECORDS = sizeof records / sizeof records[0] };

static struct value recorded_of(struct call *call, const struct mapping *mapping)
{
    struct value map = value_map();

    check(mapping->recorded == NULL || json_parse(call->arena, bytes_of(mapping->recorded), &map, NULL) == 0);
    return map;
}

static void record(struct call *call, const struct mapping_settings *settings, struct mapping *mapping)
{
    const struct value *given[RECORDS] = {settings->poller, settings->metrics, settings->logging};
    struct value map = recorded_of(call, mapping);

    for (size_t i = 0; i < RECORDS; i++)
        if (given[i] != NULL)
            (void)value_put(call->arena, &map, records[i].name,
                            model_to_map(&lambda_model, call->arena, records[i].shape, given[i]));
    if (settings->kms_key != NULL)
        (void)value_put(call->arena, &map, "KMSKeyArn", *settings->kms_key);
    mapping->recorded = map.size == 0 ? NULL : json_print(call->arena, &map).at;
}

void mapping_settings_output(struct call *call, const struct mapping *mapping, struct value *out)
{
    struct value map = recorded_of(call, mapping), structure;
    const char *problem;

    for (size_t i = 0; i < RECORDS; i++) {
        const struct value *found = value_find(&map, records[i].name);

        if (found != NULL && model_from_map(&lambda_model, call->arena, records[i].shape, found, &structure, &problem) == 0)
            set(out, records[i].member, structure);
    }
    if (value_find_text(&map, "KMSKeyArn") != NULL && value_find_text(&map, "KMSKeyArn")[0] != '\0')
        set(out, EventSourceMappingConfiguration_KMSKeyArn, value_text(value_find_text(&map, "KMSKeyArn")));
    if (mapping->filters != NULL)
        set(out, EventSourceMappingConfiguration_FilterCriteria, filter_output(call, mapping->filters));
}

bool mapping_settings_read(struct call *call, const struct mapping_settings *settings, struct mapping *mapping)
{
    if (settings->batch_size != NULL)
        mapping->batch_size = settings->batch_size->integer;
    if (settings->window != NULL)
        mapping->window_s = settings->window->integer;
    if (settings->response_types != NULL)
        mapping->reports_failures = settings->response_types->size > 0;
    if (settings->scaling != NULL)
        mapping->maximum_concurrency = at_integer(settings->scaling, ScalingConfig_MaximumConcurrency, 0);
    record(call, settings, mapping);
    if (mapping_is_fifo(mapping) && mapping->window_s > 0) {
        (void)lambda_fail(call, &lambda_invalid_parameter, "Batching window is not supported for FIFO queues");
        return false;
    }
    if (mapping->batch_size > BATCH_WITHOUT_WINDOW && mapping->window_s == 0) {
        (void)lambda_fail(call, &lambda_invalid_parameter,
                          "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than %d",
                          BATCH_WITHOUT_WINDOW);
        return false;
    }
    if (settings->poller != NULL && mapping->maximum_concurrency > 0) {
        (void)lambda_fail(call, &lambda_invalid_parameter,
                          "Provisioned mode for SQS ESM does not support maximum concurrency feature. Use MaximumPollers as the "
                          "control mechanism "
                          "and remove maximum concurrency.");
        return false;
    }
    return settings->filters == NULL || filter_read(call, settings->filters, &mapping->filters);
}
