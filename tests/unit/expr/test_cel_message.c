/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/cel_message.h"
#include "suite.h"

/* The arguments and parts that a text asks for, as bits. */
static unsigned asked(struct str text)
{
    unsigned bits = 0;
    for (size_t i = 0; i + 2 < text.len; i++)
        if (text.at[i] == '{' && text.at[i + 2] == '}' && strchr("012*", text.at[i + 1]))
            bits |= 1u << (text.at[i + 1] == '*' ? CEL_MESSAGE_ARGS : text.at[i + 1] - '0');
    return bits;
}

START_TEST(has_a_text_in_both_languages_with_the_same_arguments_for_every_code)
{
    for (int i = CEL_SAYS_OF_HOST + 1; i < CEL_MESSAGES; i++) {
        enum cel_message message = (enum cel_message) i;
        const char *name = cel_message_name(message);
        struct str en = cel_message_text(message, CEL_ENGLISH);
        struct str ja = cel_message_text(message, CEL_JAPANESE);
        ck_assert_msg(en.len > 0 && ja.len > 0, "%s", name);
        ck_assert_msg(!str_eq(en, ja), "%s: is it translated?", name);
        ck_assert_msg(str_is_utf8(en, NULL) && str_is_utf8(ja, NULL), "%s", name);
        ck_assert_msg(asked(en) == asked(ja), "%s: {…} differ", name);
    }
}
END_TEST

START_TEST(has_no_text_twice)
{
    for (int i = 0; i < CEL_MESSAGES; i++)
        for (int k = 0; k < i; k++)
            for (int language = 0; language < CEL_LANGUAGES; language++)
                ck_assert_msg(!str_eq(cel_message_text((enum cel_message) i, language),
                                      cel_message_text((enum cel_message) k, language)),
                              "%s is %s", cel_message_name((enum cel_message) i),
                              cel_message_name((enum cel_message) k));
}
END_TEST

START_TEST(is_japanese_where_it_says_so)
{
    for (int i = CEL_SAYS_OF_HOST + 1; i < CEL_SAYS_PART_VALUE; i++) {
        struct str ja = cel_message_text((enum cel_message) i, CEL_JAPANESE);
        bool kana = false;
        for (size_t k = 0; k + 2 < ja.len; k++) /* U+3040 to U+30FF */
            kana = kana || (ja.at[k] == '\xE3' && ja.at[k + 1] >= '\x81' && ja.at[k + 1] <= '\x83');
        ck_assert_msg(kana, "%s", cel_message_name((enum cel_message) i));
    }
}
END_TEST

START_TEST(fills_in_arguments_and_part)
{
    static const char *const wanted[CEL_LANGUAGES] = { "unexpected '{1}': a value is expected",
                                                       "ここに「{1}」は書けません。値が必要です" };
    struct cel_said said = CEL_SAY(EXPECTED, STR("{1}"), STR("not asked for"));
    said.part = CEL_SAYS_PART_VALUE;
    for (int language = 0; language < CEL_LANGUAGES; language++) {
        struct out out;
        out_init(&out, NULL, 64);
        cel_said_print(&said, (enum cel_language) language, &out);
        ck_assert_msg(str_is(out_str(&out), wanted[language]), "%.*s", STR_ARG(out_str(&out)));
        out_deinit(&out);
    }
}
END_TEST

SUITE_MAIN("expr/cel_message", has_a_text_in_both_languages_with_the_same_arguments_for_every_code,
           has_no_text_twice, is_japanese_where_it_says_so, fills_in_arguments_and_part)
