/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_shop.h"
#include "suite.h"

#include <time.h>

/* Expressions that mean harm: each ends within its steps, its memory, and, generously, its time. */
static struct cel_shop shop;

static void open_shop(void)
{
    cel_shop_open(&shop);
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* It compiles, or is refused; what it yields is @stops: the limit's error, else anything. */
static void ends(const char *text, bool stops)
{
    double from = cpu_s();
    const struct cel_program *program = cel_shop_compile(&shop, text);
    if (program) {
        struct cel_run run = { .arena = shop.run_arena };
        struct cel_value value = cel_eval(program, shop.values, &run);
        ck_assert_msg(!stops || (value.kind == CEL_ERROR && run.stopped), "%.80s", text);
        ck_assert_msg(run.cost <= 1000000 + strlen(text), "%.80s took %lu steps", text,
                      (unsigned long) run.cost);
        ck_assert_uint_le(arena_used(shop.run_arena), CEL_SHOP_ARENA);
        arena_reset(shop.run_arena);
    } else {
        ck_assert_uint_gt(shop.faults.count, 0);
    }
    double took = cpu_s() - from;
    ck_assert_msg(took < 8, "%.80s took %.1f s", text, took); /* also under sanitizers */
}

/* @n times @piece between @before and @after. */
static const char *repeated(const char *before, const char *piece, int n, const char *after)
{
    struct out out;
    out_init(&out, shop.arena, 1 << 12);
    out_text(&out, str_of(before));
    for (int i = 0; i < n; i++)
        out_text(&out, str_of(piece));
    out_text(&out, str_of(after));
    out_char(&out, '\0');
    ck_assert_msg(!out.failed, "%.80s: %zu bytes used", before, arena_used(shop.arena));
    return out.at;
}

/* cel.bind(x1, x0 + x0, cel.bind(x2, x1 + x1, … */
static const char *doubled(const char *first, int n, const char *last)
{
    struct out out;
    out_init(&out, shop.arena, 1 << 12);
    out_printf(&out, "cel.bind(x0, %s, ", first);
    for (int i = 1; i < n; i++)
        out_printf(&out, "cel.bind(x%d, x%d + x%d, ", i, i - 1, i - 1);
    out_printf(&out, last, n - 1);
    for (int i = 0; i < n; i++)
        out_char(&out, ')');
    out_char(&out, '\0');
    return out.at;
}

START_TEST(texts_that_double_stop)
{
    open_shop();
    ends(doubled("name", 60, "x%d.size()"), true);
    ends(doubled("'constant'", 60, "x%d.size()"), true);
    ends(doubled("b'bytes'", 60, "x%d == b''"), true);
    ends("[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, name + name + name)).size() "
         "> 0",
         false);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(lists_that_double_stop)
{
    open_shop();
    ends(doubled("names", 60, "x%d.size()"), true);
    ends(doubled("[1, 2]", 60, "x%d.size()"), true);
    ends(doubled("[[[1]]]", 60, "x%d.size()"), true);
    ends(doubled("names", 12, "x%d.all(a, x11.all(b, x11.all(c, a + b != c)))"), true);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(lists_of_lists_that_share_stop)
{
    open_shop();
    /* Each level holds the one below twice: small in memory, 2^n elements to compare or print. */
    struct out out;
    out_init(&out, shop.arena, 1 << 12);
    for (int i = 0; i < 40; i++)
        out_printf(&out, i ? "cel.bind(y%d, [y%d, y%d], " : "cel.bind(y%d, [n], ", i, i - 1, i - 1);
    out_text(&out, STR("y39 == [y38, y38] && string(type(y39)) == 'list'"));
    for (int i = 0; i < 40; i++)
        out_char(&out, ')');
    out_char(&out, '\0');
    ends(out.at, true);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(nested_macros_stop)
{
    open_shop();
    struct out out;
    out_init(&out, shop.arena, 1 << 12);
    for (int i = 0; i < 10; i++)
        out_printf(&out, "[1,2,3,4,5,6,7,8,9,n].all(v%d, ", i);
    out_text(&out, STR("v0 + v9 != 99"));
    for (int i = 0; i < 10; i++)
        out_char(&out, ')');
    out_char(&out, '\0');
    ends(out.at, true);
    ends("[1,2,3,4,5,6,7,8,9,n].map(a, [1,2,3,4,5,6,7,8,9,n].map(b, [1,2,3,4,5,6,7,8,9,n].map(c, "
         "[1,2,3,4,5,6,7,8,9,n].map(d, [1,2,3,4,5,6,7,8,9,n].map(e, [1,2,3,4,5,6,7,8,9,n].map(f, "
         "[1,2,3,4,5,6,7,8,9,n].map(g, name)))))))",
         true);
    ends(
        "[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, "
        "[1,2,3,4,5,6,7,8,9,10].map(d, [1,2,3,4,5,6,7,8,9,10].map(e, [1,2,3,4,5,6,7,8,9,10].map(f, "
        "[1,2,3,4,5,6,7,8,9,10].map(g, 'constant')))))))",
        false);
    ends(repeated("", "[n].all(x, ", 40, repeated("true", ")", 40, "")), false);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(a_big_list_of_the_host_stops)
{
    open_shop();
    shop.items.count = 4000000; /* the elements are not looked at */
    ends("cart.items.all(i, n == 7)", true);
    ends("cart.items.map(i, n).size()", true);
    ends("cart.items.filter(i, n == 8).size()", true);
    ends("cart.items.exists_one(i, n == 8)", true);
    ends("cart.items.transformMap(i, v, n).size()", true);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(deep_nesting_is_refused_or_evaluated)
{
    open_shop();
    ends(repeated("", "(", 90000, "n"), false);
    ends(repeated("", "(", 40000, repeated("n", ")", 40000, "")), false);
    ends(repeated("", "[", 200, repeated("n", "]", 200, "")), false);
    ends(repeated("", "[", 45000, repeated("n", "]", 45000, "")), false);
    ends(repeated("", "[", 60, repeated("n", "]", 60, ".map(x, x)")), false);
    ends(repeated("", "[", 60, repeated("", "]", 60, "[0].filter(x, x == x)")), false);
    ends(repeated("", "!", 200, "true"), false);
    ends(repeated("", "!", 90000, "true"), false);
    ends(repeated("", "-", 90000, "n"), false);
    ends(repeated("n", " + n", 20000, ""), false);
    ends(repeated("d", ".a", 40000, ""), false);
    ends(repeated("", "n == 7 ? ", 200, repeated("1", " : 2", 200, "")), false);
    ends(repeated("", "{1: ", 100, repeated("n", "}", 100, "")), false);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(long_chains_and_lists_are_evaluated)
{
    open_shop();
    ends(repeated("n == 7", " && n == 7", 9000, ""), false);
    ck_yields(&shop, repeated("n == 7", " && n == 7", 9000, ""), "true");
    ck_yields(&shop, repeated("n == 8", " || n == 8", 9000, " || n == 7"), "true");
    ck_yields(&shop, repeated("[n", ", n", 20000, "].size()"), "20001");
    ck_yields(&shop, repeated("[1", ", 1", 30000, "].size()"), "30001");
    ck_yields(&shop, repeated("'", "x", 90000, "'.size()"), "90000");
    ends(repeated("[", "'a' + 'b', ", 5000, "name]"), false);
    ends(repeated("[", "1 / 0, ", 9000, "n]"), false);
    ends(repeated("", "!(true && ", 70, repeated("1 / 0 == 1", ")", 70, "")), false);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(patterns_take_time_in_proportion)
{
    open_shop();
    ends(repeated("'", "a", 5000, "'.matches('(a*)*b')"), false);
    ends(repeated("name.matches('", "(x+x+)+", 100, "y')"), false);
    ends(doubled("name", 14, "x%d.matches('(a|n|an|nn)*$') "), false);
    ends("name.matches('((a{0,100}){0,100}){0,100}')", false);
    ends("name.matches('(((((((((a{2}){2}){2}){2}){2}){2}){2}){2}){2}){2}')", false);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(functions_that_make_much_stop)
{
    open_shop();
    ends(doubled("name", 16, "x%d.replace('', x14).size()"), true);
    ends(doubled("name", 18, "x%d.split('').join(x17).size()"), true);
    ends("'%1000000000f'.format([1.0]) == ''", false);
    ends("'%.1000000000f'.format([1.0]) == ''", false);
    ends(doubled("name", 14, "[1,2,3,4,5,6,7,8,9,10].map(a, x%d.indexOf('nnannb')) == []"), false);
    ends(doubled("names", 14, "x%d == x13 && x13 in [x13, x13]"), false);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(straight_lines_over_large_values_stop)
{
    open_shop();
    /* Texts of 3 MB and lists of 100,000: without a step for each part this would be gigabytes of work. */
    static const char *const pieces[] = {
        " || x19 == x18 + x18 + 'b'",
        " || x19 != x18 + x18",
        " || x19 in ['a', x19 + 'b']",
        " || x19 in {'a': 1}",
        " || {x19: 1}.size() == 2",
        " || {'a': 1}[x19] == 1",
        " || x19 < x18",
        " || x19.contains(x18 + 'b')",
        " || x19 in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']"
    };
    arena_free(shop.run_arena);
    shop.run_arena = arena_new(1 << 16, 1 << 28);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const char *program = doubled("name", 20, repeated("x%d == ''", pieces[i], 500, ""));
        double from = cpu_s();
        ck_assert_ptr_nonnull(cel_shop_compile(&shop, program));
        struct cel_run run = { .arena = shop.run_arena, .limit = 3000000 };
        struct cel_value value = cel_eval(shop.program, shop.values, &run);
        ck_assert_msg(run.stopped && value.kind == CEL_ERROR, "%s", pieces[i]);
        ck_assert_msg(cpu_s() - from < 8, "%s", pieces[i]);
        arena_reset(shop.run_arena);
    }
    cel_shop_close(&shop);
    open_shop();
    const char *lists = doubled("names", 15, repeated("x%d == []", " || 'c' in x14", 500, ""));
    ends(lists, true);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(errors_that_are_absorbed_do_not_fill_the_arena)
{
    open_shop();
    shop.items.count = 100000;
    ends("cart.items.exists(i, names[n + 5] == 'x' || ages['eve'] == 3)", false);
    cel_shop_close(&shop);
}
END_TEST

SUITE_MAIN("expr/cel_limits", texts_that_double_stop, lists_that_double_stop,
           lists_of_lists_that_share_stop, nested_macros_stop, a_big_list_of_the_host_stops,
           deep_nesting_is_refused_or_evaluated, long_chains_and_lists_are_evaluated,
           patterns_take_time_in_proportion, functions_that_make_much_stop,
           straight_lines_over_large_values_stop, errors_that_are_absorbed_do_not_fill_the_arena)
