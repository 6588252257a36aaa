/* SPDX-License-Identifier: Apache-2.0 */
#include "http/exchange.h"

#include "http/waiting.h"
#include "ports/clock.h"

enum { TOGETHER = 16 }; /* answers; a decision takes some 10 us, and the first waits for the last */

static void arm(struct waiting *waiting);

static void link_in(struct waiting *waiting, struct exchange *exchange)
{
    if (!exchange->timed) {
        exchange->before = NULL;
        exchange->after = waiting->held_first;
        if (exchange->after)
            exchange->after->before = exchange;
        waiting->held_first = exchange;
        return;
    }
    /* Budgets are alike, so the place is nearly always at the end. */
    struct exchange *before = waiting->last;
    while (before && before->deadline_us > exchange->deadline_us)
        before = before->before;
    exchange->before = before;
    exchange->after = before ? before->after : waiting->first;
    *(before ? &before->after : &waiting->first) = exchange;
    *(exchange->after ? &exchange->after->before : &waiting->last) = exchange;
}

static void link_out(struct waiting *waiting, struct exchange *exchange)
{
    struct exchange **first = exchange->timed ? &waiting->first : &waiting->held_first;
    *(exchange->before ? &exchange->before->after : first) = exchange->after;
    if (exchange->after)
        exchange->after->before = exchange->before;
    else if (exchange->timed)
        waiting->last = exchange->before;
}

static void leave(struct waiting *waiting, struct exchange *exchange)
{
    link_out(waiting, exchange);
    waiting->n--;
    waiting->n_held -= exchange->held;
    exchange->suspended = exchange->held = false;
}

static void go_on(struct waiting *waiting, struct exchange *exchange)
{
    exchange->asleep = false;
    MHD_resume_connection(exchange->connection);
    waiting->resumed(waiting->owner);
}

void waiting_resume(struct waiting *waiting, struct exchange *exchange)
{
    if (!exchange->suspended)
        return;
    leave(waiting, exchange);
    go_on(waiting, exchange);
}

/* ── those that this thread woke ── */

static void add_due(struct waiting *waiting, struct exchange *exchange)
{
    leave(waiting, exchange);
    exchange->due = true;
    exchange->after = NULL;
    exchange->before = waiting->due_last;
    *(waiting->due_last ? &waiting->due_last->after : &waiting->due_first) = exchange;
    waiting->due_last = exchange;
    waiting->resumed(waiting->owner);
}

static void remove_due(struct waiting *waiting, struct exchange *exchange)
{
    exchange->due = false;
    *(exchange->before ? &exchange->before->after : &waiting->due_first) = exchange->after;
    *(exchange->after ? &exchange->after->before : &waiting->due_last) = exchange->before;
}

void waiting_go_on(struct waiting *waiting)
{
    for (int i = 0; i < TOGETHER && waiting->due_first; i++) {
        struct exchange *exchange = waiting->due_first;
        remove_due(waiting, exchange);
        (void) exchange_run(exchange);
        if (!exchange->suspended)
            go_on(waiting, exchange);
    }
}

static void on_time(uv_timer_t *timer)
{
    struct waiting *waiting = timer->data;
    int64_t now_us = waiting->clock->mono_us(waiting->clock);
    while (waiting->first && waiting->first->deadline_us <= now_us)
        waiting_resume(waiting, waiting->first);
    arm(waiting);
}

static void arm(struct waiting *waiting)
{
    if (!waiting->first) {
        (void) uv_timer_stop(&waiting->timer);
        return;
    }
    int64_t left_us = waiting->first->deadline_us - waiting->clock->mono_us(waiting->clock);
    /* libuv counts from its own time, which stands still during a turn and stays so for turn.h. */
    uint64_t behind_ms = uv_hrtime() / 1000000 - uv_now(waiting->timer.loop);
    (void) uv_timer_start(&waiting->timer, on_time,
                          left_us > 0 ? behind_ms + (uint64_t) (left_us + 999) / 1000 : 0, 0);
}

static struct exchange *next_woken(struct waiting *waiting)
{
    (void) pthread_mutex_lock(&waiting->lock);
    struct exchange *exchange = waiting->inbox;
    if (exchange) {
        waiting->inbox = exchange->next_woken;
        exchange->woken = false;
    }
    (void) pthread_mutex_unlock(&waiting->lock);
    return exchange;
}

static void on_bell(uv_async_t *bell)
{
    struct waiting *waiting = bell->data;
    for (struct exchange *exchange; (exchange = next_woken(waiting));)
        waiting_resume(waiting, exchange);
}

int waiting_init(struct waiting *waiting, uv_loop_t *loop, struct clock *clock,
                 void (*resumed)(void *owner), void *owner)
{
    *waiting = (struct waiting){ .clock = clock, .resumed = resumed, .owner = owner };
    (void) pthread_mutex_init(&waiting->lock, NULL);
    int wrong = uv_timer_init(loop, &waiting->timer);
    if (wrong == 0)
        wrong = uv_async_init(loop, &waiting->bell, on_bell);
    waiting->timer.data = waiting->bell.data = waiting;
    return wrong;
}

void waiting_begin(struct waiting *waiting)
{
    waiting->thread = pthread_self();
    waiting->runs = true;
}

void waiting_add(struct waiting *waiting, struct exchange *exchange, int64_t deadline_us, bool held)
{
    exchange->deadline_us = deadline_us;
    exchange->timed = deadline_us != INT64_MAX;
    exchange->suspended = true;
    exchange->held = held;
    waiting->n++;
    waiting->n_held += held;
    link_in(waiting, exchange);
    if (!exchange->asleep)
        MHD_suspend_connection(exchange->connection);
    exchange->asleep = true;
    if (waiting->first == exchange)
        arm(waiting);
}

void waiting_wake(struct waiting *waiting, struct exchange *exchange)
{
    /* What came by the worker's own loop needs no bell: two system calls less. */
    if (waiting->runs && pthread_equal(waiting->thread, pthread_self()) && exchange->suspended) {
        add_due(waiting, exchange);
        return;
    }
    (void) pthread_mutex_lock(&waiting->lock);
    bool first = !exchange->woken;
    if (first) {
        exchange->woken = true;
        exchange->next_woken = waiting->inbox;
        waiting->inbox = exchange;
    }
    /* Rung under the lock: once it is free the worker may be gone. */
    if (first)
        (void) uv_async_send(&waiting->bell);
    (void) pthread_mutex_unlock(&waiting->lock);
}

void waiting_forget(struct waiting *waiting, struct exchange *exchange)
{
    if (exchange->suspended)
        leave(waiting, exchange);
    if (exchange->due)
        remove_due(waiting, exchange);
    (void) pthread_mutex_lock(&waiting->lock);
    if (exchange->woken) {
        struct exchange **at = &waiting->inbox;
        while (*at && *at != exchange)
            at = &(*at)->next_woken;
        if (*at)
            *at = exchange->next_woken;
        exchange->woken = false;
    }
    (void) pthread_mutex_unlock(&waiting->lock);
}

void waiting_resume_all(struct waiting *waiting)
{
    for (struct exchange *due; (due = waiting->due_first);) {
        remove_due(waiting, due);
        go_on(waiting, due);
    }
    while (waiting->first)
        waiting_resume(waiting, waiting->first);
    for (struct exchange *e = waiting->held_first, *next; e; e = next) {
        next = e->after;
        if (!e->held)
            waiting_resume(waiting, e);
    }
}

void waiting_deinit(struct waiting *waiting)
{
    (void) pthread_mutex_destroy(&waiting->lock);
}
