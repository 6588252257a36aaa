/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock is good enough here: it is held for a few instructions, and never on the read
 * path's way to a profile that is at hand. Loads taken by the journal stay reachable (in
 * hand) until they are done, and a waiter is told under the lock, so after inbox_forget
 * returns its ready cannot be running.
 */
#include "learn/inbox.h"

#include <pthread.h>
#include <stdlib.h>

struct load_list {
    struct load *first, *last;
};

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct event_batch *first, *last;
    struct load_list wanted, in_hand;
    uint32_t max_events, n_events, n_loads;
    bool stopping;
};

struct inbox *inbox_new(uint32_t max_events)
{
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (!inbox)
        return NULL;
    inbox->max_events = max_events;
    pthread_mutex_init(&inbox->lock, NULL);
    pthread_cond_init(&inbox->work, NULL);
    return inbox;
}

static void free_loads(struct load *load)
{
    while (load) {
        struct load *next = load->next;
        free(load);
        load = next;
    }
}

struct inbox *inbox_free(struct inbox *inbox)
{
    if (!inbox)
        return NULL;
    free_loads(inbox->wanted.first);
    free_loads(inbox->in_hand.first);
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

static void append_load(struct load_list *list, struct load *load)
{
    load->next = NULL;
    if (list->last)
        list->last->next = load;
    else
        list->first = load;
    list->last = load;
}

bool inbox_want(struct inbox *inbox, struct str customer_id, struct profile_waiter *waiter)
{
    struct load *load = malloc(sizeof *load + customer_id.len);
    if (!load)
        return false;
    char *text = (char *) (load + 1);
    if (customer_id.len > 0)
        memcpy(text, customer_id.at, customer_id.len);
    load->customer_id = (struct str){ text, customer_id.len };
    load->waiter = waiter;

    pthread_mutex_lock(&inbox->lock);
    bool room = !inbox->stopping && inbox->n_loads < INBOX_MAX_LOADS;
    if (room) {
        append_load(&inbox->wanted, load);
        inbox->n_loads++;
        pthread_cond_signal(&inbox->work);
    }
    pthread_mutex_unlock(&inbox->lock);
    if (!room)
        free(load);
    return room;
}

static void forget_in(const struct load_list *list, const struct profile_waiter *waiter)
{
    for (struct load *load = list->first; load; load = load->next)
        if (load->waiter == waiter)
            load->waiter = NULL;
}

void inbox_forget(struct inbox *inbox, struct profile_waiter *waiter)
{
    pthread_mutex_lock(&inbox->lock);
    forget_in(&inbox->wanted, waiter);
    forget_in(&inbox->in_hand, waiter);
    pthread_mutex_unlock(&inbox->lock);
}

void inbox_stop(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->stopping = true;
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

void inbox_take(struct inbox *inbox, uint32_t max_events, struct inbox_work *ret_work)
{
    struct inbox_work work = { 0 };
    pthread_mutex_lock(&inbox->lock);
    while (!inbox->first && !inbox->wanted.first && !inbox->stopping)
        pthread_cond_wait(&inbox->work, &inbox->lock);
    work.n_waiting = inbox->n_events;
    take_batches(inbox, max_events, &work);
    work.loads = inbox->wanted.first;
    inbox->in_hand = inbox->wanted;
    inbox->wanted = (struct load_list){ 0 };
    work.stopping = inbox->stopping && !inbox->first;
    pthread_mutex_unlock(&inbox->lock);
    *ret_work = work;
}

void inbox_loaded(struct inbox *inbox, struct load *load)
{
    pthread_mutex_lock(&inbox->lock);
    if (load->waiter)
        load->waiter->ready(load->waiter);
    struct load **link = &inbox->in_hand.first;
    while (*link != load)
        link = &(*link)->next;
    *link = load->next;
    inbox->n_loads--;
    pthread_mutex_unlock(&inbox->lock);
    free(load);
}
