/* ListObjects and ListObjectsV2 (facts/services.md 2.8).
 *
 * One walk over the keys in byte order. A common prefix counts as one entry, and the walk goes on behind it by seeking: keys under
 * it are never read. */
#include "emulator/base/encoding.h"
#include "emulator/store/store.h"
#include "services/s3/checksum.h"
#include "services/s3/errors.h"
#include "services/s3/key_order.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"
#include "services/s3/version.h"

enum { KEYS_PAGE = 1000 };

static struct query walk = QUERY("SELECT key, modified, size, etag, checksum_kind, checksum_type, storage_class FROM object"
                                 " WHERE bucket = ? AND key >= ? ORDER BY key");

struct page {
    struct bytes prefix;
    const char *delimiter; /* NULL: none */
    struct bytes after;    /* start behind this key; size 0: at the beginning */
    bool after_prefix;     /* `after` is a common prefix: start behind all of it */
    int64_t most;
    bool is_url, with_owner;

    struct value contents, prefixes;
    bool is_truncated;
    struct bytes last; /* the last entry: a key or a common prefix */
    bool last_is_prefix;
};

static struct value describe(struct call *call, const struct page *page, const struct bucket *bucket, struct bytes key)
{
    struct value item = call_struct(call, SHAPE_Object);
    enum checksum_kind kind = (enum checksum_kind)query_integer(&walk, 4);

    set(&item, Object_Key, value_text(key_text(call->arena, key, page->is_url)));
    set(&item, Object_LastModified, value_time(query_integer(&walk, 1)));
    set(&item, Object_Size, value_integer(query_integer(&walk, 2)));
    struct bytes etag = query_bytes_borrow(&walk, 3);
    set(&item, Object_ETag, value_text(arena_print(call->arena, "\"%.*s\"", (int)etag.size, etag.at)));
    if (kind != CHECKSUM_NONE) {
        struct value algorithms = value_list();
        value_push(call->arena, &algorithms, value_text(checksum_name(kind)));
        set(&item, Object_ChecksumAlgorithm, algorithms);
        set(&item, Object_ChecksumType, value_text(checksum_type_name((enum checksum_type)query_integer(&walk, 5))));
    }
    if (page->with_owner)
        set(&item, Object_Owner, owner_struct(call, bucket->account));
    const char *storage_class = query_text(&walk, call->arena, 6);
    set(&item, Object_StorageClass, value_text(storage_class != NULL ? storage_class : "STANDARD"));
    return item;
}

/* Where the walk begins: the least key that may be an entry. */
static struct bytes first_key(struct call *call, const struct page *page)
{
    struct bytes start = page->after;
    if (start.size > 0) {
        if (page->after_prefix)
            start = key_successor(call->arena, start);
        else /* behind the key itself: the next text in byte order has a NUL more */
            start = (struct bytes){arena_copy(call->arena, start.at, start.size), start.size + 1};
    }
    return key_compare(start, page->prefix) < 0 ? page->prefix : start;
}

static void fill(struct call *call, struct page *page, const struct bucket *bucket)
{
    struct bytes start = first_key(call, page);
    int64_t count = 0;
    bool is_done = page->most == 0;

    page->contents = value_list();
    page->prefixes = value_list();
    while (!is_done) {
        is_done = true;
        query_start(&walk, "ib", bucket->id, start);
        while (query_step(&walk)) {
            struct bytes key = query_bytes_borrow(&walk, 0);
            if (!key_starts(key, page->prefix))
                break;
            if (count == page->most) {
                page->is_truncated = true;
                break;
            }
            struct bytes common = key_common(key, page->prefix, page->delimiter);
            count++;
            page->last_is_prefix = common.size > 0;
            if (!page->last_is_prefix) {
                page->last = (struct bytes){arena_copy(call->arena, key.at, key.size), key.size};
                value_push(call->arena, &page->contents, describe(call, page, bucket, page->last));
                continue;
            }
            page->last = (struct bytes){arena_copy(call->arena, common.at, common.size), common.size};
            struct value item = call_struct(call, SHAPE_CommonPrefix);
            set(&item, CommonPrefix_Prefix, value_text(key_text(call->arena, page->last, page->is_url)));
            value_push(call->arena, &page->prefixes, item);
            start = key_successor(call->arena, page->last);
            is_done = start.size == 0;
            break;
        }
        query_end(&walk);
    }
}

static const char *encoded(struct call *call, const struct page *page, const char *text)
{
    return text != NULL ? key_text(call->arena, bytes_of(text), page->is_url) : NULL;
}

/* An empty delimiter is none. */
static const char *delimiter_of(const char *text)
{
    return text != NULL && *text != '\0' ? text : NULL;
}

enum outcome list_objects(struct call *call)
{
    const char *marker = input_text(call, ListObjectsRequest_Marker), *prefix = input_text(call, ListObjectsRequest_Prefix);
    struct page page = {.prefix = bytes_of(prefix), .after = bytes_of(marker), .with_owner = true};
    struct bucket bucket;

