/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/order_payload.h"

#include "shop/event.h"
#include "suite.h"

static const struct order_line lines[] = { { { "CAM-A7", 6 }, 1, 198000 },
                                           { { "a\"b\n", 4 }, 12, 0 } };

static void expect(const struct event *event, const char *expected)
{
    struct out out;
    out_init(&out, NULL, 16);
    order_payload_print(&out, event);
    ck_assert(!out.failed);
    out_char(&out, '\0');
    ck_assert_str_eq(out.at, expected);
    out_deinit(&out);
}

START_TEST(an_order_has_one_spelling)
{
    expect(
        &(struct event){ .event_id = STR("import:A-1"),
                         .type = EVENT_ORDER_PLACED,
                         .customer_id = STR("C17850"),
                         .session_id = STR("s1"),
                         .at_us = INT64_C(1795255331) * 1000000,
                         .order = { STR("A-1"), STR("JPY"), lines, 2 } },
        "{\"event_id\":\"import:A-1\",\"type\":\"order_placed\",\"customer_id\":\"C17850\","
        "\"session_id\":\"s1\",\"at\":\"2026-11-21T10:02:11Z\",\"order\":{\"id\":\"A-1\","
        "\"currency\":\"JPY\",\"items\":[{\"sku\":\"CAM-A7\",\"quantity\":1,\"unit_price\":198000},"
        "{\"sku\":\"a\\\"b\\n\",\"quantity\":12,\"unit_price\":0}]}}");
}
END_TEST

START_TEST(what_is_absent_is_left_out_and_a_part_of_a_second_is_kept)
{
    expect(&(struct event){ .event_id = STR("e"),
                            .type = EVENT_ORDER_RETURNED,
                            .at_us = INT64_C(1795255331) * 1000000 + 250000,
                            .order = { .id = STR("A-1") } },
           "{\"event_id\":\"e\",\"type\":\"order_returned\",\"at\":\"2026-11-21T10:02:11.250Z\","
           "\"order\":{\"id\":\"A-1\",\"items\":[]}}");
}
END_TEST

SUITE_MAIN("shop/order_payload", an_order_has_one_spelling,
           what_is_absent_is_left_out_and_a_part_of_a_second_is_kept)
