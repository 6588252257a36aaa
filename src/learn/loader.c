/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a flush everybody is wanted at once, and what one profile costs is waiting for answers:
 * claim, get and fill go out for up to TOGETHER customers in one round trip each, and their events
 * are asked for in one question. They are told after the fill; that is why there are no more of
 * them, for the first one's decision waits for the last one's fold.
 */
#include "learn/loader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/out.h"
#include "learn/fold.h"
#include "learn/replay.h"
#include "learn/share.h"
#include "learn/wanted.h"
#include "ports/clock.h"
#include "ports/shared_profiles.h"
#include "shop/customer.h"
#include "shop/profile_bytes.h"

enum { SCRATCH_BYTES = 1 << 16, SCRATCH_LIMIT_BYTES = 1 << 23, ROUND_LIMIT_BYTES = 1 << 26 };
enum { TOGETHER = 16 };
#define LOSING_US INT64_C(100000)
#define GRACE_US  INT64_C(3000000)

struct loader {
    pthread_t thread;
    struct event_log *log;
    struct fold *fold;
    struct wanted *wanted;
    struct clock *clock;
    struct arena *arena; /* of one fold */
    struct arena *round; /* of all that are loaded together */
    struct loader_sharing sharing;
    struct shared_writer *writer; /* NULL: embedded */
    uint64_t token;               /* of the last claim; begins anywhere */
    bool log_failed;              /* the last reading */
    int64_t log_lost_us; /* mono: the outage's beginning, of the one now or the last; 0: none yet */
    int64_t log_back_us; /* its end; 0: it goes on */
    struct metrics *metrics;
    struct metric_shard *shard;
    metric_id done, failed, cached, unreadable;
    _Atomic int64_t losing_until_us; /* clock's mono_us */
};

/* ── with shared profiles ────────────────────────────────────────────────────────────────────── */

/* One of those that are loaded together. */
struct sought {
    struct load *load;
    struct profile *profile;   /* NULL: it could not be loaded */
    struct shared_put put;     /* the claim; then the fill, which is due when it has a body */
    struct shared_value value; /* that was there before the claim; all of it in the round's arena */
    bool taken;                /* the claim: nothing was there */
};

static enum err put_all(struct loader *loader, struct shared_put *puts, uint32_t n, bool *ret_taken)
{
    struct err_note why = { "" };
    return loader->sharing.shared->put(loader->writer, puts, n, ret_taken, &why);
}

/* False while the shared profiles are away. */
static bool claim(struct loader *loader, struct sought *sought, uint32_t n)
{
    struct shared_put puts[TOGETHER];
    bool taken[TOGETHER] = { false };
    for (uint32_t i = 0; i < n; i++) {
        struct str id = arena_copy(loader->round, sought[i].load->customer_id);
        if (!id.at)
            return false;
        puts[i] = sought[i].put =
            (struct shared_put){ .value = { .customer_id = id, .token = ++loader->token },
                                 .mode = SHARED_CLAIM };
    }
    bool away = put_all(loader, puts, n, taken) != OK;
    if (away)
        share_note_doubt(loader->sharing.share, loader->clock->mono_us(loader->clock));
    for (uint32_t i = 0; i < n; i++) {
        sought[i].put.mode = SHARED_FILL;
        sought[i].taken = taken[i];
    }
    return !away;
}

/* Of those where something is. What cannot be had stays absent: it is folded. */
static void get(struct loader *loader, struct sought *sought, uint32_t n)
{
    struct str ids[TOGETHER];
    struct shared_value values[TOGETHER] = { { .position = 0 } };
    struct err_note why = { "" };
    uint32_t n_ids = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!sought[i].taken)
            ids[n_ids++] = sought[i].put.value.customer_id;
    if (n_ids == 0 ||
        loader->sharing.shared->get(loader->writer, ids, n_ids, loader->round, values, &why) != OK)
        return;
    for (uint32_t i = 0, at = 0; i < n; i++)
        if (!sought[i].taken) {
            sought[i].value = values[at++];
            sought[i].value.customer_id = sought[i].put.value.customer_id;
        }
}

/*
 * What was there already. ERR_UNAVAILABLE when it may not be known
 * now, ERR_LIMIT when it has to be folded; the fill is told over what.
 */
