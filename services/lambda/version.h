/* Publishing: a version is a copy of $LATEST that keeps its code and configuration. */
#pragma once
#include "services/lambda/configuration.h"

/* The version made from $LATEST, or the last one when nothing has changed since. *published is loaded into the call's arena. */
void version_publish(struct call *call, const struct configuration *latest, const char *description,
                     struct configuration *published);
