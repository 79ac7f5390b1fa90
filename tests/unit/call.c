/* Calls between services and deliveries, with operations of our own behind two of SQS's names: transactions, parking, waking, the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "emulator/aws/delivery.h"
#include "emulator/aws/journal.h"
#include "emulator/aws/protocol.h"
#include "emulator/aws/service.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/store/store.h"
#include "services/sqs/sqs_model.h"

/* cmocka calls a macro of its own so. */
static enum outcome fail_with(struct call *call, int status)
{
    static struct aws_error errors[] = {{"Bad", 400, NULL, false}, {"Busy", 429, NULL, false}, {"Broken", 500, NULL, true}};

    return fail(call, &errors[status == 400 ? 0 : status == 429 ? 1 : 2], "as asked");
}

#include <cmocka.h>

static const int64_t start = INT64_C(1767323045000);

static struct query note_query = QUERY("INSERT INTO note(text) VALUES (?)");
static struct query count_query = QUERY("SELECT count(*) FROM note");
static struct query rows_query = QUERY("SELECT count(*) FROM delivery");

static char said[200]; /* what happened, a letter each */
static int fail_status; /* of the next runs; 0: none */
static struct call_list waiting = TAILQ_HEAD_INITIALIZER(waiting);

static void say(const char *what)
{
    assert_true(strlen(said) + strlen(what) < sizeof said);
    (void)strncat(said, what, sizeof said - strlen(said) - 1);
}

static void said_is(const char *wanted)
{
    assert_string_equal(said, wanted);
    said[0] = '\0';
}

/* --- the operations ------------------------------------------------------------------------------------------------------------------ */

/* Writes a row; answers or fails. */
static enum outcome work(struct call *call)
{
    assert_true(store_in_transaction());
    (void)query_run(&note_query, "t", input_text(call, GetQueueUrlRequest_QueueName));
    say(input_text(call, GetQueueUrlRequest_QueueName));
    if (fail_status != 0)
        return fail_with(call, fail_status);
    output_text(call, GetQueueUrlResult_QueueUrl, "url");
    return answer(call);
}

static enum outcome woken(struct call *call)
{
    assert_true(store_in_transaction());
    (void)call;
    say("w");
    return answer(call);
}

static enum outcome expired(struct call *call)
{
    TAILQ_REMOVE(&waiting, call, waiting);
    say("e");
    return answer(call);
}

static void gone(struct call *call)
{
    TAILQ_REMOVE(&waiting, call, waiting);
    say("g");
}

/* Parks for ten seconds, or without end for "x". */
static enum outcome wait_here(struct call *call)
{
    (void)query_run(&note_query, "t", "waiting");
    say("p");
    TAILQ_INSERT_TAIL(&waiting, call, waiting);
    return park(call, input_text(call, ListQueuesRequest_QueueNamePrefix) != NULL ? -1 : clock_now() + 10000, expired, gone);
}

static enum outcome wait_again(struct call *call)
{
    say("a");
    TAILQ_INSERT_TAIL(&waiting, call, waiting);
    return park(call, clock_now() + 10000, expired, gone);
}

static const struct operation_row rows[] = {{.operation = OP_GetQueueUrl, .run = work}, {.operation = OP_ListQueues, .run = wait_here}, {.run = NULL}};
static const char *const schema[] = {"CREATE TABLE note(text TEXT)"};
static const struct service service = {.name = "sqs", .model = &sqs_model, .operations = rows, .schema = schema, .schema_count = 1};
static const struct service *const services[] = {&service, NULL};

/* --- help ------------------------------------------------------------------------------------------------------------------------------- */

static int turns_left;

static void count_turn(struct task *task)
{
    if (--turns_left > 0)
        loop_slice(task);
    else
        loop_stop();
}

static void turns(int count)
{
    static struct task task = {.run = count_turn};

    turns_left = count;
    loop_slice(&task);
    loop_run();
}

static void done(struct call *call, void *context)
{
    assert_false(store_in_transaction());
    say(call->error == NULL ? "+" : "-");
    if (call->error == NULL && call->operation == OP_GetQueueUrl)
        assert_string_equal(value_find_text(call_result(call), "QueueUrl"), "url");
    if (context != NULL)
        *(uint64_t *)context = call->seq;
}

static struct call *queue_work(struct arena *arena, const char *name, uint64_t cause, uint64_t *seq)
{
    struct value input = value_map();

