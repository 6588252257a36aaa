/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_cases.h"
#include "expr/regex/cel_regex.h"

/*
 * Patterns by hand, then cel_regex_random.inc: random ones with what Go's package regexp, whose syntax and
 * semantics are RE2's, says of them.
 */
struct regex_case {
    const char *pattern, *text;
    char wanted; /* '1': matches, '0': does not, 'E': the pattern is refused */
};

static char outcome(const char *pattern, const char *text, struct str *ret_error)
{
    struct arena *arena = arena_new(64 << 10, 16 << 20);
    struct cel_run run = { .arena = arena, .limit = 1000000 };
    struct cel_regex_report report;
    char found = 'E';
    static char error[200];
    const struct cel_regex *regex = cel_regex_compile(arena, str_of(pattern), &report);
    if (regex) {
        struct cel_value value = cel_regex_matches(&run, regex, str_of(text));
        ck_assert_int_eq(value.kind, CEL_BOOL);
        found = value.boolean ? '1' : '0';
        regex = cel_regex_compile_once(arena, str_of(pattern), &report);
        value = cel_regex_matches(&run, regex, str_of(text));
        ck_assert_int_eq(value.boolean, found == '1');
    }
    snprintf(error, sizeof error, "%.*s", STR_ARG(report.error));
    *ret_error = str_of(error);
    arena_free(arena);
    return found;
}

static void all_hold(const struct regex_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str error;
        char found = outcome(cases[i].pattern, cases[i].text, &error);
        if (found != cases[i].wanted)
            ck_abort_msg("case %zu: `%s` in `%s`: %c, wanted %c %.*s", i, cases[i].pattern,
                         cases[i].text, found, cases[i].wanted, STR_ARG(error));
    }
}

#define ALL_HOLD(cases) all_hold(cases, sizeof(cases) / sizeof *(cases))

START_TEST(finds_a_match_anywhere_in_the_text)
{
    static const struct regex_case cases[] = {
        { "ubb", "hubba", '1' },
        { "foo|bar", "", '0' },
        { "bc", "abcd", '1' },
        { "ba(na)*", "banana", '1' },
        { "", "", '1' },
        { "", "x", '1' },
        { "a|", "b", '1' },
        { "a.c", "xa\ncx", '0' },
        { "(?s)a.c", "a\nc", '1' },
        { "^$", "", '1' },
        { "^$", "a", '0' },
        { "^ab", "cab", '0' },
        { "ab$", "cab", '1' },
        { "ab$", "ab\n", '0' },
        { "(?m)^b$", "a\nb\nc", '1' },
        { "(?m)\\Ab$", "a\nb\nc", '0' },
        { "(?m)b\\z", "b\nc", '0' },
        { "[^a]", "\n", '1' },
        { "\\bfoo\\b", "a foo!", '1' },
        { "\\bfoo\\b", "afoo", '0' },
        { "\\Boo\\b", "foo", '1' },
        { "\\b", "", '0' },
        { "\\B", "", '1' },
        { "日.語", "日本語", '1' },
        { "^.$", "😀", '1' },
        { "^.{3}$", "日本語", '1' },
    };
    ALL_HOLD(cases);
}
END_TEST

START_TEST(repeats_as_often_as_it_is_told)
{
    static const struct regex_case cases[] = {
        { "^a{3}$", "aaa", '1' },
        { "^a{3}$", "aa", '0' },
        { "^a{2,}$", "a", '0' },
        { "^a{2,}$", "aaaaa", '1' },
        { "^a{2,4}$", "aaaa", '1' },
        { "^a{2,4}$", "aaaaa", '0' },
        { "^a{0}$", "", '1' },
        { "^a{0}$", "a", '0' },
        { "^a{0,1}b$", "ab", '1' },
        { "^(ab|c){2}$", "cab", '1' },
        { "^(a+|b)*$", "aabba", '1' },
        { "^a*?$", "aa", '1' },
        { "^a{1,2}?$", "aa", '1' },
        { "^(?U)a+$", "aa", '1' },
        { "^(|a)+$", "aaa", '1' },
        { "^(a*)+$", "aaa", '1' },
        { "^(a?){3}a{3}$", "aaa", '1' },
        { "a{,2}", "a{,2}", '1' },
        { "a{", "a{", '1' },
        { "a{1", "a{1", '1' },
        { "a{01}", "a{01}", '1' },
        { "{", "{", '1' },
        { "x{1000}", "x", '0' },
        { "^*$", "", '1' },
    };
    ALL_HOLD(cases);
}
END_TEST

