/* Where the code of a function can be fetched: GetFunction's Code.Location, a URL on this server that any HTTP client can read. */
#pragma once
#include "services/lambda/configuration.h"

const char *code_location(struct call *call, const struct configuration *configuration);
bool code_location_claim(struct exchange *exchange); /* true: the exchange is for such a URL */
