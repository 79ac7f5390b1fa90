/* How a customer names a function: by name, partial ARN or ARN, each with a qualifier or without. */
#pragma once
#include "services/lambda/function.h"

struct name {
    const char *region, *account; /* NULL: not given */
    const char *name;
    const char *qualifier; /* NULL: not given; "$LATEST", a number, or an alias */
};

bool name_parse(struct arena *arena, const char *text, struct name *name); /* false: no name of a function */
/* The same, with AWS's errors for what is not ours to reach. False: fail() was called. */
bool name_read(struct call *call, const char *text, struct name *name);
bool name_qualify(struct call *call, struct name *name, const char *qualifier); /* a qualifier given apart; NULL: none */
int64_t name_version(const char *qualifier);                                    /* 0: $LATEST; -1: an alias */
const char *name_arn(struct call *call, const struct name *name);               /* with the qualifier, if one was given */

/* The row of the version; 0 after "Function not found". Sets call->arn. */
int64_t name_find(struct call *call, const struct name *name);
int64_t function_version_id(const char *account, const char *region, const char *name, int64_t version); /* 0: none */
