/* Filter patterns of FilterLogEvents: which messages match.
 *
 *   ""                     everything
 *   ERROR "two words"      contains all of these, as they stand (capitals count)
 *   ?ERROR ?WARN           contains one of these; ignored beside terms that are not optional, as AWS does
 *   ERROR -timeout         and does not contain this
 *   { $.level = "ERROR" && ($.ms > 3 || $.user.id NOT EXISTS) }     the message is JSON, and this is true of it (selector.c)
 *
 * AWS: "Filter pattern syntax" in the CloudWatch Logs user guide. Regular expressions (%...%), space-delimited patterns ([...]) and
 * wildcards in selectors ($.a[*]) are not done. */
#pragma once
#include "emulator/base/value.h"

enum pattern_problem { PATTERN_GOOD, PATTERN_INVALID, PATTERN_NOT_DONE };

/* NULL: see *problem. Lives in the arena. */
struct pattern *pattern_parse(struct arena *arena, const char *text, enum pattern_problem *problem);
bool pattern_matches(const struct pattern *pattern, const char *message);

/* Private to pattern.c and selector.c. */
struct selector_node;
struct selector_node *selector_parse(struct arena *arena, const char *text, enum pattern_problem *problem);
bool selector_matches(const struct selector_node *selector, const struct value *json);
