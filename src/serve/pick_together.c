/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pick: what is bought together with the item, or with the whole cart. The companions of the
 * cart's lines are summed up once for all rules and kept as a heap that is sorted only as far as some
 * rule reads it.
 */
#include <string.h>

#include "model/model.h"
#include "serve/decision.h"
#include "serve/pick_parts.h"

enum {
    TOGETHER_LINES = 20, /* cart lines that count for bought_together: the first ones */
    TOGETHER_TOP =
        30, /* companions of each line: further ones weigh too little to matter in a sum */
    TOGETHER_WALK =
        64, /* companions of the cart looked at for one rule: what comes later is no companion */
};

/*
 * A companion's place among the others as one number, the larger the better: its score, whose bits
 * order as scores do because they are positive, then which was found first.
 */
static uint64_t rank_of(const struct decision *d, uint32_t place)
{
    uint32_t score;
    memcpy(&score, &d->together[place].score, sizeof score);
    return (uint64_t) score << 32 | (UINT32_MAX - place);
}

/* Restores the heap below @i, whose rank may be too small for its place. */
static void sink(uint64_t *heap, uint32_t n, uint32_t i)
{
    const uint64_t rank = heap[i];
    for (uint32_t child; (child = 2 * i + 1) < n; i = child) {
        child += child + 1 < n && heap[child + 1] > heap[child];
        if (heap[child] < rank)
            break;
        heap[i] = heap[child];
    }
    heap[i] = rank;
}

/* Adds one line's companions to the sums; @slots finds the place of a product. */
static void add_line(struct decision *d, uint32_t product, uint16_t *slots, uint32_t mask)
{
    const struct model *model = d->world->model;
    uint32_t n, base_orders = model_orders(model, product);
    const struct companion *list = model_companions(model, product, &n);
    for (uint32_t i = 0; i < n && i < TOGETHER_TOP; i++) {
        uint32_t slot = list[i].product * 2654435761u & mask;
        while (slots[slot] && d->together[slots[slot] - 1].product != list[i].product)
            slot = (slot + 1) & mask;
        if (!slots[slot]) {
            d->together[d->n_together++] = (struct together){ .product = list[i].product };
            slots[slot] = (uint16_t) d->n_together;
        }
        struct together *t = &d->together[slots[slot] - 1];
        t->score += list[i].score;
        if (list[i].orders > t->orders) {
            t->orders = list[i].orders;
            t->base_orders = base_orders;
        }
    }
}

/* Sums the companions of the cart's lines, once per decision, and makes a heap of them. */
static enum err gather_together(struct decision *d)
{
    d->together_ready = true;
    uint32_t lines = d->cart.n_lines < TOGETHER_LINES ? d->cart.n_lines : TOGETHER_LINES;
    uint32_t most = lines * TOGETHER_TOP, slots_n = 64;
    while (slots_n < most * 2)
        slots_n *= 2;
    uint16_t *slots = arena_take_array(d->arena, uint16_t, slots_n);
    d->together = arena_take_raw(d->arena, most * sizeof *d->together);
    d->together_heap = arena_take_raw(d->arena, most * sizeof *d->together_heap);
    d->together_sorted = arena_take_raw(d->arena, TOGETHER_WALK * sizeof *d->together_sorted);
    if (!slots || !d->together || !d->together_heap || !d->together_sorted)
        return decision_no_room(d);
    for (uint32_t i = 0; i < lines; i++)
        if (d->cart.lines[i].product != PRODUCT_NONE)
            add_line(d, d->cart.lines[i].product, slots, slots_n - 1);

    d->n_heap = d->n_together;
    for (uint32_t i = 0; i < d->n_heap; i++)
        d->together_heap[i] = rank_of(d, i);
    for (uint32_t i = d->n_heap / 2; i-- > 0;)
        sink(d->together_heap, d->n_heap, i);
    return OK;
}

/* The @i-th best companion of the cart, @i < TOGETHER_WALK; NULL past the end. */
static const struct together *together_at(struct decision *d, uint32_t i)
{
    while (d->n_sorted <= i && d->n_heap > 0) {
        d->together_sorted[d->n_sorted++] = UINT32_MAX - (uint32_t) d->together_heap[0];
        d->together_heap[0] = d->together_heap[--d->n_heap];
        sink(d->together_heap, d->n_heap, 0);
    }
    return i < d->n_sorted ? &d->together[d->together_sorted[i]] : NULL;
}

enum err pick_together(struct search *s)
{
    struct decision *d = s->d;
    if (s->from->rule->pick.of == OF_TRIGGER_ITEM) {
        if (!d->facts.trigger) {
            s->from->reason = RECEIPT_NO_TRIGGER_ITEM;
            return OK;
        }
        uint32_t n, base = d->trigger_line->product;
        uint32_t base_orders = model_orders(d->world->model, base);
        const struct companion *list = model_companions(d->world->model, base, &n);
        for (uint32_t i = 0; i < n; i++)
            if (!pick_take(s, list[i].product, (double) list[i].score, list[i].orders, base_orders))
                return OK;
        return OK;
    }
    if (!d->together_ready)
        TRY(gather_together(d));
    const struct together *t;
    for (uint32_t i = 0; i < TOGETHER_WALK && (t = together_at(d, i)); i++)
        if (!pick_take(s, t->product, (double) t->score, t->orders, t->base_orders))
            return OK;
    return OK;
}
