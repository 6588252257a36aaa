/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/round.h"

#include "ports/event_log.h"
#include "shop/event.h"
#include "suite.h"

enum { MOST = 8 };

static struct arena *arena;
static struct event all[MOST];
static const struct event *events[MOST];
static struct append_outcome outcomes[MOST];
static uint32_t n;
static struct round_by_customer sorted;

static void put(const char *customer, enum event_type type, struct append_outcome outcome)
{
    all[n] = (struct event){ .type = type, .customer_id = str_of(customer) };
    events[n] = &all[n];
    outcomes[n++] = outcome;
}

static void accepted(const char *customer, uint64_t position, uint64_t previous)
{
    put(customer, EVENT_PRODUCT_VIEWED,
        (struct append_outcome){ .position = position, .previous = previous });
}

static void sort(void)
{
    ck_assert_int_eq(round_sort(events, outcomes, n, arena, &sorted), OK);
}

static void set_up(void)
{
    n = 0;
    arena = arena_new(1 << 12, 1 << 16);
}

static void tear_down(void)
{
    arena_free(arena);
}

START_TEST(each_customers_events_are_linked_in_order)
{
    set_up();
    accepted("a", 11, 3);
    accepted("b", 12, 0);
    accepted("a", 13, 11);
    put(NULL, EVENT_ORDER_PLACED, (struct append_outcome){ .position = 14 });
    sort();

    ck_assert_uint_eq(sorted.n_customers, 2);
    ck_assert_uint_eq(sorted.customers[0].first, 0);
    ck_assert_uint_eq(sorted.next[0], 2);
    ck_assert_uint_eq(sorted.next[2], ROUND_NO_EVENT);
    ck_assert_uint_eq(sorted.customers[0].position, 13);
    ck_assert(!sorted.customers[0].broken);
    ck_assert_uint_eq(sorted.customers[1].position, 12);
    tear_down();
}
END_TEST

START_TEST(a_gap_between_two_of_a_customers_events_breaks_the_chain)
{
    set_up();
    accepted("a", 11, 3);
    accepted("b", 13, 3);
    accepted("a", 14, 12); /* somebody else's stands between */
    sort();

    ck_assert(sorted.customers[0].broken);
    ck_assert_uint_eq(sorted.customers[0].position, 14);
    ck_assert(!sorted.customers[1].broken);
    tear_down();
}
END_TEST

START_TEST(a_repeat_an_identification_and_a_spooled_event_break_the_chain)
{
    set_up();
    put("a", EVENT_PRODUCT_VIEWED,
        (struct append_outcome){ .result = APPEND_DUPLICATE, .position = 7 });
    put("b", EVENT_CUSTOMER_IDENTIFIED, (struct append_outcome){ .position = 11, .previous = 2 });
    accepted("c", POSITION_PROVISIONAL | 5, 0);
    sort();

    ck_assert(sorted.customers[0].broken);
    ck_assert_uint_eq(sorted.customers[0].first, ROUND_NO_EVENT);
    ck_assert_uint_eq(sorted.customers[0].position, 7);
    ck_assert(sorted.customers[1].broken);
    ck_assert(sorted.customers[2].broken);
    tear_down();
}
END_TEST

START_TEST(what_was_not_stored_is_left_out)
{
    set_up();
    put("a", EVENT_OFFER_ACCEPTED, (struct append_outcome){ .result = APPEND_REFUSED });
    put("a", EVENT_OFFER_ACCEPTED, (struct append_outcome){ .result = APPEND_LATER });
    sort();
    ck_assert_uint_eq(sorted.n_customers, 0);
    tear_down();
}
END_TEST

SUITE_MAIN("learn/round", each_customers_events_are_linked_in_order,
           a_gap_between_two_of_a_customers_events_breaks_the_chain,
           a_repeat_an_identification_and_a_spooled_event_break_the_chain,
           what_was_not_stored_is_left_out)
