/* Policy documents: checked for their form, kept as they came, and given back URL-encoded. What they grant is not evaluated. */
#pragma once
#include "emulator/aws/call.h"

enum document_kind {
    DOCUMENT_TRUST,   /* who may assume a role */
    DOCUMENT_MANAGED, /* what a policy grants */
    DOCUMENT_INLINE   /* what a role's own policy grants */
};

/* False: fail() was called. */
bool document_check(struct call *call, enum document_kind kind, const char *document);
struct value document_encoded(struct call *call, const char *document);
