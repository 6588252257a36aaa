/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/loader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "learn/fold.h"
#include "learn/wanted.h"
#include "ports/clock.h"

enum { SCRATCH_BYTES = 1 << 16, SCRATCH_LIMIT_BYTES = 1 << 23 };
#define LOSING_US INT64_C(100000)

struct loader {
    pthread_t thread;
    struct event_log *log;
    struct fold *fold;
    struct wanted *wanted;
    struct clock *clock;
    struct arena *arena;
    struct metrics *metrics;
    struct metric_shard *shard;
    metric_id done, failed, cached, unreadable;
    _Atomic int64_t losing_until_us; /* clock's mono_us */
};

static void load_one(struct loader *loader, struct str customer_id)
{
    struct err_note why = { "out of memory" };
    enum err err = fold_customer(loader->fold, loader->log, customer_id, loader->arena, &why);
    metric_add(loader->shard, err == OK ? loader->done : loader->failed, 1);
    if (err == OK)
        return;
    log_line(LOG_WARNING, "loader",
             "a profile could not be read, the decision goes on without: \"%s\"", why.text);
    atomic_store(&loader->losing_until_us, loader->clock->mono_us(loader->clock) + LOSING_US);
}

static void *run(void *self)
{
    struct loader *loader = self;
    struct load *load;
    pthread_setname_np(pthread_self(), "loader");
    while ((load = wanted_take(loader->wanted))) {
        while (load) {
            struct load *next = load->next;
            load_one(loader, load->customer_id);
            wanted_done(loader->wanted, load);
            load = next;
        }
        metric_set(loader->metrics, loader->cached, atomic_load(&loader->fold->cached));
        metric_set(loader->metrics, loader->unreadable,
                   (int64_t) atomic_load(&loader->fold->unreadable));
    }
    return NULL;
}

static bool register_metrics(struct loader *loader, struct metrics *metrics)
{
    const struct str none = { 0 };
    const char *help = "Profiles folded from the log because they were not at hand.";
    loader->metrics = metrics;
    loader->shard = metric_shard_new(metrics);
    if (!loader->shard)
        return false;
    loader->done = metric_register(metrics, METRIC_COUNTER, "offerd_profile_loads_total", help,
                                   STR("result=\"done\""));
    loader->failed = metric_register(metrics, METRIC_COUNTER, "offerd_profile_loads_total", help,
                                     STR("result=\"failed\""));
    loader->cached = metric_register(metrics, METRIC_GAUGE, "offerd_profiles_cached",
                                     "Profiles at hand in memory.", none);
    loader->unreadable =
        metric_register(metrics, METRIC_GAUGE, "offerd_log_unreadable_events",
                        "Events met in the log that could not be read back.", none);
    return true;
}

static struct loader *loader_free(struct loader *loader)
{
    if (!loader)
        return NULL;
    loader->log->free(loader->log);
    arena_free(loader->arena);
    free(loader);
    return NULL;
}
DEFINE_AUTO(struct loader, loader_free)

enum err loader_start(struct event_log *reader, struct fold *fold, struct wanted *wanted,
                      struct clock *clock, struct metrics *metrics, struct loader **ret_loader,
                      struct err_note *note)
{
    AUTO(loader_free) struct loader *loader = calloc(1, sizeof *loader);
    if (!loader) {
        reader->free(reader);
        return ERR_NOMEM;
    }
    loader->log = reader;
    loader->fold = fold;
    loader->wanted = wanted;
    loader->clock = clock;
    loader->arena = arena_new(SCRATCH_BYTES, SCRATCH_LIMIT_BYTES);
    if (!loader->arena || !register_metrics(loader, metrics))
        return ERR_NOMEM;
    if (pthread_create(&loader->thread, NULL, run, loader) != 0)
        return err_fail(note, ERR_UNAVAILABLE, "loader: the thread cannot be started");
    *ret_loader = MOVE(loader);
    return OK;
}

struct loader *loader_stop(struct loader *loader)
{
    if (!loader)
        return NULL;
    wanted_stop(loader->wanted);
    pthread_join(loader->thread, NULL);
    return loader_free(loader);
}

bool loader_is_losing(struct loader *loader)
{
    int64_t until_us = atomic_load_explicit(&loader->losing_until_us, memory_order_relaxed);
    return until_us != 0 && loader->clock->mono_us(loader->clock) < until_us;
}
