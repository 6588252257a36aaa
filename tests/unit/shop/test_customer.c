/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/customer.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/out.h"
#include "shop/event.h"
#include "shop/profile_bytes.h"
#include "suite.h"

/* @profile with @event at the next position; takes @profile. */
static struct profile *after(struct profile *profile, const struct event *event)
{
    struct profile *next = NULL;
    ck_assert_int_eq(profile_apply(profile, event, profile ? profile->position + 1 : 1, &next), OK);
    profile_free(profile);
    return next;
}

static struct event event_of(enum event_type type, int64_t at_us)
{
    return (struct event){ .type = type, .customer_id = STR("C1"), .at_us = at_us };
}

static struct profile *order(struct profile *profile, const char *sku, int64_t quantity,
                             int64_t price, int64_t at_us)
{
    struct order_line line = { str_of(sku), quantity, price };
    struct event event = event_of(EVENT_ORDER_PLACED, at_us);
    event.order.lines = &line;
    event.order.n_lines = 1;
    return after(profile, &event);
}

static struct profile *touch(struct profile *profile, enum event_type type, const char *rule,
                             int64_t at_us)
{
    struct event event = event_of(type, at_us);
    event.offer.rule = str_of(rule);
    event.offer.group = STR("g");
    event.offer.kind = 3;
    event.session_id = STR("s-1");
    return after(profile, &event);
}

/* Everything a profile says, as text: equal profiles print the same. */
static void print(const struct profile *p, struct out *out)
{
    out_printf(out, "%.*s|%.*s|%lu|%ld %ld|%ld %ld %ld|%u\n", STR_ARG(p->customer_id),
               STR_ARG(p->first_name), p->position, p->first_seen_us, p->last_seen_us, p->orders,
               p->spend_minor, p->last_order_us, p->consent);
    for (uint32_t i = 0; i < p->n_owned; i++)
        out_printf(out, "owned %.*s %ld %ld %u %u\n", STR_ARG(p->owned[i].sku),
                   p->owned[i].quantity, p->owned[i].last_us, p->owned[i].orders,
                   p->owned[i].times_milli);
    for (uint32_t i = 0; i < p->n_viewed; i++)
        out_printf(out, "viewed %.*s\n", STR_ARG(p->viewed[i]));
    for (uint32_t i = 0; i < p->n_rules; i++) {
        const struct rule_memory *rule = &p->rules[i];
        out_printf(out, "rule %.*s %.*s %d %u\n", STR_ARG(rule->rule), STR_ARG(rule->group),
                   rule->kind, rule->declines_in_a_row);
        for (int what = 0; what < TOUCHES; what++)
            out_printf(out, "  %u %ld\n", rule->totals[what], rule->last_us[what]);
        for (uint32_t t = 0; t < rule->n_touches; t++)
            out_printf(out, "  at %ld %u %u\n", rule->touches[t].at_us, rule->touches[t].session,
                       rule->touches[t].what);
    }
}

START_TEST(counts_orders_spend_and_what_is_owned)
{
    struct profile *p = order(NULL, "LENS", 2, 100, 1000);
    p = order(p, "CAM", 1, 5000, 3000);
    p = order(p, "LENS", 1, 100, 2000);

    ck_assert_int_eq(p->orders, 3);
    ck_assert_int_eq(p->spend_minor, 5300);
    ck_assert_int_eq(p->last_order_us, 3000);
    ck_assert_int_eq(p->first_seen_us, 1000);
    ck_assert_int_eq(p->last_seen_us, 3000);
    ck_assert_int_eq(profile_owned(p, STR("LENS"))->quantity, 3);
    ck_assert_int_eq(profile_owned(p, STR("LENS"))->last_us, 2000);
    ck_assert_ptr_null(profile_owned(p, STR("BAG")));
    profile_free(p);
}
END_TEST

