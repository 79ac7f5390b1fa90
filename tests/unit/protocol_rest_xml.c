/* REST-XML with S3. Sources: facts/services.md 2.1, 2.2, 2.3 and appendix A. */
#include "tests/unit/protocol_stub.h"

#include "services/s3/s3_model.h"

static const struct aws_error not_implemented = {"NotImplemented", 501, NULL, false};
static struct service s3 = {.name = "s3", .not_implemented = &not_implemented};

#define XMLNS " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static void routes(void **state)
{
    static const struct {
        const char *method, *target, *headers;
        int operation;
    } rows[] = {
        {"GET", "/", "", OP_ListBuckets},
        {"GET", "/?x-id=ListBuckets&max-buckets=2", "", OP_ListBuckets},
        {"GET", "/b", "", OP_ListObjects},
        {"GET", "/b/", "", OP_ListObjects},
        {"GET", "/b?list-type=2&prefix=a", "", OP_ListObjectsV2},
        {"GET", "/b/?list-type=2", "", OP_ListObjectsV2},
        {"HEAD", "/b", "", OP_HeadBucket},
        {"PUT", "/b", "", OP_CreateBucket},
        {"PUT", "/b/", "", OP_CreateBucket},
        {"DELETE", "/b", "", OP_DeleteBucket},
        {"GET", "/b?location", "", OP_GetBucketLocation},
        {"GET", "/b?location=", "", OP_GetBucketLocation},
        {"GET", "/b?lifecycle", "", OP_GetBucketLifecycleConfiguration},
        {"PUT", "/b?notification", "", OP_PutBucketNotificationConfiguration},
        {"PUT", "/b?requestPayment", "", OP_PutBucketRequestPayment},
        {"DELETE", "/b?replication", "", OP_DeleteBucketReplication},
        {"GET", "/b?inventory", "", OP_ListBucketInventoryConfigurations},
        {"GET", "/b?inventory&id=i", "", OP_GetBucketInventoryConfiguration},
        {"DELETE", "/b?inventory", "", OP_DeleteBucketInventoryConfiguration},
        {"POST", "/b?delete", "", OP_DeleteObjects},
        {"GET", "/b?versions", "", OP_ListObjectVersions},
        {"GET", "/b?uploads", "", OP_ListMultipartUploads},
        {"GET", "/b/k", "", OP_GetObject},
        {"GET", "/b/k?x-id=GetObject", "", OP_GetObject},
        {"GET", "/b/k?versionId=1&partNumber=1", "", OP_GetObject},
        {"GET", "/b/k?uploadId=u", "", OP_ListParts},
        {"GET", "/b/k?attributes", "x-amz-object-attributes: ETag\n", OP_GetObjectAttributes},
        {"GET", "/b/k?attributes", "", OP_GetObjectAttributes},
        {"PUT", "/b/k", "", OP_PutObject},
        {"PUT", "/b//", "", OP_PutObject},
        {"PUT", "/b/a//b/", "", OP_PutObject},
        {"PUT", "/b/k?UploadId=u&PartNumber=1", "", OP_PutObject},
        {"PUT", "/b/k", "x-amz-copy-source: /a/b\n", OP_CopyObject},
        {"PUT", "/b/k?partNumber=1&uploadId=u", "", OP_UploadPart},
        {"PUT", "/b/k?partNumber=1&uploadId=u", "x-amz-copy-source: /a/b\n", OP_UploadPartCopy},
        {"PUT", "/b/k?tagging", "", OP_PutObjectTagging},
        {"POST", "/b/k?uploads", "", OP_CreateMultipartUpload},
        {"POST", "/b/k?uploadId=u", "", OP_CompleteMultipartUpload},
        {"POST", "/b/k?select&select-type=2", "", OP_SelectObjectContent},
        {"DELETE", "/b/k?uploadId=u", "", OP_AbortMultipartUpload},
        {"DELETE", "/b/k?versionId=v", "", OP_DeleteObject},
        {"DELETE", "/b/k", "", OP_DeleteObject},
        {"HEAD", "/b/k", "", OP_HeadObject},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call *call = request(&s3, rows[i].method, rows[i].target, rows[i].headers);
        if (!protocol_find(call, call->exchange->path) || call->operation != rows[i].operation)
            print_error("%s %s: %s\n", rows[i].method, rows[i].target,
                        call->error != NULL ? call->error_message : "another operation");
        assert_null(call->error);
        assert_int_equal(call->operation, rows[i].operation);
        end(call);
    }
}

