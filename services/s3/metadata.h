/* What travels with an object beside its bytes: system headers, user metadata, tags, storage class.
 *
 * Headers and tags are kept in rows as NUL-terminated text, name and value in turn; no bytes at all for none. */
#pragma once
#include "emulator/aws/call.h"

enum { METADATA_LIMIT = 2048, OBJECT_TAGS = 10, TAG_KEY = 128, TAG_VALUE = 256 };

enum metadata_header {
    METADATA_CACHE_CONTROL, METADATA_DISPOSITION, METADATA_ENCODING, METADATA_LANGUAGE, METADATA_TYPE, METADATA_EXPIRES, METADATA_REDIRECT,
    METADATA_HEADERS
};

/* The members of an input or output shape that carry them. */
struct metadata_members {
    uint16_t headers[METADATA_HEADERS];
    uint16_t user; /* the map of x-amz-meta- */
};
#define METADATA_MEMBERS(shape)                                                                                                   \
    {                                                                                                                             \
        .headers = {[METADATA_CACHE_CONTROL] = shape##_CacheControl,                                                              \
                    [METADATA_DISPOSITION] = shape##_ContentDisposition,                                                          \
                    [METADATA_ENCODING] = shape##_ContentEncoding,                                                                \
                    [METADATA_LANGUAGE] = shape##_ContentLanguage,                                                                \
                    [METADATA_TYPE] = shape##_ContentType,                                                                        \
                    [METADATA_EXPIRES] = shape##_Expires,                                                                         \
                    [METADATA_REDIRECT] = shape##_WebsiteRedirectLocation},                                                       \
        .user = shape##_Metadata                                                                                                  \
    }

/* Reads the headers of an upload; aws-chunked is no part of the stored encoding. Fails when the user metadata is too large. */
enum outcome metadata_read(struct call *call, const struct metadata_members *members, struct bytes *metadata);
/* What a copy takes over: all but the website redirect, which is the request's own (NULL: none). */
struct bytes metadata_copy(struct arena *arena, struct bytes metadata, const char *redirect);
/* Sets the output's members; Content-Type becomes binary/octet-stream when there is none. */
void metadata_output(struct call *call, const struct metadata_members *members, struct bytes metadata);

/* x-amz-tagging: a=b&c=d. */
enum outcome tags_read_header(struct call *call, const char *header, struct bytes *tags);
/* A TagSet: a list of Tag structures, at most so many; an object's. */
enum outcome tags_read_most(struct call *call, const struct value *list, uint32_t most, struct bytes *tags);
enum outcome tags_read_list(struct call *call, const struct value *list, struct bytes *tags);
int64_t tags_count(struct bytes tags);
struct value tags_list(struct call *call, struct bytes tags);

/* *name is NULL for STANDARD. */
enum outcome storage_class_read(struct call *call, uint16_t member, const char **name);
bool storage_class_is_archive(const char *name);

/* What a bucket makes of ACL and encryption headers. Bucket 0: a new one, with BucketOwnerEnforced. */
enum outcome acl_read(struct call *call, int64_t bucket, uint16_t member);
enum outcome encryption_read(struct call *call, uint16_t member);
