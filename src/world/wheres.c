/* SPDX-License-Identifier: Apache-2.0 */
#include "world/wheres.h"

#include <stdlib.h>

#include "base/strmap.h"
#include "rules/facts.h"
#include "rules/rule.h"
#include "rules/rule_products.h"
#include "rules/ruleset.h"
#include "shop/catalog.h"

static void wheres_free(struct snapshot *snapshot)
{
    struct wheres *wheres = (struct wheres *) snapshot;
    free(wheres->of_rule);
    free(wheres->bits);
    (void) rule_products_free(wheres->products);
    free(wheres);
}

struct wheres *wheres_ref(struct wheres *wheres)
{
    return (struct wheres *) snapshot_ref(&wheres->snapshot);
}

struct wheres *wheres_unref(struct wheres *wheres)
{
    if (wheres)
        (void) snapshot_unref(&wheres->snapshot);
    return NULL;
}

/* Picks by SKU and best seller are sifted when their shelf is filled: world.c. */
static bool asks_in_decisions(const struct pick *pick)
{
    return pick->present && pick->where && pick->where_text.at && pick->relation != RELATION_SKUS &&
           pick->relation != RELATION_BEST_SELLER;
}

static void answer(struct facts *facts, const struct pick *pick, uint64_t *bits)
{
    uint32_t n = catalog_count(facts->catalog);
    for (uint32_t i = 0; i < n; i++)
        if (pick_takes(pick, facts, catalog_product(facts->catalog, i)))
            bits[i / 64] |= UINT64_C(1) << i % 64;
}

/* The numbers of different wheres, at most @most; @seen: where's text -> its number. */
static enum err number_them(const struct ruleset *rules, uint32_t most, struct strmap *seen)
{
    for (uint32_t i = 0; i < ruleset_count(rules) && strmap_count(seen) < most; i++) {
        const struct pick *pick = &ruleset_rule(rules, i)->pick;
        if (asks_in_decisions(pick) && strmap_get(seen, pick->where_text) == STRMAP_NONE)
            TRY(strmap_put(seen, pick->where_text, (uint32_t) strmap_count(seen)));
    }
    return OK;
}

static void answer_all(const struct ruleset *rules, const struct catalog *catalog,
                       const struct strmap *seen, size_t words, struct wheres *wheres)
{
    struct facts facts = { .catalog = catalog, .attr_names = ruleset_attr_names(rules) };
    uint32_t answered = 0;
    facts_init(&facts);
    for (uint32_t i = 0; i < ruleset_count(rules); i++) {
        const struct pick *pick = &ruleset_rule(rules, i)->pick;
        uint32_t number =
            asks_in_decisions(pick) ? strmap_get(seen, pick->where_text) : STRMAP_NONE;
        if (number == STRMAP_NONE)
            continue;
        uint64_t *bits = wheres->bits + number * words;
        if (number == answered) { /* numbers rise with the rules: this one is its first */
            answer(&facts, pick, bits);
            answered++;
        }
        wheres->of_rule[i] = bits;
    }
}

enum err wheres_new(const struct ruleset *rules, const struct catalog *catalog,
                    struct wheres **ret_wheres)
{
    uint32_t products = catalog_count(catalog);
    AUTO(strmap_free) struct strmap *seen = strmap_new(64);
    struct wheres *made = calloc(1, sizeof *made);
    if (!made)
        return ERR_NOMEM;
    snapshot_init(&made->snapshot, wheres_free);
    AUTO(wheres_unref) struct wheres *wheres = made;
    if (!seen || !(wheres->of_rule = calloc(ruleset_count(rules) + 1, sizeof *wheres->of_rule)))
        return ERR_NOMEM;
    if (products > 0)
        TRY(number_them(rules, WHERES_MAX_ANSWERS / products, seen));

    size_t words = (products + 63) / 64;
    wheres->bits = calloc(strmap_count(seen) * words + 1, sizeof *wheres->bits);
    if (!wheres->bits)
        return ERR_NOMEM;
    answer_all(rules, catalog, seen, words, wheres);
    uint32_t n_indexes;
    const struct rule_index *const *indexes = ruleset_rule_indexes(rules, &n_indexes);
    TRY(rule_products_new(indexes, n_indexes, catalog, ruleset_attr_names(rules),
                          &wheres->products));
    *ret_wheres = MOVE(wheres);
    return OK;
}
