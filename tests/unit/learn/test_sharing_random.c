/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replicas over one log and one set of shared profiles, as in test_sharing.c, and chance: events, repeats,
 * decisions, identifications, cut connections, lost answers, flushes, expiries, restarts and deaths in any
 * order, also in the middle of one another. After each decision: nothing is missing that must be seen.
 * At the end, when all is well: everything is seen by all, and what is shared equals a fold of the log.
 *
 * A replica reaches log and fleet (the database), and shared profiles, through doors that can be shut. What
 * may not be seen yet, or cannot be, is told by must_see. RANDOM_SEED=n runs one schedule alone.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/out.h"
#include "fake_clock.h"
#include "fake_event_log.h"
#include "fake_fleet.h"
#include "fake_shared_profiles.h"
#include "learn.h"
#include "learn/replay.h"
#include "ports/event_log.h"
#include "ports/profile_store.h"
#include "ports/shared_profiles.h"
#include "shop/customer.h"
#include "shop/profile_bytes.h"
#include "store/spooled_event_log.h"
#include "suite.h"

enum { REPLICAS = 3, CUSTOMERS = 5, STEPS = 250, SEEDS = 12, MAX_ACKS = 2000, ALIVE = 1 << 30 };

struct replica {
    struct shared_profiles door; /* first: a store is cast back to its replica */
    int number, incarnation;
    char directory[64];
    atomic_bool cut_redis, cut_db, loses_answer, is_deaf;
    atomic_int ops_left; /* until it is dead */
    struct fleet *fleet;
    struct learn *learn;
    struct profile_store *store;
    void *reader;
    struct shared_link *link;
    struct shared_listener listener;
};

/* An event that some replica acknowledged. */
struct ack {
    int event, acker, incarnation;
    bool reached_redis;
    bool is_old;     /* time has passed since: everybody has tended */
    bool is_floored; /* while in a spool only: the shared profiles know of it */
    bool is_shared;  /* in the log: somebody has told the shared profiles */
    unsigned heard;  /* bits: who was told by the database */
};

struct known {
    char id[24];
    int customer;
    enum event_type type;
    int sku;
    int64_t at_us;
    uint64_t position;
};

static const char *const customers[CUSTOMERS] = { "ann", "bob", "cyd", "dan", "eve" };
static struct replica replicas[REPLICAS];
static struct fake_clock fake_clock;
static struct metrics *metrics;
static struct event_log *the_log;
static struct fake_shared_profiles *shared;
static struct fake_fleet *fleet;
static struct known known[MAX_ACKS];
static struct ack acks[MAX_ACKS];
static int n_known, n_acks;
static unsigned seed, step;
static unsigned long n_here, n_lost, n_hooked;
static uint64_t chance;

/* Once, before the next put of that mode by that replica. */
static void (*before_put)(struct replica *r);
static enum shared_mode before_mode;
static struct replica *before_whose;

static pthread_mutex_t hook_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_quiet; /* nothing happens by chance */
static struct replica
    *hooks_for; /* under the lock: whose threads may let other things happen first */

static unsigned pick(unsigned n)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (unsigned) ((chance >> 20) % n);
}

/* RANDOM_TALK=1: what happens, for whoever looks into a failure. */
#define TALK(...)                              \
    do {                                       \
        if (getenv("RANDOM_TALK"))             \
            fprintf(stderr, "# " __VA_ARGS__); \
    } while (0)

/* ── doors ── */

static bool is_alive(struct replica *r)
{
    return atomic_load(&r->ops_left) > 0;
}

static void happen_meanwhile(struct replica *r);

/* An operation on something outside: before it others may happen; the replica may die of it. */
static void outside(struct replica *r)
{
    happen_meanwhile(r);
    if (atomic_load(&r->ops_left) < ALIVE && atomic_fetch_sub(&r->ops_left, 1) == 1)
        fake_fleet_cut(r->fleet, true);
}

static bool redis_ok(struct replica *r)
{
    return is_alive(r) && !atomic_load(&r->cut_redis);
}

static bool db_ok(struct replica *r)
{
    return is_alive(r) && !atomic_load(&r->cut_db);
}

static struct shared_profiles *inner(void)
{
    return fake_shared_profiles_port(shared);
}

static struct replica *of_link(const struct shared_link *link)
{
    for (int i = 0; i < REPLICAS; i++)
        if (replicas[i].link == link)
            return &replicas[i];
    abort();
}

static void door_changed(void *self, struct str customer_id)
{
    struct replica *r = self;
    if (redis_ok(r) && !atomic_load(&r->is_deaf))
        r->listener.changed(r->listener.self, customer_id);
}

static void door_doubt(void *self)
{
    struct replica *r = self;
    r->listener.doubt(r->listener.self);
}

static enum err door_link_new(struct shared_profiles *door, struct uv_loop_s *loop,
                              const struct shared_listener *listener, struct shared_link **ret_link)
{
    struct replica *r = (struct replica *) door;
    const struct shared_listener mine = { r, door_changed, door_doubt };
    r->listener = *listener;
    TRY(inner()->link_new(inner(), loop, &mine, ret_link));
    r->link = *ret_link;
    return OK;
}

static void door_link_free(struct shared_profiles *door, struct shared_link *link)
{
    inner()->link_free(inner(), link);
    ((struct replica *) door)->link = NULL;
}

