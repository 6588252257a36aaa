/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/offer_token.h"

#include <stdio.h>

#include "suite.h"

static const uint8_t key[OFFER_TOKEN_KEY_BYTES] = "a key of 16 byte";
static const uint8_t other_key[OFFER_TOKEN_KEY_BYTES] = "another 16 bytes";

static struct offer_token lens_offer(void)
{
    struct offer_token token = {
        .rule = STR("camera-lens-bundle"),
        .variant = STR("a"),
        .group = STR("lens"),
        .customer_id = STR("C17850"),
        .session_id = STR("s-1"),
        .kind = 3,
        .made_us = 1795255200000000,
        .replaces = STR("CAM-A6"),
        .replaces_quantity = 2,
        .n_items = 2,
        .relevance_bp = 1234,
        .propensity_bp = 10000,
    };
    token.items[0].sku = STR("LENS-50");
    token.items[0].quantity = 1;
    token.items[1].sku = STR("日本語-SKU");
    token.items[1].quantity = 1000000;
    return token;
}

static struct str sealed(const struct offer_token *token, const char *decision_id,
                         struct arena *arena)
{
    struct out out;
    out_init(&out, arena, 64);
    offer_token_seal(token, str_of(decision_id), key, &out);
    ck_assert(!out.failed);
    return out_str(&out);
}

static void assert_same(const struct offer_token *a, const struct offer_token *b)
{
    ck_assert(str_eq(a->rule, b->rule) && str_eq(a->variant, b->variant) &&
              str_eq(a->group, b->group));
    ck_assert(str_eq(a->customer_id, b->customer_id) && str_eq(a->session_id, b->session_id));
    ck_assert_int_eq(a->customer_id.at == NULL, b->customer_id.at == NULL);
    ck_assert_int_eq(a->group.at == NULL, b->group.at == NULL);
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_int_eq(a->made_us, b->made_us);
    ck_assert(str_eq(a->replaces, b->replaces));
    ck_assert_int_eq(a->replaces_quantity, b->replaces_quantity);
    ck_assert_uint_eq(a->relevance_bp, b->relevance_bp);
    ck_assert_uint_eq(a->propensity_bp, b->propensity_bp);
    ck_assert_int_eq(a->redemptions, b->redemptions);
    ck_assert_uint_eq(a->n_items, b->n_items);
    for (uint32_t i = 0; i < a->n_items; i++) {
        ck_assert(str_eq(a->items[i].sku, b->items[i].sku));
        ck_assert_int_eq(a->items[i].quantity, b->items[i].quantity);
    }
}

static uint64_t mark_of(const struct offer_token *token)
{
    return offer_token_mark(token, STR("d"));
}

START_TEST(the_same_offer_to_the_same_customer_has_the_same_mark_whenever_it_is_made)
{
    struct offer_token one = lens_offer(), again = lens_offer();
    again.made_us++;
    again.session_id = STR("s-2"); /* the customer tells */
    again.redemptions = 5;         /* and what there is of it is another matter */
    ck_assert_uint_eq(mark_of(&one), offer_token_mark(&again, STR("later")));
    ck_assert_uint_ne(mark_of(&one), 0);
}
END_TEST

START_TEST(another_rule_item_quantity_or_customer_is_another_mark)
{
    struct offer_token one = lens_offer(), other = lens_offer();
    other.rule = STR("camera-card");
    ck_assert_uint_ne(mark_of(&one), mark_of(&other));
    other = lens_offer();
    other.items[0].sku = STR("LENS-85");
    ck_assert_uint_ne(mark_of(&one), mark_of(&other));
    other = lens_offer();
    other.items[0].quantity = 2;
    ck_assert_uint_ne(mark_of(&one), mark_of(&other));
    other = lens_offer();
    other.customer_id = STR("C2");
    ck_assert_uint_ne(mark_of(&one), mark_of(&other));
}
END_TEST

