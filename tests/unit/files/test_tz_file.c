/* SPDX-License-Identifier: Apache-2.0 */
#include "files/tz_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "suite.h"

/* A version 2 file without transitions: one type of @offset_s seconds, and the rule of all years. */
static struct str file_of(char *at, int32_t offset_s, const char *rule)
{
    static const char header[44] = { 'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4 };
    size_t len = 0;
    for (int version = 1; version <= 2; version++) {
        memcpy(at + len, header, sizeof header);
        len += sizeof header;
        for (int i = 24; i >= 0; i -= 8)
            at[len++] = (char) ((uint32_t) offset_s >> i);
        memcpy(at + len, "\0\0ABC\0", 6);
        len += 6;
    }
    int n = sprintf(at + len, "\n%s\n", rule);
    return (struct str){ at, len + (size_t) n };
}

static const struct civil_zone *parsed(struct arena *arena, struct str bytes)
{
    const struct civil_zone *zone;
    ck_assert_int_eq(tz_parse(bytes, STR("Test/Zone"), arena, &zone), OK);
    return zone;
}

static int64_t offset_at(const struct civil_zone *zone, int year, int month, int day, int hour)
{
    int64_t days;
    ck_assert(civil_days(year, month, day, &days));
    int64_t utc_s = days * 86400 + hour * 3600;
    return civil_local_s(zone, utc_s * 1000000) - utc_s;
}

START_TEST(reads_a_zone_of_one_offset)
{
    char bytes[512];
    struct arena *arena = arena_new(1 << 16, 1 << 20);
    const struct civil_zone *zone = parsed(arena, file_of(bytes, 32400, "JST-9"));
    ck_assert_ptr_nonnull(zone);
    ck_assert(str_is(zone->name, "Test/Zone"));
    ck_assert_int_eq(offset_at(zone, 2026, 7, 1, 0), 32400);
    arena_free(arena);
}
END_TEST

START_TEST(writes_out_the_rule_of_later_years)
{
    char bytes[512];
    struct arena *arena = arena_new(1 << 16, 1 << 20);
    const struct civil_zone *zone = parsed(arena, file_of(bytes, -18000, "EST5EDT,M3.2.0,M11.1.0"));
    ck_assert_int_eq(offset_at(zone, 2026, 3, 8, 6),
                     -18000); /* second Sunday of March, 2:00 local */
    ck_assert_int_eq(offset_at(zone, 2026, 3, 8, 7), -14400);
    ck_assert_int_eq(offset_at(zone, 2026, 11, 1, 5), -14400);
    ck_assert_int_eq(offset_at(zone, 2026, 11, 1, 6), -18000);
    ck_assert_int_eq(offset_at(zone, 2099, 7, 1, 0), -14400);
    arena_free(arena);
}
END_TEST

START_TEST(knows_southern_summers_last_weeks_and_odd_offsets)
{
    char bytes[512];
    struct arena *arena = arena_new(1 << 16, 1 << 20);
    const struct civil_zone *south =
        parsed(arena, file_of(bytes, 36000, "AEST-10AEDT,M10.1.0,M4.1.0/3"));
    ck_assert_int_eq(offset_at(south, 2026, 1, 1, 0), 39600);
    ck_assert_int_eq(offset_at(south, 2026, 7, 1, 0), 36000);
    const struct civil_zone *last =
        parsed(arena, file_of(bytes, 3600, "CET-1CEST,M3.5.0,M10.5.0/3"));
    ck_assert_int_eq(offset_at(last, 2026, 3, 29, 0), 3600);
    ck_assert_int_eq(offset_at(last, 2026, 3, 29, 1), 7200);
    const struct civil_zone *half =
        parsed(arena, file_of(bytes, 37800, "<+1030>-10:30<+11>-11,J92,300/4"));
    ck_assert_int_eq(offset_at(half, 2026, 4, 2, 0), 39600);
    ck_assert_int_eq(offset_at(half, 2026, 12, 1, 0), 37800);
    arena_free(arena);
}
END_TEST

START_TEST(refuses_what_is_no_tz_file)
{
    char bytes[512];
    struct arena *arena = arena_new(1 << 16, 1 << 20);
    ck_assert_ptr_null(parsed(arena, STR("")));
    ck_assert_ptr_null(parsed(arena, STR("TZif, but short")));
    struct str good = file_of(bytes, 3600, "CET-1");
    for (size_t len = 0; len < 2 * (44 + 10); len++) {
        char *cut = malloc(len + 1); /* of its size, so that a sanitizer sees a read past it */
        memcpy(cut, good.at, len);
        ck_assert_ptr_null(parsed(arena, (struct str){ cut, len }));
        free(cut);
    }
    bytes[44 + 10 + 44] = 0x7f; /* an offset of years */
    ck_assert_ptr_null(parsed(arena, good));
    arena_free(arena);
}
END_TEST

START_TEST(takes_a_senseless_rule_as_none)
{
    static const char *const rules[] = {
        "", "EST5EDT", "EST5EDT,M13.1.0,M1.1.0", "EST5EDT,M3.2.0", "5", "<X", "A-,M"
    };
    char bytes[512];
    struct arena *arena = arena_new(1 << 16, 1 << 22);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct civil_zone *zone = parsed(arena, file_of(bytes, 3600, rules[i]));
        ck_assert_msg(zone && zone->n == 0, "'%s'", rules[i]);
    }
    arena_free(arena);
}
END_TEST

START_TEST(reads_the_database_but_nothing_outside_it)
{
    static const char *const wrong[] = {
        "",     "/etc/passwd", "../../../etc/passwd", "Asia/../Asia/Tokyo",
        "Asia", "No/Such",     "posixrules\n"
    };
    const struct civil_zone *zone;
    struct arena *arena = arena_new(1 << 16, 1 << 22);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_int_eq(tz_file_read(str_of(wrong[i]), arena, &zone), OK);
        ck_assert_msg(!zone, "'%s'", wrong[i]);
    }
    ck_assert_int_eq(tz_file_read(STR("UTC"), arena, &zone), OK);
    ck_assert_ptr_nonnull(zone);
    ck_assert_int_eq(tz_file_read(STR("Asia/Tokyo"), arena, &zone), OK);
    if (zone) /* a machine without tzdata has none */
        ck_assert_int_eq(offset_at(zone, 2026, 1, 1, 0), 32400);
    arena_free(arena);
}
END_TEST

SUITE_MAIN("files/tz_file", reads_a_zone_of_one_offset, writes_out_the_rule_of_later_years,
           knows_southern_summers_last_weeks_and_odd_offsets, refuses_what_is_no_tz_file,
           takes_a_senseless_rule_as_none, reads_the_database_but_nothing_outside_it)
