/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world is made once for every combination of parts and never changes: replacing a part
 * makes another one. What needs two parts at once (the rules' SKUs as catalogue numbers) is
 * worked out here, so that a decision never looks a SKU of a rule up.
 */
#include "world/world.h"

#include <stdlib.h>

#include "model/model.h"
#include "rules/ruleset.h"
#include "shop/catalog.h"

static void world_free(struct snapshot *snapshot)
{
    struct world *world = (struct world *) snapshot;
    (void) ruleset_unref(world->rules);
    (void) catalog_unref(world->catalog);
    (void) model_unref(world->model);
    free((void *) world->rule_skus);
    free(world);
}

struct world *world_unref(struct world *world)
{
    if (world)
        (void) snapshot_unref(&world->snapshot);
    return NULL;
}

/*
 * One block: the rows' addresses, then their numbers. A rule that names no SKUs has an empty
 * row (not NULL), to be read with its pick.n_skus = 0.
 */
static enum err find_skus(const struct ruleset *rules, const struct catalog *catalog,
                          const uint32_t *const **ret_rows)
{
    uint32_t n_rules = ruleset_count(rules);
    size_t n_skus = 0;
    for (uint32_t i = 0; i < n_rules; i++)
        n_skus += ruleset_rule(rules, i)->pick.n_skus;

    const uint32_t **rows = malloc(n_rules * sizeof *rows + (n_skus + 1) * sizeof **rows);
    if (!rows)
        return ERR_NOMEM;
    uint32_t *number = (uint32_t *) (rows + n_rules);
    for (uint32_t i = 0; i < n_rules; i++) {
        const struct pick *pick = &ruleset_rule(rules, i)->pick;
        rows[i] = number;
        for (uint32_t k = 0; k < pick->n_skus; k++)
            *number++ = catalog_find(catalog, pick->skus[k]);
    }
    *ret_rows = rows;
    return OK;
}

enum err world_new(struct ruleset *rules, struct catalog *catalog, struct model *model,
                   const struct world_settings *settings, struct world **ret_world)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return ERR_NOMEM;
    enum err err = find_skus(rules, catalog, &world->rule_skus);
    if (err != OK) {
        free(world);
        return err;
    }
    snapshot_init(&world->snapshot, world_free);
    world->rules = ruleset_ref(rules);
    world->catalog = catalog_ref(catalog);
    world->model = model_ref(model);
    world->settings = *settings;
    *ret_world = world;
    return OK;
}

enum err world_with(const struct world *old, struct ruleset *rules, struct catalog *catalog,
                    struct model *model, struct world **ret_world)
{
    return world_new(rules ? rules : old->rules, catalog ? catalog : old->catalog,
                     model ? model : old->model, &old->settings, ret_world);
}
