/* SPDX-License-Identifier: Apache-2.0 */
#include "base/out.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

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

START_TEST(prints_integers_of_every_length_as_the_c_library_does)
{
    unsigned seed = 5;
    for (int round = 0; round < 20000; round++) {
        int64_t value = round < 20000    ? round - 9999
                        : round == 12000 ? INT64_MIN
                        : round == 12001 ? INT64_MAX
                                         : (int64_t) ((uint64_t) (uint32_t) rand_r(&seed) << 33 ^
                                                      (uint64_t) (uint32_t) rand_r(&seed) << 9) >>
                                               rand_r(&seed) % 64;
        char expected[24];
        (void) snprintf(expected, sizeof expected, "%" PRId64, value);
        struct out out;
        out_init(&out, NULL, 1);
        out_int(&out, value);
        if (!str_is(out_str(&out), expected))
            ck_abort_msg("%s: %.*s", expected, STR_ARG(out_str(&out)));
        out_deinit(&out);
    }
}
END_TEST

START_TEST(prints_instants_of_all_years_as_the_c_library_does)
{
    unsigned seed = 6;
    for (int round = 0; round < 20000; round++) {
        /* Days throughout 400 years; then any of the years 0 to 9999. */
        time_t at = round < 146097 / 2
                        ? INT64_C(951782400) + round * INT64_C(86400) * 2
                        : INT64_C(-62167219200) + (int64_t) ((uint64_t) rand_r(&seed) << 20 ^
                                                             (uint64_t) rand_r(&seed)) %
                                                      INT64_C(315569520000);
        struct tm tm;
        char expected[64];
        gmtime_r(&at, &tm);
        (void) snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                        tm.tm_sec, round % 1000);
        struct out out;
        out_init(&out, NULL, 32);
        out_instant(&out, at * 1000000 + round % 1000 * 1000 + round % 7, true);
        if (!str_is(out_str(&out), expected))
            ck_abort_msg("%s: %.*s", expected, STR_ARG(out_str(&out)));
        out_deinit(&out);
    }
    struct out out; /* years that the form has no room for are printed, not fallen over */
    out_init(&out, NULL, 64);
    out_instant(&out, INT64_MIN, true);
    out_instant(&out, INT64_MAX, false);
    ck_assert_uint_eq(out.len, 44);
    out_deinit(&out);
}
END_TEST

START_TEST(a_key_has_its_comma_and_its_quotes_also_where_room_is_short)
{
    struct out out;
    out_init(&out, NULL, 1);
    out_json_open(&out, '{');
    for (int i = 0; i < 40; i++) {
        out_json_key(&out, i % 2 ? STR("") : STR("ab"));
        out_json_int(&out, i);
    }
    out_json_close(&out, '}');
    ck_assert(str_starts_with(out_str(&out), STR("{\"ab\":0,\"\":1,\"ab\":2,")));
    ck_assert(str_ends_with(out_str(&out), STR(",\"\":39}")));
    out_deinit(&out);

    AUTO(arena_free) struct arena *arena = arena_new(64, 64);
    out_init(&out, arena, 60);
    for (int i = 0; i < 100; i++)
        out_json_key(&out, STR("0123456789"));
    ck_assert(out.failed);
    ck_assert_uint_le(out.len, 64);
    out_init(&out, arena, 64);
    ck_assert(out.failed);
    out_char(&out, 'x');
    ck_assert_uint_eq(out.len, 0);
}
END_TEST

SUITE_MAIN("base/out", prints_integers_of_every_length_as_the_c_library_does,
           prints_instants_of_all_years_as_the_c_library_does,
           a_key_has_its_comma_and_its_quotes_also_where_room_is_short,
           writes_shares_with_as_many_digits_as_they_have,
           writes_json_with_commas_and_escapes_of_its_own,
           says_once_that_the_room_ran_out_and_writes_nothing_more,
           writes_instants_before_and_after_1970_and_on_leap_days)
