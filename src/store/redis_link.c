/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets are libuv's and the reading is hiredis' redisReader; hiredis' own asynchronous context
 * is not used: release 0.14 looks a name up on the calling thread, and gives whatever arrives first
 * on a subscribed connection (a change) to whoever waits for a PONG.
 *
 * Set up: both connections say hello; the listener asks for its CLIENT ID and subscribes to
 * __redis__:invalidate; when that is confirmed and both met the same life of the server, the asking one
 * switches CLIENT TRACKING on, redirected to the listener. Only then is anything fetched.
 *
 * Why no old value is ever kept. Redis carries out one command at a time. A GET makes it remember
 * that this link has the key; the next write of the key, whoever makes it, sends one message to the
 * listener. So of a GET and a later write there are a reply with the old value, on one socket, and a
 * message, on the other; which of them is read first is chance.
 *  - reply, then message: the caller keeps the value and is told `changed`.
 *  - message, then reply: the caller is told `changed`, and as the question is still pending it is
 *    marked: once the reply was handed over, `changed` is told again.
 * Either way the last word is `changed`. A message for an earlier fetch of the key may mark a newer one: a
 * good value is dropped and asked for again, which is the harmless side.
 *
 * Trust. Each heartbeat a PING goes out on both connections, with the time. A connection is a
 * queue: when the listener's PONG is read, every message that Redis sent before it took up that PING
 * was read, too; and the other's PONG shows that Redis still counted the asking connection, whose
 * tracking it is, as alive. So everything written before the older of the two PINGs left is known:
 * values are good until trust_ms after that. Nothing is concluded from silence.
 *
 * Whatever fails on either connection ends both: fetches end as AWAY, the caller is told to doubt what it has.
 * Silence is counted in heartbeats, between any two of which the sockets were read, so
 * a loop that was held up itself does not take its own delay for Redis'.
 */
#include "store/redis_link.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <uv.h>

#include "base/log.h"
#include "ports/clock.h"
#include "store/redis_hello.h"
#include "store/redis_pending.h"
#include "store/redis_url.h"
#include "store/redis_value.h"

enum { READ_BYTES = 65536, SILENCE_MS = 200, CONNECT_MS = 1000, MAX_UNSENT_BYTES = 16 << 20 };

/* What a connection waits for after its hello. */
enum conn_step { STEP_HELLO, STEP_CLIENT_ID, STEP_SUBSCRIBED, STEP_READY };

struct conn {
    struct shared_link *link; /* NULL: given up, its end is under way */
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct shared_link *owner; /* for its memory */
    uv_connect_t connect;
    redisReader *reader;
    struct redis_hello hello;
    enum conn_step step;
};

enum link_state { LINK_DOWN, LINK_RESOLVING, LINK_CONNECTING, LINK_TRACKING, LINK_UP };

struct shared_link {
    const struct redis_url *url;
    struct redis_settings settings;
    struct clock *clock;
    struct shared_listener listener;
    struct redis_member member;
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_prepare_t prepare;
    uv_getaddrinfo_t resolve;
    int handles; /* that are not closed yet; the link's memory goes with the last */
    bool freed;
    enum link_state state;
    unsigned turn;             /* of the name's addresses */
    int data_quiet, ear_quiet; /* heartbeats since a connection was last heard */
    struct conn *data, *ear;
    long long ear_id;
    struct out out, ear_out; /* printed in this turn of the loop */
    struct redis_pending pending;
    int64_t data_good_us, ear_good_us; /* when the PING that was answered last had left */
    int64_t trusted_until_us;
    struct out prefix; /* of keys in this life */
    char read[READ_BYTES];
};

static void give_up(struct shared_link *link, const char *why);

/* ── the ends of things ── */

static void handle_gone(struct shared_link *link)
{
    if (--link->handles > 0)
        return;
    out_deinit(&link->out);
    out_deinit(&link->ear_out);
    out_deinit(&link->prefix);
    redis_pending_deinit(&link->pending);
    redis_member_deinit(&link->member);
    free(link);
}

static void on_link_handle_closed(uv_handle_t *handle)
{
    handle_gone(handle->data);
}

static void on_conn_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    struct shared_link *owner = conn->owner;
    redisReaderFree(conn->reader);
    free(conn);
    handle_gone(owner);
}

static void conn_close(struct conn **slot)
{
    struct conn *conn = *slot;
    if (!conn)
        return;
    *slot = NULL;
    conn->link = NULL;
    uv_close(&conn->uv.handle, on_conn_closed);
}

