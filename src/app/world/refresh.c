/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/refresh.h"

#include <stdlib.h>
#include <time.h>

#include "app/setup/real_clock.h"
#include "app/world/composer.h"
#include "app/world/model_file.h"
#include "app/world/moves_source.h"
#include "app/world/outcome_file.h"
#include "app/world/trained_source.h"
#include "base/log.h"
#include "learn.h"
#include "model/copurchase.h"
#include "model/model.h"
#include "model/odds.h"
#include "model/outcomes.h"
#include "ports/catalog_store.h"
#include "ports/event_log.h"
#include "ports/model_store.h"
#include "shop/catalog.h"

/*
 * New models are made while there is credit: a tenth of the
 * time, of which a quiet shop saves some up for a busy moment.
 */
enum { CREDIT_PART = 10, CREDIT_MAX_US = 5000000 };
/*
 * Of that, making one of all counts takes a twentieth of the
 * time: a small shop's always is, a large one's now and then.
 */
enum { WHOLE_PART = 20 };

enum { MOVES_AT_ONCE = 20000 }; /* orders read for them in one go */

struct refresh {
    const char *data_dir, *shop;
    bool alone;
    struct composer *composer;
    struct metrics *metrics;
    metric_id products, orders, offers_shown;
    struct catalog_store *store;
    struct event_log *log;
    struct copurchase *counts;
    struct moves_source *moves;
    struct outcomes *outcomes;
    struct trained_source *trained;
    struct learn *learn; /* while serving */
    uint64_t catalog_version, log_position, own_orders;
    uint64_t unseen_orders;   /* counted, but not in the live model yet */
    uint64_t unseen_outcomes; /* the same, of offers */
    bool owed;                /* something has changed and is not live yet */
    bool newly_trained;       /* the same, a trained model */
    bool stale;               /* the live model was not made of all counts */
    int64_t model_us, model_next_us, whole_next_us;
    int64_t credit_us, credited_us; /* of processor time; as of when */
    bool failing;                   /* said once */
};

/* The version is read first: a change in between is noticed next time. */
static enum err load_catalog(struct refresh *refresh, uint64_t *ret_version,
                             struct catalog **ret_catalog, struct err_note *note)
{
    TRY(refresh->store->version(refresh->store, str_of(refresh->shop), ret_version, note));
    return refresh->store->load(refresh->store, str_of(refresh->shop), ret_catalog, note);
}

/* Of this thread's processor time: other work on the machine is no reason to wait longer. */
static int64_t spent_us(void)
{
    struct timespec spent;
    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return (int64_t) spent.tv_sec * 1000000 + spent.tv_nsec / 1000;
}

static enum err make_whole(struct refresh *refresh, struct catalog *catalog,
                           struct model **ret_model)
{
    struct moved *moved;
    TRY(model_new(catalog, refresh->counts, trained_source_now(refresh->trained), ret_model));
    TRY(moves_source_now(refresh->moves, catalog, &moved));
    model_know_moved(*ret_model, moved);
    return OK;
}

/*
 * The world with this catalogue and what the trained and the counts now say
 * of it. Not @whole: of the catalogue, the trained and the moves that are
 * live, and of the counts perhaps only what is new.
 */
static enum err publish(struct refresh *refresh, struct catalog *catalog, bool whole)
{
    AUTO(model_unref) struct model *model = NULL;
    AUTO(world_unref) struct world *live = composer_world(refresh->composer);
    struct clock *clock = real_clock();
    int64_t began_us = spent_us();
    if (!whole)
        TRY(model_with_news(live->model, catalog, refresh->counts, &model));
    bool stale = model != NULL;
    if (!model)
        TRY(make_whole(refresh, catalog, &model));
    TRY(composer_set(refresh->composer, NULL, catalog, model));
    copurchase_news_taken(refresh->counts);
    refresh->stale = stale;
    if (!stale)
        refresh->whole_next_us = clock->mono_us(clock) + (spent_us() - began_us) * WHOLE_PART;
    metric_set(refresh->metrics, refresh->products, catalog_count(catalog));
    metric_set(refresh->metrics, refresh->orders, (int64_t) copurchase_orders(refresh->counts));
    return OK;
}

/* The same world with what is now known of offers. */
static enum err publish_odds(struct refresh *refresh)
{
    AUTO(odds_unref) struct odds *odds = NULL;
    TRY(odds_new(refresh->outcomes, &odds));
    TRY(composer_set_odds(refresh->composer, odds));
    metric_set(refresh->metrics, refresh->offers_shown, (int64_t) odds_facts(odds)->shown);
    return OK;
}

