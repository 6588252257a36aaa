/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/model_file.h"

#include "app/world/kept_file.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/out.h"
#include "learn.h"
#include "model/copurchase.h"
#include "ports/event_log.h"

enum { ORDER_BYTES = 256 * 1024, ORDER_LIMIT_BYTES = 16 * 1024 * 1024 };
static const char file_name[] = "model.bin";

/* ── the log ────────────────────────────────────────────────────────────────────────────── */

struct tail {
    struct copurchase *counts;
    struct arena *arena;
    uint64_t folded;
};

static enum err count_order(void *self, const struct logged_event *logged)
{
    struct tail *tail = self;
    struct event event;
    arena_reset(tail->arena);
    if (intake_recall(logged->payload, tail->arena, &event) != OK) {
        log_line(LOG_ERROR, "model", "an order in the log cannot be read: '%.*s' at position %llu",
                 STR_ARG(logged->event_id), (unsigned long long) logged->position);
        return OK;
    }
    struct str *skus = arena_take_array(tail->arena, struct str, event.order.n_lines);
    if (!skus)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < event.order.n_lines; i++)
        skus[i] = event.order.lines[i].sku;
    TRY(copurchase_add(tail->counts, logged->position, logged->at_us, skus, event.order.n_lines));
    tail->folded++;
    return OK;
}

enum err model_file_tail(struct copurchase *counts, struct event_log *log, struct str shop,
                         uint64_t *ret_folded, struct err_note *note)
{
    AUTO(arena_free) struct arena *arena = arena_new(ORDER_BYTES, ORDER_LIMIT_BYTES);
    if (!arena)
        return ERR_NOMEM;
    struct tail tail = { .counts = counts, .arena = arena };
    enum err err =
        log->read_orders(log, shop, copurchase_position(counts), &tail, count_order, note);
    *ret_folded = tail.folded;
    return err;
}

/* ── the file ───────────────────────────────────────────────────────────────────────────── */

/* NULL, and why, when there is no usable file. */
static struct copurchase *read_file(const char *directory, const char **ret_why)
{
    struct copurchase *counts = NULL;
    struct str bytes;
    if (!kept_file_open(directory, file_name, &bytes, ret_why))
        return NULL;
    *ret_why = "it is damaged or of another version";
    if (copurchase_load(bytes, &counts, NULL) == OK)
        *ret_why = NULL;
    kept_file_close(bytes);
    return counts;
}

enum err model_file_load(const char *directory, struct event_log *log, struct str shop,
                         struct copurchase **ret_counts, uint64_t *ret_folded, const char **ret_why,
                         struct err_note *note)
{
    uint64_t last = 0;
    TRY(log->last_position(log, shop, &last, note));
    AUTO(copurchase_free) struct copurchase *counts = read_file(directory, ret_why);
    if (counts && copurchase_position(counts) > last) {
        *ret_why = "it is of another event log";
        counts = copurchase_free(counts);
    }
    if (!counts && !(counts = copurchase_new()))
        return ERR_NOMEM;
    TRY(model_file_tail(counts, log, shop, ret_folded, note));
    *ret_counts = MOVE(counts);
    return OK;
}

enum err model_file_save(const char *directory, const struct copurchase *counts,
                         struct err_note *note)
{
    struct out bytes;
    out_init(&bytes, NULL, 0);
    enum err err = copurchase_save(counts, &bytes);
    if (err == OK)
        err = kept_file_replace(directory, file_name, out_str(&bytes), note);
    out_deinit(&bytes);
    return err;
}
