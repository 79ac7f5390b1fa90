#include "services/s3/body_digest.h"

#include "emulator/base/encoding.h"
#include "emulator/loop/loop.h"
#include "services/s3/body.h"

enum { SLICE = 512 * 1024, PIECE = 64 * 1024 };

struct body_digest_work {
    struct task slice;
    struct call *call;
    struct body_reader *reader;
    int64_t offset, length;
    struct digest *md5, *checksum;
    char *piece;
    enum outcome (*run)(struct call *call);
    TAILQ_ENTRY(body_digest_work) all;
};
static TAILQ_HEAD(, body_digest_work) all = TAILQ_HEAD_INITIALIZER(all);

static void stop(struct body_digest_work *work)
{
    if (work->call == NULL)
        return;
    work->call = NULL;
    loop_slice_cancel(&work->slice);
    TAILQ_REMOVE(&all, work, all);
}

static void release(void *object)
{
    struct body_digest_work *work = object;
    stop(work);
    digest_free(work->md5);
    digest_free(work->checksum);
}

static void gone(struct call *call)
{
    struct body_digest *digest = call->context;
    stop(digest->work);
}

void body_digest_reset(void)
{
    while (!TAILQ_EMPTY(&all))
        stop(TAILQ_FIRST(&all));
}

static void end(struct body_digest_work *work, bool failed)
{
    struct call *call = work->call;
    struct body_digest *digest = call->context;
    unsigned char out[DIGEST_MAX];
    size_t size = digest_end(work->md5, out);

    digest->failed = failed;
    digest->md5 = hex_encode(call->arena, (struct bytes){(const char *)out, size});
    if (work->checksum != NULL) {
        size = digest_end(work->checksum, out);
        digest->checksum = base64_encode(call->arena, (struct bytes){(const char *)out, size});
    }
    stop(work);
    call_wake(call, work->run);
}

static void run_slice(struct task *task)
{
    struct body_digest_work *work = (struct body_digest_work *)(void *)task; /* its first member */
    int64_t until = work->offset + SLICE < work->length ? work->offset + SLICE : work->length;

    loop_doing("digest of a copy");
    while (work->offset < until) {
        int64_t left = until - work->offset;
        ssize_t size = body_read(work->reader, work->offset, work->piece, left < PIECE ? (size_t)left : PIECE);
        if (size <= 0) {
            end(work, true);
            return;
        }
        digest_add(work->md5, work->piece, (size_t)size);
        if (work->checksum != NULL)
            digest_add(work->checksum, work->piece, (size_t)size);
        work->offset += size;
    }
    if (work->offset < work->length)
        loop_slice(&work->slice);
    else
        end(work, false);
}

enum outcome body_digest_wait(struct call *call, struct body_digest *digest, int64_t body, int64_t first, int64_t length,
                              enum checksum_kind kind, enum outcome (*run)(struct call *call))
{
    struct body_digest_work *work = arena_alloc(call->arena, sizeof *work);

    *work = (struct body_digest_work){.slice = {.run = run_slice}, .call = call, .length = length, .run = run};
    work->reader = body_open(call->arena, body, first, length);
    work->piece = arena_alloc(call->arena, PIECE);
    work->md5 = digest_new(DIGEST_MD5);
    if (kind != CHECKSUM_NONE)
        work->checksum = digest_new(checksum_digest(kind));
    TAILQ_INSERT_TAIL(&all, work, all);
    arena_defer(call->arena, release, work);
    *digest = (struct body_digest){.of = digest->of, .work = work};
    call->context = digest;
    loop_slice(&work->slice);
    return park(call, -1, NULL, gone);
}
