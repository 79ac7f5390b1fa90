/* lowcloud support: the tables, as text, JSON or Markdown (docs/ are made from it). */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/services.h"
#include "emulator/base/json.h"

static const char *const states[] = {"refused", "recorded", "done"};

static const struct shape *input_of(const struct model *model, const struct operation *operation)
{
    return operation->input == NO_SHAPE ? NULL : &model->shapes[operation->input];
}

static struct value describe_operation(struct arena *arena, const struct model *model, const struct operation *operation)
{
    const struct shape *input = input_of(model, operation);
    struct value map = value_map(), members = value_map();

    value_put(arena, &map, "state", value_text(states[operation->support]));
    for (uint16_t i = 0; input != NULL && operation->support != SUPPORT_REFUSED && i < input->member_count; i++) {
        const struct member *member = &model->members[input->first_member + i];

        value_put(arena, &members, model_string(model, member->name), value_text(states[member->support]));
    }
    value_put(arena, &map, "members", members);
    return map;
}

static void print_json(struct arena *arena, const char *wanted)
{
    struct value all = value_map();

    for (int i = 0; all_services[i] != NULL; i++) {
        const struct model *model = all_services[i]->model;
        struct value operations = value_map();

        if (model == NULL || (wanted != NULL && !text_equal(wanted, all_services[i]->name)))
            continue;
        for (uint16_t at = 0; at < model->operation_count; at++)
            value_put(arena, &operations, operation_name(model, at), describe_operation(arena, model, &model->operations[at]));
        value_put(arena, &all, all_services[i]->name, operations);
    }
    (void)puts(json_print(arena, &all).at);
}

static void print_members(const struct model *model, const struct operation *operation, enum support state, const char *before, const char *after)
{
    const struct shape *input = input_of(model, operation);
    bool is_first = true;

    for (uint16_t i = 0; input != NULL && i < input->member_count; i++) {
        const struct member *member = &model->members[input->first_member + i];

        if (member->support != state)
            continue;
        (void)printf("%s%s", is_first ? before : ", ", model_string(model, member->name));
        is_first = false;
    }
    if (!is_first)
        (void)fputs(after, stdout);
}

static void print_markdown(const struct model *model)
{
    (void)puts("| operation | state | recorded members | refused members |\n|---|---|---|---|");
    for (uint16_t i = 0; i < model->operation_count; i++) {
        const struct operation *operation = &model->operations[i];

        if (operation->support == SUPPORT_REFUSED)
            continue;
        (void)printf("| %s | %s | ", operation_name(model, i), states[operation->support]);
        print_members(model, operation, SUPPORT_RECORDED, "", "");
        (void)fputs(" | ", stdout);
        print_members(model, operation, SUPPORT_REFUSED, "", "");
        (void)puts(" |");
    }
    (void)fputs("\nRefused by name: ", stdout);
    bool is_first = true;
    for (uint16_t i = 0; i < model->operation_count; i++)
        if (model->operations[i].support == SUPPORT_REFUSED) {
            (void)printf("%s%s", is_first ? "" : ", ", operation_name(model, i));
            is_first = false;
        }
    (void)puts(is_first ? "nothing." : ".");
}

static void print_text(const struct model *model, const char *name)
{
    int counts[3] = {0, 0, 0};

    for (uint16_t i = 0; i < model->operation_count; i++)
        counts[model->operations[i].support]++;
    (void)printf("%s (%s): %d done, %d recorded, %d refused\n", name, model->title, counts[SUPPORT_DONE], counts[SUPPORT_RECORDED],
                 counts[SUPPORT_REFUSED]);
    for (uint16_t i = 0; i < model->operation_count; i++) {
        const struct operation *operation = &model->operations[i];

        (void)printf("  %-9s %s", states[operation->support], operation_name(model, i));
        if (operation->support != SUPPORT_REFUSED) {
            print_members(model, operation, SUPPORT_RECORDED, "  recorded: ", "");
            print_members(model, operation, SUPPORT_REFUSED, "  refused: ", "");
        }
        (void)putchar('\n');
    }
}

int support_command(int count, char **words)
{
    bool json = take_flag(&count, words, "--json"), markdown = take_flag(&count, words, "--markdown"), found = false;
    struct arena *arena = command_arena();

    if (has_unknown_option(count, words))
        return 2;
    const char *wanted = count > 1 ? words[1] : NULL;
    for (int i = 0; all_services[i] != NULL; i++)
        found = found || wanted == NULL || text_equal(all_services[i]->name, wanted);
    if (!found) {
        (void)fprintf(stderr, "lowcloud: there is no service '%s' here; 'lowcloud support' lists all\n", wanted);
        return 1;
    }
    if (json)
        print_json(arena, wanted);
    for (int i = 0; !json && all_services[i] != NULL; i++) {
        if (all_services[i]->model == NULL || (wanted != NULL && !text_equal(wanted, all_services[i]->name)))
            continue;
        if (markdown)
            print_markdown(all_services[i]->model);
        else
            print_text(all_services[i]->model, all_services[i]->name);
        if (!markdown && text_equal(wanted, "lambda")) {
            (void)puts("runtimes on this machine:");
            print_runtimes();
        }
    }
    return 0;
}
