/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_event_log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "shop/event.h"

struct kept {
    char *shop, *event_id, *customer_id, *payload; /* customer_id NULL: a guest */
    char *rule;                                    /* of an acceptance, or NULL */
    enum event_type type;
    int64_t at_us, received_us;
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

/* Its position, or 0. */
static uint32_t find_known(const struct shared *shared, const struct event *event)
{
    for (uint32_t i = 0; i < shared->n; i++)
        if (str_is(event->shop, shared->kept[i].shop) &&
            str_is(event->event_id, shared->kept[i].event_id))
            return i + 1;
    return 0;
}

static bool is_of(const struct kept *kept, struct str shop, struct str customer_id)
{
    return str_is(shop, kept->shop) && kept->customer_id && str_is(customer_id, kept->customer_id);
}

static uint32_t last_of(const struct shared *shared, struct str shop, struct str customer_id)
{
    for (uint32_t i = shared->n; i > 0 && customer_id.at; i--)
        if (is_of(&shared->kept[i - 1], shop, customer_id))
            return i;
    return 0;
}

static int64_t acceptances(const struct shared *shared, struct str shop, struct str rule)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < shared->n; i++)
        n += shared->kept[i].rule && str_is(shop, shared->kept[i].shop) &&
             str_is(rule, shared->kept[i].rule);
    return n;
}

static char *dup_or_null(struct str text)
{
    return text.at ? str_dup(text) : NULL;
}

static bool is_acceptance(const struct event *event)
{
    return event->type == EVENT_OFFER_ACCEPTED && event->offer.rule.at;
}

static struct kept keep(const struct event *event, int64_t received_us)
{
    return (struct kept){
        .rule = is_acceptance(event) ? str_dup(event->offer.rule) : NULL,
        .received_us = received_us,
        .shop = str_dup(event->shop),
        .event_id = str_dup(event->event_id),
        .customer_id = dup_or_null(event->customer_id),
        .payload = str_dup(event->payload),
        .type = event->type,
        .at_us = event->at_us,
    };
}

static struct append_outcome append_one(struct shared *shared, const struct event *event,
                                        int64_t received_us)
{
    uint32_t known = find_known(shared, event);
    if (known)
        return (struct append_outcome){ .result = APPEND_DUPLICATE, .position = known };
    if (is_acceptance(event) && event->offer.budget_max > 0 &&
        acceptances(shared, event->shop, event->offer.rule) >= event->offer.budget_max)
        return (struct append_outcome){ .result = APPEND_REFUSED };
    struct append_outcome outcome = { .result = APPEND_ACCEPTED,
                                      .previous =
                                          last_of(shared, event->shop, event->customer_id) };
    shared->kept[shared->n++] = keep(event, received_us);
    outcome.position = shared->n;
    if (is_acceptance(event))
        outcome.accepted = acceptances(shared, event->shop, event->offer.rule);
    return outcome;
}

static enum err append(struct event_log *log, const struct event *const *events, uint32_t n,
                       int64_t received_us, struct append_outcome *ret_outcomes,
                       struct err_note *note)
{
    struct shared *shared = shared_of(log);
    TRY(locked(shared, note));
    struct kept *grown = realloc(shared->kept, (shared->n + n + 1) * sizeof *grown);
    if (grown)
        shared->kept = grown;
    for (uint32_t i = 0; grown && i < n; i++)
        ret_outcomes[i] = append_one(shared, events[i], received_us);
    pthread_mutex_unlock(&shared->lock);
    return grown ? OK : ERR_NOMEM;
}

static bool is_outcome(const struct kept *kept)
{
    return kept->type == EVENT_OFFER_SHOWN || kept->type == EVENT_OFFER_ACCEPTED ||
           kept->type == EVENT_OFFER_DECLINED;
}

static bool is_order(const struct kept *kept)
{
    return kept->type == EVENT_ORDER_PLACED;
}

