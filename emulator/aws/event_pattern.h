/* Event patterns as EventBridge defines them, which event source mappings filter with: a document in the form of the event, whose
 * leaves are lists of values and of operators. Leaves of one list are alternatives; everything else has to match ("$or" lists
 * alternatives of whole parts).
 *
 * Operators: prefix, suffix (also of {"equals-ignore-case"}), anything-but (values, or prefix, suffix, equals-ignore-case, wildcard
 * of one or more texts), numeric, exists, equals-ignore-case, wildcard, cidr. Patterns and events are trees that json_parse() made;
 * nothing is kept. */
#pragma once
#include "emulator/base/value.h"

/* False: AWS refuses such a pattern. */
bool event_pattern_is_valid(const struct value *pattern);
/* For a valid pattern only. */
bool event_pattern_matches(struct arena *arena, const struct value *pattern, const struct value *event);
