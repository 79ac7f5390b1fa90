/* For the protocol tests: an exchange made by hand (protocol_exchange.h) and what the tests assert with. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* ours has another meaning */

#include "tests/unit/protocol_exchange.h"

/* For requests that must fail: renders and compares. */
static void assert_refused(struct call *call, const char *body, int status, const char *code, const char *message)
{
    assert_false(accepted(call, body));
    assert_non_null(call->error);
    assert_string_equal(call->error->code, code);
    if (message != NULL)
        assert_string_equal(call->error_message, message);
    protocol_error(call, 0, NULL);
    assert_int_equal(answered.status, status);
    assert_int_equal(answered.ends, 1);
}

static const char *text_at(const struct value *structure, int member)
{
    assert_int_equal(structure->kind, VALUE_STRUCT);
    assert_true((uint32_t)member < structure->size);
    assert_int_equal(structure->items[member].kind, VALUE_TEXT);
    return structure->items[member].text;
}

static const struct value *slot(const struct value *structure, int member)
{
    assert_int_equal(structure->kind, VALUE_STRUCT);
    assert_true((uint32_t)member < structure->size);
    return &structure->items[member];
}

/* Output slots. */
static void put(struct call *call, uint16_t member, struct value value)
{
    if (call->output.kind == VALUE_ABSENT)
        call->output = model_struct(call->service->model, call->arena, operation_of(call)->output);
    call->output.items[member] = value;
}
