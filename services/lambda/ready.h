/* Waiting until the code of a function is unpacked; function_when_ready() and function_wait() of function.h stand on this. */
#pragma once

void ready_wake(void);  /* rows have changed: looks at all who wait, at the end of this turn */
void ready_reset(void); /* forgets them; the calls are gone already */