START_TEST(takes_a_returned_item_away_again)
{
    struct profile *p = order(NULL, "LENS", 2, 100, 1000);
    struct order_line lines[] = { { STR("LENS"), 1, 100 }, { STR("NEVER-BOUGHT"), 1, 50 } };
    struct event event = event_of(EVENT_ORDER_RETURNED, 2000);
    event.order.lines = lines;
    event.order.n_lines = 2;

    p = after(p, &event);
    ck_assert_int_eq(profile_owned(p, STR("LENS"))->quantity, 1);
    ck_assert_int_eq(profile_owned(p, STR("LENS"))->last_us, 1000);
    ck_assert_int_eq(p->spend_minor, 50);
    ck_assert_ptr_null(profile_owned(p, STR("NEVER-BOUGHT")));
    p = after(p, &event);

    ck_assert_ptr_null(profile_owned(p, STR("LENS")));
    ck_assert_uint_eq(p->n_owned, 0);
    profile_free(p);
}
END_TEST

START_TEST(adds_up_lines_of_one_product_within_an_order)
{
    struct order_line lines[] = { { STR("B"), 1, 1 }, { STR("A"), 2, 1 }, { STR("B"), 3, 1 } };
    struct event event = event_of(EVENT_ORDER_PLACED, 1);
    event.order.lines = lines;
    event.order.n_lines = 3;

    struct profile *p = after(NULL, &event);

    ck_assert_uint_eq(p->n_owned, 2);
    ck_assert_int_eq(profile_owned(p, STR("B"))->quantity, 4);
    profile_free(p);
}
END_TEST

START_TEST(spend_stops_at_the_end_of_its_type_instead_of_turning_round)
{
    struct profile *p = NULL;
    for (int i = 0; i < 20; i++)
        p = order(p, "GOLD", 1000000, 1000000000000, i + 1);

    ck_assert_int_eq(p->spend_minor, INT64_MAX);
    profile_free(p);
}
END_TEST

START_TEST(keeps_the_products_bought_last)
{
    struct profile *p = NULL;
    char sku[16];
    for (int i = 0; i < PROFILE_MAX_OWNED + 10; i++) {
        snprintf(sku, sizeof sku, "SKU-%04d", i);
        p = order(p, sku, 1, 1, i + 1);
    }

    ck_assert_uint_eq(p->n_owned, PROFILE_MAX_OWNED);
    ck_assert_ptr_null(profile_owned(p, STR("SKU-0009")));
    ck_assert_ptr_nonnull(profile_owned(p, STR("SKU-0010")));
    for (uint32_t i = 1; i < p->n_owned; i++)
        ck_assert_int_lt(str_cmp(p->owned[i - 1].sku, p->owned[i].sku), 0);
    profile_free(p);
}
END_TEST

START_TEST(remembers_views_newest_first_each_once)
{
    struct profile *p = NULL;
    char sku[16];
    for (int i = 0; i < PROFILE_MAX_VIEWED + 3; i++) {
        snprintf(sku, sizeof sku, "V-%02d", i);
        struct event event = event_of(EVENT_PRODUCT_VIEWED, i + 1);
        event.sku = str_of(sku);
        p = after(p, &event);
    }
    struct event again = event_of(EVENT_PRODUCT_VIEWED, 100);
    again.sku = STR("V-20");
    p = after(p, &again);

    ck_assert_uint_eq(p->n_viewed, PROFILE_MAX_VIEWED);
    ck_assert(str_is(p->viewed[0], "V-20"));
    ck_assert(str_is(p->viewed[1], "V-34"));
    for (uint32_t i = 1; i < p->n_viewed; i++)
        ck_assert(!str_is(p->viewed[i], "V-20"));
    profile_free(p);
}
END_TEST

