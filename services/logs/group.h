/* Log groups: rows by account, region and name; what hangs on them (streams, events, tags) goes with them. */
#pragma once
#include "emulator/aws/call.h"

struct log_group {
    int64_t id;
    const char *name;
    int64_t created;
    int64_t retention; /* days; 0: for ever */
    const char *class;
    const char *key; /* KMS; NULL: none */
    int64_t bytes;   /* of all its events */
};

/* By name; false: fail() was called. */
bool group_find(struct call *call, const char *name, struct log_group *group);
/* By two members of the input: a name, or an identifier that is a name or an ARN. */
bool group_of_input(struct call *call, uint16_t name, uint16_t identifier, struct log_group *group);
/* The oldest timestamp that the retention policy leaves visible, on the emulated clock; 0: any. */
int64_t group_horizon(const struct log_group *group);
char *group_arn(struct call *call, const char *name);

/* An opaque token that names the last item of a page. False: fail() was called. `*after` is NULL when there is no token. */
char *page_token(struct arena *arena, const char *last);
bool page_after(struct call *call, uint16_t token, const char **after);

enum outcome create_log_group(struct call *call);
enum outcome delete_log_group(struct call *call);
enum outcome describe_log_groups(struct call *call);
enum outcome put_retention_policy(struct call *call);
enum outcome delete_retention_policy(struct call *call);

/* tag.c */
bool log_tags_store(struct call *call, int64_t group, const struct value *tags); /* false: fail() was called */
enum outcome tag_resource(struct call *call);
enum outcome untag_resource(struct call *call);
enum outcome list_tags_for_resource(struct call *call);
enum outcome tag_log_group(struct call *call);
enum outcome untag_log_group(struct call *call);
enum outcome list_tags_log_group(struct call *call);
