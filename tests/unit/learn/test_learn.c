/* SPDX-License-Identifier: Apache-2.0 */
#include "learn.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "fake_clock.h"
#include "fake_event_log.h"
#include "ports/event_log.h"
#include "ports/profile_store.h"
#include "shop/customer.h"
#include "suite.h"

/* The fake log behind a gate: a test can hold the thread that uses it inside a call. */
struct gated_log {
    struct event_log log;
    struct event_log *inner;
    sem_t entered, gate;
    atomic_bool closed, closed_behind; /* before the call, after an append */
};

static void pass(struct gated_log *gated, const atomic_bool *closed)
{
    if (!atomic_load(closed))
        return;
    sem_post(&gated->entered);
    sem_wait(&gated->gate);
}

static enum err gated_append(struct event_log *log, const struct event *const *events, uint32_t n,
                             int64_t received_us, struct append_outcome *ret_outcomes,
                             struct err_note *why)
{
    struct gated_log *gated = (struct gated_log *) log;
    pass(gated, &gated->closed);
    enum err err = gated->inner->append(gated->inner, events, n, received_us, ret_outcomes, why);
    pass(gated, &gated->closed_behind);
    return err;
}

static enum err gated_read_customer(struct event_log *log, struct str shop, struct str customer_id,
                                    uint64_t after, void *self,
                                    enum err (*visit)(void *self, const struct logged_event *event),
                                    struct err_note *why)
{
    struct gated_log *gated = (struct gated_log *) log;
    pass(gated, &gated->closed);
    return gated->inner->read_customer(gated->inner, shop, customer_id, after, self, visit, why);
}

static void gated_free(struct event_log *log)
{
    struct gated_log *gated = (struct gated_log *) log;
    gated->inner->free(gated->inner);
    sem_destroy(&gated->entered);
    sem_destroy(&gated->gate);
}

static enum err gated_reader(struct event_log *log, struct event_log **ret_reader,
                             struct err_note *why);

static void gated_init(struct gated_log *gated)
{
    gated->log = (struct event_log){ .append = gated_append,
                                     .read_customer = gated_read_customer,
                                     .reader = gated_reader,
                                     .free = gated_free };
    sem_init(&gated->entered, 0, 0);
    sem_init(&gated->gate, 0, 0);
    atomic_store(&gated->closed, false);
    atomic_store(&gated->closed_behind, false);
}

/* What every test here needs. */
static struct gated_log gated;   /* the journal's */
static struct gated_log reading; /* the loader's */
static struct fake_clock fake_clock;
static struct metrics *metrics;
static struct learn *learn;
static struct profile_store *store;
static void *reader;

static enum err gated_reader(struct event_log *log, struct event_log **ret_reader,
                             struct err_note *why)
{
    struct gated_log *writer = (struct gated_log *) log;
    gated_init(&reading);
    *ret_reader = &reading.log;
    return writer->inner->reader(writer->inner, &reading.inner, why);
}

static void set_up(const struct learn_settings *settings)
{
    struct err_note why;
    gated_init(&gated);
    ck_assert_int_eq(fake_event_log_new(&gated.inner), OK);
    fake_clock_init(&fake_clock, 1000000);
    metrics = metrics_new();
    ck_assert_int_eq(learn_start(settings, &gated.log, &fake_clock.clock, metrics, &learn, &why),
                     OK);
    store = learn_profiles(learn);
    reader = store->reader_new(store, NULL);
    ck_assert_ptr_nonnull(reader);
}

static const struct learn_settings usual = {
    .shop = STR("main"), .queue_events = 100, .commit_events = 10, .hot_profiles = 10
};

static void tear_down(void)
{
    store->reader_free(store, reader);
    learn = learn_stop(learn);
    metrics = metrics_free(metrics);
}

/* A batch of one event, with its own memory, and a way to wait for it. */
struct sent {
    struct event_batch batch;
    struct event event;
    struct event_result result;
    uint32_t result_of;
    char event_id[16], payload[256];
    sem_t done;
    int place; /* how many were done before */
};

static atomic_int n_done;

static void on_done(struct event_batch *batch)
{
    struct sent *sent = batch->owner;
    sent->place = atomic_fetch_add(&n_done, 1);
    sem_post(&sent->done);
}

