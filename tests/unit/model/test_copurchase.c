/* SPDX-License-Identifier: Apache-2.0 */
#include "model/copurchase.h"

#include <stdio.h>
#include <string.h>

#include "shop/event.h"
#include "suite.h"

static void add(struct copurchase *counts, uint64_t position, const char *skus)
{
    struct str list[200];
    uint32_t n = 0;
    for (const char *p = skus; *p;) {
        size_t len = strcspn(p, " ");
        list[n++] = (struct str){ p, len };
        p += len + (p[len] == ' ');
    }
    ck_assert_int_eq(copurchase_add(counts, position, 0, list, n), OK);
}

/* Numbers that look random and are the same in every run. */
static uint32_t next_number(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t) (*state >> 33);
}

static struct copurchase *many(uint32_t n_orders, uint32_t n_skus, struct copurchase *counts)
{
    uint64_t state = 7;
    for (uint32_t i = 0; i < n_orders; i++) {
        char texts[20][12];
        struct str skus[20];
        uint32_t n = 1 + next_number(&state) % 20;
        for (uint32_t k = 0; k < n; k++) {
            int len = snprintf(texts[k], sizeof texts[k], "S%u", next_number(&state) % n_skus);
            skus[k] = (struct str){ texts[k], (size_t) len };
        }
        ck_assert_int_eq(copurchase_add(counts, i + 1, 0, skus, n), OK);
    }
    return counts;
}

static void saved(const struct copurchase *counts, struct out *out)
{
    out_init(out, NULL, 64);
    ck_assert_int_eq(copurchase_save(counts, out), OK);
}

START_TEST(counts_orders_that_held_one_or_both)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    add(counts, 1, "A B C");
    add(counts, 2, "B A");
    add(counts, 5, "C");

    ck_assert_uint_eq(copurchase_single(counts, STR("A")), 2);
    ck_assert_uint_eq(copurchase_single(counts, STR("C")), 2);
    ck_assert_uint_eq(copurchase_pair(counts, STR("A"), STR("B")), 2);
    ck_assert_uint_eq(copurchase_pair(counts, STR("B"), STR("A")), 2);
    ck_assert_uint_eq(copurchase_pair(counts, STR("C"), STR("B")), 1);
    ck_assert_uint_eq(copurchase_orders(counts), 3);
    ck_assert_uint_eq(copurchase_position(counts), 5);
}
END_TEST

START_TEST(knows_nothing_of_strangers)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    add(counts, 1, "A B");

    ck_assert_uint_eq(copurchase_single(counts, STR("X")), 0);
    ck_assert_uint_eq(copurchase_pair(counts, STR("A"), STR("X")), 0);
    ck_assert_uint_eq(copurchase_pair(counts, STR("A"), STR("A")), 0);
}
END_TEST

START_TEST(an_order_is_a_set)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    add(counts, 1, "A B A A B");

    ck_assert_uint_eq(copurchase_single(counts, STR("A")), 1);
    ck_assert_uint_eq(copurchase_pair(counts, STR("A"), STR("B")), 1);
}
END_TEST

START_TEST(an_order_at_or_before_the_last_position_counts_once)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    add(counts, 4, "A B");
    add(counts, 4, "A B");
    add(counts, 3, "A B");

    ck_assert_uint_eq(copurchase_pair(counts, STR("A"), STR("B")), 1);
    ck_assert_uint_eq(copurchase_orders(counts), 1);
}
END_TEST

START_TEST(leaves_out_what_is_no_sku)
{
    char longer[ID_MAX_BYTES + 1];
    memset(longer, 'x', sizeof longer);
    const struct str skus[] = { STR("A"), { 0 }, STR(""), { longer, sizeof longer }, STR("B") };
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    ck_assert_int_eq(copurchase_add(counts, 1, 0, skus, 5), OK);

    ck_assert_uint_eq(copurchase_skus(counts), 2);
    ck_assert_uint_eq(copurchase_pair(counts, STR("A"), STR("B")), 1);
}
END_TEST

