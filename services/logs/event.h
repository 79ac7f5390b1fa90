/* Log events. They are kept in order of (timestamp, id); the id is the order of arrival, and never used again. */
#pragma once
#include "services/logs/stream.h"

/* What is kept: the oldest events of a stream, or of a group, go when it is passed. */
enum { STREAM_EVENTS = 10000, STREAM_BYTES = 8 * 1024 * 1024, GROUP_BYTES = 64 * 1024 * 1024 };
/* AWS's limits for PutLogEvents and for an answer; each event counts 26 bytes beside its message. */
enum { EVENT_OVERHEAD = 26, BATCH_BYTES = 1048576, PAGE_EVENTS = 10000, PAGE_BYTES = 1048576 };

enum outcome put_log_events(struct call *call);
enum outcome get_log_events(struct call *call);
enum outcome filter_log_events(struct call *call);
