/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_shop.h"
#include "expr/run/cel_program.h"
#include "suite.h"

static struct cel_shop shop;

static void open_shop(void)
{
    cel_shop_open(&shop);
}

/* The program of @text as cel_program_print() shows it. */
static const char *printed(const char *text)
{
    const struct cel_program *program = cel_shop_compile(&shop, text);
    ck_assert_msg(program, "%s: %.*s", text, STR_ARG(shop.faults.list[0].what[CEL_ENGLISH]));
    struct out out;
    out_init(&out, shop.arena, 512);
    cel_program_print(program, &out);
    out_char(&out, '\0');
    return out.at;
}

static const char *const constant = "   0  RETURN        ";

#define ck_folds(text, value)                                             \
    do {                                                                  \
        const char *lines_ = printed(text);                               \
        ck_assert_str_eq(lines_ + strlen(constant), value "\n");          \
        ck_assert_int_eq(strncmp(lines_, constant, strlen(constant)), 0); \
    } while (0)

START_TEST(what_depends_on_nothing_is_computed_when_it_is_compiled)
{
    open_shop();
    ck_folds("1 + 2 * 3", "7");
    ck_folds("'a' + 'b' == 'ab' ? [1, 2] + [3] : []", "[1, 2, 3]");
    ck_folds("timestamp('2026-11-01T00:00:00Z') + duration('1h')",
             "timestamp(\"2026-11-01T01:00:00Z\")");
    ck_folds("[1, 2, 3].filter(x, x > 1).map(x, x * 10)", "[20, 30]");
    ck_folds("{'a': 1}.a + size('abc')", "4");
    ck_folds("cel.bind(x, 20, x + 1) > 20 && 'abc'.matches('b')", "true");
    ck_folds("1 / 0 > 0 && false", "false");
    ck_folds("type(1) == int ? string : bytes", "string");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(parts_fold_within_what_does_not)
{
    open_shop();
    ck_assert_str_eq(printed("n > 2 * 30"), "   0  COMPARE       n > 60 -> r0\n"
                                            "   1  RETURN        r0\n");
    ck_assert_str_eq(printed("n + 3 * 4"), "   0  ADD           n 12 -> r0\n"
                                           "   1  RETURN        r0\n");
    ck_assert_str_eq(printed("cart.items.exists(i, i.price > 10 * 10)"),
                     "   0  FIELD         cart.items -> r1\n"
                     "   1  LOOP          r1 -> r0, to 4\n"
                     "   2  FIELD_COMPARE r1.price > 100 -> r2\n"
                     "   3  NEXT_EXISTS   r2 -> r0, to 2\n"
                     "   4  RETURN        r0\n");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(an_error_among_constants_waits_for_the_evaluation)
{
    open_shop();
    ck_yields(&shop, "1 / 0", "error: divide by zero at 1:3");
    ck_yields(&shop, "n == 7 || 1 / 0 > 1", "true");
    ck_yields(&shop, "[1, 2][5] + n",
              "error: index out of range: 5, the list has 2 elements at 1:7");
    struct cel_value bad_pattern = cel_shop_value(&shop, "n == 7 && 'a'.matches('(')");
    ck_assert_int_eq(bad_pattern.kind, CEL_ERROR);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(functions_of_the_host_are_not_folded)
{
    open_shop();
    ck_yields(&shop, "host.calls() + host.calls()", "3");
    struct cel_run run = { .arena = shop.run_arena };
    struct cel_value again = cel_eval(shop.program, shop.values, &run);
    ck_assert_int_eq(again.integer, 7);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(a_field_compared_with_a_constant_is_one_instruction)
{
    open_shop();
    ck_assert_str_eq(printed("5000 <= cart.total"), "   0  FIELD_COMPARE cart.total >= 5000 -> r0\n"
                                                    "   1  RETURN        r0\n");
    ck_assert_str_eq(printed("cart.total > 1 && n == 7 && cart.currency != 'USD'"),
                     "   0  FIELD_COMPARE cart.total > 1 -> r0, else 3\n"
                     "   1  COMPARE       n == 7 -> r0, and else 3\n"
                     "   2  FIELD_COMPARE cart.currency != \"USD\" -> r0, and else 3\n"
                     "   3  RETURN        r0\n");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(every_order_survives_being_turned_round)
{
    open_shop();
    ck_yields(&shop,
              "[2649, 2650, 2651].map(x, [x < cart.total, x <= cart.total, x == cart.total, "
              "x != cart.total, x >= cart.total, x > cart.total])",
              "[[true, true, false, true, false, false], [false, true, true, false, true, false], "
              "[false, false, false, true, true, true]]");
    ck_yields(&shop,
              "[2649 < cart.total, 2650 < cart.total, 2650 <= cart.total, 2651 <= cart.total, "
              "2651 > cart.total, 2650 > cart.total, 2650 >= cart.total, 2649 >= cart.total, "
              "2650 == cart.total, 2651 == cart.total, 2650 != cart.total, 2651 != cart.total]",
              "[true, false, true, false, true, false, true, false, true, false, false, true]");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(a_constant_list_is_a_set_and_a_long_one_hashed)
{
    open_shop();
    cel_shop_compile(&shop, "name in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'ann']");
    ck_assert_int_eq(shop.program->code[0].code, CEL_CODE_IN_SET);
    cel_shop_compile(&shop, "name in ['a', 'b']");
    ck_assert_int_eq(shop.program->code[0].code, CEL_CODE_IN_SET);
    ck_assert_uint_eq(shop.program->code[0].set->mask, 0); /* short: not hashed */
    cel_shop_compile(&shop, "cart.currency in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'EUR']");
    ck_assert_int_eq(shop.program->code[0].code, CEL_CODE_FIELD_IN);
    ck_assert_ptr_nonnull(shop.program->code[0].member->set);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(a_set_finds_each_of_two_thousand)
{
    open_shop();
    struct out text;
    out_init(&text, shop.arena, 1 << 16);
    out_text(&text, STR("n in [0"));
    for (int i = 1; i < 2000; i++)
        out_printf(&text, ", %d", i * 3);
    out_text(&text, STR("]"));
    out_char(&text, '\0');
    ck_assert_ptr_nonnull(cel_shop_compile(&shop, text.at));
    ck_assert_int_eq(shop.program->code[0].code, CEL_CODE_IN_SET);
    for (int i = 0; i < 6010; i++) {
        shop.values[1] = cel_int(i);
        struct cel_run run = { .arena = shop.run_arena };
        struct cel_value found = cel_eval(shop.program, shop.values, &run);
        ck_assert_int_eq(found.kind, CEL_BOOL);
        ck_assert_int_eq(found.boolean, i % 3 == 0 && i < 6000);
    }
    cel_shop_close(&shop);
}
END_TEST

START_TEST(a_pattern_that_is_written_there_is_compiled_once)
{
    open_shop();
    ck_assert_ptr_nonnull(strstr(printed("name.matches('^a')"), "MATCHES"));
    ck_assert_ptr_nonnull(strstr(printed("matches(name, '^a')"), "MATCHES"));
    ck_assert_ptr_null(strstr(printed("name.matches(name)"), "MATCHES"));
    ck_yields(&shop, "name.matches('^a') && matches(name, 'n{2}$') && !name.matches('b')", "true");
    ck_yields(&shop, "d.matches('a')", "error: no such overload: matches(int, string) at 1:3");
    cel_shop_close(&shop);
}
END_TEST

START_TEST(a_program_needs_neither_its_text_nor_its_faults)
{
    open_shop();
    char text[] = "cart.note == 'abc' || name in ['xyz', 'ann'] && cart.items[5].sku == 'q'";
    cel_faults_init(&shop.faults, shop.arena, str_of(text));
    struct arena *programs = arena_new(1 << 12, 1 << 20);
    const struct cel_program *program =
        cel_compile(shop.env, str_of(text), NULL, programs, &shop.faults);
    ck_assert_ptr_nonnull(program);
    memset(text, '#', sizeof text - 1);
    memset(&shop.faults, 0xee, sizeof shop.faults);
    struct cel_run run = { .arena = shop.run_arena };
    struct cel_value value = cel_eval(program, shop.values, &run);
    ck_assert_int_eq(value.kind, CEL_UNKNOWN);
    ck_assert(str_is(value.string, "cart.note"));
    ck_assert_int_eq(cel_program_type(program)->kind, CEL_TYPE_BOOL);
    arena_free(programs);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(faults_come_from_every_stage)
{
    open_shop();
    ck_assert_ptr_null(cel_shop_compile(&shop, "n +"));
    ck_assert_uint_gt(shop.faults.count, 0);
    ck_assert_ptr_null(cel_shop_compile(&shop, "n + 'a'"));
    ck_assert_uint_gt(shop.faults.count, 0);
    ck_assert_ptr_null(cel_shop_compile(&shop, "m + 1"));
    ck_assert_uint_gt(shop.faults.count, 0);
    const struct cel_options boolean = { .want = cel_type_simple(CEL_TYPE_BOOL) };
    cel_faults_init(&shop.faults, shop.arena, STR("n + 1"));
    ck_assert_ptr_null(cel_compile(shop.env, STR("n + 1"), &boolean, shop.arena, &shop.faults));
    ck_assert_uint_gt(shop.faults.count, 0);
    cel_shop_close(&shop);
}
END_TEST

START_TEST(a_small_arena_is_a_fault_and_no_crash)
{
    open_shop();
    const char *text =
        "cart.items.map(i, i.sku + 'abc').exists(s, s in ['a', 'b', 'c', 'd', 'e', 'f', "
        "'g', 'h', 'i']) && {'a': [1, 2, n]}.a[0] == 1 && name.matches('a+b')";
    bool compiled = false;
    for (size_t limit = 0; limit < 20000 && !compiled; limit += 24) {
        struct arena *small = arena_new(64, limit);
        cel_faults_init(&shop.faults, shop.arena, str_of(text));
        compiled = cel_compile(shop.env, str_of(text), NULL, small, &shop.faults) != NULL;
        ck_assert(compiled || shop.faults.count > 0);
        arena_free(small);
    }
    ck_assert(compiled);
    cel_shop_close(&shop);
}
END_TEST

SUITE_MAIN("expr/cel_compile", what_depends_on_nothing_is_computed_when_it_is_compiled,
           parts_fold_within_what_does_not, an_error_among_constants_waits_for_the_evaluation,
           functions_of_the_host_are_not_folded,
           a_field_compared_with_a_constant_is_one_instruction,
           every_order_survives_being_turned_round, a_constant_list_is_a_set_and_a_long_one_hashed,
           a_set_finds_each_of_two_thousand, a_pattern_that_is_written_there_is_compiled_once,
           a_program_needs_neither_its_text_nor_its_faults, faults_come_from_every_stage,
           a_small_arena_is_a_fault_and_no_crash)
