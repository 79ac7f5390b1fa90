/* ListParts and ListMultipartUploads. */
#include "emulator/store/store.h"
#include "services/s3/errors.h"
#include "services/s3/key_order.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"
#include "services/s3/upload.h"
#include "services/s3/version.h"

enum { PAGE = 1000 };

static const struct checksum_members part_members = CHECKSUM_MEMBERS(Part);

static struct value initiator_struct(struct call *call, const char *account, const char *initiator)
{
    struct value structure = call_struct(call, SHAPE_Initiator);
    set(&structure, Initiator_ID, value_text(owner_id(call->arena, account)));
    set(&structure, Initiator_DisplayName, value_text(initiator));
    return structure;
}

enum outcome list_parts(struct call *call)
{
    int64_t marker = input_integer(call, ListPartsRequest_PartNumberMarker, 0), most, next = 0;
    struct value list = value_list();
    struct bucket bucket;
    struct upload upload;
    const char *key;
    size_t count;

    if (OBJECT_ENTER(call, ListParts, &bucket, &key) == FAILED ||
        page_size(call, ListPartsRequest_MaxParts, "max-parts", PAGE, &most) == FAILED ||
        upload_input(call, &bucket, key, input_text(call, ListPartsRequest_UploadId), &upload) == FAILED)
        return FAILED;
    const struct upload_part *parts = upload_list_parts(call->arena, upload.id, marker, most + 1, &count);
    for (size_t i = 0; i < count && (int64_t)i < most; i++) {
        struct value item = call_struct(call, SHAPE_Part);
        set(&item, Part_PartNumber, value_integer(parts[i].number));
        set(&item, Part_LastModified, value_time(parts[i].modified));
        set(&item, Part_ETag, value_text(etag_quoted(call->arena, parts[i].md5)));
        set(&item, Part_Size, value_integer(parts[i].size));
        if (upload.checksum.kind != CHECKSUM_NONE)
            checksum_set(&item, &part_members, &parts[i].checksum);
        value_push(call->arena, &list, item);
        next = parts[i].number;
    }
    output_text(call, ListPartsOutput_Bucket, bucket.name);
    output_text(call, ListPartsOutput_Key, key);
    output_text(call, ListPartsOutput_UploadId, upload.name);
    output_set(call, ListPartsOutput_Initiator, initiator_struct(call, bucket.account, upload.initiator));
    output_set(call, ListPartsOutput_Owner, owner_struct(call, bucket.account));
    output_text(call, ListPartsOutput_StorageClass, upload.storage_class != NULL ? upload.storage_class : "STANDARD");
    output_integer(call, ListPartsOutput_PartNumberMarker, marker);
    output_integer(call, ListPartsOutput_NextPartNumberMarker, next);
    output_integer(call, ListPartsOutput_MaxParts, most);
    output_bool(call, ListPartsOutput_IsTruncated, (int64_t)count > most);
    if (upload.checksum.kind != CHECKSUM_NONE) {
        output_text(call, ListPartsOutput_ChecksumAlgorithm, checksum_name(upload.checksum.kind));
        output_text(call, ListPartsOutput_ChecksumType, checksum_type_name(upload.checksum.type));
    }
    if (list.size > 0)
        output_set(call, ListPartsOutput_Parts, list);
    return answer(call);
}

/* Uploads of a bucket. */

static struct query walk =
    QUERY("SELECT key, name, initiated, initiator, storage_class, checksum_kind, checksum_type, id FROM upload"
          " WHERE bucket = ? AND key >= ? ORDER BY key, initiated, id");

struct uploads_page {
    struct bytes prefix, marker;
    const char *delimiter;
    const struct upload *after; /* upload-id-marker: within the marker's key, start behind this one; NULL: behind the key */
    int64_t most;
    bool is_url;

    struct value uploads, prefixes;
    bool is_truncated;
    const char *next_key, *next_upload;
};

static struct value describe(struct call *call, const struct uploads_page *page, const struct bucket *bucket, struct bytes key)
{
    struct value item = call_struct(call, SHAPE_MultipartUpload);
    const char *storage_class = query_text(&walk, call->arena, 4);
    enum checksum_kind kind = (enum checksum_kind)query_integer(&walk, 5);

    set(&item, MultipartUpload_Key, value_text(key_text(call->arena, key, page->is_url)));
    set(&item, MultipartUpload_UploadId, value_text(query_text(&walk, call->arena, 1)));
    set(&item, MultipartUpload_Initiated, value_time(query_integer(&walk, 2)));
    set(&item, MultipartUpload_Initiator, initiator_struct(call, bucket->account, query_text(&walk, call->arena, 3)));
    set(&item, MultipartUpload_Owner, owner_struct(call, bucket->account));
    set(&item, MultipartUpload_StorageClass, value_text(storage_class != NULL ? storage_class : "STANDARD"));
    if (kind != CHECKSUM_NONE) {
        set(&item, MultipartUpload_ChecksumAlgorithm, value_text(checksum_name(kind)));
        set(&item, MultipartUpload_ChecksumType, value_text(checksum_type_name((enum checksum_type)query_integer(&walk, 6))));
    }
    return item;
}

