/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_value.h"

#include "suite.h"

static struct str head_of(uint64_t position, bool has_body)
{
    static char head[REDIS_VALUE_HEAD];
    redis_value_head(position, has_body, head);
    return (struct str){ head, sizeof head };
}

START_TEST(a_position_is_sixteen_digits_and_comes_back)
{
    static const uint64_t positions[] = { 0, 1, 0xabcdef, UINT64_C(1) << 62, UINT64_MAX };
    for (size_t i = 0; i < sizeof positions / sizeof *positions; i++) {
        uint64_t position = 77;
        struct str body = STR("old");
        ck_assert_int_eq(redis_value_read(head_of(positions[i], false), &position, &body),
                         SHARED_FLOOR);
        ck_assert_uint_eq(position, positions[i]);
        ck_assert_ptr_null(body.at);
        ck_assert_int_eq(redis_value_read(head_of(positions[i], true), &position, &body),
                         SHARED_BODY);
        ck_assert_ptr_nonnull(body.at);
        ck_assert_uint_eq(body.len, 0);
    }
    ck_assert(str_is(head_of(0xabcdef, true), "0000000000abcdefp"));
}
END_TEST

START_TEST(a_body_is_what_stands_behind_the_head)
{
    uint64_t position;
    struct str body;
    ck_assert_int_eq(redis_value_read(STR("000000000000000ap\0-body"), &position, &body),
                     SHARED_BODY);
    ck_assert_uint_eq(position, 10);
    ck_assert(str_eq(body, STR("\0-body")));
}
END_TEST

START_TEST(what_is_no_value_counts_as_absent)
{
    static const struct {
        struct str text;
    } bad[] = { { { NULL, 0 } },
                { STR("") },
                { STR("000000000000000a") },
                { STR("000000000000000Ap") },
                { STR("00000000 000000ap") },
                { STR("000000000000000ax") },
                { STR("-00000000000000ap") } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t position;
        struct str body;
        ck_assert_int_eq(redis_value_read(bad[i].text, &position, &body), SHARED_ABSENT);
    }
}
END_TEST

START_TEST(the_customer_is_found_in_the_key_and_only_in_ours)
{
    struct out out;
    out_init(&out, NULL, 16);
    redis_value_prefix(&out, "0123456789abcdef", STR("main"));
    struct str prefix = out_str(&out);
    ck_assert(str_is(prefix, "offerd:01234567:{main/"));

    ck_assert(str_is(redis_value_customer(STR("offerd:01234567:{main/c1}:p"), prefix), "c1"));
    ck_assert(
        str_is(redis_value_customer(STR("offerd:01234567:{main/c}:p/x}:p"), prefix), "c}:p/x"));
    ck_assert_ptr_null(redis_value_customer(STR("offerd:99999999:{main/c1}:p"), prefix).at);
    ck_assert_ptr_null(redis_value_customer(STR("offerd:01234567:{main/c1}:x"), prefix).at);
    ck_assert_ptr_null(redis_value_customer(STR("offerd:01234567:{main/}:p"), prefix).at);
    ck_assert_ptr_null(redis_value_customer(STR(""), prefix).at);
    out_deinit(&out);
}
END_TEST

START_TEST(commands_are_counted_words)
{
    struct out out;
    out_init(&out, NULL, 4);
    redis_print_head(&out, 12);
    redis_print_word(&out, STR("GET"));
    redis_print_word3(&out, STR("a\r"), STR(""), STR("\nb"));
    redis_print_word2(&out, STR("1234567890"), STR("x"));
    redis_print_int(&out, 0);
    redis_print_int(&out, -12);
    redis_print_int(&out, INT64_MIN);
    ck_assert(str_is(out_str(&out), "*12\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n$11\r\n1234567890x\r\n"
                                    "$1\r\n0\r\n$3\r\n-12\r\n$20\r\n-9223372036854775808\r\n"));
    out_deinit(&out);
}
END_TEST

SUITE_MAIN("store/redis_value", a_position_is_sixteen_digits_and_comes_back,
           a_body_is_what_stands_behind_the_head, what_is_no_value_counts_as_absent,
           the_customer_is_found_in_the_key_and_only_in_ours, commands_are_counted_words)
