/* The operations of the control side, by file. Those of the execution side are in invoke.h. */
#pragma once
#include "emulator/aws/call.h"

/* function_create.c */
enum outcome lambda_create_function(struct call *call);
enum outcome lambda_delete_function(struct call *call);

/* function_read.c */
enum outcome lambda_get_function(struct call *call);
enum outcome lambda_get_function_configuration(struct call *call);
enum outcome lambda_list_functions(struct call *call);
enum outcome lambda_list_versions_by_function(struct call *call);
enum outcome lambda_list_aliases(struct call *call);
enum outcome lambda_get_function_code_signing_config(struct call *call);
enum outcome lambda_get_function_recursion_config(struct call *call);
enum outcome lambda_get_runtime_management_config(struct call *call);

/* function_update.c */
enum outcome lambda_update_function_code(struct call *call);
enum outcome lambda_update_function_configuration(struct call *call);

/* version.c */
enum outcome lambda_publish_version(struct call *call);

/* policy.c */
enum outcome lambda_add_permission(struct call *call);
enum outcome lambda_remove_permission(struct call *call);
enum outcome lambda_get_policy(struct call *call);

/* tag.c */
enum outcome lambda_tag_resource(struct call *call);
enum outcome lambda_untag_resource(struct call *call);
enum outcome lambda_list_tags(struct call *call);

/* account.c */
enum outcome lambda_get_account_settings(struct call *call);

/* reserved.c */
enum outcome lambda_put_function_concurrency(struct call *call);
enum outcome lambda_get_function_concurrency(struct call *call);
enum outcome lambda_delete_function_concurrency(struct call *call);

/* mapping_operations.c */
enum outcome lambda_create_event_source_mapping(struct call *call);
enum outcome lambda_get_event_source_mapping(struct call *call);
enum outcome lambda_list_event_source_mappings(struct call *call);
enum outcome lambda_update_event_source_mapping(struct call *call);
enum outcome lambda_delete_event_source_mapping(struct call *call);