/* What the log holds: orders and what became of offers. */
static enum err load_counts(struct refresh *refresh, const struct refresh_settings *settings,
                            struct err_note *note)
{
    uint64_t folded = 0;
    const char *why = NULL;
    struct str shop = str_of(refresh->shop);
    TRY(model_file_load(refresh->data_dir, refresh->log, shop, &refresh->counts, &folded, &why,
                        note));
    if (why && folded)
        log_line(LOG_INFO, "model", "%llu orders read from the log: %s",
                 (unsigned long long) folded, why);
    TRY(outcome_file_load(refresh->data_dir, refresh->log, shop, &refresh->outcomes, &folded, &why,
                          note));
    if (why && folded)
        log_line(LOG_INFO, "model", "what became of %llu offers read from the log: %s",
                 (unsigned long long) folded, why);
    TRY(moves_source_new(settings->known_purchases, &refresh->moves));
    return moves_source_read(refresh->moves, refresh->log, shop,
                             settings->whole ? 0 : MOVES_AT_ONCE, note);
}

enum err refresh_new(const struct refresh_settings *settings, struct composer *composer,
                     struct metrics *metrics, struct refresh **ret_refresh, struct err_note *note)
{
    AUTO(refresh_free) struct refresh *refresh = calloc(1, sizeof *refresh);
    AUTO(catalog_unref) struct catalog *catalog = NULL;
    if (!refresh) {
        settings->catalogs->free(settings->catalogs);
        settings->log->free(settings->log);
        if (settings->models)
            settings->models->free(settings->models);
        return ERR_NOMEM;
    }
    refresh->data_dir = settings->data_dir;
    refresh->shop = settings->shop;
    refresh->alone = settings->alone;
    refresh->store = settings->catalogs;
    refresh->log = settings->log;
    refresh->composer = composer;
    refresh->metrics = metrics;
    refresh->products = metric_register(metrics, METRIC_GAUGE, "offerd_catalog_products",
                                        "Products in the live catalogue.", STR(""));
    refresh->orders = metric_register(metrics, METRIC_GAUGE, "offerd_model_orders",
                                      "Orders counted in the live model.", STR(""));
    refresh->offers_shown =
        metric_register(metrics, METRIC_GAUGE, "offerd_model_offers_shown",
                        "Offers shown that the live odds know, older ones counting less.", STR(""));
    TRY(trained_source_new(refresh->data_dir, str_of(refresh->shop), settings->models, real_clock(),
                           metrics, &refresh->trained));
    (void) trained_source_look(refresh->trained);
    uint64_t version;
    TRY(load_counts(refresh, settings, note));
    TRY(load_catalog(refresh, &version, &catalog, note));
    TRY(publish(refresh, catalog, true));
    TRY(publish_odds(refresh));
    refresh->catalog_version = version;
    *ret_refresh = MOVE(refresh);
    return OK;
}

struct refresh *refresh_free(struct refresh *refresh)
{
    if (!refresh)
        return NULL;
    struct err_note note = { "" };
    if (refresh->learn && refresh->counts &&
        model_file_save(refresh->data_dir, refresh->counts, &note) != OK)
        log_line(LOG_WARNING, "model",
                 "the counts are not saved, the next start folds them again: %s", note.text);
    if (refresh->learn && refresh->outcomes &&
        outcome_file_save(refresh->data_dir, refresh->outcomes, &note) != OK)
        log_line(LOG_WARNING, "model",
                 "what became of offers is not saved, the next start counts it again: %s",
                 note.text);
    if (refresh->store)
        refresh->store->free(refresh->store);
    if (refresh->log)
        refresh->log->free(refresh->log);
    (void) copurchase_free(refresh->counts);
    (void) moves_source_free(refresh->moves);
    (void) outcomes_free(refresh->outcomes);
    (void) trained_source_free(refresh->trained);
    free(refresh);
    return NULL;
}

void refresh_watch(struct refresh *refresh, struct learn *learn, int64_t model_us)
{
    refresh->learn = learn;
    struct clock *clock = real_clock();
    refresh->model_us = model_us;
    refresh->credit_us = CREDIT_MAX_US;
    refresh->credited_us = clock->mono_us(clock);
}

static bool has_credit(struct refresh *refresh, int64_t now_us)
{
    refresh->credit_us += (now_us - refresh->credited_us) / CREDIT_PART;
    refresh->credited_us = now_us;
    if (refresh->credit_us > CREDIT_MAX_US)
        refresh->credit_us = CREDIT_MAX_US;
    return refresh->credit_us > 0;
}

/* The live model was not made of all there is. */
static bool is_stale(const struct refresh *refresh)
{
    return refresh->stale || moves_source_has_news(refresh->moves);
}

