/* GET /_aws/sqs/messages: messages without receiving them, as users of LocalStack know it. The answer is that of ReceiveMessage in any of its forms; no receive
 * count, time or visibility changes, and the receipt handle is good for nothing.
 *
 * `?QueueUrl=...`, or /_aws/sqs/messages/REGION/ACCOUNT/NAME; ShowInvisible=true adds what is in flight (or behind something in flight in its group), ShowDelayed=true
 * what is delayed, each with an attribute that tells (IsVisible, IsDelayed). At most BROWSE_MAX messages. */
#pragma once
#include "emulator/aws/service.h"

enum { BROWSE_MAX = 1000 };

bool browse_claim(struct exchange *exchange);
/* This ReceiveMessage came to that address. */
bool browse_is_meant(const struct call *call);
enum outcome browse(struct call *call);
