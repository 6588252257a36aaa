/* SPDX-License-Identifier: Apache-2.0 */
#include "app/explain/offline.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/explain/log_stores.h"
#include "app/setup/real_clock.h"
#include "app/setup/settings.h"
#include "app/setup/stores.h"
#include "app/world/composer.h"
#include "app/world/refresh.h"
#include "model/model.h"
#include "ports/catalog_store.h"
#include "ports/event_log.h"
#include "rules/ruleset.h"
#include "shop/catalog.h"

struct offline {
    struct clock clock; /* first: it says now_us */
    int64_t now_us;
    struct stores stores;
    struct metrics *metrics;
    struct composer *composer;
    struct refresh *refresh; /* NULL: there is no store */
    struct event_log *log;   /* the same */
    struct log_stores people;
    struct serve *serve;
    struct serve_worker *worker;
};

static int64_t wall_us(struct clock *clock)
{
    return ((struct offline *) (void *) clock)->now_us;
}

static int64_t mono_us(struct clock *clock)
{
    (void) clock;
    return 1000000;
}

static enum err open_store(struct offline *offline, const struct settings *settings,
                           struct err_note *note)
{
    struct stores *stores = &offline->stores;
    struct refresh_settings refresh = { .data_dir = settings->data_dir,
                                        .shop = settings->shop,
                                        .known_purchases = (size_t) settings->known_purchases,
                                        .alone = !stores_are_shared(stores),
                                        .whole = true };
    if (!stores_are_there(stores))
        return OK;
    TRY(stores_check(stores, real_clock(), 0, NULL, note));
    TRY(stores_event_log(stores, &offline->log, note));
    TRY(stores_catalog(stores, &refresh.catalogs, note));
    enum err err = stores_event_log(stores, &refresh.log, note);
    if (err != OK) {
        refresh.catalogs->free(refresh.catalogs);
        return err;
    }
    return refresh_new(&refresh, offline->composer, offline->metrics, &offline->refresh, note);
}

/* Without a store: a catalogue of nothing, in the money of the rules. */
static enum err no_catalog(struct offline *offline, struct ruleset *rules)
{
    AUTO(catalog_builder_free)
    struct catalog_builder *builder = catalog_builder_new(ruleset_currency(rules));
    AUTO(catalog_unref) struct catalog *catalog = NULL;
    AUTO(model_unref) struct model *model = NULL;
    if (!builder)
        return ERR_NOMEM;
    TRY(catalog_builder_seal(builder, &catalog));
    TRY(model_new(catalog, NULL, NULL, &model));
    return composer_set(offline->composer, NULL, catalog, model);
}

static enum err make_world(struct offline *offline, const struct settings *settings,
                           struct ruleset *rules, struct err_note *note)
{
    const struct world_settings world = { .shop = str_of(settings->shop),
                                          .default_budget_us = settings->budget_ms * 1000,
                                          .offer_lifetime_us = settings->offer_minutes * 60000000 };
    TRY(composer_new(&world, &offline->composer));
    TRY(open_store(offline, settings, note));
    if (!offline->refresh)
        TRY(no_catalog(offline, rules));
    return composer_set(offline->composer, rules, NULL, NULL);
}

enum err offline_new(const struct settings *settings, struct ruleset *rules, int64_t now_us,
                     struct offline **ret_offline, struct err_note *note)
{
    AUTO(offline_free) struct offline *offline = calloc(1, sizeof *offline);
    if (!offline || !(offline->metrics = metrics_new()))
        return ERR_NOMEM;
    offline->clock = (struct clock){ wall_us, mono_us };
    offline->now_us = now_us;
    offline->stores = stores_of_settings(settings);
    TRY(make_world(offline, settings, rules, note));
    TRY(log_stores_init(&offline->people, offline->log, str_of(settings->shop)));
    TRY(serve_new(composer_slot(offline->composer), &offline->people.profiles,
                  &offline->people.budgets, &offline->clock, offline->metrics, &offline->serve));
    TRY(serve_worker_new(offline->serve, 0, (uint64_t) now_us, NULL,
                         metric_shard_new(offline->metrics), &offline->worker));
    *ret_offline = MOVE(offline);
    return OK;
}

struct offline *offline_free(struct offline *offline)
{
    if (!offline)
        return NULL;
    offline->worker = serve_worker_free(offline->worker);
    offline->serve = serve_free(offline->serve);
    log_stores_deinit(&offline->people);
    offline->refresh = refresh_free(offline->refresh);
    if (offline->log)
        offline->log->free(offline->log);
    offline->composer = composer_free(offline->composer);
    offline->metrics = metrics_free(offline->metrics);
    free(offline);
    return NULL;
}

struct world *offline_world(const struct offline *offline)
{
    return composer_world(offline->composer);
}

struct offline_parts offline_parts(const struct offline *offline)
{
    AUTO(world_unref) struct world *world = composer_world(offline->composer);
    return (struct offline_parts){ .has_store = offline->refresh != NULL,
                                   .products = catalog_count(world->catalog),
                                   .orders = model_total_orders(world->model) };
}

const char *offline_failed(const struct offline *offline)
{
    return offline->people.failed.text;
}

static void never_woken(void *owner)
{
    (void) owner;
}

/* Nothing here has to be waited for: log_stores answers at once. */
enum err offline_explain(struct offline *offline, struct str body, struct arena *arena,
                         struct str *ret_answer, struct decide_problem *ret_problem)
{
    struct decision *decision = decision_new(offline->worker, arena, body, never_woken, offline);
    if (!decision)
        return ERR_NOMEM;
    decision_explain(decision);
    if (decide_run(decision, ret_answer, ret_problem) == DECIDE_DONE)
        return OK;
    return ret_problem->err;
}