static bool door_is_trusted(const struct shared_link *link, struct str customer_id, int64_t mono_us)
{
    return redis_ok(of_link(link)) && inner()->is_trusted(link, customer_id, mono_us);
}

static bool door_fetch(struct shared_link *link, struct str id, struct shared_fetch *fetch)
{
    return redis_ok(of_link(link)) && inner()->fetch(link, id, fetch);
}

static void door_cancel(struct shared_link *link, struct shared_fetch *fetch)
{
    inner()->cancel(link, fetch);
}

struct door_writer {
    struct replica *r;
    struct shared_writer *inner;
};

static struct shared_writer *door_writer_new(struct shared_profiles *door)
{
    struct door_writer *writer = calloc(1, sizeof *writer);
    *writer = (struct door_writer){ (struct replica *) door, inner()->writer_new(inner()) };
    return (struct shared_writer *) writer;
}

static void door_writer_free(struct shared_profiles *door, struct shared_writer *self)
{
    (void) door;
    inner()->writer_free(inner(), ((struct door_writer *) self)->inner);
    free(self);
}

static enum err redis_away(struct door_writer *writer, struct err_note *note)
{
    outside(writer->r);
    return redis_ok(writer->r) ? OK : err_fail(note, ERR_UNAVAILABLE, "the door is shut");
}

static enum err door_get(struct shared_writer *self, const struct str *ids, uint32_t n,
                         struct arena *arena, struct shared_value *ret_values,
                         struct err_note *note)
{
    TRY(redis_away((struct door_writer *) self, note));
    return inner()->get(((struct door_writer *) self)->inner, ids, n, arena, ret_values, note);
}

static enum err door_put(struct shared_writer *self, const struct shared_put *puts, uint32_t n,
                         bool *ret_taken, struct err_note *note)
{
    struct replica *r = ((struct door_writer *) self)->r;
    TRY(redis_away((struct door_writer *) self, note));
    if (before_put && puts->mode == before_mode && r == before_whose) {
        void (*now)(struct replica * other) = before_put;
        before_put = NULL;
        now(r);
    }
    return inner()->put(((struct door_writer *) self)->inner, puts, n, ret_taken, note);
}

struct door_log {
    struct event_log log;
    struct event_log *inner;
    struct replica *r;
};

static enum err db_away(struct event_log *log, struct err_note *note)
{
    struct replica *r = ((struct door_log *) log)->r;
    outside(r);
    return db_ok(r) ? OK : err_fail(note, ERR_UNAVAILABLE, "the door is shut");
}

#define INNER(log) (((struct door_log *) (log))->inner)

static enum err door_append(struct event_log *log, const struct event *const *events, uint32_t n,
                            int64_t received_us, struct append_outcome *ret_outcomes,
                            struct err_note *note)
{
    struct replica *r = ((struct door_log *) log)->r;
    TRY(db_away(log, note));
    TRY(INNER(log)->append(INNER(log), events, n, received_us, ret_outcomes, note));
    outside(r);
    if (is_alive(r) && !atomic_exchange(&r->loses_answer, false))
        return OK;
    return err_fail(note, ERR_UNAVAILABLE, "the answer was lost");
}

static enum err door_read_customer(struct event_log *log, struct str shop, struct str customer_id,
                                   uint64_t after, void *self,
                                   enum err (*visit)(void *self, const struct logged_event *event),
                                   struct err_note *note)
{
    TRY(db_away(log, note));
    return INNER(log)->read_customer(INNER(log), shop, customer_id, after, self, visit, note);
}

static enum err
door_read_customers(struct event_log *log, struct str shop, int64_t since_us, void *self,
                    enum err (*visit)(void *self, struct str customer_id, uint64_t position),
                    struct err_note *note)
{
    TRY(db_away(log, note));
    return INNER(log)->read_customers(INNER(log), shop, since_us, self, visit, note);
}

static enum err door_read_budgets(struct event_log *log, struct str shop, void *self,
                                  enum err (*visit)(void *self, struct str rule, int64_t accepted),
                                  struct err_note *note)
{
    TRY(db_away(log, note));
    return INNER(log)->read_budgets(INNER(log), shop, self, visit, note);
}

static void door_log_free(struct event_log *log)
{
    INNER(log)->free(INNER(log));
    free(log);
}

static enum err door_reader(struct event_log *log, struct event_log **ret_reader,
                            struct err_note *note);

static struct event_log *door_log_new(struct replica *r)
{
    struct err_note note;
    struct door_log *log = calloc(1, sizeof *log);
    log->log = (struct event_log){ .append = door_append,
                                   .read_customer = door_read_customer,
                                   .read_customers = door_read_customers,
                                   .read_budgets = door_read_budgets,
                                   .reader = door_reader,
                                   .free = door_log_free };
    log->r = r;
    if (the_log->reader(the_log, &log->inner, &note) != OK)
        abort();
    return &log->log;
}

static enum err door_reader(struct event_log *log, struct event_log **ret_reader,
                            struct err_note *note)
{
    (void) note;
    *ret_reader = door_log_new(((struct door_log *) log)->r);
    return OK;
}

/* ── replicas ── */

