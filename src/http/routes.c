/* SPDX-License-Identifier: Apache-2.0 */
#include "http/routes.h"

#include "http/handlers.h"

/* The most asked for stands first: it is found first. */
static const struct route table[] = {
    { "POST", "/offers", "offers", offers_post, ROUTE_BODY_OFFERS, SCOPE_STOREFRONT },
    { "POST", "/events", "events", events_post, ROUTE_BODY_EVENTS, SCOPE_EVENTS },
    { "POST", "/v1/offers", "offers", offers_post, ROUTE_BODY_OFFERS, SCOPE_STOREFRONT },
    { "POST", "/v1/events", "events", events_post, ROUTE_BODY_EVENTS, SCOPE_EVENTS },
    { "POST", "/offers/{}/{}/accept", "accept", offer_accept_post, ROUTE_BODY_SMALL,
      SCOPE_STOREFRONT },
    { "POST", "/offers/{}/{}/decline", "decline", offer_decline_post, ROUTE_BODY_SMALL,
      SCOPE_STOREFRONT },
    { "GET", "/rules", "rules", rules_get, ROUTE_BODY_NONE, SCOPE_ADMIN },
    { "POST", "/-/reload", "reload", reload_post, ROUTE_BODY_NONE, SCOPE_ADMIN },
    { "GET", "/healthz", "healthz", healthz_get, ROUTE_BODY_NONE, SCOPE_OPEN },
    { "GET", "/readyz", "readyz", readyz_get, ROUTE_BODY_NONE, SCOPE_OPEN },
    { "GET", "/metrics", "metrics", metrics_get, ROUTE_BODY_NONE, SCOPE_METRICS },
    { "GET", "/openapi.json", "openapi", openapi_get, ROUTE_BODY_NONE, SCOPE_OPEN },
};

enum { ROWS = sizeof table / sizeof *table };
_Static_assert((int) ROWS <= (int) ROUTES_MAX, "more routes than rows in the metrics");

static bool path_matches(const char *pattern, const char *path, struct str *segment)
{
    if (strcmp(pattern, path) == 0)
        return strchr(path, '{') == NULL;
    for (size_t n = 0; *pattern;) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t len = strcspn(path, "/");
        if (len == 0)
            return false;
        segment[n++] = (struct str){ path, len };
        path += len;
        pattern += 2;
    }
    return *path == '\0';
}

static bool method_matches(const char *wanted, const char *method)
{
    return strcmp(wanted, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(wanted, "GET") == 0);
}

struct route_match route_find(const char *method, const char *path)
{
    struct route_match match = { 0 };
    for (size_t i = 0; i < ROWS; i++) {
        if (!path_matches(table[i].path, path, match.segment))
            continue;
        if (method_matches(table[i].method, method)) {
            match.route = &table[i];
            return match;
        }
        match.allow = strcmp(table[i].method, "GET") == 0 ? "GET, HEAD" : table[i].method;
    }
    return match;
}

const struct route *route_at(size_t row)
{
    return row < ROWS ? &table[row] : NULL;
}

size_t route_row(const struct route *route)
{
    return (size_t) (route - table);
}

const char *route_body_bound(const struct route *route)
{
    static const char *const bounds[] = {
        [ROUTE_BODY_NONE] = NULL,
        [ROUTE_BODY_SMALL] = "no more than a few words are expected here",
        [ROUTE_BODY_OFFERS] = "the body is larger than this service takes (max_offers_bytes)",
        [ROUTE_BODY_EVENTS] = "the body is larger than this service takes (max_events_bytes)",
    };
    return bounds[route->body];
}
