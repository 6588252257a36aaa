/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/term.h"
#include "suite.h"
#include "table_scope.h"

enum { ARENA_BYTES = 1 << 20 };

static const enum truth truths[] = { TRUTH_NO, TRUTH_YES, TRUTH_UNKNOWN };

static struct value value_of(enum truth truth)
{
    return truth == TRUTH_UNKNOWN ? value_unknown() : value_bool(truth == TRUTH_YES);
}

static enum truth test_of(const struct term *term, struct table_scope *scope)
{
    ck_assert_ptr_nonnull(term);
    struct value value = term_eval(term, &scope->scope);
    enum truth truth = term_test(term, &scope->scope);
    ck_assert(value.kind == VALUE_BOOL || value.kind == VALUE_UNKNOWN);
    ck_assert_int_eq(truth, value.kind == VALUE_UNKNOWN ? TRUTH_UNKNOWN
                            : value.boolean             ? TRUTH_YES
                                                        : TRUTH_NO);
    return truth;
}

START_TEST(and_or_and_not_follow_kleenes_tables_for_every_pair_and_triple)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, ARENA_BYTES);
    const struct term *leaf[3] = { term_slot(arena, 0), term_slot(arena, 1), term_slot(arena, 2) };
    const struct term *and = term_node(arena, TERM_AND, leaf, 3);
    const struct term * or = term_node(arena, TERM_OR, leaf, 3);
    const struct term *and2 = term_2(arena, TERM_AND, leaf[0], leaf[1]);
    const struct term *or2 = term_2(arena, TERM_OR, leaf[0], leaf[1]);
    const struct term *not = term_1(arena, TERM_NOT, leaf[0]);
    static const enum truth and_table[3][3] = { { TRUTH_NO, TRUTH_NO, TRUTH_NO },
                                                { TRUTH_NO, TRUTH_YES, TRUTH_UNKNOWN },
                                                { TRUTH_NO, TRUTH_UNKNOWN, TRUTH_UNKNOWN } };
    static const enum truth or_table[3][3] = { { TRUTH_NO, TRUTH_YES, TRUTH_UNKNOWN },
                                               { TRUTH_YES, TRUTH_YES, TRUTH_YES },
                                               { TRUTH_UNKNOWN, TRUTH_YES, TRUTH_UNKNOWN } };
    static const enum truth not_table[3] = { TRUTH_YES, TRUTH_NO, TRUTH_UNKNOWN };

    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++)
            for (int c = 0; c < 3; c++) {
                struct value slots[] = { value_of(truths[a]), value_of(truths[b]),
                                         value_of(truths[c]) };
                struct table_scope scope = table_scope_of(slots, 3);
                ck_assert_int_eq(test_of(and2, &scope), and_table[a][b]);
                ck_assert_int_eq(test_of(or2, &scope), or_table[a][b]);
                ck_assert_int_eq(test_of(and, &scope), and_table[and_table[a][b]][c]);
                ck_assert_int_eq(test_of(or, &scope), or_table[or_table[a][b]][c]);
                ck_assert_int_eq(test_of(not, &scope), not_table[a]);
            }
}
END_TEST

START_TEST(and_of_nothing_is_true_and_or_of_nothing_false)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, ARENA_BYTES);
    struct table_scope scope = table_scope_of(NULL, 0);

    ck_assert_int_eq(test_of(term_node(arena, TERM_AND, NULL, 0), &scope), TRUTH_YES);
    ck_assert_int_eq(test_of(term_node(arena, TERM_OR, NULL, 0), &scope), TRUTH_NO);
}
END_TEST

START_TEST(what_is_no_boolean_is_unknown_where_one_is_wanted)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, ARENA_BYTES);
    struct table_scope scope = table_scope_of((struct value[]){ value_int(1) }, 1);
    const struct term *one = term_slot(arena, 0);

    ck_assert_int_eq(term_test(one, &scope.scope), TRUTH_UNKNOWN);
    ck_assert_int_eq(test_of(term_1(arena, TERM_NOT, one), &scope), TRUTH_UNKNOWN);
    ck_assert_int_eq(
        test_of(term_2(arena, TERM_AND, one, term_const(arena, value_bool(false))), &scope),
        TRUTH_NO);
}
END_TEST

