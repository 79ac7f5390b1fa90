/* Queues: rows, addresses, creation and deletion.
 *
 * A struct queue is a copy of the numbers that every request needs, in the call's arena; it is not kept up to date while the call changes rows. */
#pragma once
#include "emulator/aws/call.h"

enum { QUEUE_NAME_MAX = 80 };

struct queue {
    int64_t id, epoch;
    const char *account, *region, *name;
    int64_t messages, oldest;  /* how many in its epoch; none of them was sent before `oldest` (ms) */
    int64_t created, modified; /* ms */
    int64_t purged;            /* ms; 0: never */
    int64_t delay, retention, wait, visibility; /* seconds */
    int64_t maximum_size;      /* bytes */
    int64_t key_reuse;         /* seconds */
    bool has_managed_encryption;
    bool is_fifo;
    bool has_content_deduplication, is_deduplication_by_group, is_limit_by_group; /* FIFO attributes */
    bool is_scope_by_group;    /* how it deduplicates: DeduplicationScope as it was made with */
    int64_t position;          /* FIFO: of the last message that came */
    const char *dead_letters;  /* name of its dead-letter queue, in the same account and region; NULL: none */
    int64_t most_receives;     /* of its redrive policy */
};

bool queue_find(struct arena *arena, const char *account, const char *region, const char *name, struct queue *queue);

/* The queue of a QueueUrl in the caller's account and region, in any form (a URL with any host, with or without /queue/REGION, or the bare name);
 * sets call->arn. False: fail() was called. */
bool queue_of_call(struct call *call, const char *url, struct queue *queue);

char *queue_arn(struct arena *arena, const char *account, const char *region, const char *name);
/* A URL that the caller can reach: made from its Host header. */
char *queue_url(struct call *call, const char *name);
/* The queue's name when the ARN is one of a queue of this account and region, else NULL. */
const char *queue_name_of_arn(struct arena *arena, const char *arn, const char *account, const char *region);
/* 1 to 80 letters, digits, hyphens and underscores; ".fifo" at the end counts, and has to be there for FIFO queues only. */
bool queue_name_is_valid(const char *name, bool is_fifo);

/* A page of names: the first `most` after `after` that match; *more says that there are others. */
struct queue_page {
    int64_t most;
    const char *after; /* "" for the first page */
    bool wants_token;  /* MaxResults was given */
};
/* Reads MaxResults and NextToken; false: fail() was called. */
bool queue_page_read(struct call *call, uint16_t most_member, uint16_t token_member, struct queue_page *page);
/* A token that leads behind `name`. */
char *queue_page_token(struct call *call, const char *name);

/* Operations. */
enum outcome create_queue(struct call *call);
enum outcome get_queue_url(struct call *call);
enum outcome list_queues(struct call *call);
enum outcome delete_queue(struct call *call);
