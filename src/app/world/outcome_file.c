/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/outcome_file.h"

#include "app/world/kept_file.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/out.h"
#include "learn.h"
#include "model/outcomes.h"
#include "ports/event_log.h"

enum { EVENT_BYTES = 16 * 1024, EVENT_LIMIT_BYTES = 1024 * 1024 };
static const char file_name[] = "outcomes.bin";

struct tail {
    struct outcomes *outcomes;
    struct arena *arena;
    uint64_t folded;
};

static enum err count_outcome(void *self, const struct logged_event *logged)
{
    struct tail *tail = self;
    struct event event;
    arena_reset(tail->arena);
    if (intake_recall(logged->payload, tail->arena, &event) != OK) {
        log_line(LOG_ERROR, "model", "an event in the log cannot be read: '%.*s' at position %llu",
                 STR_ARG(logged->event_id), (unsigned long long) logged->position);
        return OK;
    }
    const uint32_t relevance_bp = event.offer.relevance_bp;
    const struct outcome outcome = {
        .shown = event.type == EVENT_OFFER_SHOWN,
        .accepted = event.type == EVENT_OFFER_ACCEPTED,
        .declined = event.type == EVENT_OFFER_DECLINED,
        .decision_id = event.offer.decision_id,
        .offer_id = event.offer.offer_id,
        .rule = event.offer.rule,
        .kind = event.offer.kind,
        .sku = event.sku,
        .relevance = relevance_bp ? (float) relevance_bp / 10000 : -1,
        .at_us = logged->at_us,
    };
    TRY(outcomes_add(tail->outcomes, logged->position, &outcome));
    tail->folded++;
    return OK;
}

enum err outcome_file_tail(struct outcomes *outcomes, struct event_log *log, struct str shop,
                           uint64_t *ret_folded, struct err_note *note)
{
    AUTO(arena_free) struct arena *arena = arena_new(EVENT_BYTES, EVENT_LIMIT_BYTES);
    *ret_folded = 0;
    if (!arena)
        return ERR_NOMEM;
    struct tail tail = { .outcomes = outcomes, .arena = arena };
    /*
     * before reading: in a log of a million orders and no offer, nobody looks for these each second
     */
    uint64_t last;
    TRY(log->last_position(log, shop, &last, note));
    enum err err =
        log->read_outcomes(log, shop, outcomes_position(outcomes), &tail, count_outcome, note);
    *ret_folded = tail.folded;
    if (err == OK)
        outcomes_pass(outcomes, last);
    return err;
}

/* NULL, and why, when there is no usable file. */
static struct outcomes *read_file(const char *directory, const char **ret_why)
{
    struct outcomes *outcomes = NULL;
    struct str bytes;
    if (!kept_file_open(directory, file_name, &bytes, ret_why))
        return NULL;
    *ret_why = "it is damaged or of another version";
    if (outcomes_load(bytes, &outcomes, NULL) == OK)
        *ret_why = NULL;
    kept_file_close(bytes);
    return outcomes;
}

enum err outcome_file_load(const char *directory, struct event_log *log, struct str shop,
                           struct outcomes **ret_outcomes, uint64_t *ret_folded,
                           const char **ret_why, struct err_note *note)
{
    uint64_t last = 0;
    TRY(log->last_position(log, shop, &last, note));
    AUTO(outcomes_free) struct outcomes *outcomes = read_file(directory, ret_why);
    if (outcomes && outcomes_position(outcomes) > last) {
        *ret_why = "it is of another event log";
        outcomes = outcomes_free(outcomes);
    }
    if (!outcomes && !(outcomes = outcomes_new()))
        return ERR_NOMEM;
    TRY(outcome_file_tail(outcomes, log, shop, ret_folded, note));
    *ret_outcomes = MOVE(outcomes);
    return OK;
}

enum err outcome_file_save(const char *directory, const struct outcomes *outcomes,
                           struct err_note *note)
{
    struct out bytes;
    out_init(&bytes, NULL, 0);
    enum err err = outcomes_save(outcomes, &bytes);
    if (err == OK)
        err = kept_file_replace(directory, file_name, out_str(&bytes), note);
    out_deinit(&bytes);
    return err;
}
