#include "services/iam/tag.h"

#include "emulator/store/store.h"
#include "services/iam/errors.h"
#include "services/iam/iam_model.h"
#include "services/iam/page.h"
#include "services/iam/policy.h"
#include "services/iam/role.h"

enum { TAGS = 50 };

static struct query store = QUERY("INSERT OR REPLACE INTO iam_tag(kind, owner, key, value) VALUES (?, ?, ?, ?)");
static struct query count = QUERY("SELECT count(*) FROM iam_tag WHERE kind = ? AND owner = ?");
static struct query erase = QUERY("DELETE FROM iam_tag WHERE kind = ? AND owner = ? AND key = ?");
static struct query erase_all = QUERY("DELETE FROM iam_tag WHERE kind = ? AND owner = ?");
static struct query list = QUERY("SELECT key, value FROM iam_tag WHERE kind = ? AND owner = ? AND key > ? ORDER BY key");

bool iam_tags_store(struct call *call, enum tag_owner kind, int64_t owner, const struct value *tags)
{
    for (uint32_t i = 0; tags != NULL && i < tags->size; i++)
        (void)query_run(&store, "iitt", (int64_t)kind, owner, at_text(&tags->items[i], Tag_Key),
                        at_text(&tags->items[i], Tag_Value));
    if (query_one(&count, 0, "ii", (int64_t)kind, owner) <= TAGS)
        return true;
    (void)fail(call, &iam_limit_exceeded, "The number of tags has reached the maximum limit of %d.", TAGS);
    return false;
}

static struct value tag_of(struct call *call)
{
    struct value tag = call_struct(call, SHAPE_Tag);

    set(&tag, Tag_Key, value_text(query_text(&list, call->arena, 0)));
    set(&tag, Tag_Value, value_text(query_text(&list, call->arena, 1)));
    return tag;
}

struct value iam_tags_list(struct call *call, enum tag_owner kind, int64_t owner)
{
    struct value tags = value_list();

    query_start(&list, "iit", (int64_t)kind, owner, "");
    while (query_step(&list))
        value_push(call->arena, &tags, tag_of(call));
    query_end(&list);
    return tags.size == 0 ? (struct value){0} : tags;
}

void tags_drop(enum tag_owner kind, int64_t owner)
{
    (void)query_run(&erase_all, "ii", (int64_t)kind, owner);
}

static void remove_keys(enum tag_owner kind, int64_t owner, const struct value *keys)
{
    for (uint32_t i = 0; i < keys->size; i++)
        (void)query_run(&erase, "iit", (int64_t)kind, owner, keys->items[i].text);
}

static void fill_page(struct call *call, struct page *page, enum tag_owner kind, int64_t owner)
{
    query_start(&list, "iit", (int64_t)kind, owner, page->after);
    while (query_step(&list))
        if (!page_add(call, page, query_text(&list, call->arena, 0), tag_of(call)))
            break;
    query_end(&list);
}

enum outcome tag_role(struct call *call)
{
    struct role role;

    if (!role_find(call, input_text(call, TagRoleRequest_RoleName), &role) ||
        !iam_tags_store(call, TAGS_OF_ROLE, role.id, input_at(call, TagRoleRequest_Tags)))
        return FAILED;
    return answer(call);
}

enum outcome untag_role(struct call *call)
{
    struct role role;

    if (!role_find(call, input_text(call, UntagRoleRequest_RoleName), &role))
        return FAILED;
    remove_keys(TAGS_OF_ROLE, role.id, input_at(call, UntagRoleRequest_TagKeys));
    return answer(call);
}

enum outcome list_role_tags(struct call *call)
{
    struct role role;
    struct page page;

    if (!role_find(call, input_text(call, ListRoleTagsRequest_RoleName), &role) ||
        !page_begin(call, &page, ListRoleTagsRequest_Marker, ListRoleTagsRequest_MaxItems))
        return FAILED;
    fill_page(call, &page, TAGS_OF_ROLE, role.id);
    page_end(call, &page, ListRoleTagsResponse_Tags, ListRoleTagsResponse_IsTruncated, ListRoleTagsResponse_Marker);
    return answer(call);
}

enum outcome tag_policy(struct call *call)
{
    struct policy policy;

    if (!policy_find(call, input_text(call, TagPolicyRequest_PolicyArn), &policy) ||
        !iam_tags_store(call, TAGS_OF_POLICY, policy.id, input_at(call, TagPolicyRequest_Tags)))
        return FAILED;
    return answer(call);
}

enum outcome untag_policy(struct call *call)
{
    struct policy policy;

    if (!policy_find(call, input_text(call, UntagPolicyRequest_PolicyArn), &policy))
        return FAILED;
    remove_keys(TAGS_OF_POLICY, policy.id, input_at(call, UntagPolicyRequest_TagKeys));
    return answer(call);
}

enum outcome list_policy_tags(struct call *call)
{
    struct policy policy;
    struct page page;

    if (!policy_find(call, input_text(call, ListPolicyTagsRequest_PolicyArn), &policy) ||
        !page_begin(call, &page, ListPolicyTagsRequest_Marker, ListPolicyTagsRequest_MaxItems))
        return FAILED;
    fill_page(call, &page, TAGS_OF_POLICY, policy.id);
    page_end(call, &page, ListPolicyTagsResponse_Tags, ListPolicyTagsResponse_IsTruncated, ListPolicyTagsResponse_Marker);
    return answer(call);
}
