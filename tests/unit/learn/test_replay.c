/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/replay.h"

#include <stdio.h>

#include "base/out.h"
#include "fake_event_log.h"
#include "learn/payload.h"
#include "ports/event_log.h"
#include "shop/customer.h"
#include "shop/event.h"
#include "shop/profile_bytes.h"
#include "suite.h"

enum { EVENTS_MAX = 12000 };

static struct event_log *event_log;
static struct arena *scratch, *kept; /* of one event, of all */
static _Atomic uint64_t unreadable;
static struct event events[EVENTS_MAX]; /* events[i] stands at position i + 1 */
static uint32_t n_events;

static void set_up(void)
{
    ck_assert_int_eq(fake_event_log_new(&event_log), OK);
    scratch = arena_new(1 << 12, 1 << 20);
    kept = arena_new(1 << 16, 1 << 28);
    n_events = 0;
    unreadable = 0;
}

static void tear_down(void)
{
    event_log->free(event_log);
    arena_free(scratch);
    arena_free(kept);
}

static void append(struct event *event)
{
    char id[16];
    struct out payload;
    struct append_outcome outcome;
    const struct event *one = event;
    snprintf(id, sizeof id, "e-%u", n_events);
    event->event_id = arena_copy(kept, str_of(id));
    event->shop = STR("main");
    event->at_us = INT64_C(1700000000000000) + n_events * INT64_C(1000);
    event->offer.kind = 2;
    out_init(&payload, kept, 256);
    payload_print(&payload, event);
    event->payload = out_str(&payload);
    if (event_log->append(event_log, &one, 1, 1, &outcome, NULL) != OK ||
        outcome.position != n_events + 1)
        ck_abort_msg("not appended");
    events[n_events++] = *event;
}

static void view(const char *customer, const char *sku)
{
    append(&(struct event){
        .type = EVENT_PRODUCT_VIEWED, .customer_id = str_of(customer), .sku = str_of(sku) });
}

static void decline(const char *customer, const char *rule)
{
    append(&(struct event){ .type = EVENT_OFFER_DECLINED,
                            .customer_id = str_of(customer),
                            .offer.rule = str_of(rule),
                            .offer.offer_id = STR("id"),
                            .offer.decision_id = STR("d") });
}

static void identify(const char *customer, const char *anonymous)
{
    append(&(struct event){ .type = EVENT_CUSTOMER_IDENTIFIED,
                            .customer_id = str_of(customer),
                            .anonymous_id = str_of(anonymous) });
}

static void update(const char *customer, const char *name)
{
    append(&(struct event){ .type = EVENT_CUSTOMER_UPDATED,
                            .customer_id = str_of(customer),
                            .customer.name = str_of(name),
                            .customer.consent_given = CONSENT_PERSONALIZATION });
}

static struct profile *replay(const char *customer)
{
    struct profile *profile = NULL;
    struct err_note why = { "" };
    ck_assert_int_eq(replay_customer(event_log, STR("main"), str_of(customer), scratch, &unreadable,
                                     &profile, &why),
                     OK);
    return profile;
}

static uint32_t declines(const struct profile *profile, const char *rule)
{
    const struct rule_memory *memory = profile_rule(profile, str_of(rule));
    return memory ? memory->totals[TOUCH_DECLINED] : 0;
}

static uint32_t declines_of(const char *customer, const char *rule)
{
    AUTO(profile_free) struct profile *profile = replay(customer);
    return declines(profile, rule);
}

START_TEST(a_customer_has_done_what_the_guest_had_done_before)
{
    set_up();
    update("guest", "Somebody");
    view("guest", "LENS");
    decline("guest", "r");
    update("C", "Hanako");
    identify("C", "guest");
    view("guest", "LATER");
    view("C", "BAG");

    AUTO(profile_free) struct profile *profile = replay("C");
    ck_assert_uint_eq(declines(profile, "r"), 1);
    ck_assert_uint_eq(profile->n_viewed, 2);
    ck_assert(str_is(profile->viewed[0], "BAG") && str_is(profile->viewed[1], "LENS"));
    ck_assert_int_eq(profile->first_seen_us, events[1].at_us);
    ck_assert_int_eq(profile->last_seen_us, events[6].at_us);
    ck_assert_uint_eq(profile->position, 7);
    ck_assert(str_is(profile->first_name, "Hanako"));
    tear_down();
}
END_TEST

START_TEST(a_guests_consent_is_not_the_customers)
{
    set_up();
    update("guest", "Somebody");
    identify("C", "guest");
    AUTO(profile_free) struct profile *profile = replay("C");
    ck_assert_uint_eq(profile->consent, 0);
    ck_assert_ptr_null(profile->first_name.at);
    ck_assert_int_eq(profile->first_seen_us, events[1].at_us);
    tear_down();
}
END_TEST