static void view(struct sent *sent, int id, const char *customer)
{
    *sent = (struct sent){ 0 };
    snprintf(sent->event_id, sizeof sent->event_id, "e-%d", id);
    snprintf(sent->payload, sizeof sent->payload,
             "{\"event_id\":\"%s\",\"type\":\"product_viewed\",\"customer_id\":\"%s\","
             "\"at\":\"1970-01-01T00:00:01Z\",\"sku\":\"SKU-%d\"}",
             sent->event_id, customer, id);
    sent->event = (struct event){ .type = EVENT_PRODUCT_VIEWED,
                                  .event_id = str_of(sent->event_id),
                                  .customer_id = str_of(customer),
                                  .at_us = 1000000,
                                  .sku = STR("SKU"),
                                  .payload = str_of(sent->payload),
                                  .offer.kind = -1 };
    sent->batch = (struct event_batch){ .events = &sent->event,
                                        .results = &sent->result,
                                        .result_of = &sent->result_of,
                                        .n_events = 1,
                                        .n_results = 1,
                                        .done = on_done,
                                        .owner = sent };
    sem_init(&sent->done, 0, 0);
}

static void order(struct sent *sent, int id, const char *customer)
{
    static const struct order_line line = { { "SKU", 3 }, 1, 10 };
    view(sent, id, customer);
    snprintf(sent->payload, sizeof sent->payload,
             "{\"type\":\"order_placed\",\"customer_id\":\"%s\",\"order\":{\"id\":\"o\","
             "\"currency\":\"JPY\","
             "\"items\":[{\"sku\":\"SKU\",\"quantity\":1,\"unit_price\":10}]}}",
             customer);
    sent->event.payload = str_of(sent->payload);
    sent->event.type = EVENT_ORDER_PLACED;
    sent->event.order.lines = &line;
    sent->event.order.n_lines = 1;
}

static void submit(struct sent *sent)
{
    ck_assert_int_eq(learn_submit(learn, &sent->batch), OK);
}

static void submit_and_wait(struct sent *sent)
{
    submit(sent);
    sem_wait(&sent->done);
}

struct waiting {
    struct profile_waiter waiter;
    sem_t told;
};

static void on_ready(struct profile_waiter *waiter)
{
    sem_post(&((struct waiting *) waiter)->told);
}

static void waiting_init(struct waiting *waiting)
{
    waiting->waiter = (struct profile_waiter){ .ready = on_ready };
    sem_init(&waiting->told, 0, 0);
}

/* Waits for the profile when it has to; its position, 0 for a stranger. */
static uint64_t position_of(const char *customer)
{
    struct waiting waiting;
    const struct profile *profile = NULL;
    uint64_t position = 0;
    waiting_init(&waiting);
    for (;;) {
        store->read_begin(store, reader);
        enum profile_answer answer =
            store->find(store, reader, str_of(customer), &waiting.waiter, &profile);
        if (answer == PROFILE_HERE)
            position = profile ? profile->position : 0;
        store->read_end(store, reader);
        ck_assert_int_ne(answer, PROFILE_LOST);
        if (answer == PROFILE_HERE)
            return position;
        sem_wait(&waiting.told);
    }
}

static int64_t orders_of(const char *customer)
{
    const struct profile *profile = NULL;
    ck_assert_uint_gt(position_of(customer), 0);
    store->read_begin(store, reader);
    ck_assert_int_eq(store->find(store, reader, str_of(customer), NULL, &profile), PROFILE_HERE);
    int64_t orders = profile->orders;
    ck_assert_int_eq(profile_owned(profile, STR("SKU"))->quantity, orders);
    store->read_end(store, reader);
    return orders;
}

START_TEST(an_answered_event_is_in_the_profile_of_the_next_decision)
{
    struct sent one, two;
    set_up(&usual);
    ck_assert_uint_eq(position_of("c"), 0);
    view(&one, 1, "c");
    view(&two, 2, "c");

    submit_and_wait(&one);
    ck_assert_int_eq(one.batch.outcome, OK);
    ck_assert_int_eq(one.result.status, EVENT_ACCEPTED);
    ck_assert_uint_eq(position_of("c"), 1);
    submit_and_wait(&two);

    ck_assert_uint_eq(position_of("c"), 2);
    tear_down();
}
END_TEST

