/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/out.h"
#include "learn.h"
#include "suite.h"

#define NOW_US INT64_C(1795255331000000) /* 2026-11-21T10:02:11Z */

static const uint8_t key[OFFER_TOKEN_KEY_BYTES] = "a key of 16 byte";
static const struct intake_limits limits = { .max_events = 5 };
static struct arena *arena;
static struct str pointer;
static struct err_note note;

static enum err read_body(struct str body, struct event_batch **ret_batch)
{
    if (!arena)
        arena = arena_new(65536, 16 << 20);
    arena_reset(arena);
    pointer = (struct str){ 0 };
    return intake_read(body, key, NOW_US, &limits, arena, ret_batch, &pointer, &note);
}

static struct event_batch *batch_of(const char *body)
{
    struct event_batch *batch = NULL;
    enum err err = read_body(str_of(body), &batch);
    ck_assert_msg(err == OK, "%s: %s", body, err == OK ? "" : note.text);
    return batch;
}

/* The one event of @body, which must be good. */
static const struct event *event_of(const char *body)
{
    struct event_batch *batch = batch_of(body);
    ck_assert_msg(batch->n_events == 1, "%s: %s at %.*s", body, batch->results[0].problem,
                  STR_ARG(batch->results[0].pointer));
    return &batch->events[0];
}

static void assert_rejected(const char *body, const char *at)
{
    struct event_batch *batch = batch_of(body);
    ck_assert_msg(batch->n_events == 0 && batch->n_results == 1, "accepted: %s", body);
    ck_assert_int_eq(batch->results[0].status, EVENT_REJECTED);
    ck_assert_ptr_nonnull(batch->results[0].problem);
    ck_assert_msg(str_is(batch->results[0].pointer, at), "%s: at '%.*s', not '%s' (%s)", body,
                  STR_ARG(batch->results[0].pointer), at, batch->results[0].problem);
}

static void assert_unreadable(struct str body, enum err wanted)
{
    struct event_batch *batch = NULL;
    ck_assert_msg(read_body(body, &batch) == wanted, "%.*s", STR_ARG(body));
    ck_assert_ptr_null(batch);
}

#define ORDER                                                                            \
    "{\"event_id\":\"e-1\",\"type\":\"order_placed\",\"customer_id\":\"C17850\","        \
    "\"at\":\"2026-11-21T10:02:11Z\",\"order\":{\"id\":\"A-1001\",\"currency\":\"JPY\"," \
    "\"items\":[{\"sku\":\"CAM-A7\",\"quantity\":1,\"unit_price\":198000}]}}"

START_TEST(reads_an_order)
{
    const struct event *event = event_of(ORDER);

    ck_assert(str_is(event->event_id, "e-1"));
    ck_assert_int_eq(event->type, EVENT_ORDER_PLACED);
    ck_assert(str_is(event->shop, "main"));
    ck_assert(str_is(event->customer_id, "C17850"));
    ck_assert_ptr_null(event->session_id.at);
    ck_assert_int_eq(event->at_us, NOW_US);
    ck_assert(str_is(event->order.id, "A-1001"));
    ck_assert(str_is(event->order.currency, "JPY"));
    ck_assert_uint_eq(event->order.n_lines, 1);
    ck_assert(str_is(event->order.lines[0].sku, "CAM-A7"));
    ck_assert_int_eq(event->order.lines[0].quantity, 1);
    ck_assert_int_eq(event->order.lines[0].unit_price_minor, 198000);
}
END_TEST

START_TEST(keeps_an_order_in_one_spelling_without_unknown_fields)
{
    const struct event *event = event_of(
        "{ \"colour\": [1, {\"x\": null}], \"order\": {\"items\": [ {\"unit_price\": 1.98e5, "
        "\"gift\": true,"
        "\"quantity\": 1, \"sku\": \"CAM-A7\"} ], \"currency\": \"JPY\", \"id\": \"A-1001\"},"
        "\"at\": \"2026-11-21T19:02:11+09:00\", \"customer_id\": \"C17850\", \"type\": "
        "\"order_placed\","
        "\"event_id\": \"e-1\" }");

    ck_assert_msg(str_is(event->payload, ORDER), "%.*s", STR_ARG(event->payload));
}
END_TEST

