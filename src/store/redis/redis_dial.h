/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct gaicb;
struct redis_url;

/*
 * Redis dial
 *
 * A connection for a thread that may wait, but not for long: neither a name server nor a host that
 * does not answer holds it for more than the time given (hiredis alone would wait for the name
 * without limit). One thread at a time. The URL outlives it.
 */
struct redis_dial {
    const struct redis_url *url;
    struct gaicb *asked; /* a name still being looked up */
    unsigned turn;       /* of the name's addresses: the next attempt takes the next */
};

/* A connected, blocking socket: the caller's. ERR_UNAVAILABLE with a sentence. */
MUST_CHECK enum err redis_dial(struct redis_dial *dial, int timeout_ms, int *ret_fd,
                               struct err_note *note);
void redis_dial_deinit(struct redis_dial *dial);