START_TEST(remembers_what_became_of_a_rules_offers)
{
    struct profile *p = touch(NULL, EVENT_OFFER_SHOWN, "r", 10);
    p = touch(p, EVENT_OFFER_CLICKED, "r", 11);
    p = touch(p, EVENT_OFFER_DECLINED, "r", 12);
    p = touch(p, EVENT_OFFER_SHOWN, "r", 20);
    p = touch(p, EVENT_OFFER_DECLINED, "r", 21);

    const struct rule_memory *rule = profile_rule(p, STR("r"));
    ck_assert_uint_eq(rule->totals[TOUCH_SHOWN], 2);
    ck_assert_uint_eq(rule->totals[TOUCH_DECLINED], 2);
    ck_assert_int_eq(rule->last_us[TOUCH_SHOWN], 20);
    ck_assert_int_eq(rule->last_us[TOUCH_ACCEPTED], 0);
    ck_assert_uint_eq(rule->declines_in_a_row, 2);
    ck_assert_int_eq(rule->kind, 3);
    ck_assert(str_is(rule->group, "g"));
    ck_assert_uint_eq(rule->n_touches, 5);
    ck_assert_uint_eq(rule->touches[0].session, session_mark(STR("s-1")));
    p = touch(p, EVENT_OFFER_ACCEPTED, "r", 30);
    ck_assert_uint_eq(profile_rule(p, STR("r"))->declines_in_a_row, 0);
    profile_free(p);
}
END_TEST

START_TEST(puts_a_late_touch_where_it_belongs_and_keeps_the_newest)
{
    struct profile *p = touch(NULL, EVENT_OFFER_SHOWN, "r", 500);
    p = touch(p, EVENT_OFFER_SHOWN, "r", 100);
    ck_assert_int_eq(profile_rule(p, STR("r"))->touches[0].at_us, 100);
    ck_assert_int_eq(profile_rule(p, STR("r"))->last_us[TOUCH_SHOWN], 500);
    for (int i = 0; i < PROFILE_MAX_TOUCHES; i++)
        p = touch(p, EVENT_OFFER_SHOWN, "r", 1000 + i);

    const struct rule_memory *rule = profile_rule(p, STR("r"));
    ck_assert_uint_eq(rule->n_touches, PROFILE_MAX_TOUCHES);
    ck_assert_int_eq(rule->touches[0].at_us, 1000);
    ck_assert_uint_eq(rule->totals[TOUCH_SHOWN], PROFILE_MAX_TOUCHES + 2);
    profile_free(p);
}
END_TEST

START_TEST(forgets_the_rule_touched_longest_ago)
{
    struct profile *p = NULL;
    char rule[16];
    for (int i = 0; i < PROFILE_MAX_RULES; i++) {
        snprintf(rule, sizeof rule, "rule-%03d", i);
        p = touch(p, EVENT_OFFER_SHOWN, rule, 1000 + i);
    }
    p = touch(p, EVENT_OFFER_SHOWN, "rule-000", 5000);
    p = touch(p, EVENT_OFFER_SHOWN, "one-more", 6000);

    ck_assert_uint_eq(p->n_rules, PROFILE_MAX_RULES);
    ck_assert_ptr_nonnull(profile_rule(p, STR("rule-000")));
    ck_assert_ptr_nonnull(profile_rule(p, STR("one-more")));
    ck_assert_ptr_null(profile_rule(p, STR("rule-001")));
    profile_free(p);
}
END_TEST

START_TEST(an_acceptance_ends_the_row_of_the_declines_before_it_only)
{
    struct profile *p = touch(NULL, EVENT_OFFER_DECLINED, "r", 200);
    p = touch(p, EVENT_OFFER_DECLINED, "r", 300);
    p = touch(p, EVENT_OFFER_ACCEPTED, "r", 100); /* late in the log */
    ck_assert_uint_eq(profile_rule(p, STR("r"))->declines_in_a_row, 2);

    struct profile *next = NULL;
    struct event guests = event_of(EVENT_OFFER_ACCEPTED, 150);
    guests.offer.rule = STR("r");
    ck_assert_int_eq(profile_absorb(p, &guests, &next), OK);
    profile_free(p);
    ck_assert_uint_eq(profile_rule(next, STR("r"))->declines_in_a_row, 2);

    p = touch(next, EVENT_OFFER_ACCEPTED, "r", 250);
    ck_assert_uint_eq(profile_rule(p, STR("r"))->declines_in_a_row, 1);
    p = touch(p, EVENT_OFFER_ACCEPTED, "r", 300);
    ck_assert_uint_eq(profile_rule(p, STR("r"))->declines_in_a_row, 0);
    profile_free(p);
}
END_TEST

