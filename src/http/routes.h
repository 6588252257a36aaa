/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "http/scope.h"

/*
 * Routes
 *
 * The one table of what this service answers: method, path, who handles it, how large a body it
 * takes, what a key must be good for, and the operation's name, which is its metric label and its
 * operationId in the OpenAPI document. A path may hold "{}", one segment that is handed on. HEAD
 * is answered wherever GET is. The table is constant: any thread.
 */
struct exchange;

enum route_body {
    ROUTE_BODY_NONE,   /* none wanted; a small one is read and ignored */
    ROUTE_BODY_SMALL,  /* may be absent */
    ROUTE_BODY_OFFERS, /* must be there; limits from the settings */
    ROUTE_BODY_EVENTS,
};

struct route {
    const char *method, *path, *operation;
    void (*handle)(struct exchange *exchange);
    enum route_body body;
    enum scope scope; /* of the key that is asked for */
};

enum { ROUTE_SEGMENTS = 2, ROUTES_MAX = 16 };

struct route_match {
    const struct route *route;          /* NULL: no such path, or not with this method */
    struct str segment[ROUTE_SEGMENTS]; /* what stood for "{}", borrowed from the path */
    const char *allow; /* the path exists, but not with this method: Allow's value */
};

struct route_match route_find(const char *method, const char *path);

/* The table's rows, for who counts by operation. Row numbers are below ROUTES_MAX. */
const struct route *route_at(size_t row);
size_t route_row(const struct route *route);

/* What to answer a body that is larger than the route takes: static; NULL where none is wanted. */
const char *route_body_bound(const struct route *route);
