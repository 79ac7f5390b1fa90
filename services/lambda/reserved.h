/* Reserved concurrency as a setting: Put, Get and DeleteFunctionConcurrency. Who may run now is decided in concurrency.c. */
#pragma once
#include <stdint.h>

enum { CONCURRENCY_LIMIT = 1000, UNRESERVED_MINIMUM = 100 };

/* The sum over the functions of an account and region, without function `but` (0: all of them). */
int64_t concurrency_reserved(const char *account, const char *region, int64_t but);