START_TEST(saying_it_again_counts_only_what_happened_since)
{
    set_up();
    decline("guest", "r");
    identify("C", "guest");
    identify("C", "guest");
    ck_assert_uint_eq(declines_of("C", "r"), 1);
    decline("guest", "r");
    ck_assert_uint_eq(declines_of("C", "r"), 1);
    identify("C", "guest");
    identify("C", "guest");
    ck_assert_uint_eq(declines_of("C", "r"), 2);
    ck_assert_uint_eq(declines_of("guest", "r"), 2);
    tear_down();
}
END_TEST

START_TEST(several_guests_may_have_been_the_customer)
{
    set_up();
    decline("phone", "r");
    decline("laptop", "r");
    identify("C", "phone");
    identify("C", "laptop");
    ck_assert_uint_eq(declines_of("C", "r"), 2);
    tear_down();
}
END_TEST

START_TEST(a_chain_is_followed_and_nothing_counts_twice)
{
    set_up();
    decline("a", "r");
    identify("b", "a");
    decline("b", "r");
    identify("C", "b");
    identify("C", "a"); /* by the chain already */
    ck_assert_uint_eq(declines_of("C", "r"), 2);
    decline("a", "r");
    ck_assert_uint_eq(declines_of("C", "r"), 2);
    identify("C", "a");
    ck_assert_uint_eq(declines_of("C", "r"), 3);
    tear_down();
}
END_TEST

START_TEST(a_circle_ends_and_nothing_counts_twice)
{
    set_up();
    for (int round = 0; round < 20; round++) {
        decline("a", "r");
        decline("b", "r");
        identify("a", "b");
        identify("b", "a");
    }
    ck_assert_uint_eq(declines_of("a", "r"), 40);
    ck_assert_uint_eq(declines_of("b", "r"), 40);
    identify("C", "a");
    ck_assert_uint_eq(declines_of("C", "r"), 40);
    tear_down();
}
END_TEST

START_TEST(a_chain_is_followed_so_far_and_no_farther)
{
    static const char *const ids[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };
    set_up();
    for (int i = 9; i >= 0; i--) {
        if (i < 9)
            identify(ids[i], ids[i + 1]);
        decline(ids[i], "r");
    }
    ck_assert_uint_eq(declines_of("0", "r"), 1 + REPLAY_MAX_DEPTH);
    tear_down();
}
END_TEST

START_TEST(an_id_that_a_whole_shop_shares_is_taken_up_to_a_bound)
{
    set_up();
    for (int i = 0; i < REPLAY_MAX_ABSORBED + 500; i++)
        decline("everybody", "r");
    identify("C", "everybody");
    decline("C", "r");
    ck_assert_uint_eq(declines_of("C", "r"), REPLAY_MAX_ABSORBED + 1);
    tear_down();
}
END_TEST

START_TEST(a_log_of_many_megabytes_is_read_in_pieces_and_whole)
{
    static char text[200000];
    set_up();
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 100; i++) {
        decline("guest", "r");
        append(&(struct event){
            .type = EVENT_FEEDBACK, .customer_id = STR("guest"), .text = str_of(text) });
        append(&(struct event){
            .type = EVENT_FEEDBACK, .customer_id = STR("C"), .text = str_of(text) });
        if (i % 7 == 0)
            identify("C", "guest");
        decline("C", "own");
    }
    ck_assert_uint_eq(declines_of("C", "r"), 99);
    ck_assert_uint_eq(declines_of("C", "own"), 100);
    tear_down();
}
END_TEST

START_TEST(what_cannot_be_read_back_is_passed_over_and_counted)
{
    set_up();
    decline("guest", "r");
    struct event broken = { .type = EVENT_FEEDBACK,
                            .shop = STR("main"),
                            .event_id = STR("broken"),
                            .customer_id = STR("guest"),
                            .payload = STR("{") };
    const struct event *one = &broken;
    struct append_outcome outcome;
    ck_assert_int_eq(event_log->append(event_log, &one, 1, 1, &outcome, NULL), OK);
    n_events++;
    decline("guest", "r");
    identify("C", "guest");
    ck_assert_uint_eq(declines_of("C", "r"), 2);
    ck_assert_uint_eq(unreadable, 1);
    tear_down();
}
END_TEST

START_TEST(a_log_that_fails_fails_the_replay)
{
    set_up();
    decline("C", "r");
    fake_event_log_fail(event_log, true);
    struct profile *profile = NULL;
    ck_assert_int_eq(
        replay_customer(event_log, STR("main"), STR("C"), scratch, &unreadable, &profile, NULL),
        ERR_UNAVAILABLE);
    ck_assert_ptr_null(profile);
    tear_down();
}
END_TEST