START_TEST(an_event_without_a_time_happened_now)
{
    const struct event *event = event_of(
        "{\"event_id\":\"e\",\"type\":\"product_viewed\",\"customer_id\":\"c\",\"sku\":\"S\"}");
    ck_assert_int_eq(event->at_us, NOW_US);
}
END_TEST

static struct str offer_id(const char *customer)
{
    struct offer_token token = { .rule = STR("lens"),
                                 .group = STR("g"),
                                 .kind = 3,
                                 .made_us = NOW_US,
                                 .customer_id = str_of(customer),
                                 .session_id = STR("s-9"),
                                 .n_items = 1,
                                 .items = { { STR("LENS-50"), 1 } },
                                 .relevance_bp = 3700,
                                 .propensity_bp = 42,
                                 .redemptions = 9 };
    static char text[512];
    struct out out = { .at = text, .cap = sizeof text };
    offer_token_seal(&token, STR("d-1"), key, &out);
    return out_str(&out);
}

static char *offer_event(const char *type, const char *more, const char *made_for)
{
    static char body[1024];
    struct str id = offer_id(made_for);
    snprintf(body, sizeof body,
             "{\"event_id\":\"e\",\"type\":\"%s\",\"decision_id\":\"d-1\",\"offer_id\":\"%.*s\"%s}",
             type, STR_ARG(id), more);
    return body;
}

START_TEST(opens_an_offer_and_keeps_what_it_says)
{
    const struct event *event = event_of(offer_event("offer_declined", "", "C1"));

    ck_assert_int_eq(event->type, EVENT_OFFER_DECLINED);
    ck_assert(str_is(event->customer_id, "C1"));
    ck_assert(str_is(event->session_id, "s-9"));
    ck_assert(str_is(event->offer.rule, "lens"));
    ck_assert(str_is(event->offer.group, "g"));
    ck_assert_int_eq(event->offer.kind, 3);
    ck_assert_int_eq(event->offer.redemptions, 9);
    ck_assert(
        str_contains(event->payload, STR("\"rule\":\"lens\",\"kind\":\"bundle\",\"group\":\"g\"")));
    ck_assert(str_contains(event->payload,
                           STR("\"relevance\":0.37,\"propensity\":0.0042,\"sku\":\"LENS-50\"")));

    struct event recalled;
    AUTO(arena_free) struct arena *kept = arena_new(4096, 1 << 20);
    ck_assert_int_eq(intake_recall(event->payload, kept, &recalled), OK);
    ck_assert(str_is(recalled.sku, "LENS-50"));
    ck_assert_uint_eq(recalled.offer.relevance_bp, 3700);
    ck_assert_uint_eq(recalled.offer.propensity_bp, 42);
}
END_TEST

START_TEST(takes_a_guests_offer_and_names_the_customer_who_logged_in)
{
    const struct event *event = event_of(offer_event("offer_shown", "", NULL));
    ck_assert_ptr_null(event->customer_id.at);
    event = event_of(offer_event("offer_accepted", ",\"customer_id\":\"C7\"", NULL));
    ck_assert(str_is(event->customer_id, "C7"));
}
END_TEST

START_TEST(rejects_an_offer_made_to_another_or_never_made)
{
    assert_rejected(offer_event("offer_shown", ",\"customer_id\":\"C2\"", "C1"), "/customer_id");
    assert_rejected(
        "{\"event_id\":\"e\",\"type\":\"offer_shown\",\"decision_id\":\"d-1\",\"offer_id\":\"x\"}",
        "/offer_id");
    assert_rejected("{\"event_id\":\"e\",\"type\":\"offer_shown\",\"decision_id\":\"d-1\"}",
                    "/offer_id");
    assert_rejected("{\"event_id\":\"e\",\"type\":\"offer_shown\",\"offer_id\":\"x\"}",
                    "/decision_id");
}
END_TEST