START_TEST(a_profile_that_is_not_at_hand_is_folded_from_the_log)
{
    struct sent one, two;
    set_up(&usual);
    view(&one, 1, "c");
    view(&two, 2, "c");
    submit_and_wait(&one);
    submit_and_wait(&two);

    const struct profile *profile = NULL;
    struct waiting waiting;
    waiting_init(&waiting);
    store->read_begin(store, reader);
    ck_assert_int_eq(store->find(store, reader, STR("c"), &waiting.waiter, &profile),
                     PROFILE_COMING);
    store->read_end(store, reader);
    sem_wait(&waiting.told);
    store->read_begin(store, reader);
    ck_assert_int_eq(store->find(store, reader, STR("c"), &waiting.waiter, &profile), PROFILE_HERE);
    ck_assert_uint_eq(profile->position, 2);
    ck_assert_uint_eq(profile->n_viewed, 2);
    store->read_end(store, reader);
    tear_down();
}
END_TEST

START_TEST(a_repeat_is_a_duplicate_and_changes_nothing)
{
    struct sent one, again;
    set_up(&usual);
    ck_assert_uint_eq(position_of("c"), 0);
    view(&one, 1, "c");
    view(&again, 1, "c");
    submit_and_wait(&one);

    submit_and_wait(&again);

    ck_assert_int_eq(again.batch.outcome, OK);
    ck_assert_int_eq(again.result.status, EVENT_DUPLICATE);
    ck_assert_uint_eq(position_of("c"), 1);
    tear_down();
}
END_TEST

START_TEST(a_commit_that_fails_stores_nothing_and_the_repeat_counts_once)
{
    struct sent one;
    set_up(&usual);
    ck_assert_uint_eq(position_of("c"), 0);
    view(&one, 1, "c");
    fake_event_log_fail(gated.inner, true);

    submit_and_wait(&one);
    ck_assert_int_eq(one.batch.outcome, ERR_UNAVAILABLE);
    ck_assert_uint_eq(position_of("c"), 0);
    fake_event_log_fail(gated.inner, false);
    submit_and_wait(&one);

    ck_assert_int_eq(one.batch.outcome, OK);
    ck_assert_int_eq(one.result.status, EVENT_ACCEPTED);
    ck_assert_uint_eq(position_of("c"), 1);
    tear_down();
}
END_TEST

START_TEST(senders_are_told_in_the_order_they_came)
{
    enum { N = 50 };
    static struct sent sent[N];
    set_up(&usual);
    atomic_store(&n_done, 0);
    for (int i = 0; i < N; i++) {
        view(&sent[i], i, "c");
        submit(&sent[i]);
    }

    for (int i = 0; i < N; i++) {
        sem_wait(&sent[i].done);
        ck_assert_int_eq(sent[i].place, i);
    }
    tear_down();
}
END_TEST

/* As a scrape sees it. */
static uint64_t queued(void)
{
    learn_before_metrics(learn);
    return metric_value(metrics, metric_register(metrics, METRIC_GAUGE,
                                                 "offerd_journal_queue_events", "", STR("")));
}

START_TEST(what_is_queued_while_a_commit_runs_is_committed_together)
{
    enum { N = 8 };
    static struct sent sent[N];
    set_up(&usual);
    atomic_store(&gated.closed, true);
    for (int i = 0; i < N; i++)
        view(&sent[i], i, "c");
    submit(&sent[0]);
    sem_wait(&gated.entered);
    for (int i = 1; i < N; i++)
        submit(&sent[i]);
    ck_assert_uint_eq(queued(), N); /* while the commit hangs */
    atomic_store(&gated.closed, false);
    sem_post(&gated.gate);
    for (int i = 0; i < N; i++)
        sem_wait(&sent[i].done);

    metric_id commits = metric_register(metrics, METRIC_COUNTER, "offerd_journal_commits_total", "",
                                        (struct str){ 0 });
    ck_assert_uint_eq(metric_value(metrics, commits), 2);
    for (int i = 0; i < 1000 && queued() > 0; i++)
        usleep(10000); /* until its thread has come for more */
    ck_assert_uint_eq(queued(), 0);
    tear_down();
}
END_TEST

START_TEST(a_full_queue_refuses_and_what_it_had_is_still_committed)
{
    const struct learn_settings small = {
        .shop = STR("main"), .queue_events = 2, .commit_events = 1, .hot_profiles = 10
    };
    static struct sent sent[4];
    set_up(&small);
    atomic_store(&gated.closed, true);
    for (int i = 0; i < 4; i++)
        view(&sent[i], i, "c");
    submit(&sent[0]);
    sem_wait(&gated.entered);
    submit(&sent[1]);
    submit(&sent[2]);

    ck_assert_int_eq(learn_submit(learn, &sent[3].batch), ERR_LIMIT);

    atomic_store(&gated.closed, false);
    sem_post(&gated.gate);
    for (int i = 0; i < 3; i++) {
        sem_wait(&sent[i].done);
        ck_assert_int_eq(sent[i].batch.outcome, OK);
    }
    tear_down();
}
END_TEST

