#include "services/s3/metadata.h"

#include <string.h>

#include "emulator/base/dates.h"
#include "emulator/base/encoding.h"
#include "services/s3/acl.h"
#include "services/s3/errors.h"
#include "services/s3/s3_model.h"

enum { PAIRS_LIMIT = 1024 * 1024 };

/* Pairs of text in one BLOB. */

static void add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text) + 1);
}

static void add_pair(struct buffer *buffer, const char *name, const char *value)
{
    add_text(buffer, name);
    add_text(buffer, value);
}

static bool next_pair(struct bytes pairs, size_t *offset, const char **name, const char **value)
{
    if (*offset >= pairs.size)
        return false;
    *name = pairs.at + *offset;
    *value = *name + strlen(*name) + 1;
    *offset = (size_t)(*value - pairs.at) + strlen(*value) + 1;
    return true;
}

/* Headers. */

/* One letter for each system header; user metadata is kept by its name, which has no dot in front. */
static const char *const stored_names[METADATA_HEADERS] = {".c", ".d", ".e", ".l", ".t", ".x", ".r"};

/* "gzip,aws-chunked" -> "gzip"; NULL when nothing is left. */
static const char *without_chunked(struct arena *arena, const char *encoding)
{
    struct buffer buffer;

    if (strcasestr(encoding, "aws-chunked") == NULL)
        return encoding;
    buffer_init(&buffer, PAIRS_LIMIT);
    for (const char *at = encoding; *at != '\0';) {
        at += strspn(at, ", \t");
        size_t length = strcspn(at, ",");
        size_t word = length;
        while (word > 0 && (at[word - 1] == ' ' || at[word - 1] == '\t'))
            word--;
        if (word > 0 && !(word == strlen("aws-chunked") && strncasecmp(at, "aws-chunked", word) == 0)) {
            if (buffer.size > 0)
                buffer_char(&buffer, ',');
            buffer_add(&buffer, at, word);
        }
        at += length;
    }
    struct bytes left = buffer_detach(&buffer, arena);
    return left.size > 0 ? arena_copy(arena, left.at, left.size) : NULL;
}

static const char *header_text(struct call *call, const struct value *value, enum metadata_header header)
{
    if (value == NULL)
        return NULL;
    if (value->kind == VALUE_TIME)
        return date_rfc1123(call->arena, value->integer);
    if (value->kind != VALUE_TEXT)
        return NULL;
    return header == METADATA_ENCODING ? without_chunked(call->arena, value->text) : value->text;
}

static const char *lower(struct arena *arena, const char *text)
{
    char *copy = arena_text(arena, text);
    for (char *at = copy; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    return copy;
}

enum outcome metadata_read(struct call *call, const struct metadata_members *members, struct bytes *metadata)
{
    struct buffer buffer;
    size_t user_size = 0;

    *metadata = (struct bytes){NULL, 0};
    buffer_init(&buffer, PAIRS_LIMIT);
    for (enum metadata_header header = 0; header < METADATA_HEADERS; header++) {
        if (members->headers[header] == NO_MEMBER)
            continue;
        const char *text = header_text(call, input_at(call, members->headers[header]), header);
        if (text != NULL)
            add_pair(&buffer, stored_names[header], text);
    }
    const struct value *user = input_at(call, members->user);
    for (uint32_t i = 0; value_is(user, VALUE_MAP) && i < user->size; i++) {
        const struct value *name = &user->items[2 * i], *value = &user->items[2 * i + 1];
        user_size += name->size + value->size;
        add_pair(&buffer, lower(call->arena, name->text), value->text);
    }
    struct bytes bytes = buffer_detach(&buffer, call->arena);
    if (user_size > METADATA_LIMIT) {
        fail_field(call, "Size", arena_print(call->arena, "%zu", user_size));
        fail_field(call, "MaxSizeAllowed", arena_print(call->arena, "%d", METADATA_LIMIT));
        return fail(call, &s3_metadata_too_large, "Your metadata headers exceed the maximum allowed metadata size");
    }
    if (bytes.size > 0)
        *metadata = bytes;
    return ANSWERED;
}

struct bytes metadata_copy(struct arena *arena, struct bytes metadata, const char *redirect)
{
    struct buffer buffer;
    const char *name, *value;

    buffer_init(&buffer, PAIRS_LIMIT);
    for (size_t offset = 0; next_pair(metadata, &offset, &name, &value);)
        if (!text_equal(name, stored_names[METADATA_REDIRECT]))
            add_pair(&buffer, name, value);
    if (redirect != NULL)
        add_pair(&buffer, stored_names[METADATA_REDIRECT], redirect);
    return buffer_detach(&buffer, arena);
}

/* What is not ASCII comes back as RFC 2047 text. */
static const char *readable(struct arena *arena, const char *value)
{
    const char *at = value;
    while (*at != '\0' && (unsigned char)*at < 0x80)
        at++;
    if (*at == '\0')
        return value;
    struct buffer buffer;
    buffer_init(&buffer, PAIRS_LIMIT);
    buffer_text(&buffer, "=?UTF-8?Q?");
    for (at = value; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == ' ')
            buffer_char(&buffer, '_');
        else if (byte > ' ' && byte < 0x7F && strchr("=?_", byte) == NULL)
            buffer_char(&buffer, *at);
        else
            buffer_print(&buffer, "=%02X", byte);
    }
    buffer_text(&buffer, "?=");
    struct bytes bytes = buffer_detach(&buffer, arena);
    return arena_copy(arena, bytes.at, bytes.size);
}