START_TEST(knows_classes)
{
    static const struct regex_case cases[] = {
        { "^[a-c]+$", "abc", '1' },
        { "^[^a-c]+$", "xbz", '0' },
        { "^[]a]+$", "]a", '1' },
        { "^[^]a]$", "]", '0' },
        { "^[a-]+$", "-a", '1' },
        { "^[-a]+$", "-a", '1' },
        { "^[\\d-x]+$", "5-x", '1' },
        { "^[\\]\\\\]+$", "]\\", '1' },
        { "^\\d+$", "0123", '1' },
        { "^\\d$", "٣", '0' },
        { "^\\D$", "٣", '1' },
        { "^\\w+$", "aZ_9", '1' },
        { "^\\w$", "é", '0' },
        { "^\\W$", "é", '1' },
        { "^\\s+$", " \t\n\f\r", '1' },
        { "^\\s$", "\v", '0' },
        { "^[[:space:]]$", "\v", '1' },
        { "^[[:alpha:]]+$", "aZ", '1' },
        { "^[[:^alpha:]]+$", "1é", '1' },
        { "^[[:xdigit:]_]+$", "fF0_", '1' },
        { "^[[:word:]]+$", "a_0", '1' },
        { "^[[:punct:]]+$", "!~@", '1' },
        { "^[[:alpha]+$", "[:alph", '1' },
        { "[^\\x00-\\x{10FFFF}]", "a", '0' },
        { "^[\\Wa]$", "a", '1' },
        { "^[^\\W\\d]$", "a", '1' },
    };
    ALL_HOLD(cases);
}
END_TEST

START_TEST(knows_the_categories_and_scripts_of_unicode)
{
    static const struct regex_case cases[] = {
        { "^\\pL+$", "aÀ日", '1' },
        { "^\\p{Lu}$", "À", '1' },
        { "^\\p{Lu}$", "à", '0' },
        { "^\\p{Ll}+$", "àāăą", '1' },
        { "^\\PL$", "1", '1' },
        { "^\\p{^L}$", "1", '1' },
        { "^\\P{^L}$", "1", '0' },
        { "^\\p{Nd}+$", "1٣", '1' },
        { "^\\pP+$", "!¿", '1' },
        { "^\\p{Sc}$", "€", '1' },
        { "^\\pZ$", "\u00a0", '1' },
        { "^\\p{Hiragana}+$", "ひらがな", '1' },
        { "^\\p{Katakana}+$", "カタカナ", '1' },
        { "^\\p{Han}+$", "漢字々", '1' },
        { "^\\p{Latin}+$", "aßÿ", '1' },
        { "^\\p{Greek}+$", "αΩ", '1' },
        { "^\\p{Cyrillic}+$", "жЖ", '1' },
        { "^\\p{Greek}$", "ж", '0' },
        { "^[\\p{Han}\\d]+$", "漢1", '1' },
        { "^[^\\PL]+$", "é", '1' },
        { "^\\p{Any}$", "\n", '1' },
        { "\\p{Klingon}", "", 'E' },
        { "\\pX", "", 'E' },
        { "\\p{greek}", "", 'E' },
        { "\\p{Greek", "", 'E' },
        { "\\p", "", 'E' },
        { "^\\p{Cn}$", "\u0378", '1' },
        { "^\\p{Nko}$", "\u07c0", '1' },
    };
    ALL_HOLD(cases);
}
END_TEST

START_TEST(ignores_case_by_flag)
{
    static const struct regex_case cases[] = {
        { "(?i)straße", "STRAẞE", '1' }, { "(?i)σ", "ς", '1' },
        { "(?i)^[a-z]+$", "KſA", '1' },  { "(?i)жук", "ЖУК", '1' },
        { "a(?i)b", "AB", '0' },         { "a(?i)b", "aB", '1' },
        { "(?i:a)b", "AB", '0' },        { "(?i:a)b", "Ab", '1' },
        { "(?i)a(?-i)b", "Ab", '1' },    { "(?i)a(?-i)b", "AB", '0' },
        { "(?i)a(?-i:b)c", "AbC", '1' }, { "((?i)a)b", "AB", '0' },
        { "(?i)[^k]", "\u212a", '0' },   { "(?i)^\\w$", "ſ", '1' },
        { "(?i)^[\\W]$", "ſ", '0' },     { "(?i)é", "É", '1' },
        { "(?i)\\p{Lu}", "a", '1' },     { "(?is)^A.B$", "a\nb", '1' },
        { "(?s-i).", "\n", '1' },        { "(?i)\\x41", "a", '1' },
        { "a(?i)b|c", "C", '1' },        { "(?i)ǆ", "ǅ", '1' },
    };
    ALL_HOLD(cases);
}
END_TEST