static void start(struct replica *r)
{
    const struct spool_settings spool = { .max_bytes = 64 << 20 };
    struct event_log *log = NULL;
    struct err_note note = { "" };
    atomic_store(&r->ops_left, ALIVE);
    r->incarnation++;
    r->fleet = fake_fleet_join(fleet);
    fake_fleet_cut(r->fleet, atomic_load(&r->cut_db));
    r->door = (struct shared_profiles){
        door_link_new,   door_link_free,   door_is_trusted, door_fetch, door_cancel,
        door_writer_new, door_writer_free, door_get,        door_put,   NULL,
    };
    ck_assert_msg(spooled_event_log_new(door_log_new(r), r->directory, &spool, &fake_clock.clock,
                                        metrics, &log, &note) == OK,
                  "%s", note.text);
    const struct learn_settings settings = { .shop = STR("main"),
                                             .shared = &r->door,
                                             .fleet = r->fleet,
                                             .queue_events = 1000,
                                             .commit_events = 100,
                                             .hot_profiles = 100 };
    ck_assert_msg(learn_start(&settings, log, &fake_clock.clock, metrics, &r->learn, &note) == OK,
                  "%s", note.text);
    r->store = learn_profiles(r->learn);
    r->reader = r->store->reader_new(r->store, NULL);
    for (int i = 0; i < n_acks; i++)
        acks[i].heard &= ~(1U << r->number);
}

static void stop(struct replica *r)
{
    r->store->reader_free(r->store, r->reader);
    r->learn = learn_stop(r->learn);
    r->fleet->free(r->fleet);
}

static void wait_for(struct replica *r, sem_t *told, bool is_nested)
{
    if (!is_nested) {
        pthread_mutex_lock(&hook_lock);
        hooks_for = r;
        pthread_mutex_unlock(&hook_lock);
    }
    while (sem_wait(told) != 0)
        ;
    if (!is_nested) {
        pthread_mutex_lock(&hook_lock);
        hooks_for = NULL;
        pthread_mutex_unlock(&hook_lock);
    }
}

struct sent {
    struct event event;
    struct event_result result;
    uint32_t result_of;
    struct event_batch batch;
    sem_t done;
};

static void on_done(struct event_batch *batch)
{
    sem_post(&((struct sent *) batch->owner)->done);
}

/* True when it was acknowledged. Without an event: only a round. */
static bool send_to(struct replica *r, const struct event *event, bool is_nested)
{
    struct sent sent = { .result_of = 0 };
    if (event)
        sent.event = *event;
    sent.batch = (struct event_batch){ .events = &sent.event,
                                       .results = &sent.result,
                                       .result_of = &sent.result_of,
                                       .n_events = event ? 1 : 0,
                                       .n_results = event ? 1 : 0,
                                       .done = on_done,
                                       .owner = &sent };
    sem_init(&sent.done, 0, 0);
    ck_assert_int_eq(learn_submit(r->learn, &sent.batch), OK);
    wait_for(r, &sent.done, is_nested);
    sem_destroy(&sent.done);
    return sent.batch.outcome == OK && is_alive(r) &&
           (sent.result.status == EVENT_ACCEPTED || sent.result.status == EVENT_DUPLICATE);
}

/* ── what the log says ── */

struct seek {
    const char *id;
    uint64_t found, last;
};

static enum err look(void *self, const struct logged_event *event)
{
    struct seek *seek = self;
    seek->last = event->position;
    if (seek->id && str_is(event->event_id, seek->id))
        seek->found = event->position;
    return OK;
}

static uint64_t position_of(struct known *event)
{
    struct seek seek = { .id = event->id };
    struct err_note note;
    if (!event->position &&
        the_log->read_customer(the_log, STR("main"), str_of(customers[event->customer]), 0, &seek,
                               look, &note) == OK)
        event->position = seek.found;
    return event->position;
}

static uint64_t last_of(int customer)
{
    struct seek seek = { 0 };
    struct err_note note;
    ck_assert_int_eq(the_log->read_customer(the_log, STR("main"), str_of(customers[customer]), 0,
                                            &seek, look, &note),
                     OK);
    return seek.last;
}

/* In @out: a fold of the whole log. */
static void fold_into(int customer, struct out *out)
{
    struct arena *arena = arena_new(1 << 16, 1 << 24);
    _Atomic uint64_t unreadable = 0;
    struct profile *profile = NULL;
    struct err_note note;
    ck_assert_int_eq(replay_customer(the_log, STR("main"), str_of(customers[customer]), arena,
                                     &unreadable, &profile, &note),
                     OK);
    ck_assert_uint_eq(unreadable, 0);
    profile_print(out, profile);
    (void) profile_free(profile);
    arena_free(arena);
}

/* ── what must be seen ── */

static bool must_see(const struct ack *ack, struct replica *r)
{
    bool is_own = ack->acker == r->number && ack->incarnation == r->incarnation;
    if (is_own)
        return true;
    if (!ack->is_old)
        return false;
    if (position_of(&known[ack->event]) == 0)
        return ack->acker == r->number || (ack->is_floored && redis_ok(r));
    return ack->reached_redis || ack->is_shared || ack->heard & 1U << r->number;
}

struct waiting {
    struct profile_waiter waiter;
    sem_t told;
    struct replica *r;
    int customer;
    bool must[MAX_ACKS];
    int n_must;
    bool is_done;
    enum profile_answer answer;
    const struct profile *profile;
};