START_TEST(reads_consent_name_and_attributes)
{
    const struct event *event = event_of(
        "{\"event_id\":\"e\",\"type\":\"customer_updated\",\"customer_id\":\"c\",\"customer\":{"
        "\"first_name\":\"花子\",\"consent\":{\"personalization\":true,\"marketing\":false,\"x\":1}"
        ","
        "\"attributes\":{\"vip\":true,\"n\":[1,2.5]}}}");

    ck_assert(str_is(event->customer.name, "花子"));
    ck_assert_uint_eq(event->customer.consent_given, CONSENT_PERSONALIZATION);
    ck_assert_uint_eq(event->customer.consent_withdrawn, CONSENT_MARKETING);
    ck_assert(str_is(event->customer.attributes, "{\"vip\":true,\"n\":[1,2.5]}"));
}
END_TEST

START_TEST(reads_a_cloud_event)
{
    const struct event *event = event_of("{\"specversion\":\"1.0\",\"id\":\"ce-1\",\"source\":\"/"
                                         "shop\",\"type\":\"offerd.product_viewed\","
                                         "\"time\":\"2026-11-20T10:02:11Z\",\"subject\":\"c\","
                                         "\"data\":{\"sku\":\"S\",\"session_id\":\"s\"}}");
    ck_assert(str_is(event->event_id, "ce-1"));
    ck_assert(str_is(event->customer_id, "c"));
    ck_assert(str_is(event->sku, "S"));
    ck_assert_int_eq(event->at_us, NOW_US - INT64_C(86400000000));

    event = event_of(
        "{\"specversion\":\"1.0\",\"id\":\"ce-1\",\"source\":\"/\",\"type\":\"product_viewed\","
        "\"data\":{\"sku\":\"S\",\"customer_id\":\"d\",\"event_id\":\"own\"}}");
    ck_assert(str_is(event->event_id, "own"));
    ck_assert(str_is(event->customer_id, "d"));
    assert_rejected(
        "{\"specversion\":\"1.0\",\"id\":\"x\",\"type\":\"product_viewed\",\"subject\":\"c\","
        "\"data\":{\"sku\":7}}",
        "/data/sku");
    assert_rejected("{\"specversion\":\"0.3\",\"id\":\"x\",\"type\":\"product_viewed\"}",
                    "/specversion");
    assert_rejected("{\"specversion\":\"1.0\",\"id\":\"x\",\"type\":\"product_viewed\"}", "/data");
}
END_TEST

START_TEST(one_bad_event_leaves_its_neighbours_good)
{
    struct event_batch *batch =
        batch_of("[" ORDER ", {\"event_id\":\"e-2\",\"type\":\"order_placed\"}, 7, " ORDER "]");

    ck_assert(!batch->single);
    ck_assert_uint_eq(batch->n_results, 4);
    ck_assert_uint_eq(batch->n_events, 2);
    ck_assert_uint_eq(batch->result_of[0], 0);
    ck_assert_uint_eq(batch->result_of[1], 3);
    ck_assert_int_eq(batch->results[1].status, EVENT_REJECTED);
    ck_assert(str_is(batch->results[1].event_id, "e-2"));
    ck_assert(str_is(batch->results[1].pointer, "/1/order"));
    ck_assert(str_is(batch->results[2].pointer, "/2"));
}
END_TEST

