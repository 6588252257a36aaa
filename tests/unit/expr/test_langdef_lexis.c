/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language definition, "Syntax" (its lexis) and "String and Bytes Values", statement by
 * statement: what a text stands for, or that it is no expression.
 */
#include "langdef_cases.h"

static const struct cel_case numbers[] = {
    { "0x1F", "31" },
    { "0xaBc", "2748" },
    { "0X1F", "fault" },
    { "0xG", "fault" },
    { "0x1fu", "31u" },
    { "0x1FU", "31u" },
    { "42U", "42u" },
    { "-42", "-42" },
    { "-42u", "error" },
    { "-0x10", "-16" },
    { "1.e3", "error" },
    { ".5e1", "5.0" },
    { "7e0", "7.0" },
    { ".700e1", "7.0" },
    { "7E+2", "700.0" },
    { "7e-2", "0.07" },
    { "7e", "fault" },
    { "7e+", "fault" },
    { "- 9223372036854775808", "-9223372036854775808" },
    { "--9223372036854775808", "error" },
    { "-(9223372036854775808)", "fault" },
    { "0x7FFFFFFFFFFFFFFF", "9223372036854775807" },
    { "0x8000000000000000", "fault" },
    { "0xFFFFFFFFFFFFFFFF", "fault" },
    { "0xFFFFFFFFFFFFFFFFu", "18446744073709551615u" },
    { "1e308", "1e+308" },
    { "1..5", "fault" },
    { "1.5E3", "1500.0" },
    { "1 .5", "fault" },
    { "---1", "-1" },
    { "1-1", "0" },
    { "1 -1", "0" },
    { "1--1", "2" },
    { "1---1", "0" },
    { "--1.5", "1.5" },
    { "!!true", "true" },
    { "!!!true", "false" },
    { "true || -!true", "fault" },
    { "true || !-1", "true" },
    { "true || !-dyn(1)", "fault" },
    { "true || -!dyn(true)", "fault" },
    { "-(5)", "-5" },
    { "-(3.14)", "-3.14" },
    { "-2 * 6", "-12" },
    { "1in [1]", "true" },
};

START_TEST(numbers_are_decimal_or_hexadecimal_and_within_64_bits)
{
    LANGDEF_HOLDS(numbers);
}
END_TEST

static const struct cel_case names[] = {
    { "[1].map(_, _)", "[1]" },
    { "[1].map(_a9, _a9)", "[1]" },
    { "[1].map(9a, 1)", "fault" },
    { "[1].map(é, 1)", "fault" },
    { "[1].map(__x__, __x__ + 1)", "[2]" },
    { "[1].map(True, True)", "[1]" },
    { "[1].map(NULL, NULL)", "[1]" },
};

START_TEST(names_are_of_ascii_letters_digits_and_underscores)
{
    LANGDEF_HOLDS(names);
}
END_TEST

static const struct cel_case blanks[] = {
    { "1+\t\n\f\r 2", "3" },      { "1\v+2", "fault" },     { "1\u00a0+2", "fault" },
    { "1 // c\n + 2", "3" },      { "1 // c", "1" },        { "// c\n1", "1" },
    { "1 // c\r + 2", "1" },      { "// a\n// b\n1", "1" }, { "1 /* c */", "fault" },
    { "\"// no\"", "\"// no\"" }, { "// c", "fault" },      { "  ", "fault" },
    { "# c\n1", "fault" },
};

START_TEST(blanks_and_comments_stand_between_tokens)
{
    LANGDEF_HOLDS(blanks);
}
END_TEST

