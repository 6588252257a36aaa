/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/out.h"
#include "store/redis/redis_health.h"
#include "store/redis/redis_scripts.h"
#include "store/redis/redis_settings.h"

struct clock;
struct redisReply;
struct redis_url;

/*
 * Redis writer
 *
 * A connection for a thread that may wait for a round trip and no longer than the settings' timeout
 * (for an answer; as long again for connecting). Commands of one run go out together. After a
 * failure the connection is closed, and until the next attempt is due every run answers
 * ERR_UNAVAILABLE at once; so it does while all links to the same server are down, as they try to
 * connect and hold nobody up with it. Only what may be carried out twice is given to it: a run whose
 * connection was closed meanwhile is made again on a new one. One thread at a time.
 *
 * A writer speaks to one server. Nodes of a cluster are refused (and that is told), unless it is
 * one's own: redis_writers.h.
 */
struct redis_writer;
struct redis_hello;

struct redis_writer *redis_writer_new(const struct redis_url *url,
                                      const struct redis_settings *settings, struct clock *clock,
                                      struct redis_health *health); /* NULL for lack of memory */
struct redis_writer *redis_writer_free(struct redis_writer *writer);
/* From now on to the node of a cluster that is at @url. */
void redis_writer_aim(struct redis_writer *writer, const struct redis_url *url);
bool redis_writer_met_cluster(const struct redis_writer *writer);
bool redis_writer_is_away(const struct redis_writer *writer); /* and not to be tried yet */
void redis_writer_drop(struct redis_writer *writer);          /* the connection, to greet anew */

/* Commands 0 to @n - 1, and what becomes of their answers. */
struct redis_run {
    void *self;
    uint32_t n;
    void (*print)(void *self, uint32_t i, struct redis_writer *writer, struct out *out);
    enum err (*take)(void *self, uint32_t i, const struct redisReply *reply, struct err_note *note);
    /* The same for an error, which otherwise ends the run; false: it does. May be NULL. */
    bool (*refused)(void *self, uint32_t i, struct str error);
    /* A key of command @i, by which a cluster's node is chosen. */
    void (*key)(void *self, uint32_t i, struct out *out);
};
MUST_CHECK enum err redis_writer_run(struct redis_writer *writer, const struct redis_run *run,
                                     struct err_note *note);

/*
 * For print: the life of the server and its stamp, and "EVALSHA <digest> <@keys>" of @words more
 * words.
 */
const struct redis_hello *redis_writer_hello(const struct redis_writer *writer);
void redis_writer_print_call(const struct redis_writer *writer, enum redis_script script,
                             unsigned keys, unsigned words, struct out *out);
struct redis_member *redis_writer_member(struct redis_writer *writer);
