/* Log streams of a group. */
#pragma once
#include "services/logs/group.h"

struct log_stream {
    int64_t id;
    const char *name;
    int64_t events, bytes;
};

/* False: fail() was called. */
bool stream_find(struct call *call, const struct log_group *group, const char *name, struct log_stream *stream);

enum outcome create_log_stream(struct call *call);
enum outcome delete_log_stream(struct call *call);
enum outcome describe_log_streams(struct call *call);
