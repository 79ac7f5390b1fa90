#include "services/sqs/sender.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/base/digest.h"

enum { LETTERS = 17, KEY_MAX = 512 };

/* AIDA (a user) or AROA (a role), then 17 letters of base 32; a role's session name follows after a colon. */
static char *derive(struct arena *arena, const char *principal)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const char *role = strstr(principal, ":assumed-role/");
    const char *session = role == NULL ? NULL : strrchr(principal, '/');
    size_t size = session == NULL ? strlen(principal) : (size_t)(session - principal);
    unsigned char hash[DIGEST_MAX];
    char letters[LETTERS + 1] = {0};

    (void)digest_once(DIGEST_SHA256, (struct bytes){principal, size}, hash);
    for (size_t i = 0; i < LETTERS; i++)
        letters[i] = alphabet[hash[i] % 32];
    return session == NULL ? arena_print(arena, "AIDA%s", letters) : arena_print(arena, "AROA%s:%s", letters, session + 1);
}

/* One principal sends most of the messages: the last answer is kept. It depends on nothing but the principal. */
const char *sender_id(struct call *call)
{
    static char last[KEY_MAX], answer[KEY_MAX];
    const char *principal = call->principal;

    if (principal == NULL || principal[0] == '\0')
        principal = call->account;
    if (text_equal(principal, last))
        return arena_text(call->arena, answer);
    char *id = derive(call->arena, principal);
    if (strlen(principal) < KEY_MAX && strlen(id) < KEY_MAX) {
        memcpy(last, principal, strlen(principal) + 1);
        memcpy(answer, id, strlen(id) + 1);
    }
    return id;
}