    page.delimiter = delimiter_of(input_text(call, ListObjectsRequest_Delimiter));
    if (BUCKET_ENTER(call, ListObjects, &bucket) == FAILED ||
        key_encoding(call, ListObjectsRequest_EncodingType, &page.is_url) == FAILED ||
        page_size(call, ListObjectsRequest_MaxKeys, "max-keys", KEYS_PAGE, &page.most) == FAILED)
        return FAILED;
    /* A marker that is a common prefix stands for all of it: it is what NextMarker said. */
    page.after_prefix = page.after.size > 0 && key_starts(page.after, page.prefix) &&
                        key_common(page.after, page.prefix, page.delimiter).size == page.after.size;
    fill(call, &page, &bucket);

    output_text(call, ListObjectsOutput_Name, bucket.name);
    output_text(call, ListObjectsOutput_Prefix, encoded(call, &page, prefix != NULL ? prefix : ""));
    output_text(call, ListObjectsOutput_Marker, encoded(call, &page, marker != NULL ? marker : ""));
    output_integer(call, ListObjectsOutput_MaxKeys, page.most);
    output_text(call, ListObjectsOutput_Delimiter, encoded(call, &page, page.delimiter));
    output_text(call, ListObjectsOutput_EncodingType, input_text(call, ListObjectsRequest_EncodingType));
    output_bool(call, ListObjectsOutput_IsTruncated, page.is_truncated);
    if (page.is_truncated && page.delimiter != NULL)
        output_text(call, ListObjectsOutput_NextMarker, key_text(call->arena, page.last, page.is_url));
    if (page.contents.size > 0)
        output_set(call, ListObjectsOutput_Contents, page.contents);
    if (page.prefixes.size > 0)
        output_set(call, ListObjectsOutput_CommonPrefixes, page.prefixes);
    return answer(call);
}

/* A continuation token is the last entry behind a letter that says what it is. */
static const char *token_of(struct call *call, const struct page *page)
{
    const char *text = arena_print(call->arena, "%c%s", page->last_is_prefix ? 'p' : 'k', page->last.at);
    return base64url_encode(call->arena, bytes_of(text));
}

static enum outcome read_token(struct call *call, const char *token, struct page *page)
{
    struct bytes raw;
    if (!base64url_decode(call->arena, bytes_of(token), &raw) || raw.size < 2 || (raw.at[0] != 'p' && raw.at[0] != 'k'))
        return fail_argument(call, "continuation-token", NULL, "The continuation token provided is incorrect");
    page->after_prefix = raw.at[0] == 'p';
    page->after = (struct bytes){raw.at + 1, raw.size - 1};
    return ANSWERED;
}

enum outcome list_objects_v2(struct call *call)
{
    const char *start_after = input_text(call, ListObjectsV2Request_StartAfter),
               *prefix = input_text(call, ListObjectsV2Request_Prefix);
    const char *token = input_text(call, ListObjectsV2Request_ContinuationToken);
    struct page page = {.prefix = bytes_of(prefix), .after = bytes_of(start_after)};
    struct bucket bucket;

    page.delimiter = delimiter_of(input_text(call, ListObjectsV2Request_Delimiter));
    page.with_owner = input_bool(call, ListObjectsV2Request_FetchOwner, false);
    if (BUCKET_ENTER(call, ListObjectsV2, &bucket) == FAILED ||
        key_encoding(call, ListObjectsV2Request_EncodingType, &page.is_url) == FAILED ||
        page_size(call, ListObjectsV2Request_MaxKeys, "max-keys", KEYS_PAGE, &page.most) == FAILED ||
        (token != NULL && read_token(call, token, &page) == FAILED))
        return FAILED;
    fill(call, &page, &bucket);

    output_text(call, ListObjectsV2Output_Name, bucket.name);
    output_text(call, ListObjectsV2Output_Prefix, encoded(call, &page, prefix != NULL ? prefix : ""));
    output_text(call, ListObjectsV2Output_StartAfter, encoded(call, &page, start_after));
    output_text(call, ListObjectsV2Output_ContinuationToken, token);
    if (page.is_truncated)
        output_text(call, ListObjectsV2Output_NextContinuationToken, token_of(call, &page));
    output_integer(call, ListObjectsV2Output_KeyCount, (int64_t)page.contents.size + (int64_t)page.prefixes.size);
    output_integer(call, ListObjectsV2Output_MaxKeys, page.most);
    output_text(call, ListObjectsV2Output_Delimiter, encoded(call, &page, page.delimiter));
    output_text(call, ListObjectsV2Output_EncodingType, input_text(call, ListObjectsV2Request_EncodingType));
    output_bool(call, ListObjectsV2Output_IsTruncated, page.is_truncated);
    if (page.contents.size > 0)
        output_set(call, ListObjectsV2Output_Contents, page.contents);
    if (page.prefixes.size > 0)
        output_set(call, ListObjectsV2Output_CommonPrefixes, page.prefixes);
    return answer(call);
}
