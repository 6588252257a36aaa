/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock is good enough here: it is held for a few instructions, and never on the read
 * path's way to a profile that is at hand. What the loader has taken stays reachable (in
 * hand) until it is done, and a waiter is told under the lock: so when wanted_forget returns,
 * its ready is neither running nor will it run.
 */
#include "learn/wanted.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

struct load_list {
    struct load *first, *last;
};

struct wanted {
    pthread_mutex_t lock;
    pthread_cond_t asked;
    struct load_list waiting, in_hand;
    uint32_t n;
    bool stopping;
};

struct wanted *wanted_new(void)
{
    struct wanted *wanted = calloc(1, sizeof *wanted);
    if (!wanted)
        return NULL;
    pthread_mutex_init(&wanted->lock, NULL);
    pthread_cond_init(&wanted->asked, NULL);
    return wanted;
}

static void free_loads(struct load *load)
{
    while (load) {
        struct load *next = load->next;
        free(load);
        load = next;
    }
}

struct wanted *wanted_free(struct wanted *wanted)
{
    if (!wanted)
        return NULL;
    free_loads(wanted->waiting.first);
    free_loads(wanted->in_hand.first);
    pthread_cond_destroy(&wanted->asked);
    pthread_mutex_destroy(&wanted->lock);
    free(wanted);
    return NULL;
}

static struct load *new_load(struct str customer_id, struct profile_waiter *waiter)
{
    struct load *load = malloc(sizeof *load + customer_id.len);
    if (!load)
        return NULL;
    char *text = (char *) (load + 1);
    if (customer_id.len > 0)
        memcpy(text, customer_id.at, customer_id.len);
    *load = (struct load){ .waiter = waiter, .customer_id = { text, customer_id.len } };
    return load;
}

bool wanted_ask(struct wanted *wanted, struct str customer_id, struct profile_waiter *waiter)
{
    struct load *load = new_load(customer_id, waiter);
    if (!load)
        return false;
    pthread_mutex_lock(&wanted->lock);
    bool room = !wanted->stopping && wanted->n < WANTED_MAX;
    if (room) {
        if (wanted->waiting.last)
            wanted->waiting.last->next = load;
        else
            wanted->waiting.first = load;
        wanted->waiting.last = load;
        wanted->n++;
        pthread_cond_signal(&wanted->asked);
    }
    pthread_mutex_unlock(&wanted->lock);
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

void wanted_forget(struct wanted *wanted, struct profile_waiter *waiter)
{
    pthread_mutex_lock(&wanted->lock);
    forget_in(&wanted->waiting, waiter);
    forget_in(&wanted->in_hand, waiter);
    pthread_mutex_unlock(&wanted->lock);
}

void wanted_stop(struct wanted *wanted)
{
    pthread_mutex_lock(&wanted->lock);
    wanted->stopping = true;
    pthread_cond_signal(&wanted->asked);
    pthread_mutex_unlock(&wanted->lock);
}

struct load *wanted_take(struct wanted *wanted)
{
    pthread_mutex_lock(&wanted->lock);
    while (!wanted->waiting.first && !wanted->stopping)
        pthread_cond_wait(&wanted->asked, &wanted->lock);
    wanted->in_hand = wanted->waiting;
    wanted->waiting = (struct load_list){ 0 };
    struct load *first = wanted->in_hand.first;
    pthread_mutex_unlock(&wanted->lock);
    return first;
}

bool wanted_is_forgotten(struct wanted *wanted, const struct load *load)
{
    pthread_mutex_lock(&wanted->lock);
    bool forgotten = load->waiter == NULL;
    pthread_mutex_unlock(&wanted->lock);
    return forgotten;
}

bool wanted_done(struct wanted *wanted, struct load *load, void *found)
{
    pthread_mutex_lock(&wanted->lock);
    bool waits = load->waiter != NULL;
    if (waits) {
        load->waiter->found = found;
        load->waiter->ready(load->waiter);
    }
    wanted->in_hand.first = load->next; /* they are done in order */
    wanted->n--;
    pthread_mutex_unlock(&wanted->lock);
    free(load);
    return waits;
}
