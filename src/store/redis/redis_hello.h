/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/out.h"

struct redis_url;
struct redisReply;

/*
 * Redis hello
 *
 * What every connection says first, in one write: who we are, which database, and the question
 * whose life of which server this is. A server that is no master or is older than 6 (no tracking)
 * is refused, as is a wrong password. A node of a cluster is asked for its epoch, too; whether it
 * is a master, its answers to commands will tell. Pure: it prints and reads.
 *
 * The life names the keys. In a cluster keys move from node to node and keep their names, so there
 * it is the same for all, and the stamp, by which each value begins, tells the life of the node
 * that wrote it and since when it has had its slots; elsewhere the stamp is empty.
 */
enum { REDIS_RUN_ID_BYTES = 40, REDIS_STAMP_BYTES = 8 };

struct redis_hello {
    const struct redis_url *url;
    unsigned step; /* answers taken */
    bool is_cluster;
    uint64_t epoch; /* in a cluster: the node's */
    char run_id[REDIS_RUN_ID_BYTES + 1];
    char life[REDIS_STAMP_BYTES + 1], stamp[REDIS_STAMP_BYTES + 1]; /* once done */
};

void redis_hello_begin(struct redis_hello *hello, const struct redis_url *url, struct out *out);
bool redis_hello_is_done(const struct redis_hello *hello);

/*
 * The next answer; what it makes us ask is printed. ERR_UNAVAILABLE with a sentence when we cannot
 * work with this server.
 */
MUST_CHECK enum err redis_hello_take(struct redis_hello *hello, const struct redisReply *reply,
                                     struct out *out, struct err_note *note);
