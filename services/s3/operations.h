/* The operations of S3, by file; s3.c lists them. Each reads its input, fills its output and ends as operations do (emulator/aws/call.h). */
#pragma once
#include "emulator/aws/call.h"

/* bucket.c */
enum outcome create_bucket(struct call *call);
enum outcome head_bucket(struct call *call);
enum outcome list_buckets(struct call *call);
enum outcome delete_bucket(struct call *call);

/* bucket_answers.c */
enum outcome get_bucket_location(struct call *call);
enum outcome get_bucket_versioning(struct call *call);
enum outcome put_bucket_versioning(struct call *call);
enum outcome get_object_lock_configuration(struct call *call);
enum outcome get_bucket_acl(struct call *call);
enum outcome get_object_acl(struct call *call);

/* object_write.c */
enum outcome put_object_begin(struct call *call);
enum outcome put_object(struct call *call);

/* object_read.c */
enum outcome get_object(struct call *call);
enum outcome head_object(struct call *call);

/* attributes.c */
enum outcome get_object_attributes(struct call *call);

/* delete.c */
enum outcome delete_object(struct call *call);
enum outcome delete_objects(struct call *call);

/* copy.c */
enum outcome copy_object(struct call *call);
enum outcome upload_part_copy(struct call *call);

/* list_versions.c */
enum outcome list_object_versions(struct call *call);

/* list.c */
enum outcome list_objects(struct call *call);
enum outcome list_objects_v2(struct call *call);

/* multipart.c */
enum outcome create_multipart_upload(struct call *call);
enum outcome upload_part_begin(struct call *call);
enum outcome upload_part(struct call *call);
enum outcome abort_multipart_upload(struct call *call);

/* complete.c */
enum outcome complete_multipart_upload(struct call *call);

/* list_uploads.c */
enum outcome list_parts(struct call *call);
enum outcome list_multipart_uploads(struct call *call);

/* tagging.c */
enum outcome put_object_tagging(struct call *call);
enum outcome get_object_tagging(struct call *call);
enum outcome delete_object_tagging(struct call *call);

/* notification.c */
enum outcome put_bucket_notification_configuration(struct call *call);
enum outcome get_bucket_notification_configuration(struct call *call);

/* configuration.c: every kind in its table */
enum outcome put_configuration(struct call *call);
enum outcome get_configuration(struct call *call);
enum outcome delete_configuration(struct call *call);
enum outcome list_configurations(struct call *call);

/* acl.c */
enum outcome put_bucket_acl(struct call *call);
enum outcome put_object_acl(struct call *call);

/* policy.c */
enum outcome get_bucket_policy_status(struct call *call);

/* cors.c */
enum outcome preflight(struct call *call);
