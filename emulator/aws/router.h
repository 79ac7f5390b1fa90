/* Which service is this request for? One port, all services; in the order of DESIGN.md: data-plane hosts, control prefixes, credential scope, X-Amz-Target,
 * service host, path, Action, S3. */
#pragma once
#include "emulator/http/message.h"

/* The server's on_request. */
void router_request(struct exchange *exchange);
/* Control gets the paths under these prefixes on any host that is no data plane: /_lowcloud, /_localstack, /_aws. */
void router_control(void (*control)(struct exchange *exchange));

/* The host without port, in lower case, in the arena; and what is left of it before a known base host
 * (localhost, localhost.localstack.cloud, amazonaws.com, an IP address): "sqs.us-east-1" of sqs.us-east-1.localhost:4566, "" of localhost. NULL: an unknown host. */
const char *host_labels(struct exchange *exchange);
