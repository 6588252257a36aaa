/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pick: a better one of the same kind, a step dearer.
 */
#include "model/model.h"
#include "serve/decision.h"
#include "serve/pick_parts.h"
#include "shop/catalog.h"

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
void pick_upgrades(struct search *s)
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
        if (!pick_take(s, kin[i], score, 0, 0))
            return;
    }
}