START_TEST(reads_escapes)
{
    static const struct regex_case cases[] = {
        { "^\\x41\\x{42}\\103$", "ABC", '1' },
        { "^\\x{1F600}$", "😀", '1' },
        { "^\\07\\a$", "\a\a", '1' },
        { "^\\f\\t\\n\\r\\v$", "\f\t\n\r\v", '1' },
        { "^\\.\\*\\[\\-\\_$", ".*[-_", '1' },
        { "^\\Qa.b*\\E+$", "a.b***", '1' },
        { "\\Q(", "(", '1' },
        { "^\\Q\\E$", "", '1' },
        { "\\012", "\n", '1' },
        { "\\1", "1", 'E' },
        { "\\8", "8", 'E' },
        { "\\y", "", 'E' },
        { "\\Z", "", 'E' },
        { "\\C", "", 'E' },
        { "\\x", "", 'E' },
        { "\\x4", "", 'E' },
        { "\\x{}", "", 'E' },
        { "\\x{110000}", "", 'E' },
        { "\\", "", 'E' },
        { "\\E", "", 'E' },
        { "\\é", "", 'E' },
        { "[\\b]", "", 'E' },
    };
    ALL_HOLD(cases);
}
END_TEST

START_TEST(refuses_what_RE2_refuses)
{
    static const struct regex_case cases[] = {
        { "(", "", 'E' },
        { ")", "", 'E' },
        { "(a", "", 'E' },
        { "a)", "", 'E' },
        { "[", "", 'E' },
        { "[a", "", 'E' },
        { "[]", "", 'E' },
        { "[z-a]", "", 'E' },
        { "[a-\\d]", "", 'E' },
        { "[[:nope:]]", "", 'E' },
        { "*", "", 'E' },
        { "+a", "", 'E' },
        { "a|*", "", 'E' },
        { "(*)", "", 'E' },
        { "a**", "", 'E' },
        { "a+*", "", 'E' },
        { "a*??", "", 'E' },
        { "a{2}{3}", "", 'E' },
        { "a{1001}", "", 'E' },
        { "a{3,2}", "", 'E' },
        { "a{1,1001}", "", 'E' },
        { "(?=a)", "", 'E' },
        { "(?!a)", "", 'E' },
        { "(?<=a)", "", 'E' },
        { "(?<!a)", "", 'E' },
        { "(?P=n)", "", 'E' },
        { "(?P<n", "", 'E' },
        { "(?P<>a)", "", 'E' },
        { "(?<a b>a)", "", 'E' },
        { "(?#a)", "", 'E' },
        { "(?x)a", "", 'E' },
        { "(?i", "", 'E' },
        { "(?i-)", "", 'E' },
        { "(?>a)", "", 'E' },
        { "(?P<n>a)(?<m>b)", "ab", '1' },
        { "(a{100}){11}", "", 'E' },
        { "((a{10}){10}){10}", "", '0' },
    };
    ALL_HOLD(cases);
}
END_TEST

START_TEST(agrees_with_another_engine_on_random_patterns)
{
    static const struct regex_case cases[] = {
#include "cel_regex_random.inc"
    };
    ALL_HOLD(cases);
}
END_TEST

START_TEST(refuses_programs_that_grow_too_large)
{
    struct str error;

    ck_assert_int_eq(outcome("(\\pL{1,3}x){1,100}", "", &error), '0');
    ck_assert_int_eq(outcome("((abcdefghij){100}|(klmnopqrst){100}){10}", "", &error), 'E');
    ck_assert(str_is(error, "pattern too large"));
    ck_assert_int_eq(outcome("(((((((((a*)*b)*c)*){99}){9})?)*)+)*x", "", &error), '0');

    struct out deep;
    out_init(&deep, NULL, 64);
    for (int i = 0; i < 100000; i++)
        out_char(&deep, '(');
    out_char(&deep, '\0');
    ck_assert_int_eq(outcome(deep.at, "", &error), 'E');
    ck_assert(str_is(error, "expression nests too deeply"));
    out_deinit(&deep);
}
END_TEST

START_TEST(compiling_takes_work_in_proportion_and_says_so_when_in_vain)
{
    struct arena *arena = arena_new(64 << 10, 64 << 20);
    struct cel_regex_report small, large;

    ck_assert_ptr_nonnull(cel_regex_compile(arena, STR("a"), &small));
    ck_assert_ptr_null(cel_regex_compile(arena, STR("(\\pL\\pN[^\\p{Lu}]){9}("), &large));

    ck_assert_int_lt(small.work, 10);
    ck_assert_int_gt(large.work, 100);
    arena_free(arena);
}
END_TEST

