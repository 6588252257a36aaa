/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "serve/decision.h"
#include "shop/catalog.h"
#include "world/wheres.h"

/*
 * Pick parts
 *
 * One rule's search for products, for the files that make pick: each relation walks products from
 * the best on and hands them over until it is told that it is enough.
 */
struct search {
    struct decision *d;
    struct considered *from;
    uint32_t found, most, walked;
    float relevance; /* bought together, personal: of the product that is handed over, 0 to 1 */
    uint32_t
        judged; /* 0; the answer is full: what is found is judged at once, as far as this many */
};

/* Does the rule's `where` take the product? Known beforehand for most, and then this costs next to nothing. */
static inline bool pick_wants(const struct search *s, uint32_t number)
{
    struct decision *d = s->d;
    bool takes;
    if (wheres_know(d->request.world->wheres, s->from->number, number, &takes))
        return takes;
    const struct product *product = catalog_product(d->request.world->catalog, number);
    return pick_takes(&s->from->rule->pick, &d->facts, product);
}

/* False when this rule has found enough. @orders, @base_orders: evidence of bought together, or 0. */
bool pick_add(struct search *search, uint32_t number, double score, uint32_t orders,
              uint32_t base_orders);

/* The same for a product that has to pass `where`; false also when this rule has looked at enough. */
bool pick_take(struct search *search, uint32_t number, double score, uint32_t orders,
               uint32_t base_orders);

/* The relations. What they need and lack is the rule's reason. */
void pick_ladder(struct search *search, bool up);
void pick_similar(struct search *search);
void pick_viewed(struct search *search);
enum err pick_together(struct search *search);
enum err pick_personal(struct search *search);
