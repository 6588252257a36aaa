/* SPDX-License-Identifier: Apache-2.0 */
#include "app/service/service.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/service/key_file.h"
#include "app/service/live_rules.h"
#include "app/service/pem_pair.h"
#include "app/service/retrain.h"
#include "app/service/token_key.h"
#include "app/setup/real_clock.h"
#include "app/setup/stores.h"
#include "app/world/composer.h"
#include "app/world/keeper.h"
#include "app/world/refresh.h"
#include "app/world/reload.h"
#include "base/log.h"
#include "http/server.h"
#include "learn.h"
#include "ports/budget_store.h"
#include "ports/catalog_store.h"
#include "ports/event_log.h"
#include "ports/fleet.h"
#include "ports/shared_profiles.h"
#include "rules/ruleset.h"
#include "serve.h"
#include "store/data_dir.h"

#define DATABASE_WAIT_US INT64_C(30000000) /* for one that is away when we start */
#define TRAINING_LOOK_US INT64_C(5000000)
#define HOUR_US          INT64_C(3600000000)

struct service {
    struct settings settings;
    bool (*give_up)(void); /* while it starts */
    uint8_t token_key[OFFER_TOKEN_KEY_BYTES];
    struct stores stores;
    struct data_dir *data_dir;
    struct shared_profiles *shared; /* NULL: embedded, as the next two */
    struct budget_store *budgets;
    struct fleet *fleet;
    struct metrics *metrics;
    struct composer *composer;
    struct refresh *refresh;
    struct retrain *retrain;
    struct reload *reload;
    struct learn *learn;
    struct serve *serve;
    struct key_file *api_keys; /* NULL: nobody is asked for a key */
    struct keeper *keeper;
    struct http *http;
};

/*
 * With broken rule files a service still serves what was good last, and /readyz says so in words.
 * One that never had good ones takes no traffic: in a rolling deployment it would replace
 * replicas that have.
 */
static bool ready(void *self, struct out *ret_why)
{
    struct service *service = self;
    reload_state_print(service->reload, ret_why);
    key_file_state_print(service->api_keys, ret_why);
    return !reload_is_blank(service->reload);
}

static void reload(void *self, enum locale locale, bool force, int *ret_status,
                   struct out *ret_json)
{
    struct service *service = self;
    *ret_status = reload_for_http(service->reload, locale, force, ret_json);
}

static void rules_text(void *self, struct out *ret_json, char ret_etag[HTTP_ETAG_BYTES])
{
    struct service *service = self;
    AUTO(world_unref) struct world *world = composer_world(service->composer);
    struct str version = ruleset_version(world->rules);
    live_rules_print(world->rules, ret_json);
    (void) snprintf(ret_etag, HTTP_ETAG_BYTES, "%.*s", STR_ARG(version));
}

static enum err open_store(struct service *service, struct err_note *note)
{
    const struct settings *settings = &service->settings;
    if (settings->database_url[0] && !settings->token_key[0])
        return err_fail(
            note, ERR_INPUT,
            "token_key is not set: with database_url every replica needs the same one, or "
            "an offer of one is not known to the others (32 hex digits)");
    TRY(data_dir_open(settings->data_dir, DATA_DIR_SERVE, &service->data_dir, note));
    TRY(stores_check(&service->stores, real_clock(), DATABASE_WAIT_US, service->give_up, note));
    TRY(token_key_read(settings->token_key, settings->data_dir, service->token_key, note));

    struct world_settings world = { .shop = str_of(settings->shop),
                                    .default_budget_us = settings->budget_ms * 1000,
                                    .offer_lifetime_us = settings->offer_minutes * 60000000 };
    memcpy(world.token_key, service->token_key, sizeof world.token_key);
    TRY(composer_new(&world, &service->composer));
    struct refresh_settings refresh = { .data_dir = settings->data_dir,
                                        .shop = settings->shop,
                                        .known_purchases = (size_t) settings->known_purchases,
                                        .alone = !stores_are_shared(&service->stores) };
    TRY(stores_catalog(&service->stores, &refresh.catalogs, note));
    enum err err = stores_event_log(&service->stores, &refresh.log, note);
    if (err != OK) {
        refresh.catalogs->free(refresh.catalogs);
        return err;
    }
    err = stores_models(&service->stores, &refresh.models, note);
    if (err != OK) {
        refresh.catalogs->free(refresh.catalogs);
        refresh.log->free(refresh.log);
        return err;
    }
    return refresh_new(&refresh, service->composer, service->metrics, &service->refresh, note);
}