START_TEST(guests_whom_nothing_tells_apart_have_a_mark_for_each_decision)
{
    struct offer_token one = lens_offer();
    one.customer_id = one.session_id = (struct str){ 0 };
    struct str first = STR("d-1"), second = STR("d-2"); /* in one microsecond, by two workers */
    ck_assert_uint_eq(offer_token_mark(&one, first), offer_token_mark(&one, first));
    ck_assert_uint_ne(offer_token_mark(&one, first), offer_token_mark(&one, second));
    one.session_id = STR("s-1");
    ck_assert_uint_eq(offer_token_mark(&one, first), offer_token_mark(&one, second));
}
END_TEST

START_TEST(opens_what_it_sealed)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    struct offer_token token = lens_offer(), opened;
    for (int i = 0; i < 2; i++, token.redemptions = 500) {
        struct str id = sealed(&token, "0193a0b1", arena);
        ck_assert_int_eq(offer_token_open(id, STR("0193a0b1"), key, arena, &opened), OK);
        assert_same(&token, &opened);
    }
}
END_TEST

START_TEST(opens_an_id_of_the_version_before_which_knew_no_relevance_and_no_propensity)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    struct offer_token opened, wanted = lens_offer();
    wanted.relevance_bp = wanted.propensity_bp = 0;
    struct str id = STR("sA1b-KKzN-cBA4DQ6OPmmJgDE2NhbWVyYS1sZW5zLWJ1bmRsZQJhBWxlbnMHQzE3ODUwBHMt"
                        "MQdDQU0tQTYCAghMRU5TLTUwAQ7ml6XmnKzoqp4tU0tVwIQ9");
    ck_assert_int_eq(offer_token_open(id, STR("0193a0b1"), key, arena, &opened), OK);
    assert_same(&wanted, &opened);
}
END_TEST

/* Of version 2, which ended before the budget. */
#define LENS_OFFER_ID                                                                          \
    "SfIH0Hl70PkCA4DQ6OPmmJgDE2NhbWVyYS1sZW5zLWJ1bmRsZQJhBWxlbnMHQzE3ODUwBHMtMQdDQU0tQTYCAghM" \
    "RU5TLTUwAQ7ml6XmnKzoqp4tU0tVwIQ90gmQTg"

START_TEST(opens_an_id_of_the_version_before_which_knew_no_budget)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    struct offer_token opened, wanted = lens_offer();
    ck_assert_int_eq(offer_token_open(STR(LENS_OFFER_ID), STR("0193a0b1"), key, arena, &opened),
                     OK);
    assert_same(&wanted, &opened);
}
END_TEST

START_TEST(an_offer_without_a_budget_is_sealed_as_replicas_of_the_version_before_open_it)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct offer_token token = lens_offer();
    struct str id = sealed(&token, "0193a0b1", arena);
    ck_assert_msg(str_is(id, LENS_OFFER_ID), "%.*s", STR_ARG(id));
}
END_TEST

START_TEST(keeps_what_is_absent_absent)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct offer_token guest = { .rule = STR("r"), .kind = 6, .made_us = 1 };
    struct str id = sealed(&guest, "d", arena);

    struct offer_token opened;
    ck_assert_int_eq(offer_token_open(id, STR("d"), key, arena, &opened), OK);
    assert_same(&guest, &opened);
}
END_TEST

START_TEST(holds_the_longest_offer_there_can_be)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    char text[129];
    memset(text, 'x', 128);
    struct str longest = { text, 128 };
    struct offer_token token = { .rule = longest,
                                 .variant = longest,
                                 .group = longest,
                                 .customer_id = longest,
                                 .session_id = longest,
                                 .replaces = longest,
                                 .kind = 0x7fffffff,
                                 .made_us = INT64_MAX,
                                 .replaces_quantity = INT64_MAX,
                                 .n_items = OFFER_TOKEN_MAX_ITEMS,
                                 .relevance_bp = UINT32_MAX,
                                 .propensity_bp = UINT32_MAX,
                                 .redemptions = INT64_MAX };
    for (int i = 0; i < OFFER_TOKEN_MAX_ITEMS; i++) {
        token.items[i].sku = longest;
        token.items[i].quantity = INT64_MAX;
    }
    text[128] = '\0';
    struct str id = sealed(&token, text, arena);

    struct offer_token opened;
    ck_assert_int_eq(offer_token_open(id, longest, key, arena, &opened), OK);
    assert_same(&token, &opened);
}
END_TEST