/* The callers' fetches end; a callback may ask again, and is told that we are away. */
static void end_fetches(struct shared_link *link)
{
    struct redis_question *question;
    uint64_t ended = 0;
    while ((question = redis_pending_pop(&link->pending))) {
        struct shared_fetch *fetch = question->fetch;
        if (!fetch)
            continue;
        struct shared_value value = { { question->id, question->id_len }, 0, { 0 } };
        fetch->number = 0;
        ended++;
        fetch->done(fetch, SHARED_AWAY, &value);
    }
    redis_member_count(&link->member, link->member.health->answers[SHARED_AWAY], ended);
}

static void give_up(struct shared_link *link, const char *why)
{
    bool was_up = link->state == LINK_UP;
    link->state = LINK_DOWN;
    link->trusted_until_us = INT64_MIN;
    conn_close(&link->data);
    conn_close(&link->ear);
    link->out.len = link->ear_out.len = 0;
    link->out.failed = link->ear_out.failed = false;
    if (!link->freed)
        redis_member_down(&link->member, why, link->clock->mono_us(link->clock));
    if (was_up) {
        redis_member_count(&link->member, link->member.health->doubts, 1);
        link->listener.doubt(link->listener.self);
    }
    end_fetches(link);
}

/* ── sending ── */

static void on_rest_written(uv_write_t *write, int status)
{
    (void) status; /* a broken connection is seen by whoever reads it */
    free(write);
}

/* What the socket does not take at once follows when it can. */
static void conn_send(struct conn *conn, struct out *out)
{
    struct shared_link *link = conn->link;
    uv_buf_t all = uv_buf_init(out->at, (unsigned) out->len);
    int sent = out->failed ? UV_ENOMEM : uv_try_write(&conn->uv.stream, &all, 1);
    if (sent == UV_EAGAIN)
        sent = 0;
    if (sent < 0)
        return give_up(link, uv_strerror(sent));
    size_t left = out->len - (size_t) sent;
    out->len = 0;
    if (left == 0)
        return;
    if (uv_stream_get_write_queue_size(&conn->uv.stream) + left > MAX_UNSENT_BYTES)
        return give_up(link, "it does not take what is sent");
    uv_write_t *write = malloc(sizeof *write + left);
    if (!write)
        return give_up(link, "no memory");
    memcpy(write + 1, out->at + sent, left);
    uv_buf_t rest = uv_buf_init((char *) (write + 1), (unsigned) left);
    int status = uv_write(write, &conn->uv.stream, &rest, 1, on_rest_written);
    if (status != 0) {
        free(write);
        give_up(link, uv_strerror(status));
    }
}

static void flush(struct shared_link *link)
{
    if (link->out.len && link->data)
        conn_send(link->data, &link->out);
    if (link->ear_out.len && link->ear)
        conn_send(link->ear, &link->ear_out);
}

/* Before the loop waits: everything that this turn has printed goes out. */
static void on_prepare(uv_prepare_t *prepare)
{
    flush(prepare->data);
}

static void print_ping(struct out *out, int64_t now_us)
{
    redis_print_head(out, 2);
    redis_print_word(out, STR("PING"));
    redis_print_int(out, now_us);
}

static void send_heartbeat(struct shared_link *link)
{
    int64_t now_us = link->clock->mono_us(link->clock);
    struct redis_question *question = redis_pending_add(&link->pending);
    if (!question)
        return;
    question->is_heartbeat = true;
    question->sent_us = now_us;
    print_ping(&link->out, now_us);
    print_ping(&link->ear_out, now_us);
}

/* ── what the connections say ── */

static void trust_again(struct shared_link *link)
{
    int64_t older = link->data_good_us < link->ear_good_us ? link->data_good_us : link->ear_good_us;
    if (older == INT64_MIN)
        return;
    link->trusted_until_us = older + (int64_t) link->settings.trust_ms * 1000;
    if (link->member.state != REDIS_UP)
        redis_member_up(&link->member);
}

static void ask_for_tracking(struct shared_link *link)
{
    if (memcmp(link->data->hello.run_id, link->ear->hello.run_id, REDIS_RUN_ID_BYTES) != 0)
        return give_up(link, "two connections met two servers");
    link->state = LINK_TRACKING;
    link->prefix.len = 0;
    redis_value_prefix(&link->prefix, link->data->hello.run_id, link->settings.shop);
    redis_print_head(&link->out, 5);
    redis_print_word(&link->out, STR("CLIENT"));
    redis_print_word(&link->out, STR("TRACKING"));
    redis_print_word(&link->out, STR("ON"));
    redis_print_word(&link->out, STR("REDIRECT"));
    redis_print_int(&link->out, link->ear_id);
}

