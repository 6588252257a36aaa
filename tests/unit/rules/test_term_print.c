/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "rules/term.h"
#include "suite.h"

enum { CART = 0, TOTAL, NOW, AT, TAGS, CATEGORY = 100, PRICE };

static void print_name(const struct term_names *names, uint32_t slot, bool of_element,
                       struct out *out)
{
    static const char *const plain[] = { "cart.items", "cart.total", "now", "customer.at", "tags" };
    static const char *const item[] = { "category", "unit_price" };

    (void) names;
    if (slot >= CATEGORY)
        out_printf(out, "%s.%s", of_element ? TERM_ELEMENT : "item", item[slot - CATEGORY]);
    else
        out_text(out, str_of(plain[slot]));
}

static const struct term_names names = { print_name, "quantity" };

static void prints(struct arena *arena, const struct term *term, const char *expected)
{
    struct out out;
    ck_assert_ptr_nonnull(term);
    out_init(&out, arena, 16);
    term_print(term, &names, &out);
    out_char(&out, '\0');
    ck_assert_str_eq(out.at, expected);
}

static void prints_value(struct value value, const char *expected)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    prints(arena, term_const(arena, value), expected);
}

static const struct term *compare(struct arena *arena, enum term_op op, uint32_t slot,
                                  struct value value)
{
    return term_2(arena, op, term_slot(arena, slot), term_const(arena, value));
}

START_TEST(an_item_block_is_an_exists_with_a_short_name_for_the_element)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct term *block =
        term_2(arena, TERM_AND, compare(arena, TERM_EQ, CATEGORY, value_string(STR("camera"))),
               compare(arena, TERM_GE, PRICE, value_int(50000)));
    const struct term *exists = term_2(arena, TERM_EXISTS, term_slot(arena, CART), block);

    prints(arena, block, "item.category == \"camera\" && item.unit_price >= 50000");
    prints(arena, exists,
           "cart.items.exists(i, i.category == \"camera\" && i.unit_price >= 50000)");
    prints(arena, term_1(arena, TERM_NOT, exists),
           "!cart.items.exists(i, i.category == \"camera\" && i.unit_price >= 50000)");
    prints(
        arena,
        term_2(arena, TERM_GE, term_2(arena, TERM_COUNT, term_slot(arena, CART), block),
               term_const(arena, value_int(2))),
        "quantity(cart.items.filter(i, i.category == \"camera\" && i.unit_price >= 50000)) >= 2");
}
END_TEST

START_TEST(parentheses_stand_where_precedence_needs_them_and_nowhere_else)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct term *a = compare(arena, TERM_LT, TOTAL, value_int(1));
    const struct term *b = compare(arena, TERM_NE, TOTAL, value_int(2));
    const struct term * or = term_2(arena, TERM_OR, a, b), *and = term_2(arena, TERM_AND, a, b);

    prints(arena, term_2(arena, TERM_AND, or, a),
           "(cart.total < 1 || cart.total != 2) && cart.total < 1");
    prints(arena, term_2(arena, TERM_OR, and, a),
           "cart.total < 1 && cart.total != 2 || cart.total < 1");
    prints(arena, term_1(arena, TERM_NOT, a), "!(cart.total < 1)");
    prints(arena, term_1(arena, TERM_NOT, term_node(arena, TERM_OR, &a, 1)), "!(cart.total < 1)");
    prints(arena, term_1(arena, TERM_NOT, term_node(arena, TERM_OR, NULL, 0)), "!false");
    prints(arena, term_1(arena, TERM_NOT, term_slot(arena, TOTAL)), "!cart.total");
    prints(arena, term_2(arena, TERM_EQ, a, term_const(arena, value_bool(true))),
           "(cart.total < 1) == true");
    prints(arena,
           term_2(arena, TERM_LE,
                  term_2(arena, TERM_SUB, term_slot(arena, NOW), term_slot(arena, AT)),
                  term_const(arena, value_duration(INT64_C(7) * 86400 * 1000000))),
           "now - customer.at <= duration(\"604800s\")");
}
END_TEST

START_TEST(every_operator_has_its_cel_spelling)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct term *slot = term_slot(arena, CATEGORY);
    const struct term *text = term_const(arena, value_string(STR("a")));

    prints(arena, term_2(arena, TERM_STARTS_WITH, slot, text), "item.category.startsWith(\"a\")");
    prints(arena, term_2(arena, TERM_CONTAINS, slot, text), "item.category.contains(\"a\")");
    prints(arena, term_2(arena, TERM_HAS_WORD, term_slot(arena, TAGS), text), "\"a\" in tags");
    prints(arena, term_1(arena, TERM_HAS, slot), "has(item.category)");
    prints(arena, term_node(arena, TERM_IN, (const struct term *[]){ slot, text, text }, 3),
           "item.category in [\"a\", \"a\"]");
    prints(arena, term_node(arena, TERM_AND, NULL, 0), "true");
}
END_TEST

START_TEST(values_print_as_cel_literals)
{
    prints_value(value_string(STR("a\"b\\c\nd\x01 日本")), "\"a\\\"b\\\\c\\nd\\x01 日本\"");
    prints_value(value_int(INT64_MIN), "-9223372036854775808");
    prints_value(value_double(4), "4.0");
    prints_value(value_double(0.1), "0.1");
    prints_value(value_double(1e300), "1e+300");
    prints_value(value_double(1.0 / 3), "0.3333333333333333");
    prints_value(value_double(INFINITY), "double(\"inf\")");
    prints_value(value_bool(false), "false");
    prints_value(value_unknown(), "unknown");
    prints_value(value_timestamp(INT64_C(1763719200) * 1000000),
                 "timestamp(\"2025-11-21T10:00:00Z\")");
    prints_value(value_duration(1500), "duration(\"1500us\")");
}
END_TEST

SUITE_MAIN("rules/term_print", an_item_block_is_an_exists_with_a_short_name_for_the_element,
           parentheses_stand_where_precedence_needs_them_and_nowhere_else,
           every_operator_has_its_cel_spelling, values_print_as_cel_literals)