static void never_falls_through(void **state)
{
    static const struct {
        const char *method, *target;
        int status;
        const char *code;
    } rows[] = {
        {"DELETE", "/b?acl", 405, "MethodNotAllowed"},
        {"PUT", "/b/k?uploadId=u", 400, "InvalidArgument"},
        {"PUT", "/b/k?partNumber=1", 400, "InvalidArgument"},
        {"GET", "/b/k?versioning", 501, "NotImplemented"},
        {"PUT", "/b/k?torrent", 405, "MethodNotAllowed"},
        {"GET", "/b?acl&policy", 400, "InvalidArgument"},
        {"POST", "/b/k", 405, "MethodNotAllowed"},
        {"PATCH", "/b", 405, "MethodNotAllowed"},
        {"DELETE", "/b/k?replication", 501, "NotImplemented"},
        {"GET", "/b?list-type=3", 400, "InvalidArgument"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call *call = request(&s3, rows[i].method, rows[i].target, "");
        assert_refused(call, "", rows[i].status, rows[i].code, NULL);
        end(call);
    }
    struct call *call = request(&s3, "GET", "/b?acl&policy", "");
    assert_refused(call, "", 400, "InvalidArgument", "Conflicting query string parameters: acl, policy");
    assert_non_null(strstr(answered.body, "<ArgumentName>ResourceType</ArgumentName><ArgumentValue>acl</ArgumentValue>"));
    end(call);
}

static void keys(void **state)
{
    static const struct {
        const char *target, *key;
    } rows[] = {
        {"/b/a%20b+c", "a b+c"}, {"/b/a%2Fb", "a/b"},     {"/b//", "/"},           {"/b/%2F", "/"},
        {"/b/a//b/", "a//b/"},   {"/b/a/../b", "a/../b"}, {"/b/%25%32%30", "%20"}, {"/b/%C3%A9", "\u00e9"},
    };
    static const char *const bad[] = {"/b/%ff", "/b/%00", "/b/../x", "/b/a/../../x", "/b/%zz"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call *call = request(&s3, "GET", rows[i].target, "");
        assert_true(accepted(call, ""));
        assert_string_equal(text_at(&call->input, GetObjectRequest_Bucket), "b");
        assert_string_equal(text_at(&call->input, GetObjectRequest_Key), rows[i].key);
        end(call);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct call *call = request(&s3, "GET", bad[i], "");
        assert_refused(call, "", 400, "InvalidURI", "Couldn't parse the specified URI.");
        end(call);
    }
}

static void headers_and_query(void **state)
{
    struct call *call = request(&s3, "PUT", "/b/k?x-id=PutObject",
                                "Content-Type: text/plain\nContent-Length: 3\nX-Amz-Meta-Color: r\xe9\x64\nx-amz-meta-Two: "
                                "1\nx-amz-tagging: \nIf-None-Match: *\n");
    (void)state;
    assert_true(accepted(call, "abc"));
    assert_string_equal(text_at(&call->input, PutObjectRequest_ContentType), "text/plain");
    assert_int_equal(slot(&call->input, PutObjectRequest_ContentLength)->integer, 3);
    assert_string_equal(value_find_text(slot(&call->input, PutObjectRequest_Metadata), "color"), "r\u00e9\x64");
    assert_string_equal(value_find_text(slot(&call->input, PutObjectRequest_Metadata), "two"), "1");
    assert_string_equal(text_at(&call->input, PutObjectRequest_Tagging), "");
    assert_string_equal(slot(&call->input, PutObjectRequest_Body)->text, "abc");
    end(call);
    call = request(&s3, "GET", "/b?list-type=2&prefix=a+b&delimiter=&max-keys=0",
                   "x-amz-optional-object-attributes: RestoreStatus , RestoreStatus\n");
    assert_true(accepted(call, ""));
    assert_string_equal(text_at(&call->input, ListObjectsV2Request_Prefix), "a b");
    assert_string_equal(text_at(&call->input, ListObjectsV2Request_Delimiter), "");
    assert_int_equal(slot(&call->input, ListObjectsV2Request_MaxKeys)->integer, 0);
    assert_int_equal(slot(&call->input, ListObjectsV2Request_OptionalObjectAttributes)->size, 2);
    end(call);
    call = request(&s3, "GET", "/b?max-keys=many", "");
    assert_refused(call, "", 400, "InvalidArgument", "Provided max-keys not an integer or within integer range");
    assert_non_null(
        strstr(answered.body,
               "<Error><Code>InvalidArgument</Code><Message>Provided max-keys not an integer or within integer range</Message>"
               "<ArgumentName>max-keys</ArgumentName><ArgumentValue>many</ArgumentValue><RequestId>0A1B2C3D4E5F6071</RequestId>"));
    assert_string_equal(answer_header("x-amz-request-id"), "0A1B2C3D4E5F6071");
    assert_string_equal(answer_header("Server"), "AmazonS3");
    assert_non_null(strstr(answered.body, answer_header("x-amz-id-2")));
    assert_string_equal(answer_header("Content-Type"), "application/xml");
    end(call);
    call = request(&s3, "GET", "/b?max-keys=", "");
    assert_refused(call, "", 400, "InvalidArgument", NULL);
    end(call);
    call = request(&s3, "GET", "/b/k", "If-Modified-Since: yesterday\nRange: bytes=0-1\n");
    assert_true(accepted(call, ""));
    assert_int_equal(slot(&call->input, GetObjectRequest_IfModifiedSince)->kind, VALUE_ABSENT);
    end(call);
    call = request(&s3, "GET", "/b/k", "If-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT\n");
    assert_true(accepted(call, ""));
    assert_int_equal(slot(&call->input, GetObjectRequest_IfModifiedSince)->kind, VALUE_TIME);
    end(call);
    call = request(&s3, "PUT", "/b/k", "x-amz-storage-class: COLD\n");
    assert_refused(call, "", 400, "InvalidStorageClass", NULL);
    end(call);
}

static void bodies(void **state)
{
    static const char tags[] =
        "\xef\xbb\xbf\n<a:Tagging xmlns:a=\"http://s3.amazonaws.com/doc/2006-03-01/\"><a:TagSet><a:Tag><a:Key>k</a:Key><a:Value> v "
        "</a:Value>"
        "</a:Tag></a:TagSet></a:Tagging>";
    struct call *call = request(&s3, "PUT", "/b?tagging", "");
    (void)state;
    assert_true(accepted(call, tags));
    const struct value *set = slot(slot(&call->input, PutBucketTaggingRequest_Tagging), Tagging_TagSet);
    assert_int_equal(set->size, 1);
    assert_string_equal(text_at(&set->items[0], Tag_Value), " v ");
    end(call);
    static const char *const bad[] = {"<Tagging>",
                                      "<Taggings><TagSet/></Taggings>",
                                      "<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>",
                                      "<Tagging><TagSet/><Other/></Tagging>",
                                      "<Tagging>text<TagSet/></Tagging>",
                                      "<Tagging><TagSet/><TagSet/></Tagging>",
                                      "{}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        call = request(&s3, "PUT", "/b?tagging", "");
        assert_false(accepted(call, bad[i]));
        protocol_error(call, 0, NULL);
        assert_int_equal(answered.status, 400);
        assert_non_null(strstr(answered.body, "<Code>MalformedXML</Code>"));
        end(call);
    }
    call = request(&s3, "PUT", "/b?tagging", "");
    assert_refused(call, "", 400, "MissingRequestBodyError", "Request Body is empty");
    end(call);
    call = request(&s3, "PUT", "/b", "");
    assert_true(accepted(call, ""));
    assert_int_equal(slot(&call->input, CreateBucketRequest_CreateBucketConfiguration)->kind, VALUE_ABSENT);
    end(call);
    call = request(&s3, "PUT", "/b?acl", "");
    assert_true(accepted(
        call, "<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
              "xsi:type=\"CanonicalUser\"><ID>i</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></"
              "AccessControlPolicy>"));
    const struct value *grants = slot(slot(&call->input, PutBucketAclRequest_AccessControlPolicy), AccessControlPolicy_Grants);
    assert_string_equal(text_at(slot(&grants->items[0], Grant_Grantee), Grantee_Type), "CanonicalUser");
    end(call);
    call = request(&s3, "PUT", "/b?policy", "");
    assert_true(accepted(call, "{\"a\":1}"));
    assert_string_equal(text_at(&call->input, PutBucketPolicyRequest_Policy), "{\"a\":1}");
    end(call);
    call = request(&s3, "POST", "/b?delete", "");
    assert_true(accepted(call, "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>null</VersionId></"
                               "Object><Quiet>true</Quiet></Delete>"));
    const struct value *delete = slot(&call->input, DeleteObjectsRequest_Delete);
    assert_int_equal(slot(delete, Delete_Objects)->size, 2);
    assert_true(slot(delete, Delete_Quiet)->boolean);
    end(call);
}

static void answers(void **state)
{
    struct call *call = request(&s3, "GET", "/", "");
    (void)state;
    assert_true(accepted(call, ""));
    struct value owner = model_struct(s3.model, call->arena, SHAPE_Owner),
                 bucket = model_struct(s3.model, call->arena, SHAPE_Bucket), list = value_list();
    owner.items[Owner_ID] = value_text("o");
    bucket.items[Bucket_Name] = value_text("b");
    bucket.items[Bucket_CreationDate] = value_time(1000);
    value_push(call->arena, &list, bucket);
    put(call, ListBucketsOutput_Buckets, list);
    put(call, ListBucketsOutput_Owner, owner);
    protocol_answer(call, 0, NULL);
    assert_string_equal(
        answered.body,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListAllMyBucketsResult" XMLNS "><Owner><ID>o</ID></Owner><Buckets><Bucket>"
        "<Name>b</Name><CreationDate>1970-01-01T00:00:01.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>");
    end(call);

    call = request(&s3, "GET", "/b?location", "");
    assert_true(accepted(call, ""));
    protocol_answer(call, 0, NULL);
    assert_string_equal(answered.body,
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint" XMLNS "></LocationConstraint>");
    put(call, GetBucketLocationOutput_LocationConstraint, value_text("EU"));
    protocol_answer(call, 0, NULL);
    assert_non_null(strstr(answered.body, ">EU</LocationConstraint>"));
    end(call);

    call = request(&s3, "GET", "/b?list-type=2", "");
    assert_true(accepted(call, ""));
    struct value object = model_struct(s3.model, call->arena, SHAPE_Object), contents = value_list();
    object.items[Object_Key] = value_text("a<b");
    object.items[Object_Size] = value_integer(0);
    value_push(call->arena, &contents, object);
    value_push(call->arena, &contents, object);
    put(call, ListObjectsV2Output_Contents, contents);
    put(call, ListObjectsV2Output_Name, value_text("b"));
    put(call, ListObjectsV2Output_IsTruncated, value_bool(false));
    protocol_answer(call, 0, NULL);
    assert_non_null(strstr(answered.body, "<ListBucketResult" XMLNS
                                          "><Name>b</Name><IsTruncated>false</IsTruncated><Contents><Key>a&lt;b</Key><Size>0</Size>"
                                          "</Contents><Contents><Key>a&lt;b</Key><Size>0</Size></Contents></ListBucketResult>"));
    end(call);

    call = request(&s3, "PUT", "/b/k", "");
    assert_true(accepted(call, "x"));
    put(call, PutObjectOutput_ETag, value_text("\"e\""));
    protocol_answer(call, 0, NULL);
    assert_string_equal(answer_header("ETag"), "\"e\"");
    assert_null(answer_header("Content-Type"));
    assert_int_equal(answered.size, 0);
    end(call);

    call = request(&s3, "PUT", "/b/k", "x-amz-copy-source: a/b\n");
    assert_true(accepted(call, ""));
    struct value result = model_struct(s3.model, call->arena, SHAPE_CopyObjectResult);
    result.items[CopyObjectResult_ETag] = value_text("\"e\"");
    put(call, CopyObjectOutput_CopyObjectResult, result);
    protocol_answer(call, 0, NULL);
    assert_non_null(strstr(answered.body, "<CopyObjectResult" XMLNS "><ETag>&quot;e&quot;</ETag></CopyObjectResult>"));
    end(call);

    call = request(&s3, "GET", "/b?acl", "");
    assert_true(accepted(call, ""));
    struct value grantee = model_struct(s3.model, call->arena, SHAPE_Grantee),
                 grant = model_struct(s3.model, call->arena, SHAPE_Grant), grants = value_list();
    grantee.items[Grantee_Type] = value_text("CanonicalUser");
    grantee.items[Grantee_ID] = value_text("i");
    grant.items[Grant_Grantee] = grantee;
    value_push(call->arena, &grants, grant);
    put(call, GetBucketAclOutput_Grants, grants);
    protocol_answer(call, 0, NULL);
    assert_non_null(strstr(
        answered.body,
        "<AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">"
        "<ID>i</ID></Grantee></Grant></AccessControlList>"));
    end(call);
}

static void objects(void **state)
{
    struct call *call = request(&s3, "GET", "/b/k", "");
    struct value metadata = value_map();
    (void)state;
    assert_true(accepted(call, ""));
    value_put(call->arena, &metadata, "color", value_text("red\r\nx: y"));
    put(call, GetObjectOutput_ContentType, value_text("text/plain"));
    put(call, GetObjectOutput_ContentLength, value_integer(4));
    put(call, GetObjectOutput_LastModified, value_time(1767323045000));
    put(call, GetObjectOutput_Metadata, metadata);
    put(call, GetObjectOutput_DeleteMarker, value_bool(false));
    call->payload.bytes = bytes_of("data");
    protocol_answer(call, 206, NULL);
    assert_int_equal(answered.status, 206);
    assert_string_equal(answered.body, "data");
    assert_string_equal(answer_header("Content-Type"), "text/plain");
    assert_string_equal(answer_header("Last-Modified"), "Fri, 02 Jan 2026 03:04:05 GMT");
    assert_string_equal(answer_header("x-amz-meta-color"), "red  x: y");
    assert_string_equal(answer_header("x-amz-delete-marker"), "false");
    assert_null(answer_header("Content-Length"));
    end(call);

    call = request(&s3, "HEAD", "/b/k", "");
    assert_true(accepted(call, ""));
    put(call, HeadObjectOutput_ContentLength, value_integer(1234));
    protocol_answer(call, 0, NULL);
    assert_int_equal(answered.reader_size, 1234);
    end(call);

    static const struct aws_error missing = {"NoSuchKey", 404, NULL, false};
    call = request(&s3, "HEAD", "/b/k", "");
    assert_true(accepted(call, ""));
    fail(call, &missing, "The specified key does not exist.");
    protocol_error(call, 0, NULL);
    assert_int_equal(answered.status, 404);
    assert_int_equal(answered.size, 0);
    end(call);

    call = request(&s3, "DELETE", "/b/k", "");
    assert_true(accepted(call, ""));
    protocol_answer(call, 0, NULL);
    assert_int_equal(answered.status, 204);
    assert_null(answer_header("Content-Type"));
    end(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes),  cmocka_unit_test(never_falls_through),
        cmocka_unit_test(keys),    cmocka_unit_test(headers_and_query),
        cmocka_unit_test(bodies),  cmocka_unit_test(answers),
        cmocka_unit_test(objects),
    };
    s3.model = all_done(&s3_model);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
