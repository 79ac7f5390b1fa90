/* SenderId: what AWS gives as the id of the user or role that sent a message. Derived from the principal, so that it is the same in every run. */
#pragma once
#include "emulator/aws/call.h"

const char *sender_id(struct call *call);
