/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <uv.h>

#include "base/err.h"
#include "base/out.h"
#include "store/redis/redis_hello.h"

struct redisReply;
struct redis_tls;
struct redis_url;

/*
 * Redis connection
 *
 * One connection on an event loop, by TLS where the URL says so: it connects, says hello and gives
 * every answer after that to its user, in order. libuv's sockets and hiredis' redisReader; hiredis'
 * own asynchronous context is not used, as release 0.14 looks names up on the calling thread and
 * gives whatever comes first on a subscribed connection (a change) to whoever waits for a PONG.
 *
 * What is printed into `out` leaves with redis_conn_flush. The loop's thread only. The user is told
 * nothing any more once it has closed the connection, which it may do in any of its callbacks.
 */
struct redis_conn;

struct redis_conn_user {
    void *self;
    void (*greeted)(void *self, struct redis_conn *conn); /* conn->hello is done */
    void (*reply)(void *self, struct redis_conn *conn, const struct redisReply *reply);
    /* It is of no use any more: close it. */
    void (*lost)(void *self, struct redis_conn *conn, const char *why);
};

struct redis_conn {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_connect_t connect;
    struct redis_conn_user user;
    const struct redis_url *url;
    struct redisReader *reader;
    struct redis_tls *tls; /* NULL: plain */
    struct redis_hello hello;
    struct out out;
    bool closed;
    char read[65536];
};

/*
 * @address NULL: the URL's socket. NULL for lack of memory or of descriptors; and for a rediss://
 * URL that was not opened (redis_url_open).
 */
struct redis_conn *redis_conn_new(uv_loop_t *loop, const struct redis_url *url,
                                  const struct sockaddr *address,
                                  const struct redis_conn_user *user);
/* Its memory goes with a later turn of the loop; NULL in. */
void redis_conn_close(struct redis_conn *conn);
/* Writes what was printed; what the socket does not take follows when it can. */
void redis_conn_flush(struct redis_conn *conn);

/* What is to be said of it when nothing came from it in time. */
const char *redis_conn_silence(const struct redis_conn *conn);

/* Why an error came, or something out of turn, in one sentence. */
void redis_conn_refuse(struct redis_conn *conn, const struct redisReply *reply);

/*
 * Redis resolve
 *
 * Where the URL's host is, looked up without holding the loop up. `found` is called once, at once
 * or later (NULL: for a unix socket), unless it was cancelled before; an error has its @why.
 */
struct redis_resolve;

typedef void redis_found(void *self, const struct sockaddr *address, const char *why);

/* The @turn-th of its addresses. NULL when `found` was called already. */
struct redis_resolve *redis_resolve_begin(uv_loop_t *loop, const struct redis_url *url,
                                          unsigned turn, redis_found *found, void *self);
void redis_resolve_cancel(struct redis_resolve *resolve); /* NULL in; not after found */
