/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/profile_bytes.h"

#include <stdio.h>

#include "shop/customer.h"
#include "shop/event.h"
#include "suite.h"

static const struct str id = STR("C-1");

static uint64_t random_of(uint64_t *seed) /* splitmix64 */
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static struct profile *after(struct profile *profile, const struct event *event, uint64_t step)
{
    struct profile *next = NULL;
    ck_assert_int_eq(
        profile_apply(profile, event, (profile ? profile->position : 0) + 1 + step, &next), OK);
    profile_free(profile);
    return next;
}

/* Any event, of the words of a shop of which @wide says how large it is; times in steps of @unit_us. */
static struct profile *random_event(struct profile *profile, uint64_t *seed, unsigned wide,
                                    int64_t unit_us)
{
    static const enum event_type types[] = {
        EVENT_ORDER_PLACED,  EVENT_ORDER_RETURNED, EVENT_PRODUCT_VIEWED, EVENT_OFFER_SHOWN,
        EVENT_OFFER_CLICKED, EVENT_OFFER_ACCEPTED, EVENT_OFFER_DECLINED, EVENT_CUSTOMER_UPDATED,
        EVENT_OFFER_SHOWN,   EVENT_ORDER_PLACED,   EVENT_SUPPORT_OPENED
    };
    static const char *const groups[] = { "winter", "winter-sale", "", NULL };
    char skus[4][64], rule[48], session[24], name[24];
    struct order_line lines[4];
    uint64_t r = random_of(seed);
    struct event event = { .type = types[r % 11], .customer_id = id };
    event.at_us =
        (INT64_C(1700000000) * 1000000 / unit_us + (int64_t) (r >> 20) % 5000000) * unit_us;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t s = random_of(seed);
        snprintf(skus[i], sizeof skus[i], "%s%u%.*s", s & 64 ? "SKU-" : "",
                 (unsigned) (s >> 8) % wide, (int) (s >> 40) % 40,
                 "-a-long-tail-that-many-articles-have-in-common");
        lines[i] = (struct order_line){ str_of(skus[i]), 1 + (int64_t) (s >> 50) % 300, 250 };
    }
    event.order.lines = lines;
    event.order.n_lines = 1 + (r >> 8) % 4;
    event.sku = str_of(skus[0]);
    snprintf(rule, sizeof rule, "rule-%u-and-more-of-its-name", (unsigned) (r >> 30) % wide);
    event.offer.rule = str_of(rule);
    event.offer.group = str_of(groups[(r >> 40) % 4]);
    event.offer.kind = (int) (r >> 45) % 12 - 1;
    snprintf(session, sizeof session, "s-%u", (unsigned) (r >> 50) % 5);
    event.session_id = r >> 63 ? str_of(session) : (struct str){ 0 };
    event.customer.consent_given = (r >> 12) % 8;
    event.customer.consent_withdrawn = (r >> 15) % 8;
    snprintf(name, sizeof name, "花子%u", (unsigned) (r >> 18) % 3);
    event.customer.name = r >> 62 ? str_of(name) : (struct str){ 0 };
    return after(profile, &event, (r >> 3) % 3);
}

static struct profile *random_profile(uint64_t seed)
{
    static const int64_t units[] = { 1, 1000, 1000000, 60000000 };
    struct profile *profile = profile_new(id);
    unsigned wide = 1 + random_of(&seed) % 400, n = random_of(&seed) % (wide > 200 ? 1200 : 150);
    for (unsigned i = 0; i < n; i++)
        profile = random_event(profile, &seed, wide, units[seed / 8 % 4 == 0 ? 1 : wide % 4]);
    return profile;
}

static bool same_text(struct str a, struct str b)
{
    return str_eq(a, b) && (a.at == NULL) == (b.at == NULL);
}

static bool same_rule(const struct rule_memory *a, const struct rule_memory *b)
{
    return same_text(a->rule, b->rule) && same_text(a->group, b->group) && a->kind == b->kind &&
           memcmp(a->totals, b->totals, sizeof a->totals) == 0 &&
           memcmp(a->last_us, b->last_us, sizeof a->last_us) == 0 &&
           a->declines_in_a_row == b->declines_in_a_row && a->n_touches == b->n_touches &&
           (a->n_touches == 0 ||
            memcmp(a->touches, b->touches, a->n_touches * sizeof *a->touches) == 0);
}

