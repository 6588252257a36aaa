/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pick: rules -> possible offers. Each rule names products by their relation to the cart;
 * the catalogue and the model answer from lists made beforehand. A rule finds a few more than
 * it may show, because the next stage will refuse some.
 *
 * Every walk is bounded: WALK_MAX products looked at and SORTED_MAX offers found for a rule. What is
 * bought together with the cart is summed up once for all rules and kept as a heap that is
 * sorted only as far as some rule reads it.
 */
#include "model/model.h"
#include "serve/decision.h"
#include "shop/catalog.h"
#include "world/wheres.h"

enum {
    SPARE = 8,       /* found beyond the rule's limit, for what will be refused */
    SORTED_MAX = 64, /* found when the rule wants another order than the list's, or named each */
    WALK_MAX = 512,  /* products looked at for one rule */
    TOGETHER_LINES = 20, /* cart lines that count for bought_together: the first ones */
    TOGETHER_TOP =
        30, /* companions of each line: further ones weigh too little to matter in a sum */
    TOGETHER_WALK =
        64, /* companions of the cart looked at for one rule: what comes later is no companion */
};

/* One rule's search. */
struct search {
    struct decision *d;
    struct considered *from;
    uint32_t found, most, walked;
};

_Static_assert(DECISION_HANDFUL *SORTED_MAX <= DECISION_MAX_FOUND,
               "no rule is cut for another's sake");

static double sort_score(const struct decision *d, enum pick_sort sort, uint32_t number,
                         double score)
{
    const struct product *product = catalog_product(d->world->catalog, number);
    int64_t margin = 0;
    switch (sort) {
    case SORT_PRICE_ASC: return -(double) product->price_minor;
    case SORT_PRICE_DESC: return (double) product->price_minor;
    case SORT_MARGIN:
        return product_margin_bp(product, product->price_minor, &margin) ? (double) margin : -1e9;
    case SORT_POPULARITY: return model_orders(d->world->model, number);
    case SORT_MODEL:
    case PICK_SORTS: break;
    }
    return score;
}

/* False when this rule has found enough. */
static bool add(struct search *s, uint32_t number, double score, uint32_t orders,
                uint32_t base_orders)
{
    struct decision *d = s->d;
    const struct rule *rule = s->from->rule;
    d->found[d->n_found++] = (struct found){
        .from = s->from,
        .product = catalog_product(d->world->catalog, number),
        .number = number,
        .quantity = rule->kind == KIND_UPSELL && d->trigger_line ? d->trigger_line->quantity : 1,
        .score = sort_score(d, rule->pick.sort, number, score),
        .together_orders = orders,
        .base_orders = base_orders,
    };
    return ++s->found < s->most;
}

/* The same for a product that has to pass `where`; false also when this rule has looked at enough. */
static bool take(struct search *s, uint32_t number, double score, uint32_t orders,
                 uint32_t base_orders)
{
    if (s->walked++ >= WALK_MAX)
        return false;
    const struct world *world = s->d->world;
    bool takes;
    if (!wheres_know(world->wheres, s->from->number, number, &takes))
        takes =
            pick_takes(&s->from->rule->pick, &s->d->facts, catalog_product(world->catalog, number));
    if (!takes)
        return true;
    return add(s, number, score, orders, base_orders);
}

/* A rule that names its products whatever the cart: chosen when the world was made. */
static void pick_shelf(struct search *s)
{
    const struct world_shelf *shelf = &s->d->world->shelves[s->from->number];
    for (uint32_t i = 0; i < shelf->n; i++)
        if (!add(s, shelf->products[i], -(double) i, 0, 0))
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
    const uint32_t *best = model_best_sellers(s->d->world->model, &n);
    for (uint32_t i = 0; i < n && i < WALK_MAX; i++) {
        const struct product *product = catalog_product(s->d->world->catalog, best[i]);
        if (str_eq(product->brand, trigger->brand) && !take(s, best[i], -(double) i, 0, 0))
            return;
    }
}

