/* SPDX-License-Identifier: Apache-2.0 */
#include "model/odds/open_offers.h"

#include "suite.h"

static struct open_offer offer_of(uint64_t key)
{
    return (struct open_offer){ .key = key, .at_us = (int64_t) key * 10, .relevance = -1 };
}

static void add(struct open_offers *open, uint64_t key)
{
    struct open_offer offer = offer_of(key);
    ck_assert_int_eq(open_offers_reserve(open), OK);
    ck_assert_ptr_nonnull(open_offers_add(open, &offer));
}

START_TEST(none_is_found_in_an_empty_one)
{
    struct open_offers open;
    open_offers_init(&open, 16);
    ck_assert_ptr_null(open_offers_find(&open, 1));
    open_offers_deinit(&open);
}
END_TEST

START_TEST(the_last_ones_are_found_in_order_of_arrival)
{
    struct open_offers open;
    open_offers_init(&open, 1024);
    for (uint64_t key = 1; key <= 5000; key++)
        add(&open, key);

    ck_assert_uint_eq(open.n, 1024);
    for (uint32_t i = 0; i < open.n; i++)
        ck_assert_uint_eq(open_offers_at(&open, i)->key, 5000 - 1024 + 1 + i);
    ck_assert_ptr_null(open_offers_find(&open, 5000 - 1024));
    ck_assert_int_eq(open_offers_find(&open, 4500)->at_us, 45000);
    open_offers_deinit(&open);
}
END_TEST

/* Keys that all begin at a few slots, the last of the table among them: long runs that wrap. */
START_TEST(keys_that_collide_are_told_apart_when_others_are_forgotten)
{
    struct open_offers open;
    open_offers_init(&open, 256);
    uint64_t keys[4000], state = 3;
    for (uint32_t i = 0; i < 4000; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        keys[i] = (uint64_t) (i + 1) << 20 | (505 + (state >> 40) % 12);
        add(&open, keys[i]);
        uint32_t oldest = i < 256 ? 0 : i - 255;
        for (uint32_t k = oldest; k <= i; k += 1 + k % 7)
            ck_assert_uint_eq(open_offers_find(&open, keys[k])->key, keys[k]);
        if (oldest)
            ck_assert_ptr_null(open_offers_find(&open, keys[oldest - 1]));
    }
    open_offers_deinit(&open);
}
END_TEST

SUITE_MAIN("model/open_offers", none_is_found_in_an_empty_one,
           the_last_ones_are_found_in_order_of_arrival,
           keys_that_collide_are_told_apart_when_others_are_forgotten)
