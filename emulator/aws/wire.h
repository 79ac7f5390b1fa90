/* What the files of the protocols share: leaves between text and value, and one reader and one writer for each notation.
 *
 * A reader fills a value of the shape from the notation; when it gives false it has called fail(). A writer adds to a buffer.
 * Everything they make lives in call->arena. */
#pragma once
#include "emulator/aws/call.h"
#include "emulator/aws/protocol.h"
#include "emulator/base/buffer.h"
#include "emulator/base/encoding.h"
#include "emulator/base/xml.h"

enum { ANSWER_LIMIT = 256 * 1024 * 1024, ERROR_LIMIT = 1024 * 1024 };

static inline const struct shape *shape_of(const struct model *model, uint16_t shape)
{
    return &model->shapes[shape];
}
static inline const struct member *members_of(const struct model *model, uint16_t shape)
{
    return &model->members[model->shapes[shape].first_member];
}
static inline const struct operation *operation_of(const struct call *call)
{
    return &call->service->model->operations[call->operation];
}
static inline bool shape_is_scalar(const struct shape *shape)
{
    return shape->type >= SHAPE_TYPE_STRING;
}

/* Leaves as text: headers, query, Query parameters, XML. Blobs are base64. False: the text is no value of this shape. */
bool scalar_read(struct arena *arena, const struct shape *shape, uint8_t timestamp, const char *text, struct value *value);
void scalar_write(struct buffer *buffer, struct arena *arena, const struct shape *shape, uint8_t timestamp,
                  const struct value *value);
/* "an Integer", "a String": for messages. */
const char *scalar_name(const struct shape *shape);

/* JSON. `json` is a VALUE_MAP or what was found in its place. */
bool json_read_struct(struct call *call, uint16_t shape, const struct value *json, struct value *value);
void json_write_value(struct buffer *buffer, struct arena *arena, const struct model *model, uint16_t shape, uint8_t timestamp,
                      const struct value *value);
/* Only members in the body. */
void json_write_struct(struct buffer *buffer, struct arena *arena, const struct model *model, uint16_t shape,
                       const struct value *value);
bool json_body(struct call *call, struct bytes body); /* into call->input */
void json_answer(struct call *call, int status, const struct header *headers);
void json_error(struct call *call, int status, const struct header *headers);
/* The error as a JSON object, with members named as the modelled error has them. `type` may be NULL: no __type. */
struct bytes json_error_body(struct call *call, const char *type);

/* XML. Names are wire names, or with `is_query` the Query protocol's. */
bool xml_read_struct(struct call *call, uint16_t shape, const struct xml_node *node, struct value *value);
void xml_write_struct(struct buffer *buffer, struct arena *arena, const struct model *model, uint16_t shape,
                      const struct value *value, bool is_query);
void xml_write_value(struct buffer *buffer, struct arena *arena, const struct model *model, const char *name, uint16_t shape,
                     uint8_t timestamp, bool is_flattened, const struct value *value, bool is_query);

/* Query. */
bool query_body(struct call *call, struct bytes body); /* finds the operation, too */
void query_answer(struct call *call, int status, const struct header *headers);
void query_error(struct call *call, int status, const struct header *headers);

/* REST. */
enum { ROUTE_LABELS = 8 };
struct route {
    uint16_t operation;
    int label_count;
    struct bytes names[ROUTE_LABELS], labels[ROUTE_LABELS]; /* raw */
};
/* Operation and labels for method, path and query; false: fail() was called. */
bool route_find(struct call *call, const char *path, struct route *route);
/* Matches a URI template's path. */
bool route_match(const char *template, const char *path, struct route *route);

bool rest_head(struct call *call, const char *path);
bool rest_body(struct call *call, struct bytes body);
void rest_answer(struct call *call, int status, const struct header *headers);
void rest_error(struct call *call, int status, const struct header *headers);

/* Do we emulate what this input asks for? */
bool support_check(struct call *call);

/* Of every answer. */
void answer_headers(struct call *call, const struct header *headers);
const char *s3_request_id(const struct call *call);
const char *s3_host_id(const struct call *call);
bool header_is_in(const struct header *headers, const char *name);
void answer_buffer(struct call *call, struct buffer *buffer); /* ends the answer; the buffer is used up */
bool fail_serialization(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3))); /* always false */
/* The member of a body that carries the payload, or -1. */
int payload_member(const struct model *model, uint16_t shape);