START_TEST(refuses_to_seal_a_text_that_is_no_id)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    char text[130];
    memset(text, 'x', sizeof text);
    struct offer_token token = { .rule = { text, 129 } };
    struct out out;
    out_init(&out, arena, 64);

    offer_token_seal(&token, STR("d"), key, &out);

    ck_assert(out.failed);
}
END_TEST

START_TEST(is_safe_in_a_path_of_a_url)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct offer_token token = lens_offer();
    struct str id = sealed(&token, "d", arena);

    for (size_t i = 0; i < id.len; i++)
        ck_assert(
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", id.at[i]));
}
END_TEST

START_TEST(refuses_the_id_under_another_decision_or_key)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct offer_token token = lens_offer();
    struct str id = sealed(&token, "decision-1", arena);

    struct offer_token opened;
    ck_assert_int_eq(offer_token_open(id, STR("decision-2"), key, arena, &opened), ERR_INPUT);
    ck_assert_int_eq(offer_token_open(id, STR(""), key, arena, &opened), ERR_INPUT);
    ck_assert_int_eq(offer_token_open(id, STR("decision-1"), other_key, arena, &opened), ERR_INPUT);
}
END_TEST

START_TEST(refuses_every_id_with_one_character_changed_cut_or_added)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 24);
    const struct offer_token token = lens_offer();
    struct str id = sealed(&token, "d", arena);
    char changed[1024];
    struct offer_token opened;

    for (size_t i = 0; i < id.len; i++) {
        memcpy(changed, id.at, id.len);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        ck_assert_int_eq(
            offer_token_open((struct str){ changed, id.len }, STR("d"), key, arena, &opened),
            ERR_INPUT);
        ck_assert_int_eq(offer_token_open((struct str){ id.at, i }, STR("d"), key, arena, &opened),
                         ERR_INPUT);
    }
    memcpy(changed, id.at, id.len);
    for (int c = 1; c < 256; c++) {
        changed[id.len] = (char) c;
        ck_assert_int_eq(
            offer_token_open((struct str){ changed, id.len + 1 }, STR("d"), key, arena, &opened),
            ERR_INPUT);
    }
}
END_TEST

START_TEST(refuses_texts_that_never_were_ids)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 24);
    char longest[20000];
    memset(longest, 'A', sizeof longest);
    struct offer_token opened;

    ck_assert_int_eq(offer_token_open(STR(""), STR("d"), key, arena, &opened), ERR_INPUT);
    ck_assert_int_eq(offer_token_open(STR("offer-1"), STR("d"), key, arena, &opened), ERR_INPUT);
    for (size_t len = 0; len < sizeof longest; len += 7)
        ck_assert_int_eq(
            offer_token_open((struct str){ longest, len }, STR("d"), key, arena, &opened),
            ERR_INPUT);
}
END_TEST

SUITE_MAIN("shop/offer_token",
           the_same_offer_to_the_same_customer_has_the_same_mark_whenever_it_is_made,
           another_rule_item_quantity_or_customer_is_another_mark,
           guests_whom_nothing_tells_apart_have_a_mark_for_each_decision, opens_what_it_sealed,
           opens_an_id_of_the_version_before_which_knew_no_relevance_and_no_propensity,
           opens_an_id_of_the_version_before_which_knew_no_budget,
           an_offer_without_a_budget_is_sealed_as_replicas_of_the_version_before_open_it,
           keeps_what_is_absent_absent, holds_the_longest_offer_there_can_be,
           refuses_to_seal_a_text_that_is_no_id, is_safe_in_a_path_of_a_url,
           refuses_the_id_under_another_decision_or_key,
           refuses_every_id_with_one_character_changed_cut_or_added,
           refuses_texts_that_never_were_ids)