/* What matching @pattern against @count times @part, then @end, costs without a table; with one it is the same, and less. */
static uint64_t cost_of(const char *pattern, const char *part, size_t count, const char *end,
                        bool wanted)
{
    struct arena *arena = arena_new(1 << 20, 64 << 20);
    struct cel_run run = { .arena = arena, .limit = UINT64_MAX };
    struct cel_regex_report report;
    struct out text;
    out_init(&text, NULL, 64);
    for (size_t i = 0; i < count; i++)
        out_text(&text, str_of(part));
    out_text(&text, str_of(end));
    const struct cel_regex *regex = cel_regex_compile_once(arena, str_of(pattern), &report);
    const struct cel_regex *table = cel_regex_compile(arena, str_of(pattern), &report);
    ck_assert_ptr_nonnull(regex);
    ck_assert_ptr_nonnull(table);
    struct cel_value value = cel_regex_matches(&run, regex, out_str(&text));
    ck_assert_int_eq(value.kind, CEL_BOOL);
    ck_assert_int_eq(value.boolean, wanted);
    struct cel_run again = { .arena = arena, .limit = UINT64_MAX };
    value = cel_regex_matches(&again, table, out_str(&text));
    ck_assert_int_eq(value.kind, CEL_BOOL);
    ck_assert_int_eq(value.boolean, wanted);
    ck_assert_int_le(again.cost, run.cost + 1);
    out_deinit(&text);
    arena_free(arena);
    return run.cost;
}

START_TEST(catastrophic_patterns_take_linear_time)
{
    static const struct {
        const char *pattern, *part, *end;
        bool wanted;
    } cases[] = {
        { "^(a*)*b$", "a", "", false },
        { "^(a+)+$", "a", "!", false },
        { "(x+x+)+y", "x", "", false },
        { "(x+x+)+y", "x", "y", true },
        { "^(a|a|aa)*$", "a", "b", false },
        { "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^a]$", "a", "", false },
        { "^(([a-z])+.)+[A-Z]([a-z])+$", "a", "", false },
        { "a{0,50}a{50}b", "a", "", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t some =
            cost_of(cases[i].pattern, cases[i].part, 50000, cases[i].end, cases[i].wanted);
        uint64_t twice =
            cost_of(cases[i].pattern, cases[i].part, 100000, cases[i].end, cases[i].wanted);
        ck_assert_msg(twice <= 2 * some + some / 100, "%s: %lu, then %lu", cases[i].pattern,
                      (unsigned long) some, (unsigned long) twice);
        ck_assert_msg(twice <= 3000000, "%s: %lu", cases[i].pattern, (unsigned long) twice);
    }
}
END_TEST

START_TEST(what_cannot_match_any_more_is_left_early)
{
    ck_assert_int_lt(cost_of("^ab", "ba", 50000, "", false), 100);
    ck_assert_int_lt(cost_of("zebra", "ba", 50000, "", false), 2 * 100000 / 16);
    ck_assert_int_lt(cost_of("a", "ba", 50000, "", true), 100);
}
END_TEST

START_TEST(matching_ends_at_the_limit_of_the_run)
{
    struct arena *arena = arena_new(64 << 10, 64 << 20);
    struct cel_run run = { .arena = arena, .limit = 1000 };
    struct cel_regex_report report;
    char *text = arena_take(arena, 100000);
    memset(text, 'a', 100000);

    const struct cel_regex *regex = cel_regex_compile_once(arena, STR("(a|aa)*b"), &report);
    struct cel_value value = cel_regex_matches(&run, regex, (struct str){ text, 100000 });

    ck_assert_int_eq(value.kind, CEL_ERROR);
    ck_assert(run.stopped);
    ck_assert_int_lt(run.cost, 3000);
    arena_free(arena);
}
END_TEST

START_TEST(says_which_pattern_is_wrong_where)
{
    static const struct cel_case cases[] = {
        { "'hubba'.matches('ubb')", "true" },
        { "matches('hubba', '^ubb')", "false" },
        { "a16.matches(a16)", "true" },
        { "dyn(1).matches('1')", "error: no such overload: matches(int, string)" },
        { "a16.matches('(' + a16)", "error: error parsing regexp: missing closing ): `(aaaa" },
        { "'a'.matches('a**')",
          "error: error parsing regexp: invalid nested repetition operator: `**`" },
        { "'a'.matches('\\\\pZfoo\\\\p{Foo}')",
          "error: error parsing regexp: invalid character class range: `\\p{Foo}`" },
        { "'a'.matches('(?iéa)')",
          "error: error parsing regexp: invalid or unsupported Perl syntax: `(?ié`" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

SUITE_MAIN("expr/cel_regex", finds_a_match_anywhere_in_the_text, repeats_as_often_as_it_is_told,
           knows_classes, knows_the_categories_and_scripts_of_unicode, ignores_case_by_flag,
           reads_escapes, refuses_what_RE2_refuses, agrees_with_another_engine_on_random_patterns,
           refuses_programs_that_grow_too_large,
           compiling_takes_work_in_proportion_and_says_so_when_in_vain,
           catastrophic_patterns_take_linear_time, what_cannot_match_any_more_is_left_early,
           matching_ends_at_the_limit_of_the_run, says_which_pattern_is_wrong_where)