/* What all replicas share; nothing of it when embedded. */
static enum err open_shared(struct service *service, struct err_note *note)
{
    const struct stores *stores = &service->stores;
    TRY(stores_fleet(stores, &service->fleet, note));
    TRY(stores_shared_profiles(stores, real_clock(), service->metrics, &service->shared, note));
    return stores_budgets(stores, real_clock(), service->metrics, &service->budgets, note);
}

static unsigned count_workers(const struct settings *settings)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned workers = settings->workers ? (unsigned) settings->workers
                       : processors > 0  ? (unsigned) processors
                                         : 1;
    return workers < HTTP_WORKERS_MAX ? workers : HTTP_WORKERS_MAX;
}

static enum err start_flows(struct service *service, struct err_note *note)
{
    const struct settings *settings = &service->settings;
    TRY(open_shared(service, note));
    struct learn_settings learn = { .shop = str_of(settings->shop),
                                    .worlds = composer_slot(service->composer),
                                    .budgets = service->budgets,
                                    .shared = service->shared,
                                    .fleet = service->fleet,
                                    .workers = count_workers(settings),
                                    .queue_events = (uint32_t) settings->queue_events,
                                    .commit_events = (uint32_t) settings->commit_events,
                                    .hot_profiles = (uint32_t) settings->hot_profiles };
    struct event_log *log;
    TRY(stores_journal_log(&service->stores, real_clock(), service->metrics, &log, note));
    TRY(learn_start(&learn, log, real_clock(), service->metrics, &service->learn, note));
    refresh_watch(service->refresh, service->learn, settings->model_refresh_s * 1000000);
    return serve_new(composer_slot(service->composer), learn_profiles(service->learn),
                     learn_budgets(service->learn), real_clock(), service->metrics,
                     &service->serve);
}

static void sweep(void *composer)
{
    composer_sweep(composer);
}

static enum err start_rules(struct service *service, struct err_note *note)
{
    const struct settings *settings = &service->settings;
    TRY(retrain_new(&service->stores, service->refresh, settings->train_every_h * HOUR_US,
                    service->metrics, &service->retrain));
    const struct keeper_task tasks[] = {
        { "refresh", 1000000, refresh_run, service->refresh },
        { "sweep", 1000000, sweep, service->composer },
        { "training", TRAINING_LOOK_US, retrain_look, service->retrain },
        { "keys", KEY_FILE_EVERY_US, key_file_look, service->api_keys },
    };
    TRY(reload_new(settings->rules_dir, settings->data_dir, service->composer, service->metrics,
                   real_clock(), &service->reload, note));
    reload_first(service->reload);
    learn_rules_changed(service->learn);
    return keeper_start(service->reload, tasks, service->api_keys ? 4 : 3, &service->keeper, note);
}

static void before_metrics(void *self)
{
    learn_before_metrics(((struct service *) self)->learn);
}

static enum err open_door(struct service *service, struct err_note *note)
{
    const struct settings *settings = &service->settings;
    struct http_settings http;
    char host[SETTING_TEXT_MAX];
    http_settings_default(&http);
    TRY(settings_address(settings, host, &http.port, note));
    http.address = host;
    http.workers = count_workers(settings);
    http.max_offers_bytes = (size_t) settings->max_offers_bytes;
    http.max_events_bytes = (size_t) settings->max_events_bytes;
    http.max_head_bytes = (size_t) settings->max_head_bytes;
    http.max_connections = (unsigned) settings->max_connections;
    http.max_events = (uint32_t) settings->max_events;
    http.idle_timeout_s = (unsigned) settings->idle_timeout_s;
    http.slow_request_s = (unsigned) settings->slow_request_s;
    http.drain_s = (unsigned) settings->drain_s;
    const bool is_off = !*settings->access_log || strcmp(settings->access_log, "off") == 0;
    http.access_log = is_off ? NULL : settings->access_log;
    http.offer_lifetime_us = settings->offer_minutes * 60000000;
    randombytes_buf(&http.seed, sizeof http.seed);