START_TEST(says_where_a_field_is_wrong)
{
    static const struct {
        const char *from, *to, *at;
    } changes[] = {
        { "\"event_id\":\"e-1\",", "", "/event_id" },
        { "\"e-1\"", "\"\"", "/event_id" },
        { "\"e-1\"", "17", "/event_id" },
        { "\"e-1\"", "\"a\\nb\"", "/event_id" },
        { "order_placed", "order_lost", "/type" },
        { "\"C17850\"", "{}", "/customer_id" },
        { "\"2026-11-21T10:02:11Z\"", "\"yesterday\"", "/at" },
        { "\"2026-11-21T10:02:11Z\"", "1795255331", "/at" },
        { "\"2026-11-21T10:02:11Z\"", "\"2026-11-22T10:02:12Z\"", "/at" },
        { "\"2026-11-21T10:02:11Z\"", "\"1999-12-31T23:59:59Z\"", "/at" },
        { "\"order\":", "\"orders\":", "/order" },
        { "\"A-1001\"", "null", "/order/id" },
        { "\"JPY\"", "\"YEN\"", "/order/currency" },
        { "[{", "[[],{", "/order/items/0" },
        { "[{\"sku\":\"CAM-A7\",\"quantity\":1,\"unit_price\":198000}]", "[]", "/order/items" },
        { "[{\"sku\":\"CAM-A7\",\"quantity\":1,\"unit_price\":198000}]", "{}", "/order/items" },
        { "\"CAM-A7\"", "false", "/order/items/0/sku" },
        { "\"quantity\":1", "\"quantity\":0", "/order/items/0/quantity" },
        { "\"quantity\":1", "\"quantity\":-1", "/order/items/0/quantity" },
        { "\"quantity\":1", "\"quantity\":1.5", "/order/items/0/quantity" },
        { "\"quantity\":1", "\"quantity\":1000001", "/order/items/0/quantity" },
        { "\"quantity\":1", "\"quantity\":\"1\"", "/order/items/0/quantity" },
        { "198000", "-1", "/order/items/0/unit_price" },
        { "198000", "1e13", "/order/items/0/unit_price" },
        { "198000", "1e999", "/order/items/0/unit_price" },
        { ",\"unit_price\":198000", "", "/order/items/0/unit_price" },
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char body[1024];
        const char *hit = strstr(ORDER, changes[i].from);
        ck_assert_ptr_nonnull(hit);
        snprintf(body, sizeof body, "%.*s%s%s", (int) (hit - ORDER), ORDER, changes[i].to,
                 hit + strlen(changes[i].from));
        assert_rejected(body, changes[i].at);
    }
    assert_rejected("{\"event_id\":\"e\",\"type\":\"product_viewed\",\"sku\":\"S\"}",
                    "/customer_id");
    assert_rejected("{\"event_id\":\"e\",\"type\":\"survey_answered\",\"customer_id\":\"c\","
                    "\"metric\":\"nps\"}",
                    "/value");
}
END_TEST

START_TEST(an_escaped_backslash_before_u0000_is_only_text)
{
    const struct event *event =
        event_of("{\"event_id\":\"e\",\"type\":\"feedback\",\"customer_id\":\"c\","
                 "\"text\":\"see \\\\u0000\"}");
    ck_assert(str_is(event->text, "see \\u0000"));
}
END_TEST

START_TEST(an_order_may_have_so_many_lines_and_no_more)
{
    struct out out;
    for (int n = EVENT_MAX_LINES; n <= EVENT_MAX_LINES + 1; n++) {
        out_init(&out, NULL, 1 << 17);
        out_text(&out, STR("{\"event_id\":\"e\",\"type\":\"order_placed\",\"order\":{\"id\":\"o\","
                           "\"currency\":\"GBP\",\"items\":["));
        for (int i = 0; i < n; i++)
            out_printf(&out, "%s{\"sku\":\"S%d\",\"quantity\":1,\"unit_price\":0}", i ? "," : "",
                       i);
        out_text(&out, STR("]}}"));
        out_char(&out, '\0');
        if (n == EVENT_MAX_LINES)
            ck_assert_uint_eq(event_of(out.at)->order.n_lines, EVENT_MAX_LINES);
        else
            assert_rejected(out.at, "/order/items");
        out_deinit(&out);
    }
}
END_TEST

