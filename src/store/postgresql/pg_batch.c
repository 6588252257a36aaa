/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgresql/pg_batch.h"

#include <stdlib.h>

#include "base/strmap.h"
#include "shop/event.h"

struct pg_batch {
    const struct event **unique; /* the batch without repeats */
    uint32_t n, n_unique;
    uint32_t *place_of;              /* in unique, of each event of the batch */
    struct append_outcome *outcomes; /* of unique */
    struct strmap *ids, *customers;
    struct out keys;
};

/* "shop NUL id", kept in batch->keys, which never moves: it has room for all. */
static struct str key_of(struct pg_batch *batch, struct str shop, struct str id)
{
    size_t at = batch->keys.len;
    out_text(&batch->keys, shop);
    out_char(&batch->keys, '\0');
    out_text(&batch->keys, id);
    return (struct str){ batch->keys.at + at, batch->keys.len - at };
}

static size_t key_bytes(const struct event *const *events, uint32_t n)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < n; i++)
        bytes +=
            2 * (events[i]->shop.len + 1) + events[i]->event_id.len + events[i]->customer_id.len;
    return bytes;
}

static enum err fill(struct pg_batch *batch, const struct event *const *events, uint32_t n)
{
    out_init(&batch->keys, NULL, key_bytes(events, n));
    batch->unique = calloc(n, sizeof(const struct event *));
    batch->place_of = calloc(n, sizeof *batch->place_of);
    batch->ids = strmap_new(n);
    batch->customers = strmap_new(n);
    batch->outcomes = calloc(n, sizeof *batch->outcomes);
    if (!batch->unique || !batch->place_of || !batch->outcomes || !batch->ids ||
        !batch->customers || batch->keys.failed)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        struct str key = key_of(batch, events[i]->shop, events[i]->event_id);
        uint32_t place = strmap_get(batch->ids, key);
        if (place == STRMAP_NONE) {
            place = batch->n_unique++;
            batch->unique[place] = events[i];
            TRY(strmap_put(batch->ids, key, place));
        }
        batch->place_of[i] = place;
    }
    return OK;
}

/* ── parameters ──────────────────────────────────────────────────────────────────────────── */

static bool is_acceptance(const struct event *event)
{
    return event->type == EVENT_OFFER_ACCEPTED && event->offer.rule.at;
}

/* Rules and budgets go along only when there is an acceptance to judge. */
static void add_acceptances(struct pg_params *params, const struct pg_batch *batch)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < batch->n_unique && n == 0; i++)
        n = is_acceptance(batch->unique[i]) ? batch->n_unique : 0;
    struct out *array = pg_add_texts(params, n);
    for (uint32_t i = 0; i < n; i++)
        pg_element(array, is_acceptance(batch->unique[i]) ? batch->unique[i]->offer.rule
                                                          : (struct str){ 0 });
    array = pg_add_ints(params, n);
    for (uint32_t i = 0; i < n; i++)
        pg_element_int(array, batch->unique[i]->offer.budget_max);
}

static struct str shop_of(const struct event *event)
{
    return event->shop;
}
static struct str id_of(const struct event *event)
{
    return event->event_id;
}
static struct str customer_of(const struct event *event)
{
    return event->customer_id;
}
static struct str type_of(const struct event *event)
{
    return str_of(event_type_name(event->type));
}
static struct str payload_of(const struct event *event)
{
    return event->payload;
}

static void add_column(struct pg_params *params, const struct pg_batch *batch,
                       struct str (*column_of)(const struct event *event))
{
    struct out *array = pg_add_texts(params, batch->n_unique);
    for (uint32_t i = 0; i < batch->n_unique; i++)
        pg_element(array, column_of(batch->unique[i]));
}

void pg_batch_add(const struct pg_batch *batch, int64_t received_us, struct pg_params *params)
{
    pg_params_reset(params);
    add_column(params, batch, shop_of);
    add_column(params, batch, id_of);
    add_column(params, batch, customer_of);
    add_column(params, batch, type_of);
    struct out *array = pg_add_ints(params, batch->n_unique);
    for (uint32_t i = 0; i < batch->n_unique; i++)
        pg_element_int(array, batch->unique[i]->at_us);
    add_column(params, batch, payload_of);
    pg_add_int(params, received_us);
    add_acceptances(params, batch);
}

/* What a row of append_events.sql says of the event at @row. */
static struct append_outcome outcome_at(const PGresult *rows, int row, const struct event *event)
{
    bool known = !PQgetisnull(rows, row, 0), stored = !PQgetisnull(rows, row, 1);
    if (known)
        return (struct append_outcome){ .result = APPEND_DUPLICATE,
                                        .position = (uint64_t) pg_int_at(rows, row, 0) };
    if (!stored)
        return (struct append_outcome){ .result = APPEND_REFUSED };
    return (struct append_outcome){
        .result = APPEND_ACCEPTED,
        .position = (uint64_t) pg_int_at(rows, row, 1),
        .previous = event->customer_id.at ? (uint64_t) pg_int_at(rows, row, 2) : 0,
        .accepted = pg_int_at(rows, row, 3),
    };
}

/* The outcomes of @unique, each customer's events chained to one another. */
static enum err chain(struct pg_batch *batch, const PGresult *rows, struct append_outcome *outcomes)
{
    for (uint32_t i = 0; i < batch->n_unique; i++) {
        const struct event *event = batch->unique[i];
        outcomes[i] = outcome_at(rows, (int) i, event);
        if (outcomes[i].result != APPEND_ACCEPTED || !event->customer_id.at)
            continue;
        struct str key = key_of(batch, event->shop, event->customer_id);
        uint32_t before = strmap_get(batch->customers, key);
        if (before != STRMAP_NONE)
            outcomes[i].previous = outcomes[before].position;
        TRY(strmap_put(batch->customers, key, i));
    }
    return OK;
}

/* A repeat inside the batch is a duplicate of the first, or refused as that was. */
static void spread(const struct pg_batch *batch, struct append_outcome *ret_outcomes)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < batch->n; i++) {
        uint32_t place = batch->place_of[i];
        ret_outcomes[i] = batch->outcomes[place];
        if (place == seen)
            seen++;
        else if (ret_outcomes[i].result == APPEND_ACCEPTED)
            ret_outcomes[i] = (struct append_outcome){ .result = APPEND_DUPLICATE,
                                                       .position = ret_outcomes[i].position };
    }
}

enum err pg_batch_outcomes(struct pg_batch *batch, const PGresult *rows,
                           struct append_outcome *ret_outcomes, struct err_note *note)
{
    if (PQntuples(rows) != (int) batch->n_unique)
        return err_fail(note, ERR_CORRUPT, "event log: %d answers to %u events", PQntuples(rows),
                        batch->n_unique);
    TRY(chain(batch, rows, batch->outcomes));
    spread(batch, ret_outcomes);
    return OK;
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

enum err pg_batch_new(const struct event *const *events, uint32_t n, struct pg_batch **ret_batch)
{
    AUTO(pg_batch_free) struct pg_batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return ERR_NOMEM;
    batch->n = n;
    TRY(fill(batch, events, n));
    *ret_batch = MOVE(batch);
    return OK;
}

struct pg_batch *pg_batch_free(struct pg_batch *batch)
{
    if (!batch)
        return NULL;
    free(batch->unique);
    free(batch->place_of);
    free(batch->outcomes);
    strmap_free(batch->ids);
    strmap_free(batch->customers);
    out_deinit(&batch->keys);
    free(batch);
    return NULL;
}