/* ── beside a plain reckoning: every event is taken when it is first come upon ──────────────── */

static bool taken[EVENTS_MAX];

static struct profile *reckon(struct profile *profile, struct str root, struct str id, uint32_t end)
{
    bool own = str_eq(root, id);
    for (uint32_t i = 0; i < end; i++) {
        struct profile *next = NULL;
        if (taken[i] || !str_eq(events[i].customer_id, id))
            continue;
        taken[i] = true;
        if ((own ? profile_apply(profile, &events[i], i + 1, &next)
                 : profile_absorb(profile, &events[i], &next)) != OK)
            ck_abort_msg("out of memory");
        profile_free(profile);
        profile = next;
        if (events[i].type == EVENT_CUSTOMER_IDENTIFIED && !str_eq(events[i].anonymous_id, root))
            profile = reckon(profile, root, events[i].anonymous_id, i);
    }
    return profile;
}

static void check_as_reckoned(const char *customer)
{
    struct profile *replayed = replay(customer), *reckoned = profile_new(str_of(customer));
    struct out one, two;
    out_init(&one, NULL, 256);
    out_init(&two, NULL, 256);
    memset(taken, 0, sizeof taken);
    reckoned = reckon(reckoned, str_of(customer), str_of(customer), n_events);
    profile_print(&one, replayed);
    profile_print(&two, reckoned);
    ck_assert(str_eq(out_str(&one), out_str(&two)));
    out_deinit(&one);
    out_deinit(&two);
    profile_free(replayed);
    profile_free(reckoned);
}

START_TEST(any_log_gives_what_a_plain_reckoning_gives)
{
    static const char *const ids[] = { "a", "b", "c", "d", "e", "f" };
    uint32_t state = 5;
    for (int round = 0; round < 60; round++) {
        set_up();
        for (int i = 0; i < 60; i++) {
            state = state * 1664525 + 1013904223;
            const char *who = ids[(state >> 8) % 6], *other = ids[(state >> 12) % 6];
            if (state >> 30 == 0 && who != other)
                identify(who, other);
            else if (state >> 28 == 5)
                update(who, other);
            else if (state >> 31)
                decline(who, ids[(state >> 16) % 6]);
            else
                view(who, ids[(state >> 16) % 6]);
        }
        for (int i = 0; i < 6; i++)
            check_as_reckoned(ids[i]);
        tear_down();
    }
}
END_TEST

START_TEST(read_ahead_it_is_the_same_profile)
{
    set_up();
    view("guest", "LENS");
    decline("guest", "r");
    update("C", "Hanako");
    identify("C", "guest");
    view("D", "BAG");
    for (int i = 0; i < 3000; i++) { /* more than is read ahead of one customer */
        static char name[400];
        memset(name, 'a' + i % 26, sizeof name - 1);
        update("LONG", name);
    }
    const struct str ids[] = { STR("C"), STR("D"), STR("LONG"), STR("D"), STR("stranger") };
    AUTO(replay_ahead_free) struct replay_ahead *ahead = NULL;
    ck_assert_int_eq(replay_read_ahead(event_log, STR("main"), ids, 5, &ahead, NULL), OK);
    ck_assert_ptr_nonnull(ahead);
    AUTO(arena_free) struct arena *texts = arena_new(1 << 16, 1 << 20);
    for (int i = 0; i < 5; i++) {
        AUTO(profile_free) struct profile *alone = replay(ids[i].at);
        AUTO(profile_free) struct profile *profile = NULL;
        ck_assert_int_eq(replay_customer_of(ahead, event_log, STR("main"), ids[i], scratch,
                                            &unreadable, &profile, NULL),
                         OK);
        struct out one, other;
        out_init(&one, texts, 512);
        profile_print(&one, alone);
        out_init(&other, texts, 512);
        profile_print(&other, profile);
        ck_assert_msg(str_eq(out_str(&one), out_str(&other)), "%s", ids[i].at);
    }
    tear_down();
}
END_TEST

SUITE_MAIN("learn/replay", read_ahead_it_is_the_same_profile,
           a_customer_has_done_what_the_guest_had_done_before,
           a_guests_consent_is_not_the_customers, saying_it_again_counts_only_what_happened_since,
           several_guests_may_have_been_the_customer, a_chain_is_followed_and_nothing_counts_twice,
           a_circle_ends_and_nothing_counts_twice, a_chain_is_followed_so_far_and_no_farther,
           an_id_that_a_whole_shop_shares_is_taken_up_to_a_bound,
           a_log_of_many_megabytes_is_read_in_pieces_and_whole,
           what_cannot_be_read_back_is_passed_over_and_counted, a_log_that_fails_fails_the_replay,
           any_log_gives_what_a_plain_reckoning_gives)