START_TEST(of_a_wholesale_order_only_the_single_counts_are_kept)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    char texts[COPURCHASE_MAX_BASKET + 1][8];
    struct str skus[COPURCHASE_MAX_BASKET + 1];
    for (int i = 0; i <= COPURCHASE_MAX_BASKET; i++) {
        (void) snprintf(texts[i], sizeof texts[i], "S%02u", (unsigned) i % 100);
        skus[i] = str_of(texts[i]);
    }
    ck_assert_int_eq(copurchase_add(counts, 1, 0, skus, COPURCHASE_MAX_BASKET), OK);
    ck_assert_int_eq(copurchase_add(counts, 2, 0, skus, COPURCHASE_MAX_BASKET + 1), OK);

    ck_assert_uint_eq(copurchase_single(counts, STR("S00")), 2);
    ck_assert_uint_eq(copurchase_single(counts, STR("S60")), 1);
    ck_assert_uint_eq(copurchase_pair(counts, STR("S00"), STR("S59")), 1);
    ck_assert_uint_eq(copurchase_pair(counts, STR("S00"), STR("S60")), 0);
}
END_TEST

static void sum_pairs(void *self, uint32_t a, uint32_t b, struct copurchased both)
{
    ck_assert_uint_lt(a, b);
    *(uint64_t *) self += both.orders;
}

START_TEST(agrees_with_counting_by_hand)
{
    enum { SKUS = 40, ORDERS = 3000 };
    AUTO(copurchase_free) struct copurchase *counts = many(ORDERS, SKUS, copurchase_new());
    static uint32_t pairs[SKUS][SKUS];
    uint64_t state = 7, sum = 0, visited = 0;
    for (uint32_t i = 0; i < ORDERS; i++) {
        bool held[SKUS] = { false };
        uint32_t n = 1 + next_number(&state) % 20;
        for (uint32_t k = 0; k < n; k++)
            held[next_number(&state) % SKUS] = true;
        for (uint32_t a = 0; a < SKUS; a++)
            for (uint32_t b = 0; b < SKUS; b++)
                pairs[a][b] += held[a] && held[b];
    }

    for (uint32_t a = 0; a < SKUS; a++)
        for (uint32_t b = 0; b < a; b++) {
            char x[16], y[16];
            (void) snprintf(x, sizeof x, "S%u", a);
            (void) snprintf(y, sizeof y, "S%u", b);
            ck_assert_uint_eq(copurchase_pair(counts, str_of(x), str_of(y)), pairs[a][b]);
            sum += pairs[a][b];
        }
    copurchase_each(counts, &visited, sum_pairs);
    ck_assert_uint_eq(visited, sum);
}
END_TEST

START_TEST(saved_and_loaded_it_goes_on_as_if_nothing_had_happened)
{
    AUTO(copurchase_free) struct copurchase *counts = many(500, 200, copurchase_new());
    struct out bytes, again;
    saved(counts, &bytes);
    struct copurchase *loaded_ = NULL;
    ck_assert_int_eq(copurchase_load(out_str(&bytes), &loaded_, NULL), OK);
    AUTO(copurchase_free) struct copurchase *loaded = loaded_;

    ck_assert_uint_eq(copurchase_position(loaded), 500);
    ck_assert_uint_eq(copurchase_orders(loaded), 500);
    add(loaded, 501, "S1 S2 NEW");
    add(counts, 501, "S1 S2 NEW");
    for (uint32_t i = 0; i < copurchase_skus(counts); i++)
        for (uint32_t k = 0; k < copurchase_skus(counts); k++)
            ck_assert_uint_eq(
                copurchase_pair(counts, copurchase_sku(counts, i), copurchase_sku(counts, k)),
                copurchase_pair(loaded, copurchase_sku(counts, i), copurchase_sku(counts, k)));
    saved(loaded, &again);
    ck_assert_uint_eq(again.len, bytes.len + 8 + 1 + 3 + 2 * 16 +
                                     16 * (copurchase_pair(loaded, STR("S1"), STR("S2")) == 1));
    out_deinit(&bytes);
    out_deinit(&again);
}
END_TEST

