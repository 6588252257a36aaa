/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/message.h"
#include "suite.h"

struct fixture {
    struct arena *arena;
    struct message_values values;
    size_t at;
    struct str bad;
    struct err_note note;
};

static struct fixture *fixture(void)
{
    static struct fixture self;
    if (self.arena)
        arena_free(self.arena);
    self = (struct fixture){ .arena = arena_new(4096, 1 << 20), .at = SIZE_MAX };
    return &self;
}

static const struct message_text *compile(struct fixture *f, const char *text)
{
    const struct message_text *compiled = NULL;
    enum err err = message_compile(str_of(text), f->arena, &compiled, &f->at, &f->bad, &f->note);
    ck_assert_int_eq(err, OK);
    return compiled;
}

static void renders(struct fixture *f, const char *text, const char *expected)
{
    struct out out;
    out_init(&out, f->arena, 16);
    message_render(compile(f, text), &f->values, &out);
    out_char(&out, '\0');
    ck_assert_str_eq(out.at, expected);
}

static void is_refused(struct fixture *f, const char *text, size_t at, const char *bad)
{
    const struct message_text *compiled = NULL;
    ck_assert_int_eq(message_compile(str_of(text), f->arena, &compiled, &f->at, &f->bad, &f->note),
                     ERR_INPUT);
    ck_assert_ptr_null(compiled);
    ck_assert_uint_eq(f->at, at);
    if (bad)
        ck_assert_msg(f->bad.at && str_is(f->bad, bad), "'%.*s'", STR_ARG(f->bad));
    else
        ck_assert_ptr_null(f->bad.at);
}

START_TEST(placeholders_are_filled_in)
{
    struct fixture *f = fixture();
    f->values.values[PLACE_PRICE_GAP] = STR("80,820円");
    f->values.values[PLACE_OFFER_SPEC_GAIN] = STR("ストレージ 256 GB");

    renders(f, "+{price_gap} で {offer.spec_gain}", "+80,820円 で ストレージ 256 GB");
    renders(f, "{price_gap}{price_gap}", "80,820円80,820円");
    renders(f, "{ price_gap }", "80,820円");
    renders(f, "なし", "なし");
    renders(f, "", "");
}
END_TEST

START_TEST(a_fallback_stands_in_for_an_unknown_value_only)
{
    struct fixture *f = fixture();
    renders(f, "{customer.first_name ?? お客様}へ", "お客様へ");
    renders(f, "[{customer.first_name??}]", "[]");
    renders(f, "{customer.first_name ?? a ?? b}", "a ?? b");
    f->values.values[PLACE_CUSTOMER_FIRST_NAME] = STR("花子さん");
    renders(f, "{customer.first_name ?? お客様}へ", "花子さんへ");
    f->values.values[PLACE_CUSTOMER_FIRST_NAME] = STR("");
    renders(f, "[{customer.first_name ?? お客様}]", "[]");
}
END_TEST

START_TEST(a_text_needs_the_values_without_a_fallback)
{
    struct fixture *f = fixture();
    const struct message_text *text =
        compile(f, "{price} {saving ?? -} {cart.total??} {price ?? x}");

    ck_assert_uint_eq(text->needs, 1u << PLACE_PRICE);
    ck_assert_uint_eq(compile(f, "{saving ?? -}{{saving}}")->needs, 0);
}
END_TEST

START_TEST(doubled_braces_are_braces)
{
    struct fixture *f = fixture();
    f->values.values[PLACE_PRICE] = STR("5");
    renders(f, "{{price}} is {price}", "{price} is 5");
    renders(f, "{{{price}}}", "{5}");
    renders(f, "}}{{", "}{");
}
END_TEST

START_TEST(texts_and_fallbacks_are_escaped_for_json)
{
    struct fixture *f = fixture();
    renders(f, "\"a\tb\" {saving ?? \"-\"} \\", "\\\"a\\tb\\\" \\\"-\\\" \\\\");
}
END_TEST

START_TEST(values_come_escaped_and_are_not_escaped_again)
{
    struct fixture *f = fixture();
    f->values.values[PLACE_TRIGGER_NAME] = STR("7\\\" lens");
    renders(f, "a {trigger.name}", "a 7\\\" lens");
}
END_TEST

START_TEST(an_unknown_placeholder_is_refused_with_its_name_and_place)
{
    struct fixture *f = fixture();
    is_refused(f, "a {price_gpa}", 3, "price_gpa");
    is_refused(f, "日本 { offer.nam ?? x}", 9, "offer.nam");
    is_refused(f, "{}", 1, "");
    is_refused(f, "{price gap}", 1, "price gap");
}
END_TEST

START_TEST(a_brace_without_its_other_is_refused)
{
    struct fixture *f = fixture();
    is_refused(f, "{price", 0, NULL);
    is_refused(f, "ab}", 2, NULL);
    is_refused(f, "{price {saving}}", 0, NULL);
    is_refused(f, "x {", 2, NULL);
    is_refused(f, "{price}}", 7, NULL);
}
END_TEST

START_TEST(tells_which_placeholders_it_uses)
{
    struct fixture *f = fixture();
    const struct message_text *text =
        compile(f, "{price} {saving} {trigger.name} {offer.spec_gain ?? x} {saving}");

    ck_assert_uint_eq(text->uses, 1u << PLACE_PRICE | 1u << PLACE_SAVING |
                                      1u << PLACE_TRIGGER_NAME | 1u << PLACE_OFFER_SPEC_GAIN);
}
END_TEST

START_TEST(the_names_stand_in_the_order_of_the_enumerators)
{
    const char *const *names = message_placeholder_names();
    ck_assert_str_eq(names[PLACE_PRICE_GAP], "price_gap");
    ck_assert_str_eq(names[PLACE_CUSTOMER_FIRST_NAME], "customer.first_name");
    ck_assert_ptr_null(names[PLACEHOLDERS]);
}
END_TEST

START_TEST(a_full_arena_is_a_limit)
{
    AUTO(arena_free) struct arena *arena = arena_new(64, 128);
    struct fixture *f = fixture();
    const struct message_text *text;
    struct str many = { "{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{", 32 };

    ck_assert_int_eq(message_compile(many, arena, &text, &f->at, &f->bad, &f->note), ERR_LIMIT);
}
END_TEST

SUITE_MAIN("rules/message", placeholders_are_filled_in,
           a_fallback_stands_in_for_an_unknown_value_only,
           a_text_needs_the_values_without_a_fallback, doubled_braces_are_braces,
           texts_and_fallbacks_are_escaped_for_json, values_come_escaped_and_are_not_escaped_again,
           an_unknown_placeholder_is_refused_with_its_name_and_place,
           a_brace_without_its_other_is_refused, tells_which_placeholders_it_uses,
           the_names_stand_in_the_order_of_the_enumerators, a_full_arena_is_a_limit)
