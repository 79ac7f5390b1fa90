/* The body of PutObject and UploadPart while it arrives: aws-chunked framing taken off, digests computed, bytes kept inline while they are few
 * and written to a blob from then on.
 *
 * Life cycle: upload_body_start() in the operation's begin(), upload_body_take() as its take(), upload_body_end() and upload_body_store() in
 * its run(). What it holds is freed with the call. */
#pragma once
#include "services/s3/checksum.h"

enum { PART_NUMBERS = 10000 };
#define OBJECT_PUT_LIMIT (INT64_C(5) * 1024 * 1024 * 1024) /* of one PUT or part */

struct upload_wish {
    const struct checksum_members *members; /* of the input's shape */
    uint16_t content_md5;                   /* its member */
    enum checksum_kind wanted;              /* computed when the client gives none; CHECKSUM_NONE: CRC64NVME */
    enum checksum_kind also;                /* computed in any case, beside the client's; CHECKSUM_NONE: nothing more */
};

struct upload_body; /* in call->context from upload_body_start() on */

enum outcome upload_body_start(struct call *call, const struct upload_wish *wish);
int upload_body_take(struct call *call, const char *at, size_t size);
/* The kind that the client gave, in a header or by announcing a trailer; known from the start. */
enum checksum_kind upload_body_given(const struct call *call);

/* Compares sizes and digests with what the client said. */
enum outcome upload_body_end(struct call *call);

/* After upload_body_end(). */
int64_t upload_body_size(const struct call *call);
const unsigned char *upload_body_md5(const struct call *call); /* 16 bytes */
struct checksum upload_body_checksum(const struct call *call); /* the client's, else the wanted one */
const char *upload_body_also(const struct call *call);         /* base64; NULL when not asked for */

/* Makes the row of the body inside the transaction: its id, or a negative errno after which fail() has been called. */
int64_t upload_body_store(struct call *call);