    value_put(arena, &input, "QueueName", value_text(name));
    return call_queue(&(struct call_request){
        .service = "sqs", .operation = "GetQueueUrl", .account = "111111111111", .actor = "test", .cause = cause, .input = input, .done = done, .context = seq});
}

static struct call *queue_wait(bool endless)
{
    struct arena *arena = arena_new();
    struct value input = value_map();

    if (endless)
        value_put(arena, &input, "QueueNamePrefix", value_text("x"));
    struct call *call = call_queue(&(struct call_request){.service = "sqs", .operation = "ListQueues", .actor = "test", .input = input, .done = done});
    arena_free(arena);
    return call;
}

static int64_t notes(void)
{
    return query_one(&count_query, -1, "");
}

static void advance(int64_t ms)
{
    int64_t until = clock_now() + ms;

    while (clock_fire_one(until))
        turns(3);
    clock_advance_to(until);
}

static int set_up(void **state)
{
    *state = arena_new();
    clock_configure(CLOCK_MODE_FROZEN, start, 1);
    store_reset();
    aws_start();
    turns(2);
    said[0] = '\0';
    fail_status = 0;
    TAILQ_INIT(&waiting);
    return 0;
}

static int tear_down(void **state)
{
    call_drop_all(NULL);
    delivery_stop();
    arena_free(*state);
    return 0;
}

/* --- calls ------------------------------------------------------------------------------------------------------------------------------ */

static void test_queued_never_nested(void **state)
{
    uint64_t first = 0, second = 0;

    (void)queue_work(*state, "a", 0, &first);
    (void)queue_work(*state, "b", 0, &second);
    said_is("");
    assert_int_equal(call_running(), 2);
    turns(1);
    said_is("a+b+");
    assert_int_equal(call_running(), 0);
    assert_int_equal(notes(), 2);
    assert_true(first > 0 && second == first + 1);
    uint64_t third = 0;
    (void)queue_work(*state, "c", second, &third);
    turns(1);
    assert_int_equal(journal_root(third), second);
    said_is("c+");
}

static void test_a_failure_rolls_back(void **state)
{
    fail_status = 400;
    (void)queue_work(*state, "a", 0, NULL);
    turns(1);
    said_is("a-");
    assert_int_equal(notes(), 0);
    fail_status = 0;
    (void)queue_work(*state, "not a name!", 0, NULL); /* whatever the validator thinks of it: nothing is left running */
    turns(1);
    assert_int_equal(call_running(), 0);
    said[0] = '\0';
}

static void test_parking_commits_and_expires(void **state)
{
    (void)state;
    struct call *call = queue_wait(false);
    turns(1);
    said_is("p");
    assert_int_equal(notes(), 1);
    assert_true(call_is_parked(call));
    assert_int_equal(call_running(), 0); /* parked calls are no work */
    advance(9999);
    said_is("");
    advance(1);
    said_is("e+");
    assert_int_equal(clock_next_due(), -1);
}

static void test_waking_in_order(void **state)
{
    struct call *first = queue_wait(false), *second = queue_wait(true);

    (void)state;
    turns(1);
    said_is("pp");
    TAILQ_REMOVE(&waiting, second, waiting);
    TAILQ_REMOVE(&waiting, first, waiting);
    call_wake(second, woken);
    call_wake(first, woken);
    call_wake(first, woken); /* twice is once */
    assert_false(call_is_parked(first));
    assert_int_equal(call_running(), 2);
    said_is(""); /* not inside the call that wakes */
    turns(1);
    said_is("w+w+");
    assert_int_equal(clock_next_due(), -1);
}

static void test_parking_again(void **state)
{
    struct call *call = queue_wait(false);

    (void)state;
    turns(1);
    TAILQ_REMOVE(&waiting, call, waiting);
    call_wake(call, wait_again);
    turns(1);
    said_is("pa");
    assert_true(call_is_parked(call));
    advance(10000);
    said_is("e+");
}

static void test_cancel_and_forget(void **state)
{
    struct call *call = queue_wait(false);

    turns(1);
    call_cancel(call);
    call_cancel(call);
    said_is("pg");
    turns(1);
    said_is("");
    call = queue_wait(false); /* cancelled before it has begun */
    call_cancel(call);
    turns(1);
    said_is("");
    call = queue_wait(false); /* woken, and cancelled before it runs: on no list any more */
    turns(1);
    TAILQ_REMOVE(&waiting, call, waiting);
    call_wake(call, woken);
    call_cancel(call);
    turns(1);
    said_is("p");
    call_forget(queue_work(*state, "a", 0, NULL));
    turns(1);
    said_is("a");
    assert_int_equal(clock_next_due(), -1);
}

