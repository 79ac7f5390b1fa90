/* GET /_lowcloud/journal?after=SEQ: JSON lines. */
#include "emulator/aws/journal.h"
#include "emulator/base/buffer.h"
#include "emulator/base/json.h"
#include "emulator/control/control.h"

enum { MOST = 10000, BYTES = 64 * 1024 * 1024 };

void journal_get(struct exchange *exchange)
{
    const char *text = control_parameter(exchange, "after"), *limit = control_parameter(exchange, "limit");
    int64_t after = 0, most = MOST;
    struct value list;
    struct buffer lines;

    if ((text != NULL && (!text_integer(text, &after) || after < 0)) || (limit != NULL && (!text_integer(limit, &most) || most < 1))) {
        control_fail(exchange, 400, "after is the number of a record, limit a count from 1");
        return;
    }
    if (journal_read(exchange->arena, (uint64_t)after, (size_t)most, &list) != 0) {
        control_fail(exchange, 410, "The journal's ring has passed that record; read from its tail by leaving 'after' out, or read more often");
        return;
    }
    buffer_init(&lines, BYTES);
    for (uint32_t i = 0; i < list.size; i++) {
        json_write(&lines, &list.items[i]);
        buffer_char(&lines, '\n');
    }
    exchange_set_header(exchange, "Content-Type", "application/x-ndjson");
    exchange_answer(exchange, buffer_detach(&lines, exchange->arena));
}
