/* SPDX-License-Identifier: Apache-2.0 */
/*
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
 *
 * Both connections stand in one file, a little over 400 lines, as neither is of use without the other.
 */
#include "store/redis/redis_link.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "ports/clock.h"
#include "store/redis/redis_conn.h"
#include "store/redis/redis_pending.h"
#include "store/redis/redis_url.h"
#include "store/redis/redis_value.h"

enum { SILENCE_MS = 200, CONNECT_MS = 1000 };

enum link_state { LINK_DOWN, LINK_RESOLVING, LINK_CONNECTING, LINK_TRACKING, LINK_UP };

/* What the listener waits for after its hello. */
enum ear_step { EAR_HELLO, EAR_CLIENT_ID, EAR_SUBSCRIBED, EAR_READY };

struct shared_link {
    const struct redis_url *url;
    struct redis_settings settings;
    struct clock *clock;
    struct shared_listener listener;
    struct redis_member member;
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_prepare_t prepare;
    struct redis_resolve *resolve; /* while LINK_RESOLVING, unless it was found at once */
    int handles;                   /* not closed yet; the link's memory goes with the last */
    bool freed;
    enum link_state state;
    unsigned attempts;
    struct redis_conn *data, *ear;
    enum ear_step ear_step;
    long long ear_id;
    struct redis_pending pending;      /* on data */
    int data_quiet, ear_quiet;         /* heartbeats since a connection was last heard */
    int64_t data_good_us, ear_good_us; /* when the PING that was answered last had left */
    int64_t trusted_until_us;
    struct out prefix; /* of keys in this life */
};

/* ── the ends of things ── */

static void on_handle_closed(uv_handle_t *handle)
{
    struct shared_link *link = handle->data;
    if (--link->handles > 0)
        return;
    out_deinit(&link->prefix);
    redis_pending_deinit(&link->pending);
    redis_member_deinit(&link->member);
    free(link);
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
    redis_conn_close(MOVE(link->data));
    redis_conn_close(MOVE(link->ear));
    if (!link->freed)
        redis_member_down(&link->member, why, link->clock->mono_us(link->clock));
    if (was_up) {
        redis_member_count(&link->member, link->member.health->doubts, 1);
        link->listener.doubt(link->listener.self);
    }
    end_fetches(link);
}

/* ── sending ── */

/* Before the loop waits: everything that this turn has printed goes out. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct shared_link *link = prepare->data;
    if (link->data && link->state >= LINK_TRACKING)
        redis_conn_flush(link->data);
    if (link->ear && link->state >= LINK_TRACKING)
        redis_conn_flush(link->ear);
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
    print_ping(&link->data->out, now_us);
    print_ping(&link->ear->out, now_us);
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
    redis_print_head(&link->data->out, 5);
    redis_print_word(&link->data->out, STR("CLIENT"));
    redis_print_word(&link->data->out, STR("TRACKING"));
    redis_print_word(&link->data->out, STR("ON"));
    redis_print_word(&link->data->out, STR("REDIRECT"));
    redis_print_int(&link->data->out, link->ear_id);
}

static void on_greeted(void *self, struct redis_conn *conn)
{
    struct shared_link *link = self;
    if (conn == link->ear)
        link->ear_step = EAR_CLIENT_ID;
    else if (link->ear_step == EAR_READY)
        ask_for_tracking(link);
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
        return redis_conn_refuse(link->data, reply);
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
        return redis_conn_refuse(link->ear, reply);
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

static void take_ear(struct shared_link *link, const redisReply *reply)
{
    bool is_id = link->ear_step == EAR_CLIENT_ID;
    if (link->ear_step == EAR_READY)
        return take_heard(link, reply);
    if (reply->type != (is_id ? REDIS_REPLY_INTEGER : REDIS_REPLY_ARRAY))
        return redis_conn_refuse(link->ear, reply);
    if (is_id)
        link->ear_id = reply->integer;
    link->ear_step++;
    if (link->ear_step == EAR_READY && redis_hello_is_done(&link->data->hello))
        ask_for_tracking(link);
}

static void on_reply(void *self, struct redis_conn *conn, const redisReply *reply)
{
    struct shared_link *link = self;
    if (conn == link->data)
        take_data(link, reply);
    else
        take_ear(link, reply);
}

static void on_lost(void *self, struct redis_conn *conn, const char *why)
{
    (void) conn;
    give_up(self, why);
}

/* ── connecting ── */

static void on_connected(void *self, struct redis_conn *conn)
{
    if (conn != ((struct shared_link *) self)->ear)
        return;
    redis_print_head(&conn->out, 2);
    redis_print_word(&conn->out, STR("CLIENT"));
    redis_print_word(&conn->out, STR("ID"));
    redis_print_head(&conn->out, 2);
    redis_print_word(&conn->out, STR("SUBSCRIBE"));
    redis_print_word(&conn->out, STR("__redis__:invalidate"));
}

static void on_found(void *self, const struct sockaddr *address, const char *why)
{
    struct shared_link *link = self;
    const struct redis_conn_user user = { link, on_connected, on_greeted, on_reply, on_lost };
    link->resolve = NULL;
    if (why)
        return give_up(link, why);
    link->state = LINK_CONNECTING;
    link->data_good_us = link->ear_good_us = INT64_MIN;
    link->data_quiet = link->ear_quiet = 0;
    link->ear_step = EAR_HELLO;
    link->data = redis_conn_new(link->loop, link->url, address, &user);
    link->ear = redis_conn_new(link->loop, link->url, address, &user);
    if (!link->data || !link->ear)
        give_up(link, "no connection can be made");
}

static void begin_to_connect(struct shared_link *link)
{
    if (link->member.state != REDIS_UNKNOWN)
        redis_member_count(&link->member, link->member.health->reconnects, 1);
    link->state = LINK_RESOLVING;
    struct redis_resolve *resolve =
        redis_resolve_begin(link->loop, link->url, link->attempts++, on_found, link);
    if (resolve)
        link->resolve = resolve;
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
    give_up(link, link->data ? redis_conn_silence(link->data) : "no answer in time");
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
    redis_member_init(&link->member, health, false);
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
    link->state = LINK_DOWN; /* it is no doubt that is told */
    redis_resolve_cancel(MOVE(link->resolve));
    uv_close((uv_handle_t *) &link->timer, on_handle_closed);
    uv_close((uv_handle_t *) &link->prepare, on_handle_closed);
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
    redis_print_head(&link->data->out, 2);
    redis_print_word(&link->data->out, STR("GET"));
    redis_print_word3(&link->data->out, out_str(&link->prefix), customer_id, STR("}:p"));
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