static void test_drop_all(void **state)
{
    (void)queue_wait(false);
    (void)queue_wait(true);
    turns(1);
    (void)queue_work(*state, "a", 0, NULL);
    said_is("pp");
    TAILQ_INIT(&waiting);
    call_drop_all(NULL);
    turns(2);
    said_is("");
    assert_int_equal(call_running(), 0);
    assert_int_equal(clock_next_due(), -1);
}

/* --- deliveries --------------------------------------------------------------------------------------------------------------------------- */

static void add_delivery(struct arena *arena, const char *name, int64_t due)
{
    struct value input = value_map();

    value_put(arena, &input, "QueueName", value_text(name));
    delivery_add(&(struct delivery){.service = "sqs", .operation = "GetQueueUrl", .account = "111111111111", .region = "eu-west-1", .actor = "s3",
                                    .arn = "arn", .input = input, .cause = 7, .due = due});
}

static int64_t deliveries(void)
{
    return query_one(&rows_query, -1, "");
}

static void test_a_delivery_and_its_row(void **state)
{
    store_begin();
    add_delivery(*state, "a", 0);
    store_rollback();
    turns(2);
    said_is("");
    store_begin();
    add_delivery(*state, "a", 0);
    add_delivery(*state, "b", 0);
    said_is("");
    assert_int_equal(store_commit(), 0);
    assert_int_equal(deliveries(), 2);
    turns(3);
    said_is("ab");
    assert_int_equal(deliveries(), 0);
    assert_int_equal(notes(), 2);
}

static void test_a_delivery_for_later(void **state)
{
    store_begin();
    add_delivery(*state, "a", start + 5000);
    add_delivery(*state, "b", start + 2000);
    assert_int_equal(store_commit(), 0);
    turns(3);
    said_is("");
    assert_int_equal(clock_next_due(), start + 2000);
    advance(2000);
    said_is("b");
    advance(10000);
    said_is("a");
    assert_int_equal(clock_next_due(), -1);
}

/* Asked again after 1, 2, 4 and 8 seconds; then dropped. */
static void test_a_delivery_that_fails(void **state)
{
    static const int64_t pauses[] = {1000, 2000, 4000, 8000};

    fail_status = 500;
    store_begin();
    add_delivery(*state, "a", 0);
    assert_int_equal(store_commit(), 0);
    turns(3);
    said_is("a");
    assert_int_equal(notes(), 0);
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        assert_int_equal(deliveries(), 1);
        assert_int_equal(clock_next_due(), clock_now() + pauses[i]);
        advance(pauses[i] - 1);
        said_is("");
        advance(1);
        said_is("a");
    }
    assert_int_equal(deliveries(), 0);
    assert_int_equal(clock_next_due(), -1);
}

static void test_a_delivery_that_is_refused(void **state)
{
    fail_status = 400;
    store_begin();
    add_delivery(*state, "a", 0);
    assert_int_equal(store_commit(), 0);
    turns(3);
    said_is("a");
    assert_int_equal(deliveries(), 0);
}

static void test_a_delivery_after_a_restart(void **state)
{
    store_begin();
    add_delivery(*state, "a", 0);
    assert_int_equal(store_commit(), 0);
    delivery_stop(); /* dies before the turn ends */
    turns(2);
    said_is("");
    assert_int_equal(deliveries(), 1);
    delivery_start();
    turns(3);
    said_is("a");
    assert_int_equal(deliveries(), 0);
}

static void test_many_deliveries_go_in_slices(void **state)
{
    store_begin();
    for (int i = 0; i < 150; i++)
        add_delivery(*state, "a", 0);
    assert_int_equal(store_commit(), 0);
    turns(1);
    assert_in_range(deliveries(), 1, 149);
    turns(10);
    assert_int_equal(deliveries(), 0);
    assert_int_equal(notes(), 150);
    said[0] = '\0';
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_queued_never_nested, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failure_rolls_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parking_commits_and_expires, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waking_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parking_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel_and_forget, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drop_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_delivery_and_its_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_delivery_for_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_delivery_that_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_delivery_that_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_delivery_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_deliveries_go_in_slices, set_up, tear_down),
    };
    log_set_level(LOG_LEVEL_ERROR);
    loop_start();
    aws_register(services);
    if (store_open(NULL) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    aws_stop();
    store_close();
    return failed;
}