static bool same_lists(const struct profile *a, const struct profile *b)
{
    bool same = a->n_owned == b->n_owned && a->n_viewed == b->n_viewed && a->n_rules == b->n_rules;
    for (uint32_t i = 0; same && i < a->n_owned; i++)
        same = same_text(a->owned[i].sku, b->owned[i].sku) &&
               a->owned[i].quantity == b->owned[i].quantity &&
               a->owned[i].last_us == b->owned[i].last_us;
    for (uint32_t i = 0; same && i < a->n_viewed; i++)
        same = same_text(a->viewed[i], b->viewed[i]);
    for (uint32_t i = 0; same && i < a->n_rules; i++)
        same = same_rule(&a->rules[i], &b->rules[i]);
    return same;
}

/* All that they say, and the texts at the end of their blocks byte by byte. */
static void check_same(const struct profile *a, const struct profile *b)
{
    size_t numbers = offsetof(struct profile, position), bytes = profile_bytes(a);
    ck_assert(same_text(a->customer_id, b->customer_id));
    ck_assert(same_text(a->first_name, b->first_name));
    ck_assert_mem_eq(&a->position, &b->position, offsetof(struct profile, consent) - numbers);
    ck_assert_uint_eq(a->consent, b->consent);
    ck_assert(same_lists(a, b));
    ck_assert_uint_eq(bytes, profile_bytes(b));
    size_t texts = (size_t) (a->customer_id.at - (const char *) a);
    ck_assert_int_eq(b->customer_id.at - (const char *) b, (ptrdiff_t) texts);
    ck_assert_mem_eq((const char *) a + texts, (const char *) b + texts, bytes - texts);
}

static void print(const struct profile *profile, struct out *out)
{
    out_init(out, NULL, 64);
    profile_print(out, profile);
    ck_assert(!out->failed);
}

START_TEST(what_is_printed_parses_to_an_equal_profile)
{
    size_t largest = 0;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct profile *profile = random_profile(seed), *back = NULL;
        struct out out, again;
        print(profile, &out);
        ck_assert_int_eq(profile_parse(id, out_str(&out), &back), OK);
        check_same(profile, back);
        print(back, &again);
        ck_assert(str_eq(out_str(&out), out_str(&again)));
        largest = out.len > largest ? out.len : largest;
        out_deinit(&out);
        out_deinit(&again);
        profile_free(profile);
        profile_free(back);
    }
    ck_assert_uint_gt(largest, 10000);
}
END_TEST

START_TEST(a_parsed_profile_is_folded_on_like_the_one_that_was_printed)
{
    for (uint64_t seed = 500; seed < 560; seed++) {
        struct profile *live = random_profile(seed), *back = NULL;
        struct out out;
        print(live, &out);
        ck_assert_int_eq(profile_parse(id, out_str(&out), &back), OK);
        uint64_t one = seed, two = seed;
        for (int i = 0; i < 50; i++) {
            live = random_event(live, &one, 30, 1000);
            back = random_event(back, &two, 30, 1000);
        }
        check_same(live, back);
        out_deinit(&out);
        profile_free(live);
        profile_free(back);
    }
}
END_TEST

START_TEST(a_stranger_is_a_few_bytes)
{
    struct profile *stranger = profile_new(id), *back = NULL;
    struct out out;
    print(stranger, &out);
    ck_assert_uint_le(out.len, 20);
    ck_assert_int_eq(profile_parse(id, out_str(&out), &back), OK);
    check_same(stranger, back);
    out_deinit(&out);
    profile_free(stranger);
    profile_free(back);
}
END_TEST

START_TEST(extreme_values_come_back)
{
    struct owned owned[] = { { STR("A"), INT64_MAX, INT64_MAX }, { STR("B"), 1, INT64_MIN } };
    struct touch touches[] = { { INT64_MIN, UINT32_MAX, TOUCH_SHOWN },
                               { INT64_MAX, 0, TOUCH_DECLINED } };
    struct rule_memory rule = { .rule = STR("r"),
                                .kind = INT32_MIN,
                                .totals = { UINT32_MAX, 0, 7, UINT32_MAX },
                                .last_us = { INT64_MIN, INT64_MAX, 0, 1 },
                                .declines_in_a_row = UINT32_MAX,
                                .touches = touches,
                                .n_touches = 2 };
    struct profile draft = { .customer_id = id,
                             .first_name = STR(""),
                             .position = UINT64_MAX,
                             .first_seen_us = INT64_MIN,
                             .last_seen_us = INT64_MAX,
                             .orders = INT64_MAX,
                             .spend_minor = INT64_MIN,
                             .last_order_us = INT64_MIN,
                             .consent = UINT32_MAX,
                             .owned = owned,
                             .rules = &rule,
                             .n_owned = 2,
                             .n_rules = 1 };
    struct event nothing = { .type = EVENT_FEEDBACK };
    struct profile *profile = NULL, *back = NULL;
    ck_assert_int_eq(profile_apply(&draft, &nothing, 0, &profile), OK);
    struct out out;
    print(profile, &out);
    ck_assert_int_eq(profile_parse(id, out_str(&out), &back), OK);
    check_same(profile, back);
    out_deinit(&out);
    profile_free(profile);
    profile_free(back);
}
END_TEST

