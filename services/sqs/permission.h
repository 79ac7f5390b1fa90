/* AddPermission and RemovePermission: statements of the queue's policy. Policies are kept, not enforced. */
#pragma once
#include "emulator/aws/call.h"

enum outcome add_permission(struct call *call);
enum outcome remove_permission(struct call *call);
