/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/out.h"

struct redis_url;
struct redisReply;

/*
 * Redis hello
 *
 * What every connection says first, in one write: who we are, which database, and the
 * question whose life of which server this is. A server that is no master, is older than 6 (no
 * tracking), or is a node of a cluster is refused, as is a wrong password. Pure: it prints and reads.
 */
enum { REDIS_RUN_ID_BYTES = 40 };

struct redis_hello {
    const struct redis_url *url;
    unsigned step;                       /* answers taken */
    char run_id[REDIS_RUN_ID_BYTES + 1]; /* once done; its first bytes name the life */
};

void redis_hello_begin(struct redis_hello *hello, const struct redis_url *url, struct out *out);
bool redis_hello_is_done(const struct redis_hello *hello);

/* The next answer. ERR_UNAVAILABLE with a sentence when we cannot work with this server. */
MUST_CHECK enum err redis_hello_take(struct redis_hello *hello, const struct redisReply *reply,
                                     struct err_note *note);