static void conn_ready(struct conn *conn)
{
    struct shared_link *link = conn->link;
    conn->step = STEP_READY;
    if (link->data->step == STEP_READY && link->ear->step == STEP_READY)
        ask_for_tracking(link);
}

static void say_error(struct shared_link *link, const redisReply *reply)
{
    char why[160];
    snprintf(why, sizeof why, "it says '%.*s'", reply->str ? (int) reply->len : 0,
             reply->str ? reply->str : "");
    give_up(link, why);
}

static void take_hello(struct conn *conn, const redisReply *reply)
{
    struct err_note note;
    if (redis_hello_take(&conn->hello, reply, &note) != OK)
        return give_up(conn->link, note.text);
    if (!redis_hello_is_done(&conn->hello))
        return;
    if (conn == conn->link->data)
        conn_ready(conn);
    else
        conn->step = STEP_CLIENT_ID;
}

static void hand_over(struct shared_link *link, const redisReply *reply)
{
    struct redis_question question = *redis_pending_pop(&link->pending);
    struct str bytes = { reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0 };
    struct shared_value value = { .customer_id = { question.id, question.id_len } };
    enum shared_answer answer = redis_value_read(bytes, &value.position, &value.body);
    redis_member_count(&link->member, link->member.health->answers[answer], 1);
    if (!question.fetch)
        return;
    question.fetch->number = 0;
    question.fetch->done(question.fetch, answer, &value);
    if (question.changed && !link->freed)
        link->listener.changed(link->listener.self, value.customer_id);
}

static void take_data(struct shared_link *link, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return say_error(link, reply);
    if (link->state == LINK_TRACKING) {
        link->state = LINK_UP;
        link->data_quiet = link->ear_quiet = 0;
        send_heartbeat(link);
        return;
    }
    if (redis_pending_is_empty(&link->pending))
        return give_up(link, "it answers what nobody asked");
    link->data_quiet = 0;
    struct redis_question *oldest = redis_pending_at(&link->pending, link->pending.first);
    if (!oldest->is_heartbeat)
        return hand_over(link, reply);
    link->data_good_us = oldest->sent_us;
    (void) redis_pending_pop(&link->pending);
    trust_again(link);
}

static struct str text_of(const redisReply *reply)
{
    bool is_text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
    return (struct str){ is_text ? reply->str : NULL, is_text ? reply->len : 0 };
}

static void take_change(struct shared_link *link, const redisReply *keys)
{
    if (keys->type == REDIS_REPLY_NIL) { /* everything was flushed */
        redis_member_count(&link->member, link->member.health->doubts, 1);
        for (uint64_t i = link->pending.first; i != link->pending.end; i++)
            redis_pending_at(&link->pending, i)->changed = true;
        link->listener.doubt(link->listener.self);
        return;
    }
    for (size_t i = 0; i < keys->elements && !link->freed; i++) {
        struct str id = redis_value_customer(text_of(keys->element[i]), out_str(&link->prefix));
        if (!id.at)
            continue;
        redis_pending_mark(&link->pending, id);
        link->listener.changed(link->listener.self, id);
    }
}

/* On a subscribed connection everything is an array: what it is, and of what. */
static void take_heard(struct shared_link *link, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
        return reply->type == REDIS_REPLY_ERROR ? say_error(link, reply)
                                                : give_up(link, "it speaks out of turn");
    struct str kind = text_of(reply->element[0]);
    int64_t sent_us;
    if (str_is(kind, "pong") && str_to_int64(text_of(reply->element[1]), &sent_us)) {
        link->ear_good_us = sent_us;
        link->ear_quiet = 0;
        trust_again(link);
    } else if (str_is(kind, "message") && reply->elements == 3) {
        take_change(link, reply->element[2]);
    }
}

