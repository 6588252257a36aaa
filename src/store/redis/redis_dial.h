/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct gaicb;
struct redisContext;
struct redis_url;

/*
 * Redis dial
 *
 * A connection for a thread that may wait, but not for long: neither a name server nor a host that
 * does not answer holds it for more than the time given (hiredis alone would wait for the name
 * without limit). By TLS where the URL says so. One thread at a time. The URL outlives it.
 */
struct redis_dial {
    const struct redis_url *url;
    struct gaicb *asked; /* a name still being looked up */
    unsigned turn;       /* of the name's addresses: the next attempt takes the next */
};

/* Connected, blocking, and waiting for any answer no longer than @timeout_ms: the caller's, redisFree.
 * Nobody said hello yet. ERR_UNAVAILABLE with a sentence. */
MUST_CHECK enum err redis_dial(struct redis_dial *dial, int timeout_ms,
                               struct redisContext **ret_context, struct err_note *note);
void redis_dial_deinit(struct redis_dial *dial);