/* With the checksum made right, so that it is not the checksum that finds the fault. */
static enum err parse_forged(char *bytes, size_t len, struct profile **ret_profile)
{
    uint32_t sum = (uint32_t) (str_hash((struct str){ bytes, len - 4 }) ^ str_hash(id) >> 32);
    for (int i = 0; i < 4; i++)
        bytes[len - 4 + (size_t) i] = (char) (sum >> 8 * i);
    return profile_parse(id, (struct str){ bytes, len }, ret_profile);
}

static bool sound_touches(const struct rule_memory *rule)
{
    bool sound = rule->n_touches <= PROFILE_MAX_TOUCHES;
    for (uint32_t t = 0; sound && t < rule->n_touches; t++)
        sound = rule->touches[t].what < TOUCHES &&
                (t == 0 || rule->touches[t - 1].at_us <= rule->touches[t].at_us);
    return sound;
}

/* What was parsed keeps the bounds and orders that everybody relies on. */
static void check_sound(const struct profile *profile)
{
    ck_assert_uint_le(profile->n_owned, PROFILE_MAX_OWNED);
    ck_assert_uint_le(profile->n_viewed, PROFILE_MAX_VIEWED);
    ck_assert_uint_le(profile->n_rules, PROFILE_MAX_RULES);
    bool sound = true;
    for (uint32_t i = 0; i < profile->n_owned; i++)
        sound &= profile->owned[i].quantity > 0 &&
                 (i == 0 || str_cmp(profile->owned[i - 1].sku, profile->owned[i].sku) < 0);
    for (uint32_t i = 0; i < profile->n_rules; i++)
        sound &= sound_touches(&profile->rules[i]) &&
                 (i == 0 || str_cmp(profile->rules[i - 1].rule, profile->rules[i].rule) < 0);
    ck_assert(sound);

    struct out out;
    struct profile *back = NULL;
    print(profile, &out);
    ck_assert_int_eq(profile_parse(id, out_str(&out), &back), OK);
    check_same(profile, back);
    out_deinit(&out);
    profile_free(back);
}

START_TEST(what_is_cut_off_is_corrupt_wherever_it_ends)
{
    struct profile *profile = random_profile(7), *none = NULL;
    struct out out;
    print(profile, &out);
    ck_assert_uint_gt(out.len, 300);
    for (size_t len = 0; len < out.len; len++) {
        char *cut = malloc(len + 1); /* its own block, so that reading past it is seen */
        memcpy(cut, out.at, len);
        ck_assert_int_eq(profile_parse(id, (struct str){ cut, len }, &none), ERR_CORRUPT);
        if (len >= 4)
            ck_assert_int_eq(parse_forged(cut, len, &none), ERR_CORRUPT);
        free(cut);
    }
    ck_assert_ptr_null(none);
    out_deinit(&out);
    profile_free(profile);
}
END_TEST

START_TEST(what_was_changed_is_corrupt_and_if_forged_then_sound)
{
    struct out out;
    uint64_t seed = 99;
    unsigned sound = 0;
    for (int round = 0; round < 30; round++) {
        struct profile *profile = random_profile(20 + (uint64_t) round), *back = NULL;
        print(profile, &out);
        for (int i = 0; i < 400; i++) {
            uint64_t r = random_of(&seed);
            size_t at = r % (out.len - 4);
            char kept = out.at[at];
            out.at[at] = i % 2 ? (char) (r >> 32) : (char) (kept ^ 1 << (r >> 32) % 8);
            if (out.at[at] != kept)
                ck_assert_int_eq(profile_parse(id, out_str(&out), &back), ERR_CORRUPT);
            if (parse_forged(out.at, out.len, &back) == OK) {
                check_sound(back);
                back = profile_free(back);
                sound++;
            }
            out.at[at] = kept;
            ck_assert_int_eq(parse_forged(out.at, out.len, &back), OK);
            back = profile_free(back);
        }
        out_deinit(&out);
        profile_free(profile);
    }
    ck_assert_uint_gt(sound, 1000); /* else this would have shown little */
}
END_TEST