static void on_ready(struct profile_waiter *waiter)
{
    sem_post(&((struct waiting *) waiter)->told);
}

static void ask(struct waiting *w)
{
    w->answer = w->r->store->find(w->r->store, w->r->reader, str_of(customers[w->customer]),
                                  &w->waiter, &w->profile);
    w->is_done = w->answer != PROFILE_COMING;
}

static void begin(struct waiting *w, struct replica *r, int customer)
{
    w->waiter = (struct profile_waiter){ .ready = on_ready };
    w->r = r;
    w->customer = customer;
    w->profile = NULL;
    sem_init(&w->told, 0, 0);
    w->n_must = n_acks;
    for (int i = 0; i < n_acks; i++)
        w->must[i] = known[acks[i].event].customer == customer && must_see(&acks[i], r);
    ask(w);
}

static void check_whole(const struct waiting *w)
{
    uint64_t position = w->profile ? w->profile->position : 0;
    for (int i = 0; i < w->n_must; i++) {
        const struct ack *ack = &acks[i];
        uint64_t needed = w->must[i] ? position_of(&known[ack->event]) : 0;
        if (w->must[i] && needed == 0 && ack->acker != w->r->number && !ack->is_floored)
            continue; /* flushed while the decision was under way */
        ck_assert_msg(!w->must[i] || needed > 0,
                      "seed %u step %u: replica %d used a profile of %s at %llu, without %s, which "
                      "waits in the spool of %d",
                      seed, step, w->r->number, customers[w->customer],
                      (unsigned long long) position, known[acks[i].event].id, acks[i].acker);
        ck_assert_msg(position >= needed,
                      "seed %u step %u: replica %d used a profile of %s at %llu, without %s at "
                      "%llu, acknowledged by %d",
                      seed, step, w->r->number, customers[w->customer],
                      (unsigned long long) position, known[acks[i].event].id,
                      (unsigned long long) needed, acks[i].acker);
    }
    if (!w->profile || position != last_of(w->customer))
        return;
    struct out seen, folded;
    out_init(&seen, NULL, 256);
    out_init(&folded, NULL, 256);
    profile_print(&seen, w->profile);
    fold_into(w->customer, &folded);
    ck_assert_msg(str_eq(out_str(&seen), out_str(&folded)), "seed %u step %u: %s at %llu differs",
                  seed, step, customers[w->customer], (unsigned long long) position);
    out_deinit(&seen);
    out_deinit(&folded);
}

static enum profile_answer finish(struct waiting *w, bool is_nested)
{
    while (!w->is_done) {
        fake_shared_profiles_deliver(shared);
        wait_for(w->r, &w->told, is_nested);
        ask(w);
    }
    TALK("%d: %s is %s at %llu\n", w->r->number, customers[w->customer],
         w->answer == PROFILE_HERE ? "here" : "lost",
         w->profile && w->answer == PROFILE_HERE ? (unsigned long long) w->profile->position : 0);
    if (w->answer == PROFILE_HERE && is_alive(w->r))
        check_whole(w);
    n_here += w->answer == PROFILE_HERE;
    n_lost += w->answer == PROFILE_LOST;
    if (w->waiter.asked)
        w->r->store->forget(w->r->store, &w->waiter);
    sem_destroy(&w->told);
    return w->answer;
}

static enum profile_answer decide(struct replica *r, int customer, bool is_nested)
{
    struct waiting *w = calloc(1, sizeof *w);
    if (pick(2)) /* else nobody has heard of changes since time passed last */
        fake_shared_profiles_deliver(shared);
    begin(w, r, customer);
    enum profile_answer answer = finish(w, is_nested);
    free(w);
    return answer;
}

/* ── what happens ── */

static struct event event_of(const struct known *what)
{
    static const char *const skus[] = { "TEA", "CUP", "POT", "MAT" };
    struct event event = { .type = what->type,
                           .event_id = str_of(what->id),
                           .shop = STR("main"),
                           .customer_id = str_of(customers[what->customer]),
                           .at_us = what->at_us };
    if (what->type == EVENT_PRODUCT_VIEWED)
        event.sku = str_of(skus[what->sku]);
    else
        event.anonymous_id = str_of(customers[(what->customer + 1 + what->sku) % CUSTOMERS]);
    return event;
}

static struct known *new_event(int customer)
{
    struct known *what = &known[n_known];
    *what = (struct known){ .customer = customer,
                            .type = pick(12) ? EVENT_PRODUCT_VIEWED : EVENT_CUSTOMER_IDENTIFIED,
                            .sku = (int) pick(4),
                            .at_us = 1000000 * (int64_t) (n_known + 1) };
    snprintf(what->id, sizeof what->id, "event-%d", n_known++);
    return what;
}

static void happen_to(struct replica *r, struct known *what, bool is_nested)
{
    struct event event = event_of(what);
    struct ack ack = { .event = (int) (what - known),
                       .acker = r->number,
                       .incarnation = r->incarnation,
                       .reached_redis = redis_ok(r) };
    bool acked = send_to(r, &event, is_nested);
    TALK("%d: %s of %s %s%s%s%s\n", r->number, what->id, customers[what->customer],
         acked ? "acked" : "not acked", what->type == EVENT_PRODUCT_VIEWED ? "" : " identified",
         redis_ok(r) ? "" : " (no redis)", db_ok(r) ? "" : " (no db)");
    if (!acked)
        return;
    ack.is_floored = ack.reached_redis;
    acks[n_acks++] = ack;
}