START_TEST(stopping_commits_what_is_queued)
{
    enum { N = 60 };
    static struct sent sent[N];
    set_up(&usual);
    atomic_store(&n_done, 0);
    for (int i = 0; i < N; i++) {
        view(&sent[i], i, "c");
        submit(&sent[i]);
    }

    tear_down();

    ck_assert_int_eq(atomic_load(&n_done), N);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(sent[i].result.status, EVENT_ACCEPTED);
}
END_TEST

START_TEST(an_event_of_our_own_gets_its_payload)
{
    struct sent own;
    set_up(&usual);
    view(&own, 1, "c");
    own.event.payload = (struct str){ 0 };
    own.event.sku = STR("SKU-9");
    submit_and_wait(&own);

    store->read_begin(store, reader);
    store->read_end(store, reader);
    ck_assert_uint_eq(position_of("c"), 1);
    const struct profile *profile = NULL;
    store->read_begin(store, reader);
    ck_assert_int_eq(store->find(store, reader, STR("c"), NULL, &profile), PROFILE_HERE);
    ck_assert(str_is(profile->viewed[0], "SKU-9"));
    store->read_end(store, reader);
    tear_down();
}
END_TEST

START_TEST(a_guests_event_is_stored_and_folded_into_nobody)
{
    struct sent guest;
    set_up(&usual);
    view(&guest, 1, "c");
    guest.event.customer_id = (struct str){ 0 };

    submit_and_wait(&guest);

    ck_assert_int_eq(guest.result.status, EVENT_ACCEPTED);
    ck_assert_uint_eq(position_of("c"), 0);
    tear_down();
}
END_TEST

START_TEST(who_was_forgotten_is_not_told)
{
    struct waiting waiting, other;
    const struct profile *profile = NULL;
    set_up(&usual);
    waiting_init(&waiting);
    waiting_init(&other);
    atomic_store(&reading.closed, true);
    store->read_begin(store, reader);
    ck_assert_int_eq(store->find(store, reader, STR("c"), &waiting.waiter, &profile),
                     PROFILE_COMING);
    ck_assert_int_eq(store->find(store, reader, STR("c"), &other.waiter, &profile), PROFILE_COMING);
    store->read_end(store, reader);
    sem_wait(&reading.entered); /* the load is in hand */

    store->forget(store, &waiting.waiter);
    atomic_store(&reading.closed, false);
    sem_post(&reading.gate);
    sem_wait(&other.told);

    int told = -1;
    sem_getvalue(&waiting.told, &told);
    ck_assert_int_eq(told, 0);
    tear_down();
}
END_TEST

START_TEST(a_profile_is_loaded_while_a_commit_takes_its_time)
{
    struct sent one, two;
    set_up(&usual);
    view(&one, 1, "c");
    view(&two, 2, "c");
    submit_and_wait(&one);
    atomic_store(&gated.closed, true);
    submit(&two);
    sem_wait(&gated.entered); /* the journal is inside append */

    ck_assert_uint_eq(position_of("c"), 1);
    ck_assert_uint_eq(position_of("stranger"), 0);

    atomic_store(&gated.closed, false);
    sem_post(&gated.gate);
    sem_wait(&two.done);
    ck_assert_uint_eq(position_of("c"), 2);
    tear_down();
}
END_TEST

START_TEST(an_event_that_a_load_saw_before_it_was_folded_counts_once)
{
    struct sent sent;
    set_up(&usual);
    order(&sent, 1, "c");
    atomic_store(&gated.closed_behind, true);
    submit(&sent);
    sem_wait(&gated.entered); /* committed, not yet folded */
    ck_assert_uint_eq(position_of("c"), 1);

    atomic_store(&gated.closed_behind, false);
    sem_post(&gated.gate);
    sem_wait(&sent.done);

    ck_assert_int_eq(orders_of("c"), 1);
    tear_down();
}
END_TEST

