/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/order_payload.h"

#include "shop/event.h"

static void print_text(struct out *out, struct str key, struct str value)
{
    if (!value.at)
        return;
    out_json_key(out, key);
    out_json_str(out, value);
}

static void print_instant(struct out *out, struct str key, int64_t at_us)
{
    out_json_key(out, key);
    out_char(out, '"');
    out_instant(out, at_us, at_us % 1000000 != 0);
    out_char(out, '"');
    out->comma = true;
}

static void print_line(struct out *out, const struct order_line *line)
{
    out_json_open(out, '{');
    out_json_key(out, STR("sku"));
    out_json_str(out, line->sku);
    out_json_key(out, STR("quantity"));
    out_json_int(out, line->quantity);
    out_json_key(out, STR("unit_price"));
    out_json_int(out, line->unit_price_minor);
    out_json_close(out, '}');
}

void order_payload_print(struct out *out, const struct event *event)
{
    out_json_open(out, '{');
    print_text(out, STR("event_id"), event->event_id);
    print_text(out, STR("type"), str_of(event_type_name(event->type)));
    print_text(out, STR("customer_id"), event->customer_id);
    print_text(out, STR("session_id"), event->session_id);
    print_instant(out, STR("at"), event->at_us);
    out_json_key(out, STR("order"));
    out_json_open(out, '{');
    print_text(out, STR("id"), event->order.id);
    print_text(out, STR("currency"), event->order.currency);
    out_json_key(out, STR("items"));
    out_json_open(out, '[');
    for (uint32_t i = 0; i < event->order.n_lines; i++)
        print_line(out, &event->order.lines[i]);
    out_json_close(out, ']');
    out_json_close(out, '}');
    out_json_close(out, '}');
}
