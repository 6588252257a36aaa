/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/near_profiles.h"

#include <stdio.h>

#include "shop/customer.h"
#include "shop/event.h"
#include "suite.h"

static struct str name_of(char text[24], unsigned number)
{
    snprintf(text, 24, "C-%u", number);
    return str_of(text);
}

static const struct profile *find(struct near_profiles *near, unsigned number, uint32_t stamp)
{
    char text[24];
    struct str id = name_of(text, number);
    return near_profiles_find(near, id, str_hash(id), stamp);
}

static const struct profile *keep(struct near_profiles *near, unsigned number, uint32_t stamp)
{
    char text[24];
    struct str id = name_of(text, number);
    struct profile *profile = profile_new(id);
    const struct profile *kept = near_profiles_keep(near, profile, str_hash(id), stamp);
    if (kept != profile)
        ck_abort_msg("it was not kept");
    return kept;
}

static void drop(struct near_profiles *near, unsigned number)
{
    char text[24];
    near_profiles_drop(near, name_of(text, number));
}

START_TEST(finds_what_was_kept_and_nothing_else)
{
    AUTO(near_profiles_free) struct near_profiles *near = near_profiles_new(100);
    const struct profile *kept = keep(near, 1, 7);
    ck_assert_ptr_eq(find(near, 1, 7), kept);
    ck_assert_ptr_null(find(near, 2, 7));
    ck_assert_uint_eq(kept->position, 0); /* a stranger is kept as well */
}
END_TEST

START_TEST(another_stamp_is_not_found_until_it_is_kept_anew)
{
    AUTO(near_profiles_free) struct near_profiles *near = near_profiles_new(100);
    keep(near, 1, 7);
    ck_assert_ptr_null(find(near, 1, 8));
    const struct profile *newer = keep(near, 1, 8);
    ck_assert_ptr_eq(find(near, 1, 8), newer);
    ck_assert_ptr_null(find(near, 1, 7));
    ck_assert_uint_eq(near_profiles_count(near), 1);
}
END_TEST

START_TEST(what_was_dropped_is_not_found_any_more)
{
    AUTO(near_profiles_free) struct near_profiles *near = near_profiles_new(100);
    for (unsigned i = 0; i < 90; i++)
        keep(near, i, 0);
    drop(near, 17);
    drop(near, 17);
    drop(near, 5000);
    ck_assert_ptr_null(find(near, 17, 0));
    for (unsigned i = 0; i < 90; i++)
        ck_assert((find(near, i, 0) != NULL) == (i != 17));
    near_profiles_drop_all(near);
    ck_assert_uint_eq(near_profiles_count(near), 0);
    ck_assert_ptr_null(find(near, 3, 0));
}
END_TEST

static bool is_odd(const void *part, struct str customer_id)
{
    ck_assert_str_eq(part, "part");
    return (customer_id.at[customer_id.len - 1] - '0') % 2 == 1;
}

START_TEST(a_part_is_dropped_and_the_rest_stays)
{
    AUTO(near_profiles_free) struct near_profiles *near = near_profiles_new(100);
    for (unsigned i = 0; i < 90; i++)
        keep(near, i, 0);

    near_profiles_drop_some(near, is_odd, "part");

    for (unsigned i = 0; i < 90; i++)
        ck_assert((find(near, i, 0) != NULL) == (i % 2 == 0));
    ck_assert_uint_eq(near_profiles_count(near), 45);
}
END_TEST

START_TEST(keeps_no_more_than_it_may_and_rather_what_is_asked_for)
{
    AUTO(near_profiles_free) struct near_profiles *near = near_profiles_new(50);
    for (unsigned i = 0; i < 5000; i++) {
        keep(near, i, 0);
        ck_assert_ptr_nonnull(find(near, 0, 0)); /* somebody always asks for this one */
    }
    ck_assert_ptr_nonnull(find(near, 4999, 0));
    ck_assert_uint_eq(near_profiles_count(near), 50);
}
END_TEST

/* Of about @kilobytes: the shop's articles have long names. */
static struct profile *large(unsigned number, unsigned kilobytes)
{
    static char skus[64][120];
    struct order_line lines[64];
    char text[24];
    for (unsigned i = 0; i < 64; i++) {
        memset(skus[i], 'a', sizeof skus[i]);
        lines[i] = (struct order_line){ { skus[i], sizeof skus[i] }, 1, 1 };
        skus[i][0] = (char) ('A' + i % 32);
        skus[i][1] = (char) ('A' + i / 32);
    }
    struct event event = { .type = EVENT_ORDER_PLACED, .customer_id = name_of(text, number) };
    event.order.lines = lines;
    event.order.n_lines = kilobytes * 1024 / (120 + sizeof(struct owned));
    struct profile *profile = NULL;
    ck_assert_int_eq(profile_apply(NULL, &event, 1, &profile), OK);
    return profile;
}

