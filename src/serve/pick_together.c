/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pick: what goes with the item or with the whole cart, and what goes with this customer. The model completes
 * the cart once for all rules that ask the same of it.
 */
#include "model/completion.h"
#include "model/model.h"
#include "rules/ruleset.h"
#include "serve/decision.h"
#include "serve/pick_parts.h"
#include "shop/catalog.h"
#include "shop/customer.h"

enum { TOGETHER_WALK = 64 }; /* products looked at for one rule: what comes later says little */

/* What the customer has bought before; nothing without consent. Gathered once. */
static bool gather_habits(struct decision *d)
{
    if (d->pick.habits || !d->who.person || d->who.person->n_owned == 0)
        return true;
    d->pick.habits = arena_take_raw(d->arena, d->who.person->n_owned * sizeof *d->pick.habits);
    if (!d->pick.habits)
        return false;
    const uint32_t *products = facts_owned_products(&d->facts);
    for (uint32_t i = 0; i < d->who.person->n_owned && i < PROFILE_MAX_OWNED; i++) {
        const struct owned *owned = &d->who.person->owned[i];
        if (products[i] != PRODUCT_NONE)
            d->pick.habits[d->pick.n_habits++] =
                (struct habit){ .product = products[i],
                                .times = (float) owned->times_milli / 1000,
                                .last_us = owned->last_us };
    }
    return true;
}

/* The products of @which: the item at hand, or the whole cart. */
static bool gather_cart(struct decision *d, enum completed which, struct completion_ask *ask)
{
    uint32_t *products;
    if (which == COMPLETED_ITEM) {
        ask->cart = &d->request.trigger_line->product;
        ask->n_cart = 1;
        return true;
    }
    products = arena_take_raw(d->arena, (d->request.cart.n_lines + 1) * sizeof *products);
    if (!products)
        return false;
    for (uint32_t i = 0; i < d->request.cart.n_lines; i++)
        products[i] = d->request.cart.lines[i].product;
    ask->cart = products;
    ask->n_cart = d->request.cart.n_lines;
    return true;
}

static enum err complete(struct decision *d, enum completed which)
{
    struct completion_ask ask = { .model = d->request.world->model,
                                  .now_us = d->now_us,
                                  .habits_alone = which == COMPLETED_PERSONAL };
    if (!ask.habits_alone) /* never bought together is never said to be */
        ask.together_among = TOGETHER_WALK;
    bool wants_habits = ask.habits_alone || model_history_weight(d->request.world->model) > 0;
    if (!gather_cart(d, which, &ask) || (wants_habits && !gather_habits(d)))
        return decision_no_room(d);
    if (wants_habits) {
        ask.habits = d->pick.habits;
        ask.n_habits = d->pick.n_habits;
    }
    d->pick.completions[which] = completion_new(&ask, d->arena);
    return d->pick.completions[which] ? OK : decision_no_room(d);
}

/*
 * No need seen, no offer. What the customer buys again is a need of its own; what is bought together more and more
 * counts by its recent orders, however many others there were.
 */
static bool is_relevant(struct search *s, const struct completion *completion,
                        const struct complete *found, uint32_t floor_bp)
{
    const float floor = (float) floor_bp / 10000;
    s->relevance = completion_chance(completion, found);
    if (s->relevance >= floor || found->habit > 0)
        return true;
    float lately = completion_lately(completion, found);
    if (lately > s->relevance)
        s->relevance = lately;
    if (s->relevance >= floor)
        return true;
    if (s->found == 0) {
        struct considered *c = s->from;
        c->reason = RECEIPT_RELEVANCE;
        c->product = catalog_product(s->d->request.world->catalog, found->product);
        c->seen = (int64_t) (s->relevance * 10000);
        c->wanted = floor_bp;
    }
    return false;
}

/* What the rule does not name at all is passed over first, so what it lacks is told of what it names. */
static enum err walk(struct search *s, enum completed which)
{
    struct decision *d = s->d;
    const uint32_t floor_bp =
        ruleset_relevance_floor_bp(d->request.world->rules, d->request.placement);
    if (!d->pick.completions[which])
        TRY(complete(d, which));
    struct completion *completion = d->pick.completions[which];
    const uint64_t *takes =
        d->request.world->wheres->of_rule[s->from->number]; /* NULL: not known */
    const uint32_t *products = NULL;
    for (uint32_t i = 0, n = 0; i < TOGETHER_WALK; i++) {
        if (i == n) /* who is choosy looks at all */
            products = completion_products(completion, takes ? TOGETHER_WALK : i + 1, &n);
        if (takes)
            while (i < n && !(takes[products[i] / 64] >> products[i] % 64 & 1))
                i++;
        if (i >= n || i >= TOGETHER_WALK)
            return OK;
        if (!takes && !pick_wants(s, products[i]))
            continue;
        const struct complete *found = completion_at(completion, i);
        if (is_relevant(s, completion, found, floor_bp) &&
            !pick_add(s, products[i], (double) found->score, found->orders, found->base_orders))
            return OK;
    }
    return OK;
}

enum err pick_together(struct search *s)
{
    if (s->from->rule->pick.of != OF_TRIGGER_ITEM)
        return walk(s, COMPLETED_CART);
    if (!s->d->facts.trigger) {
        s->from->reason = RECEIPT_NO_TRIGGER_ITEM;
        return OK;
    }
    return walk(s, COMPLETED_ITEM);
}

enum err pick_personal(struct search *s)
{
    return walk(s, COMPLETED_PERSONAL);
}
