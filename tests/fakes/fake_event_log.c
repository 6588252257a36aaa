/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_event_log.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "shop/event.h"

struct kept {
    char *shop, *event_id, *customer_id, *payload; /* customer_id NULL: a guest */
    enum event_type type;
    int64_t at_us;
};

struct fake_event_log {
    struct event_log log;
    struct kept *kept; /* position = place + 1 */
    uint32_t n;
    atomic_bool failing;
};

static bool is_failing(struct event_log *log, struct err_note *note, enum err *ret_err)
{
    if (!atomic_load(&((struct fake_event_log *) log)->failing))
        return false;
    *ret_err = err_fail(note, ERR_UNAVAILABLE, "the fake log fails as it was told");
    return true;
}

static bool is_known(const struct fake_event_log *self, const struct event *event)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (str_is(event->shop, self->kept[i].shop) &&
            str_is(event->event_id, self->kept[i].event_id))
            return true;
    return false;
}

static char *dup_or_null(struct str text)
{
    return text.at ? str_dup(text) : NULL;
}

static enum err append(struct event_log *log, const struct event *const *events, uint32_t n,
                       int64_t received_us, enum append_result *ret_results,
                       uint64_t *ret_positions, struct err_note *note)
{
    struct fake_event_log *self = (struct fake_event_log *) log;
    enum err err;
    (void) received_us;
    if (is_failing(log, note, &err))
        return err;
    struct kept *grown = realloc(self->kept, (self->n + n + 1) * sizeof *grown);
    if (!grown)
        return ERR_NOMEM;
    self->kept = grown;
    for (uint32_t i = 0; i < n; i++) {
        ret_positions[i] = 0;
        ret_results[i] = APPEND_DUPLICATE;
        if (is_known(self, events[i]))
            continue;
        self->kept[self->n++] = (struct kept){
            .shop = str_dup(events[i]->shop),
            .event_id = str_dup(events[i]->event_id),
            .customer_id = dup_or_null(events[i]->customer_id),
            .payload = str_dup(events[i]->payload),
            .type = events[i]->type,
            .at_us = events[i]->at_us,
        };
        ret_results[i] = APPEND_ACCEPTED;
        ret_positions[i] = self->n;
    }
    return OK;
}

static enum err visit_one(const struct fake_event_log *self, uint32_t i, void *visitor,
                          enum err (*visit)(void *self, const struct logged_event *event))
{
    const struct kept *kept = &self->kept[i];
    const struct logged_event event = {
        .position = i + 1,
        .event_id = str_of(kept->event_id),
        .customer_id = str_of(kept->customer_id),
        .type = str_of(event_type_name(kept->type)),
        .payload = str_of(kept->payload),
        .at_us = kept->at_us,
    };
    return visit(visitor, &event);
}

static enum err read_customer(struct event_log *log, struct str shop, struct str customer_id,
                              uint64_t after, void *visitor,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note)
{
    struct fake_event_log *self = (struct fake_event_log *) log;
    enum err err;
    if (is_failing(log, note, &err))
        return err;
    for (uint32_t i = 0; i < self->n; i++)
        if (i >= after && self->kept[i].customer_id &&
            str_is(customer_id, self->kept[i].customer_id) && str_is(shop, self->kept[i].shop))
            TRY(visit_one(self, i, visitor, visit));
    return OK;
}

static enum err read_orders(struct event_log *log, struct str shop, uint64_t after, void *visitor,
                            enum err (*visit)(void *self, const struct logged_event *event),
                            struct err_note *note)
{
    struct fake_event_log *self = (struct fake_event_log *) log;
    enum err err;
    if (is_failing(log, note, &err))
        return err;
    for (uint32_t i = 0; i < self->n; i++)
        if (i >= after && self->kept[i].type == EVENT_ORDER_PLACED &&
            str_is(shop, self->kept[i].shop))
            TRY(visit_one(self, i, visitor, visit));
    return OK;
}

static enum err last_position(struct event_log *log, uint64_t *ret_position, struct err_note *note)
{
    (void) note;
    *ret_position = ((struct fake_event_log *) log)->n;
    return OK;
}

static void free_log(struct event_log *log)
{
    struct fake_event_log *self = (struct fake_event_log *) log;
    for (uint32_t i = 0; self && i < self->n; i++) {
        free(self->kept[i].shop);
        free(self->kept[i].event_id);
        free(self->kept[i].customer_id);
        free(self->kept[i].payload);
    }
    if (self)
        free(self->kept);
    free(self);
}

enum err fake_event_log_new(struct event_log **ret_log)
{
    struct fake_event_log *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->log = (struct event_log){ append, read_customer, read_orders, last_position, free_log };
    *ret_log = &self->log;
    return OK;
}

void fake_event_log_fail(struct event_log *log, bool failing)
{
    atomic_store(&((struct fake_event_log *) log)->failing, failing);
}
