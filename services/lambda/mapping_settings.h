/* What a customer may set on an event source mapping for SQS, checked as AWS checks it beyond what the model says. */
#pragma once
#include "services/lambda/mapping.h"

/* Members as sent; NULL: not sent. */
struct mapping_settings {
    const struct value *batch_size, *window, *response_types, *scaling, *filters, *poller, *metrics, *logging, *kms_key;
};

/* Puts them into the mapping. False: fail() was called. */
bool mapping_settings_read(struct call *call, const struct mapping_settings *settings, struct mapping *mapping);
/* The members that are rows of JSON: filters, and what is only recorded. */
void mapping_settings_output(struct call *call, const struct mapping *mapping, struct value *out);