START_TEST(an_acceptance_older_than_all_that_is_remembered_ends_no_row)
{
    struct profile *p = touch(NULL, EVENT_OFFER_DECLINED, "r", 200);
    p = touch(p, EVENT_OFFER_DECLINED, "r", 300);
    for (int i = 0; i < PROFILE_MAX_TOUCHES; i++)
        p = touch(p, EVENT_OFFER_CLICKED, "r", 1000 + i);
    p = touch(p, EVENT_OFFER_ACCEPTED, "r",
              250); /* one of the two was before it: which is not known */
    ck_assert_uint_eq(profile_rule(p, STR("r"))->declines_in_a_row, 2);
    p = touch(p, EVENT_OFFER_ACCEPTED, "r", 400);
    ck_assert_uint_eq(profile_rule(p, STR("r"))->declines_in_a_row, 0);
    profile_free(p);
}
END_TEST

START_TEST(forgets_what_was_answered_last_and_what_was_only_shown_first)
{
    struct profile *p = touch(NULL, EVENT_OFFER_DECLINED, "declined", 1);
    p = touch(p, EVENT_OFFER_ACCEPTED, "accepted", 2);
    char rule[16];
    for (int i = 0; i < 2 * PROFILE_MAX_RULES; i++) {
        snprintf(rule, sizeof rule, "rule-%03d", i);
        p = touch(p, EVENT_OFFER_SHOWN, rule, 1000 + i);
    }
    ck_assert_uint_eq(p->n_rules, PROFILE_MAX_RULES);
    ck_assert_ptr_nonnull(profile_rule(p, STR("declined")));
    ck_assert_ptr_nonnull(profile_rule(p, STR("accepted")));
    ck_assert_uint_eq(profile_rule(p, STR("declined"))->declines_in_a_row, 1);
    ck_assert_uint_eq(profile_rule(p, STR("accepted"))->totals[TOUCH_ACCEPTED], 1);
    profile_free(p);
}
END_TEST

START_TEST(remembers_what_was_shown_lately_however_much_was_answered)
{
    struct profile *p = NULL;
    char rule[16];
    for (int i = 0; i < 2 * PROFILE_MAX_RULES; i++) {
        snprintf(rule, sizeof rule, "no-%03d", i);
        p = touch(p, EVENT_OFFER_DECLINED, rule, 1000 + i);
    }
    for (int i = 0; i < PROFILE_MAX_RULES - PROFILE_MAX_ANSWERED; i++) {
        snprintf(rule, sizeof rule, "shown-%03d", i);
        p = touch(p, EVENT_OFFER_SHOWN, rule, 5000 + i);
    }
    ck_assert_uint_eq(p->n_rules, PROFILE_MAX_RULES);
    ck_assert_ptr_nonnull(profile_rule(p, STR("shown-000")));
    ck_assert_ptr_nonnull(profile_rule(p, STR("no-511")));
    ck_assert_ptr_null(profile_rule(p, STR("no-000")));
    profile_free(p);
}
END_TEST

START_TEST(follows_consent_as_it_is_given_and_withdrawn)
{
    struct event event = event_of(EVENT_CUSTOMER_UPDATED, 1);
    event.customer.consent_given = CONSENT_PERSONALIZATION | CONSENT_MARKETING;
    event.customer.name = STR("花子");
    struct profile *p = after(NULL, &event);
    ck_assert_uint_eq(p->consent, CONSENT_PERSONALIZATION | CONSENT_MARKETING);

    event.customer.consent_given = 0;
    event.customer.consent_withdrawn = CONSENT_PERSONALIZATION;
    event.customer.name = (struct str){ 0 };
    p = after(p, &event);

    ck_assert_uint_eq(p->consent, CONSENT_MARKETING);
    ck_assert(str_is(p->first_name, "花子"));
    profile_free(p);
}
END_TEST

