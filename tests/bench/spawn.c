/* A bare posix_spawn of a static program, until it has ended: microseconds, the median of COUNT. Usage: spawn COUNT PROGRAM. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

static double now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    return *(const double *)a < *(const double *)b ? -1 : 1;
}

int main(int count, char **words)
{
    int rounds = count > 2 ? (int)strtol(words[1], NULL, 10) : 0;
    double *took = calloc((size_t)rounds + 1, sizeof *took);

    for (int i = 0; i < rounds; i++) {
        pid_t pid;
        int status;
        double began = now_us();

        if (posix_spawn(&pid, words[2], NULL, NULL, words + 2, NULL) != 0)
            return 1;
        (void)waitpid(pid, &status, 0);
        took[i] = now_us() - began;
    }
    qsort(took, (size_t)rounds, sizeof *took, compare);
    (void)printf("%.1f\n", rounds > 0 ? took[rounds / 2] : 0.0);
    free(took);
    return rounds > 0 ? 0 : 2;
}
