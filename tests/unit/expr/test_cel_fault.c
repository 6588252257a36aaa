/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/cel_fault.h"
#include "suite.h"

#define NOTHING ((struct str){ 0 })
#define BAD     CEL_SAY(OF_HOST, STR("bad"), STR("bad"))
#define A       "\xE3\x81\x82" /* a wide character */

static struct arena *arena;
static struct cel_faults faults;

static void begin(struct str text)
{
    if (!arena)
        arena = arena_new(1 << 16, 1 << 22);
    arena_reset(arena);
    cel_faults_init(&faults, arena, text);
}

static struct str printed(struct str name)
{
    struct out out;
    out_init(&out, arena, 256);
    cel_faults_print(&faults, name, CEL_ENGLISH, &out);
    return out_str(&out);
}

static void check_printed(struct str text, uint32_t offset, uint32_t length, const char *wanted)
{
    begin(text);
    cel_fault_add(&faults, offset, length, BAD, CEL_SAY(NOTHING));
    struct str shown = printed(NOTHING);
    ck_assert_msg(str_is(shown, wanted), "\n%.*snot\n%s", STR_ARG(shown), wanted);
}

START_TEST(finds_line_and_column_in_characters)
{
    static const struct {
        uint32_t offset, line, column;
    } places[] = { { 0, 1, 1 }, { 1, 1, 2 }, { 4, 1, 3 }, { 5, 1, 4 }, { 6, 2, 1 },
                   { 7, 2, 2 }, { 8, 3, 1 }, { 9, 3, 2 }, { 99, 3, 2 } };
    struct str text = STR("a" A "b\nc\nd");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        uint32_t line, column;
        cel_place(text, places[i].offset, &line, &column);
        ck_assert_msg(line == places[i].line && column == places[i].column, "%u: %u:%u",
                      places[i].offset, line, column);
    }
}
END_TEST

START_TEST(prints_place_sentence_line_caret_and_hint)
{
    begin(STR("a = b\nc"));
    cel_fault_add(&faults, 2, 1, CEL_SAY(NOT_AN_OPERATOR, STR("=")),
                  CEL_SAY(HINT_DID_YOU_MEAN, STR("==")));

    ck_assert(str_is(printed(STR("x.yaml")), "x.yaml:1:3: '=' is not an operator\n"
                                             "    a = b\n"
                                             "      ^\n"
                                             "    did you mean '=='?\n"));
    ck_assert(str_starts_with(printed(NOTHING), STR("1:3: '=' is")));
}
END_TEST

START_TEST(says_the_same_in_the_language_that_is_asked_for)
{
    struct out out;
    begin(STR("a = b\nc"));
    cel_fault_add(&faults, 2, 1, CEL_SAY(NOT_AN_OPERATOR, STR("=")),
                  CEL_SAY(HINT_DID_YOU_MEAN, STR("==")));
    out_init(&out, arena, 256);
    cel_faults_print(&faults, STR("x.yaml"), CEL_JAPANESE, &out);
    ck_assert(str_is(out_str(&out), "x.yaml:1:3: 「=」という演算子はありません\n"
                                    "    a = b\n"
                                    "      ^\n"
                                    "    「==」ではありませんか?\n"));
}
END_TEST

START_TEST(has_a_code_and_arguments_for_machines)
{
    char operator[] = "=";
    begin(STR("a = b"));
    cel_fault_add(&faults, 2, 1, CEL_SAY(NOT_AN_OPERATOR, { operator, 1 }), CEL_SAY(NOTHING));
    operator[0] = 'x';
    ck_assert_str_eq(cel_message_name(faults.list[0].code), "NOT_AN_OPERATOR");
    ck_assert(str_is(faults.list[0].args[0], "="));
    ck_assert_ptr_null(faults.list[0].args[1].at);
    ck_assert_int_eq(faults.list[0].hint_code, CEL_SAYS_NOTHING);
    ck_assert_ptr_null(faults.list[0].hint[CEL_JAPANESE].at);
}
END_TEST

START_TEST(says_what_only_the_host_knows_in_its_words)
{
    const struct str what[CEL_LANGUAGES] = { STR("too late"), STR("遅すぎます") };
    const struct str hint[CEL_LANGUAGES] = { STR("write it sooner"), STR("早くしてください") };
    begin(STR("abc"));
    cel_fault_add_own(&faults, 0, 3, what, hint);
    cel_fault_add_own(&faults, 0, 3, what, NULL);
    ck_assert_uint_eq(faults.count, 2);
    for (int language = 0; language < CEL_LANGUAGES; language++) {
        ck_assert(str_eq(faults.list[0].what[language], what[language]));
        ck_assert(str_eq(faults.list[0].hint[language], hint[language]));
        ck_assert_ptr_null(faults.list[1].hint[language].at);
    }
}
END_TEST