static void take(struct conn *conn, const redisReply *reply)
{
    struct shared_link *link = conn->link;
    switch (conn->step) {
    case STEP_HELLO: take_hello(conn, reply); break;
    case STEP_CLIENT_ID:
        if (reply->type != REDIS_REPLY_INTEGER)
            return say_error(link, reply);
        link->ear_id = reply->integer;
        conn->step = STEP_SUBSCRIBED;
        break;
    case STEP_SUBSCRIBED:
        if (reply->type != REDIS_REPLY_ARRAY)
            return say_error(link, reply);
        conn_ready(conn);
        break;
    case STEP_READY:
        if (conn == link->data)
            take_data(link, reply);
        else
            take_heard(link, reply);
        break;
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct conn *conn = handle->data;
    (void) suggested;
    *buf = uv_buf_init(conn->owner->read, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct conn *conn = stream->data;
    void *reply = NULL;
    if (!conn->link || n == 0)
        return;
    if (n < 0)
        return give_up(conn->link, uv_strerror((int) n));
    if (redisReaderFeed(conn->reader, buf->base, (size_t) n) != REDIS_OK)
        return give_up(conn->link, conn->reader->errstr);
    while (conn->link && redisReaderGetReply(conn->reader, &reply) == REDIS_OK && reply) {
        take(conn, reply);
        freeReplyObject(reply);
    }
    if (conn->link && conn->reader->err)
        give_up(conn->link, conn->reader->errstr);
}

/* ── connecting ── */

static void on_connect(uv_connect_t *connect, int status)
{
    struct conn *conn = connect->data;
    struct shared_link *link = conn->link;
    if (!link)
        return;
    if (status == 0)
        status = uv_read_start(&conn->uv.stream, on_alloc, on_read);
    if (status != 0)
        return give_up(link, uv_strerror(status));
    struct out *out = conn == link->data ? &link->out : &link->ear_out;
    redis_hello_begin(&conn->hello, link->url, out);
    if (conn == link->ear) {
        redis_print_head(out, 2);
        redis_print_word(out, STR("CLIENT"));
        redis_print_word(out, STR("ID"));
        redis_print_head(out, 2);
        redis_print_word(out, STR("SUBSCRIBE"));
        redis_print_word(out, STR("__redis__:invalidate"));
    }
}

/* A connection to @address; NULL: to the socket of the URL. */
static int conn_open(struct shared_link *link, const struct sockaddr *address,
                     struct conn **ret_conn)
{
    struct conn *conn = calloc(1, sizeof *conn);
    redisReader *reader = redisReaderCreate();
    int status = conn && reader ? 0 : UV_ENOMEM;
    if (status == 0)
        status = address ? uv_tcp_init(link->loop, &conn->uv.tcp)
                         : uv_pipe_init(link->loop, &conn->uv.pipe, 0);
    if (status != 0) {
        if (reader)
            redisReaderFree(reader);
        free(conn);
        return status;
    }
    conn->link = conn->owner = link;
    conn->reader = reader;
    conn->uv.handle.data = conn->connect.data = conn;
    link->handles++;
    *ret_conn = conn;
    if (!address) {
        uv_pipe_connect(&conn->connect, &conn->uv.pipe, link->url->path, on_connect);
        return 0;
    }
    (void) uv_tcp_nodelay(&conn->uv.tcp, 1);
    return uv_tcp_connect(&conn->connect, &conn->uv.tcp, address, on_connect);
}

static void connect_both(struct shared_link *link, const struct sockaddr *address)
{
    link->state = LINK_CONNECTING;
    link->data_good_us = link->ear_good_us = INT64_MIN;
    int status = conn_open(link, address, &link->data);
    if (status == 0)
        status = conn_open(link, address, &link->ear);
    if (status != 0)
        give_up(link, uv_strerror(status));
}

static void on_resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *all)
{
    struct shared_link *link = resolve->data;
    unsigned count = 0;
    for (struct addrinfo *a = all; status == 0 && a; a = a->ai_next)
        count++;
    if (!link->freed && link->state == LINK_RESOLVING) {
        struct addrinfo *one = all;
        for (unsigned i = count ? link->turn++ % count : 0; i > 0; i--)
            one = one->ai_next;
        if (count)
            connect_both(link, one->ai_addr);
        else
            give_up(link, status ? uv_strerror(status) : "its name has no address");
    }
    if (all)
        uv_freeaddrinfo(all);
    handle_gone(link);
}

static void begin_to_connect(struct shared_link *link)
{
    const struct redis_url *url = link->url;
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    link->data_quiet = link->ear_quiet = 0;
    if (link->member.state != REDIS_UNKNOWN)
        redis_member_count(&link->member, link->member.health->reconnects, 1);
    if (!url->host)
        return connect_both(link, NULL);
    if (uv_ip4_addr(url->host, url->port, &v4) == 0)
        return connect_both(link, (struct sockaddr *) &v4);
    if (uv_ip6_addr(url->host, url->port, &v6) == 0)
        return connect_both(link, (struct sockaddr *) &v6);
    char port[8];
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    snprintf(port, sizeof port, "%d", url->port);
    link->state = LINK_RESOLVING;
    link->resolve.data = link;
    link->handles++;
    int status = uv_getaddrinfo(link->loop, &link->resolve, on_resolved, url->host, port, &hints);
    if (status != 0) {
        link->handles--;
        give_up(link, uv_strerror(status));
    }
}

static void on_heartbeat(uv_timer_t *timer)
{
    struct shared_link *link = timer->data;
    int most_ms = link->state == LINK_UP ? SILENCE_MS : CONNECT_MS;
    switch (link->state) {
    case LINK_DOWN:
        if (redis_member_may_try(&link->member, link->clock->mono_us(link->clock)))
            begin_to_connect(link);
        return;
    case LINK_RESOLVING: return; /* the system's resolver has its own patience */
    case LINK_UP: send_heartbeat(link); break;
    case LINK_CONNECTING:
    case LINK_TRACKING: break;
    }
    int quiet = ++link->data_quiet;
    if (++link->ear_quiet > quiet)
        quiet = link->ear_quiet;
    if (link->state == LINK_DOWN || quiet * link->settings.heartbeat_ms <= most_ms)
        return;
    redis_member_count(&link->member, link->member.health->timeouts, 1);
    give_up(link, "no answer in time");
}

/* ── the port ── */

enum err redis_link_new(const struct redis_url *url, const struct redis_settings *settings,
                        struct clock *clock, struct redis_health *health, struct uv_loop_s *loop,
                        const struct shared_listener *listener, struct shared_link **ret_link)
{
    struct shared_link *link = calloc(1, sizeof *link);
    if (!link)
        return ERR_NOMEM;
    link->url = url;
    link->settings = *settings;
    link->clock = clock;
    link->listener = *listener;
    link->loop = loop;
    link->trusted_until_us = INT64_MIN;
    redis_member_init(&link->member, health);
    out_init(&link->out, NULL, 4096);
    out_init(&link->ear_out, NULL, 512);
    out_init(&link->prefix, NULL, 256);
    link->timer.data = link->prepare.data = link;
    link->handles = 2;
    (void) uv_timer_init(loop, &link->timer);
    (void) uv_prepare_init(loop, &link->prepare);
    (void) uv_prepare_start(&link->prepare, on_prepare);
    (void) uv_timer_start(&link->timer, on_heartbeat, 0, (uint64_t) settings->heartbeat_ms);
    *ret_link = link;
    return OK;
}

void redis_link_free(struct shared_link *link)
{
    if (!link || link->freed)
        return;
    link->freed = true;
    link->listener = (struct shared_listener){ 0 };
    enum link_state state = link->state;
    link->state = LINK_DOWN; /* it is no doubt that is told */
    if (state == LINK_RESOLVING)
        (void) uv_cancel((uv_req_t *) &link->resolve);
    uv_close((uv_handle_t *) &link->timer, on_link_handle_closed);
    uv_close((uv_handle_t *) &link->prepare, on_link_handle_closed);
    give_up(link, "");
}

bool redis_link_is_trusted(const struct shared_link *link, int64_t mono_us)
{
    return mono_us <= link->trusted_until_us;
}

bool redis_link_fetch(struct shared_link *link, struct str customer_id, struct shared_fetch *fetch)
{
    if (link->state != LINK_UP || customer_id.len > REDIS_PENDING_ID_BYTES)
        return false;
    struct redis_question *question = redis_pending_add(&link->pending);
    if (!question)
        return false;
    question->fetch = fetch;
    question->hash = str_hash(customer_id);
    question->id_len = (uint8_t) customer_id.len;
    memcpy(question->id, customer_id.at, customer_id.len);
    fetch->number = link->pending.end; /* its own number and one, so that 0 is none */
    redis_print_head(&link->out, 2);
    redis_print_word(&link->out, STR("GET"));
    redis_print_word3(&link->out, out_str(&link->prefix), customer_id, STR("}:p"));
    return true;
}

void redis_link_cancel(struct shared_link *link, struct shared_fetch *fetch)
{
    struct redis_question *question = NULL;
    if (fetch->number)
        question = redis_pending_at(&link->pending, fetch->number - 1);
    if (question && question->fetch == fetch)
        question->fetch = NULL;
    fetch->number = 0;
}
