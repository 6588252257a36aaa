/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_flows.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "learn.h"
#include "serve.h"

static struct fake_flows flows = { .answer = { "{\"offers\":[]}", 13 } };

struct fake_flows *fake_flows(void)
{
    return &flows;
}

struct serve_worker {
    int id;
    uv_timer_t *timer;        /* the loop's own memory: it outlives the worker */
    struct decision *waiting; /* for the timer */
};

struct decision {
    struct serve_worker *worker;
    struct decision *next;
    int rounds;
    struct str body;
    void (*wake)(void *owner);
    void *owner;
    int64_t deadline_us;
    pthread_t waker;
    bool has_waker, waited;
};

static int64_t now_us(void)
{
    struct timespec now;
    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

enum err serve_worker_new(struct serve *serve, uint16_t id, uint64_t seed, struct uv_loop_s *loop,
                          struct metric_shard *shard, struct serve_worker **ret_worker)
{
    (void) serve;
    (void) seed;
    (void) shard;
    *ret_worker = calloc(1, sizeof **ret_worker);
    uv_timer_t *timer = calloc(1, sizeof *timer);
    if (!*ret_worker || !timer)
        return ERR_NOMEM;
    (*ret_worker)->id = id;
    (*ret_worker)->timer = timer;
    timer->data = *ret_worker;
    return uv_timer_init(loop, timer) == 0 ? OK : ERR_UNAVAILABLE;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

struct serve_worker *serve_worker_free(struct serve_worker *worker)
{
    if (worker)
        uv_close((uv_handle_t *) worker->timer, on_closed);
    free(worker);
    return NULL;
}

struct decision *decision_new(struct serve_worker *worker, struct arena *arena, struct str body,
                              void (*wake)(void *owner), void *owner)
{
    struct decision *decision = arena_take(arena, sizeof *decision);
    if (decision)
        *decision =
            (struct decision){ .worker = worker, .body = body, .wake = wake, .owner = owner };
    atomic_fetch_add_explicit(&flows.decisions, 1, memory_order_relaxed);
    return decision;
}

static void *waker_main(void *of)
{
    struct decision *decision = of;
    decision->wake(decision->owner);
    return NULL;
}

void decision_cancel(struct decision *decision)
{
    atomic_fetch_add(&flows.cancels, 1);
    struct decision **at = &decision->worker->waiting;
    while (*at && *at != decision)
        at = &(*at)->next;
    if (*at)
        *at = decision->next;
    if (decision->has_waker)
        (void) pthread_join(decision->waker, NULL);
    decision->has_waker = false;
}

static enum decide_state failed(struct decision *decision, struct decide_problem *ret_problem)
{
    ret_problem->err = str_is(decision->body, "bad:limit") ? ERR_LIMIT : ERR_INPUT;
    ret_problem->is_value = str_is(decision->body, "bad:value");
    ret_problem->what = "expected something else";
    ret_problem->pointer = STR("/cart/items/0");
    return DECIDE_FAILED;
}

static void on_timer(uv_timer_t *timer)
{
    struct serve_worker *worker = timer->data;
    struct decision *decision = worker->waiting, *next;
    worker->waiting = NULL;
    for (; decision; decision = next) {
        next = decision->next;
        decision->wake(decision->owner);
    }
}

static enum decide_state wait_for_loop(struct decision *decision)
{
    struct serve_worker *worker = decision->worker;
    decision->rounds++;
    decision->deadline_us = now_us() + 60000000;
    decision->next = worker->waiting;
    worker->waiting = decision;
    (void) uv_timer_start(worker->timer, on_timer, 5, 0);
    atomic_fetch_add(&flows.waits, 1);
    return DECIDE_WAIT;
}

static void stall(void)
{
    atomic_store(&flows.stalled, true);
    while (atomic_load(&flows.stalled))
        (void) usleep(1000);
}

void fake_worker_release(void)
{
    atomic_store(&flows.stalled, false);
}

enum decide_state decide_run(struct decision *decision, struct str *ret_answer,
                             struct decide_problem *ret_problem)
{
    if (str_starts_with(decision->body, STR("bad:")))
        return failed(decision, ret_problem);
    if (str_starts_with(decision->body, STR("loop:")) && decision->rounds < 2)
        return wait_for_loop(decision);
    if (str_is(decision->body, "loop:bad"))
        return failed(decision, ret_problem);
    if (str_is(decision->body, "stall"))
        stall();
    bool ready = str_is(decision->body, "wait:ready");
    if (ready && !decision->waited) {
        decision->waited = true;
        decision->deadline_us = now_us() + 60000000;
        decision->has_waker = pthread_create(&decision->waker, NULL, waker_main, decision) == 0;
        atomic_fetch_add(&flows.waits, 1);
        return DECIDE_WAIT;
    }
    if (ready) {
        (void) pthread_join(decision->waker, NULL);
        decision->has_waker = false;
    }
    bool until = str_is(decision->body, "wait:deadline");
    if (until && decision->deadline_us == 0) {
        decision->deadline_us = now_us() + 20000;
        atomic_fetch_add(&flows.waits, 1);
    }
    if (until && now_us() < decision->deadline_us)
        return DECIDE_WAIT;
    if (str_is(decision->body, "wait:long") && decision->deadline_us == 0) {
        decision->deadline_us = now_us() + 60000000;
        atomic_fetch_add(&flows.waits, 1);
        return DECIDE_WAIT;
    }
    *ret_answer = flows.answer;
    return DECIDE_DONE;
}

int64_t decision_deadline_us(const struct decision *decision)
{
    return decision->deadline_us;
}

/* ── the write path ── */

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    struct event_batch *queue;
    bool ending;
} journal = { .lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER };

enum err intake_read(struct str body, const uint8_t key[OFFER_TOKEN_KEY_BYTES], int64_t now,
                     const struct intake_limits *limits, struct arena *arena,
                     struct event_batch **ret_batch, struct str *ret_pointer, struct err_note *note)
{
    (void) key;
    (void) now;
    (void) limits;
    if (str_starts_with(body, STR("bad:"))) {
        *ret_pointer = STR("/0/type");
        return err_fail(note, ERR_INPUT, "expected an event type");
    }
    struct event_batch *batch = arena_take(arena, sizeof *batch);
    batch->results = arena_take_array(arena, struct event_result, 1);
    batch->events = arena_take_array(arena, struct event, 1);
    batch->n_results = batch->n_events = 1;
    batch->single = true;
    batch->results[0] = (struct event_result){ .event_id = STR("e-1") };
    batch->events[0] = (struct event){ .payload = body };
    if (str_is(body, "rejected")) {
        batch->n_events = 0;
        batch->results[0].status = EVENT_REJECTED;
        batch->results[0].problem = "expected a date";
        batch->results[0].pointer = STR("/at");
    }
    *ret_batch = batch;
    return OK;
}

enum err learn_submit(struct learn *learn, struct event_batch *batch)
{
    (void) learn;
    if (str_is(batch->events[0].payload, "full"))
        return ERR_LIMIT;
    (void) pthread_mutex_lock(&journal.lock);
    (void) snprintf(flows.last_event, sizeof flows.last_event, "%.*s",
                    STR_ARG(batch->events[0].payload));
    if (str_is(batch->events[0].payload, "hold"))
        atomic_store(&flows.hold, true);
    batch->next = journal.queue;
    journal.queue = batch;
    atomic_fetch_add(&flows.batches, 1);
    (void) pthread_cond_signal(&journal.news);
    (void) pthread_mutex_unlock(&journal.lock);
    return OK;
}

static void *journal_main(void *of)
{
    (void) of;
    for (;;) {
        (void) pthread_mutex_lock(&journal.lock);
        while ((!journal.queue || atomic_load(&flows.hold)) && !journal.ending)
            (void) pthread_cond_wait(&journal.news, &journal.lock);
        struct event_batch *batch = journal.queue, *next;
        bool ending = journal.ending;
        journal.queue = NULL;
        (void) pthread_mutex_unlock(&journal.lock);
        for (; batch; batch = next) {
            next = batch->next;
            batch->outcome = str_is(batch->events[0].payload, "away") ? ERR_UNAVAILABLE : OK;
            batch->done(batch);
        }
        if (ending)
            return NULL;
    }
}

void fake_journal_start(void)
{
    atomic_store(&flows.decisions, 0);
    atomic_store(&flows.waits, 0);
    atomic_store(&flows.cancels, 0);
    atomic_store(&flows.batches, 0);
    atomic_store(&flows.hold, false);
    (void) pthread_create(&journal.thread, NULL, journal_main, NULL);
}

void fake_journal_release(void)
{
    (void) pthread_mutex_lock(&journal.lock);
    atomic_store(&flows.hold, false);
    (void) pthread_cond_signal(&journal.news);
    (void) pthread_mutex_unlock(&journal.lock);
}

void fake_journal_stop(void)
{
    (void) pthread_mutex_lock(&journal.lock);
    journal.ending = true;
    (void) pthread_cond_signal(&journal.news);
    (void) pthread_mutex_unlock(&journal.lock);
    (void) pthread_join(journal.thread, NULL);
    journal.ending = false;
}
