/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timestamp(), duration() and what can be asked of them: a part of an instant, in UTC or in a zone;
 * a duration as a whole number of hours, minutes or seconds, cut towards zero; but of its
 * milliseconds only those past the second, as the language definition has it. Zones by name come
 * from the environment.
 */
#include "expr/check/cel_checked.h"
#include "expr/library/cel_library.h"
#include "expr/values/cel_civil.h"
#include "expr/values/cel_ops.h"
#include "expr/values/cel_time.h"

enum { SHOWN_BYTES = 60, MILLI_NANOS = 1000000 };

/* False: *ret_error. */
static bool shift(struct cel_run *run, struct str zone, int64_t *seconds,
                  struct cel_value *ret_error)
{
    int32_t offset_s;
    if (cel_zone_parse(zone, &offset_s)) {
        *seconds += offset_s;
        return true;
    }
    const struct cel_zones *zones = run->env ? cel_env_zones_of(run->env) : NULL;
    bool may_ask = zones && zones->find && zone.len <= SHOWN_BYTES;
    const void *known = may_ask ? zones->find(zones->self, zone) : NULL;
    if (!known) {
        *ret_error = zone.len > SHOWN_BYTES || !str_is_utf8(zone, NULL)
                         ? cel_fail(run, "unknown time zone")
                         : cel_fail(run, "unknown time zone '%.*s'", STR_ARG(zone));
        return false;
    }
    *seconds += zones->offset_s(known, *seconds);
    return true;
}

/* The instant args[0], in UTC or in the zone args[1]. False: *ret_error. */
static bool civil_of(struct cel_run *run, const struct cel_value *args, uint32_t n_args,
                     struct cel_civil *ret_civil, struct cel_value *ret_error)
{
    int64_t seconds = args[0].integer;
    if (n_args > 1 && !shift(run, args[1].string, &seconds, ret_error))
        return false;
    *ret_civil = cel_civil_of(seconds);
    return true;
}

#define GETTER(name, expression)                                                          \
    static struct cel_value name(struct cel_run *run, const struct cel_value *args,       \
                                 uint32_t n_args)                                         \
    {                                                                                     \
        struct cel_civil civil;                                                           \
        struct cel_value error;                                                           \
        return civil_of(run, args, n_args, &civil, &error) ? cel_int(expression) : error; \
    }

GETTER(get_full_year, civil.year)
GETTER(get_month, civil.month - 1)
GETTER(get_date, civil.day)
GETTER(get_day_of_month, civil.day - 1)
GETTER(get_day_of_year, civil.year_day)
GETTER(get_day_of_week, civil.weekday)
GETTER(get_hours, civil.hour)
GETTER(get_minutes, civil.minute)
GETTER(get_seconds, civil.second)
GETTER(get_milliseconds, args->nanos / MILLI_NANOS)

/* Towards zero, whereas a duration's seconds are rounded down. */
static int64_t whole_seconds(const struct cel_value *duration)
{
    return duration->integer + (duration->integer < 0 && duration->nanos > 0);
}

static struct cel_value span_hours(struct cel_run *run, const struct cel_value *args,
                                   uint32_t n_args)
{
    (void) run;
    (void) n_args;
    return cel_int(whole_seconds(args) / 3600);
}

static struct cel_value span_minutes(struct cel_run *run, const struct cel_value *args,
                                     uint32_t n_args)
{
    (void) run;
    (void) n_args;
    return cel_int(whole_seconds(args) / 60);
}

static struct cel_value span_seconds(struct cel_run *run, const struct cel_value *args,
                                     uint32_t n_args)
{
    (void) run;
    (void) n_args;
    return cel_int(whole_seconds(args));
}

static struct cel_value span_milliseconds(struct cel_run *run, const struct cel_value *args,
                                          uint32_t n_args)
{
    (void) run;
    (void) n_args;
    bool below = args->integer < 0 && args->nanos > 0;
    int64_t nanos = below ? (int64_t) args->nanos - CEL_SECOND_NANOS : (int64_t) args->nanos;
    return cel_int(nanos / MILLI_NANOS);
}

