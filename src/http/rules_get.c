/* SPDX-License-Identifier: Apache-2.0 */
/* GET /rules: what is live, with an ETag so that a poll costs a line. */
#include <stdio.h>

#include "http/exchange.h"
#include "http/handlers.h"
#include "http/worker.h"

static void write_rules(struct exchange *exchange) /* a thread of the pool */
{
    const struct http_neighbours *near = &exchange->worker->http->near;
    char etag[HTTP_ETAG_BYTES] = "";
    out_init(&exchange->text, NULL, 16 * 1024);
    near->rules_text(near->self, &exchange->text, etag);
    if (etag[0])
        (void) snprintf(exchange->etag, sizeof exchange->etag, "\"%.*s\"", HTTP_ETAG_BYTES - 1,
                        etag);
}

/* If-None-Match: "*" or a list of tags, weak ones alike. */
static bool client_has_it(const struct exchange *exchange)
{
    struct str asked = exchange->head.if_none_match;
    return asked.at && exchange->etag[0] &&
           (str_is(asked, "*") || str_contains(asked, str_of(exchange->etag)));
}

static void answer(struct exchange *exchange)
{
    if (exchange->text.failed)
        reply_problem(exchange, PROBLEM_UNAVAILABLE, NULL, (struct str){ 0 });
    else if (client_has_it(exchange))
        reply_text(exchange, MHD_HTTP_NOT_MODIFIED, NULL, STR(""));
    else
        reply_json(exchange, MHD_HTTP_OK, out_str(&exchange->text));
}

void rules_get(struct exchange *exchange)
{
    exchange_offload(exchange, write_rules, answer);
}
