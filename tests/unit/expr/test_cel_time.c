/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/values/cel_time.h"

#include "expr/cel_env.h"
#include "expr/library/cel_library.h"
#include "expr/values/cel_civil.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const int64_t first_second = -62135596800, last_second = 253402300799;

static struct cel_value text(const char *s)
{
    return cel_string(str_of(s));
}

static bool prints(const struct cel_value *value, const char *wanted)
{
    struct out out;
    out_init(&out, NULL, 64);
    if (value->kind == CEL_TIMESTAMP)
        cel_timestamp_print(value, &out);
    else
        cel_duration_print(value, &out);
    bool same = str_is(out_str(&out), wanted);
    out_deinit(&out);
    return same;
}

static cel_function function_of(const char *head)
{
    const struct cel_definition *definition = cel_library_time();
    for (; definition->signature; definition++)
        if (str_starts_with(str_of(definition->signature), str_of(head)))
            return definition->call;
    ck_abort_msg("no such definition: %s", head);
    return NULL;
}

static struct cel_value call(struct cel_run *run, const char *head, struct cel_value receiver,
                             const char *zone)
{
    const struct cel_value args[] = { receiver, text(zone ? zone : "") };
    return function_of(head)(run, args, zone ? 2 : 1);
}

START_TEST(every_day_of_ten_thousand_years_has_its_date)
{
    int32_t year = 1, month = 1, day = 1, weekday = 1, year_day = 0; /* a Monday */
    uint32_t wrong = 0; /* millions of calls of check would take longer than all else */
    for (int64_t s = first_second; s <= last_second; s += 86400) {
        struct cel_civil c = cel_civil_of(s + 86399);
        wrong += c.year != year || c.month != month || c.day != day;
        wrong += c.weekday != weekday || c.year_day != year_day;
        wrong += c.hour != 23 || c.minute != 59 || c.second != 59;
        wrong += cel_civil_days(year, month, day) * 86400 != s;
        weekday = (weekday + 1) % 7;
        year_day++;
        if (++day > cel_civil_month_days(year, month)) {
            day = 1;
            if (++month > 12) {
                month = 1;
                year++;
                year_day = 0;
            }
        }
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_int_eq(year, 10000);
}
END_TEST

START_TEST(instants_are_read_with_offsets_and_fractions)
{
    const struct {
        const char *text, *wanted; /* NULL: refused */
    } cases[] = {
        { "2009-02-13T23:31:30Z", "2009-02-13T23:31:30Z" },
        { "2009-02-13T23:31:30.1Z", "2009-02-13T23:31:30.1Z" },
        { "2009-02-13t23:31:30.000000001z", "2009-02-13T23:31:30.000000001Z" },
        { "2009-02-13T23:31:30.1234567891Z", "2009-02-13T23:31:30.123456789Z" },
        { "1972-01-01T10:00:20.021-05:00", "1972-01-01T15:00:20.021Z" },
        { "2009-02-13T23:31:30+23:59", "2009-02-12T23:32:30Z" },
        { "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z" },
        { "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z" },
        { "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z" },
        { "0000-01-01T00:00:00Z", NULL },
        { "0001-01-01T00:00:00+00:01", NULL },
        { "9999-12-31T23:59:59-00:01", NULL },
        { "10000-01-01T00:00:00Z", NULL },
        { "2023-02-29T00:00:00Z", NULL },
        { "2023-13-01T00:00:00Z", NULL },
        { "2023-00-01T00:00:00Z", NULL },
        { "2023-01-00T00:00:00Z", NULL },
        { "2023-01-01T24:00:00Z", NULL },
        { "2023-01-01T23:60:00Z", NULL },
        { "2023-01-01T23:59:60Z", NULL },
        { "2023-01-01T23:59:59", NULL },
        { "2023-01-01T23:59:59.Z", NULL },
        { "2023-01-01T23:59:59,5Z", NULL },
        { "2023-01-01T23:59:59+1:00", NULL },
        { "2023-01-01T23:59:59+24:00", NULL },
        { "2023-01-01T23:59:59ZZ", NULL },
        { "2023-01-01 23:59:59Z", NULL },
        { "2023-01-01", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cel_value got;
        bool read = cel_timestamp_parse(str_of(cases[i].text), &got);
        ck_assert_msg(read == (cases[i].wanted != NULL), "%s", cases[i].text);
        if (read)
            ck_assert_msg(prints(&got, cases[i].wanted), "%s", cases[i].text);
    }
}
END_TEST

START_TEST(spans_are_read_in_units_and_told_in_seconds)
{
    const struct {
        const char *text, *wanted; /* NULL: refused */
    } cases[] = {
        { "0", "0s" },
        { "-0", "0s" },
        { "1h30m2.5s", "5402.5s" },
        { "-1.5h", "-5400s" },
        { "+5s", "5s" },
        { "-23.4s", "-23.4s" },
        { "1h34us", "3600.000034s" },
        { "1\xc2\xb5s", "0.000001s" },
        { "1\xce\xbcs", "0.000001s" },
        { "1ms1us1ns", "0.001001001s" },
        { "-1ns", "-0.000000001s" },
        { "-999999999ns", "-0.999999999s" },
        { ".5s", "0.5s" },
        { "1.s", "1s" },
        { "1s1s", "2s" },
        { "0.3h", "1080s" },
        { "0.333333333333333333333h", "1199.999999999s" },
        { "9223372036854775807ns", "9223372036.854775807s" },
        { "-9223372036854775808ns", "-9223372036.854775808s" },
        { "9223372036854775808ns", NULL },
        { "-9223372036854775809ns", NULL },
        { "2562047h", "9223369200s" },
        { "2562048h", NULL },
        { "320000000000s", NULL },
        { "99999999999999999999999999999999999999999ns", NULL },
        { "", NULL },
        { "-", NULL },
        { "1", NULL },
        { "00", NULL },
        { "s", NULL },
        { ".s", NULL },
        { "1x", NULL },
        { "1d", NULL },
        { "1 s", NULL },
        { "1s ", NULL },
        { "1s-1s", NULL },
        { "--1s", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cel_value got;
        bool read = cel_duration_parse(str_of(cases[i].text), &got);
        ck_assert_msg(read == (cases[i].wanted != NULL), "%s", cases[i].text);
        if (read)
            ck_assert_msg(prints(&got, cases[i].wanted), "%s", cases[i].text);
    }
}
END_TEST

/* xorshift64*: the same numbers in every run. */
static uint64_t random_bits(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

START_TEST(instants_and_spans_read_back_from_their_text)
{
    uint64_t state = 11;
    const uint64_t seconds = (uint64_t) (last_second - first_second) + 1;
    for (int i = 0; i < 10000; i++) {
        uint32_t nanos = (uint32_t) (random_bits(&state) % CEL_SECOND_NANOS);
        struct cel_value instant =
            cel_timestamp(first_second + (int64_t) (random_bits(&state) % seconds), nanos);
        struct cel_value span = cel_duration_of_nanos((int64_t) random_bits(&state)), back;
        struct out out;
        int64_t count;

        out_init(&out, NULL, 64);
        cel_timestamp_print(&instant, &out);
        ck_assert(cel_timestamp_parse(out_str(&out), &back) && cel_equals(&instant, &back));
        out.len = 0;
        cel_duration_print(&span, &out);
        ck_assert(cel_duration_parse(out_str(&out), &back) && cel_equals(&span, &back));
        out_deinit(&out);

        ck_assert(cel_duration_nanos(&span, &count));
        back = cel_duration_of_nanos(count);
        ck_assert(cel_equals(&span, &back));
    }
}
END_TEST

START_TEST(parts_of_an_instant_are_told_in_utc_and_in_zones_by_offset)
{
    struct cel_run run = { .limit = 1000 };
    const struct cel_value instant = cel_timestamp(1234567890, 123456789); /* 2009-02-13T23:31:30 */
    const struct {
        const char *head, *zone;
        int64_t wanted;
    } cases[] = {
        { "timestamp.getFullYear()", NULL, 2009 },
        { "timestamp.getMonth()", NULL, 1 },
        { "timestamp.getDate()", NULL, 13 },
        { "timestamp.getDayOfMonth()", NULL, 12 },
        { "timestamp.getDayOfWeek()", NULL, 5 },
        { "timestamp.getDayOfYear()", NULL, 43 },
        { "timestamp.getHours()", NULL, 23 },
        { "timestamp.getMinutes()", NULL, 31 },
        { "timestamp.getSeconds()", NULL, 30 },
        { "timestamp.getMilliseconds()", NULL, 123 },
        { "timestamp.getDayOfMonth(string)", "+11:00", 13 },
        { "timestamp.getDayOfWeek(string)", "UTC", 5 },
        { "timestamp.getHours(string)", "02:00", 1 },
        { "timestamp.getHours(string)", "-09:30", 14 },
        { "timestamp.getMinutes(string)", "-00:30", 1 },
        { "timestamp.getSeconds(string)", "-00:00", 30 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cel_value got = call(&run, cases[i].head, instant, cases[i].zone);
        ck_assert_int_eq(got.kind, CEL_INT);
        ck_assert_int_eq(got.integer, cases[i].wanted);
    }
}
END_TEST

START_TEST(the_first_instant_has_a_date_west_of_utc_too)
{
    struct cel_run run = { .limit = 1000 };
    const struct cel_value first = cel_timestamp(first_second, 0);
    const struct cel_value last = cel_timestamp(last_second, 0);

    ck_assert_int_eq(call(&run, "timestamp.getFullYear(string)", first, "-01:00").integer, 0);
    ck_assert_int_eq(call(&run, "timestamp.getFullYear(string)", last, "+01:00").integer, 10000);
}
END_TEST

START_TEST(a_span_is_told_in_whole_units_but_its_milliseconds_past_the_second)
{
    struct cel_run run = { .limit = 1000 };
    const struct {
        const char *head;
        int64_t nanos, wanted;
    } cases[] = {
        { "duration.getHours", 10000000000000, 2 },
        { "duration.getMinutes", 3730000000000, 62 },
        { "duration.getSeconds", 3730900000000, 3730 },
        { "duration.getMilliseconds", 1234000000, 234 },
        { "duration.getMilliseconds", 123321456789, 321 },
        { "duration.getSeconds", -1500000000, -1 },
        { "duration.getSeconds", -500000000, 0 },
        { "duration.getMinutes", -60000000001, -1 },
        { "duration.getMilliseconds", -1234000000, -234 },
        { "duration.getHours", INT64_MIN, -2562047 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cel_value span = cel_duration_of_nanos(cases[i].nanos);
        struct cel_value got = call(&run, cases[i].head, span, NULL);
        ck_assert_int_eq(got.integer, cases[i].wanted);
    }
}
END_TEST

/* One zone: an hour east before that second, two from it on. */
static const int64_t turn = 1234567890;

static const void *find_zone(void *self, struct str name)
{
    return str_is(name, "Here/There") ? self : NULL;
}

static int32_t zone_offset(const void *zone, int64_t utc_s)
{
    (void) zone;
    return utc_s < turn ? 3600 : 7200;
}

START_TEST(zones_by_name_are_asked_of_the_environment)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20, 1 << 24);
    struct cel_env *env = cel_env_new(arena);
    ck_assert_ptr_nonnull(env);
    cel_env_zones(env, (struct cel_zones){ find_zone, zone_offset, arena });
    struct cel_run run = { .arena = arena, .limit = 1000, .env = env };
    const char *hours = "timestamp.getHours(string)";

    ck_assert_int_eq(call(&run, hours, cel_timestamp(turn - 1, 0), "Here/There").integer, 0);
    ck_assert_int_eq(call(&run, hours, cel_timestamp(turn, 0), "Here/There").integer, 1);

    static const char *const unknown[] = { "Nowhere", "+1:00", "+24:00",  "+09:60",
                                           "utc",     "Z",     "+09:00 ", "+0900" };
    for (size_t i = 0; i < COUNT(unknown); i++) {
        struct cel_value error = call(&run, hours, cel_timestamp(0, 0), unknown[i]);
        ck_assert_int_eq(error.kind, CEL_ERROR);
        ck_assert(str_starts_with(error.string, STR("unknown time zone '")));
    }
}
END_TEST

START_TEST(without_an_environment_no_zone_has_a_name)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 12, 1 << 20);
    struct cel_run run = { .arena = arena, .limit = 1000 };
    struct cel_value error =
        call(&run, "timestamp.getHours(string)", cel_timestamp(0, 0), "Europe/Paris");
    ck_assert(str_is(error.string, "unknown time zone 'Europe/Paris'"));
}
END_TEST

START_TEST(instants_and_spans_come_of_texts_and_ints)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 12, 1 << 20);
    struct cel_run run = { .arena = arena, .limit = 1000 };
    struct cel_value instant = call(&run, "timestamp(int)", cel_int(last_second), NULL);
    struct cel_value span = call(&run, "duration(string)", text("-1ns"), NULL);

    ck_assert(prints(&instant, "9999-12-31T23:59:59Z"));
    ck_assert(prints(&span, "-0.000000001s"));
    instant = call(&run, "timestamp(timestamp)", instant, NULL);
    ck_assert_int_eq(instant.kind, CEL_TIMESTAMP);
    span = call(&run, "duration(int)", cel_int(1500000000), NULL);
    ck_assert(prints(&span, "1.5s"));

    struct cel_value over = call(&run, "timestamp(int)", cel_int(last_second + 1), NULL);
    struct cel_value least = call(&run, "timestamp(int)", cel_int(INT64_MIN), NULL);
    struct cel_value no_text = call(&run, "timestamp(string)", text("today"), NULL);
    struct cel_value no_unit = call(&run, "duration(string)", text("1d"), NULL);
    ck_assert(over.kind == CEL_ERROR && least.kind == CEL_ERROR);
    ck_assert(str_is(no_text.string, "'today' is no timestamp, or out of range"));
    ck_assert(str_is(no_unit.string, "'1d' is no duration, or out of range"));
}
END_TEST

SUITE_MAIN("expr/cel_time", every_day_of_ten_thousand_years_has_its_date,
           instants_are_read_with_offsets_and_fractions,
           spans_are_read_in_units_and_told_in_seconds,
           instants_and_spans_read_back_from_their_text,
           parts_of_an_instant_are_told_in_utc_and_in_zones_by_offset,
           the_first_instant_has_a_date_west_of_utc_too,
           a_span_is_told_in_whole_units_but_its_milliseconds_past_the_second,
           zones_by_name_are_asked_of_the_environment, without_an_environment_no_zone_has_a_name,
           instants_and_spans_come_of_texts_and_ints)