START_TEST(an_event_may_be_so_long_and_no_longer)
{
    struct out out;
    out_init(&out, NULL, 1 << 19);
    out_text(&out, STR("{\"event_id\":\"e\",\"type\":\"feedback\",\"customer_id\":\"c\",\"x\":\""));
    while (out.len < EVENT_MAX_BYTES)
        out_char(&out, 'x');
    out_text(&out, STR("\"}"));
    out_char(&out, '\0');
    assert_rejected(out.at, "");
    out_deinit(&out);
}
END_TEST

START_TEST(refuses_a_body_that_is_not_json)
{
    static const char *const bad[] = { "",
                                       " ",
                                       "{",
                                       "[",
                                       "[{}",
                                       "{\"a\":}",
                                       "{\"a\":1}x",
                                       "[1,]",
                                       "nul",
                                       "\"x\"",
                                       "12",
                                       "{\"a\":01}",
                                       "{'a':1}",
                                       "{\"a\":\"\n\"}",
                                       "[{}]]",
                                       "\xff{}",
                                       "{\"a\":\"\xc3\x28\"}",
                                       "\xef\xbb\xbf{}",
                                       "{\"a\":\"\\u0000\"}" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_unreadable(str_of(bad[i]), ERR_INPUT);
    assert_unreadable((struct str){ "{}\0", 3 }, ERR_INPUT);
    assert_unreadable(str_of("[{\"a\":1},{\"b\":[1,}]"), ERR_INPUT);
    ck_assert_msg(str_is(pointer, "/1/b/1") || str_is(pointer, "/1/b/0"), "%.*s", STR_ARG(pointer));
}
END_TEST

START_TEST(refuses_too_many_events_and_too_deep_nesting)
{
    assert_unreadable(STR("[1,2,3,4,5,6]"), ERR_LIMIT);
    char deep[4000];
    memset(deep, '[', 2000);
    memset(deep + 2000, ']', 2000);
    struct event_batch *batch = NULL;
    ck_assert_int_ne(read_body((struct str){ deep, sizeof deep }, &batch), OK);
}
END_TEST

START_TEST(an_empty_array_is_an_empty_batch)
{
    struct event_batch *batch = batch_of("[]");
    ck_assert_uint_eq(batch->n_results, 0);
    ck_assert_uint_eq(batch->n_events, 0);
}
END_TEST

START_TEST(too_little_memory_refuses_the_body)
{
    for (size_t bytes = 256; bytes < 4096; bytes += 64) {
        AUTO(arena_free) struct arena *small = arena_new(256, bytes);
        struct event_batch *batch = NULL;
        enum err err = intake_read(STR("[" ORDER "," ORDER "]"), key, NOW_US, &limits, small,
                                   &batch, &pointer, &note);
        ck_assert_msg(err == OK || err == ERR_LIMIT || err == ERR_INPUT, "%d", err);
        if (err == OK)
            ck_assert_uint_eq(batch->n_events, 2);
    }
}
END_TEST

static bool same_text(struct str a, struct str b)
{
    return str_eq(a, b) && (a.at == NULL) == (b.at == NULL);
}

START_TEST(recalls_every_event_as_it_was_read)
{
    static char offer[1024], feedback[1024];
    snprintf(offer, sizeof offer, "%s", offer_event("offer_clicked", "", "C1"));
    snprintf(feedback, sizeof feedback, "%s",
             offer_event("feedback", ",\"text\":\"いい \\\"x\\\"\"", "C1"));
    const char *const bodies[] = {
        ORDER,
        offer,
        feedback,
        "{\"event_id\":\"e\",\"type\":\"product_viewed\",\"customer_id\":\"c\",\"sku\":\"S\"}",
        "{\"event_id\":\"e\",\"type\":\"order_returned\",\"customer_id\":\"c\",\"session_id\":"
        "\"s\","
        "\"at\":\"2026-11-20T10:02:11.250Z\","
        "\"order\":{\"id\":\"A\",\"currency\":\"USD\",\"items\":[{\"sku\":\"S\",\"quantity\":2}]}}",
        "{\"event_id\":\"e\",\"type\":\"cart_updated\",\"customer_id\":\"c\",\"cart\":{\"items\":[]"
        "}}",
        "{\"event_id\":\"e\",\"type\":\"checkout_started\",\"customer_id\":\"c\"}",
        "{\"event_id\":\"e\",\"type\":\"support_opened\",\"customer_id\":\"c\"}",
        "{\"event_id\":\"e\",\"type\":\"survey_answered\",\"customer_id\":\"c\",\"metric\":"
        "\"csat\",\"value\":0.1}",
        "{\"event_id\":\"e\",\"type\":\"usage_reported\",\"customer_id\":\"c\",\"metric\":\"gb\","
        "\"used\":1e300,"
        "\"quota\":-7}",
        "{\"event_id\":\"e\",\"type\":\"customer_identified\",\"customer_id\":\"c\","
        "\"anonymous_id\":\"visitor \\\"1\\\"\"}",
        "{\"event_id\":\"e\",\"type\":\"customer_updated\",\"customer_id\":\"c\",\"customer\":{"
        "\"consent\":"
        "{\"profiling\":true,\"personalization\":false},\"attributes\":{\"a\":{\"b\":\"c\"}}}}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const struct event *read = event_of(bodies[i]);
        struct event back;
        ck_assert_msg(intake_recall(read->payload, arena, &back) == OK, "%.*s",
                      STR_ARG(read->payload));
        ck_assert_int_eq(back.type, read->type);
        ck_assert(same_text(back.event_id, read->event_id) &&
                  same_text(back.customer_id, read->customer_id));
        ck_assert(same_text(back.session_id, read->session_id));
        ck_assert(same_text(back.anonymous_id, read->anonymous_id));
        ck_assert_int_eq(back.at_us, read->at_us);
        ck_assert(same_text(back.order.id, read->order.id) &&
                  same_text(back.order.currency, read->order.currency));
        ck_assert_uint_eq(back.order.n_lines, read->order.n_lines);
        for (uint32_t n = 0; n < back.order.n_lines; n++) {
            ck_assert(same_text(back.order.lines[n].sku, read->order.lines[n].sku));
            ck_assert_int_eq(back.order.lines[n].quantity, read->order.lines[n].quantity);
            ck_assert_int_eq(back.order.lines[n].unit_price_minor,
                             read->order.lines[n].unit_price_minor);
        }
        ck_assert(same_text(back.offer.rule, read->offer.rule) &&
                  same_text(back.offer.group, read->offer.group));
        ck_assert(same_text(back.offer.offer_id, read->offer.offer_id));
        ck_assert_int_eq(back.offer.kind, read->offer.kind);
        ck_assert(same_text(back.sku, read->sku) && same_text(back.text, read->text));
        ck_assert(same_text(back.measure.metric, read->measure.metric));
        ck_assert_double_eq(back.measure.value, read->measure.value);
        ck_assert_double_eq(back.measure.quota, read->measure.quota);
        ck_assert_uint_eq(back.customer.consent_given, read->customer.consent_given);
        ck_assert_uint_eq(back.customer.consent_withdrawn, read->customer.consent_withdrawn);
        ck_assert(same_text(back.customer.attributes, read->customer.attributes));
    }
}
END_TEST

#define IDENTIFIED "{\"event_id\":\"e\",\"type\":\"customer_identified\""

START_TEST(reads_who_a_customer_has_been)
{
    const struct event *event =
        event_of(IDENTIFIED ",\"customer_id\":\"c\",\"session_id\":\"s\",\"anonymous_id\":\"v\"}");
    ck_assert(str_is(event->customer_id, "c") && str_is(event->anonymous_id, "v"));

    event = event_of(IDENTIFIED ",\"customer_id\":\"c\",\"session_id\":\"s-1\"}");
    ck_assert(str_is(event->anonymous_id, "session:s-1"));
    ck_assert(str_contains(event->payload, STR("\"anonymous_id\":\"session:s-1\"")));

    event =
        event_of("{\"specversion\":\"1.0\",\"id\":\"e\",\"type\":\"offerd.customer_identified\","
                 "\"subject\":\"c\",\"data\":{\"anonymous_id\":\"v\"}}");
    ck_assert(str_is(event->customer_id, "c") && str_is(event->anonymous_id, "v"));
}
END_TEST

START_TEST(rejects_who_is_identified_as_nobody_or_as_the_same)
{
    char body[512], long_id[130];
    assert_rejected(IDENTIFIED ",\"anonymous_id\":\"v\"}", "/customer_id");
    assert_rejected(IDENTIFIED ",\"customer_id\":\"c\"}", "/anonymous_id");
    assert_rejected(IDENTIFIED ",\"customer_id\":\"c\",\"anonymous_id\":\"\"}", "/anonymous_id");
    assert_rejected(IDENTIFIED ",\"customer_id\":\"c\",\"anonymous_id\":7}", "/anonymous_id");
    assert_rejected(IDENTIFIED ",\"customer_id\":\"c\",\"anonymous_id\":\"c\"}", "/anonymous_id");
    assert_rejected(IDENTIFIED ",\"customer_id\":\"session:s\",\"session_id\":\"s\"}",
                    "/anonymous_id");
    memset(long_id, 'x', sizeof long_id);
    snprintf(body, sizeof body, IDENTIFIED ",\"customer_id\":\"c\",\"session_id\":\"%.*s\"}", 120,
             long_id);
    ck_assert_uint_eq(event_of(body)->anonymous_id.len, ID_MAX_BYTES);
    snprintf(body, sizeof body, IDENTIFIED ",\"customer_id\":\"c\",\"session_id\":\"%.*s\"}", 121,
             long_id);
    assert_rejected(body, "/session_id");
}
END_TEST

START_TEST(does_not_recall_a_damaged_payload)
{
    struct event event;
    AUTO(arena_free) struct arena *own = arena_new(4096, 1 << 20);
    ck_assert_int_eq(intake_recall(STR(""), own, &event), ERR_CORRUPT);
    ck_assert_int_eq(intake_recall(STR("{\"type\":\"order_placed\""), own, &event), ERR_CORRUPT);
    ck_assert_int_eq(intake_recall(STR("{\"event_id\":\"e\"}"), own, &event), ERR_CORRUPT);
    ck_assert_int_eq(intake_recall(STR("{\"type\":\"order_placed\",\"order\":[]}"), own, &event),
                     ERR_CORRUPT);
}
END_TEST

SUITE_MAIN("learn/intake", reads_an_order, keeps_an_order_in_one_spelling_without_unknown_fields,
           an_event_without_a_time_happened_now, opens_an_offer_and_keeps_what_it_says,
           takes_a_guests_offer_and_names_the_customer_who_logged_in,
           rejects_an_offer_made_to_another_or_never_made, reads_consent_name_and_attributes,
           reads_a_cloud_event, one_bad_event_leaves_its_neighbours_good,
           says_where_a_field_is_wrong, an_escaped_backslash_before_u0000_is_only_text,
           an_order_may_have_so_many_lines_and_no_more, an_event_may_be_so_long_and_no_longer,
           refuses_a_body_that_is_not_json, refuses_too_many_events_and_too_deep_nesting,
           an_empty_array_is_an_empty_batch, too_little_memory_refuses_the_body,
           recalls_every_event_as_it_was_read, reads_who_a_customer_has_been,
           rejects_who_is_identified_as_nobody_or_as_the_same, does_not_recall_a_damaged_payload)
