/* Managed policies of the account, with their versions. */
#pragma once
#include "emulator/aws/call.h"

struct policy {
    int64_t id;
    const char *account, *name, *path, *unique_id, *description; /* NULL: no description */
    int64_t created, updated, current;                           /* number of the default version */
};

/* False: fail() was called. Policies of AWS are not there to be read (is_aws_policy). */
bool policy_find(struct call *call, const char *arn, struct policy *policy);
bool policy_exists(struct call *call, const char *arn, struct policy *policy); /* without failing */
/* arn:aws:iam::aws:policy/...: always there, without a document. */
bool is_aws_policy(const char *arn);
int64_t policy_attachments(struct call *call, const char *arn);
char *policy_arn(struct arena *arena, const char *account, const char *path, const char *name);

enum outcome create_policy(struct call *call);
enum outcome get_policy(struct call *call);
enum outcome list_policies(struct call *call);
enum outcome delete_policy(struct call *call);

/* policy_version.c */
void policy_version_add(struct call *call, int64_t policy, int64_t version, const char *document);
enum outcome create_policy_version(struct call *call);
enum outcome get_policy_version(struct call *call);
enum outcome list_policy_versions(struct call *call);
enum outcome delete_policy_version(struct call *call);
enum outcome set_default_policy_version(struct call *call);

/* attachment.c */
enum outcome attach_role_policy(struct call *call);
enum outcome detach_role_policy(struct call *call);
enum outcome list_attached_role_policies(struct call *call);
enum outcome list_entities_for_policy(struct call *call);