void metadata_output(struct call *call, const struct metadata_members *members, struct bytes metadata)
{
    struct value user = value_map();
    const char *name, *value;
    size_t offset = 0;
    bool has_type = false;

    while (next_pair(metadata, &offset, &name, &value)) {
        if (*name != '.') {
            value_put(call->arena, &user, name, value_text(readable(call->arena, value)));
            continue;
        }
        enum metadata_header header = 0;
        while (header < METADATA_HEADERS && !text_equal(name, stored_names[header]))
            header++;
        if (header == METADATA_HEADERS || members->headers[header] == NO_MEMBER)
            continue;
        output_text(call, members->headers[header], value);
        has_type = has_type || header == METADATA_TYPE;
    }
    if (!has_type)
        output_text(call, members->headers[METADATA_TYPE], "binary/octet-stream");
    if (user.size > 0)
        output_set(call, members->user, user);
}

/* Tags. */

static enum outcome fail_tagging_header(struct call *call, const char *header)
{
    return fail_argument(
        call, "x-amz-tagging", header,
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.");
}

static bool is_tag_text(const char *text)
{
    size_t offset = 0;
    struct bytes bytes = bytes_of(text);
    while (offset < bytes.size) {
        uint32_t code = utf8_next(bytes, &offset);
        bool is_ascii_sign = code < 0x80 && strchr(" +-=._:/@", (int)code) != NULL && code != 0;
        bool is_alnum = (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
        if (!is_ascii_sign && !is_alnum && code < 0x80)
            return false;
    }
    return true;
}

static size_t characters(const char *text)
{
    size_t offset = 0, count = 0;
    struct bytes bytes = bytes_of(text);
    while (offset < bytes.size) {
        (void)utf8_next(bytes, &offset);
        count++;
    }
    return count;
}

static enum outcome check_tag(struct call *call, const char *key, const char *value)
{
    size_t length = characters(key);
    if (length == 0 || length > TAG_KEY || !is_tag_text(key)) {
        fail_field(call, "TagKey", key);
        return fail(call, &s3_invalid_tag, "The TagKey you have provided is invalid");
    }
    if (characters(value) > TAG_VALUE || !is_tag_text(value)) {
        fail_field(call, "TagKey", key);
        fail_field(call, "TagValue", value);
        return fail(call, &s3_invalid_tag, "The TagValue you have provided is invalid");
    }
    if (text_starts(key, "aws:")) {
        fail_field(call, "TagKey", key);
        return fail(call, &s3_invalid_tag, "System tags cannot be added/updated by requester");
    }
    return ANSWERED;
}

static bool has_key(struct bytes tags, const char *key)
{
    const char *name, *value;
    for (size_t offset = 0; next_pair(tags, &offset, &name, &value);)
        if (text_equal(name, key))
            return true;
    return false;
}

static enum outcome fail_too_many_tags(struct call *call, uint32_t most)
{
    return fail(call, &s3_bad_request, "%s tag%s cannot be greater than %u", most == OBJECT_TAGS ? "Object" : "Bucket",
                most == OBJECT_TAGS ? "s" : " count", most);
}

enum outcome tags_read_header(struct call *call, const char *header, struct bytes *tags)
{
    struct buffer buffer;
    enum outcome outcome = ANSWERED;
    size_t count = 0;

    *tags = (struct bytes){NULL, 0};
    if (header == NULL || *header == '\0')
        return ANSWERED;
    struct form_field *fields = form_parse(call->arena, bytes_of(header), true, &count);
    if (fields == NULL)
        return fail_tagging_header(call, header);
    if (count > OBJECT_TAGS)
        return fail_too_many_tags(call, OBJECT_TAGS);
    buffer_init(&buffer, PAIRS_LIMIT);
    for (size_t i = 0; i < count && outcome == ANSWERED; i++) {
        if (has_key(buffer_bytes(&buffer), fields[i].name) || strchr(fields[i].value, ',') != NULL)
            outcome = fail_tagging_header(call, header);
        else
            outcome = check_tag(call, fields[i].name, fields[i].value);
        add_pair(&buffer, fields[i].name, fields[i].value);
    }
    *tags = buffer_detach(&buffer, call->arena);
    return outcome;
}

enum outcome tags_read_most(struct call *call, const struct value *list, uint32_t most, struct bytes *tags)
{
    struct buffer buffer;
    enum outcome outcome = ANSWERED;

    *tags = (struct bytes){NULL, 0};
    if (!value_is(list, VALUE_LIST))
        return ANSWERED;
    if (list->size > most)
        return fail_too_many_tags(call, most);
    buffer_init(&buffer, PAIRS_LIMIT);
    for (uint32_t i = 0; i < list->size && outcome == ANSWERED; i++) {
        const char *key = at_text(&list->items[i], Tag_Key), *value = at_text(&list->items[i], Tag_Value);
        if (key == NULL || value == NULL) {
            outcome = fail_malformed_xml(call);
        } else if (has_key(buffer_bytes(&buffer), key)) {
            fail_field(call, "TagKey", key);
            outcome = fail(call, &s3_invalid_tag, "Cannot provide multiple Tags with the same key");
        } else {
            outcome = check_tag(call, key, value);
            add_pair(&buffer, key, value);
        }
    }
    *tags = buffer_detach(&buffer, call->arena);
    return outcome;
}

enum outcome tags_read_list(struct call *call, const struct value *list, struct bytes *tags)
{
    return tags_read_most(call, list, OBJECT_TAGS, tags);
}

int64_t tags_count(struct bytes tags)
{
    const char *name, *value;
    int64_t count = 0;
    for (size_t offset = 0; next_pair(tags, &offset, &name, &value);)
        count++;
    return count;
}

struct value tags_list(struct call *call, struct bytes tags)
{
    struct value list = value_list();
    const char *name, *value;

    for (size_t offset = 0; next_pair(tags, &offset, &name, &value);) {
        struct value tag = call_struct(call, SHAPE_Tag);
        set(&tag, Tag_Key, value_text(name));
        set(&tag, Tag_Value, value_text(value));
        value_push(call->arena, &list, tag);
    }
    return list;
}

/* Storage class, ACL, encryption. */

enum outcome storage_class_read(struct call *call, uint16_t member, const char **name)
{
    static const char *const classes[] = {"REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
                                          "DEEP_ARCHIVE",       "GLACIER_IR"};
    const char *text = input_text(call, member);

    *name = NULL;
    if (text == NULL || text_equal(text, "STANDARD"))
        return ANSWERED;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (text_equal(text, classes[i])) {
            *name = classes[i];
            return ANSWERED;
        }
    fail_field(call, "StorageClassRequested", text);
    return fail(call, &s3_invalid_storage_class, "The storage class you specified is not valid");
}

bool storage_class_is_archive(const char *name)
{
    return text_equal(name, "GLACIER") || text_equal(name, "DEEP_ARCHIVE");
}

enum outcome acl_read(struct call *call, int64_t bucket, uint16_t member)
{
    const char *acl = input_text(call, member);
    if (acl == NULL || text_equal(acl, "private") || text_equal(acl, "bucket-owner-full-control"))
        return ANSWERED;
    return acl_fail(call, bucket, "x-amz-acl");
}

enum outcome encryption_read(struct call *call, uint16_t member)
{
    const char *encryption = input_text(call, member);
    if (encryption == NULL || text_equal(encryption, "AES256"))
        return ANSWERED;
    fail_field(call, "Header", "x-amz-server-side-encryption");
    return fail(call, &s3_not_implemented,
                "A header you provided implies functionality that is not implemented: x-amz-server-side-encryption '%s' (only "
                "AES256 is)",
                encryption);
}