START_TEST(an_empty_state_can_be_saved_too)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    struct out bytes;
    saved(counts, &bytes);
    struct copurchase *loaded = NULL;
    ck_assert_int_eq(copurchase_load(out_str(&bytes), &loaded, NULL), OK);

    ck_assert_uint_eq(copurchase_orders(loaded), 0);
    (void) copurchase_free(loaded);
    out_deinit(&bytes);
}
END_TEST

START_TEST(any_damaged_byte_is_noticed)
{
    AUTO(copurchase_free) struct copurchase *counts = many(20, 30, copurchase_new());
    struct out bytes;
    saved(counts, &bytes);
    struct copurchase *loaded = NULL;

    for (size_t i = 0; i < bytes.len; i++)
        for (int bit = 0; bit < 8; bit += 3) {
            bytes.at[i] ^= (char) (1 << bit);
            ck_assert_int_eq(copurchase_load(out_str(&bytes), &loaded, NULL), ERR_CORRUPT);
            bytes.at[i] ^= (char) (1 << bit);
        }
    for (size_t len = 0; len < bytes.len; len++)
        ck_assert_int_eq(copurchase_load((struct str){ bytes.at, len }, &loaded, NULL),
                         ERR_CORRUPT);
    ck_assert_ptr_null(loaded);
    out_deinit(&bytes);
}
END_TEST

static void within_bounds(void *self, uint32_t a, uint32_t b, struct copurchased both)
{
    uint32_t n_skus = copurchase_skus(self);
    ck_assert(a < b && b < n_skus && both.orders > 0);
}

/* Damage with a checksum that fits: only the reader's own checks stand between it and a crash. */
START_TEST(contradictions_behind_a_good_checksum_do_no_harm)
{
    AUTO(copurchase_free) struct copurchase *counts = many(20, 30, copurchase_new());
    struct out bytes;
    saved(counts, &bytes);
    uint64_t state = 99;
    int corrupt = 0;

    for (int round = 0; round < 5000; round++) {
        char *copy = malloc(bytes.len);
        memcpy(copy, bytes.at, bytes.len);
        size_t len =
            bytes.len - sizeof(uint64_t) - (round % 5 == 0 ? next_number(&state) % 200 : 0);
        for (uint32_t n = 1 + next_number(&state) % 3; n > 0; n--)
            copy[next_number(&state) % len] = (char) next_number(&state);
        uint64_t sum = str_hash((struct str){ copy, len });
        memcpy(copy + len, &sum, sizeof sum);
        struct copurchase *loaded = NULL;
        enum err err = copurchase_load((struct str){ copy, len + sizeof sum }, &loaded, NULL);
        ck_assert(err == OK || err == ERR_CORRUPT);
        ck_assert((err == OK) == (loaded != NULL));
        corrupt += err == ERR_CORRUPT;
        if (loaded)
            copurchase_each(loaded, loaded, within_bounds);
        (void) copurchase_free(loaded);
        free(copy);
    }
    ck_assert_int_gt(corrupt, 1000);
    out_deinit(&bytes);
}
END_TEST

START_TEST(past_its_bound_it_forgets_the_rarest_pairs)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new_bounded(4000);
    for (uint64_t position = 1; position <= 50; position++)
        add(counts, position, "FREQUENT1 FREQUENT2 FREQUENT3");
    for (uint32_t i = 0; i < 500; i++) {
        char order[200], *end = order;
        for (uint32_t k = 0; k < 10; k++)
            end += sprintf(end, "X%u_%u ", i, k);
        end[-1] = '\0';
        add(counts, 100 + i, order);
    }

    uint64_t sum = 0;
    copurchase_each(counts, &sum, sum_pairs);
    ck_assert_uint_le(sum, 4000 + 150);
    ck_assert_uint_eq(copurchase_pair(counts, STR("FREQUENT1"), STR("FREQUENT3")), 50);
    ck_assert_uint_eq(copurchase_pair(counts, STR("X499_0"), STR("X499_9")), 1);
    ck_assert_uint_eq(copurchase_single(counts, STR("X0_0")), 1);
}
END_TEST

