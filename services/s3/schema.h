/* The tables of S3, one script for each migration. */
#pragma once

enum { S3_MIGRATIONS = 2 };
extern const char *const s3_schema[S3_MIGRATIONS];
