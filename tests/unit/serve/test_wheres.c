/* SPDX-License-Identifier: Apache-2.0 */
#include "world/wheres.h"

#include "answers.h"
#include "rules/facts.h"
#include "rules/ruleset.h"
#include "shop/catalog.h"
#include "suite.h"
#include "world/world.h"

#define TOGETHER(id, where)   \
    RULE(id, "cross_sell", 1, \
         "offer: {pick: {relation: bought_together, of: cart, where: {" where "}}}")

static const char rules[] = "rules:\n" TOGETHER("cheap", "unit_price: {less_than: 9000}")
    TOGETHER("lenses", "category: lens, in_stock: true")
        TOGETHER("cheap-too", "unit_price: {less_than: 9000}")
            TOGETHER("attr", "attr.storage_gb: {at_least: 128}")
                TOGETHER("margin", "margin: {at_least: 40%}")
                    RULE("no-where", "cross_sell", 1,
                         "offer: {pick: {relation: bought_together, of: cart}}")
                        RULE("shelf", "cross_sell", 1,
                             "offer: {pick: {relation: best_seller, where: {category: bag}}}");

START_TEST(knows_what_an_evaluation_would_answer_for_every_rule_and_product)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(rules);
    struct world *world = (struct world *) snapshot_now(&small->slot);
    struct facts facts = { .catalog = world->catalog,
                           .attr_names = ruleset_attr_names(world->rules) };
    facts_init(&facts);
    uint32_t known = 0, taken = 0;
    for (uint32_t r = 0; r < ruleset_count(world->rules); r++)
        for (uint32_t p = 0; p < catalog_count(world->catalog); p++) {
            const struct pick *pick = &ruleset_rule(world->rules, r)->pick;
            bool takes = false;
            if (!wheres_know(world->wheres, r, p, &takes))
                continue;
            known++;
            taken += takes;
            ck_assert_int_eq(takes, pick_takes(pick, &facts, catalog_product(world->catalog, p)));
        }
    ck_assert_uint_eq(known, 5 * catalog_count(world->catalog));
    ck_assert_uint_gt(taken, 0);
    ck_assert_uint_lt(taken, known);
    (void) world_unref(world);
}
END_TEST

START_TEST(is_shared_by_rules_that_say_the_same_and_by_worlds_that_only_differ_in_the_model)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(rules);
    AUTO(world_unref) struct world *world = (struct world *) snapshot_now(&small->slot);
    AUTO(world_unref) struct world *next = NULL;
    ck_assert_int_eq(world_with(world, NULL, NULL, world->model, &next), OK);
    ck_assert_ptr_eq(next->wheres, world->wheres);

    const uint64_t *bits[2] = { NULL, NULL };
    for (uint32_t r = 0, n = 0; r < ruleset_count(world->rules); r++)
        if (str_starts_with(ruleset_rule(world->rules, r)->id, STR("cheap")))
            bits[n++] = world->wheres->of_rule[r];
    ck_assert_ptr_nonnull(bits[0]);
    ck_assert_ptr_eq(bits[0], bits[1]);
}
END_TEST

SUITE_MAIN("serve/wheres", knows_what_an_evaluation_would_answer_for_every_rule_and_product,
           is_shared_by_rules_that_say_the_same_and_by_worlds_that_only_differ_in_the_model)
