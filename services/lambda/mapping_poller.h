/* The poller of an enabled mapping, shared by the three files that are its life (mapping_poll.c), what it asks SQS for
 * (mapping_receive.c) and what becomes of the messages (mapping_fill.c). */
#pragma once
#include "emulator/loop/clock.h"
#include "services/lambda/filter.h"
#include "services/lambda/mapping_batch.h"

struct poller {
    struct arena *arena;
    struct mapping *mapping;
    struct filter *filter; /* NULL: all messages are for the function */
    struct call *receive;  /* under way or parked; also the question for the queue's visibility timeout */
    struct batch *filling; /* its window is open */
    struct batch *last;    /* FIFO, while messages of one receive are taken: where more of them go on */
    TAILQ_HEAD(, batch) busy;
    int64_t busy_count, limit;
    struct timer window, pause;
    int64_t back_off_ms;
    int64_t visibility_s; /* 0: as the queue says */
    bool knows_visibility;
    bool window_is_over;  /* while a receive was running: what it brings still belongs to this batch */
    bool is_stopping;     /* disabled, deleted or changed: no more receives */
    bool has_no_function; /* until one is created: mapping_function_changed() */
    bool has_no_queue;    /* until something happens: poller_retry() */
    TAILQ_ENTRY(poller) others;
};
TAILQ_HEAD(poller_list, poller);

/* mapping_poll.c: does what there is to do next. The poller may be gone after it. */
void poller_pump(struct poller *poller);

/* mapping_receive.c */
void poller_receive(struct poller *poller); /* nothing is under way */
void poller_stop_receiving(struct poller *poller);
void poller_retry(struct poller_list *pollers); /* once a turn */
void poller_forget_lost(void);                  /* reset */
struct call *poller_ask(struct poller *poller, const char *operation, struct arena *arena, struct value input, uint64_t cause,
                        void (*done)(struct call *call, void *context), void *context);

/* mapping_fill.c */
int64_t poller_first_limit(const struct poller *poller);
bool poller_has_window(const struct poller *poller);
void poller_take(struct poller *poller, struct call *call, const struct value *messages);
void poller_close_filling(struct poller *poller); /* no filling is allowed */
void poller_back_off(struct poller *poller);
