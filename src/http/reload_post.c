/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /-/reload: reads the rule files again and says what is
 * wrong with them; ?force=true even if unchanged.
 */
#include "http/exchange.h"
#include "http/handlers.h"
#include "http/worker.h"

static void reload(struct exchange *exchange) /* a thread of the pool */
{
    const struct http_neighbours *near = &exchange->worker->http->near;
    out_init(&exchange->text, NULL, 1024);
    near->reload(near->self, exchange_locale(exchange), exchange->force, &exchange->work_status,
                 &exchange->text);
}

static void answer(struct exchange *exchange)
{
    if (exchange->text.failed || exchange->work_status < 200)
        reply_problem(exchange, PROBLEM_UNAVAILABLE, NULL, (struct str){ 0 });
    else
        reply_json(exchange, (unsigned) exchange->work_status, out_str(&exchange->text));
}

void reload_post(struct exchange *exchange)
{
    const char *force =
        MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, "force");
    exchange->force = force && strcmp(force, "true") == 0;
    exchange_offload(exchange, reload, answer);
}
