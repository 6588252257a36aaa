/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strmap.h"

#include <stdio.h>

#include "suite.h"

START_TEST(finds_all_of_many_keys_and_none_that_was_not_put)
{
    static char keys[5000][16];
    AUTO(strmap_free) struct strmap *map = strmap_new(4); /* has to grow */
    for (uint32_t i = 0; i < 5000; i++) {
        (void) snprintf(keys[i], sizeof keys[i], "SKU-%u", i);
        ck_assert_int_eq(strmap_put(map, str_of(keys[i]), i), OK);
    }
    ck_assert_uint_eq(strmap_count(map), 5000);
    for (uint32_t i = 0; i < 5000; i++)
        ck_assert_uint_eq(strmap_get(map, str_of(keys[i])), i);
    ck_assert_uint_eq(strmap_get(map, STR("SKU-5000")), STRMAP_NONE);
    ck_assert_uint_eq(strmap_get(NULL, STR("SKU-1")), STRMAP_NONE);
}
END_TEST

START_TEST(replaces_the_value_of_a_key_put_again)
{
    AUTO(strmap_free) struct strmap *map = strmap_new(4);
    ck_assert_int_eq(strmap_put(map, STR("a"), 1), OK);
    ck_assert_int_eq(strmap_put(map, STR("a"), 2), OK);
    ck_assert_uint_eq(strmap_count(map), 1);
    ck_assert_uint_eq(strmap_get(map, STR("a")), 2);
}
END_TEST

/* Around the lengths at which a key is held in another way; each differs from the others in one byte. */
START_TEST(keys_of_all_lengths_are_told_apart_by_each_of_their_bytes)
{
    enum { LONGEST = 40 };
    static char texts[LONGEST + 1][LONGEST + 1][LONGEST + 1];
    AUTO(strmap_free) struct strmap *map = strmap_new(1);
    for (uint32_t len = 0; len <= LONGEST; len++)
        for (uint32_t at = 0; at <= len; at++) {
            memset(texts[len][at], '\0', len);
            if (at < len)
                texts[len][at][at] = 'x';
            ck_assert_int_eq(strmap_put(map, (struct str){ texts[len][at], len }, len * 100 + at),
                             OK);
        }

    for (uint32_t len = 0; len <= LONGEST; len++)
        for (uint32_t at = 0; at <= len; at++) {
            char copy[LONGEST + 1];
            memcpy(copy, texts[len][at], sizeof copy);
            ck_assert_uint_eq(strmap_get(map, (struct str){ copy, len }), len * 100 + at);
            copy[len / 2] ^= '\x80';
            if (len > 0)
                ck_assert_uint_eq(strmap_get(map, (struct str){ copy, len }), STRMAP_NONE);
        }
}
END_TEST

START_TEST(finds_many_at_once_as_one_by_one)
{
    static char texts[200][32];
    struct str keys[200];
    uint32_t values[200];
    AUTO(strmap_free) struct strmap *map = strmap_new(8);
    for (uint32_t i = 0; i < 200; i++) {
        (void) snprintf(texts[i], sizeof texts[i], i % 2 ? "%u" : "a long key with number %u", i);
        keys[i] = str_of(texts[i]);
        if (i % 3)
            ck_assert_int_eq(strmap_put(map, keys[i], i), OK);
    }

    for (uint32_t n = 0; n <= 200; n += n < 70 ? 1 : 13) {
        memset(values, 0, sizeof values);
        strmap_get_many(map, keys, n, values);
        for (uint32_t i = 0; i < n; i++)
            ck_assert_uint_eq(values[i], i % 3 ? i : STRMAP_NONE);
    }
    strmap_get_many(NULL, keys, 40, values);
    ck_assert_uint_eq(values[39], STRMAP_NONE);
}
END_TEST

SUITE_MAIN("base/strmap", keys_of_all_lengths_are_told_apart_by_each_of_their_bytes,
           finds_many_at_once_as_one_by_one, finds_all_of_many_keys_and_none_that_was_not_put,
           replaces_the_value_of_a_key_put_again)
