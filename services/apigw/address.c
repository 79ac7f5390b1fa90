#include "services/apigw/address.h"

#include <string.h>

#include "emulator/aws/router.h"
#include "emulator/base/encoding.h"
#include "emulator/store/store.h"

static const char prefix[] = "/_aws/execute-api/", label[] = ".execute-api", default_stage[] = "$default";

static bool is_host(struct exchange *exchange, struct address *address)
{
    const char *labels = host_labels(exchange), *at;

    if (labels == NULL || (at = strstr(labels, label)) == NULL || at == labels)
        return false;
    const char *rest = at + strlen(label);
    if (*rest != '\0' && *rest != '.')
        return false;
    *address = (struct address){.api = arena_copy(exchange->arena, labels, (size_t)(at - labels)),
                                .region = *rest == '.' ? rest + 1 : NULL,
                                .path = exchange->path};
    return strchr(address->api, '.') == NULL;
}

bool address_read(struct exchange *exchange, struct address *address)
{
    if (is_host(exchange, address))
        return true;
    if (!text_starts(exchange->path, prefix))
        return false;
    const char *id = exchange->path + strlen(prefix);
    size_t size = strcspn(id, "/");
    *address = (struct address){
        .api = arena_copy(exchange->arena, id, size), .path = id[size] == '\0' ? "/" : id + size, .is_path_form = true};
    return size > 0;
}

static struct query find_api = QUERY("SELECT account, region, cors, is_disabled FROM http_api WHERE id = ?");
static struct query find_stage =
    QUERY("SELECT variables, seq FROM http_stage LEFT JOIN http_deployment ON http_deployment.api = http_stage.api"
          " AND http_deployment.id = deployment WHERE http_stage.api = ? AND name = ?");

static bool load_stage(struct arena *arena, const char *api, const char *name, struct place *place)
{
    bool found;

    query_start(&find_stage, "tt", api, name);
    found = query_step(&find_stage);
    if (found) {
        place->stage = name;
        place->variables = query_text(&find_stage, arena, 0);
        place->deployment = query_integer(&find_stage, 1);
    }
    query_end(&find_stage);
    return found;
}

static void find_place(struct arena *arena, const struct address *address, struct place *place)
{
    size_t size = strcspn(address->path + 1, "/");
    const char *rest = address->path + 1 + size;
    struct bytes first;

    place->event_path = place->route_path = address->path;
    if (size > 0 && percent_decode(arena, (struct bytes){address->path + 1, size}, /* plus_is_space */ false, &first) &&
        strlen(first.at) == first.size) {
        bool is_default = text_equal(first.at, default_stage);

        if ((!is_default || address->is_path_form) && load_stage(arena, address->api, first.at, place)) {
            place->route_path = *rest == '\0' ? "/" : rest;
            if (is_default)
                place->event_path = place->route_path;
            return;
        }
    }
    (void)load_stage(arena, address->api, default_stage, place);
}

bool address_find(struct arena *arena, const struct address *address, struct place *place)
{
    bool found;

    *place = (struct place){0};
    query_start(&find_api, "t", address->api);
    found = query_step(&find_api);
    if (found) {
        place->account = query_text(&find_api, arena, 0);
        place->region = query_text(&find_api, arena, 1);
        place->cors = query_text(&find_api, arena, 2);
        place->is_disabled = query_integer(&find_api, 3) != 0;
    }
    query_end(&find_api);
    if (!found || (address->region != NULL && !text_equal(address->region, place->region)))
        return false;
    find_place(arena, address, place);
    return true;
}