/* Of one customer, or all that are @wanted when @customer_id is absent. */
static enum err read_some(struct shared *shared, struct str shop, struct str customer_id,
                          bool (*is_wanted)(const struct kept *kept), uint64_t after, void *visitor,
                          enum err (*visit)(void *self, const struct logged_event *event))
{
    enum err err = OK;
    for (uint32_t i = 0; i < shared->n && err == OK; i++) {
        const struct kept *kept = &shared->kept[i];
        bool wanted = customer_id.at ? is_of(kept, shop, customer_id)
                                     : is_wanted(kept) && str_is(shop, kept->shop);
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
    enum err err = read_some(shared, shop, customer_id, NULL, after, visitor, visit);
    pthread_mutex_unlock(&shared->lock);
    return err;
}

struct first_events {
    void *visitor;
    enum err (*visit)(void *self, const struct logged_event *event);
    uint32_t n;
    enum err err;
};

static enum err visit_first(void *self, const struct logged_event *event)
{
    struct first_events *first = self;
    if (first->n++ == READ_TOGETHER_EACH)
        return ERR_LIMIT;
    return first->err = first->visit(first->visitor, event);
}

static enum err read_together(struct event_log *log, struct str shop,
                              const struct str *customer_ids, uint32_t n, void *visitor,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note)
{
    struct shared *shared = shared_of(log);
    struct first_events first = { visitor, visit, 0, OK };
    TRY(locked(shared, note));
    for (uint32_t i = 0; i < n && first.err == OK; i++) {
        first.n = 0;
        (void) read_some(shared, shop, customer_ids[i], NULL, 0, &first, visit_first);
    }
    pthread_mutex_unlock(&shared->lock);
    return first.err;
}

static enum err read_all(struct event_log *log, struct str shop,
                         bool (*wanted)(const struct kept *), uint64_t after, void *visitor,
                         enum err (*visit)(void *self, const struct logged_event *event),
                         struct err_note *note)
{
    struct shared *shared = shared_of(log);
    TRY(locked(shared, note));
    enum err err = read_some(shared, shop, (struct str){ 0 }, wanted, after, visitor, visit);
    pthread_mutex_unlock(&shared->lock);
    return err;
}

static enum err read_orders(struct event_log *log, struct str shop, uint64_t after, void *visitor,
                            enum err (*visit)(void *self, const struct logged_event *event),
                            struct err_note *note)
{
    return read_all(log, shop, is_order, after, visitor, visit, note);
}

static enum err read_outcomes(struct event_log *log, struct str shop, uint64_t after, void *visitor,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note)
{
    return read_all(log, shop, is_outcome, after, visitor, visit, note);
}

static enum err
read_customers(struct event_log *log, struct str shop, int64_t since_us, void *visitor,
               enum err (*visit)(void *self, struct str customer_id, uint64_t position),
               struct err_note *note)
{
    struct shared *shared = shared_of(log);
    enum err err = OK;
    TRY(locked(shared, note));
    for (uint32_t i = 0; i < shared->n && err == OK; i++) {
        const struct kept *kept = &shared->kept[i];
        struct str customer_id = str_of(kept->customer_id);
        if (is_of(kept, shop, customer_id) && kept->received_us >= since_us &&
            last_of(shared, shop, customer_id) == i + 1)
            err = visit(visitor, customer_id, i + 1);
    }
    pthread_mutex_unlock(&shared->lock);
    return err;
}

static bool is_first_of_rule(const struct shared *shared, uint32_t at)
{
    const struct kept *kept = &shared->kept[at];
    for (uint32_t i = 0; i < at; i++)
        if (shared->kept[i].rule && strcmp(shared->kept[i].rule, kept->rule) == 0 &&
            strcmp(shared->kept[i].shop, kept->shop) == 0)
            return false;
    return true;
}

static enum err read_budgets(struct event_log *log, struct str shop, void *visitor,
                             enum err (*visit)(void *self, struct str rule, int64_t accepted),
                             struct err_note *note)
{
    struct shared *shared = shared_of(log);
    enum err err = OK;
    TRY(locked(shared, note));
    for (uint32_t i = 0; i < shared->n && err == OK; i++) {
        const struct kept *kept = &shared->kept[i];
        if (kept->rule && str_is(shop, kept->shop) && is_first_of_rule(shared, i))
            err = visit(visitor, str_of(kept->rule), acceptances(shared, shop, str_of(kept->rule)));
    }
    pthread_mutex_unlock(&shared->lock);
    return err;
}

static enum err last_position(struct event_log *log, struct str shop, uint64_t *ret_position,
                              struct err_note *note)
{
    struct shared *shared = shared_of(log);
    (void) shop; /* one lock for all of them */
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
        free(shared->kept[i].rule);
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
    self->log = (struct event_log){ .append = append,
                                    .read_customer = read_customer,
                                    .read_together = read_together,
                                    .read_orders = read_orders,
                                    .read_outcomes = read_outcomes,
                                    .read_customers = read_customers,
                                    .read_budgets = read_budgets,
                                    .last_position = last_position,
                                    .reader = reader,
                                    .free = free_log };
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