static void happen(struct replica *r, int customer, bool is_nested)
{
    if (n_known == MAX_ACKS || n_acks == MAX_ACKS)
        return;
    bool again = n_known > 0 && pick(5) == 0;
    happen_to(r, again ? &known[pick((unsigned) n_known)] : new_event(customer), is_nested);
}

/* Another process commits and dies before it tells anybody. */
static void happen_silently(int customer)
{
    if (n_known == MAX_ACKS)
        return;
    struct known *what = new_event(customer);
    char payload[256];
    what->type = EVENT_PRODUCT_VIEWED;
    struct event event = event_of(what);
    snprintf(payload, sizeof payload,
             "{\"event_id\":\"%s\",\"type\":\"product_viewed\",\"customer_id\":\"%s\","
             "\"sku\":\"%.*s\",\"at\":\"1970-01-01T00:00:01Z\"}",
             what->id, customers[customer], STR_ARG(event.sku));
    event.payload = str_of(payload);
    const struct event *const events[] = { &event };
    struct append_outcome outcome;
    struct err_note note;
    (void) the_log->append(the_log, events, 1, atomic_load(&fake_clock.wall_us), &outcome, &note);
    TALK("silently: %s of %s\n", what->id, customers[customer]);
}

static void lose_floors(int customer) /* -1: all */
{
    for (int i = 0; i < n_acks; i++)
        if (customer < 0 || known[acks[i].event].customer == customer)
            acks[i].is_floored = false;
}

static void flush(void)
{
    TALK("flush\n");
    fake_shared_profiles_lose(shared);
    lose_floors(-1);
}

static void expire(int customer)
{
    fake_shared_profiles_expire(shared, str_of(customers[customer]));
    lose_floors(customer);
    TALK("%s expires\n", customers[customer]);
}

static void tend(struct replica *r)
{
    TALK("%d: tends\n", r->number);
    fake_clock_advance(&fake_clock, 25000);
    for (int i = 0; i < 2; i++)
        (void) send_to(r, NULL, true);
}

/* More than 50 ms go by: everybody has looked round, twice. */
static void time_passes(void)
{
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < REPLICAS; i++)
            if (is_alive(&replicas[i]))
                tend(&replicas[i]);
    fake_shared_profiles_deliver(shared);
    for (int i = 0; i < n_acks; i++) {
        struct ack *ack = &acks[i];
        struct replica *acker = &replicas[ack->acker];
        bool is_logged = position_of(&known[ack->event]) > 0;
        bool is_same = acker->incarnation == ack->incarnation && is_alive(acker);
        ack->is_old = true;
        if (!is_logged)
            ack->is_floored |= redis_ok(acker);
        for (int j = 0; is_logged && j < REPLICAS; j++) {
            struct replica *r = &replicas[j];
            if (db_ok(r) && is_same && db_ok(acker))
                ack->heard |= 1U << j;
            if (redis_ok(r) && (ack->heard & 1U << j || (is_same && r == acker)))
                ack->is_shared = true;
        }
    }
}

static struct replica *alive_one(const struct replica *but)
{
    unsigned first = pick(REPLICAS);
    for (unsigned i = 0; i < REPLICAS; i++) {
        struct replica *r = &replicas[(first + i) % REPLICAS];
        if (r != but && is_alive(r))
            return r;
    }
    return NULL;
}

/* On a thread of @r, while the test waits for it: things happen beside it. */
static void happen_meanwhile(struct replica *r)
{
    static _Thread_local bool is_inside;
    if (is_inside || pthread_mutex_trylock(&hook_lock) != 0)
        return;
    is_inside = true;
    while (!is_quiet && hooks_for == r && pick(5) == 0) {
        struct replica *other = alive_one(r);
        int customer = (int) pick(2);
        n_hooked++;
        switch (pick(5)) {
        case 0: flush(); break;
        case 1: expire(customer); break;
        case 2: happen_silently(customer); break;
        case 3:
            if (other)
                happen(other, customer, true);
            break;
        default:
            if (other)
                (void) decide(other, customer, true);
        }
    }
    is_inside = false;
    pthread_mutex_unlock(&hook_lock);
}

/* A decision whose answer from the shared profiles is on its way while other things happen. */
static void decide_slowly(struct replica *r, int customer)
{
    struct waiting *w = calloc(1, sizeof *w);
    fake_shared_profiles_deliver(shared);
    fake_shared_profiles_slow(shared, true);
    begin(w, r, customer);
    for (unsigned i = pick(3); i > 0; i--) {
        struct replica *other = alive_one(NULL);
        if (pick(4) == 0)
            flush();
        else if (other)
            happen(other, customer, true);
    }
    fake_shared_profiles_slow(shared, false);
    (void) finish(w, true);
    free(w);
}

static void cut_redis(struct replica *r, bool is_cut)
{
    bool was_cut = atomic_exchange(&r->cut_redis, is_cut);
    if (was_cut && !is_cut && r->learn)
        r->listener.doubt(r->listener.self); /* connected anew */
}

