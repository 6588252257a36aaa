/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/inbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct event_batch *first, *last;
    uint32_t max_events, n_events, n_taken;
    bool stopping, woken;
};

/* Waits are of real time: how long a thread sleeps is nobody's decision. */
static bool init_work(pthread_cond_t *work)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return false;
    bool made = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(work, &monotonic) == 0;
    pthread_condattr_destroy(&monotonic);
    return made;
}

struct inbox *inbox_new(uint32_t max_events)
{
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (!inbox)
        return NULL;
    inbox->max_events = max_events;
    if (!init_work(&inbox->work)) {
        free(inbox);
        return NULL;
    }
    pthread_mutex_init(&inbox->lock, NULL);
    return inbox;
}

struct inbox *inbox_free(struct inbox *inbox)
{
    if (!inbox)
        return NULL;
    pthread_cond_destroy(&inbox->work);
    pthread_mutex_destroy(&inbox->lock);
    free(inbox);
    return NULL;
}

enum err inbox_submit(struct inbox *inbox, struct event_batch *batch)
{
    enum err err = OK;
    pthread_mutex_lock(&inbox->lock);
    if (inbox->stopping)
        err = ERR_UNAVAILABLE;
    else if (batch->n_events > inbox->max_events - inbox->n_events)
        err = ERR_LIMIT;
    else {
        batch->next = NULL;
        if (inbox->last)
            inbox->last->next = batch;
        else
            inbox->first = batch;
        inbox->last = batch;
        inbox->n_events += batch->n_events;
        pthread_cond_signal(&inbox->work);
    }
    pthread_mutex_unlock(&inbox->lock);
    return err;
}

uint32_t inbox_waiting(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    uint32_t waiting = inbox->n_events + inbox->n_taken;
    pthread_mutex_unlock(&inbox->lock);
    return waiting;
}

void inbox_stop(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->stopping = true;
    pthread_cond_signal(&inbox->work);
    pthread_mutex_unlock(&inbox->lock);
}

void inbox_wake(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->woken = true;
    pthread_cond_signal(&inbox->work);
    pthread_mutex_unlock(&inbox->lock);
}

/* Cuts off the first batches of at most @max_events events, at least one. */
static void take_batches(struct inbox *inbox, uint32_t max_events, struct inbox_work *work)
{
    struct event_batch *last = NULL;
    for (struct event_batch *batch = inbox->first; batch; batch = batch->next) {
        if (last && batch->n_events > max_events - work->n_events)
            break;
        work->n_events += batch->n_events;
        last = batch;
        if (work->n_events >= max_events)
            break;
    }
    if (!last)
        return;
    work->batches = inbox->first;
    inbox->first = last->next;
    if (!inbox->first)
        inbox->last = NULL;
    last->next = NULL;
    inbox->n_events -= work->n_events;
}

static struct timespec from_now(int64_t wait_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + wait_us % 1000000 * 1000;
    until.tv_sec += wait_us / 1000000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    return until;
}

void inbox_take(struct inbox *inbox, uint32_t max_events, int64_t wait_us,
                struct inbox_work *ret_work)
{
    struct inbox_work work = { 0 };
    struct timespec until = from_now(wait_us);
    pthread_mutex_lock(&inbox->lock);
    inbox->n_taken = 0;
    while (!inbox->first && !inbox->stopping && !inbox->woken)
        if (pthread_cond_timedwait(&inbox->work, &inbox->lock, &until) == ETIMEDOUT)
            break;
    inbox->woken = false;
    take_batches(inbox, max_events, &work);
    inbox->n_taken = work.n_events;
    work.stopping = inbox->stopping && !inbox->first;
    pthread_mutex_unlock(&inbox->lock);
    *ret_work = work;
}
