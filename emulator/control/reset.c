/* POST /_lowcloud/reset: everything as after the start. Returns when it is true; reaping what was killed follows. */
#include "emulator/aws/delivery.h"
#include "emulator/base/id.h"
#include "emulator/control/control.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"

void reset_post(struct exchange *exchange)
{
    struct value body = value_map();

    call_drop_all(exchange);
    for (int i = 0; aws_services[i] != NULL; i++)
        if (aws_services[i]->reset != NULL)
            aws_services[i]->reset();
    delivery_stop();
    store_reset();
    clock_hold(false);
    clock_restore();
    clock_keep();
    id_seed(control_seed());
    aws_start();
    value_put(exchange->arena, &body, "reset", value_bool(true));
    control_answer(exchange, 200, &body);
}
