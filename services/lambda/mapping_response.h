/* What a function said about its batch, when the mapping asks for ReportBatchItemFailures. */
#pragma once
#include "emulator/base/value.h"

/* Sets failed[i] for each of the `count` messages whose id the function named. False: the whole batch has failed, because the
 * answer is malformed or names what was not in it; `failed` is then untouched. Rules: AWS's "Implementing partial batch responses".
 */
bool mapping_response(struct bytes payload, const char *const *ids, size_t count, bool *failed);