START_TEST(an_event_it_has_already_changes_nothing)
{
    struct profile *p = order(NULL, "LENS", 2, 100, 1000);
    struct order_line line = { STR("CAM"), 1, 1 };
    struct event event = event_of(EVENT_ORDER_PLACED, 2000);
    event.order.lines = &line;
    event.order.n_lines = 1;
    struct profile *again = NULL;

    ck_assert_int_eq(profile_apply(p, &event, p->position, &again), OK);

    ck_assert_int_eq(again->orders, 1);
    ck_assert_ptr_null(profile_owned(again, STR("CAM")));
    profile_free(p);
    profile_free(again);
}
END_TEST

START_TEST(absorbs_what_another_has_done_but_not_who_that_was)
{
    struct profile *p = order(NULL, "LENS", 2, 100, 5000), *next = NULL;
    p = touch(p, EVENT_OFFER_DECLINED, "r", 6000);
    struct event others = event_of(EVENT_OFFER_DECLINED, 1000);
    others.customer_id = STR("guest");
    others.offer.rule = STR("r");
    ck_assert_int_eq(profile_absorb(p, &others, &next), OK);
    profile_free(p);

    ck_assert(str_is(next->customer_id, "C1"));
    ck_assert_uint_eq(next->position, 2);
    ck_assert_int_eq(next->first_seen_us, 1000);
    ck_assert_int_eq(next->last_seen_us, 6000);
    ck_assert_uint_eq(profile_rule(next, STR("r"))->totals[TOUCH_DECLINED], 2);
    ck_assert_int_eq(profile_rule(next, STR("r"))->touches[0].at_us, 1000);

    struct event update = event_of(EVENT_CUSTOMER_UPDATED, 500);
    update.customer.consent_given = CONSENT_PERSONALIZATION;
    update.customer.name = STR("Somebody");
    ck_assert_int_eq(profile_absorb(next, &update, &p), OK);
    ck_assert_uint_eq(p->consent, 0);
    ck_assert_ptr_null(p->first_name.at);
    ck_assert_int_eq(p->first_seen_us, 1000);
    profile_free(p);
    profile_free(next);
}
END_TEST

/* The k-th of a long, repeatable run of events of all sorts. */
static struct profile *step(struct profile *p, unsigned k)
{
    unsigned r = k * 2654435761u >> 7;
    char name[24];
    snprintf(name, sizeof name, "x%u", r % 700);
    switch (r % 5) {
    case 0: return order(p, name, 1 + r % 3, r % 1000, 1000 + r % 5000);
    case 1: return touch(p, EVENT_OFFER_DECLINED, name, 1000 + r % 5000);
    case 2: return touch(p, EVENT_OFFER_SHOWN, name, 1000 + r % 5000);
    case 3: return touch(p, EVENT_OFFER_SHOWN, "same", 1000 + r % 5000);
    default: {
        struct event event = event_of(EVENT_PRODUCT_VIEWED, 1000 + r % 5000);
        event.sku = str_of(name);
        return after(p, &event);
    }
    }
}

START_TEST(the_same_events_give_the_same_profile_also_in_two_halves)
{
    struct profile *whole = NULL, *halves = NULL, *copy = NULL;
    for (unsigned k = 0; k < 4000; k++)
        whole = step(whole, k);
    for (unsigned k = 0; k < 1777; k++)
        halves = step(halves, k);
    const struct event nothing = event_of(EVENT_FEEDBACK, 0);
    ck_assert_int_eq(profile_apply(halves, &nothing, 0, &copy),
                     OK); /* as it would come back from a store */
    profile_free(halves);
    for (unsigned k = 1777; k < 4000; k++)
        copy = step(copy, k);

    struct out a, b;
    out_init(&a, NULL, 65536);
    out_init(&b, NULL, 65536);
    print(whole, &a);
    print(copy, &b);
    ck_assert_uint_gt(a.len, 20000);
    ck_assert(str_eq(out_str(&a), out_str(&b)));
    ck_assert_uint_eq(profile_bytes(whole), profile_bytes(copy));
    out_deinit(&a);
    out_deinit(&b);
    profile_free(whole);
    profile_free(copy);
}
END_TEST

