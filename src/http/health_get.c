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
        struct out out;
        out_init(&out, exchange->arena, 256);
        out_json_open(&out, '{');
        out_json_key(&out, STR("status"));
        out_json_str(&out, STR("ready"));
        if (why.len) {
            out_json_key(&out, STR("rules"));
            out_json_str(&out, out_str(&why));
        }
        out_json_close(&out, '}');
        reply_json(exchange, MHD_HTTP_OK, out_str(&out));
        return;
    }
    out_char(&why, '\0');
    reply_problem(exchange, PROBLEM_UNAVAILABLE, why.failed ? NULL : why.at, (struct str){ 0 });
}
