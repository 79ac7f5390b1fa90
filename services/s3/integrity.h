/* Bodies that are taken in memory (XML documents): compared with Content-MD5 and x-amz-checksum-*, of which the client may send any. */
#pragma once
#include "emulator/aws/call.h"

enum outcome integrity_check(struct call *call); /* ANSWERED: go on */