static struct cel_value unreadable(struct cel_run *run, const char *kind, struct str text)
{
    return text.len > SHOWN_BYTES || !str_is_utf8(text, NULL)
               ? cel_fail(run, "this string is no %s, or out of range", kind)
               : cel_fail(run, "'%.*s' is no %s, or out of range", STR_ARG(text), kind);
}

static struct cel_value to_timestamp(struct cel_run *run, const struct cel_value *args,
                                     uint32_t n_args)
{
    struct cel_value made;
    switch (args->kind) {
    case CEL_TIMESTAMP: return *args;
    case CEL_INT:
        return cel_timestamp_of(args->integer, 0, &made) ? made
                                                         : cel_fail(run, "timestamp out of range");
    case CEL_STRING:
        if (!cel_charge_bytes(run, args->string.len))
            return cel_stop(run);
        return cel_timestamp_parse(args->string, &made)
                   ? made
                   : unreadable(run, "timestamp", args->string);
    default: return cel_no_overload(run, "timestamp", args, n_args);
    }
}

static struct cel_value to_duration(struct cel_run *run, const struct cel_value *args,
                                    uint32_t n_args)
{
    struct cel_value made;
    switch (args->kind) {
    case CEL_DURATION: return *args;
    case CEL_INT: return cel_duration_of_nanos(args->integer);
    case CEL_STRING:
        if (!cel_charge_bytes(run, args->string.len))
            return cel_stop(run);
        return cel_duration_parse(args->string, &made) ? made
                                                       : unreadable(run, "duration", args->string);
    default: return cel_no_overload(run, "duration", args, n_args);
    }
}

const struct cel_definition *cel_library_time(void)
{
    static const struct cel_definition definitions[] = {
        { "timestamp(timestamp) -> timestamp", to_timestamp, 1 },
        { "timestamp(string) -> timestamp", to_timestamp, 1 },
        { "timestamp(int) -> timestamp", to_timestamp, 1 }, /* seconds since 1970 */
        { "duration(duration) -> duration", to_duration, 1 },
        { "duration(string) -> duration", to_duration, 1 },
        { "duration(int) -> duration", to_duration, 1 }, /* nanoseconds; see int(duration) */
        { "timestamp.getFullYear() -> int", get_full_year, 1 },
        { "timestamp.getFullYear(string) -> int", get_full_year, 1 },
        { "timestamp.getMonth() -> int", get_month, 1 },
        { "timestamp.getMonth(string) -> int", get_month, 1 },
        { "timestamp.getDate() -> int", get_date, 1 },
        { "timestamp.getDate(string) -> int", get_date, 1 },
        { "timestamp.getDayOfMonth() -> int", get_day_of_month, 1 },
        { "timestamp.getDayOfMonth(string) -> int", get_day_of_month, 1 },
        { "timestamp.getDayOfYear() -> int", get_day_of_year, 1 },
        { "timestamp.getDayOfYear(string) -> int", get_day_of_year, 1 },
        { "timestamp.getDayOfWeek() -> int", get_day_of_week, 1 },
        { "timestamp.getDayOfWeek(string) -> int", get_day_of_week, 1 },
        { "timestamp.getHours() -> int", get_hours, 1 },
        { "timestamp.getHours(string) -> int", get_hours, 1 },
        { "timestamp.getMinutes() -> int", get_minutes, 1 },
        { "timestamp.getMinutes(string) -> int", get_minutes, 1 },
        { "timestamp.getSeconds() -> int", get_seconds, 1 },
        { "timestamp.getSeconds(string) -> int", get_seconds, 1 },
        { "timestamp.getMilliseconds() -> int", get_milliseconds, 1 },
        { "timestamp.getMilliseconds(string) -> int", get_milliseconds, 1 },
        { "duration.getHours() -> int", span_hours, 1 },
        { "duration.getMinutes() -> int", span_minutes, 1 },
        { "duration.getSeconds() -> int", span_seconds, 1 },
        { "duration.getMilliseconds() -> int", span_milliseconds, 1 },
        { NULL, NULL, 0 },
    };
    return definitions;
}
