/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_shop.h"
#include "suite.h"

static struct cel_shop shop;

static void open_shop(void)
{
    cel_shop_open(&shop);
}

static uint64_t cost_of(const char *text)
{
    cel_shop_value(&shop, text);
    return shop.run.cost;
}

static uint64_t estimate_of(const char *text)
{
    ck_assert_ptr_nonnull(cel_shop_compile(&shop, text));
    return cel_program_cost(shop.program);
}

START_TEST(operators_calls_and_elements_are_steps)
{
    open_shop();
    ck_assert_uint_eq(cost_of("7"), 0);
    ck_assert_uint_eq(cost_of("n"), 0);
    ck_assert_uint_eq(cost_of("n + 1"), 1);
    ck_assert_uint_eq(cost_of("n + 1 > 3"), 2);
    ck_assert_uint_eq(cost_of("cart.total > 3"), 2);
    ck_assert_uint_eq(cost_of("cart.total > 3000 && n == 7"), 2); /* the other is not looked at */
    ck_assert_uint_eq(cost_of("host.twice(n)"), 1);
    ck_assert_uint_eq(cost_of("name.shout()"), 5);
    /* the field, the macro, three elements, a comparison of a field each */
    ck_assert_uint_eq(cost_of("cart.items.all(i, i.price > 0)"), 1 + 1 + 3 + 3 * 2);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(a_run_that_is_used_again_counts_on)
{
    open_shop();
    ck_assert_ptr_nonnull(cel_shop_compile(&shop, "n + 1"));
    struct cel_run run = { .arena = shop.run_arena };
    for (int i = 0; i < 5; i++)
        (void) cel_eval(shop.program, shop.values, &run);
    ck_assert_uint_eq(run.cost, 5);
    run.limit = 6;
    struct cel_value sixth = cel_eval(shop.program, shop.values, &run);
    ck_assert_int_eq(sixth.kind, CEL_INT);
    struct cel_value seventh = cel_eval(shop.program, shop.values, &run);
    ck_assert_int_eq(seventh.kind, CEL_ERROR);
    struct cel_value eighth = cel_eval(shop.program, shop.values, &run);
    ck_assert_int_eq(eighth.kind, CEL_ERROR);
    ck_assert(run.stopped);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(the_limit_is_an_error_that_nothing_absorbs)
{
    open_shop();
    static const char *const texts[] = {
        "names.exists(a, cart.items.exists(b, names.exists(c, names.exists(d, n == 1)))) || true",
        "n == 8 && true ? 1 : names.map(a, cart.items.map(b, names.map(c, a + c))).size()",
        "cel.bind(x, names.map(a, cart.items.map(b, names.map(c, a + c))), n == 7)",
        "[names.all(a, cart.items.all(b, names.all(c, names.all(d, n == 7))))].exists(x, true)",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        shop.run.limit = 20;
        struct cel_value value = cel_shop_value(&shop, texts[i]);
        ck_assert_msg(value.kind == CEL_ERROR, "%s", texts[i]);
        ck_assert(shop.run.stopped);
        ck_assert_uint_le(shop.run.cost, 40);
        shop.run.limit = 0;
        value = cel_shop_value(&shop, texts[i]);
        ck_assert_msg(value.kind != CEL_ERROR, "%s", texts[i]);
    }
    cel_shop_close(&shop);
}
END_TEST

struct asking_run {
    struct cel_run run; /* first */
    int left, asked;
};

static bool twenty_more(struct cel_run *run)
{
    struct asking_run *self = (struct asking_run *) run;
    self->asked++;
    if (self->left-- == 0)
        return false;
    run->limit = run->cost + 20;
    return true;
}

START_TEST(a_run_may_ask_for_more_and_comes_to_the_same)
{
    open_shop();
    static const char *const texts[] = {
        "names.all(a, cart.items.all(b, names.all(c, names.all(d, n == 7))))",
        "names.map(a, cart.items.map(b, names.map(c, a + c))).size() > 0",
        "names.map(a, names.map(b, (a + b).shout().size())).size() > 0",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const uint64_t cost = cost_of(texts[i]);
        struct asking_run asking = {
            .run = { .arena = shop.run_arena, .limit = 20, .go_on = twenty_more }, .left = 1000
        };
        struct cel_value value = cel_eval(shop.program, shop.values, &asking.run);
        ck_assert_msg(cel_is_true(&value), "%s", texts[i]);
        ck_assert_uint_eq(asking.run.cost, cost);
        ck_assert_int_gt(asking.asked, 1);
        ck_assert_int_le(asking.asked, (int) (cost / 20));

        asking.run = (struct cel_run){ .arena = shop.run_arena, .limit = 20, .go_on = twenty_more };
        asking.left = asking.asked = 1;
        value = cel_eval(shop.program, shop.values, &asking.run);
        ck_assert_msg(value.kind == CEL_ERROR && asking.run.stopped, "%s", texts[i]);
        ck_assert_uint_le(asking.run.cost, 60);
    }
    cel_shop_close(&shop);
}
END_TEST

START_TEST(the_environment_has_a_limit_for_runs_without_one)
{
    open_shop();
    cel_env_limits(shop.env, (struct cel_limits){ .cost = 10 });
    struct cel_value value = cel_shop_value(&shop, "names.all(a, names.all(b, a + b != 'x'))");
    ck_assert_int_eq(value.kind, CEL_ERROR);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(a_full_arena_ends_the_evaluation)
{
    open_shop();
    ck_assert_ptr_nonnull(
        cel_shop_compile(&shop, "cart.items.map(i, i.sku + name).size() == 0 || n == 7"));
    for (size_t limit = 0; limit < 400; limit += 16) {
        struct arena *small = arena_new(16, limit);
        struct cel_run run = { .arena = small };
        struct cel_value value = cel_eval(shop.program, shop.values, &run);
        ck_assert(run.stopped ? value.kind == CEL_ERROR : cel_is_true(&value));
        ck_assert(limit > 0 || run.stopped);
        arena_free(small);
    }
    cel_shop_close(&shop);
}
END_TEST

START_TEST(the_estimate_is_never_below_the_count)
{
    open_shop();
    static const char *const texts[] = {
        "n + 1 > 3 && cart.total > 3 || n == 9",
        "cart.items.all(i, i.price > 0)",
        "cart.items.exists(i, i.sku == 'C-3' && i.price >= 40)",
        "cart.items.map(i, i.price * i.quantity).exists(v, v == 400)",
        "cart.items.filter(i, i.sku in ['A-1', 'B-2', 'C-3', 'D-4']).size() == 3",
        "cart.items.map(i, cart.items.map(j, cart.items.filter(k, k.price > 0)))",
        "cart.items.transformMap(i, v, v.price)",
        "cart.items.transformMapEntry(i, v, {v.sku: v.price, v.price: v.sku})",
        "cart.items.transformList(i, v, i > 0, v.sku + 'abc')",
        "[1, 2, n].map(x, [x, x].map(y, y + x))",
        "{'a': n, 'b': [1, 2, 3]}['b'].size()",
        "cart.currency + cart.currency + 'abcdefghijklmnopqrstuvwxyz' == 'a'",
        "cart.items[0].sku.startsWith('A') && cart.items[1].sku.contains('B')",
        "cart.items[0].sku.matches('^[A-Z]-[0-9]+$')",
        "cel.bind(x, cart.items.map(i, i.sku), x.exists(s, s == 'A-1') && x == x && x != [])",
        "cart.currency.split('').join('-').size()",
        "cart.currency.replace('E', 'ABCDEFGHIJKLMNOP').upperAscii().reverse()",
        "cart.items.exists_one(i, i.price == 40) ? string(n) : string(cart.total)",
        "math.greatest([n, 1, 2]) + math.least(n, 3)",
        "'%s-%d'.format([cart.currency, n])",
        "timestamp('2026-11-22T00:00:00Z').getDayOfWeek() + n",
        "cart.items.map(i, [i.sku]).exists(l, l == ['A-1'] || ['A-1'] in [l])",
        "has(cart.currency) && !has(cart.note) && n in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
        "int(cart.currency == 'EUR' ? '12' : '13') + int(string(n))",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t counted = cost_of(texts[i]);
        uint64_t estimated = cel_program_cost(shop.program);
        ck_assert_msg(counted <= estimated, "%s: %lu > %lu", texts[i], (unsigned long) counted,
                      (unsigned long) estimated);
    }
    cel_shop_close(&shop);
}
END_TEST

START_TEST(what_the_host_bounds_is_bounded)
{
    open_shop();
    ck_assert_uint_eq(estimate_of("cart.total > 3"), 2);
    ck_assert_uint_le(estimate_of("cart.items.exists(i, i.sku == 'A-1')"), 2000);
    uint64_t once = estimate_of("cart.items.all(i, i.price > 0)");
    uint64_t twice = estimate_of("cart.items.all(i, cart.items.all(j, i.price > j.price))");
    ck_assert_uint_gt(twice, 100 * once);
    ck_assert_uint_lt(twice, 1000 * once);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(what_nobody_bounds_is_not)
{
    open_shop();
    ck_assert_uint_eq(estimate_of("names.exists(x, x == 'a')"), UINT64_MAX);
    ck_assert_uint_eq(estimate_of("cart.codes.exists(x, x == 'a')"), UINT64_MAX);
    ck_assert_uint_eq(estimate_of("d.exists(x, x == 'a')"), UINT64_MAX);
    ck_assert_uint_lt(estimate_of("name == 'ann' && n == 7"), 10);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(too_much_is_refused_and_named)
{
    open_shop();
    cel_env_limits(shop.env, (struct cel_limits){ .estimated_cost = 5000 });
    ck_assert_ptr_nonnull(cel_shop_compile(&shop, "cart.items.exists(i, i.price > 5)"));
    const char *text = "n == 7 && cart.items.exists(i, cart.items.map(j, j.price).size() > 5)";
    ck_assert_ptr_null(cel_shop_compile(&shop, text));
    ck_assert_uint_eq(shop.faults.count, 1);
    const struct cel_fault *fault = &shop.faults.list[0];
    ck_assert_msg(str_contains(fault->what[CEL_ENGLISH], STR("'exists'")), "%.*s",
                  STR_ARG(fault->what[CEL_ENGLISH]));
    ck_assert_msg(str_contains(fault->what[CEL_ENGLISH], STR("5000")), "%.*s",
                  STR_ARG(fault->what[CEL_ENGLISH]));
    ck_assert_uint_ge(fault->offset, 20);
    ck_assert_uint_le(fault->offset, 28);
    ck_assert_ptr_null(cel_shop_compile(&shop, "names.exists(x, x == 'a')"));
    ck_assert(str_contains(shop.faults.list[0].what[CEL_ENGLISH], STR("any number of steps")));
    cel_shop_close(&shop);
}
END_TEST

SUITE_MAIN("expr/cel_cost", operators_calls_and_elements_are_steps,
           a_run_that_is_used_again_counts_on, the_limit_is_an_error_that_nothing_absorbs,
           a_run_may_ask_for_more_and_comes_to_the_same,
           the_environment_has_a_limit_for_runs_without_one, a_full_arena_ends_the_evaluation,
           the_estimate_is_never_below_the_count, what_the_host_bounds_is_bounded,
           what_nobody_bounds_is_not, too_much_is_refused_and_named)
