/* SPDX-License-Identifier: Apache-2.0 */
/* Rule n of a list asks for the channel "ch-n"; whether the index equals brute force: test_rule_index_property.c */
#include "rules/rule_index.h"

#include <stdio.h>

#include "rules/ruleset.h"
#include "suite.h"

enum { RULES = 200 };

struct list {
    struct arena *arena;
    struct rule rules[RULES];
    struct condition conditions[RULES];
    uint32_t candidates[RULES], bounds[2];
    struct rule_lists lists;
    struct facts facts;
    const struct rule_index *const *indexes;
};

static const struct term *channel_is(struct arena *arena, uint32_t n)
{
    char name[16];
    (void) snprintf(name, sizeof name, "ch-%u", n);
    return term_2(arena, TERM_EQ, term_slot(arena, FACT_CONTEXT_CHANNEL),
                  term_const(arena, value_string(arena_copy(arena, str_of(name)))));
}

/* @channels: rule n asks for channel n % @channels. */
static struct list *list_new(uint32_t n, uint32_t channels)
{
    struct list *list = calloc(1, sizeof *list);
    list->arena = arena_new(1 << 16, 1 << 26);
    for (uint32_t i = 0; i < n; i++) {
        list->conditions[i].term = channel_is(list->arena, i % channels);
        list->rules[i] = (struct rule){ .status = STATUS_ACTIVE,
                                        .conditions = &list->conditions[i],
                                        .n_conditions = 1,
                                        .schedule.always = true };
        list->candidates[i] = i;
    }
    list->bounds[1] = n;
    list->lists = (struct rule_lists){ list->rules, n, list->candidates, list->bounds, 1 };
    list->facts = (struct facts){ .channel = STR("ch-3"), .order_total_minor = -1 };
    facts_init(&list->facts);
    return list;
}

static void build(struct list *list)
{
    ck_assert_int_eq(rule_index_build(&list->lists, list->arena, &list->indexes), OK);
}

static void list_free(struct list *list)
{
    arena_free(list->arena);
    free(list);
}

static struct rule_cursor *walk(struct list *list)
{
    struct rule_cursor *cursor =
        rule_cursor_new(list->indexes[0], NULL, &list->facts, 0, list->arena);
    ck_assert_ptr_nonnull(cursor);
    return cursor;
}

START_TEST(a_short_list_has_no_index)
{
    struct list *list = list_new(RULE_INDEX_LEAST - 1, 1);
    build(list);
    ck_assert_ptr_null(list->indexes[0]);
    list_free(list);
}
END_TEST

START_TEST(a_rule_with_a_rare_value_is_not_looked_at_without_it)
{
    struct list *list = list_new(RULES, RULES);
    uint32_t number = 0;
    build(list);
    ck_assert_uint_eq(rule_index_facts(list->indexes[0]).hanging, RULES);

    struct rule_cursor *cursor = walk(list);
    ck_assert_int_eq(rule_cursor_next(cursor, 1, &number), CURSOR_RULE);
    ck_assert_uint_eq(number, 3);
    ck_assert_int_eq(rule_cursor_next(cursor, 0, &number), CURSOR_END);
    list->facts.channel = STR("elsewhere");
    ck_assert_int_eq(rule_cursor_next(walk(list), 0, &number), CURSOR_END);
    list_free(list);
}
END_TEST

START_TEST(rules_come_in_the_order_of_the_list_without_paused_ones)
{
    struct list *list = list_new(RULES, 4);
    uint32_t number;
    list->rules[7].status = STATUS_PAUSED;
    build(list);
    ck_assert_uint_eq(rule_index_facts(list->indexes[0]).scanned, RULES - 1);

    struct rule_cursor *cursor = walk(list);
    for (uint32_t wanted = 3; wanted < RULES; wanted += wanted == 3 ? 8 : 4) {
        ck_assert_int_eq(rule_cursor_next(cursor, 1, &number), CURSOR_RULE);
        ck_assert_uint_eq(number, wanted);
    }
    ck_assert_int_eq(rule_cursor_next(cursor, 1, &number), CURSOR_END);
    list_free(list);
}
END_TEST

START_TEST(an_unknown_value_passes_only_rules_that_allow_it)
{
    struct list *list = list_new(RULES, RULES);
    uint32_t number;
    list->rules[50].unknown_allows = true;
    build(list);
    list->facts.channel = (struct str){ 0 };

    struct rule_cursor *cursor = walk(list);
    ck_assert_int_eq(rule_cursor_next(cursor, 1, &number), CURSOR_RULE);
    ck_assert_uint_eq(number, 50);
    ck_assert_int_eq(rule_cursor_next(cursor, 1, &number), CURSOR_END);
    list_free(list);
}
END_TEST

SUITE_MAIN("rules/rule_index", a_short_list_has_no_index,
           a_rule_with_a_rare_value_is_not_looked_at_without_it,
           rules_come_in_the_order_of_the_list_without_paused_ones,
           an_unknown_value_passes_only_rules_that_allow_it)
