/* What the model says about a single value: length, range, pattern, enumeration; and the words for it that AWS's framework uses. */
#pragma once
#include "emulator/aws/model.h"
#include "emulator/base/buffer.h"

enum constraint { CONSTRAINT_PATTERN, CONSTRAINT_ENUMERATION, CONSTRAINT_MAXIMUM, CONSTRAINT_MINIMUM, CONSTRAINT_COUNT };

/* Does the shape have this constraint, and if so, does the value break it? */
bool constraint_is_broken(const struct model *model, uint16_t shape, enum constraint constraint, const struct value *value);
bool constraint_exists(const struct model *model, uint16_t shape, enum constraint constraint);
/* "Member must have length less than or equal to 64" */
void constraint_describe(struct buffer *buffer, const struct model *model, uint16_t shape, enum constraint constraint);
/* As in "Value '[a, b]' at ...". */
void constraint_print_value(struct buffer *buffer, const struct model *model, uint16_t shape, const struct value *value);
/* FunctionName -> functionName */
void constraint_print_name(struct buffer *buffer, const char *name);
/* For tests: does the pattern compile? */
bool constraint_pattern_is_good(const char *regex);
