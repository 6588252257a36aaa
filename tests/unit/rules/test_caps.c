/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/caps.h"

#include "rules/schedule.h"
#include "suite.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
/* Saturday 21 November 2026, 12:00 in Tokyo. */
#define NOW (INT64_C(20778) * DAY + 3 * HOUR)

static const struct civil_zone tokyo = { { "Asia/Tokyo", 10 }, NULL, NULL, 0, 9 * 3600 };

/* One customer's memory of up to four rules; touches are added oldest first. */
struct memory {
    struct profile profile;
    struct rule_memory rules[4];
    struct touch touches[4][PROFILE_MAX_TOUCHES];
};

static struct rule_memory *remember(struct memory *memory, const char *id, const char *group,
                                    enum rule_kind kind)
{
    uint32_t n = memory->profile.n_rules++;
    memory->profile.rules = memory->rules;
    memory->rules[n] = (struct rule_memory){ .rule = str_of(id),
                                             .group = str_of(group),
                                             .kind = (int) kind,
                                             .touches = memory->touches[n] };
    return &memory->rules[n];
}

static void touch(struct rule_memory *rule, enum touch_what what, int64_t at_us, uint32_t session)
{
    struct touch *touches = (struct touch *) rule->touches;
    touches[rule->n_touches++] = (struct touch){ at_us, session, (uint8_t) what };
    rule->totals[what]++;
    rule->last_us[what] = at_us;
    if (what == TOUCH_DECLINED)
        rule->declines_in_a_row++;
    else if (what == TOUCH_ACCEPTED)
        rule->declines_in_a_row = 0;
}

static struct rule rule_with(const struct cap *cap)
{
    return (struct rule){ .id = STR("r-mine"),
                          .kind = KIND_BUNDLE,
                          .group = STR("camera"),
                          .schedule = { .always = true, .zone = &tokyo },
                          .caps = cap,
                          .n_caps = cap ? 1 : 0 };
}

static enum caps_answer answer(const struct rule *rule, const struct memory *memory,
                               uint32_t session)
{
    return caps_allow(rule, &memory->profile, session, NOW).answer;
}

START_TEST(a_guest_and_a_customer_who_never_saw_the_rule_may_see_it)
{
    struct cap cap = { .max = 1, .window = WINDOW_LIFETIME, .what = TOUCH_SHOWN };
    struct rule rule = rule_with(&cap);
    struct memory memory = { 0 };

    rule.stop_after_declines = 1;
    ck_assert_int_eq(caps_allow(&rule, NULL, 0, NOW).answer, CAPS_ALLOW);
    ck_assert_int_eq(answer(&rule, &memory, 0), CAPS_ALLOW);
}
END_TEST

START_TEST(a_rolling_window_forgets_what_is_exactly_its_length_ago)
{
    struct cap cap = {
        .max = 2, .window = WINDOW_ROLLING, .window_us = 7 * DAY, .what = TOUCH_SHOWN
    };
    struct rule rule = rule_with(&cap);
    struct memory memory = { 0 };
    struct rule_memory *mine = remember(&memory, "r-mine", "camera", KIND_BUNDLE);

    touch(mine, TOUCH_SHOWN, NOW - 7 * DAY, 1);
    touch(mine, TOUCH_SHOWN, NOW - HOUR, 1);
    ck_assert_int_eq(answer(&rule, &memory, 0), CAPS_ALLOW);

    struct touch *touches = memory.touches[0];
    touches[0].at_us++;
    struct caps_verdict verdict = caps_allow(&rule, &memory.profile, 0, NOW);
    ck_assert_int_eq(verdict.answer, CAPS_CAP);
    ck_assert_ptr_eq(verdict.cap, &cap);
    ck_assert_int_eq(verdict.seen, 2);
    ck_assert_int_eq(verdict.wanted, 2);
}
END_TEST