START_TEST(cuts_a_long_argument_between_two_characters)
{
    char text[1000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = A[(i + 2) % 3]; /* so that 400 is inside of one */
    begin(STR("abc"));
    cel_fault_add(&faults, 0, 1, CEL_SAY(UNDECLARED_NAME, { text + 1, sizeof text - 1 }),
                  CEL_SAY(HINT_DID_YOU_MEAN, { text + 1, sizeof text - 1 }));
    ck_assert_uint_eq(faults.list[0].args[0].len, 399);
    ck_assert(str_is_utf8(faults.list[0].what[CEL_ENGLISH], NULL));
    ck_assert(str_is_utf8(faults.list[0].hint[CEL_JAPANESE], NULL));
}
END_TEST

START_TEST(marks_as_much_as_the_fault_is_about)
{
    check_printed(STR("abc + d"), 0, 3, "1:1: bad\n    abc + d\n    ^~~\n");
    check_printed(STR("abc"), 3, 0, "1:4: bad\n    abc\n       ^\n");
    check_printed(STR("abc"), 2, 99, "1:3: bad\n    abc\n      ^\n");
    check_printed(STR("ab\ncd"), 1, 4, "1:2: bad\n    ab\n     ^\n");
    check_printed(STR("ab\ncd"), 3, 1, "2:1: bad\n    cd\n    ^\n");
    check_printed(STR("ab\r\ncd"), 1, 1, "1:2: bad\n    ab\n     ^\n");
    check_printed(STR(""), 0, 0, "1:1: bad\n    \n    ^\n");
    check_printed(STR("a\n"), 2, 0, "2:1: bad\n    \n    ^\n");
}
END_TEST

START_TEST(puts_the_caret_below_tabs_and_wide_characters)
{
    check_printed(STR("\ta\tb"), 3, 1, "1:4: bad\n    \ta\tb\n    \t \t^\n");
    check_printed(STR("'" A A "' = b"), 9, 1, "1:6: bad\n    '" A A "' = b\n           ^\n");
    check_printed(STR(A "b"), 0, 3, "1:1: bad\n    " A "b\n    ^~\n");
    check_printed(STR("e\xCC\x81 = b"), 4, 1, "1:4: bad\n    e\xCC\x81 = b\n      ^\n");
}
END_TEST

START_TEST(shows_a_part_of_a_long_line)
{
    char text[100000];
    memset(text, 'a', sizeof text);
    begin((struct str){ text, sizeof text });
    cel_fault_add(&faults, 50000, 1, BAD, CEL_SAY(NOTHING));
    struct str shown = printed(NOTHING);
    ck_assert_uint_lt(shown.len, 400);
    ck_assert(str_starts_with(shown, STR("1:50001: bad\n    \xE2\x80\xA6"
                                         "aaaa")));
    ck_assert(str_contains(shown, STR("aaaa\xE2\x80\xA6\n")));

    cel_faults_init(&faults, arena, (struct str){ text, sizeof text });
    cel_fault_add(&faults, 50000, 40000, BAD, CEL_SAY(NOTHING));
    ck_assert_uint_lt(printed(NOTHING).len, 400);
}
END_TEST

START_TEST(prints_utf8_whatever_the_text_is)
{
    struct str text = STR("a\xff\x00\x1b[1m\xE3\x81 b\xC3");
    begin(text);
    for (uint32_t i = 0; i <= text.len; i++)
        cel_fault_add(&faults, i, 2, BAD, CEL_SAY(NOTHING));
    struct str shown = printed(NOTHING);
    ck_assert(str_is_utf8(shown, NULL));
    ck_assert_ptr_null(memchr(shown.at, 0x1b, shown.len));
}
END_TEST

START_TEST(keeps_the_first_ones_and_counts_the_rest)
{
    begin(STR("abc"));
    char digits[CEL_DIGITS];
    for (int i = 0; i < 25; i++)
        cel_fault_add(&faults, 0, 1, CEL_SAY(NOT_A_NAME, cel_digits((uint64_t) i, digits)),
                      CEL_SAY(NOTHING));
    ck_assert_uint_eq(faults.count, 25);
    ck_assert(str_is(faults.list[CEL_FAULTS_MAX - 1].what[CEL_ENGLISH], "'19' is no name"));
    ck_assert(str_ends_with(printed(NOTHING), STR("and 5 more\n")));
}
END_TEST

START_TEST(owes_nothing_to_the_hint_it_was_given)
{
    char hint[] = "that";
    begin(STR("abc"));
    cel_fault_add(&faults, 0, 1, BAD, CEL_SAY(HINT_WRITE_CODE, str_of(hint)));
    memset(hint, 'x', sizeof hint - 1);
    ck_assert(str_is(faults.list[0].hint[CEL_ENGLISH], "write that"));
}
END_TEST

START_TEST(counts_a_fault_that_there_is_no_room_for)
{
    struct arena *small = arena_new(64, 64);
    begin(STR("abc"));
    cel_faults_init(&faults, small, STR("abc"));
    for (int i = 0; i < 10; i++)
        cel_fault_add(&faults, 1, 1, CEL_SAY(UINT_RANGE), CEL_SAY(HINT_NAME_LETTERS));
    ck_assert_uint_eq(faults.count, 10);
    ck_assert(str_starts_with(printed(NOTHING), STR("1:2: a fault, and no room")));
    arena_free(small);
}
END_TEST

SUITE_MAIN("expr/cel_fault", finds_line_and_column_in_characters,
           prints_place_sentence_line_caret_and_hint,
           says_the_same_in_the_language_that_is_asked_for, has_a_code_and_arguments_for_machines,
           says_what_only_the_host_knows_in_its_words, cuts_a_long_argument_between_two_characters,
           marks_as_much_as_the_fault_is_about, puts_the_caret_below_tabs_and_wide_characters,
           shows_a_part_of_a_long_line, prints_utf8_whatever_the_text_is,
           keeps_the_first_ones_and_counts_the_rest, owes_nothing_to_the_hint_it_was_given,
           counts_a_fault_that_there_is_no_room_for)
