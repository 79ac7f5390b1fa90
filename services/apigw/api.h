/* HTTP APIs. Ids are unique across accounts and regions: an id is all that a request's host says. */
#pragma once
#include "emulator/aws/call.h"

struct api {
    const char *id;
    struct value item; /* of SHAPE_Api, without its endpoint and tags */
};

/* Of the call's account and region. False: fail() was called. */
bool api_find(struct call *call, const char *id, struct api *api);
char *api_arn(struct call *call, const char *id);

enum outcome create_api(struct call *call);
enum outcome get_api(struct call *call);
enum outcome get_apis(struct call *call);
enum outcome update_api(struct call *call);
enum outcome delete_api(struct call *call);
enum outcome delete_cors_configuration(struct call *call);

/* tag.c: tags of APIs (stage "") and stages. */
bool gateway_tags_check(struct call *call, const struct value *tags); /* false: fail() was called */
void gateway_tags_store(const char *api, const char *stage, const struct value *tags);
struct value gateway_tags_of(struct call *call, const char *api, const char *stage); /* a map, perhaps empty */
enum outcome get_tags(struct call *call);
enum outcome gateway_tag_resource(struct call *call);
enum outcome gateway_untag_resource(struct call *call);
