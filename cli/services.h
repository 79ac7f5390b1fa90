/* The array of all services; ends with NULL. */
#pragma once
#include "emulator/aws/service.h"

extern const struct service *const all_services[];
