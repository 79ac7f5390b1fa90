/* Multipart uploads in progress, and their parts. */
#pragma once
#include "services/s3/bucket.h"
#include "services/s3/checksum.h"

enum { SMALLEST_PART = 5 * 1024 * 1024 };

struct upload {
    int64_t id;
    const char *name; /* UploadId */
    int64_t bucket;
    struct bytes key;
    int64_t initiated;
    const char *initiator;   /* principal ARN */
    struct checksum checksum; /* kind and type; NONE: the client said nothing */
    struct bytes metadata, tags;
    const char *storage_class;
    bool key_existed;        /* when the upload began: for conditional completion */
    int64_t last_version;    /* version_last() when the upload began */
};

bool upload_find(struct arena *arena, int64_t bucket, struct bytes key, const char *name, struct upload *upload);
enum outcome upload_input(struct call *call, const struct bucket *bucket, const char *key, const char *name, struct upload *upload);
void upload_drop(int64_t id);   /* with its parts and their bytes */
void upload_forget(int64_t id); /* the same, but the bytes are somebody else's now */
void upload_drop_all(int64_t bucket);

struct upload_part {
    int64_t number, size, modified, body;
    const char *md5;          /* hex: its ETag */
    struct checksum checksum; /* the client's, or the upload's kind */
    const char *crc64;        /* CRC64NVME, base64: when the upload has no kind of its own */
};
/* Replaces a part of that number. The body belongs to it now. */
void upload_put_part(int64_t upload, const struct upload_part *part);
void upload_drop_part(int64_t upload, const struct upload_part *part);
struct upload_part *upload_list_parts(struct arena *arena, int64_t upload, int64_t marker, int64_t most, size_t *count);

/* partNumber of UploadPart and UploadPartCopy: 1 to 10000. */
enum outcome part_number_check(struct call *call, int64_t number);
