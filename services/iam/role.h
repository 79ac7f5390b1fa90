/* Roles. */
#pragma once
#include "emulator/aws/call.h"

struct role {
    int64_t id;
    const char *name, *path, *document, *description, *boundary; /* the last two: NULL for none */
    int64_t seconds, created;
};

/* False: fail() was called. Sets call->arn. */
bool role_find(struct call *call, const char *name, struct role *role);

enum outcome create_role(struct call *call);
enum outcome get_role(struct call *call);
enum outcome list_roles(struct call *call);
enum outcome update_role(struct call *call);
enum outcome update_role_description(struct call *call);
enum outcome update_assume_role_policy(struct call *call);
enum outcome delete_role(struct call *call);
enum outcome list_instance_profiles_for_role(struct call *call);

/* inline.c */
enum outcome put_role_policy(struct call *call);
enum outcome get_role_policy(struct call *call);
enum outcome list_role_policies(struct call *call);
enum outcome delete_role_policy(struct call *call);