/* Within the marker's own key: already told? */
static bool is_before(const struct uploads_page *page, struct bytes key)
{
    if (page->marker.size == 0 || !bytes_equal(key, page->marker))
        return false;
    if (page->after == NULL)
        return true;
    int64_t initiated = query_integer(&walk, 2);
    return initiated < page->after->initiated ||
           (initiated == page->after->initiated && query_integer(&walk, 7) <= page->after->id);
}

static void fill(struct call *call, struct uploads_page *page, const struct bucket *bucket)
{
    struct bytes start = page->marker;
    int64_t count = 0;
    bool is_done = page->most == 0;

    if (start.size > 0 && key_starts(start, page->prefix) && key_common(start, page->prefix, page->delimiter).size == start.size)
        start = key_successor(call->arena, start); /* the marker is a common prefix: all of it has been told */
    if (key_compare(start, page->prefix) < 0)
        start = page->prefix;
    page->uploads = value_list();
    page->prefixes = value_list();
    page->next_key = page->next_upload = "";
    while (!is_done) {
        is_done = true;
        query_start(&walk, "ib", bucket->id, start);
        while (query_step(&walk)) {
            struct bytes key = query_bytes(&walk, call->arena, 0);
            if (!key_starts(key, page->prefix))
                break;
            if (is_before(page, key))
                continue;
            if (count == page->most) {
                page->is_truncated = true;
                break;
            }
            struct bytes common = key_common(key, page->prefix, page->delimiter);
            count++;
            if (common.size == 0) {
                value_push(call->arena, &page->uploads, describe(call, page, bucket, key));
                page->next_key = key_text(call->arena, key, page->is_url);
                page->next_upload = query_text(&walk, call->arena, 1);
                continue;
            }
            struct value item = call_struct(call, SHAPE_CommonPrefix);
            set(&item, CommonPrefix_Prefix, value_text(key_text(call->arena, common, page->is_url)));
            value_push(call->arena, &page->prefixes, item);
            page->next_key = key_text(call->arena, common, page->is_url);
            page->next_upload = "";
            start = key_successor(call->arena, common);
            is_done = start.size == 0;
            break;
        }
        query_end(&walk);
    }
}

enum outcome list_multipart_uploads(struct call *call)
{
    const char *prefix = input_text(call, ListMultipartUploadsRequest_Prefix),
               *marker = input_text(call, ListMultipartUploadsRequest_KeyMarker);
    const char *upload_marker = input_text(call, ListMultipartUploadsRequest_UploadIdMarker);
    const char *delimiter = input_text(call, ListMultipartUploadsRequest_Delimiter);
    struct uploads_page page = {.prefix = bytes_of(prefix), .marker = bytes_of(marker)};
    struct bucket bucket;
    struct upload after;

    page.delimiter = delimiter != NULL && *delimiter != '\0' ? delimiter : NULL;
    if (BUCKET_ENTER(call, ListMultipartUploads, &bucket) == FAILED ||
        key_encoding(call, ListMultipartUploadsRequest_EncodingType, &page.is_url) == FAILED ||
        page_size(call, ListMultipartUploadsRequest_MaxUploads, "max-uploads", PAGE, &page.most) == FAILED)
        return FAILED;
    if (marker != NULL && *marker != '\0' && upload_marker != NULL &&
        *upload_marker != '\0') { /* without a key it does not count */
        if (!upload_find(call->arena, bucket.id, bytes_of(marker), upload_marker, &after))
            return fail_argument(call, "upload-id-marker", upload_marker, "Invalid uploadId marker");
        page.after = &after;
    }
    fill(call, &page, &bucket);

    output_text(call, ListMultipartUploadsOutput_Bucket, bucket.name);
    output_text(call, ListMultipartUploadsOutput_KeyMarker,
                key_text(call->arena, bytes_of(marker != NULL ? marker : ""), page.is_url));
    output_text(call, ListMultipartUploadsOutput_UploadIdMarker, upload_marker != NULL ? upload_marker : "");
    /* Told on the last page, too, but for a common prefix. */
    output_text(call, ListMultipartUploadsOutput_NextKeyMarker,
                page.is_truncated || *page.next_upload != '\0' ? page.next_key : "");
    output_text(call, ListMultipartUploadsOutput_NextUploadIdMarker, page.next_upload);
    if (prefix != NULL)
        output_text(call, ListMultipartUploadsOutput_Prefix, key_text(call->arena, page.prefix, page.is_url));
    if (page.delimiter != NULL)
        output_text(call, ListMultipartUploadsOutput_Delimiter, key_text(call->arena, bytes_of(page.delimiter), page.is_url));
    output_text(call, ListMultipartUploadsOutput_EncodingType, input_text(call, ListMultipartUploadsRequest_EncodingType));
    output_integer(call, ListMultipartUploadsOutput_MaxUploads, page.most);
    output_bool(call, ListMultipartUploadsOutput_IsTruncated, page.is_truncated);
    if (page.uploads.size > 0)
        output_set(call, ListMultipartUploadsOutput_Uploads, page.uploads);
    if (page.prefixes.size > 0)
        output_set(call, ListMultipartUploadsOutput_CommonPrefixes, page.prefixes);
    return answer(call);
}
