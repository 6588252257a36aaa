/* SPDX-License-Identifier: Apache-2.0 */
#include "world/chances.h"

#include <stdlib.h>

#include "model/odds.h"
#include "rules/rule.h"
#include "rules/ruleset.h"
#include "shop/catalog.h"

static void chances_free(struct snapshot *snapshot)
{
    struct chances *chances = (struct chances *) snapshot;
    (void) odds_unref(chances->odds);
    free((void *) chances->places);
    free(chances);
}

struct chances *chances_ref(struct chances *chances)
{
    (void) snapshot_ref(&chances->snapshot);
    return chances;
}

struct chances *chances_unref(struct chances *chances)
{
    if (chances)
        (void) snapshot_unref(&chances->snapshot);
    return NULL;
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *) left, b = *(const double *) right;
    return (a > b) - (a < b);
}

/* What is left of a price after the cost, in the middle of the shop; everything where no cost is known. */
static enum err usual_margin(const struct catalog *catalog, double *ret_share)
{
    uint32_t n_products = catalog_count(catalog), n = 0;
    double *shares = malloc((n_products + 1) * sizeof *shares);
    if (!shares)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n_products; i++) {
        const struct product *product = catalog_product(catalog, i);
        if (product->cost_minor != COST_UNKNOWN && product->price_minor > 0)
            shares[n++] = (double) (product->price_minor - product->cost_minor) /
                          (double) product->price_minor;
    }
    qsort(shares, n, sizeof *shares, by_size);
    *ret_share = n ? shares[n / 2] : 1;
    free(shares);
    return OK;
}

static enum err make(const struct ruleset *rules, struct odds *odds, double margin_share,
                     struct chances **ret_chances)
{
    AUTO(chances_unref) struct chances *chances = calloc(1, sizeof *chances);
    if (!chances)
        return ERR_NOMEM;
    snapshot_init(&chances->snapshot, chances_free);
    chances->margin_share = margin_share;
    if (odds) {
        uint32_t n_rules = ruleset_count(rules);
        uint32_t *places = malloc((n_rules + 1) * sizeof *places);
        if (!places)
            return ERR_NOMEM;
        for (uint32_t i = 0; i < n_rules; i++)
            places[i] = odds_rule(odds, ruleset_rule(rules, i)->id);
        chances->places = places;
        chances->odds = odds_ref(odds);
        chances->known = odds_facts(odds)->shown >= CHANCES_LEAST_SHOWN;
        chances->explores = chances->known && ruleset_explores(rules);
    }
    *ret_chances = MOVE(chances);
    return OK;
}

enum err chances_new(const struct ruleset *rules, const struct catalog *catalog, struct odds *odds,
                     struct chances **ret_chances)
{
    double share;
    TRY(usual_margin(catalog, &share));
    return make(rules, odds, share, ret_chances);
}

enum err chances_with(const struct chances *old, const struct ruleset *rules, struct odds *odds,
                      struct chances **ret_chances)
{
    return make(rules, odds, old->margin_share, ret_chances);
}
