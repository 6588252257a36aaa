/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /offers/{decision_id}/{offer_id}/accept and …/decline: what became of an offer. The
 * offer id carries the offer, so nothing has to be looked up. The outcome becomes an event
 * whose id follows from the offer's: said twice, it counts once and is answered alike. A
 * guest's is kept as well, for the rule's budget.
 */
#include "base/json_scan.h"
#include "http/exchange.h"
#include "http/handlers.h"
#include "http/submit.h"
#include "http/worker.h"
#include "learn.h"
#include "ports/clock.h"
#include "shop/event.h"
#include "shop/offer_token.h"

enum { REASON_MAX_BYTES = 4000 };

struct outcome {
    bool accepted;
    struct offer_token token;
    struct str customer_id, session_id, reason, locale; /* the client's; may be absent */
};

static struct str optional(struct json_scan *scan, size_t max_bytes)
{
    return json_null(scan) ? (struct str){ 0 } : json_string(scan, 0, max_bytes);
}

static void read_body(struct json_scan *scan, struct outcome *outcome)
{
    struct str key;
    for (json_object(scan); json_next_key(scan, &key);)
        if (str_is(key, "customer_id"))
            outcome->customer_id = optional(scan, ID_MAX_BYTES);
        else if (str_is(key, "session_id"))
            outcome->session_id = optional(scan, ID_MAX_BYTES);
        else if (str_is(key, "reason"))
            outcome->reason = optional(scan, REASON_MAX_BYTES);
        else if (str_is(key, "locale"))
            outcome->locale = optional(scan, ID_MAX_BYTES);
        else
            (void) json_skip(scan);
    json_end(scan);
}

/* True when the answer has been given. */
static bool body_is_bad(struct exchange *exchange, struct outcome *outcome)
{
    struct json_scan scan;
    if (exchange->body.len == 0)
        return false;
    json_scan_init(&scan, exchange->body, exchange->arena);
    read_body(&scan, outcome);
    if (!scan.fault)
        return false;
    reply_problem(exchange, problem_of(ERR_INPUT, scan.fault_is_value), scan.fault,
                  str_of(scan.pointer));
    return true;
}

static void member(struct out *out, struct str key, struct str value)
{
    if (value.len == 0)
        return;
    out_json_key(out, key);
    out_json_str(out, value);
}

static void write_head(const struct exchange *exchange, int64_t now_us, const char *what,
                       const char *type, struct out *out)
{
    const struct outcome *outcome = exchange->outcome;
    const struct str *segment = exchange->match.segment;
    out_json_key(out, STR("event_id"));
    out_char(out, '"');
    out_json_escaped(out, segment[0]);
    out_printf(out, "/%016llx/%s\"", (unsigned long long) str_hash(segment[1]), what);
    out->comma = true;
    member(out, STR("type"), str_of(type));
    member(out, STR("customer_id"), outcome->customer_id);
    member(out, STR("session_id"), outcome->session_id);
    out_json_key(out, STR("at"));
    out_char(out, '"');
    out_instant(out, now_us, true);
    out_char(out, '"');
    out->comma = true;
    member(out, STR("decision_id"), segment[0]);
    member(out, STR("offer_id"), segment[1]);
}

/* A reason becomes a feedback of its own: that is where free text is kept. */
static void write_events(const struct exchange *exchange, int64_t now_us, struct out *out)
{
    const struct outcome *outcome = exchange->outcome;
    out_json_open(out, '[');
    out_json_open(out, '{');
    if (outcome->accepted)
        write_head(exchange, now_us, "accept", "offer_accepted", out);
    else
        write_head(exchange, now_us, "decline", "offer_declined", out);
    out_json_close(out, '}');
    if (outcome->reason.len) {
        out_json_open(out, '{');
        write_head(exchange, now_us, outcome->accepted ? "accept-reason" : "decline-reason",
                   "feedback", out);
        member(out, STR("text"), outcome->reason);
        out_json_close(out, '}');
    }
    out_json_close(out, ']');
}

static void write_line(struct out *out, struct str sku, int64_t quantity)
{
    out_json_open(out, '{');
    out_json_key(out, STR("sku"));
    out_json_str(out, sku);
    out_json_key(out, STR("quantity"));
    out_json_int(out, quantity);
    out_json_close(out, '}');
}

