/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pick: rules -> possible offers. Each rule names products by their relation to the cart;
 * the catalogue and the model answer from lists made beforehand. A rule finds a few more than
 * it may show, because the next stage will refuse some.
 *
 * Once the answer is full, and only a receipt goes on, no later rule can have a place in it (rank.c), and
 * the only question left is why not: of a rule that names its products they are judged one by one, and the
 * first that would be permitted answers it. What would have to be searched for with the cart is not: the answer was
 * full before, and who wants to know what would have been found asks for a longer one.
 *
 * Every walk is bounded: WALK_MAX products looked at and SORTED_MAX offers found for a rule. The relations
 * that take more than a list have a file of their own: pick_together.c, pick_upgrade.c.
 */
#include "model/model.h"
#include "serve/decision.h"
#include "serve/pick_parts.h"
#include "shop/catalog.h"

enum {
    SPARE = 8,       /* found beyond the rule's limit, for what will be refused */
    SORTED_MAX = 64, /* found when the rule wants another order than the list's, or named each */
    WALK_MAX = 512,  /* products looked at for one rule */
};

static double sort_score(const struct decision *d, enum pick_sort sort, uint32_t number,
                         double score)
{
    const struct product *product = catalog_product(d->request.world->catalog, number);
    int64_t margin = 0;
    switch (sort) {
    case SORT_PRICE_ASC: return -(double) product->price_minor;
    case SORT_PRICE_DESC: return (double) product->price_minor;
    case SORT_MARGIN:
        return product_margin_bp(product, product->price_minor, &margin) ? (double) margin : -1e9;
    case SORT_POPULARITY: return model_orders(d->request.world->model, number);
    case SORT_MODEL:
    case PICK_SORTS: break;
    }
    return score;
}

/* How well a product suits the cart, where the relation tells. */
static float relevance(const struct search *s, double score)
{
    switch (s->from->rule->pick.relation) {
    case RELATION_BOUGHT_TOGETHER:
    case RELATION_PERSONAL: return s->relevance;
    case RELATION_SIMILAR: return score < 0 ? 0 : score > 1 ? 1 : (float) score;
    default: return -1;
    }
}

/*
 * The product just found, of a rule that comes too late: is it the reason that another one was better?
 * False when that is answered.
 */
static bool judge(struct search *s)
{
    struct decision *d = s->d;
    bool allowed = allow_run(d) == OK && d->pick.found[0].allowed;
    if (allowed)
        s->from->reason = RECEIPT_NOT_AMONG_BEST;
    d->pick.n_found = 0;
    return !allowed && s->from->matched && s->found < s->judged;
}

bool pick_add(struct search *s, uint32_t number, double score, uint32_t orders,
              uint32_t base_orders)
{
    struct decision *d = s->d;
    const struct rule *rule = s->from->rule;
    d->pick.found[d->pick.n_found++] = (struct found){
        .from = s->from,
        .product = catalog_product(d->request.world->catalog, number),
        .number = number,
        .quantity =
            rule_swaps(rule) && d->request.trigger_line ? d->request.trigger_line->quantity : 1,
        .score = sort_score(d, rule->pick.sort, number, score),
        .together_orders = orders,
        .base_orders = base_orders,
        .relevance = relevance(s, score),
    };
    return ++s->found < s->most || (s->judged && judge(s));
}

bool pick_take(struct search *s, uint32_t number, double score, uint32_t orders,
               uint32_t base_orders)
{
    if (s->walked++ >= WALK_MAX)
        return false;
    return !pick_wants(s, number) || pick_add(s, number, score, orders, base_orders);
}

/* A rule that names its products whatever the cart: chosen when the world was made. */
static void pick_shelf(struct search *s)
{
    const struct world_shelf *shelf = &s->d->request.world->shelves[s->from->number];
    for (uint32_t i = 0; i < shelf->n; i++)
        if (!pick_add(s, shelf->products[i], -(double) i, 0, 0))
            return;
}

/* Best sellers of the brand of the item. */
static void pick_same_brand(struct search *s)
{
    const struct product *trigger = s->d->facts.trigger;
    if (!trigger || !trigger->brand.at) {
        s->from->reason = RECEIPT_NO_TRIGGER_ITEM;
        return;
    }
    uint32_t n;
    const uint32_t *best = model_best_sellers(s->d->request.world->model, &n);
    for (uint32_t i = 0; i < n && i < WALK_MAX; i++) {
        const struct product *product = catalog_product(s->d->request.world->catalog, best[i]);
        if (str_eq(product->brand, trigger->brand) && !pick_take(s, best[i], -(double) i, 0, 0))
            return;
    }
}