static enum err use_value(struct sought *sought, struct profile **ret_profile)
{
    const struct shared_value *value = &sought->value;
    if (!value->customer_id.at)
        return ERR_LIMIT;
    if (value->body.at && profile_parse(value->customer_id, value->body, ret_profile) == OK)
        return OK;
    sought->put.mode = value->body.at ? SHARED_MEND : SHARED_FILL;
    sought->put.over = value->position;
    sought->put.value.token = value->token;
    return value->position >= POSITION_PROVISIONAL ? ERR_UNAVAILABLE : ERR_LIMIT;
}

/* All whose folds have ended well. */
static void fill(struct loader *loader, const struct sought *sought, uint32_t n)
{
    struct shared_put puts[TOGETHER];
    bool taken[TOGETHER];
    uint32_t n_puts = 0;
    for (uint32_t i = 0; i < n; i++)
        if (sought[i].put.value.body.at)
            puts[n_puts++] = sought[i].put;
    if (n_puts > 0)
        (void) put_all(loader, puts, n_puts, taken);
}

static void print_fill(struct loader *loader, const struct profile *profile, struct shared_put *put)
{
    struct out out;
    out_init(&out, loader->round, 512);
    profile_print(&out, profile);
    if (out.failed)
        return;
    put->value.position = profile->position;
    put->value.body = out_str(&out);
}

/* The log was read, or could not be. */
static void note_reading(struct loader *loader, enum err err)
{
    int64_t now_us = loader->clock->mono_us(loader->clock);
    bool was_lost = loader->log_lost_us && !loader->log_back_us;
    loader->log_failed = err != OK;
    if (err != OK && !was_lost) {
        loader->log_lost_us = now_us > 0 ? now_us : 1;
        loader->log_back_us = 0;
    } else if (err == OK && was_lost)
        loader->log_back_us = now_us;
}

/*
 * The log is back, but while it was away the shared profiles were lost as well, and with them the
 * floors that told of events in other replicas' spools. These need a moment to bring their events
 * into the log, or their floors back: longer than any of them takes to try again.
 */
static bool is_too_soon(struct loader *loader)
{
    int64_t doubted_us = share_doubted_us(loader->sharing.share);
    return loader->log_back_us && doubted_us &&
           loader->clock->mono_us(loader->clock) - loader->log_back_us < GRACE_US &&
           doubted_us >= loader->log_lost_us - GRACE_US;
}

static void note_end(struct loader *loader, enum err err, const struct err_note *why)
{
    metric_add(loader->shard, err == OK ? loader->done : loader->failed, 1);
    if (err == OK || !loader->log_failed)
        return;
    log_line(LOG_WARNING, "loader",
             "a profile could not be read, the decision goes on without: \"%s\"", why->text);
    atomic_store(&loader->losing_until_us, loader->clock->mono_us(loader->clock) + LOSING_US);
}

/*
 * What needs no fold: false when it does. @owes: as it was before the claim. While
 * the shared profiles are away, or lack what we owe, the fold alone answers.
 */
static bool is_settled(struct loader *loader, struct sought *sought, bool away, bool owes)
{
    struct profile *profile = NULL;
    if (away || sought->taken)
        return false;
    enum err err = use_value(sought, &profile);
    if (err == OK && !owes)
        sought->profile = MOVE(profile);
    (void) profile_free(profile);
    if (sought->profile || err == ERR_UNAVAILABLE) { /* in another replica's spool */
        loader->log_failed = false;
        note_end(loader, err, NULL);
        return true;
    }
    return false;
}

/*
 * From the log. Events in our own spool are the view's business: nobody asks
 * for those customers. What is folded is good for who waits, taken or not:
 * whatever was acknowledged before he asked is in it.
 */
static enum err fold_one(struct loader *loader, struct replay_ahead *ahead, struct sought *sought,
                         bool away, struct err_note *note)
{
    enum err err = fold_read(loader->fold, ahead, loader->log, sought->load->customer_id,
                             loader->arena, &sought->profile, note);
    note_reading(loader, err);
    TRY(err);
    if (is_too_soon(loader)) { /* other replicas may have events in their spools */
        sought->profile = profile_free(sought->profile);
        return ERR_UNAVAILABLE;
    }
    if (!away)
        print_fill(loader, sought->profile, &sought->put);
    return OK;
}

