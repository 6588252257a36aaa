/* SPDX-License-Identifier: Apache-2.0 */
#include "app/jobs/order_baskets.h"

#include <stdlib.h>

#include "app/jobs/progress.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/out.h"
#include "files/order_book.h"
#include "files/orders_csv.h"
#include "learn.h"
#include "model/baskets.h"
#include "ports/event_log.h"
#include "shop/event.h"

enum { ORDER_BYTES = 256 * 1024, ORDER_LIMIT_BYTES = 16 * 1024 * 1024 };

struct gathering {
    struct baskets_builder *builder;
    struct arena *arena;
    struct progress *progress;
    uint64_t orders, position, last_position, unreadable;
};

static enum err gather(struct gathering *gathering, const struct event *event)
{
    uint32_t n = event->order.n_lines;
    struct str *skus = arena_take_array(gathering->arena, struct str, n);
    if (!skus)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        skus[i] = event->order.lines[i].sku;
    gathering->orders++;
    return baskets_builder_add(gathering->builder, event->at_us, event->customer_id, skus, n, NULL);
}

static enum err gathering_init(struct gathering *gathering, struct progress *progress)
{
    *gathering = (struct gathering){ .progress = progress };
    gathering->builder = baskets_builder_new();
    gathering->arena = arena_new(ORDER_BYTES, ORDER_LIMIT_BYTES);
    return gathering->builder && gathering->arena ? OK : ERR_NOMEM;
}

static void gathering_deinit(struct gathering *gathering)
{
    (void) baskets_builder_free(gathering->builder);
    (void) arena_free(gathering->arena);
}

/* ── the log ────────────────────────────────────────────────────────────────────────────── */

static enum err take_logged(void *self, const struct logged_event *logged)
{
    struct gathering *gathering = self;
    struct event event;
    arena_reset(gathering->arena);
    gathering->position = logged->position;
    progress_show(gathering->progress, gathering->orders, logged->position,
                  gathering->last_position);
    if (intake_recall(logged->payload, gathering->arena, &event) != OK) {
        gathering->unreadable++;
        log_line(LOG_ERROR, "train", "an order in the log cannot be read: '%.*s' at position %llu",
                 STR_ARG(logged->event_id), (unsigned long long) logged->position);
        return OK;
    }
    event.at_us = logged->at_us;
    return gather(gathering, &event);
}

enum err order_baskets_of_log(struct event_log *log, struct str shop, struct progress *progress,
                              struct baskets **ret_baskets, uint64_t *ret_position,
                              uint64_t *ret_unreadable, struct err_note *note)
{
    struct gathering gathering;
    enum err err = gathering_init(&gathering, progress);
    progress_step(progress, "reading the orders", "orders");
    if (err == OK)
        err = log->last_position(log, shop, &gathering.last_position, note);
    if (err == OK)
        err = log->read_orders(log, shop, 0, &gathering, take_logged, note);
    progress_wipe(progress);
    if (err == OK)
        err = baskets_builder_seal(gathering.builder, ret_baskets);
    if (err == OK) {
        *ret_position = gathering.position;
        *ret_unreadable = gathering.unreadable;
    }
    gathering_deinit(&gathering);
    return err;
}

/* ── a file ─────────────────────────────────────────────────────────────────────────────── */

static void report(void *self, uint64_t lines, uint64_t bytes_read, uint64_t bytes_in_all)
{
    progress_show(self, lines, bytes_read, bytes_in_all);
}

static enum err read_book(const char *path, const struct civil_zone *zone,
                          struct progress *progress, struct csv_tally *tally,
                          struct order_book **ret_book, struct err_note *note)
{
    const struct csv_progress listener = { progress, report };
    const struct orders_csv_settings settings = { .zone = zone, .baskets_only = true };
    struct err_note inner = { "" };
    struct out ignored;
    out_init(&ignored, NULL, 0);
    progress_step(progress, "reading the orders", "lines");
    enum err err = orders_csv_read(path, &settings, &listener, tally, &ignored, ret_book, &inner);
    progress_wipe(progress);
    out_deinit(&ignored);
    if (err == OK)
        return OK;
    return err_fail(note, err, "%s: %.200s", path, inner.text[0] ? inner.text : err_name(err));
}

static enum err gather_book(struct gathering *gathering, struct order_book *book)
{
    for (uint32_t i = 0; i < order_book_count(book); i++) {
        struct event event;
        order_book_event(book, i, &event);
        arena_reset(gathering->arena);
        TRY(gather(gathering, &event));
    }
    return OK;
}

enum err order_baskets_of_file(const char *path, const struct civil_zone *zone,
                               struct progress *progress, struct csv_tally *tally,
                               struct baskets **ret_baskets, struct err_note *note)
{
    AUTO(order_book_free) struct order_book *book = NULL;
    TRY(read_book(path, zone, progress, tally, &book, note));
    struct gathering gathering;
    enum err err = gathering_init(&gathering, progress);
    if (err == OK)
        err = gather_book(&gathering, book);
    if (err == OK)
        err = baskets_builder_seal(gathering.builder, ret_baskets);
    gathering_deinit(&gathering);
    return err;
}
