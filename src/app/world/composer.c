/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/composer.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/model.h"
#include "rules/ruleset.h"
#include "shop/catalog.h"

/* Workers look at each request, so old worlds are few; of more than this the oldest is let go. */
enum { REPLACED_MAX = 8 };

struct composer {
    struct snapshot_slot slot;
    pthread_mutex_t lock; /* look, make, publish; and the worlds that were replaced: */
    struct world *replaced[REPLACED_MAX];
    uint32_t n_replaced;
};

static enum err first_world(const struct world_settings *settings, struct world **ret_world)
{
    AUTO(ruleset_unref) struct ruleset *rules = ruleset_empty();
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    AUTO(catalog_unref) struct catalog *catalog = NULL;
    AUTO(model_unref) struct model *model = NULL;
    if (!rules || !builder)
        return ERR_NOMEM;
    TRY(catalog_builder_seal(builder, &catalog));
    TRY(model_new(catalog, NULL, NULL, &model));
    return world_new(rules, catalog, model, settings, ret_world);
}

enum err composer_new(const struct world_settings *settings, struct composer **ret_composer)
{
    struct world *world;
    AUTO(composer_free) struct composer *composer = calloc(1, sizeof *composer);
    if (!composer)
        return ERR_NOMEM;
    snapshot_slot_init(&composer->slot);
    (void) pthread_mutex_init(&composer->lock, NULL);
    TRY(first_world(settings, &world));
    snapshot_publish(&composer->slot, &world->snapshot);
    *ret_composer = MOVE(composer);
    return OK;
}

struct composer *composer_free(struct composer *composer)
{
    if (!composer)
        return NULL;
    while (composer->n_replaced > 0)
        (void) world_unref(composer->replaced[--composer->n_replaced]);
    snapshot_slot_deinit(&composer->slot);
    (void) pthread_mutex_destroy(&composer->lock);
    free(composer);
    return NULL;
}

/* Takes the reference, and gives back the one there is no room for. */
static struct world *keep_replaced(struct composer *composer, struct world *world)
{
    struct world *oldest = NULL;
    if (composer->n_replaced == REPLACED_MAX) {
        oldest = composer->replaced[0];
        for (uint32_t i = 1; i < REPLACED_MAX; i++)
            composer->replaced[i - 1] = composer->replaced[i];
        composer->n_replaced--;
    }
    composer->replaced[composer->n_replaced++] = world;
    return oldest;
}

void composer_sweep(struct composer *composer)
{
    struct world *unused[REPLACED_MAX];
    uint32_t n = 0, kept = 0;
    (void) pthread_mutex_lock(&composer->lock);
    for (uint32_t i = 0; i < composer->n_replaced; i++) {
        struct world *world = composer->replaced[i];
        if (snapshot_is_last(&world->snapshot))
            unused[n++] = world;
        else
            composer->replaced[kept++] = world;
    }
    composer->n_replaced = kept;
    (void) pthread_mutex_unlock(&composer->lock);
    while (n > 0)
        (void) world_unref(unused[--n]);
}

enum err composer_set(struct composer *composer, struct ruleset *rules, struct catalog *catalog,
                      struct model *model)
{
    struct world *next = NULL;
    AUTO(world_unref) struct world *oldest = NULL;
    (void) pthread_mutex_lock(&composer->lock);
    AUTO(world_unref) struct world *now = composer_world(composer);
    enum err err = world_with(now, rules, catalog, model, &next);
    if (err == OK && !next->same_money)
        log_line(LOG_WARNING, "rules",
                 "nothing is offered: the rules' amounts are in %.*s, the catalogue's in %.*s",
                 STR_ARG(ruleset_currency(next->rules)), STR_ARG(catalog_currency(next->catalog)));
    if (err == OK) {
        snapshot_publish(&composer->slot, &next->snapshot);
        oldest = keep_replaced(composer, MOVE(now));
    }
    (void) pthread_mutex_unlock(&composer->lock);
    return err;
}

enum err composer_set_odds(struct composer *composer, struct odds *odds)
{
    struct world *next = NULL;
    AUTO(world_unref) struct world *oldest = NULL;
    (void) pthread_mutex_lock(&composer->lock);
    AUTO(world_unref) struct world *now = composer_world(composer);
    enum err err = world_with_odds(now, odds, &next);
    if (err == OK) {
        snapshot_publish(&composer->slot, &next->snapshot);
        oldest = keep_replaced(composer, MOVE(now));
    }
    (void) pthread_mutex_unlock(&composer->lock);
    return err;
}

struct world *composer_world(struct composer *composer)
{
    return (struct world *) snapshot_now(&composer->slot);
}

struct snapshot_slot *composer_slot(struct composer *composer)
{
    return &composer->slot;
}
