/* SPDX-License-Identifier: Apache-2.0 */
#include "app/service.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/composer.h"
#include "app/keeper.h"
#include "app/key_file.h"
#include "app/live_rules.h"
#include "app/pem_pair.h"
#include "app/real_clock.h"
#include "app/refresh.h"
#include "app/reload.h"
#include "app/token_key.h"
#include "base/log.h"
#include "http/server.h"
#include "learn.h"
#include "ports/catalog_store.h"
#include "ports/event_log.h"
#include "rules/ruleset.h"
#include "serve.h"
#include "store/data_dir.h"
#include "store/sqlite_catalog.h"
#include "store/sqlite_event_log.h"

struct service {
    struct settings settings;
    uint8_t token_key[OFFER_TOKEN_KEY_BYTES];
    struct data_dir *data_dir;
    struct metrics *metrics;
    struct composer *composer;
    struct refresh *refresh;
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
    TRY(data_dir_open(settings->data_dir, DATA_DIR_SERVE, &service->data_dir, note));
    TRY(token_key_read(settings->token_key, settings->data_dir, service->token_key, note));

    struct world_settings world = { .shop = str_of(settings->shop),
                                    .default_budget_us = settings->budget_ms * 1000,
                                    .offer_lifetime_us = settings->offer_minutes * 60000000 };
    memcpy(world.token_key, service->token_key, sizeof world.token_key);
    TRY(composer_new(&world, &service->composer));
    struct refresh_settings refresh = { .data_dir = settings->data_dir,
                                        .shop = settings->shop,
                                        .alone = true };
    TRY(sqlite_catalog_new(settings->data_dir, &refresh.catalogs, note));
    enum err err = sqlite_event_log_new(settings->data_dir, &refresh.log, note);
    if (err != OK) {
        refresh.catalogs->free(refresh.catalogs);
        return err;
    }
    return refresh_new(&refresh, service->composer, service->metrics, &service->refresh, note);
}

static enum err start_flows(struct service *service, struct err_note *note)
{
    const struct settings *settings = &service->settings;
    struct learn_settings learn = { .shop = str_of(settings->shop),
                                    .worlds = composer_slot(service->composer),
                                    .queue_events = (uint32_t) settings->queue_events,
                                    .commit_events = (uint32_t) settings->commit_events,
                                    .hot_profiles = (uint32_t) settings->hot_profiles };
    struct event_log *log;
    TRY(sqlite_event_log_new(settings->data_dir, &log, note));
    TRY(learn_start(&learn, log, real_clock(), service->metrics, &service->learn, note));
    refresh_watch(service->refresh, service->learn, settings->model_refresh_s * 1000000);
    return serve_new(composer_slot(service->composer), learn_profiles(service->learn),
                     learn_budgets(service->learn), real_clock(), service->metrics,
                     &service->serve);
}

static enum err start_rules(struct service *service, struct err_note *note)
{
    const struct settings *settings = &service->settings;
    const struct keeper_task tasks[] = {
        { "refresh", 1000000, refresh_run, service->refresh },
        { "keys", KEY_FILE_EVERY_US, key_file_look, service->api_keys },
    };
    TRY(reload_new(settings->rules_dir, settings->data_dir, service->composer, service->metrics,
                   real_clock(), &service->reload, note));
    reload_first(service->reload);
    learn_rules_changed(service->learn);
    return keeper_start(service->reload, tasks, service->api_keys ? 2 : 1, &service->keeper, note);
}

static enum err open_door(struct service *service, struct err_note *note)
{
    const struct settings *settings = &service->settings;
    struct http_settings http;
    char host[SETTING_TEXT_MAX];
    http_settings_default(&http);
    TRY(settings_address(settings, host, &http.port, note));
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    http.address = host;
    http.workers = settings->workers ? (unsigned) settings->workers
                   : processors > 0  ? (unsigned) processors
                                     : 1;
    if (http.workers > HTTP_WORKERS_MAX)
        http.workers = HTTP_WORKERS_MAX;
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
                                    .rules_text = rules_text };
    struct pem_pair pair;
    TRY(pem_pair_read(settings->tls_cert, settings->tls_key, &pair, note));
    http.tls_cert = pair.cert;
    http.tls_key = pair.key;
    enum err err = http_start(&http, &near, &service->http, note);
    pem_pair_deinit(&pair);
    return err;
}

enum err service_start(const struct settings *settings, struct service **ret_service,
                       struct err_note *note)
{
    struct clock *clock = real_clock();
    int64_t began_us = clock->mono_us(clock);
    AUTO(service_stop) struct service *service = calloc(1, sizeof *service);
    if (!service || !(service->metrics = metrics_new()))
        return ERR_NOMEM;
    service->settings = *settings;
    if (*settings->api_keys_file)
        TRY(key_file_open(settings->api_keys_file, service->metrics, &service->api_keys, note));
    TRY(open_store(service, note));
    TRY(start_flows(service, note));
    TRY(start_rules(service, note));
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
    service->serve = serve_free(service->serve);
    service->learn = learn_stop(service->learn);
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