static const int64_t DAY_US = INT64_C(86400000000);

static void add_at(struct copurchase *counts, uint64_t position, int64_t at_us, const char *a,
                   const char *b)
{
    struct str skus[] = { str_of(a), str_of(b) };
    ck_assert_int_eq(copurchase_add(counts, position, at_us, skus, 2), OK);
}

static struct copurchased both_of(const struct copurchase *counts, const char *a, const char *b)
{
    return copurchase_of(counts, copurchase_find(counts, str_of(a)),
                         copurchase_find(counts, str_of(b)));
}

START_TEST(what_is_recent_halves_every_seven_days_of_order_time)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    int64_t begin = 20000 * DAY_US;
    add_at(counts, 1, begin, "A", "B");
    add_at(counts, 2, begin, "A", "B");
    ck_assert_float_eq_tol(both_of(counts, "A", "B").recent, 2, 1e-3F);
    add_at(counts, 3, begin + 7 * DAY_US, "A", "C");

    ck_assert_float_eq_tol(both_of(counts, "A", "B").recent, 1, 1e-3F);
    ck_assert_uint_eq(both_of(counts, "A", "B").orders, 2);
    ck_assert_float_eq_tol(both_of(counts, "A", "C").recent, 1, 1e-3F);
    ck_assert_float_eq_tol(copurchase_sku_recent(counts, copurchase_find(counts, STR("A"))), 2,
                           1e-3F);

    add_at(counts, 4, begin, "A", "C"); /* late in the log: as old as it is */
    ck_assert_float_eq_tol(both_of(counts, "A", "C").recent, 1.5F, 1e-3F);
    add_at(counts, 5, 0, "A", "C"); /* of no known time */
    ck_assert_float_eq_tol(both_of(counts, "A", "C").recent, 1.5F, 1e-3F);
    ck_assert_uint_eq(both_of(counts, "A", "C").orders, 3);
    add_at(counts, 6, begin + 5000 * DAY_US, "D", "E");
    ck_assert_float_eq(both_of(counts, "A", "B").recent, 0);
    ck_assert_float_eq_tol(both_of(counts, "D", "E").recent, 1, 1e-3F);
}
END_TEST

/* Orders of twenty years, a few of them late; saved and loaded after every @every. */
static struct copurchase *twenty_years(uint32_t every)
{
    struct copurchase *counts = copurchase_new();
    uint64_t state = 17;
    for (uint32_t i = 1; i <= 3000; i++) {
        char a[8], b[8];
        state = state * UINT64_C(6364136223846793005) + 1;
        (void) snprintf(a, sizeof a, "S%u", (uint32_t) (state >> 40) % 20);
        (void) snprintf(b, sizeof b, "S%u", (uint32_t) (state >> 50) % 20);
        int64_t late = state >> 60 == 0 ? 400 * DAY_US : (int64_t) (state >> 44) * 1000;
        add_at(counts, i, 12000 * DAY_US + i * 7300 / 3000 * DAY_US - late, a, b);
        if (i % every != 0)
            continue;
        struct out bytes;
        struct copurchase *loaded = NULL;
        saved(counts, &bytes);
        ck_assert_int_eq(copurchase_load(out_str(&bytes), &loaded, NULL), OK);
        out_deinit(&bytes);
        (void) copurchase_free(counts);
        counts = loaded;
    }
    return counts;
}

START_TEST(what_is_recent_is_the_same_to_the_bit_however_often_it_was_saved)
{
    AUTO(copurchase_free) struct copurchase *once = twenty_years(UINT32_MAX);
    AUTO(copurchase_free) struct copurchase *often = twenty_years(70);
    bool some = false;
    for (uint32_t a = 0; a < copurchase_skus(once); a++) {
        ck_assert(str_eq(copurchase_sku(once, a), copurchase_sku(often, a)));
        ck_assert(copurchase_sku_recent(once, a) == copurchase_sku_recent(often, a));
        for (uint32_t b = 0; b < a; b++) {
            ck_assert(copurchase_of(once, a, b).recent == copurchase_of(often, a, b).recent);
            some |= copurchase_of(once, a, b).recent > 0.01F;
        }
    }
    ck_assert(some);
}
END_TEST

