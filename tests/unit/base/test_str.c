/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include "suite.h"

START_TEST(tells_utf8_from_what_only_looks_like_it)
{
    static const char *const good[] = { "", "ascii only, and long enough for a word", "é",
                                        "日本語のテキスト", "😀" };
    static const char *const bad[] = { "\x80",
                                       "\xc3",
                                       "\xc0\x80",
                                       "\xed\xa0\x80",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80",
                                       "twelve bytes\xff" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(str_is_utf8(str_of(good[i]), NULL), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!str_is_utf8(str_of(bad[i]), NULL), "case %zu", i);

    size_t at = 0;
    ck_assert(!str_is_utf8(str_of("twelve bytes\xff"), &at));
    ck_assert_uint_eq(at, 12);
}
END_TEST

START_TEST(finds_the_one_bad_byte_wherever_it_stands)
{
    for (size_t len = 1; len <= 70; len++) {
        char *text = malloc(len); /* ends with its block of the heap: a look past it is seen */
        memset(text, 'a', len);
        if (!str_is_utf8((struct str){ text, len }, NULL))
            ck_abort_msg("%zu plain bytes", len);
        for (size_t i = 0; i < len; i++)
            for (int c = 0x80; c < 256; c++) {
                size_t bad = SIZE_MAX;
                text[i] = (char) c;
                if (str_is_utf8((struct str){ text, len }, &bad) || bad != i)
                    ck_abort_msg("%d at %zu of %zu: %zu", c, i, len, bad);
                text[i] = 'a';
            }
        free(text);
    }
}
END_TEST

START_TEST(reads_integers_to_the_last_one_and_no_further)
{
    int64_t value = 0;
    ck_assert(str_to_int64(STR("9223372036854775807"), &value));
    ck_assert_int_eq(value, INT64_MAX);
    ck_assert(str_to_int64(STR("-9223372036854775808"), &value));
    ck_assert_int_eq(value, INT64_MIN);
    static const char *const bad[] = {
        "", "-", "+1", "1x", " 1", "9223372036854775808", "-9223372036854775809"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!str_to_int64(str_of(bad[i]), &value), "%s", bad[i]);
}
END_TEST

START_TEST(orders_bytewise_with_the_prefix_first)
{
    ck_assert_int_lt(str_cmp(STR("a"), STR("ab")), 0);
    ck_assert_int_gt(str_cmp(STR("b"), STR("ab")), 0);
    ck_assert_int_eq(str_cmp(STR("ab"), STR("ab")), 0);
    ck_assert(str_contains(STR("camera bag"), STR("bag")));
    ck_assert(!str_contains(STR("bag"), STR("camera bag")));
    ck_assert(str_starts_with(STR("LENS-50"), STR("LENS")));
    ck_assert(str_ends_with(STR("LENS-50"), STR("-50")));
}
END_TEST

START_TEST(saved_bytes_are_taken_from_the_front_and_never_more_than_there_are)
{
    struct str bytes = STR("abcdefg"), part = { 0 };
    char copy[4] = "...";
    ck_assert(str_take(&bytes, copy, 3));
    ck_assert_str_eq(copy, "abc");
    ck_assert(str_take_part(&bytes, 2, &part));
    ck_assert(str_is(part, "de"));
    ck_assert(!str_take(&bytes, copy, 3));
    ck_assert(!str_take_part(&bytes, SIZE_MAX, &part));
    ck_assert(str_is(bytes, "fg") && str_is(part, "de"));
    ck_assert_str_eq(copy, "abc");
    ck_assert(str_take(&bytes, copy, 2));
    ck_assert(str_take(&bytes, copy, 0));
    ck_assert(!str_take(&bytes, copy, 1));
}
END_TEST

START_TEST(cuts_at_the_first_mark_and_leaves_the_rest)
{
    struct str rest = STR("a,,bc"), none = { 0 };
    ck_assert(str_is(str_cut(&rest, ','), "a"));
    ck_assert(str_is(str_cut(&rest, ','), ""));
    ck_assert(str_is(str_cut(&rest, ','), "bc"));
    ck_assert_uint_eq(rest.len, 0);
    ck_assert_uint_eq(str_cut(&rest, ',').len, 0);
    ck_assert_ptr_null(str_cut(&none, ',').at);
}
END_TEST

SUITE_MAIN("base/str", finds_the_one_bad_byte_wherever_it_stands,
           tells_utf8_from_what_only_looks_like_it, reads_integers_to_the_last_one_and_no_further,
           orders_bytewise_with_the_prefix_first,
           saved_bytes_are_taken_from_the_front_and_never_more_than_there_are,
           cuts_at_the_first_mark_and_leaves_the_rest)
