/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_conn.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/redis/redis_tls.h"
#include "store/redis/redis_url.h"

enum { MAX_UNSENT_BYTES = 16 << 20, FIRST_OUT_BYTES = 4096, WIRE_BYTES = 16384 };

/* ── the end ── */

static void on_closed(uv_handle_t *handle)
{
    struct redis_conn *conn = handle->data;
    redisReaderFree(conn->reader);
    redis_tls_free(conn->tls);
    out_deinit(&conn->out);
    free(conn);
}

void redis_conn_close(struct redis_conn *conn)
{
    if (!conn || conn->closed)
        return;
    conn->closed = true;
    uv_close(&conn->uv.handle, on_closed);
}

static void lose(struct redis_conn *conn, const char *why)
{
    if (!conn->closed)
        conn->user.lost(conn->user.self, conn, why);
}

/* @status: libuv's. */
static void lose_wire(struct redis_conn *conn, int status)
{
    bool judged = conn->tls && redis_tls_is_open(conn->tls) && !redis_hello_is_done(&conn->hello);
    lose(conn, judged ? REDIS_TLS_HUNG_UP : uv_strerror(status));
}

void redis_conn_refuse(struct redis_conn *conn, const redisReply *reply)
{
    char why[160] = "it speaks out of turn";
    if (reply->type == REDIS_REPLY_ERROR)
        snprintf(why, sizeof why, "it says '%.*s'", (int) reply->len, reply->str);
    lose(conn, why);
}

const char *redis_conn_silence(const struct redis_conn *conn)
{
    return conn->tls && !redis_tls_is_open(conn->tls) ? REDIS_TLS_SILENCE : "no answer in time";
}

/* ── writing ── */

static void on_rest_written(uv_write_t *write, int status)
{
    (void) status; /* a broken connection is seen by whoever reads it */
    free(write);
}

static void send_rest(struct redis_conn *conn, const char *at, size_t left)
{
    if (uv_stream_get_write_queue_size(&conn->uv.stream) + left > MAX_UNSENT_BYTES)
        return lose(conn, "it does not take what is sent");
    uv_write_t *write = malloc(sizeof *write + left);
    if (!write)
        return lose(conn, "no memory");
    memcpy(write + 1, at, left);
    uv_buf_t rest = uv_buf_init((char *) (write + 1), (unsigned) left);
    int status = uv_write(write, &conn->uv.stream, &rest, 1, on_rest_written);
    if (status != 0) {
        free(write);
        lose(conn, uv_strerror(status));
    }
}

static void send_bytes(struct redis_conn *conn, char *at, size_t len)
{
    uv_buf_t all = uv_buf_init(at, (unsigned) len);
    int sent = uv_try_write(&conn->uv.stream, &all, 1);
    if (sent == UV_EAGAIN)
        sent = 0;
    if (sent < 0)
        lose_wire(conn, sent);
    else if ((size_t) sent < len)
        send_rest(conn, at + sent, len - (size_t) sent);
}

static void send_wire(struct redis_conn *conn)
{
    char wire[WIRE_BYTES];
    size_t len;
    while (!conn->closed && (len = redis_tls_due(conn->tls, wire, sizeof wire)) > 0)
        send_bytes(conn, wire, len);
}

void redis_conn_flush(struct redis_conn *conn)
{
    struct out *out = &conn->out;
    if (conn->closed || (out->len == 0 && !out->failed))
        return;
    if (out->failed)
        return lose(conn, uv_strerror(UV_ENOMEM));
    size_t len = out->len;
    if (!conn->tls) {
        out->len = 0;
        return send_bytes(conn, out->at, len);
    }
    if (!redis_tls_is_open(conn->tls))
        return; /* it leaves once the server is known */
    out->len = 0;
    if (!redis_tls_write(conn->tls, out->at, len))
        return lose(conn, "TLS: it cannot be written to");
    send_wire(conn);
}

/* ── reading ── */

static void take(struct redis_conn *conn, const redisReply *reply)
{
    struct err_note note;
    if (redis_hello_is_done(&conn->hello))
        return conn->user.reply(conn->user.self, conn, reply);
    if (redis_hello_take(&conn->hello, reply, &conn->out, &note) != OK)
        return lose(conn, note.text);
    if (redis_hello_is_done(&conn->hello))
        return conn->user.greeted(conn->user.self, conn);
    redis_conn_flush(conn);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct redis_conn *conn = handle->data;
    (void) suggested;
    *buf = uv_buf_init(conn->read, sizeof conn->read);
}

static void take_plain(struct redis_conn *conn, const char *at, size_t len)
{
    void *reply = NULL;
    if (redisReaderFeed(conn->reader, at, len) != REDIS_OK)
        return lose(conn, conn->reader->errstr);
    while (!conn->closed && redisReaderGetReply(conn->reader, &reply) == REDIS_OK && reply) {
        take(conn, reply);
        freeReplyObject(reply);
    }
    if (conn->reader->err)
        lose(conn, conn->reader->errstr);
}

static void say_hello(struct redis_conn *conn)
{
    redis_hello_begin(&conn->hello, conn->url, &conn->out);
    redis_conn_flush(conn);
}