START_TEST(exists_is_true_for_any_true_else_unknown_for_any_unknown_else_false)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, ARENA_BYTES);
    const struct term *exists =
        term_2(arena, TERM_EXISTS, term_slot(arena, 0), term_slot(arena, TABLE_ELEMENT));

    for (uint32_t n = 0; n <= 3; n++)
        for (int which = 0; which < 27; which++) {
            int digits[3] = { which % 3, which / 3 % 3, which / 9 };
            struct table_scope scope = table_scope_of((struct value[]){ value_list(0) }, 1);
            bool any_yes = false, any_unknown = false;
            scope.n_rows = n;
            for (uint32_t i = 0; i < n; i++) {
                scope.rows[i][0] = value_of(truths[digits[i]]);
                any_yes |= truths[digits[i]] == TRUTH_YES;
                any_unknown |= truths[digits[i]] == TRUTH_UNKNOWN;
            }
            ck_assert_int_eq(test_of(exists, &scope), any_yes       ? TRUTH_YES
                                                      : any_unknown ? TRUTH_UNKNOWN
                                                                    : TRUTH_NO);
        }
}
END_TEST

START_TEST(exists_and_count_over_an_unknown_list_are_unknown)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, ARENA_BYTES);
    const struct term *list = term_slot(arena, 0), *yes = term_const(arena, value_bool(true));
    struct table_scope scope = table_scope_of((struct value[]){ value_unknown() }, 1);

    ck_assert_int_eq(test_of(term_2(arena, TERM_EXISTS, list, yes), &scope), TRUTH_UNKNOWN);
    ck_assert_int_eq(term_eval(term_2(arena, TERM_COUNT, list, yes), &scope.scope).kind,
                     VALUE_UNKNOWN);
}
END_TEST

START_TEST(count_adds_the_weights_of_what_matches_and_is_unknown_with_any_unknown)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, ARENA_BYTES);
    const struct term *count =
        term_2(arena, TERM_COUNT, term_slot(arena, 0), term_slot(arena, TABLE_ELEMENT));
    struct table_scope scope = table_scope_of((struct value[]){ value_list(0) }, 1);
    scope.n_rows = 3;
    for (int i = 0; i < 3; i++) {
        scope.rows[i][0] = value_bool(i != 1);
        scope.weights[i] = 10 + i;
    }

    ck_assert_int_eq(term_eval(count, &scope.scope).integer, 22);
    scope.rows[1][0] = value_unknown();
    ck_assert_int_eq(term_eval(count, &scope.scope).kind, VALUE_UNKNOWN);
    scope.rows[1][0] = value_bool(true);
    scope.weights[1] = INT64_MAX;
    ck_assert_int_eq(term_eval(count, &scope.scope).kind, VALUE_UNKNOWN);
}
END_TEST

static enum truth in_of(struct value needle, struct value a, struct value b)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, ARENA_BYTES);
    const struct term *children[] = { term_slot(arena, 0), term_const(arena, a),
                                      term_const(arena, b) };
    struct table_scope scope = table_scope_of(&needle, 1);
    return test_of(term_node(arena, TERM_IN, children, 3), &scope);
}

START_TEST(in_finds_an_equal_value_and_is_unknown_when_the_needle_is)
{
    const struct value a = value_string(STR("lens")), b = value_string(STR("camera"));

    ck_assert_int_eq(in_of(value_string(STR("camera")), a, b), TRUTH_YES);
    ck_assert_int_eq(in_of(value_string(STR("bag")), a, b), TRUTH_NO);
    ck_assert_int_eq(in_of(value_unknown(), a, b), TRUTH_UNKNOWN);
    ck_assert_int_eq(in_of(value_int(3), value_double(2.5), value_double(3)), TRUTH_YES);
    ck_assert_int_eq(in_of(value_int(3), a, value_int(3)), TRUTH_YES);
    ck_assert_int_eq(in_of(value_int(4), a, value_int(3)), TRUTH_NO);
}
END_TEST

static enum truth text_of(enum term_op op, struct value a, struct value b)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, ARENA_BYTES);
    static const char *const words[] = { "popular", "beginner", NULL };
    struct table_scope scope = table_scope_of(&a, 1);
    scope.words = words;
    return test_of(term_2(arena, op, term_slot(arena, 0), term_const(arena, b)), &scope);
}

START_TEST(texts_are_searched_and_sets_asked_for_a_word)
{
    const struct value sku = value_string(STR("PHN-N1-128"));

    ck_assert_int_eq(text_of(TERM_STARTS_WITH, sku, value_string(STR("PHN-N1-"))), TRUTH_YES);
    ck_assert_int_eq(text_of(TERM_STARTS_WITH, sku, value_string(STR("N1"))), TRUTH_NO);
    ck_assert_int_eq(text_of(TERM_CONTAINS, sku, value_string(STR("N1"))), TRUTH_YES);
    ck_assert_int_eq(text_of(TERM_CONTAINS, sku, value_string(STR("N2"))), TRUTH_NO);
    ck_assert_int_eq(text_of(TERM_CONTAINS, value_unknown(), value_string(STR("N2"))),
                     TRUTH_UNKNOWN);
    ck_assert_int_eq(text_of(TERM_CONTAINS, value_int(3), value_string(STR("3"))), TRUTH_UNKNOWN);
    ck_assert_int_eq(text_of(TERM_HAS_WORD, value_list(1), value_string(STR("popular"))),
                     TRUTH_YES);
    ck_assert_int_eq(text_of(TERM_HAS_WORD, value_list(1), value_string(STR("pop"))), TRUTH_NO);
    ck_assert_int_eq(text_of(TERM_HAS_WORD, value_unknown(), value_string(STR("popular"))),
                     TRUTH_UNKNOWN);
}
END_TEST

