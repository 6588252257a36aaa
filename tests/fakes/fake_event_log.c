/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_event_log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "shop/event.h"

struct kept {
    char *shop, *event_id, *customer_id, *payload; /* customer_id NULL: a guest */
    enum event_type type;
    int64_t at_us;
};

/* What a log and its readers have in common. */
struct shared {
    pthread_mutex_t lock;
    struct kept *kept; /* position = place + 1 */
    uint32_t n, logs;
    atomic_bool failing;
};

struct fake_event_log {
    struct event_log log;
    struct shared *shared;
};

static struct shared *shared_of(struct event_log *log)
{
    return ((struct fake_event_log *) log)->shared;
}

static enum err locked(struct shared *shared, struct err_note *note)
{
    pthread_mutex_lock(&shared->lock);
    if (!atomic_load(&shared->failing))
        return OK;
    pthread_mutex_unlock(&shared->lock);
    return err_fail(note, ERR_UNAVAILABLE, "the fake log fails as it was told");
}

static bool is_known(const struct shared *shared, const struct event *event)
{
    for (uint32_t i = 0; i < shared->n; i++)
        if (str_is(event->shop, shared->kept[i].shop) &&
            str_is(event->event_id, shared->kept[i].event_id))
            return true;
    return false;
}

static char *dup_or_null(struct str text)
{
    return text.at ? str_dup(text) : NULL;
}

static struct kept keep(const struct event *event)
{
    return (struct kept){
        .shop = str_dup(event->shop),
        .event_id = str_dup(event->event_id),
        .customer_id = dup_or_null(event->customer_id),
        .payload = str_dup(event->payload),
        .type = event->type,
        .at_us = event->at_us,
    };
}

static enum err append(struct event_log *log, const struct event *const *events, uint32_t n,
                       int64_t received_us, enum append_result *ret_results,
                       uint64_t *ret_positions, struct err_note *note)
{
    struct shared *shared = shared_of(log);
    (void) received_us;
    TRY(locked(shared, note));
    struct kept *grown = realloc(shared->kept, (shared->n + n + 1) * sizeof *grown);
    if (grown)
        shared->kept = grown;
    for (uint32_t i = 0; grown && i < n; i++) {
        bool known = is_known(shared, events[i]);
        if (!known)
            shared->kept[shared->n++] = keep(events[i]);
        ret_results[i] = known ? APPEND_DUPLICATE : APPEND_ACCEPTED;
        ret_positions[i] = known ? 0 : shared->n;
    }
    pthread_mutex_unlock(&shared->lock);
    return grown ? OK : ERR_NOMEM;
}

static bool is_of(const struct kept *kept, struct str shop, struct str customer_id)
{
    return str_is(shop, kept->shop) && kept->customer_id && str_is(customer_id, kept->customer_id);
}

/* Of one customer, or all orders when @customer_id is absent. */
static enum err read_some(struct shared *shared, struct str shop, struct str customer_id,
                          uint64_t after, void *visitor,
                          enum err (*visit)(void *self, const struct logged_event *event))
{
    enum err err = OK;
    for (uint32_t i = 0; i < shared->n && err == OK; i++) {
        const struct kept *kept = &shared->kept[i];
        bool wanted = customer_id.at ? is_of(kept, shop, customer_id)
                                     : kept->type == EVENT_ORDER_PLACED && str_is(shop, kept->shop);
        if (i < after || !wanted)
            continue;
        const struct logged_event event = {
            .position = i + 1,
            .event_id = str_of(kept->event_id),
            .customer_id = str_of(kept->customer_id),
            .type = str_of(event_type_name(kept->type)),
            .payload = str_of(kept->payload),
            .at_us = kept->at_us,
        };
        err = visit(visitor, &event);
    }
    return err;
}

static enum err read_customer(struct event_log *log, struct str shop, struct str customer_id,
                              uint64_t after, void *visitor,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note)
{
    struct shared *shared = shared_of(log);
    TRY(locked(shared, note));
    enum err err = read_some(shared, shop, customer_id, after, visitor, visit);
    pthread_mutex_unlock(&shared->lock);
    return err;
}

static enum err read_orders(struct event_log *log, struct str shop, uint64_t after, void *visitor,
                            enum err (*visit)(void *self, const struct logged_event *event),
                            struct err_note *note)
{
    return read_customer(log, shop, (struct str){ 0 }, after, visitor, visit, note);
}

static enum err last_position(struct event_log *log, uint64_t *ret_position, struct err_note *note)
{
    struct shared *shared = shared_of(log);
    TRY(locked(shared, note));
    *ret_position = shared->n;
    pthread_mutex_unlock(&shared->lock);
    return OK;
}

static void free_shared(struct shared *shared)
{
    for (uint32_t i = 0; i < shared->n; i++) {
        free(shared->kept[i].shop);
        free(shared->kept[i].event_id);
        free(shared->kept[i].customer_id);
        free(shared->kept[i].payload);
    }
    free(shared->kept);
    pthread_mutex_destroy(&shared->lock);
    free(shared);
}

static void free_log(struct event_log *log)
{
    if (!log)
        return;
    struct shared *shared = shared_of(log);
    pthread_mutex_lock(&shared->lock);
    bool last = --shared->logs == 0;
    pthread_mutex_unlock(&shared->lock);
    if (last)
        free_shared(shared);
    free(log);
}

static enum err new_log(struct shared *shared, struct event_log **ret_log);

static enum err reader(struct event_log *log, struct event_log **ret_reader, struct err_note *note)
{
    (void) note;
    return new_log(shared_of(log), ret_reader);
}

static enum err new_log(struct shared *shared, struct event_log **ret_log)
{
    struct fake_event_log *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->log =
        (struct event_log){ append, read_customer, read_orders, last_position, reader, free_log };
    self->shared = shared;
    pthread_mutex_lock(&shared->lock);
    shared->logs++;
    pthread_mutex_unlock(&shared->lock);
    *ret_log = &self->log;
    return OK;
}

enum err fake_event_log_new(struct event_log **ret_log)
{
    struct shared *shared = calloc(1, sizeof *shared);
    if (!shared)
        return ERR_NOMEM;
    pthread_mutex_init(&shared->lock, NULL);
    enum err err = new_log(shared, ret_log);
    if (err != OK)
        free_shared(shared);
    return err;
}

void fake_event_log_fail(struct event_log *log, bool failing)
{
    atomic_store(&shared_of(log)->failing, failing);
}
