/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/view.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "learn/loader.h"
#include "learn/near_profiles.h"
#include "learn/share.h"
#include "learn/stamps.h"
#include "learn/wanted.h"
#include "ports/clock.h"
#include "ports/event_log.h"
#include "ports/shared_profiles.h"
#include "shop/customer.h"
#include "shop/event.h"
#include "shop/profile_bytes.h"

/* "session:" and the longest id. */
enum { CUSTOMER_MAX_BYTES = ID_MAX_BYTES + 16 };

enum source { FROM_NEAR, FROM_SHARED, FROM_LOG, LOST, SOURCES };

struct view {
    struct profile_store store; /* first: a store is cast back to its view */
    struct view_settings with;
    struct metrics *metrics;
    metric_id found[SOURCES];
};

struct reader {
    struct view *view;
    struct near_profiles *near;
    struct shared_link *link;
    struct metric_shard *shard;
    struct ask *pool;
};

enum ask_state { ASK_FETCHING, ASK_LOADING, ASK_HERE, ASK_LOST };

/* One decision that waits: for the shared value first, then for the loader if that is no use. */
struct ask {
    struct shared_fetch fetch;
    struct profile_waiter loading; /* what the loader is asked with */
    struct profile_waiter *waiter; /* the decision's */
    struct reader *reader;
    struct ask *next;              /* in the pool */
    _Atomic int state;             /* the loader's thread ends ASK_LOADING */
    uint64_t hash;                 /* of the customer's id */
    uint32_t stamp;                /* before it was asked for */
    bool asked_loader;             /* wanted_forget is due */
    const struct profile *profile; /* ASK_HERE, fetched: held in near */
    size_t len;
    char customer_id[CUSTOMER_MAX_BYTES];
};

#define ASK_OF(pointer, member) ((struct ask *) ((char *) (pointer) -offsetof(struct ask, member)))

static void count(struct reader *reader, enum source source)
{
    metric_add(reader->shard, reader->view->found[source], 1);
}

static struct ask *take_ask(struct reader *reader)
{
    struct ask *ask = reader->pool;
    if (!ask)
        return calloc(1, sizeof *ask);
    reader->pool = ask->next;
    return ask;
}

static void give_back(struct reader *reader, struct ask *ask)
{
    ask->next = reader->pool;
    reader->pool = ask;
}

static struct str id_of(const struct ask *ask)
{
    return (struct str){ ask->customer_id, ask->len };
}

/* ── the log, through the loader ─────────────────────────────────────────────────────────────── */

/*
 * On the loader's thread. The waiter is told under wanted's
 * lock, so it cannot be forgotten meanwhile.
 */
static void on_loaded(struct profile_waiter *loading)
{
    struct ask *ask = ASK_OF(loading, loading);
    struct profile_waiter *waiter = ask->waiter;
    atomic_store_explicit(&ask->state, loading->found ? ASK_HERE : ASK_LOST, memory_order_release);
    waiter->ready(waiter);
}

static bool load(struct ask *ask)
{
    struct view *view = ask->reader->view;
    ask->loading = (struct profile_waiter){ .ready = on_loaded };
    atomic_store_explicit(&ask->state, ASK_LOADING, memory_order_relaxed);
    ask->asked_loader = !loader_is_losing(view->with.loader) &&
                        wanted_ask(view->with.wanted, id_of(ask), &ask->loading);
    return ask->asked_loader;
}

/* ── the shared value ────────────────────────────────────────────────────────────────────────── */

static void on_fetched(struct shared_fetch *fetch, enum shared_answer answer,
                       const struct shared_value *value)
{
    struct ask *ask = ASK_OF(fetch, fetch);
    struct reader *reader = ask->reader;
    struct profile *profile = NULL;
    if (answer == SHARED_BODY && profile_parse(id_of(ask), value->body, &profile) == OK) {
        ask->profile = near_profiles_keep(reader->near, profile, ask->hash, ask->stamp);
        near_profiles_hold(reader->near, ask->profile);
        atomic_store_explicit(&ask->state, ask->profile ? ASK_HERE : ASK_LOST,
                              memory_order_relaxed);
        ask->waiter->ready(ask->waiter);
        return;
    }
    bool provisional = answer == SHARED_FLOOR && value->position >= POSITION_PROVISIONAL;
    if (provisional || !load(ask)) {
        atomic_store_explicit(&ask->state, ASK_LOST, memory_order_relaxed);
        ask->waiter->ready(ask->waiter);
    }
}

static void on_changed(void *self, struct str customer_id)
{
    near_profiles_drop(((struct reader *) self)->near, customer_id);
}

static void on_doubt(void *self)
{
    struct reader *reader = self;
    const struct view_settings *with = &reader->view->with;
    near_profiles_drop_all(reader->near);
    share_note_doubt(with->share, with->clock->mono_us(with->clock));
}

static void on_doubt_some(void *self, bool (*is_one)(const void *part, struct str customer_id),
                          const void *part)
{
    struct reader *reader = self;
    const struct view_settings *with = &reader->view->with;
    near_profiles_drop_some(reader->near, is_one, part);
    share_note_doubt(with->share, with->clock->mono_us(with->clock));
}

/* ── the profile store ───────────────────────────────────────────────────────────────────────── */