START_TEST(has_is_never_unknown)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, ARENA_BYTES);
    struct table_scope scope =
        table_scope_of((struct value[]){ value_unknown(), value_bool(false) }, 2);

    ck_assert_int_eq(test_of(term_1(arena, TERM_HAS, term_slot(arena, 0)), &scope), TRUTH_NO);
    ck_assert_int_eq(test_of(term_1(arena, TERM_HAS, term_slot(arena, 1)), &scope), TRUTH_YES);
}
END_TEST

static struct value minus(struct value a, struct value b)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, ARENA_BYTES);
    struct table_scope scope = table_scope_of((struct value[]){ a, b }, 2);
    return term_eval(term_2(arena, TERM_SUB, term_slot(arena, 0), term_slot(arena, 1)),
                     &scope.scope);
}

START_TEST(a_difference_has_the_kind_it_should_and_never_overflows)
{
    ck_assert_int_eq(minus(value_int(7), value_int(9)).integer, -2);
    ck_assert_int_eq(minus(value_timestamp(100), value_timestamp(40)).kind, VALUE_DURATION);
    ck_assert_int_eq(minus(value_timestamp(100), value_timestamp(40)).integer, 60);
    ck_assert_int_eq(minus(value_timestamp(100), value_duration(40)).kind, VALUE_TIMESTAMP);
    ck_assert_double_eq(minus(value_int(7), value_double(0.5)).real, 6.5);
    ck_assert_int_eq(minus(value_int(INT64_MIN), value_int(1)).kind, VALUE_UNKNOWN);
    ck_assert_int_eq(minus(value_timestamp(1), value_int(1)).kind, VALUE_UNKNOWN);
    ck_assert_int_eq(minus(value_unknown(), value_int(1)).kind, VALUE_UNKNOWN);
}
END_TEST

START_TEST(builders_refuse_missing_children_wrong_numbers_and_too_deep_a_tree)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, ARENA_BYTES);
    const struct term *slot = term_slot(arena, 0);

    ck_assert_ptr_null(term_1(arena, TERM_NOT, NULL));
    ck_assert_ptr_null(term_2(arena, TERM_NOT, slot, slot));
    ck_assert_ptr_null(term_1(arena, TERM_EQ, slot));
    ck_assert_ptr_null(term_2(arena, TERM_IN, slot, slot));
    ck_assert_ptr_null(term_1(arena, TERM_HAS, term_const(arena, value_int(1))));
    ck_assert_ptr_null(term_node(arena, TERM_CONST, NULL, 0));

    const struct term *deep = slot;
    for (int depth = 2; depth <= TERM_MAX_DEPTH; depth++)
        deep = term_1(arena, TERM_NOT, deep);
    ck_assert_ptr_nonnull(deep);
    ck_assert_ptr_null(term_1(arena, TERM_NOT, deep));
}
END_TEST

START_TEST(builders_answer_null_when_the_arena_is_full)
{
    AUTO(arena_free) struct arena *arena = arena_new(256, 512);
    const struct term *term = term_slot(arena, 0);

    for (int i = 0; i < 20 && term; i++)
        term = term_2(arena, TERM_EQ, term_slot(arena, 0), term_const(arena, value_int(i)));
    ck_assert_ptr_null(term);
}
END_TEST

SUITE_MAIN("rules/term", and_or_and_not_follow_kleenes_tables_for_every_pair_and_triple,
           and_of_nothing_is_true_and_or_of_nothing_false,
           what_is_no_boolean_is_unknown_where_one_is_wanted,
           exists_is_true_for_any_true_else_unknown_for_any_unknown_else_false,
           exists_and_count_over_an_unknown_list_are_unknown,
           count_adds_the_weights_of_what_matches_and_is_unknown_with_any_unknown,
           in_finds_an_equal_value_and_is_unknown_when_the_needle_is,
           texts_are_searched_and_sets_asked_for_a_word, has_is_never_unknown,
           a_difference_has_the_kind_it_should_and_never_overflows,
           builders_refuse_missing_children_wrong_numbers_and_too_deep_a_tree,
           builders_answer_null_when_the_arena_is_full)