static void cut_db(struct replica *r, bool is_cut)
{
    atomic_store(&r->cut_db, is_cut);
    if (is_alive(r))
        fake_fleet_cut(r->fleet, is_cut);
}

static void cut_something(void)
{
    bool is_cut = pick(3) == 0, all = pick(3) == 0, redis = pick(2);
    unsigned which = pick(REPLICAS);
    for (unsigned i = 0; i < REPLICAS; i++)
        if (all || i == which)
            (redis ? cut_redis : cut_db)(&replicas[i], is_cut);
    TALK("%s of %d%s: %s\n", redis ? "redis" : "db", which, all ? " and all" : "",
         is_cut ? "cut" : "back");
}

static void live_or_die(struct replica *r)
{
    if (is_alive(r) && pick(2)) {
        atomic_store(&r->ops_left, (int) pick(8) + 1);
        TALK("%d: begins to die\n", r->number);
        return;
    }
    TALK("%d: starts anew\n", r->number);
    stop(r);
    start(r);
}

static void take_step(void)
{
    struct replica *r = &replicas[pick(REPLICAS)];
    int customer = (int) pick(pick(2) ? 2 : CUSTOMERS);
    unsigned what = pick(100);
    if (what < 3)
        return cut_something();
    if (what < 5)
        return live_or_die(r);
    if (what < 7)
        return flush();
    if (what < 9)
        return expire(customer);
    if (what < 11)
        return fake_shared_profiles_mute(shared, pick(2));
    if (what < 14)
        return happen_silently(customer);
    if (what < 34)
        return time_passes();
    if (!is_alive(r))
        return;
    if (what < 37)
        atomic_store(&r->loses_answer, true);
    else if (what < 45)
        decide_slowly(r, customer);
    else if (what < 70)
        happen(r, customer, false);
    else
        (void) decide(r, customer, false);
}

/* ── the end ── */

static void all_is_well(void)
{
    fake_shared_profiles_mute(shared, false);
    for (int i = 0; i < REPLICAS; i++) {
        atomic_store(&replicas[i].loses_answer, false);
        cut_redis(&replicas[i], false);
        cut_db(&replicas[i], false);
        if (atomic_load(&replicas[i].ops_left) < ALIVE) {
            stop(&replicas[i]);
            start(&replicas[i]);
        }
    }
    for (int i = 0; i < 3; i++)
        time_passes();
    fake_clock_advance(&fake_clock, 1000000);
}

static void check_the_end(void)
{
    for (int c = 0; c < CUSTOMERS;
         c++) /* what was committed silently is noticed by the next event */
        happen_to(&replicas[c % REPLICAS], new_event(c), true);
    time_passes();
    /* Who finds the log back, with whichever customer first, gives the others' spools a moment. */
    for (int c = 0; c < CUSTOMERS; c++)
        for (int i = 0; i < REPLICAS; i++)
            (void) decide(&replicas[i], c, true);
    fake_clock_advance(&fake_clock, 4000000);
    time_passes();
    for (int c = 0; c < CUSTOMERS; c++)
        for (int i = 0; i < REPLICAS; i++)
            ck_assert_msg(decide(&replicas[i], c, true) == PROFILE_HERE,
                          "seed %u: %s is still lost to %d", seed, customers[c], i);
    for (int i = 0; i < n_acks; i++)
        ck_assert_msg(position_of(&known[acks[i].event]) > 0, "seed %u: %s was lost", seed,
                      known[acks[i].event].id);
    for (int c = 0; c < CUSTOMERS; c++) {
        struct shared_value live;
        struct out folded;
        out_init(&folded, NULL, 256);
        fold_into(c, &folded);
        enum shared_answer answer = fake_shared_profiles_look(shared, str_of(customers[c]), &live);
        ck_assert_msg(
            answer == SHARED_BODY && str_eq(live.body, out_str(&folded)),
            "seed %u: the shared profile of %s is no fold of the log: answer %d at %llx, the "
            "log is at %llu",
            seed, customers[c], answer, (unsigned long long) live.position,
            (unsigned long long) last_of(c));
        out_deinit(&folded);
    }
    ck_assert_uint_eq(fake_fleet_standing(fleet), 0);
}

static void remove_spool(struct replica *r)
{
    static const char *const files[] = { "spool.db", "spool.db-wal", "spool.db-shm" };
    char path[128];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", r->directory, files[i]);
        (void) unlink(path);
    }
    (void) rmdir(r->directory);
}

