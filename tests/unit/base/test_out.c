/* SPDX-License-Identifier: Apache-2.0 */
#include "base/out.h"

#include <math.h>

#include "suite.h"

START_TEST(writes_json_with_commas_and_escapes_of_its_own)
{
    AUTO(arena_free) struct arena *arena = arena_new(64, 4096);
    struct out out;
    out_init(&out, arena, 8);
    out_json_open(&out, '{');
    out_json_key(&out, STR("a"));
    out_json_str(&out, STR("x\n\x01日"));
    out_json_key(&out, STR("list"));
    out_json_open(&out, '[');
    out_json_int(&out, INT64_MIN);
    out_json_bool(&out, true);
    out_json_null(&out);
    out_json_str(&out, (struct str){ 0 });
    out_json_close(&out, ']');
    out_json_close(&out, '}');

    ck_assert(!out.failed);
    ck_assert(str_is(out_str(&out),
                     "{\"a\":\"x\\n\\u0001日\",\"list\":[-9223372036854775808,true,null,"
                     "null]}"));
}
END_TEST

START_TEST(says_once_that_the_room_ran_out_and_writes_nothing_more)
{
    AUTO(arena_free) struct arena *arena = arena_new(64, 64);
    struct out out;
    out_init(&out, arena, 16);
    for (int i = 0; i < 100; i++)
        out_text(&out, STR("0123456789"));
    ck_assert(out.failed);
    ck_assert_uint_le(out.len, 64);
}
END_TEST

START_TEST(writes_instants_before_and_after_1970_and_on_leap_days)
{
    static const struct {
        int64_t at_us;
        const char *text;
    } cases[] = { { 0, "1970-01-01T00:00:00.000Z" },
                  { -1, "1969-12-31T23:59:59.999Z" },
                  { INT64_C(951782400000000), "2000-02-29T00:00:00.000Z" },
                  { INT64_C(1795257000123456), "2026-11-21T10:30:00.123Z" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct out out;
        out_init(&out, NULL, 32);
        out_instant(&out, cases[i].at_us, true);
        ck_assert_msg(str_is(out_str(&out), cases[i].text), "%.*s", STR_ARG(out_str(&out)));
        out_deinit(&out);
    }
}
END_TEST

START_TEST(writes_shares_with_as_many_digits_as_they_have)
{
    static const struct {
        uint32_t share_bp;
        const char *text;
    } cases[] = {
        { 10000, "1" }, { 4200, "0.42" }, { 1, "0.0001" }, { 1050, "0.105" }, { 0, "0" }
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct out out;
        out_init(&out, NULL, 32);
        out_share(&out, cases[i].share_bp);
        ck_assert_msg(str_is(out_str(&out), cases[i].text), "%.*s", STR_ARG(out_str(&out)));
        out_deinit(&out);
    }
}
END_TEST

SUITE_MAIN("base/out", writes_shares_with_as_many_digits_as_they_have,
           writes_json_with_commas_and_escapes_of_its_own,
           says_once_that_the_room_ran_out_and_writes_nothing_more,
           writes_instants_before_and_after_1970_and_on_leap_days)