    struct http_neighbours near = { .serve = service->serve,
                                    .learn = service->learn,
                                    .metrics = service->metrics,
                                    .clock = real_clock(),
                                    .token_key = service->token_key,
                                    .api_keys = key_file_slot(service->api_keys),
                                    .self = service,
                                    .ready = ready,
                                    .reload = reload,
                                    .rules_text = rules_text,
                                    .before_metrics = before_metrics };
    struct pem_pair pair;
    TRY(pem_pair_read(settings->tls_cert, settings->tls_key, &pair, note));
    http.tls_cert = pair.cert;
    http.tls_key = pair.key;
    enum err err = http_start(&http, &near, &service->http, note);
    pem_pair_deinit(&pair);
    return err;
}

/* Between two parts of the start, each of which may take its time. */
static enum err go_on(const struct service *service, struct err_note *note)
{
    return service->give_up() ? err_fail(note, ERR_UNAVAILABLE, "asked to stop") : OK;
}

enum err service_start(const struct settings *settings, bool (*give_up)(void),
                       struct service **ret_service, struct err_note *note)
{
    struct clock *clock = real_clock();
    int64_t began_us = clock->mono_us(clock);
    AUTO(service_stop) struct service *service = calloc(1, sizeof *service);
    if (!service || !(service->metrics = metrics_new()))
        return ERR_NOMEM;
    service->give_up = give_up;
    service->settings = *settings;
    settings = &service->settings;
    service->stores = stores_of_settings(settings);
    if (*settings->api_keys_file)
        TRY(key_file_open(settings->api_keys_file, service->metrics, &service->api_keys, note));
    TRY(open_store(service, note));
    TRY(go_on(service, note));
    TRY(start_flows(service, note));
    TRY(go_on(service, note));
    TRY(start_rules(service, note));
    TRY(go_on(service, note));
    TRY(open_door(service, note));

    AUTO(world_unref) struct world *world = composer_world(service->composer);
    log_line(LOG_INFO, "serve", "ready on port %u after %lld ms: ruleset %.*s, %u rules",
             service_port(service), (long long) (clock->mono_us(clock) - began_us) / 1000,
             STR_ARG(ruleset_version(world->rules)), ruleset_count(world->rules));
    *ret_service = MOVE(service);
    return OK;
}

/* In reverse order of building. The door closes first; what it took is then flushed. */
struct service *service_stop(struct service *service)
{
    if (!service)
        return NULL;
    service->http = http_stop(service->http);
    service->keeper = keeper_stop(service->keeper);
    service->retrain = retrain_free(service->retrain);
    service->serve = serve_free(service->serve);
    service->learn = learn_stop(service->learn);
    if (service->budgets)
        service->budgets->free(service->budgets);
    if (service->shared)
        service->shared->free(service->shared);
    if (service->fleet)
        service->fleet->free(service->fleet);
    service->reload = reload_free(service->reload);
    service->refresh = refresh_free(service->refresh);
    service->api_keys = key_file_free(service->api_keys);
    service->composer = composer_free(service->composer);
    service->metrics = metrics_free(service->metrics);
    service->data_dir = data_dir_free(service->data_dir);
    free(service);
    return NULL;
}

uint16_t service_port(const struct service *service)
{
    return http_port(service->http);
}

void service_reload(struct service *service)
{
    keeper_wake(service->keeper);
    http_reopen_log(service->http);
}

void service_drain(struct service *service)
{
    http_drain(service->http);
}

bool service_drained(struct service *service, int64_t wait_us)
{
    return http_drained(service->http, wait_us);
}
