/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_text.h"
#include "suite.h"

START_TEST(a_text_with_nothing_to_escape_is_its_own)
{
    AUTO(arena_free) struct arena *arena = arena_new(256, 256);
    struct str plain = STR("SET 7 BABUSHKA 入れ子の箱"), empty = STR("");

    ck_assert_ptr_eq(json_escaped(arena, plain).at, plain.at);
    ck_assert_ptr_eq(json_escaped(arena, empty).at, empty.at);
    ck_assert_ptr_null(json_escaped(arena, (struct str){ 0 }).at);
    ck_assert_uint_eq(arena_used(arena), 0);
}
END_TEST

START_TEST(what_is_to_be_escaped_is_escaped_in_a_copy)
{
    AUTO(arena_free) struct arena *arena = arena_new(256, 4096);
    struct str lens = json_escaped(arena, STR("7\" \\ lens\n"));
    struct str late = json_escaped(arena, STR("SET 7 BABUSHKA NESTING BOXES \""));

    ck_assert_msg(str_is(lens, "7\\\" \\\\ lens\\n"), "%.*s", STR_ARG(lens));
    ck_assert_msg(str_is(late, "SET 7 BABUSHKA NESTING BOXES \\\""), "%.*s", STR_ARG(late));
}
END_TEST

START_TEST(without_room_there_is_no_text)
{
    AUTO(arena_free) struct arena *arena = arena_new(16, 16);
    ck_assert_ptr_null(json_escaped(arena, STR("a \"text\" that has no room")).at);
}
END_TEST

SUITE_MAIN("base/json_text", a_text_with_nothing_to_escape_is_its_own,
           what_is_to_be_escaped_is_escaped_in_a_copy, without_room_there_is_no_text)
