/* Control: /_lowcloud/..., and the few paths of other emulators that tools look for. Everything here looks at the services through their hooks. */
#pragma once
#include "emulator/aws/service.h"
#include "emulator/http/message.h"

struct control_options {
    uint64_t seed;       /* given again at each reset; 0: none */
    void (*stop)(void);  /* POST /_lowcloud/stop */
};
void control_schema(void);                     /* before store_open() */
int64_t control_clock_start(int64_t wanted);   /* the start-up time of the clock: `wanted`, or later if the store's rows are */
void control_start(const struct control_options *options);
void control_ready(void); /* seeded and usable from now on */
uint64_t control_seed(void);
/* Somebody who asked at this address of ours waits until all is quiet: a handler must not be waited for by its own request. */
bool control_is_asked_by(const char *local_address);

/* For the files of this folder. */
void control_answer(struct exchange *exchange, int status, const struct value *body); /* JSON */
void control_fail(struct exchange *exchange, int status, const char *message);        /* {"message": ...} */
const char *control_parameter(struct exchange *exchange, const char *name);           /* of the query, decoded; NULL */
void control_place(struct exchange *exchange, const char **account, const char **region);

void clock_get(struct exchange *exchange);
void clock_post(struct exchange *exchange);
void clock_keep(void); /* the clock was moved */
bool clock_is_asked_by(const char *local_address);
void idle_get(struct exchange *exchange);
void journal_get(struct exchange *exchange);
void reset_post(struct exchange *exchange);
void settle_start(void);
