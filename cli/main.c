/* lowcloud: the commands, in one visible table. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "emulator/base/json.h"
#include "emulator/base/text.h"

#define ENDPOINT "  --endpoint URL   the running lowcloud (default: AWS_ENDPOINT_URL, else http://127.0.0.1:4566)\n"
#define PLACE "  --account ID, --region NAME   whose (default: 000000000000, us-east-1)\n"

static int version_command(int count, char **words);

static const struct command_row commands[] = {
    {"start", "start lowcloud and serve until it is stopped",
     "lowcloud start [options]\n"
     "  --port N             port (4566); 0 takes a free one\n"
     "  --host ADDR          listen on this address besides loopback; 0.0.0.0 for all\n"
     "  --data DIR           keep everything in DIR; without it everything is in memory\n"
     "  --clock MODE         real, frozen, frozen@2026-01-01T00:00:00Z, or a scale such as 60\n"
     "  --seed N             ids and drawn delays repeat from run to run\n"
     "  --cold-start MODE    real (default), model, or a duration such as 250ms\n"
     "  --init DIR           run the executables and *.sh of DIR, in order of name, before READY\n"
     "  --strict             refuse what is only recorded; AWS's 60-second rules\n"
     "  --max-environments N execution environments at a time (64)\n"
     "  --isolation LEVEL    namespace (default where the machine allows it) or guardian\n"
     "  --runner COMMAND     command prefix that starts handlers\n"
     "  --quiet, --verbose   less or more on stderr\n"
     "Each option is also read from the environment, as LOWCLOUD_PORT, LOWCLOUD_MAX_ENVIRONMENTS ...\n"
     "Prints one line on stdout when everything is usable: READY http://127.0.0.1:4566\n",
     start_command},
    {"run", "start an instance, run a command against it, stop it",
     "lowcloud run [options of start] -- COMMAND [WORDS]\n"
     "Starts an instance on a free port, exports AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID and\n"
     "AWS_SECRET_ACCESS_KEY, runs the command, stops everything, and exits as the command did.\n",
     run_command},
    {"wait", "wait until a lowcloud is ready",
     "lowcloud wait [--timeout 30s] [--endpoint URL]\nExit 0 when it is ready, 1 when the time is over.\n" ENDPOINT, wait_command},
    {"reset", "back to the state after the start", "lowcloud reset [--endpoint URL]\n" ENDPOINT, reset_command},
    {"clock", "show or move emulated time",
     "lowcloud clock [freeze | resume | next | advance 90s | advance-to 2026-01-01T00:00:00Z | scale 60]\n" ENDPOINT, clock_command},
    {"idle", "wait until nothing happens by itself any more",
     "lowcloud idle [--timeout 10s]\nExit 0 when idle, 1 when not (and what is pending).\n" ENDPOINT, idle_command},
    {"journal", "what happened, as JSON lines", "lowcloud journal [--after SEQ] [--limit N]\n" ENDPOINT, journal_command},
    {"trace", "what happened, as a tree of causes",
     "lowcloud trace [ROOT] [--after SEQ] [--all]\nROOT: only the tree that begins with this record. --all: also reads, environments, and polls that wait.\n" ENDPOINT,
     trace_command},
    {"queues", "list queues, or show a queue's messages without receiving them", "lowcloud queues [NAME]\n" PLACE ENDPOINT, queues_command},
    {"invoke", "invoke a function",
     "lowcloud invoke FUNCTION [PAYLOAD | @FILE | -] [--event] [--qualifier Q] [--tail]\nExit 0 on success, 1 on a function error.\n" PLACE ENDPOINT,
     invoke_command},
    {"logs", "show a function's or a log group's lines", "lowcloud logs FUNCTION | /LOG/GROUP [--filter PATTERN]\n" PLACE ENDPOINT, logs_command},
    {"support", "which operations and members are done, recorded or refused",
     "lowcloud support [SERVICE] [--json] [--markdown]\nNeeds no running lowcloud.\n", support_command},
    {"doctor", "what this machine offers: isolation, memory limits, interpreters", "lowcloud doctor\nNeeds no running lowcloud.\n", doctor_command},
    {"version", "the version of this program", "lowcloud version [--endpoint URL]\nOf this program; with --endpoint of the lowcloud that runs there.\n", version_command},
    {"stop", "stop a running lowcloud", "lowcloud stop [--endpoint URL]\n" ENDPOINT, stop_command},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static struct arena *arena;

struct arena *command_arena(void)
{
    if (arena == NULL)
        arena = arena_new();
    return arena;
}

static void print_help(FILE *file)
{
    (void)fputs("lowcloud: AWS Lambda, API Gateway, S3 and SQS on localhost, for tests. No Docker, no account, no network.\n\n"
                "lowcloud COMMAND [--help]\n\n",
                file);
    for (int i = 0; i < COMMANDS; i++)
        (void)fprintf(file, "  %-9s %s\n", commands[i].name, commands[i].summary);
    (void)fputs("\n"
                "First steps:  lowcloud start &  then  aws --endpoint-url http://127.0.0.1:4566 sqs create-queue --queue-name q\n",
                file);
}

int usage_error(const char *command, const char *format, ...)
{
    va_list arguments;

    (void)fprintf(stderr, "lowcloud %s: ", command);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\nSee 'lowcloud %s --help'.\n", command);
    return 2;
}

static void remove_words(int *count, char **words, int from, int how_many)
{
    for (int i = from; i + how_many <= *count; i++)
        words[i] = words[i + how_many];
    *count -= how_many;
}

const char *take_option(int *count, char **words, const char *name)
{
    size_t size = strlen(name);
    const char *value = NULL;

    for (int i = 1; i < *count && strcmp(words[i], "--") != 0;) {
        if (strcmp(words[i], name) == 0 && i + 1 < *count && strncmp(words[i + 1], "--", 2) != 0) {
            value = words[i + 1];
            remove_words(count, words, i, 2);
        } else if (strncmp(words[i], name, size) == 0 && words[i][size] == '=') {
            value = words[i] + size + 1;
            remove_words(count, words, i, 1);
        } else
            i++;
    }
    return value;
}

bool take_flag(int *count, char **words, const char *name)
{
    for (int i = 1; i < *count; i++) {
        if (strcmp(words[i], "--") == 0)
            return false;
        if (strcmp(words[i], name) == 0) {
            remove_words(count, words, i, 1);
            return true;
        }
    }
    return false;
}

bool has_unknown_option(int count, char **words)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--") == 0)
            return false;
        if (words[i][0] == '-' && words[i][1] == '-') {
            (void)usage_error(words[0], "there is no option %s, or its value is missing", words[i]);
            return true;
        }
    }
    return false;
}

static int version_command(int count, char **words)
{
    const char *endpoint = take_option(&count, words, "--endpoint");
    struct reply reply;
    struct value answer;

    if (has_unknown_option(count, words))
        return 2;
    if (count > 1)
        return usage_error(words[0], "what is '%s'?", words[1]);
    if (endpoint == NULL) {
        (void)puts("lowcloud " LOWCLOUD_VERSION);
        return 0;
    }
    struct arena *memory = command_arena();
    if (!client_send(memory, endpoint, "GET", "/_lowcloud/health", "", bytes_of(""), &reply))
        return 1;
    const char *version = json_parse(memory, reply.body, &answer, NULL) == 0 ? value_find_text(&answer, "version") : NULL;
    if (version == NULL) {
        (void)fprintf(stderr, "lowcloud version: what answers at %s is no lowcloud\n", endpoint);
        return 1;
    }
    (void)printf("lowcloud %s\n", version);
    return 0;
}

int main(int count, char **words)
{
    static char version_word[] = "version";

    if (count < 2 || text_equal(words[1], "--help") || text_equal(words[1], "help") || text_equal(words[1], "-h")) {
        print_help(count < 2 ? stderr : stdout);
        return count < 2 ? 2 : 0;
    }
    if (text_equal(words[1], "--version"))
        words[1] = version_word;
    for (int i = 0; i < COMMANDS; i++) {
        if (!text_equal(commands[i].name, words[1]))
            continue;
        int rest = count - 1;
        if (take_flag(&rest, words + 1, "--help") || take_flag(&rest, words + 1, "-h")) {
            (void)fputs(commands[i].usage, stdout);
            return 0;
        }
        int code = commands[i].run(rest, words + 1);
        arena_free(arena);
        return code;
    }
    (void)fprintf(stderr, "lowcloud: there is no command '%s'; 'lowcloud --help' lists them\n", words[1]);
    return 2;
}