/* How many products a rule may find. */
static uint32_t most_for(const struct rule *rule)
{
    const struct pick *pick = &rule->pick;
    bool all = pick->sort != SORT_MODEL || pick->relation == RELATION_UPGRADE_OF ||
               pick->relation == RELATION_DOWNGRADE_OF || pick->relation == RELATION_SKUS ||
               rule->score || rule->by_profit;
    return all ? SORTED_MAX : pick->limit + SPARE;
}

/* Room for all that the handful may find; to judge one by one what is there is enough. */
static enum err make_room(struct decision *d)
{
    uint32_t room = 0;
    if (decision_is_full(d))
        return OK;
    for (uint32_t i = 0; i < d->match.n_handful; i++)
        room += most_for(d->match.handful[i]->rule);
    if (room <= d->pick.found_room)
        return OK;
    d->pick.found = arena_take_raw(d->arena, room * sizeof *d->pick.found);
    d->pick.found_room = room;
    return d->pick.found ? OK : decision_no_room(d);
}

/* Does the cart, or the customer, say what its products are? */
static bool is_searched(const struct pick *pick)
{
    return pick->present && pick->relation != RELATION_SKUS &&
           pick->relation != RELATION_BEST_SELLER;
}

static bool needs_item(const struct pick *pick)
{
    return pick->relation == RELATION_BOUGHT_TOGETHER
               ? pick->of == OF_TRIGGER_ITEM
               : pick->relation != RELATION_VIEWED && pick->relation != RELATION_PERSONAL;
}

/* A rule that comes too late, and would have to search: why not? */
static void answer_was_full(struct decision *d, struct considered *c)
{
    if (needs_item(&c->rule->pick) && !d->facts.trigger)
        c->reason = RECEIPT_NO_TRIGGER_ITEM;
    else if (allow_rule(d, c))
        c->reason = RECEIPT_ANSWER_FULL;
}

static enum err pick_for(struct decision *d, struct considered *c)
{
    const struct pick *pick = &c->rule->pick;
    struct search s = { .d = d, .from = c, .most = most_for(c->rule) };
    if (decision_is_full(d)) {
        s.judged = s.most;
        s.most = 0;
        if (is_searched(pick)) {
            answer_was_full(d, c);
            return OK;
        }
    }
    if (!pick->present) { /* free shipping that names no filler */
        d->pick.found[d->pick.n_found++] =
            (struct found){ .from = c, .number = PRODUCT_NONE, .relevance = -1 };
        if (s.judged)
            (void) judge(&s);
        return OK;
    }
    switch (pick->relation) {
    case RELATION_SKUS:
    case RELATION_BEST_SELLER: pick_shelf(&s); break;
    case RELATION_BOUGHT_TOGETHER: return pick_together(&s);
    case RELATION_UPGRADE_OF: pick_ladder(&s, true); break;
    case RELATION_DOWNGRADE_OF: pick_ladder(&s, false); break;
    case RELATION_SAME_BRAND: pick_same_brand(&s); break;
    case RELATION_SIMILAR: pick_similar(&s); break;
    case RELATION_VIEWED: pick_viewed(&s); break;
    case RELATION_PERSONAL: return pick_personal(&s);
    case RELATIONS: break;
    }
    return OK;
}

static void note_silence(struct decision *d, enum silence_reason why)
{
    if (why > d->rank.silence)
        d->rank.silence = why;
}

enum err pick_run(struct decision *d)
{
    TRY(make_room(d));
    d->pick.n_found = 0;
    for (uint32_t i = 0; i < d->match.n_handful; i++) {
        struct considered *c = d->match.handful[i];
        if (!decision_has_time(d)) {
            c->reason = RECEIPT_DEADLINE;
            continue;
        }
        TRY(pick_for(d, c));
        note_silence(d, c->reason == RECEIPT_RELEVANCE ? SILENCE_NOT_RELEVANT : SILENCE_NO_PRODUCT);
    }
    if (d->pick.n_found > 0)
        note_silence(d, SILENCE_HELD_BACK);
    return OK;
}