START_TEST(a_log_that_cannot_be_read_loses_the_profile_for_a_while)
{
    struct waiting waiting;
    const struct profile *profile = NULL;
    set_up(&usual);
    waiting_init(&waiting);
    fake_event_log_fail(gated.inner, true);
    store->read_begin(store, reader);
    ck_assert_int_eq(store->find(store, reader, STR("c"), &waiting.waiter, &profile),
                     PROFILE_COMING);
    sem_wait(&waiting.told);
    ck_assert_int_eq(store->find(store, reader, STR("c"), &waiting.waiter, &profile), PROFILE_LOST);
    store->read_end(store, reader);

    fake_event_log_fail(gated.inner, false);
    fake_clock_advance(&fake_clock, 1000000);

    ck_assert_uint_eq(position_of("c"), 0);
    tear_down();
}
END_TEST

START_TEST(counts_the_orders_it_committed)
{
    struct sent sent;
    set_up(&usual);
    order(&sent, 1, "c");
    submit_and_wait(&sent);
    submit_and_wait(&sent); /* again: a duplicate */

    ck_assert_uint_eq(learn_orders(learn), 1);
    tear_down();
}
END_TEST

enum { READERS = 2, WRITES = 2000, CUSTOMERS = 20 };

static atomic_bool over;

static void *decide_on(void *unused)
{
    (void) unused;
    void *mine = store->reader_new(store, NULL);
    struct waiting waiting;
    char name[16];
    waiting_init(&waiting);
    for (unsigned n = 0; !atomic_load(&over); n++) {
        const struct profile *profile = NULL;
        snprintf(name, sizeof name, "c%u", n % CUSTOMERS);
        store->read_begin(store, mine);
        enum profile_answer answer =
            store->find(store, mine, str_of(name), &waiting.waiter, &profile);
        if (answer == PROFILE_HERE && profile)
            ck_assert(str_is(profile->customer_id, name));
        store->read_end(store, mine);
        if (answer == PROFILE_COMING && n % 3 == 0)
            store->forget(store, &waiting.waiter);
        else if (answer == PROFILE_COMING)
            sem_wait(&waiting.told);
    }
    store->forget(store, &waiting.waiter);
    store->reader_free(store, mine);
    return NULL;
}

/* Profiles are loaded, evicted and folded on all the time: each event must count once in each. */
START_TEST(readers_the_loader_and_the_journal_work_side_by_side)
{
    static struct sent sent[WRITES];
    pthread_t threads[READERS];
    char names[CUSTOMERS][16];
    const struct learn_settings settings = { .shop = STR("main"),
                                             .queue_events = WRITES,
                                             .commit_events = 50,
                                             .hot_profiles = CUSTOMERS / 2 };
    for (int i = 0; i < CUSTOMERS; i++)
        snprintf(names[i], sizeof names[i], "c%d", i);
    set_up(&settings);
    atomic_store(&over, false);
    for (int i = 0; i < READERS; i++)
        pthread_create(&threads[i], NULL, decide_on, NULL);

    for (int i = 0; i < WRITES; i++) {
        order(&sent[i], i, names[i % CUSTOMERS]);
        submit(&sent[i]);
        if (i % 50 == 49) /* so that commits, loads and evictions alternate */
            sem_wait(&sent[i].done);
    }
    for (int i = 0; i < WRITES; i++)
        if (i % 50 != 49)
            sem_wait(&sent[i].done);
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);

    for (int i = 0; i < CUSTOMERS; i++)
        ck_assert_int_eq(orders_of(names[i]), WRITES / CUSTOMERS);
    tear_down();
}
END_TEST

SUITE_MAIN("learn/learn", an_answered_event_is_in_the_profile_of_the_next_decision,
           a_profile_that_is_not_at_hand_is_folded_from_the_log,
           a_repeat_is_a_duplicate_and_changes_nothing,
           a_commit_that_fails_stores_nothing_and_the_repeat_counts_once,
           senders_are_told_in_the_order_they_came,
           what_is_queued_while_a_commit_runs_is_committed_together,
           a_full_queue_refuses_and_what_it_had_is_still_committed, stopping_commits_what_is_queued,
           an_event_of_our_own_gets_its_payload, a_guests_event_is_stored_and_folded_into_nobody,
           who_was_forgotten_is_not_told, a_profile_is_loaded_while_a_commit_takes_its_time,
           an_event_that_a_load_saw_before_it_was_folded_counts_once,
           a_log_that_cannot_be_read_loses_the_profile_for_a_while, counts_the_orders_it_committed,
           readers_the_loader_and_the_journal_work_side_by_side)
