/* The tables of this service. Each element is one migration; a published one never changes. */
#pragma once

enum { SQS_MIGRATIONS = 2 };
extern const char *const sqs_schema[SQS_MIGRATIONS];