/* What has become of it so far. */
static enum profile_answer look(const struct ask *ask, const struct profile **ret_profile)
{
    const struct profile *profile;
    switch (atomic_load_explicit(&ask->state, memory_order_acquire)) {
    case ASK_HERE:
        profile = ask->profile ? ask->profile : ask->loading.found;
        count(ask->reader, ask->profile ? FROM_SHARED : FROM_LOG);
        *ret_profile = profile->position > 0 ? profile : NULL;
        return PROFILE_HERE;
    case ASK_LOST: count(ask->reader, LOST); return PROFILE_LOST;
    default: return PROFILE_COMING;
    }
}

static enum profile_answer ask_for(struct reader *reader, struct str customer_id, uint64_t hash,
                                   uint32_t stamp, bool owes, struct profile_waiter *waiter)
{
    struct view *view = reader->view;
    struct ask *ask = customer_id.len <= CUSTOMER_MAX_BYTES ? take_ask(reader) : NULL;
    if (!ask)
        return PROFILE_LOST;
    *ask = (struct ask){ .fetch.done = on_fetched,
                         .waiter = waiter,
                         .reader = reader,
                         .hash = hash,
                         .stamp = stamp,
                         .len = customer_id.len };
    memcpy(ask->customer_id, customer_id.at, customer_id.len);
    waiter->asked = ask;
    if (!owes && view->with.shared->fetch(reader->link, id_of(ask), &ask->fetch))
        return PROFILE_COMING;
    if (load(ask))
        return PROFILE_COMING;
    waiter->asked = NULL;
    give_back(reader, ask);
    return PROFILE_LOST;
}

static enum profile_answer find(struct profile_store *store, void *self, struct str customer_id,
                                struct profile_waiter *waiter, const struct profile **ret_profile)
{
    struct view *view = (struct view *) store;
    struct reader *reader = self;
    if (waiter->asked)
        return look(waiter->asked, ret_profile);
    if (share_is_spooled(view->with.share, customer_id)) {
        count(reader, LOST);
        return PROFILE_LOST;
    }
    uint64_t hash = str_hash(customer_id);
    uint32_t stamp = stamps_now(view->with.stamps, hash);
    bool owes = share_owes(view->with.share);
    if (!owes && view->with.shared->is_trusted(reader->link, customer_id,
                                               view->with.clock->mono_us(view->with.clock))) {
        const struct profile *near = near_profiles_find(reader->near, customer_id, hash, stamp);
        if (near) {
            count(reader, FROM_NEAR);
            *ret_profile = near->position > 0 ? near : NULL;
            return PROFILE_HERE;
        }
    }
    enum profile_answer answer = ask_for(reader, customer_id, hash, stamp, owes, waiter);
    if (answer == PROFILE_LOST)
        count(reader, LOST);
    return answer;
}

static void forget(struct profile_store *store, struct profile_waiter *waiter)
{
    struct view *view = (struct view *) store;
    struct ask *ask = waiter->asked;
    if (!ask)
        return;
    waiter->asked = NULL;
    view->with.shared->cancel(ask->reader->link, &ask->fetch);
    if (ask->asked_loader) {
        wanted_forget(view->with.wanted, &ask->loading);
        (void) profile_free(ask->loading.found);
    }
    if (ask->profile)
        near_profiles_release(ask->reader->near, ask->profile);
    give_back(ask->reader, ask);
}

/* Near profiles belong to the reader's own thread: a section needs nothing. */
static void section(struct profile_store *store, void *reader)
{
    (void) store;
    (void) reader;
}

static void reader_free(struct profile_store *store, void *self)
{
    struct reader *reader = self;
    if (!reader)
        return;
    if (reader->link)
        ((struct view *) store)
            ->with.shared->link_free(((struct view *) store)->with.shared, reader->link);
    near_profiles_free(reader->near);
    while (reader->pool) {
        struct ask *ask = reader->pool;
        reader->pool = ask->next;
        free(ask);
    }
    free(reader);
}

static void *reader_new(struct profile_store *store, struct uv_loop_s *loop)
{
    struct view *view = (struct view *) store;
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    const struct shared_listener listener = { reader, on_changed, on_doubt, on_doubt_some };
    reader->view = view;
    reader->shard = metric_shard_of(view->metrics, loop);
    reader->near = near_profiles_new(view->with.near_profiles);
    if (reader->shard && reader->near &&
        view->with.shared->link_new(view->with.shared, loop, &listener, &reader->link) == OK)
        return reader;
    reader_free(store, reader);
    return NULL;
}

enum err view_new(const struct view_settings *settings, struct metrics *metrics,
                  struct view **ret_view)
{
    static const char *const from[SOURCES] = { [FROM_NEAR] = "from=\"near\"",
                                               [FROM_SHARED] = "from=\"shared\"",
                                               [FROM_LOG] = "from=\"log\"",
                                               [LOST] = "from=\"nowhere\"" };
    struct view *view = calloc(1, sizeof *view);
    if (!view)
        return ERR_NOMEM;
    view->store = (struct profile_store){ reader_new, reader_free, section, section, find, forget };
    view->with = *settings;
    view->metrics = metrics;
    for (int i = 0; i < SOURCES; i++)
        view->found[i] = metric_register(metrics, METRIC_COUNTER, "offerd_profile_finds_total",
                                         "Profiles that decisions asked for, by where they were.",
                                         str_of(from[i]));
    *ret_view = view;
    return OK;
}

struct view *view_free(struct view *view)
{
    free(view);
    return NULL;
}

struct profile_store *view_store(struct view *view)
{
    return &view->store;
}
