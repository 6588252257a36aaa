/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/diag.h"
#include "suite.h"

static const struct doc_file file = { .name = { "a.yaml", 6 },
                                      .path = { "rules/a.yaml", 12 },
                                      .text = { "when:\n  名前: cart.totl\n", 26 } };
static const struct doc_place place = { 2, 7 };
static const char *const words[] = { "cart.total", "cart.quantity", "customer.orders", NULL };

struct fixture {
    struct arena *arena;
    struct diags diags;
    struct out out;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){ .arena = arena_new(4096, 1 << 22) };
    diags_init(&f->diags, f->arena);
    out_init(&f->out, f->arena, 64);
}

static const char *text_of(struct fixture *f)
{
    out_char(&f->out, 0);
    return f->out.at;
}

START_TEST(prints_like_a_compiler_with_the_caret_under_the_word)
{
    struct fixture f;
    begin(&f);
    diag_add_guess(&f.diags, &file, place, DIAG_UNKNOWN_KEY, STR("cart.totl"), words);
    diags_print(&f.diags, LOCALE_EN, false, &f.out);

    /* Two characters of two cells each stand before the caret. */
    ck_assert_str_eq(text_of(&f), "rules/a.yaml:2:7: error: there is no key \"cart.totl\" here\n"
                                  "     2 |   名前: cart.totl\n"
                                  "       |         ^~~~~~~~~\n"
                                  "       = help: did you mean \"cart.total\"?\n"
                                  "       = help: what may stand here: cart.total, cart.quantity, "
                                  "customer.orders\n");
    arena_free(f.arena);
}
END_TEST

START_TEST(says_the_same_in_japanese)
{
    struct fixture f;
    begin(&f);
    diag_add_guess(&f.diags, &file, place, DIAG_UNKNOWN_KEY, STR("cart.totl"), words);
    diags_print(&f.diags, LOCALE_JA, false, &f.out);

    ck_assert_ptr_nonnull(strstr(text_of(&f), "エラー: 「cart.totl」という項目はありません"));
    ck_assert_ptr_nonnull(strstr(f.out.at, "ヒント: 「cart.total」ではありませんか?"));
    arena_free(f.arena);
}
END_TEST

START_TEST(has_a_sentence_in_both_languages_for_every_code)
{
    struct fixture f;
    begin(&f);
    for (int code = 0; code < DIAG_CODES; code++) {
        const struct diag diag = { .code = (enum diag_code) code,
                                   .args = { STR("A"), STR("B"), STR("C") } };
        struct str ja = diag_message(&diag, LOCALE_JA, f.arena, NULL);
        struct str en = diag_message(&diag, LOCALE_EN, f.arena, NULL);
        ck_assert_uint_gt(ja.len, 0);
        ck_assert_uint_gt(en.len, 0);
        ck_assert_msg(!str_eq(ja, en), "%s", diag_code_name(diag.code));
        ck_assert(str_is_utf8(ja, NULL));
    }
    arena_free(f.arena);
}
END_TEST

START_TEST(writes_json_that_names_the_code)
{
    struct fixture f;
    begin(&f);
    diag_add_guess(&f.diags, &file, place, DIAG_UNKNOWN_KEY, STR("cart.totl"), words);
    diags_print_json(&f.diags, LOCALE_EN, &f.out);

    ck_assert_str_eq(
        text_of(&f),
        "[{\"file\":\"rules/a.yaml\",\"line\":2,\"column\":7,\"level\":\"error\","
        "\"code\":\"UNKNOWN_KEY\",\"message\":\"there is no key \\\"cart.totl\\\" here\","
        "\"help\":\"what may stand here: cart.total, cart.quantity, customer.orders\","
        "\"guess\":\"cart.total\",\"text\":\"rules/a.yaml:2:7: error: there is no "
        "key "
        "\\\"cart.totl\\\" here\\n     2 |   名前: cart.totl\\n       |         ^~~~~~~~~\\n"
        "       = help: did you mean \\\"cart.total\\\"?\\n       = help: what may stand "
        "here: cart.total, cart.quantity, customer.orders\\n\"}]");
    arena_free(f.arena);
}
END_TEST

START_TEST(guesses_what_is_close_and_nothing_else)
{
    ck_assert(str_is(diag_closest(STR("cart.totl"), words), "cart.total"));
    ck_assert(str_is(diag_closest(STR("Cart.Total"), words), "cart.total"));
    ck_assert(str_is(diag_closest(STR("total"), words), "cart.total"));
    ck_assert(str_is(diag_closest(STR("crat.quantity"), words), "cart.quantity"));
    ck_assert_ptr_null(diag_closest(STR("weather"), words).at);
    ck_assert(str_is(diag_closest_within(STR("crat.quantty"), words, 2), "cart.quantity"));
    ck_assert_ptr_null(diag_closest_within(STR("crat.quantt"), words, 2).at);
    ck_assert_ptr_null(diag_closest(STR(""), words).at);
}
END_TEST