START_TEST(another_version_and_another_customers_bytes_are_corrupt)
{
    struct profile *profile = random_profile(3), *none = NULL;
    struct out out;
    print(profile, &out);
    ck_assert_int_eq(profile_parse(STR("C-2"), out_str(&out), &none), ERR_CORRUPT);
    out.at[0]++;
    ck_assert_int_eq(parse_forged(out.at, out.len, &none), ERR_CORRUPT);
    out_deinit(&out);
    profile_free(profile);
}
END_TEST

START_TEST(what_stands_before_in_the_out_stays_and_does_not_count)
{
    struct profile *profile = random_profile(5), *back = NULL;
    struct out out;
    out_init(&out, NULL, 8);
    out_text(&out, STR("0000000000000007p"));
    profile_print(&out, profile);
    ck_assert(str_starts_with(out_str(&out), STR("0000000000000007p")));
    ck_assert_int_eq(profile_parse(id, (struct str){ out.at + 17, out.len - 17 }, &back), OK);
    check_same(profile, back);
    out_deinit(&out);
    profile_free(profile);
    profile_free(back);
}
END_TEST

/* As an old customer of a wholesaler looks: so many SKUs of six digits and letters, bought on a few days. */
static struct profile *median_customer(void)
{
    struct profile *profile = profile_new(STR("17850"));
    uint64_t seed = 1;
    for (int order = 0; order < 2; order++) {
        struct order_line lines[18];
        char skus[18][8];
        for (int i = 0; i < 18; i++) {
            snprintf(skus[i], sizeof skus[i], "%u%s", 20000 + (unsigned) (random_of(&seed) % 65000),
                     i % 4 == 0 ? "B" : "");
            lines[i] = (struct order_line){ str_of(skus[i]), 6, 255 };
        }
        struct event event = { .type = EVENT_ORDER_PLACED,
                               .customer_id = profile->customer_id,
                               .at_us = (INT64_C(1300000000) + order * 86400 * 60) * 1000000 };
        event.order.lines = lines;
        event.order.n_lines = 18;
        profile = after(profile, &event, 40000);
    }
    return profile;
}

START_TEST(a_usual_customer_takes_less_than_three_hundred_bytes)
{
    struct profile *profile = median_customer();
    struct out out;
    print(profile, &out);
    ck_assert_uint_eq(profile->n_owned, 36);
    ck_assert_uint_lt(out.len, 300);
    out_deinit(&out);
    profile_free(profile);
}
END_TEST

/* Plain SKUs, one after the other, are read by a loop of their own: each byte takes each value once. */
START_TEST(whatever_one_byte_of_a_usual_customer_says_is_corrupt_or_sound)
{
    struct profile *profile = median_customer(), *back = NULL;
    struct out out;
    print(profile, &out);
    char *bytes = malloc(out.len); /* its own block, so that reading past it is seen */
    memcpy(bytes, out.at, out.len);
    unsigned sound = 0, corrupt = 0;
    for (size_t at = 0; at < out.len - 4; at++) {
        for (unsigned value = 0; value < 256; value++) {
            bytes[at] = (char) value;
            bool parses = parse_forged(bytes, out.len, &back) == OK;
            if (parses)
                check_sound(back);
            back = profile_free(back);
            sound += parses;
            corrupt += !parses;
        }
        bytes[at] = out.at[at];
    }
    ck_assert_uint_gt(sound, 10000);
    ck_assert_uint_gt(corrupt, 10000);
    struct str first = profile->owned[0].sku;
    char *after_it = (char *) memmem(bytes, out.len, first.at, first.len) + first.len;
    after_it[1] = 2; /* quantity, then which time: 0 or 1, of two */
    ck_assert_int_eq(parse_forged(bytes, out.len, &back), ERR_CORRUPT);
    free(bytes);
    out_deinit(&out);
    profile_free(profile);
}
END_TEST

SUITE_MAIN("shop/profile_bytes", what_is_printed_parses_to_an_equal_profile,
           a_parsed_profile_is_folded_on_like_the_one_that_was_printed, a_stranger_is_a_few_bytes,
           extreme_values_come_back, what_is_cut_off_is_corrupt_wherever_it_ends,
           what_was_changed_is_corrupt_and_if_forged_then_sound,
           another_version_and_another_customers_bytes_are_corrupt,
           what_stands_before_in_the_out_stays_and_does_not_count,
           a_usual_customer_takes_less_than_three_hundred_bytes,
           whatever_one_byte_of_a_usual_customer_says_is_corrupt_or_sound)