START_TEST(a_session_that_is_not_given_leaves_no_mark)
{
    ck_assert_uint_eq(session_mark((struct str){ 0 }), 0);
    ck_assert_uint_ne(session_mark(STR("s-1")), 0);
    ck_assert_uint_ne(session_mark(STR("s-1")), session_mark(STR("s-2")));
}
END_TEST

START_TEST(a_copy_says_the_same_when_the_original_is_gone)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16, 1 << 20);
    struct profile *profile = order(NULL, "CAM-1", 2, 100, 10);
    profile = order(profile, "CARD-64", 1, 10, 20);
    profile = touch(profile, EVENT_OFFER_SHOWN, "a-rule", 30);
    profile = touch(profile, EVENT_OFFER_DECLINED, "b-rule", 40);
    struct event viewed = event_of(EVENT_PRODUCT_VIEWED, 50);
    viewed.sku = STR("LENS-1");
    profile = after(profile, &viewed);
    struct out before, since;
    out_init(&before, arena, 1024);
    out_init(&since, arena, 1024);
    print(profile, &before);

    struct profile *copy = profile_copy(profile, arena);
    ck_assert_ptr_nonnull(copy);
    memset(profile, 0xa5, profile_bytes(copy));
    profile = profile_free(profile);
    print(copy, &since);
    ck_assert(str_eq(out_str(&before), out_str(&since)));
    ck_assert_ptr_nonnull(profile_owned(copy, STR("CARD-64")));
    ck_assert_uint_eq(profile_rule(copy, STR("b-rule"))->n_touches, 1);
}
END_TEST

START_TEST(hints_stay_until_something_is_bought_and_are_not_copied)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16, 1 << 20);
    struct profile *profile = order(NULL, "CAM-1", 2, 100, 10);
    ck_assert_uint_eq(profile_hint(profile, 0), UINT32_MAX);
    profile_set_hint(profile, 0, 7);
    profile = touch(profile, EVENT_OFFER_SHOWN, "a-rule", 30);
    ck_assert_uint_eq(profile_hint(profile, 0), 7);
    ck_assert_uint_eq(profile_hint(profile_copy(profile, arena), 0), UINT32_MAX);
    profile = order(profile, "BAG-1", 1, 10, 40);
    ck_assert_uint_eq(profile_hint(profile, 0), UINT32_MAX);
    ck_assert_uint_eq(profile_hint(profile, 1), UINT32_MAX);
    (void) profile_free(profile);
}
END_TEST

static const int64_t DAY_US = INT64_C(86400000000);

START_TEST(counts_how_often_a_product_was_ordered_and_fades_it_by_half_in_half_a_year)
{
    int64_t begin = 20000 * DAY_US;
    struct profile *p = order(NULL, "BEANS", 3, 100, begin);
    ck_assert_uint_eq(profile_owned(p, STR("BEANS"))->orders, 1);
    ck_assert_uint_eq(profile_owned(p, STR("BEANS"))->times_milli, 1000);
    p = order(p, "BEANS", 1, 100, begin + HABIT_HALF_LIFE_DAYS * DAY_US);
    ck_assert_uint_eq(profile_owned(p, STR("BEANS"))->orders, 2);
    ck_assert_uint_eq(profile_owned(p, STR("BEANS"))->times_milli, 1500);

    p = order(p, "BEANS", 1, 100, begin); /* late in the log: as old as it is */
    ck_assert_uint_eq(profile_owned(p, STR("BEANS"))->orders, 3);
    ck_assert_uint_eq(profile_owned(p, STR("BEANS"))->times_milli, 2000);
    ck_assert_int_eq(profile_owned(p, STR("BEANS"))->last_us,
                     begin + HABIT_HALF_LIFE_DAYS * DAY_US);

    struct order_line lines[] = { { STR("BEANS"), 1, 100 }, { STR("BEANS"), 2, 90 } };
    struct event event = event_of(EVENT_ORDER_PLACED, begin + 4 * HABIT_HALF_LIFE_DAYS * DAY_US);
    event.order.lines = lines;
    event.order.n_lines = 2;
    p = after(p, &event); /* two lines, one order */
    ck_assert_uint_eq(profile_owned(p, STR("BEANS"))->orders, 4);
    ck_assert_uint_eq(profile_owned(p, STR("BEANS"))->times_milli, 1250);
    profile_free(p);
}
END_TEST