static void write_apply(struct out *out, const struct offer_token *token)
{
    out_json_key(out, STR("apply"));
    out_json_open(out, '{');
    out_json_key(out, STR("add"));
    out_json_open(out, '[');
    for (uint32_t i = 0; i < token->n_items; i++)
        write_line(out, token->items[i].sku, token->items[i].quantity);
    out_json_close(out, ']');
    out_json_key(out, STR("remove"));
    out_json_open(out, '[');
    if (token->replaces.len)
        write_line(out, token->replaces, token->replaces_quantity);
    out_json_close(out, ']');
    out_json_key(out, STR("coupon"));
    out_json_null(out);
    out_json_close(out, '}');
}

static void answer(struct exchange *exchange)
{
    /* To a stranger no promise is made: there is nobody to remember it for. */
    static const char *const thanks[LOCALES][2] = {
        [LOCALE_JA] = { "ご回答ありがとうございます。",
                        "ご回答ありがとうございます。今後のご案内に活かします。" },
        [LOCALE_EN] = { "Thank you for telling us.",
                        "Thank you for telling us. We will keep it in mind." },
    };
    const struct outcome *outcome = exchange->outcome;
    struct out out;
    out_init(&out, exchange->arena, 1024);
    out_json_open(&out, '{');
    member(&out, STR("status"), outcome->accepted ? STR("accepted") : STR("declined"));
    if (outcome->accepted)
        write_apply(&out, &outcome->token);
    else
        member(&out, STR("message"),
               str_of(thanks[locale_of(outcome->locale, exchange_locale(exchange))]
                            [outcome->customer_id.len > 0]));
    out_json_close(&out, '}');
    reply_json(exchange, MHD_HTTP_OK, out_str(&out));
}

/* In the client's body, when it is a member of that; the events were made here. */
static struct str pointer_in_body(const struct event_result *result)
{
    static const char *const members[] = { "/customer_id", "/session_id" };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (str_starts_with(result->pointer, STR("/0")) &&
            str_is((struct str){ result->pointer.at + 2, result->pointer.len - 2 }, members[i]))
            return str_of(members[i]);
    return (struct str){ 0 };
}

static void after_events(struct exchange *exchange)
{
    const struct event_result *result = exchange->batch->results;
    if (result->used_up)
        reply_problem(exchange, PROBLEM_USED_UP, result->problem, (struct str){ 0 });
    else if (result->later)
        reply_problem(exchange, PROBLEM_UNAVAILABLE, result->problem, (struct str){ 0 });
    else if (result->status == EVENT_REJECTED)
        reply_problem(exchange, PROBLEM_UNACCEPTABLE, result->problem, pointer_in_body(result));
    else
        answer(exchange);
}

/* Prices and stock are no longer promised. A decline is welcome at any time. */
static bool is_over(const struct exchange *exchange, const struct offer_token *token)
{
    const struct http *http = exchange->worker->http;
    struct clock *clock = http->near.clock;
    return http->settings.offer_lifetime_us > 0 &&
           clock->wall_us(clock) - token->made_us > http->settings.offer_lifetime_us;
}

static void outcome_post(struct exchange *exchange, bool accepted)
{
    const struct http_neighbours *near = &exchange->worker->http->near;
    struct outcome *outcome = arena_take(exchange->arena, sizeof *outcome);
    if (!outcome) {
        reply_problem(exchange, PROBLEM_TOO_LARGE, NULL, (struct str){ 0 });
        return;
    }
    exchange->outcome = outcome;
    outcome->accepted = accepted;
    if (offer_token_open(exchange->match.segment[1], exchange->match.segment[0], near->token_key,
                         exchange->arena, &outcome->token) != OK) {
        reply_problem(exchange, PROBLEM_NOT_FOUND, "no offer of that id was made in that decision",
                      (struct str){ 0 });
        return;
    }
    if (body_is_bad(exchange, outcome))
        return;
    if (accepted && is_over(exchange, &outcome->token)) {
        reply_problem(exchange, PROBLEM_OVER, "its expires_at has passed: ask for offers again",
                      (struct str){ 0 });
        return;
    }
    if (outcome->customer_id.len == 0)
        outcome->customer_id = outcome->token.customer_id;
    if (outcome->session_id.len == 0)
        outcome->session_id = outcome->token.session_id;
    struct out event;
    out_init(&event, exchange->arena, 1024);
    write_events(exchange, near->clock->wall_us(near->clock), &event);
    if (event.failed)
        reply_problem(exchange, PROBLEM_TOO_LARGE, NULL, (struct str){ 0 });
    else
        submit_events(exchange, out_str(&event), after_events);
}

void offer_accept_post(struct exchange *exchange)
{
    outcome_post(exchange, true);
}

void offer_decline_post(struct exchange *exchange)
{
    outcome_post(exchange, false);
}
