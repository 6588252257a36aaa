/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/schedule.h"

static const char *const weekdays[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static const struct civil_zone *zone_of(const struct schedule *schedule)
{
    static const struct civil_zone utc = { .name = { "UTC", 3 } };
    return schedule->zone ? schedule->zone : &utc;
}

/* "2026-11-20 10:00"; without the time when it is midnight and @short_date. */
static void write_local(int64_t local_s, bool short_date, struct out *out)
{
    bool midnight = local_s % 86400 == 0;
    out_instant(out, local_s * 1000000, false);
    if (out->failed)
        return;
    out->at[out->len - 10] = ' '; /* in place of the T */
    out->len -= short_date && midnight ? 10 : sizeof ":00Z" - 1;
}

void schedule_seen(const struct schedule *schedule, int64_t now_us, struct out *out)
{
    const struct civil_zone *zone = zone_of(schedule);
    int64_t local_s = civil_local_s(zone, now_us), day = local_s / 86400 - (local_s % 86400 < 0);
    out_text(out, str_of(weekdays[((day + 3) % 7 + 7) % 7])); /* 1970 began on a Thursday */
    out_char(out, ' ');
    write_local(local_s, false, out);
    out_char(out, ' ');
    out_json_escaped(out, zone->name);
}

static void write_minute(int32_t minute, struct out *out)
{
    const char text[] = { (char) ('0' + minute / 600), (char) ('0' + minute / 60 % 10), ':',
                          (char) ('0' + minute % 60 / 10), (char) ('0' + minute % 10) };
    out_bytes(out, text, sizeof text);
}

static void write_days(uint32_t days, struct out *out)
{
    bool any = false;
    out_text(out, STR("on "));
    for (size_t i = 0; i < sizeof weekdays / sizeof *weekdays; i++) {
        if (!(days & 1u << i))
            continue;
        out_text(out, any ? STR(", ") : STR(""));
        out_text(out, str_of(weekdays[i]));
        any = true;
    }
}

void schedule_wanted(const struct schedule *schedule, enum schedule_part part, struct out *out)
{
    const struct civil_zone *zone = zone_of(schedule);
    int64_t until_s = civil_local_s(zone, schedule->until_us);
    switch (part) {
    case SCHEDULE_FROM:
        out_text(out, STR("from "));
        write_local(civil_local_s(zone, schedule->from_us), true, out);
        break;
    case SCHEDULE_UNTIL: /* a day is included to its end */
        out_text(out, STR("until "));
        write_local(until_s % 86400 ? until_s : until_s - 86400, true, out);
        break;
    case SCHEDULE_DAYS: write_days(schedule->days, out); break;
    case SCHEDULE_HOURS:
        out_text(out, STR("between "));
        write_minute(schedule->opens_minute, out);
        out_text(out, STR(" and "));
        write_minute(schedule->closes_minute, out);
        break;
    case SCHEDULE_EXCEPT: out_text(out, STR("a day that is not in `except`")); break;
    case SCHEDULE_ON: break;
    }
}