START_TEST(large_profiles_take_the_place_of_several)
{
    AUTO(near_profiles_free) struct near_profiles *near = near_profiles_new(10); /* 40 KB */
    for (unsigned i = 0; i < 100; i++) {
        struct profile *profile = large(i, 8);
        ck_assert_uint_gt(profile_bytes(profile), 7500);
        near_profiles_keep(near, profile, str_hash(profile->customer_id), 0);
        ck_assert_ptr_eq(find(near, i, 0), profile);
        ck_assert_uint_le(near_profiles_count(near), 5);
    }
    AUTO(near_profiles_free) struct near_profiles *tiny = near_profiles_new(1); /* 4 KB */
    struct profile *profile = large(1, 8);
    near_profiles_keep(tiny, profile, str_hash(profile->customer_id), 0);
    ck_assert_ptr_eq(find(tiny, 1, 0), profile);
}
END_TEST

START_TEST(what_is_held_outlives_its_eviction_and_its_replacement)
{
    AUTO(near_profiles_free) struct near_profiles *near = near_profiles_new(4);
    const struct profile *one = keep(near, 1, 0), *two = keep(near, 2, 0);
    near_profiles_hold(near, one);
    near_profiles_hold(near, one);
    near_profiles_hold(near, two);
    const struct profile *newer = keep(near, 1, 1);
    for (unsigned i = 10; i < 100; i++)
        keep(near, i, 0);
    drop(near, 2);
    near_profiles_drop_all(near);

    ck_assert_ptr_ne(one, newer);
    ck_assert(str_is(one->customer_id, "C-1")); /* AddressSanitizer looks on */
    ck_assert(str_is(two->customer_id, "C-2"));
    near_profiles_release(near, one);
    ck_assert(str_is(one->customer_id, "C-1"));
    near_profiles_release(near, two);
    near_profiles_release(near, one);
    ck_assert_ptr_null(find(near, 1, 0));
}
END_TEST

START_TEST(what_is_held_and_released_in_its_place_stays_there)
{
    AUTO(near_profiles_free) struct near_profiles *near = near_profiles_new(4);
    const struct profile *one = keep(near, 1, 0);
    near_profiles_hold(near, one);
    near_profiles_release(near, one);
    ck_assert_ptr_eq(find(near, 1, 0), one);
    near_profiles_hold(near, NULL);
    near_profiles_release(near, NULL);
}
END_TEST

START_TEST(agrees_with_a_plain_table_through_a_long_random_run)
{
    enum { CUSTOMERS = 300 };
    AUTO(near_profiles_free) struct near_profiles *near = near_profiles_new(64);
    const struct profile *last[CUSTOMERS] = { 0 };
    uint32_t stamps[CUSTOMERS] = { 0 }, state = 1, found = 0;
    bool sound = true;
    for (int i = 0; i < 100000; i++) {
        state = state * 1664525 + 1013904223;
        unsigned who = (state >> 8) % CUSTOMERS, what = state >> 28;
        if (what < 6) {
            stamps[who] = state >> 16;
            last[who] = keep(near, who, stamps[who]);
        } else if (what == 6) {
            drop(near, who);
            last[who] = NULL;
        } else {
            const struct profile *profile = find(near, who, stamps[who]);
            sound &= profile == NULL || profile == last[who];
            found += profile != NULL;
        }
        sound &= near_profiles_count(near) <= 64;
    }
    ck_assert(sound);
    ck_assert_uint_gt(found, 5000);
}
END_TEST

SUITE_MAIN("learn/near_profiles", finds_what_was_kept_and_nothing_else,
           another_stamp_is_not_found_until_it_is_kept_anew, what_was_dropped_is_not_found_any_more,
           a_part_is_dropped_and_the_rest_stays,
           keeps_no_more_than_it_may_and_rather_what_is_asked_for,
           large_profiles_take_the_place_of_several,
           what_is_held_outlives_its_eviction_and_its_replacement,
           what_is_held_and_released_in_its_place_stays_there,
           agrees_with_a_plain_table_through_a_long_random_run)
