/* ListObjectVersions (facts/services.md 2.8): every version and delete marker, keys in byte order, the newest of a key first. As in the other
 * lists a common prefix counts as one entry, and the walk goes on behind it by seeking.
 *
 * Known difference: all versions of a page stand before its delete markers; AWS mixes them in the order of the walk. */
#include "emulator/store/store.h"
#include "services/s3/checksum.h"
#include "services/s3/errors.h"
#include "services/s3/key_order.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"
#include "services/s3/version.h"

enum { VERSIONS_PAGE = 1000 };

static struct query walk =
    QUERY("SELECT key, id, name, is_marker, modified, size, etag, checksum_kind, checksum_type, storage_class FROM object_version"
          " WHERE bucket = ? AND key >= ? ORDER BY key, id DESC");

struct version_page {
    struct bytes prefix, marker; /* marker: start behind this key, or within its versions; size 0: at the beginning */
    const char *delimiter;       /* NULL: none */
    int64_t before;              /* of the marker's key only versions with smaller ids; 0: none */
    bool after_prefix;           /* the marker is a common prefix: start behind all of it */
    int64_t most;
    bool is_url;

    struct value versions, markers, prefixes;
    bool is_truncated;
    struct bytes last;           /* the last entry: a key or a common prefix */
    const char *last_name;       /* its version; NULL: a common prefix */
};

static struct value describe_marker(struct call *call, const struct version_page *page, const struct bucket *bucket, bool is_latest)
{
    struct value item = call_struct(call, SHAPE_DeleteMarkerEntry);

    set(&item, DeleteMarkerEntry_Key, value_text(key_text(call->arena, page->last, page->is_url)));
    set(&item, DeleteMarkerEntry_VersionId, value_text(page->last_name));
    set(&item, DeleteMarkerEntry_IsLatest, value_bool(is_latest));
    set(&item, DeleteMarkerEntry_LastModified, value_time(query_integer(&walk, 4)));
    set(&item, DeleteMarkerEntry_Owner, owner_struct(call, bucket->account));
    return item;
}

static struct value describe_version(struct call *call, const struct version_page *page, const struct bucket *bucket, bool is_latest)
{
    struct value item = call_struct(call, SHAPE_ObjectVersion);
    enum checksum_kind kind = (enum checksum_kind)query_integer(&walk, 7);
    const char *storage_class = query_text(&walk, call->arena, 9);

    set(&item, ObjectVersion_Key, value_text(key_text(call->arena, page->last, page->is_url)));
    set(&item, ObjectVersion_VersionId, value_text(page->last_name));
    set(&item, ObjectVersion_IsLatest, value_bool(is_latest));
    set(&item, ObjectVersion_LastModified, value_time(query_integer(&walk, 4)));
    set(&item, ObjectVersion_Size, value_integer(query_integer(&walk, 5)));
    set(&item, ObjectVersion_ETag, value_text(etag_quoted(call->arena, query_text(&walk, call->arena, 6))));
    if (kind != CHECKSUM_NONE) {
        struct value algorithms = value_list();
        value_push(call->arena, &algorithms, value_text(checksum_name(kind)));
        set(&item, ObjectVersion_ChecksumAlgorithm, algorithms);
        set(&item, ObjectVersion_ChecksumType, value_text(checksum_type_name((enum checksum_type)query_integer(&walk, 8))));
    }
    set(&item, ObjectVersion_Owner, owner_struct(call, bucket->account));
    set(&item, ObjectVersion_StorageClass, value_text(storage_class != NULL ? storage_class : "STANDARD"));
    return item;
}

static struct bytes first_key(struct call *call, const struct version_page *page)
{
    struct bytes start = page->marker;
    if (page->after_prefix)
        start = key_successor(call->arena, start);
    else if (start.size > 0 && page->before == 0)
        start = (struct bytes){arena_copy(call->arena, start.at, start.size), start.size + 1};
    return key_compare(start, page->prefix) < 0 ? page->prefix : start;
}

/* One entry of the walk; true: it is a common prefix, and `start` is behind it. */
static bool add(struct call *call, struct version_page *page, const struct bucket *bucket, struct bytes key, bool is_latest,
                struct bytes *start)
{
    struct bytes common = key_common(key, page->prefix, page->delimiter);

    if (common.size > 0) {
        page->last = (struct bytes){arena_copy(call->arena, common.at, common.size), common.size};
        page->last_name = NULL;
        struct value item = call_struct(call, SHAPE_CommonPrefix);
        set(&item, CommonPrefix_Prefix, value_text(key_text(call->arena, page->last, page->is_url)));
        value_push(call->arena, &page->prefixes, item);
        *start = key_successor(call->arena, page->last);
        return true;
    }
    page->last = (struct bytes){arena_copy(call->arena, key.at, key.size), key.size};
    page->last_name = query_text(&walk, call->arena, 2);
    if (query_integer(&walk, 3) != 0)
        value_push(call->arena, &page->markers, describe_marker(call, page, bucket, is_latest));
    else
        value_push(call->arena, &page->versions, describe_version(call, page, bucket, is_latest));
    return false;
}

