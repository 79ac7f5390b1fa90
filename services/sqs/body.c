#include "services/sqs/body.h"

#include "emulator/base/log.h"
#include "emulator/store/blob.h"

int64_t message_body_store(struct bytes body)
{
    if (body.size <= BLOB_INLINE)
        return 0;
    struct blob_writer *writer = blob_write_start();
    (void)blob_write(writer, body.at, body.size); /* its error is sticky: the end tells it */
    return blob_write_end(writer);
}

struct bytes message_body(struct arena *arena, struct bytes column, int64_t blob)
{
    struct blob_reader *reader = blob == 0 ? NULL : blob_open(blob);

    if (reader == NULL)
        return column;
    size_t size = (size_t)blob_size(reader), done = 0;
    char *text = arena_alloc(arena, size + 1);
    while (done < size) {
        ssize_t got = blob_read(reader, (int64_t)done, text + done, size - done);

        if (got <= 0) {
            log_error("sqs: the body of a message cannot be read back");
            break;
        }
        done += (size_t)got;
    }
    blob_close(reader);
    return (struct bytes){text, done};
}
