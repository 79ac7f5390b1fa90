/* Presigned URLs: form and expiry. The signature itself is not verified yet. */
#pragma once
#include "emulator/aws/call.h"

/* ANSWERED for requests that are not presigned, and for good ones, whose x-amz-* query parameters have become input as the headers of that name
 * would; fails on missing parameters, on expiry, and on parameters that stand for what is not emulated. */
enum outcome presign_check(struct call *call);