START_TEST(calendar_windows_count_from_their_beginning_in_the_rules_zone)
{
    struct cap cap = { .max = 1, .what = TOUCH_SHOWN };
    struct rule rule = rule_with(&cap);
    static const struct {
        enum window_kind window;
        int64_t starts_us; /* in Tokyo: today, Monday, the first of the month, all at 00:00 */
    } windows[] = { { WINDOW_DAY, NOW - 12 * HOUR },
                    { WINDOW_WEEK, NOW - 12 * HOUR - 5 * DAY },
                    { WINDOW_MONTH, NOW - 12 * HOUR - 20 * DAY } };

    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        cap.window = windows[i].window;
        struct memory before = { 0 }, inside = { 0 };
        touch(remember(&before, "r-mine", NULL, KIND_BUNDLE), TOUCH_SHOWN, windows[i].starts_us - 1,
              0);
        touch(remember(&inside, "r-mine", NULL, KIND_BUNDLE), TOUCH_SHOWN, windows[i].starts_us, 0);
        ck_assert_int_eq(answer(&rule, &before, 0), CAPS_ALLOW);
        ck_assert_int_eq(answer(&rule, &inside, 0), CAPS_CAP);
    }
}
END_TEST

START_TEST(a_session_window_counts_this_session_only)
{
    struct cap cap = { .max = 1, .window = WINDOW_SESSION, .what = TOUCH_SHOWN };
    struct rule rule = rule_with(&cap);
    struct memory memory = { 0 };
    touch(remember(&memory, "r-mine", NULL, KIND_BUNDLE), TOUCH_SHOWN, NOW - 20 * HOUR, 77);

    ck_assert_int_eq(answer(&rule, &memory, 77), CAPS_CAP);
    ck_assert_int_eq(answer(&rule, &memory, 78), CAPS_ALLOW);
}
END_TEST

START_TEST(without_a_session_id_the_last_half_hour_is_the_session)
{
    struct cap cap = { .max = 1, .window = WINDOW_SESSION, .what = TOUCH_SHOWN };
    struct rule rule = rule_with(&cap);
    struct memory memory = { 0 };
    touch(remember(&memory, "r-mine", NULL, KIND_BUNDLE), TOUCH_SHOWN, NOW - 30 * MINUTE, 77);

    ck_assert_int_eq(answer(&rule, &memory, 0), CAPS_ALLOW);
    memory.touches[0][0].at_us++;
    ck_assert_int_eq(answer(&rule, &memory, 0), CAPS_CAP);
}
END_TEST

START_TEST(a_cap_counts_only_what_it_names_and_several_all_hold)
{
    struct cap caps[] = { { .max = 5, .window = WINDOW_LIFETIME, .what = TOUCH_SHOWN },
                          { .max = 1, .window = WINDOW_LIFETIME, .what = TOUCH_ACCEPTED } };
    struct rule rule = rule_with(caps);
    struct memory memory = { 0 };
    struct rule_memory *mine = remember(&memory, "r-mine", NULL, KIND_BUNDLE);
    rule.n_caps = 2;

    touch(mine, TOUCH_SHOWN, NOW - 400 * DAY, 0);
    touch(mine, TOUCH_CLICKED, NOW - 400 * DAY, 0);
    ck_assert_int_eq(answer(&rule, &memory, 0), CAPS_ALLOW);
    touch(mine, TOUCH_ACCEPTED, NOW - 400 * DAY, 0);
    ck_assert_ptr_eq(caps_allow(&rule, &memory.profile, 0, NOW).cap, &caps[1]);
}
END_TEST

