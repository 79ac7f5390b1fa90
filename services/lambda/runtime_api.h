/* The Runtime API, and what of the Extensions and Telemetry APIs an emulator answers: known by the local address of an environment and the path. */
#pragma once
#include "emulator/http/message.h"

/* True: it is ours, or comes from an environment that is no more, and is dealt with. */
bool runtime_api_claim(struct exchange *exchange);
