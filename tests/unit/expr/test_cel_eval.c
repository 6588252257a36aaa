/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_shop.h"
#include "suite.h"

#include <malloc.h>
#include <pthread.h>

static struct cel_shop shop;

static void open_shop(void)
{
    cel_shop_open(&shop);
}

START_TEST(and_is_false_when_either_side_is)
{
    open_shop();
    ck_yields(&shop, "n == 7 && n > 3", "true");
    ck_yields(&shop, "n == 7 && n > 9", "false");
    ck_yields(&shop, "n / 0 == 1 && n > 9", "false");
    ck_yields(&shop, "n > 9 && n / 0 == 1", "false");
    ck_yields(&shop, "cart.note == 'x' && n > 9", "false");
    ck_yields(&shop, "n == 7 && n / 0 == 1 && n % 0 == 1 && n > 9", "false");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(or_is_true_when_either_side_is)
{
    open_shop();
    ck_yields(&shop, "n == 1 || n > 9", "false");
    ck_yields(&shop, "n / 0 == 1 || n > 3", "true");
    ck_yields(&shop, "n > 3 || n / 0 == 1", "true");
    ck_yields(&shop, "cart.note == 'x' || n > 3", "true");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(of_two_errors_the_first_is_told_and_an_unknown_before_it)
{
    open_shop();
    ck_yields(&shop, "n / 0 == 1 && n % 0 == 1", "error: divide by zero at 1:3");
    ck_yields(&shop, "n / 0 == 1 || n % 0 == 1", "error: divide by zero at 1:3");
    ck_yields(&shop, "n / 0 == 1 && cart.note == 'x'", "unknown: cart.note");
    ck_yields(&shop, "cart.note == 'x' || n / 0 == 1", "unknown: cart.note");
    ck_yields(&shop, "n / 0 + [1][3]", "error: divide by zero at 1:3");
    ck_yields(&shop, "[n / 0 == 1, cart.note == 'x']", "unknown: cart.note");
    ck_yields(&shop, "{'a': n / 0, cart.note: 1}", "unknown: cart.note");
    ck_yields(&shop, "math.greatest(n / 0, size(cart.note))", "unknown: cart.note");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(what_is_no_bool_is_an_error_that_is_absorbed)
{
    open_shop();
    ck_yields(&shop, "d && n == 7", "error: no such overload: &&int at 1:1");
    ck_yields(&shop, "d && n == 1", "false");
    ck_yields(&shop, "n == 7 || d", "true");
    ck_yields(&shop, "d ? 1 : 2", "error: no such overload: _?_:_(int) at 1:1");
    ck_yields(&shop, "!d", "error: no such overload: !int at 1:1");
    ck_yields(&shop, "[1].exists(x, d)", "error: no such overload: ||int at 1:5");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(a_conditional_looks_at_one_branch_only)
{
    open_shop();
    ck_yields(&shop, "n == 7 ? 'yes' : string(n / 0)", "\"yes\"");
    ck_yields(&shop, "n == 8 ? n / 0 : n + 1", "8");
    ck_yields(&shop, "n / 0 == 1 ? 1 : 2", "error: divide by zero at 1:3");
    ck_yields(&shop, "cart.note == '' ? 1 : 2", "unknown: cart.note");
    ck_yields(&shop, "n == 8 ? 1 : n == 7 ? 2 : 3", "2");
    ck_yields(&shop, "(n > 3 && n < 9 ? n : 0) + (n > 9 || n < 3 ? 1 : 10)", "17");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(quantifiers_absorb_as_their_operators_do)
{
    open_shop();
    ck_yields(&shop, "[1, 0, 2].exists(x, 2 / x == 1)", "true");
    ck_yields(&shop, "[0, n].exists(x, 2 / x == 9)", "error: divide by zero at 1:20");
    ck_yields(&shop, "[0, n].all(x, n / x == 9)", "false");
    ck_yields(&shop, "[n, 0].all(x, n / x == 1)", "error: divide by zero at 1:17");
    ck_yields(&shop, "[n].all(x, cart.note == 'a')", "unknown: cart.note");
    ck_yields(&shop, "[n, 0].exists(x, x == 0 ? 1 / x == 1 : cart.note == 'a')",
              "unknown: cart.note");
    ck_yields(&shop, "[n, 7, 8].exists_one(x, x == 8)", "true");
    ck_yields(&shop, "[n, 7, 8].exists_one(x, x == 7)", "false");
    ck_yields(&shop, "[n, 0].exists_one(x, 7 / x == 1)", "error: divide by zero at 1:24");
    ck_yields(&shop, "[].all(x, x == n) && ![].exists(x, x == n) && ![].exists_one(x, x == n)",
              "true");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(macros_make_lists_and_maps)
{
    open_shop();
    ck_yields(&shop, "[1, 2, n].map(x, x * 2)", "[2, 4, 14]");
    ck_yields(&shop, "[1, 2, n].map(x, x > 1, x * 2)", "[4, 14]");
    ck_yields(&shop, "[1, 2, n].filter(x, x > 1)", "[2, 7]");
    ck_yields(&shop, "ages.map(k, k + '!')", "[\"ann!\", \"bob!\"]");
    ck_yields(&shop, "ages.filter(k, ages[k] > 18)", "[\"ann\"]");
    ck_yields(&shop, "ages.exists(k, v, k == 'bob' && v < 18)", "true");
    ck_yields(&shop, "names.all(i, v, names[i] == v)", "true");
    ck_yields(&shop, "names.transformList(i, v, string(i) + v)", "[\"0ann\", \"1bob\"]");
    ck_yields(&shop, "names.transformList(i, v, i > 0, v)", "[\"bob\"]");
    ck_yields(&shop, "ages.transformMap(k, v, v > 18, v + n)", "{\"ann\": 38}");
    ck_yields(&shop, "names.transformMap(i, v, v)", "{0: \"ann\", 1: \"bob\"}");
    ck_yields(&shop, "ages.transformMapEntry(k, v, {v: k})", "{31: \"ann\", 13: \"bob\"}");
    ck_yields(&shop, "[[1, 2], [n]].map(x, x.map(y, x.size() * y))", "[[2, 4], [7]]");
    ck_yields(&shop, "[1, 2].map(x, [3, n].map(y, [x, y].map(z, z + x + y)))",
              "[[[5, 7], [9, 15]], [[7, 8], [11, 16]]]");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(an_error_in_what_is_collected_ends_the_macro)
{
    open_shop();
    ck_yields(&shop, "[1, 0, 2].map(x, n / x)", "error: divide by zero at 1:20");
    ck_yields(&shop, "[1, 0, 2].filter(x, n / x > 0)", "error: divide by zero at 1:23");
    ck_yields(&shop, "[1, 2].filter(x, d)", "error: no such overload: _?_:_(int) at 1:18");
    ck_yields(&shop, "[n].map(x, cart.note)", "unknown: cart.note");
    ck_yields(&shop, "[n / 0].map(x, 1)", "error: divide by zero at 1:4");
    ck_yields(&shop, "d.map(x, 1)", "error: no such overload: comprehension(int) at 1:3");
    ck_yields(&shop, "names.transformMapEntry(i, v, {'same': n})",
              "error: the map holds the key \"same\" twice at 1:7");
    ck_yields(&shop, "[1].exists(x, n == 1) || [n / 0].all(x, x == 1)",
              "error: divide by zero at 1:29");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(a_bound_value_counts_when_it_is_used)
{
    open_shop();
    ck_yields(&shop, "cel.bind(x, n * 2, x * x)", "196");
    ck_yields(&shop, "cel.bind(x, n / 0, n == 7)", "true");
    ck_yields(&shop, "cel.bind(x, n / 0, n == 7 || x == 1)", "true");
    ck_yields(&shop, "cel.bind(x, n / 0, x)", "error: divide by zero at 1:15");
    ck_yields(&shop, "cel.bind(x, 3, cel.bind(y, x + n, [x, y].map(z, z + x)))", "[6, 13]");
    ck_yields(&shop, "[1, 2].map(x, cel.bind(x, x * n, x + 1))", "[8, 15]");
    ck_yields(&shop, "cel.bind(list, cart.items, list.size() + list.map(i, i.price).size())", "6");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(fields_of_the_hosts_objects_are_loaded)
{
    open_shop();
    ck_yields(&shop, "cart.total", "2650");
    ck_yields(&shop, "cart.total > 2000 && cart.currency == 'EUR'", "true");
    ck_yields(&shop, "2000 < cart.total && 2650 == cart.total && 2651 > cart.total", "true");
    ck_yields(&shop, "2650 < cart.total || 2650 != cart.total || 2649 >= cart.total", "false");
    ck_yields(&shop, "cart.items.map(i, i.sku)", "[\"A-1\", \"B-2\", \"C-3\"]");
    ck_yields(&shop, "cart.items.exists(i, i.sku == 'B-2' && i.price >= 250)", "true");
    ck_yields(&shop, "cart.items[2].quantity", "10");
    ck_yields(&shop, "cart.items[3].quantity",
              "error: index out of range: 3, the list has 3 elements at 1:11");
    ck_yields(&shop, "cart.items.filter(i, i.sku in ['A-1', 'C-3']).map(i, i.price)", "[1000, 40]");
    ck_yields(&shop, "dyn(cart).total + dyn(cart)['total']",
              "error: no such overload: cart[string] at 1:28");
    ck_yields(&shop, "dyn(cart).tutal", "error: no such field: \"tutal\" of cart at 1:11");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(what_is_not_known_is_named)
{
    open_shop();
    ck_yields(&shop, "cart.note", "unknown: cart.note");
    ck_yields(&shop, "has(cart.note)", "false");
    ck_yields(&shop, "has(cart.total)", "true");
    ck_yields(&shop, "cart.note.startsWith('a') && cart.total > 5", "unknown: cart.note");
    ck_yields(&shop, "cart.note in ['a', 'b']", "unknown: cart.note");
    shop.values[0] = cel_unknown((struct str){ 0 });
    shop.values[1] = cel_unknown((struct str){ 0 });
    ck_yields(&shop, "cart.total > 5", "unknown: cart.total");
    ck_yields(&shop, "cart.items.exists(i, i.price > 5)", "unknown: cart.items");
    ck_yields(&shop, "has(cart.total)", "unknown: cart.total");
    ck_yields(&shop, "n", "unknown: n");
    ck_yields(&shop, "n + 1 > 5", "unknown: n");
    ck_yields(&shop, "[n, 2]", "unknown: n");
    ck_yields(&shop, "host.twice(n)", "unknown: n");
    ck_yields(&shop, "n > 5 ? 1 : 2", "unknown: n");
    ck_yields(&shop, "n in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "unknown: n");
    shop.values[1] = cel_unknown(STR("the number"));
    ck_yields(&shop, "n + 1", "unknown: the number");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(errors_have_line_and_column_of_their_operator)
{
    open_shop();
    ck_yields(&shop, "n == 7 &&\n  'äö'.size() / (n - 7) == 1", "error: divide by zero at 2:15");
    ck_yields(&shop, "ages['eve']", "error: no such key: \"eve\" at 1:5");
    ck_yields(&shop, "d.x", "error: no such field: \"x\" of int at 1:3");
    ck_yields(&shop, "d + 'a'", "error: no such overload: int + string at 1:3");
    ck_yields(&shop, "d < 'a'", "error: no such overload: int < string at 1:3");
    ck_yields(&shop, "9223372036854775807 + n", "error: int overflow at 1:21");
    ck_yields(&shop, "-(-9223372036854775807 - 1)", "error: int overflow at 1:1");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(an_overload_is_chosen_by_the_kinds_that_come)
{
    open_shop();
    ck_yields(&shop, "size(d)", "error: no such overload: size(int) at 1:1");
    shop.values[2] = cel_string(STR("four"));
    ck_yields(&shop, "size(d)", "4");
    ck_yields(&shop, "d.size() + size(names) + ages.size()", "8");
    ck_yields(&shop, "d.shout() + name.shout()", "\"four!ann!\"");
    ck_yields(&shop, "host.twice(n) + host.twice(1)", "16");
    shop.values[2] = cel_int(1);
    ck_yields(&shop, "d.shout()", "error: no such overload: shout(int) at 1:3");
    shop.values[1] = cel_string(STR("the host said int"));
    ck_yields(&shop, "host.twice(n)", "error: no such overload: host.twice(string) at 1:6");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(membership_is_by_value)
{
    open_shop();
    ck_yields(&shop, "n in [1, 7]", "true");
    ck_yields(&shop, "n in [dyn(1.0), 7.0]", "true");
    ck_yields(&shop, "n in [1, 2, 3, 4, 5, 6, dyn(7.0), 8, 9, 10]", "true");
    ck_yields(&shop, "d in ['a', 2u, 3, 4, 5, 6, 8, 9, 10, 0.5]", "false");
    ck_yields(&shop, "name in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'ann']", "true");
    ck_yields(&shop, "cart.currency in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'EUR']", "true");
    ck_yields(&shop, "cart.currency in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'USD']", "false");
    ck_yields(&shop, "[n] in [[1], [2], [3], [4], [5], [6], [7], [8], [9]]", "true");
    ck_yields(&shop, "name in ages && !('eve' in ages)", "true");
    ck_yields(&shop, "name in names", "true");
    ck_yields(&shop, "n in d", "error: no such overload: int in int at 1:3");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(what_is_no_key_or_is_one_twice_is_an_error)
{
    open_shop();
    ck_yields(&shop, "{name: 1, 'ann': 2}", "error: the map holds the key \"ann\" twice at 1:1");
    ck_yields(&shop, "{dyn(1.5): n}", "error: 1.5 is no key of a map at 1:1");
    ck_yields(&shop, "{dyn(n): 'x'}[7u] + {dyn(n): 'y'}[7.0]", "\"xy\"");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(deep_expressions_take_their_registers_from_the_arena)
{
    open_shop();
    struct out text;
    out_init(&text, shop.arena, 4096);
    for (int i = 0; i < 100; i++)
        out_text(&text, STR("n - ("));
    out_text(&text, STR("n"));
    for (int i = 0; i < 100; i++)
        out_text(&text, STR(")"));
    out_char(&text, '\0');
    ck_yields(&shop, text.at, "7");
    ck_assert_uint_gt(arena_used(shop.run_arena), 0);
    ck_yields(&shop,
              "[1].exists(a, [1].exists(b, [1].exists(c, [1].exists(d, [1].exists(e, [n].exists(f, "
              "a + b + c + d + e + f == 12))))))",
              "true");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(names_that_are_not_declared_are_errors_when_types_do_not_matter)
{
    open_shop();
    const char *text = "nobody + 1 > 2 || n == 7";
    cel_faults_init(&shop.faults, shop.arena, str_of(text));
    const struct cel_options lenient = { .lenient = true };
    const struct cel_program *program =
        cel_compile(shop.env, str_of(text), &lenient, shop.arena, &shop.faults);
    if (program) { /* a checker may as well refuse it */
        struct cel_run run = { .arena = shop.run_arena };
        struct cel_value value = cel_eval(program, shop.values, &run);
        ck_assert(cel_is_true(&value));
    } else {
        ck_assert_uint_gt(shop.faults.count, 0);
    }
    cel_shop_close(&shop);
}
END_TEST

START_TEST(an_evaluation_calls_malloc_never)
{
    open_shop();
    static const char *const texts[] = {
        "cart.items.exists(i, i.sku == 'C-3' && i.price >= 40)",
        "cart.items.map(i, i.price * i.quantity).filter(v, v > 300).size() == 2",
        "'%s costs %d'.format([name, n]).matches('a.*[0-9]+') && {'a': [n]}.a[0] == n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct cel_program *program = cel_shop_compile(&shop, texts[i]);
        ck_assert_ptr_nonnull(program);
        struct cel_run run = { .arena = shop.run_arena };
        struct mallinfo2 before = mallinfo2();
        struct cel_value value = cel_eval(program, shop.values, &run);
        struct mallinfo2 after = mallinfo2();
        ck_assert_msg(cel_is_true(&value), "%s", texts[i]);
        ck_assert_uint_eq(after.uordblks, before.uordblks);
    }
    cel_shop_close(&shop);
}
END_TEST

static void *evaluate_often(void *argument)
{
    const struct cel_program *program = argument;
    struct arena *arena = arena_new(1 << 14, 1 << 20);
    uintptr_t right = 0;
    for (int i = 0; i < 2000; i++) {
        struct cel_run run = { .arena = arena };
        struct cel_value value = cel_eval(program, shop.values, &run);
        right += cel_is_true(&value);
        arena_reset(arena);
    }
    arena_free(arena);
    return (void *) right;
}

START_TEST(threads_share_a_program)
{
    open_shop();
    const struct cel_program *program =
        cel_shop_compile(&shop, "cart.items.map(i, i.price * i.quantity).exists(v, v == 400) && "
                                "name in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'ann']");
    ck_assert_ptr_nonnull(program);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, evaluate_often, (void *) program), 0);
    for (int i = 0; i < 3; i++) {
        void *right;
        ck_assert_int_eq(pthread_join(threads[i], &right), 0);
        ck_assert_uint_eq((uintptr_t) right, 2000);
    }
    cel_shop_close(&shop);
}
END_TEST

SUITE_MAIN("expr/cel_eval", and_is_false_when_either_side_is, or_is_true_when_either_side_is,
           of_two_errors_the_first_is_told_and_an_unknown_before_it,
           what_is_no_bool_is_an_error_that_is_absorbed, a_conditional_looks_at_one_branch_only,
           quantifiers_absorb_as_their_operators_do, macros_make_lists_and_maps,
           an_error_in_what_is_collected_ends_the_macro, a_bound_value_counts_when_it_is_used,
           fields_of_the_hosts_objects_are_loaded, what_is_not_known_is_named,
           errors_have_line_and_column_of_their_operator,
           an_overload_is_chosen_by_the_kinds_that_come, membership_is_by_value,
           what_is_no_key_or_is_one_twice_is_an_error,
           deep_expressions_take_their_registers_from_the_arena,
           names_that_are_not_declared_are_errors_when_types_do_not_matter,
           an_evaluation_calls_malloc_never, threads_share_a_program)