/* How many attributes both have with the same text: the same size, colour, mount. */
static uint32_t likeness(const struct product *a, const struct product *b)
{
    uint32_t same = 0;
    for (uint32_t i = 0; i < a->n_attrs; i++) {
        const struct attr *other = i < b->n_attrs && str_eq(a->attrs[i].name, b->attrs[i].name)
                                       ? &b->attrs[i]
                                       : product_attr(b, a->attrs[i].name);
        same += other && str_eq(a->attrs[i].text, other->text);
    }
    return same;
}

/* The first of @kin (by price) that costs at least @price_minor. */
static uint32_t lower_bound(const struct catalog *catalog, const uint32_t *kin, uint32_t n,
                            double price_minor)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if ((double) catalog_product(catalog, kin[middle])->price_minor < price_minor)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/*
 * The same kind, a step dearer. The likest to the item come first, then the most ordered; a
 * dearer one never because it is dearer.
 */
static void pick_upgrades(struct search *s)
{
    struct decision *d = s->d;
    const struct world *world = d->world;
    if (!d->facts.trigger) {
        s->from->reason = RECEIPT_NO_TRIGGER_ITEM;
        return;
    }
    uint32_t n, base = d->trigger_line->product;
    const uint32_t *kin = catalog_same_kind(world->catalog, base, &n);
    double price = (double) d->facts.trigger->price_minor;
    const struct pick *pick = &s->from->rule->pick;
    uint32_t i = lower_bound(world->catalog, kin, n, price * pick->price_ratio_low);
    for (; i < n; i++) {
        const struct product *product = catalog_product(world->catalog, kin[i]);
        if ((double) product->price_minor > price * pick->price_ratio_high)
            return;
        if (kin[i] == base || product->price_minor <= d->trigger_line->unit_price_minor)
            continue;
        double score =
            likeness(d->facts.trigger, product) + model_orders(world->model, kin[i]) / 1e9;
        if (!take(s, kin[i], score, 0, 0))
            return;
    }
}

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

static enum err pick_together(struct search *s)
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
            if (!take(s, list[i].product, (double) list[i].score, list[i].orders, base_orders))
                return OK;
        return OK;
    }
    if (!d->together_ready)
        TRY(gather_together(d));
    const struct together *t;
    for (uint32_t i = 0; i < TOGETHER_WALK && (t = together_at(d, i)); i++)
        if (!take(s, t->product, (double) t->score, t->orders, t->base_orders))
            return OK;
    return OK;
}

static enum err pick_for(struct decision *d, struct considered *c)
{
    const struct pick *pick = &c->rule->pick;
    struct search s = { .d = d, .from = c };
    bool all = pick->sort != SORT_MODEL || pick->relation == RELATION_UPGRADE_OF ||
               pick->relation == RELATION_SKUS || c->rule->score;
    s.most = all ? SORTED_MAX : pick->limit + SPARE;

    if (!pick->present) { /* free shipping that names no filler */
        d->found[d->n_found++] = (struct found){ .from = c, .number = PRODUCT_NONE };
        return OK;
    }
    switch (pick->relation) {
    case RELATION_SKUS:
    case RELATION_BEST_SELLER: pick_shelf(&s); break;
    case RELATION_BOUGHT_TOGETHER: return pick_together(&s);
    case RELATION_UPGRADE_OF: pick_upgrades(&s); break;
    case RELATION_SAME_BRAND: pick_same_brand(&s); break;
    case RELATIONS: break;
    }
    return OK;
}

enum err pick_run(struct decision *d)
{
    if (!d->found)
        d->found = arena_take_raw(d->arena, DECISION_MAX_FOUND * sizeof *d->found);
    if (!d->found)
        return decision_no_room(d);
    d->n_found = 0;
    for (uint32_t i = 0; i < d->n_handful; i++) {
        struct considered *c = d->handful[i];
        if (!decision_has_time(d)) {
            c->reason = RECEIPT_DEADLINE;
            continue;
        }
        TRY(pick_for(d, c));
    }
    return OK;
}