static const struct cel_case strings[] = {
    { "'\"\"'", "\"\\\"\\\"\"" },
    { "'''x''x'''", "\"x''x\"" },
    { "\"\\\"\"", "\"\\\"\"" },
    { "r\"\\\\\"", "\"\\\\\\\\\"" },
    { "b\"abc\"", "b\"abc\"" },
    { "b\"ÿ\" == b\"\\303\\277\"", "true" },
    { "\"\\303\\277\" == \"Ã¿\"", "true" },
    { "\"\\377\" == \"ÿ\"", "true" },
    { "size(b\"\\377\")", "1" },
    { "\"\\xFF\" == \"ÿ\"", "true" },
    { "size(b\"\\xff\")", "1" },
    { "b\"\\377\" == b\"\\xfF\"", "true" },
    { "\"\\s\"", "fault" },
    { "\"\\8\"", "fault" },
    { "\"\\18\"", "fault" },
    { "\"\\1\"", "fault" },
    { "\"\\12\"", "fault" },
    { "\"\\400\"", "fault" },
    { "\"\\078\"", "fault" },
    { "\"\\x1\"", "fault" },
    { "\"\\xg1\"", "fault" },
    { "\"\\u123\"", "fault" },
    { "\"\\u12G4\"", "fault" },
    { "\"\\U0001F60\"", "fault" },
    { "\"\\U00110000\"", "fault" },
    { "\"\\UFFFFFFFF\"", "fault" },
    { "\"\\ud83d\\ude03\"", "fault" },
    { "\"\\uD83D\\uDE03\"", "fault" },
    { "\"\\UD83DDE03\"", "fault" },
    { "\"\\U0000D800\"", "fault" },
    { "\"\\uDFFF\"", "fault" },
    { "\"\\U0010FFFF\".size()", "1" },
    { "\"\\U0001F603\" == \"😃\"", "true" },
    { "\"\\u00ff\" == \"ÿ\"", "true" },
    { "\"\\u00FF\" == \"\\XFF\"", "true" },
    { "\"\\000\".size()", "1" },
    { "\"\\u0000\".size()", "1" },
    { "b\"\\000\".size()", "1" },
    { "b\"\\u00ff\"", "fault" },
    { "b\"\\U000000ff\"", "fault" },
    { "\"\\a\\b\\f\\n\\r\\t\\v\" == \"\\x07\\x08\\x0c\\x0a\\x0d\\x09\\x0b\"", "true" },
    { "'\\\"' == '\"'", "true" },
    { "\"\\/\"", "fault" },
    { "\"\\e\"", "fault" },
    { "\"\\0\"", "fault" },
    { "\"\\N\"", "fault" },
    { "\"\\ \"", "fault" },
    { "\"\\A\"", "fault" },
    { "\"a\nb\"", "fault" },
    { "\"a\rb\"", "fault" },
    { "'''a\r\nb'''.size()", "4" },
    { "\"\"\"a\"b\"\"c\"\"\"", "\"a\\\"b\\\"\\\"c\"" },
    { "\"\"\"a\"\"\"\"", "fault" },
    { "\"\"\"\"a\"\"\"", "\"\\\"a\"" },
    { "''''a'''", "\"'a\"" },
    { "\"\"\"\"\"\"", "\"\"" },
    { "\"\"\"\\\"\"\"\"", "\"\\\"\"" },
    { "'''\\''''", "\"'\"" },
    { "\"abc", "fault" },
    { "'abc\"", "fault" },
    { "\"\"\"abc\"", "fault" },
    { "\"\"\"abc\"\"", "fault" },
    { "\"a\" \"b\"", "fault" },
    { "r\"\\n\"", "\"\\\\n\"" },
    { "R'\\n'.size()", "2" },
    { "r\"\\\"", "\"\\\\\"" },
    { "r\"\\\"\"", "fault" },
    { "r'''a\\n\n'''.size()", "4" },
    { "r'\\u00ff'.size()", "6" },
    { "br\"\\x41\".size()", "4" },
    { "bR\"\\x41\".size()", "4" },
    { "Br\"\\x41\".size()", "4" },
    { "BR\"\\x41\".size()", "4" },
    { "rb\"a\"", "fault" },
    { "b\"\"\"a\nb\"\"\"", "b\"a\\nb\"" },
    { "b'''\\377'''.size()", "1" },
    { "B\"a\"", "b\"a\"" },
    { "b'\\xF0\\x9F\\xA4\\xAA'.size()", "4" },
    { "rr\"a\"", "fault" },
    { "bb\"a\"", "fault" },
    { "u\"a\"", "fault" },
    { "b \"a\"", "fault" },
    { "r \"a\"", "fault" },
    { "\"a\\\nb\"", "fault" },
    { "\"\"\"a\\\nb\"\"\"", "fault" },
    { "\"\\\"", "fault" },
};

START_TEST(strings_end_where_they_began_and_escapes_are_those_of_the_list)
{
    LANGDEF_HOLDS(strings);
}
END_TEST

static const struct cel_case orders[] = {
    { "\"\\u00e9\" == \"e\\u0301\"", "false" },
    { "\"\\uFFFF\" < \"\\U00010000\"", "true" },
    { "\"Z\" < \"a\"", "true" },
    { "\"a\" < \"ab\"", "true" },
    { "\"\" < \"a\"", "true" },
    { "\"\\uE000\" < \"\\U0001F600\"", "true" },
};

START_TEST(strings_are_ordered_by_code_points_and_not_normalized)
{
    LANGDEF_HOLDS(orders);
}
END_TEST

/* Words of the host language may be fields, the four of the language nothing at all. */
START_TEST(reserved_words_name_no_variable_and_no_function)
{
    static const char *const reserved[] = { "as",   "break",    "const",     "continue", "else",
                                            "for",  "function", "if",        "import",   "let",
                                            "loop", "package",  "namespace", "return",   "var",
                                            "void", "while" };
    static const char *const keywords[] = { "true", "false", "null", "in" };

    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        langdef_filled("[1].map(%s, 1)", reserved[i], "fault");
        langdef_filled("%s", reserved[i], "fault");
        langdef_filled("%s(1)", reserved[i], "fault");
        langdef_filled("{'%s': 1}.%s", reserved[i], "1");
        langdef_filled("has({'%s': 1}.%s)", reserved[i], "true");
    }
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        langdef_filled("[1].map(%s, 1)", keywords[i], "fault");
        langdef_filled("%s(1)", keywords[i], "fault");
        langdef_filled("{'%s': 1}.%s", keywords[i], "fault");
    }
}
END_TEST

SUITE_MAIN("expr/langdef_lexis", numbers_are_decimal_or_hexadecimal_and_within_64_bits,
           names_are_of_ascii_letters_digits_and_underscores,
           blanks_and_comments_stand_between_tokens,
           strings_end_where_they_began_and_escapes_are_those_of_the_list,
           strings_are_ordered_by_code_points_and_not_normalized,
           reserved_words_name_no_variable_and_no_function)