/* All counts are worth another look. */
static bool whole_is_due(const struct refresh *refresh)
{
    struct clock *clock = real_clock();
    return clock->mono_us(clock) >= refresh->whole_next_us;
}

/*
 * *ret_due: the log has grown, by our own journal or by an import beside us, and it is time to look; or nothing has
 * come, but what came last is not known everywhere.
 */
static enum err model_is_due(struct refresh *refresh, bool *ret_due, struct err_note *note)
{
    struct clock *clock = real_clock();
    int64_t now_us = clock->mono_us(clock);
    uint64_t position;
    *ret_due = false;
    if (!has_credit(refresh, now_us) || now_us < refresh->model_next_us)
        return OK;
    TRY(refresh->log->last_position(refresh->log, str_of(refresh->shop), &position, note));
    *ret_due = position != refresh->log_position || (is_stale(refresh) && whole_is_due(refresh));
    refresh->log_position = position;
    refresh->model_next_us = now_us + refresh->model_us;
    return OK;
}

/*
 * More orders in the log than our journal wrote: an import added them beside us, and the profiles
 * at hand do not know. One of ours that is committed but not counted yet can look so too; that
 * costs some reading and nothing else.
 */
static void forget_if_foreign(struct refresh *refresh, uint64_t folded)
{
    uint64_t own = learn_orders(refresh->learn);
    if (refresh->alone && folded > own - refresh->own_orders)
        learn_forget_profiles(refresh->learn);
    refresh->own_orders = own;
}

static enum err publish_new_catalog(struct refresh *refresh, struct err_note *note)
{
    uint64_t version;
    AUTO(catalog_unref) struct catalog *catalog = NULL;
    TRY(load_catalog(refresh, &version, &catalog, note));
    TRY(publish(refresh, catalog, true));
    refresh->catalog_version = version;
    log_line(LOG_INFO, "catalog", "a new catalogue is live: %u products", catalog_count(catalog));
    return OK;
}

/* What fails on its way stays owed, and is tried again at the next run. */
static enum err bring_up_to_date(struct refresh *refresh, struct err_note *note)
{
    uint64_t version, folded = 0;
    TRY(refresh->store->version(refresh->store, str_of(refresh->shop), &version, note));
    bool imported = version != refresh->catalog_version, due;
    TRY(model_is_due(refresh, &due, note));
    refresh->newly_trained |= trained_source_look(refresh->trained);
    refresh->owed |=
        imported || due || refresh->newly_trained || moves_source_is_behind(refresh->moves);
    if (!refresh->owed)
        return OK;

    int64_t began_us = spent_us();
    TRY(model_file_tail(refresh->counts, refresh->log, str_of(refresh->shop), &folded, note));
    forget_if_foreign(refresh, folded);
    refresh->unseen_orders += folded;
    enum err err =
        outcome_file_tail(refresh->outcomes, refresh->log, str_of(refresh->shop), &folded, note);
    refresh->unseen_outcomes += folded;
    TRY(err);
    TRY(moves_source_read(refresh->moves, refresh->log, str_of(refresh->shop), MOVES_AT_ONCE,
                          note));
    if (imported) {
        TRY(publish_new_catalog(refresh, note));
    } else if (refresh->unseen_orders || refresh->newly_trained ||
               (is_stale(refresh) && whole_is_due(refresh))) {
        AUTO(world_unref) struct world *world = composer_world(refresh->composer);
        TRY(publish(refresh, world->catalog, refresh->newly_trained || whole_is_due(refresh)));
    }
    if (refresh->unseen_outcomes)
        TRY(publish_odds(refresh));
    refresh->unseen_outcomes = 0;
    refresh->credit_us -= spent_us() - began_us;
    refresh->unseen_orders = 0;
    refresh->newly_trained = false;
    refresh->owed = false;
    return OK;
}

struct refresh_state refresh_state(const struct refresh *refresh)
{
    return (struct refresh_state){ .orders = copurchase_orders(refresh->counts),
                                   .position = copurchase_position(refresh->counts),
                                   .trained = trained_source_now(refresh->trained) };
}

void refresh_run(void *self)
{
    struct refresh *refresh = self;
    struct err_note note = { "" };
    enum err err = bring_up_to_date(refresh, &note);
    if (err != OK && !refresh->failing)
        log_line(LOG_WARNING, "catalog", "catalogue and model stay as they were: %s",
                 note.text[0] ? note.text : err_name(err));
    if (err == OK && refresh->failing)
        log_line(LOG_INFO, "catalog", "catalogue and model are kept current again");
    refresh->failing = err != OK;
}
