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

SUITE_MAIN("base/strmap", finds_all_of_many_keys_and_none_that_was_not_put,
           replaces_the_value_of_a_key_put_again)