START_TEST(touches_that_were_forgotten_count_when_the_window_may_hold_them)
{
    struct cap cap = { .max = 70, .window = WINDOW_ROLLING, .window_us = DAY, .what = TOUCH_SHOWN };
    struct rule rule = rule_with(&cap);
    struct memory memory = { 0 };
    struct rule_memory *mine = remember(&memory, "r-mine", NULL, KIND_BUNDLE);

    for (int i = 0; i < PROFILE_MAX_TOUCHES; i++)
        touch(mine, TOUCH_SHOWN, NOW - HOUR + i, 0);
    mine->totals[TOUCH_SHOWN] = 70; /* six more, before these */
    ck_assert_int_eq(answer(&rule, &memory, 0), CAPS_CAP);
    memory.touches[0][0].at_us = NOW - 2 * DAY; /* what came before it is outside too */
    ck_assert_int_eq(answer(&rule, &memory, 0), CAPS_ALLOW);
}
END_TEST

/* One showing in the laptop's session, forgotten since for so much on the phone. */
static void fill_other_session(struct rule_memory *mine, int64_t from_us)
{
    for (int i = 0; i < PROFILE_MAX_TOUCHES; i++)
        touch(mine, TOUCH_CLICKED, from_us + i, 78);
    mine->totals[TOUCH_SHOWN]++;
}

START_TEST(what_a_session_was_shown_counts_also_when_another_session_pushed_it_out)
{
    struct cap cap = { .max = 1, .window = WINDOW_SESSION, .what = TOUCH_SHOWN };
    struct rule rule = rule_with(&cap);
    struct memory memory = { 0 };
    fill_other_session(remember(&memory, "r-mine", NULL, KIND_BUNDLE), NOW - HOUR);
    ck_assert_int_eq(answer(&rule, &memory, 77), CAPS_CAP);
    ck_assert_int_eq(caps_used(&cap, &tokyo, &memory.profile, 77, NOW), 1);

    memory.touches[0][0].at_us = NOW - DAY + 1;
    ck_assert_int_eq(answer(&rule, &memory, 77), CAPS_CAP);
    memory.touches[0][0].at_us = NOW - DAY; /* no session is that old */
    ck_assert_int_eq(answer(&rule, &memory, 77), CAPS_ALLOW);
    ck_assert_int_eq(caps_used(&cap, &tokyo, &memory.profile, 77, NOW), 0);
    ck_assert_int_eq(answer(&rule, &memory, 78), CAPS_CAP); /* but what it did itself says so */
}
END_TEST

START_TEST(so_many_declines_without_an_acceptance_stop_a_rule_for_good)
{
    struct rule rule = rule_with(NULL);
    struct memory memory = { 0 };
    struct rule_memory *mine = remember(&memory, "r-mine", NULL, KIND_BUNDLE);
    rule.stop_after_declines = 2;

    touch(mine, TOUCH_DECLINED, NOW - 400 * DAY, 0);
    ck_assert_int_eq(answer(&rule, &memory, 0), CAPS_ALLOW);
    touch(mine, TOUCH_DECLINED, NOW - 300 * DAY, 0);
    struct caps_verdict verdict = caps_allow(&rule, &memory.profile, 0, NOW);
    ck_assert_int_eq(verdict.answer, CAPS_STOPPED);
    ck_assert_int_eq(verdict.seen, 2);
    ck_assert_int_eq(verdict.wanted, 2);
    touch(mine, TOUCH_ACCEPTED, NOW - 200 * DAY, 0);
    ck_assert_int_eq(answer(&rule, &memory, 0), CAPS_ALLOW);
}
END_TEST

SUITE_MAIN("rules/caps", a_guest_and_a_customer_who_never_saw_the_rule_may_see_it,
           a_rolling_window_forgets_what_is_exactly_its_length_ago,
           calendar_windows_count_from_their_beginning_in_the_rules_zone,
           a_session_window_counts_this_session_only,
           without_a_session_id_the_last_half_hour_is_the_session,
           a_cap_counts_only_what_it_names_and_several_all_hold,
           touches_that_were_forgotten_count_when_the_window_may_hold_them,
           what_a_session_was_shown_counts_also_when_another_session_pushed_it_out,
           so_many_declines_without_an_acceptance_stop_a_rule_for_good)