START_TEST(does_not_say_how_often_once_it_may_have_forgotten)
{
    struct profile *p = NULL;
    char sku[16];
    for (uint32_t i = 0; i <= PROFILE_MAX_OWNED; i++) {
        ck_assert(!p || !p->forgot);
        (void) snprintf(sku, sizeof sku, "S%04u", i);
        p = order(p, sku, 1, 100, (i + 1) * DAY_US);
    }
    ck_assert(p->forgot);
    ck_assert_ptr_null(profile_owned(p, STR("S0000")));
    ck_assert_uint_eq(profile_owned(p, STR("S0512"))->orders,
                      1); /* what pushed another out is new */
    p = order(p, "S0000", 1, 100, 600 * DAY_US);
    ck_assert_uint_eq(profile_owned(p, STR("S0000"))->orders, 0);
    ck_assert_uint_eq(profile_owned(p, STR("S0000"))->times_milli, 1000);
    p = order(p, "S0000", 1, 100, 600 * DAY_US);
    ck_assert_uint_eq(profile_owned(p, STR("S0000"))->orders, 0);
    p = order(p, "S0400", 1, 100, 600 * DAY_US);
    ck_assert_uint_eq(profile_owned(p, STR("S0400"))->orders, 2);

    struct out bytes;
    struct profile *parsed = NULL;
    out_init(&bytes, NULL, 0);
    profile_print(&bytes, p);
    ck_assert_int_eq(profile_parse(p->customer_id, out_str(&bytes), &parsed), OK);
    ck_assert(parsed->forgot);
    ck_assert_uint_eq(profile_owned(parsed, STR("S0000"))->orders, 0);
    ck_assert_uint_eq(profile_owned(parsed, STR("S0400"))->orders, 2);
    ck_assert_uint_eq(profile_owned(parsed, STR("S0400"))->times_milli,
                      profile_owned(p, STR("S0400"))->times_milli);
    out_deinit(&bytes);
    profile_free(parsed);
    profile_free(p);
}
END_TEST

SUITE_MAIN("shop/customer", hints_stay_until_something_is_bought_and_are_not_copied,
           counts_how_often_a_product_was_ordered_and_fades_it_by_half_in_half_a_year,
           does_not_say_how_often_once_it_may_have_forgotten,
           a_copy_says_the_same_when_the_original_is_gone, counts_orders_spend_and_what_is_owned,
           takes_a_returned_item_away_again, adds_up_lines_of_one_product_within_an_order,
           spend_stops_at_the_end_of_its_type_instead_of_turning_round,
           keeps_the_products_bought_last, remembers_views_newest_first_each_once,
           remembers_what_became_of_a_rules_offers,
           puts_a_late_touch_where_it_belongs_and_keeps_the_newest,
           an_acceptance_ends_the_row_of_the_declines_before_it_only,
           an_acceptance_older_than_all_that_is_remembered_ends_no_row,
           forgets_the_rule_touched_longest_ago,
           forgets_what_was_answered_last_and_what_was_only_shown_first,
           remembers_what_was_shown_lately_however_much_was_answered,
           follows_consent_as_it_is_given_and_withdrawn, an_event_it_has_already_changes_nothing,
           absorbs_what_another_has_done_but_not_who_that_was,
           the_same_events_give_the_same_profile_also_in_two_halves,
           a_session_that_is_not_given_leaves_no_mark)