START_TEST(sorts_by_file_line_and_column)
{
    static const struct doc_file other = { .name = { "b.yaml", 6 } };
    static const struct doc_file first = { .name = { "a.yaml", 6 } };
    struct fixture f;
    begin(&f);
    diag_add(&f.diags, &other, (struct doc_place){ 1, 1 }, DIAG_EMPTY_VALUE, STR("4"), STR(""),
             STR(""));
    diag_add(&f.diags, &first, (struct doc_place){ 9, 2 }, DIAG_EMPTY_VALUE, STR("3"), STR(""),
             STR(""));
    diag_add(&f.diags, &first, (struct doc_place){ 9, 1 }, DIAG_EMPTY_VALUE, STR("2"), STR(""),
             STR(""));
    diag_add(&f.diags, &first, (struct doc_place){ 2, 7 }, DIAG_EMPTY_VALUE, STR("1"), STR(""),
             STR(""));
    diags_sort(&f.diags);

    for (uint32_t i = 0; i < 4; i++)
        ck_assert_int_eq(f.diags.list[i].args[0].at[0], (char) ('1' + i));
    arena_free(f.arena);
}
END_TEST

START_TEST(keeps_the_first_and_counts_the_rest)
{
    struct fixture f;
    begin(&f);
    for (int i = 0; i < DIAG_MAX + 5; i++)
        diag_add(&f.diags, &file, place, DIAG_EMPTY_VALUE, STR("x"), STR(""), STR(""));
    diags_print(&f.diags, LOCALE_EN, false, &f.out);

    ck_assert_uint_eq(f.diags.count, DIAG_MAX);
    ck_assert_uint_eq(f.diags.errors, DIAG_MAX + 5);
    ck_assert_ptr_nonnull(strstr(text_of(&f), "and 5 more, not shown\n"));
    arena_free(f.arena);
}
END_TEST

START_TEST(counts_what_the_arena_has_no_room_for)
{
    struct fixture f = { .arena = arena_new(64, 64) };
    diags_init(&f.diags, f.arena);
    diag_add(&f.diags, &file, place, DIAG_EMPTY_VALUE, STR("x"), STR(""), STR(""));
    ck_assert_uint_eq(f.diags.errors, 1);
    ck_assert_uint_eq(f.diags.count, 0);
    arena_free(f.arena);
}
END_TEST

START_TEST(shows_only_the_part_of_a_long_line_that_matters)
{
    struct fixture f;
    begin(&f);
    char text[5001];
    memset(text, 'x', sizeof text);
    memcpy(text + 4000, "HERE", 4);
    const struct doc_file large = { .name = STR("a.yaml"), .text = { text, 5000 } };
    diag_add(&f.diags, &large, (struct doc_place){ 1, 4001 }, DIAG_EMPTY_VALUE, STR("HERE"),
             STR(""), STR(""));
    diags_print(&f.diags, LOCALE_EN, false, &f.out);

    const char *shown = text_of(&f), *here = strstr(shown, "xHERExxx"),
               *caret = strstr(shown, "^~~~");
    ck_assert_uint_lt(strlen(shown), 500);
    ck_assert_ptr_nonnull(here);
    ck_assert_ptr_nonnull(caret);
    size_t column = (size_t) (here + 1 - strstr(shown, " |")),
           below = (size_t) (caret - strstr(here, " |"));
    ck_assert_uint_eq(column - 2, below); /* "…" is three bytes in one cell */
    arena_free(f.arena);
}
END_TEST

START_TEST(prints_nothing_that_a_terminal_would_obey)
{
    struct fixture f;
    begin(&f);
    const struct doc_file evil = { .name = STR("a.yaml"),
                                   .text = STR("a: \033[31m\x93\xe2\x80\xae\n") };
    diag_add(&f.diags, &evil, (struct doc_place){ 1, 4 }, DIAG_EMPTY_VALUE, STR("\033[2J"), STR(""),
             STR(""));
    diags_print(&f.diags, LOCALE_EN, false, &f.out);

    ck_assert_ptr_null(strchr(text_of(&f), '\033'));
    ck_assert(str_is_utf8(str_of(f.out.at), NULL));
    ck_assert_ptr_nonnull(strstr(f.out.at, "a: ?[31m??\n"));
    arena_free(f.arena);
}
END_TEST

SUITE_MAIN("rules/diag", prints_like_a_compiler_with_the_caret_under_the_word,
           says_the_same_in_japanese, has_a_sentence_in_both_languages_for_every_code,
           writes_json_that_names_the_code, guesses_what_is_close_and_nothing_else,
           sorts_by_file_line_and_column, keeps_the_first_and_counts_the_rest,
           counts_what_the_arena_has_no_room_for, shows_only_the_part_of_a_long_line_that_matters,
           prints_nothing_that_a_terminal_would_obey)
