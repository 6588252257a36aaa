/* SPDX-License-Identifier: Apache-2.0 */
/* GET /openapi.json: src/http/openapi.json, embedded at build time with the version put in. */
#include "http/exchange.h"
#include "http/handlers.h"
#include "http/openapi_text.h"

void openapi_get(struct exchange *exchange)
{
    reply_json(exchange, MHD_HTTP_OK, openapi_text());
}
