/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/moves_source.h"

#include <stdlib.h>

#include "base/arena.h"
#include "learn.h"
#include "model/moves.h"
#include "ports/event_log.h"
#include "shop/catalog.h"
#include "shop/event.h"

enum { ORDER_BYTES = 256 * 1024, ORDER_LIMIT_BYTES = 16 * 1024 * 1024 };

struct moves_source {
    struct moves *moves;
    bool behind;
    struct moved *now; /* sealed for … */
    struct catalog *catalog;
    uint64_t mark;
};

struct reading {
    struct moves_source *source;
    struct arena *arena;
    uint32_t left; /* orders; 0: as many as there are */
    bool stopped;
};

enum err moves_source_new(size_t known_purchases, struct moves_source **ret_source)
{
    AUTO(moves_source_free) struct moves_source *source = calloc(1, sizeof *source);
    if (!source || !(source->moves = moves_new(known_purchases)))
        return ERR_NOMEM;
    *ret_source = MOVE(source);
    return OK;
}

struct moves_source *moves_source_free(struct moves_source *source)
{
    if (!source)
        return NULL;
    (void) moves_free(source->moves);
    (void) moved_unref(source->now);
    (void) catalog_unref(source->catalog);
    free(source);
    return NULL;
}

static enum err take_order(void *self, const struct logged_event *logged)
{
    struct reading *reading = self;
    struct event event;
    arena_reset(reading->arena);
    if (intake_recall(logged->payload, reading->arena, &event) != OK)
        return OK;
    uint32_t n = event.order.n_lines;
    struct str *skus = arena_take_array(reading->arena, struct str, n);
    if (!skus)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        skus[i] = event.order.lines[i].sku;
    TRY(moves_add(reading->source->moves, logged->position, logged->at_us, event.customer_id, skus,
                  n));
    reading->stopped = reading->left > 0 && --reading->left == 0;
    return reading->stopped ? ERR_LIMIT : OK;
}

enum err moves_source_read(struct moves_source *source, struct event_log *log, struct str shop,
                           uint32_t most, struct err_note *note)
{
    AUTO(arena_free) struct arena *arena = arena_new(ORDER_BYTES, ORDER_LIMIT_BYTES);
    if (!arena)
        return ERR_NOMEM;
    struct reading reading = { .source = source, .arena = arena, .left = most };
    enum err err =
        log->read_orders(log, shop, moves_position(source->moves), &reading, take_order, note);
    source->behind = reading.stopped;
    return reading.stopped ? OK : err;
}

bool moves_source_is_behind(const struct moves_source *source)
{
    return source->behind;
}

bool moves_source_has_news(const struct moves_source *source)
{
    return !source->behind && moves_mark(source->moves) != source->mark;
}

static void set(struct moves_source *source, struct moved *moved, struct catalog *catalog)
{
    (void) moved_unref(source->now);
    (void) catalog_unref(source->catalog);
    source->now = moved_ref(moved);
    source->catalog = catalog_ref(catalog);
}

/* One that says nothing new is not another one: no ladder is made again for it. */
enum err moves_source_now(struct moves_source *source, struct catalog *catalog,
                          struct moved **ret_moved)
{
    uint64_t mark = moves_mark(source->moves);
    bool is_same =
        source->now && catalog == source->catalog && (mark == source->mark || source->behind);
    if (!is_same) {
        AUTO(moved_unref) struct moved *moved = NULL;
        TRY(moved_new(source->moves, catalog, &moved));
        if (!source->now || catalog != source->catalog || !moved_says_the_same(moved, source->now))
            set(source, moved, catalog);
        source->mark = source->behind ? 0 : mark;
    }
    *ret_moved = source->now;
    return OK;
}
