#include "services/lambda/reload.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/base/text.h"

enum { DEPTH = 16 };

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash ^= value + UINT64_C(0x9e3779b97f4a7c15) + (hash << 6) + (hash >> 2);
    return hash;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

static bool is_looked_into(const char *name)
{
    return name[0] != '.' && !text_equal(name, "node_modules") && !text_equal(name, "__pycache__") &&
           !text_equal(name, "site-packages");
}

/* The sum over the entries does not depend on their order. */
static uint64_t mark(int folder, int depth, int *left)
{
    uint64_t sum = 0;
    DIR *directory = fdopendir(folder);
    struct dirent *entry;

    if (directory == NULL) {
        (void)close(folder);
        return 0;
    }
    while (*left > 0 && (entry = readdir(directory)) != NULL) {
        struct stat state;

        if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, "..") || text_equal(entry->d_name, "__pycache__"))
            continue;
        if (fstatat(dirfd(directory), entry->d_name, &state, 0) != 0)
            continue;
        (*left)--;
        uint64_t hash = mix_text(14695981039346656037ULL, entry->d_name);
        if (S_ISDIR(state.st_mode)) {
            int inner = depth < DEPTH && is_looked_into(entry->d_name)
                            ? openat(dirfd(directory), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                            : -1;
            if (inner >= 0)
                hash = mix(hash, mark(inner, depth + 1, left));
        } else {
            hash = mix(hash, (uint64_t)state.st_mtim.tv_sec);
            hash = mix(hash, (uint64_t)state.st_mtim.tv_nsec);
            hash = mix(hash, (uint64_t)state.st_size);
            hash = mix(hash, (uint64_t)state.st_ino);
        }
        sum += hash;
    }
    (void)closedir(directory);
    return sum;
}

uint64_t reload_mark(const char *directory)
{
    int left = RELOAD_ENTRIES;
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return folder < 0 ? 0 : mark(folder, 0, &left);
}