START_TEST(news_are_the_orders_since_it_was_taken)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    add(counts, 1, "A B");
    copurchase_news_taken(counts);
    add(counts, 2, "B C B");
    add(counts, 3, "");
    add(counts, 3, "A C"); /* counted already */
    add(counts, 4, "A");

    struct copurchase_news news = copurchase_news(counts);
    ck_assert(news.all);
    ck_assert_uint_eq(news.after, 1);
    ck_assert_uint_eq(news.n_orders, 2);
    ck_assert_uint_eq(news.ends[0], 2);
    ck_assert_uint_eq(news.ends[1], 3);
    ck_assert(str_is(copurchase_sku(counts, news.ids[0]), "B"));
    ck_assert(str_is(copurchase_sku(counts, news.ids[1]), "C"));
    ck_assert(str_is(copurchase_sku(counts, news.ids[2]), "A"));
    copurchase_news_taken(counts);
    ck_assert_uint_eq(copurchase_news(counts).n_orders, 0);
}
END_TEST

START_TEST(news_of_an_order_too_large_for_pairs_are_its_skus_one_by_one)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    char text[COPURCHASE_MAX_BASKET * 8] = "";
    for (int i = 0; i <= COPURCHASE_MAX_BASKET; i++)
        (void) snprintf(text + strlen(text), 8, "%sS%d", i ? " " : "", i);
    copurchase_news_taken(counts);
    add(counts, 1, text);
    struct copurchase_news news = copurchase_news(counts);
    ck_assert_uint_eq(news.n_orders, COPURCHASE_MAX_BASKET + 1);
    ck_assert_uint_eq(news.ends[COPURCHASE_MAX_BASKET], COPURCHASE_MAX_BASKET + 1);
}
END_TEST

START_TEST(news_are_not_all_when_there_were_too_many_or_pairs_were_forgotten)
{
    AUTO(copurchase_free) struct copurchase *orders = copurchase_new();
    ck_assert(!copurchase_news(orders).all); /* nobody has asked for it */
    copurchase_news_taken(orders);
    ck_assert(copurchase_news(orders).all);
    for (uint64_t i = 1; i <= COPURCHASE_NEWS_SKUS; i++)
        add(orders, i, "A B");
    ck_assert(!copurchase_news(orders).all);
    copurchase_news_taken(orders);
    ck_assert(copurchase_news(orders).all);

    AUTO(copurchase_free) struct copurchase *full = copurchase_new_bounded(4000);
    copurchase_news_taken(full);
    ck_assert_ptr_nonnull(many(2000, 4000, full));
    ck_assert(copurchase_news(full).n_orders > 0 && !copurchase_news(full).all);
    copurchase_news_taken(full);
    ck_assert(copurchase_news(full).all);
}
END_TEST

SUITE_MAIN("model/copurchase", what_is_recent_halves_every_seven_days_of_order_time,
           what_is_recent_is_the_same_to_the_bit_however_often_it_was_saved,
           counts_orders_that_held_one_or_both, knows_nothing_of_strangers, an_order_is_a_set,
           an_order_at_or_before_the_last_position_counts_once, leaves_out_what_is_no_sku,
           of_a_wholesale_order_only_the_single_counts_are_kept, agrees_with_counting_by_hand,
           saved_and_loaded_it_goes_on_as_if_nothing_had_happened, an_empty_state_can_be_saved_too,
           any_damaged_byte_is_noticed, contradictions_behind_a_good_checksum_do_no_harm,
           past_its_bound_it_forgets_the_rarest_pairs, news_are_the_orders_since_it_was_taken,
           news_of_an_order_too_large_for_pairs_are_its_skus_one_by_one,
           news_are_not_all_when_there_were_too_many_or_pairs_were_forgotten)
