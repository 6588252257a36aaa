/* SPDX-License-Identifier: Apache-2.0 */
/* GET /healthz: the process answers. GET /readyz: it may be sent traffic. */
#include "http/exchange.h"
#include "http/handlers.h"
#include "http/worker.h"

void healthz_get(struct exchange *exchange)
{
    reply_json(exchange, MHD_HTTP_OK, STR("{\"status\":\"ok\"}"));
}

void readyz_get(struct exchange *exchange)
{
    const struct http *http = exchange->worker->http;
    struct out why;
    out_init(&why, exchange->arena, 256);
    bool ready = false;
    if (atomic_load(&http->draining))
        out_text(&why, STR("shutting down"));
    else
        ready = http->near.ready(http->near.self, &why);

    if (ready) {
        reply_json(exchange, MHD_HTTP_OK, STR("{\"status\":\"ready\"}"));
        return;
    }
    out_char(&why, '\0');
    reply_problem(exchange, PROBLEM_UNAVAILABLE, why.failed ? NULL : why.at, (struct str){ 0 });
}
