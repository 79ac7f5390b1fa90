/* Tags of roles and of policies. */
#pragma once
#include "emulator/aws/call.h"

enum tag_owner { TAGS_OF_ROLE, TAGS_OF_POLICY };

bool iam_tags_store(struct call *call, enum tag_owner kind, int64_t owner, const struct value *tags); /* false: fail() was called */
struct value iam_tags_list(struct call *call, enum tag_owner kind, int64_t owner);                    /* absent when there are none */
void tags_drop(enum tag_owner kind, int64_t owner);

enum outcome tag_role(struct call *call);
enum outcome untag_role(struct call *call);
enum outcome list_role_tags(struct call *call);
enum outcome tag_policy(struct call *call);
enum outcome untag_policy(struct call *call);
enum outcome list_policy_tags(struct call *call);