static void set_up(unsigned number)
{
    seed = number;
    chance = UINT64_C(0x9e3779b97f4a7c15) * (number + 1);
    n_known = n_acks = 0;
    fake_clock_init(&fake_clock, 1000000000);
    metrics = metrics_new();
    ck_assert_int_eq(fake_event_log_new(&the_log), OK);
    shared = fake_shared_profiles_new();
    fleet = fake_fleet_new();
    for (int i = 0; i < REPLICAS; i++) {
        replicas[i] = (struct replica){ .number = i };
        snprintf(replicas[i].directory, sizeof replicas[i].directory, "/tmp/sharing-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(replicas[i].directory));
        start(&replicas[i]);
    }
    is_quiet = true;
}

static void tear_down(void)
{
    for (int i = 0; i < REPLICAS; i++) {
        stop(&replicas[i]);
        remove_spool(&replicas[i]);
    }
    fake_fleet_free(fleet);
    fake_shared_profiles_free(shared);
    the_log->free(the_log);
    metrics = metrics_free(metrics);
}

static void run_schedule(unsigned number)
{
    set_up(number);
    is_quiet = false;
    for (step = 0; step < STEPS; step++)
        take_step();
    is_quiet = true;
    all_is_well();
    check_the_end();
    tear_down();
}

START_TEST(nothing_acknowledged_is_ever_missing_whatever_happens)
{
    const char *one = getenv("RANDOM_SEED");
    const char *from = getenv("RANDOM_FROM");
    unsigned first = from ? (unsigned) atoi(from) : 0;
    if (one)
        run_schedule((unsigned) atoi(one));
    for (unsigned i = first; i < first + SEEDS && !one; i++)
        run_schedule(i);
    fprintf(stderr, "seeds %u to %u: %lu profiles, %lu lost, %lu things meanwhile\n", first, seed,
            n_here, n_lost, n_hooked);
}
END_TEST

/* ── some moments, one by one ── */

static void another_fold_begins(int customer)
{
    struct shared_writer *writer = inner()->writer_new(inner());
    const struct shared_put claim = {
        .value = { .customer_id = str_of(customers[customer]), .token = 4711 }, .mode = SHARED_CLAIM
    };
    struct err_note note;
    bool taken;
    ck_assert_int_eq(inner()->put(writer, &claim, 1, &taken, &note), OK);
    ck_assert(taken);
    inner()->writer_free(inner(), writer);
}

static void an_event_and_a_flush(struct replica *r)
{
    happen_to(&replicas[(r->number + 1) % REPLICAS], new_event(0), true);
    flush();
}

static void an_event_a_flush_and_a_claim(struct replica *r)
{
    an_event_and_a_flush(r);
    another_fold_begins(0);
}

/* An event of ann, and a decision of replica 1 that folds her from the log while @meanwhile happens. */
static void fold_while(void (*meanwhile)(struct replica *r), bool is_floor)
{
    set_up(0);
    happen_to(&replicas[0], new_event(0), true);
    time_passes();
    if (!is_floor)
        expire(0);
    before_mode = SHARED_FILL;
    before_whose = &replicas[1];
    before_put = meanwhile;
    ck_assert_int_eq(decide(&replicas[1], 0, false), PROFILE_HERE);
    ck_assert(!before_put);
    time_passes();
    for (int i = 0; i < REPLICAS; i++)
        ck_assert_int_eq(decide(&replicas[i], 0, true), PROFILE_HERE);
    tear_down();
}

START_TEST(a_fold_fills_nothing_that_was_flushed_meanwhile)
{
    fold_while(an_event_and_a_flush, false);
    fold_while(an_event_and_a_flush, true);
}
END_TEST

START_TEST(a_fold_fills_no_claim_that_another_made_after_a_flush)
{
    fold_while(an_event_a_flush_and_a_claim, false);
    fold_while(an_event_a_flush_and_a_claim, true);
}
END_TEST

START_TEST(a_customer_of_two_spools_has_no_profile_until_both_are_empty)
{
    set_up(0);
    (void) decide(&replicas[2], 0, true);
    for (int i = 0; i < 2; i++) {
        cut_db(&replicas[i], true);
        happen_to(&replicas[i], new_event(0), true);
    }
    time_passes();
    ck_assert_int_eq(decide(&replicas[2], 0, true), PROFILE_LOST);
    cut_db(&replicas[0], false);
    time_passes();
    ck_assert_int_eq(decide(&replicas[2], 0, true), PROFILE_LOST);
    ck_assert_int_eq(decide(&replicas[0], 0, true), PROFILE_LOST);
    cut_db(&replicas[1], false);
    time_passes();
    fake_clock_advance(&fake_clock, 1000000);
    for (int i = 0; i < REPLICAS; i++)
        ck_assert_int_eq(decide(&replicas[i], 0, true), PROFILE_HERE);
    tear_down();
}
END_TEST

START_TEST(a_spools_floors_come_back_after_a_flush)
{
    set_up(0);
    cut_db(&replicas[0], true);
    happen_to(&replicas[0], new_event(0), true);
    flush();
    time_passes();
    ck_assert_int_eq(decide(&replicas[1], 0, true), PROFILE_LOST);
    expire(0);
    time_passes();
    ck_assert_int_eq(decide(&replicas[1], 0, true), PROFILE_LOST);
    tear_down();
}
END_TEST

/* Or its customers would stay without a profile for as long as the floors live. */
START_TEST(who_dies_between_draining_and_settling_settles_when_it_is_back)
{
    set_up(0);
    cut_db(&replicas[0], true);
    happen_to(&replicas[0], new_event(0), true);
    time_passes();
    cut_redis(&replicas[0], true);
    cut_db(&replicas[0], false);
    for (int i = 0; i < 3; i++)
        time_passes();
    atomic_store(&replicas[0].ops_left, 0);
    stop(&replicas[0]);
    cut_redis(&replicas[0], false);
    start(&replicas[0]);
    for (int i = 0; i < 3; i++)
        time_passes();
    fake_clock_advance(&fake_clock, 1000000);
    for (int i = 0; i < REPLICAS; i++)
        ck_assert_int_eq(decide(&replicas[i], 0, true), PROFILE_HERE);
    tear_down();
}
END_TEST

START_TEST(what_was_drained_without_the_shared_profiles_is_told_by_the_database)
{
    set_up(0);
    (void) decide(&replicas[1], 0, true);
    happen_to(&replicas[1], new_event(0), true);
    ck_assert_int_eq(decide(&replicas[1], 0, true), PROFILE_HERE);
    cut_redis(&replicas[0], true);
    cut_db(&replicas[0], true);
    happen_to(&replicas[0], new_event(0), true); /* reaches nobody */
    cut_db(&replicas[0], false);
    time_passes();
    for (int i = 0; i < REPLICAS; i++)
        ck_assert_int_eq(decide(&replicas[i], 0, true), PROFILE_HERE);
    tear_down();
}
END_TEST

START_TEST(who_is_cut_off_from_the_shared_profiles_uses_no_near_ones)
{
    set_up(0);
    (void) decide(&replicas[0], 0, true);
    happen_to(&replicas[0], new_event(0), true);
    ck_assert_int_eq(decide(&replicas[0], 0, true), PROFILE_HERE);
    cut_redis(&replicas[0], true);
    happen_to(&replicas[1], new_event(0), true);
    time_passes();
    ck_assert_int_eq(decide(&replicas[0], 0, true), PROFILE_HERE);
    cut_redis(&replicas[0], false);
    ck_assert_int_eq(decide(&replicas[0], 0, true), PROFILE_HERE);
    tear_down();
}
END_TEST

START_TEST(an_event_goes_over_the_body_that_it_was_applied_to_and_no_other)
{
    set_up(0);
    (void) decide(&replicas[2], 0, true); /* a stranger's body */
    before_mode = SHARED_APPLY;
    before_whose = &replicas[0];
    before_put = an_event_and_a_flush;
    happen_to(&replicas[0], new_event(0), false);
    ck_assert(!before_put);
    time_passes();
    for (int i = 0; i < REPLICAS; i++)
        ck_assert_int_eq(decide(&replicas[i], 0, true), PROFILE_HERE);
    tear_down();
}
END_TEST

/* Its answer is on the way while the replica acknowledges an event, of which it has not heard by the link. */
START_TEST(an_answer_from_before_an_own_event_is_not_used_after_it)
{
    set_up(0);
    struct replica *r = &replicas[0];
    struct waiting *w = calloc(1, sizeof *w);
    (void) decide(r, 0, true);
    happen_to(r, new_event(0), true);
    fake_shared_profiles_deliver(shared);
    begin(w, r, 0);
    ck_assert(!w->is_done);
    happen_to(r, new_event(0), true);
    atomic_store(&r->is_deaf, true);
    ck_assert_int_eq(finish(w, true), PROFILE_HERE);
    ck_assert_int_eq(decide(r, 0, true), PROFILE_HERE);
    free(w);
    tear_down();
}
END_TEST

START_TEST(what_was_heard_by_the_database_is_seen_before_the_link_has_told_of_it)
{
    set_up(0);
    (void) decide(&replicas[0], 0, true);
    happen_to(&replicas[0], new_event(0), true);
    ck_assert_int_eq(decide(&replicas[1], 0, true), PROFILE_HERE);
    atomic_store(&replicas[1].is_deaf, true);
    cut_redis(&replicas[0], true);
    happen_to(&replicas[0], new_event(0), true);
    time_passes();
    ck_assert_int_eq(decide(&replicas[1], 0, true), PROFILE_HERE);
    tear_down();
}
END_TEST

static bool has_body(int customer)
{
    struct shared_value value;
    return fake_shared_profiles_look(shared, str_of(customers[customer]), &value) == SHARED_BODY;
}

START_TEST(a_body_that_cannot_be_read_is_folded_again)
{
    set_up(0);
    happen_to(&replicas[0], new_event(0), true);
    const struct shared_value gibberish = { str_of(customers[0]), 1, STR("?"), 0 };
    fake_shared_profiles_change(shared, &gibberish);
    ck_assert_int_eq(decide(&replicas[1], 0, true), PROFILE_HERE);
    time_passes();
    struct shared_value value;
    ck_assert(has_body(0));
    (void) fake_shared_profiles_look(shared, str_of(customers[0]), &value);
    ck_assert_uint_gt(value.body.len, 1);
    tear_down();
}
END_TEST

SUITE_MAIN("learn/sharing_random", a_fold_fills_nothing_that_was_flushed_meanwhile,
           a_fold_fills_no_claim_that_another_made_after_a_flush,
           a_customer_of_two_spools_has_no_profile_until_both_are_empty,
           a_spools_floors_come_back_after_a_flush,
           who_dies_between_draining_and_settling_settles_when_it_is_back,
           what_was_drained_without_the_shared_profiles_is_told_by_the_database,
           who_is_cut_off_from_the_shared_profiles_uses_no_near_ones,
           an_event_goes_over_the_body_that_it_was_applied_to_and_no_other,
           an_answer_from_before_an_own_event_is_not_used_after_it,
           what_was_heard_by_the_database_is_seen_before_the_link_has_told_of_it,
           a_body_that_cannot_be_read_is_folded_again,
           nothing_acknowledged_is_ever_missing_whatever_happens)
