/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Caps
 *
 * A profile remembers only the newest touches of a rule. When the oldest of them lies inside the
 * window, older ones may too: then every forgotten touch counts as if it did. Sessions overlap (the
 * phone, the laptop), so there the oldest says little of those before it, unless it is older than a
 * session lasts. So a cap may bite early for a rule shown very often, and is never exceeded.
 */
#include "rules/caps.h"

#include "rules/schedule.h"

/* A storefront that names no session: what happened this lately counts as the same visit. */
#define VISIT_US (INT64_C(30) * 60 * 1000000)

struct window {
    uint32_t session; /* only touches of this session; 0: by time */
    int64_t first_us; /* the first instant that is inside */
};

static struct window window_of(const struct cap *cap, const struct civil_zone *zone,
                               uint32_t session, int64_t now_us)
{
    struct window window = { 0 };

    if (cap->window == WINDOW_SESSION && session != 0)
        window.session = session;
    else if (cap->window == WINDOW_SESSION)
        window.first_us = now_us - VISIT_US + 1;
    else
        window.first_us = window_start_us(cap, zone, now_us) + (cap->window == WINDOW_ROLLING);
    return window;
}

static bool is_inside(struct window window, const struct touch *touch)
{
    return window.session ? touch->session == window.session : touch->at_us >= window.first_us;
}

/* May what was forgotten, all of it before @oldest, lie inside? */
static bool may_hold_older(struct window window, const struct touch *oldest, int64_t now_us)
{
    return is_inside(window, oldest) ||
           (window.session && oldest->at_us > now_us - CAPS_SESSION_MAX_US);
}

static int64_t count_touches(const struct rule_memory *memory, const struct cap *cap,
                             struct window window, int64_t now_us)
{
    int64_t inside = 0, remembered = 0;

    for (uint32_t i = 0; i < memory->n_touches; i++) {
        const struct touch *touch = &memory->touches[i];
        if (touch->what != cap->what)
            continue;
        remembered++;
        inside += is_inside(window, touch);
    }
    int64_t forgotten = (int64_t) memory->totals[cap->what] - remembered;
    if (forgotten > 0 && memory->n_touches > 0 &&
        may_hold_older(window, &memory->touches[0], now_us))
        inside += forgotten;
    return inside;
}

static struct caps_verdict check_cap(const struct rule *rule, const struct cap *cap,
                                     const struct rule_memory *memory, uint32_t session,
                                     int64_t now_us)
{
    int64_t seen = memory->totals[cap->what];

    if (cap->window != WINDOW_LIFETIME && seen >= cap->max)
        seen = count_touches(memory, cap, window_of(cap, rule->schedule.zone, session, now_us),
                             now_us);
    if (seen < cap->max)
        return (struct caps_verdict){ .answer = CAPS_ALLOW };
    return (struct caps_verdict){ CAPS_CAP, cap, seen, cap->max };
}

struct caps_verdict caps_allow(const struct rule *rule, const struct profile *memory,
                               uint32_t session, int64_t now_us)
{
    struct caps_verdict verdict = { .answer = CAPS_ALLOW };
    if (!memory)
        return verdict;

    const struct rule_memory *mine = profile_rule(memory, rule->id);
    if (rule->stop_after_declines && mine && mine->declines_in_a_row >= rule->stop_after_declines)
        return (struct caps_verdict){ .answer = CAPS_STOPPED,
                                      .seen = mine->declines_in_a_row,
                                      .wanted = rule->stop_after_declines };

    for (uint32_t i = 0; i < rule->n_caps && mine && verdict.answer == CAPS_ALLOW; i++)
        verdict = check_cap(rule, &rule->caps[i], mine, session, now_us);
    return verdict;
}

int64_t caps_used(const struct cap *cap, const struct civil_zone *zone,
                  const struct profile *memory, uint32_t session, int64_t now_us)
{
    int64_t used = 0;
    bool ever = cap->window == WINDOW_LIFETIME;
    struct window window = ever ? (struct window){ 0 } : window_of(cap, zone, session, now_us);
    for (uint32_t i = 0; memory && i < memory->n_rules; i++)
        used += ever ? memory->rules[i].totals[cap->what]
                     : count_touches(&memory->rules[i], cap, window, now_us);
    return used;
}
