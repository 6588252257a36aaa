/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "rules/rule_reader.h"
#include "rules/words.h"
#include "shop/customer.h"

static const int64_t day_s = 86400;

static const struct civil_zone *copy_zone(struct ruleset_reader *all, struct str name,
                                          const struct civil_zone *found)
{
    struct civil_zone *zone = arena_take(all->arena, sizeof *zone);
    int64_t *starts = arena_take_array(all->arena, int64_t, found->n);
    int32_t *offsets = arena_take_array(all->arena, int32_t, found->n);
    if (!zone || !starts || !offsets) {
        all->full = true;
        return NULL;
    }
    if (found->n) {
        memcpy(starts, found->starts_s, found->n * sizeof *starts);
        memcpy(offsets, found->offsets_s, found->n * sizeof *offsets);
    }
    *zone = (struct civil_zone){ name, starts, offsets, found->n, found->first_offset_s };
    return zone;
}

const struct civil_zone *rule_zone(struct ruleset_reader *all, struct grammar *grammar,
                                   const struct doc_node *node)
{
    struct str name;
    if (!grammar_text(grammar, node, &name))
        return NULL;
    const struct civil_zone *found = all->settings->zone(all->settings->self, name);
    if (found)
        return copy_zone(all, name, found);
    grammar_fault(grammar, node, DIAG_BAD_TIMEZONE, name, (struct str){ 0 });
    return NULL;
}

/* ── zones that expressions name ── */

static const void *find_zone(void *self, struct str name)
{
    struct rule_zones *zones = self;
    uint32_t i = 0;
    while (i < zones->n && !str_eq(zones->known[i]->name, name))
        i++;
    if (i < zones->n)
        return zones->known[i];
    struct ruleset_reader *all = zones->reader; /* NULL once the rules are read */
    const struct civil_zone *found =
        all && i < RULE_ZONES_MAX ? all->settings->zone(all->settings->self, name) : NULL;
    struct str kept = found ? arena_copy(all->arena, name) : (struct str){ 0 };
    const struct civil_zone *zone = kept.at ? copy_zone(all, kept, found) : NULL;
    if (zone)
        zones->known[zones->n++] = zone;
    return zone;
}

static int32_t zone_offset_s(const void *zone, int64_t utc_s)
{
    return (int32_t) (civil_local_s(zone, utc_s * 1000000) - utc_s);
}

struct cel_zones rule_zones(struct ruleset_reader *all)
{
    return (struct cel_zones){ find_zone, zone_offset_s, all->zones };
}

/* @n digits as a number, or -1. */
static int digits(const char *at, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

/* "10:00" as minutes of the day, at most @last; -1 for anything else. */
static int minute_of(const char *at, int last)
{
    int hour = digits(at, 2), minute = digits(at + 3, 2);
    bool good =
        at[2] == ':' && hour >= 0 && minute >= 0 && minute < 60 && hour * 60 + minute <= last;
    return good ? hour * 60 + minute : -1;
}

/* "2026-11-20" or "2026-11-20T10:00"; *ret_minute is -1 without a time. */
static bool read_date(struct rule_reader *reader, const struct doc_node *node, int64_t *ret_day,
                      int *ret_minute)
{
    struct str text = node->text;
    bool timed = text.len == 16;
    bool good =
        node->kind == DOC_SCALAR && (text.len == 10 || timed) && text.at[4] == '-' &&
        text.at[7] == '-' &&
        civil_days(digits(text.at, 4), digits(text.at + 5, 2), digits(text.at + 8, 2), ret_day);
    *ret_minute = -1;
    if (good && timed) {
        *ret_minute = minute_of(text.at + 11, 24 * 60 - 1);
        good = text.at[10] == 'T' && *ret_minute >= 0;
    }
    if (!good)
        grammar_fault(&reader->grammar, node, DIAG_BAD_DATE,
                      node->kind == DOC_SCALAR ? text : str_of(doc_kind_name(node)),
                      (struct str){ 0 });
    return good;
}

static void read_bounds(struct rule_reader *reader, const struct doc_node *from,
                        const struct doc_node *until)
{
    struct schedule *schedule = &reader->rule->schedule;
    int64_t day;
    int minute;

    if (!schedule->zone) /* said already: the zone is unknown */
        return;
    if (from && read_date(reader, from, &day, &minute))
        schedule->from_us =
            civil_instant_us(schedule->zone, day * day_s + (minute < 0 ? 0 : minute * 60));
    if (until && read_date(reader, until, &day, &minute)) /* a day is included to its end */
        schedule->until_us = civil_instant_us(
            schedule->zone, minute < 0 ? (day + 1) * day_s : day * day_s + minute * 60);
    if (schedule->from_us >= schedule->until_us)
        grammar_fault(&reader->grammar, until ? until : from, DIAG_SCHEDULE_EMPTY,
                      (struct str){ 0 }, (struct str){ 0 });
    else if (until && reader->all->settings->now_us &&
             schedule->until_us <= reader->all->settings->now_us)
        grammar_fault(&reader->grammar, until, DIAG_SCHEDULE_OVER, reader->rule->id,
                      (struct str){ 0 });
}

static void read_hours(struct rule_reader *reader, const struct doc_node *node)
{
    struct schedule *schedule = &reader->rule->schedule;
    if (!node)
        return;
    int opens = -1, closes = -1;
    if (node->kind == DOC_SCALAR && node->text.len == 11 && node->text.at[5] == '-') {
        opens = minute_of(node->text.at, 24 * 60 - 1);
        closes = minute_of(node->text.at + 6, 24 * 60);
    }
    if (opens < 0 || closes < 0 || opens == closes) {
        grammar_fault(&reader->grammar, node, DIAG_BAD_HOURS,
                      node->kind == DOC_SCALAR ? node->text : str_of(doc_kind_name(node)),
                      (struct str){ 0 });
        return;
    }
    schedule->opens_minute = opens;
    schedule->closes_minute = closes;
}

static void read_except(struct rule_reader *reader, const struct doc_node *node)
{
    if (!node || !grammar_list(&reader->grammar, node))
        return;
    int32_t *days = arena_take_array(reader->all->arena, int32_t, node->n_children);
    uint32_t n = 0;
    for (const struct doc_node *item = node->first; item && days; item = item->next) {
        int64_t day;
        int minute;
        if (!read_date(reader, item, &day, &minute))
            continue;
        if (minute >= 0)
            grammar_fault(&reader->grammar, item, DIAG_BAD_DATE, item->text, (struct str){ 0 });
        days[n++] = (int32_t) day;
    }
    reader->rule->schedule.except_days = days;
    reader->rule->schedule.n_except = n;
    reader->all->full |= !days;
}

void rule_read_schedule(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = {
        "from", "until", "timezone", "days", "hours", "except", NULL
    };
    static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL };
    static const char *const days_later[] = { "holiday", NULL };
    struct schedule *schedule = &reader->rule->schedule;

    if (!grammar_mapping(&reader->grammar, node, keys, NULL))
        return;
    schedule->always = false;
    schedule->line = node->key_place.line;
    const struct doc_node *zone = doc_get(node, "timezone");
    if (zone)
        schedule->zone = rule_zone(reader->all, &reader->grammar, zone);
    (void) grammar_words(&reader->grammar, doc_get(node, "days"), days, days_later,
                         &schedule->days);
    read_hours(reader, doc_get(node, "hours"));
    read_except(reader, doc_get(node, "except"));
    read_bounds(reader, doc_get(node, "from"), doc_get(node, "until"));
}