static void fill(struct call *call, struct version_page *page, const struct bucket *bucket)
{
    struct bytes start = first_key(call, page), previous = {NULL, 0};
    int64_t count = 0;
    bool is_done = page->most == 0;

    page->versions = value_list();
    page->markers = value_list();
    page->prefixes = value_list();
    while (!is_done) {
        is_done = true;
        query_start(&walk, "ib", bucket->id, start);
        while (query_step(&walk)) {
            struct bytes key = query_bytes_borrow(&walk, 0);
            bool is_marked = page->before != 0 && key_compare(key, page->marker) == 0;
            if (!key_starts(key, page->prefix))
                break;
            if (is_marked && query_integer(&walk, 1) >= page->before)
                continue;
            if (count == page->most) {
                page->is_truncated = true;
                break;
            }
            bool is_latest = !is_marked && (previous.size == 0 || key_compare(key, previous) != 0);
            count++;
            if (add(call, page, bucket, key, is_latest, &start)) {
                is_done = start.size == 0;
                break;
            }
            previous = page->last;
        }
        query_end(&walk);
    }
}

static enum outcome read_markers(struct call *call, const struct bucket *bucket, struct version_page *page)
{
    const char *name = input_text(call, ListObjectVersionsRequest_VersionIdMarker);
    struct version version;

    if (name == NULL)
        return ANSWERED;
    if (page->marker.size == 0)
        return fail_argument(call, "version-id-marker", name, "A version-id marker cannot be specified without a key marker.");
    if (*name == '\0')
        return fail_argument(call, "version-id-marker", name, "A version-id marker cannot be empty.");
    if (version_id_read(call->arena, name, &page->before))
        return ANSWERED;
    if (!text_equal(name, NULL_VERSION))
        return fail_argument(call, "version-id-marker", name, "Invalid version id specified");
    if (version_find_named(call->arena, bucket->id, page->marker, name, &version))
        page->before = version.id;
    return ANSWERED;
}

enum outcome list_object_versions(struct call *call)
{
    const char *prefix = input_text(call, ListObjectVersionsRequest_Prefix), *marker = input_text(call, ListObjectVersionsRequest_KeyMarker),
               *name = input_text(call, ListObjectVersionsRequest_VersionIdMarker),
               *delimiter = input_text(call, ListObjectVersionsRequest_Delimiter);
    struct version_page page = {.prefix = bytes_of(prefix), .marker = bytes_of(marker)};
    struct bucket bucket;

    page.delimiter = delimiter != NULL && *delimiter != '\0' ? delimiter : NULL;
    if (BUCKET_ENTER(call, ListObjectVersions, &bucket) == FAILED ||
        key_encoding(call, ListObjectVersionsRequest_EncodingType, &page.is_url) == FAILED ||
        page_size(call, ListObjectVersionsRequest_MaxKeys, "max-keys", VERSIONS_PAGE, &page.most) == FAILED ||
        read_markers(call, &bucket, &page) == FAILED)
        return FAILED;
    page.after_prefix = page.marker.size > 0 && key_starts(page.marker, page.prefix) &&
                        key_common(page.marker, page.prefix, page.delimiter).size == page.marker.size;
    fill(call, &page, &bucket);

    output_text(call, ListObjectVersionsOutput_Name, bucket.name);
    output_text(call, ListObjectVersionsOutput_Prefix, key_text(call->arena, page.prefix, page.is_url));
    output_text(call, ListObjectVersionsOutput_KeyMarker, key_text(call->arena, page.marker, page.is_url));
    output_text(call, ListObjectVersionsOutput_VersionIdMarker, name != NULL ? name : "");
    output_integer(call, ListObjectVersionsOutput_MaxKeys, page.most);
    if (page.delimiter != NULL)
        output_text(call, ListObjectVersionsOutput_Delimiter, key_text(call->arena, bytes_of(page.delimiter), page.is_url));
    output_text(call, ListObjectVersionsOutput_EncodingType, input_text(call, ListObjectVersionsRequest_EncodingType));
    output_bool(call, ListObjectVersionsOutput_IsTruncated, page.is_truncated);
    if (page.is_truncated) {
        output_text(call, ListObjectVersionsOutput_NextKeyMarker, key_text(call->arena, page.last, page.is_url));
        output_text(call, ListObjectVersionsOutput_NextVersionIdMarker, page.last_name);
    }
    if (page.versions.size > 0)
        output_set(call, ListObjectVersionsOutput_Versions, page.versions);
    if (page.markers.size > 0)
        output_set(call, ListObjectVersionsOutput_DeleteMarkers, page.markers);
    if (page.prefixes.size > 0)
        output_set(call, ListObjectVersionsOutput_CommonPrefixes, page.prefixes);
    return answer(call);
}
