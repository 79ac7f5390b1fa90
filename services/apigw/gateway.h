/* The data plane: requests to {id}.execute-api.HOST and to /_aws/execute-api/{id}/..., given to Lambda and answered. */
#pragma once
#include "emulator/http/message.h"

bool gateway_claim(struct exchange *exchange);
void gateway_drop(void); /* at reset and stop: requests that wait are forgotten; who dropped their calls has answered them */