static void fold_all(struct loader *loader, struct sought **folds, uint32_t n, bool away)
{
    AUTO(replay_ahead_free) struct replay_ahead *ahead = NULL;
    struct str ids[TOGETHER];
    struct err_note why = { "out of memory" };
    enum err read = OK;
    for (uint32_t i = 0; i < n; i++)
        ids[i] = folds[i]->load->customer_id;
    if (n > 1)
        read = replay_read_ahead(loader->log, loader->fold->shop, ids, n, &ahead, &why);
    if (read != OK)
        note_reading(loader, read);
    for (uint32_t i = 0; i < n; i++)
        note_end(loader, read == OK ? fold_one(loader, ahead, folds[i], away, &why) : read, &why);
}

/* ── what is wanted ──────────────────────────────────────────────────────────────────────────── */

/* It goes into the table; who waits looks there. */
static void load_embedded(struct loader *loader, struct load *load)
{
    struct err_note why = { "out of memory" };
    enum err err = fold_customer(loader->fold, loader->log, load->customer_id, loader->arena, &why);
    loader->log_failed = err != OK;
    note_end(loader, err, &why);
    (void) wanted_done(loader->wanted, load, NULL);
}

/*
 * A fold that nobody waits for is kept by the shared profiles, for the next who asks. While they are
 * away nothing keeps it, and each of these would make all behind it wait, until they go as well.
 */
static bool is_in_vain(struct loader *loader, const struct sought *sought, bool away)
{
    return away && wanted_is_forgotten(loader->wanted, sought->load);
}

static void load_together(struct loader *loader, struct sought *sought, uint32_t n)
{
    bool owes = share_owes(loader->sharing.share), away = !claim(loader, sought, n);
    struct sought *folds[TOGETHER];
    uint32_t n_folds = 0;
    if (!away)
        get(loader, sought, n);
    for (uint32_t i = 0; i < n; i++)
        if (!is_settled(loader, &sought[i], away, owes) && !is_in_vain(loader, &sought[i], away))
            folds[n_folds++] = &sought[i];
    fold_all(loader, folds, n_folds, away);
    fill(loader, sought, n);
    for (uint32_t i = 0; i < n; i++)
        if (!wanted_done(loader->wanted, sought[i].load, sought[i].profile))
            (void) profile_free(sought[i].profile);
    arena_reset(loader->round);
}

/* The first of @load and those behind it; gives back the next. */
static struct load *load_some(struct loader *loader, struct load *load)
{
    struct sought sought[TOGETHER];
    uint32_t n = 0;
    if (!loader->writer) {
        struct load *next = load->next;
        load_embedded(loader, load);
        return next;
    }
    for (; load && n < TOGETHER; load = load->next)
        sought[n++] = (struct sought){ .load = load };
    load_together(loader, sought, n);
    return load;
}

static void *run(void *self)
{
    struct loader *loader = self;
    struct load *load;
    pthread_setname_np(pthread_self(), "loader");
    while ((load = wanted_take(loader->wanted))) {
        while (load)
            load = load_some(loader, load);
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
    if (loader->writer)
        loader->sharing.shared->writer_free(loader->sharing.shared, loader->writer);
    arena_free(loader->arena);
    arena_free(loader->round);
    free(loader);
    return NULL;
}
DEFINE_AUTO(struct loader, loader_free)

enum err loader_start(struct event_log *reader, struct fold *fold, struct wanted *wanted,
                      const struct loader_sharing *sharing, struct clock *clock,
                      struct metrics *metrics, struct loader **ret_loader, struct err_note *note)
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
    loader->round = arena_new(SCRATCH_BYTES, ROUND_LIMIT_BYTES);
    loader->sharing = *sharing;
    if (getrandom(&loader->token, sizeof loader->token, GRND_NONBLOCK) < 0)
        loader->token = (uint64_t) clock->wall_us(clock) << 20;
    if (sharing->shared && !(loader->writer = sharing->shared->writer_new(sharing->shared)))
        return ERR_NOMEM;
    if (!loader->arena || !loader->round || !register_metrics(loader, metrics))
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