static void greet(struct redis_conn *conn)
{
    struct err_note note;
    enum err err = redis_tls_greet(conn->tls, &note);
    send_wire(conn); /* a refusal, too: the server shall know why */
    if (err != OK)
        lose(conn, note.text);
    else if (!conn->closed && redis_tls_is_open(conn->tls))
        say_hello(conn);
}

static void take_wire(struct redis_conn *conn, const char *at, size_t n)
{
    struct err_note note;
    size_t len = 0;
    if (!redis_tls_take(conn->tls, at, n))
        return lose(conn, "no memory");
    if (!redis_tls_is_open(conn->tls))
        greet(conn);
    while (!conn->closed && redis_tls_is_open(conn->tls)) {
        if (redis_tls_read(conn->tls, conn->read, sizeof conn->read, &len, &note) != OK)
            return lose(conn, note.text);
        if (len == 0)
            return send_wire(conn);
        take_plain(conn, conn->read, len);
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct redis_conn *conn = stream->data;
    if (conn->closed || n == 0)
        return;
    if (n < 0)
        lose_wire(conn, (int) n);
    else if (conn->tls)
        take_wire(conn, buf->base, (size_t) n);
    else
        take_plain(conn, buf->base, (size_t) n);
}

/* ── connecting ── */

static void on_connect(uv_connect_t *connect, int status)
{
    struct redis_conn *conn = connect->data;
    if (conn->closed)
        return;
    if (status == 0)
        status = uv_read_start(&conn->uv.stream, on_alloc, on_read);
    if (status != 0)
        return lose(conn, uv_strerror(status));
    if (conn->tls)
        greet(conn);
    else
        say_hello(conn);
}

struct redis_conn *redis_conn_new(uv_loop_t *loop, const struct redis_url *url,
                                  const struct sockaddr *address,
                                  const struct redis_conn_user *user)
{
    struct redis_conn *conn = calloc(1, sizeof *conn);
    redisReader *reader = redisReaderCreate();
    struct redis_tls *tls = url->is_tls ? redis_tls_new(url) : NULL;
    int status = conn && reader && (tls || !url->is_tls) ? 0 : UV_ENOMEM;
    if (status == 0)
        status = address ? uv_tcp_init(loop, &conn->uv.tcp) : uv_pipe_init(loop, &conn->uv.pipe, 0);
    if (status != 0) {
        if (reader)
            redisReaderFree(reader);
        redis_tls_free(tls);
        free(conn);
        return NULL;
    }
    conn->url = url;
    conn->user = *user;
    conn->reader = reader;
    conn->tls = tls;
    conn->uv.handle.data = conn->connect.data = conn;
    out_init(&conn->out, NULL, FIRST_OUT_BYTES);
    if (!address) {
        uv_pipe_connect(&conn->connect, &conn->uv.pipe, url->path, on_connect);
        return conn;
    }
    (void) uv_tcp_nodelay(&conn->uv.tcp, 1);
    if (uv_tcp_connect(&conn->connect, &conn->uv.tcp, address, on_connect) == 0)
        return conn;
    redis_conn_close(conn);
    return NULL;
}

/* ── resolving ── */

struct redis_resolve {
    uv_getaddrinfo_t request;
    redis_found *found; /* NULL: cancelled */
    void *self;
    unsigned turn;
};

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *all)
{
    struct redis_resolve *resolve = request->data;
    unsigned count = 0;
    for (struct addrinfo *a = all; status == 0 && a; a = a->ai_next)
        count++;
    struct addrinfo *one = all;
    for (unsigned i = count ? resolve->turn % count : 0; i > 0; i--)
        one = one->ai_next;
    if (resolve->found)
        resolve->found(resolve->self, count ? one->ai_addr : NULL,
                       count        ? NULL
                       : status < 0 ? uv_strerror(status)
                                    : "its name has no address");
    uv_freeaddrinfo(all);
    free(resolve);
}

struct redis_resolve *redis_resolve_begin(uv_loop_t *loop, const struct redis_url *url,
                                          unsigned turn, redis_found *found, void *self)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    char port[8];
    const struct sockaddr *address = NULL;
    const char *why = NULL;
    if (url->host && uv_ip4_addr(url->host, url->port, &v4) == 0)
        address = (struct sockaddr *) &v4;
    else if (url->host && uv_ip6_addr(url->host, url->port, &v6) == 0)
        address = (struct sockaddr *) &v6;
    if (url->host && !address) {
        struct redis_resolve *resolve = malloc(sizeof *resolve);
        snprintf(port, sizeof port, "%d", url->port);
        if (resolve) {
            *resolve = (struct redis_resolve){ .found = found, .self = self, .turn = turn };
            resolve->request.data = resolve;
            if (uv_getaddrinfo(loop, &resolve->request, on_resolved, url->host, port, &hints) == 0)
                return resolve;
        }
        free(resolve);
        why = "its name cannot be looked up";
    }
    found(self, address, why);
    return NULL;
}

void redis_resolve_cancel(struct redis_resolve *resolve)
{
    if (!resolve)
        return;
    resolve->found = NULL;
    (void) uv_cancel((uv_req_t *) &resolve->request);
}
