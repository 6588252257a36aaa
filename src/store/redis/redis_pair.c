/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Set up: both connections say hello; the listener asks for its CLIENT ID and subscribes to
 * __redis__:invalidate; when that is confirmed and both met the same life of the server, the asking
 * one switches CLIENT TRACKING on, redirected to the listener. Only then is anything fetched
 * (redis_pair_fetch.c: also why no old value is ever kept).
 *
 * Trust. Each heartbeat a PING goes out on the listener, with the time, and a write that changes
 * nothing (redis_print_probe) on the other. A connection is a queue: when the listener's PONG is
 * read, every message that Redis sent before it took up that PING was read, too; and the other's
 * answer shows that Redis still counted the asking connection, whose tracking it is, as alive, and
 * is still the master: a server that has become a replica keeps its clients, and tells nobody of
 * what is written elsewhere. So everything written before the older of the two left is known: values
 * are good until trust_ms after that. Nothing is concluded from silence.
 *
 * Whatever fails on either connection ends both: fetches end as AWAY, the caller is told to doubt
 * what it has. Silence is counted in heartbeats, between any two of which the sockets were read, so
 * a loop that was held up itself does not take its own delay for Redis'.
 *
 * In a cluster the asking connection's heartbeat is a GET of a key of the node's own: neither the
 * last master of a part that was cut off nor one that has become a replica answers that.
 */
#include "store/redis/redis_pair.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "ports/clock.h"
#include "store/redis/redis_pair_parts.h"
#include "store/redis/redis_slots.h"
#include "store/redis/redis_url.h"
#include "store/redis/redis_value.h"

enum { SILENCE_MS = 200, CONNECT_MS = 1000 };

/* ── the ends of things ── */

static void on_handle_closed(uv_handle_t *handle)
{
    struct redis_pair *pair = handle->data;
    struct redis_pair_user user = pair->user;
    if (--pair->handles > 0)
        return;
    out_deinit(&pair->prefix);
    redis_pending_deinit(&pair->pending);
    redis_member_deinit(&pair->member);
    redis_url_free(pair->node.url);
    free(pair);
    user.closed(user.self);
}

static void let_go(struct redis_pair *pair)
{
    bool was_up = pair->state == PAIR_UP;
    pair->state = PAIR_DOWN;
    pair->trusted_until_us = INT64_MIN;
    redis_conn_close(MOVE(pair->data));
    redis_conn_close(MOVE(pair->ear));
    if (was_up) {
        redis_member_count(&pair->member, pair->member.health->doubts, 1);
        pair->user.doubt(pair->user.self, pair);
    }
    redis_pair_end_fetches(pair);
}

static void give_up(struct redis_pair *pair, const char *why)
{
    char which[320];
    snprintf(which, sizeof which, "%.160s; its node %s", why, pair->url->shown);
    if (!pair->freed)
        redis_member_down(&pair->member, pair->node.url ? which : why,
                          pair->clock->mono_us(pair->clock));
    let_go(pair);
}

/* ── sending ── */

/* Before the loop waits: everything that this turn has printed goes out. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct redis_pair *pair = prepare->data;
    if (pair->data && pair->state >= PAIR_TRACKING)
        redis_conn_flush(pair->data);
    if (pair->ear && pair->state >= PAIR_TRACKING)
        redis_conn_flush(pair->ear);
}

static void send_heartbeat(struct redis_pair *pair)
{
    int64_t now_us = pair->clock->mono_us(pair->clock);
    struct redis_question *question = redis_pending_add(&pair->pending);
    if (!question)
        return;
    question->is_heartbeat = true;
    question->sent_us = now_us;
    redis_print_head(&pair->ear->out, 2);
    redis_print_word(&pair->ear->out, STR("PING"));
    redis_print_int(&pair->ear->out, now_us);
    if (!pair->node.url)
        return redis_print_probe(&pair->data->out);
    redis_print_head(&pair->data->out, 2);
    redis_print_word(&pair->data->out, STR("GET"));
    redis_print_word(&pair->data->out, str_of(pair->node.probe));
}

/* ── what the connections say ── */

static void trust_again(struct redis_pair *pair)
{
    int64_t older = pair->data_good_us < pair->ear_good_us ? pair->data_good_us : pair->ear_good_us;
    if (older == INT64_MIN)
        return;
    pair->trusted_until_us = older + (int64_t) pair->settings.trust_ms * 1000;
    redis_member_up(&pair->member, pair->clock->mono_us(pair->clock));
}

static void ask_for_tracking(struct redis_pair *pair)
{
    const struct redis_hello *hello = &pair->data->hello;
    if (strcmp(hello->run_id, pair->ear->hello.run_id) != 0 ||
        strcmp(hello->stamp, pair->ear->hello.stamp) != 0)
        return give_up(pair, "two connections met two servers");
    pair->state = PAIR_TRACKING;
    pair->prefix.len = 0;
    redis_value_prefix(&pair->prefix, hello->life, pair->settings.shop);
    redis_print_head(&pair->data->out, 5);
    redis_print_word(&pair->data->out, STR("CLIENT"));
    redis_print_word(&pair->data->out, STR("TRACKING"));
    redis_print_word(&pair->data->out, STR("ON"));
    redis_print_word(&pair->data->out, STR("REDIRECT"));
    redis_print_int(&pair->data->out, pair->ear_id);
}

static void on_greeted(void *self, struct redis_conn *conn)
{
    struct redis_pair *pair = self;
    if (conn->hello.is_cluster && !pair->node.url) {
        let_go(pair);
        pair->state = PAIR_LEFT;
        redis_member_rest(&pair->member); /* it was reached; what else fails is told by its name */
        return pair->user.met_cluster(pair->user.self, pair);
    }
    if (conn == pair->data) {
        if (pair->ear_step == EAR_READY)
            ask_for_tracking(pair);
        return;
    }
    pair->ear_step = EAR_CLIENT_ID;
    redis_print_head(&conn->out, 2);
    redis_print_word(&conn->out, STR("CLIENT"));
    redis_print_word(&conn->out, STR("ID"));
    redis_print_head(&conn->out, 2);
    redis_print_word(&conn->out, STR("SUBSCRIBE"));
    redis_print_word(&conn->out, STR("__redis__:invalidate"));
    redis_conn_flush(conn);
}

/* A slot that is on its way to another node is still this one's. */
static void take_heartbeat(struct redis_pair *pair, struct str error)
{
    struct redis_question question = *redis_pending_pop(&pair->pending);
    if (question.is_asking)
        return;
    if (error.len && !str_starts_with(error, STR("ASK "))) {
        (void) pair->user.refused(pair->user.self, pair, NULL, (struct str){ 0 }, 0, error);
        return;
    }
    pair->data_good_us = question.sent_us;
    trust_again(pair);
}

static void take_data(struct redis_pair *pair, const redisReply *reply)
{
    struct str error = { reply->str, reply->type == REDIS_REPLY_ERROR ? reply->len : 0 };
    bool is_of_cluster = pair->node.url && pair->state == PAIR_UP && redis_is_of_cluster(error);
    if (error.len && !is_of_cluster)
        return redis_conn_refuse(pair->data, reply);
    if (pair->state == PAIR_TRACKING) {
        pair->state = PAIR_UP;
        redis_member_begins(&pair->member, pair->clock->mono_us(pair->clock));
        pair->data_quiet = pair->ear_quiet = 0;
        send_heartbeat(pair);
        return;
    }
    if (redis_pending_is_empty(&pair->pending))
        return give_up(pair, "it answers what nobody asked");
    pair->data_quiet = 0;
    if (redis_pending_at(&pair->pending, pair->pending.first)->is_heartbeat)
        take_heartbeat(pair, error);
    else if (error.len)
        redis_pair_hand_back(pair, error);
    else
        redis_pair_hand_over(pair, reply);
}

static struct str text_of(const redisReply *reply)
{
    bool is_text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
    return (struct str){ is_text ? reply->str : NULL, is_text ? reply->len : 0 };
}

static void take_change(struct redis_pair *pair, const redisReply *keys)
{
    if (keys->type == REDIS_REPLY_NIL) { /* everything was flushed */
        redis_member_count(&pair->member, pair->member.health->doubts, 1);
        redis_pair_doubt_answers(pair);
        pair->user.doubt(pair->user.self, pair);
        return;
    }
    for (size_t i = 0; i < keys->elements && !pair->freed; i++) {
        struct str id = redis_value_customer(text_of(keys->element[i]), out_str(&pair->prefix));
        if (!id.at)
            continue;
        redis_pending_mark(&pair->pending, id);
        pair->user.changed(pair->user.self, id);
    }
}

/* On a subscribed connection everything is an array: what it is, and of what. */
static void take_heard(struct redis_pair *pair, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
        return redis_conn_refuse(pair->ear, reply);
    struct str kind = text_of(reply->element[0]);
    int64_t sent_us;
    if (str_is(kind, "pong") && str_to_int64(text_of(reply->element[1]), &sent_us)) {
        pair->ear_good_us = sent_us;
        pair->ear_quiet = 0;
        trust_again(pair);
    } else if (str_is(kind, "message") && reply->elements == 3) {
        take_change(pair, reply->element[2]);
    }
}

static void take_ear(struct redis_pair *pair, const redisReply *reply)
{
    bool is_id = pair->ear_step == EAR_CLIENT_ID;
    if (pair->ear_step == EAR_READY)
        return take_heard(pair, reply);
    if (reply->type != (is_id ? REDIS_REPLY_INTEGER : REDIS_REPLY_ARRAY))
        return redis_conn_refuse(pair->ear, reply);
    if (is_id)
        pair->ear_id = reply->integer;
    pair->ear_step++;
    if (pair->ear_step == EAR_READY && redis_hello_is_done(&pair->data->hello))
        ask_for_tracking(pair);
}

static void on_reply(void *self, struct redis_conn *conn, const redisReply *reply)
{
    struct redis_pair *pair = self;
    if (conn == pair->data)
        take_data(pair, reply);
    else
        take_ear(pair, reply);
}

static void on_lost(void *self, struct redis_conn *conn, const char *why)
{
    (void) conn;
    give_up(self, why);
}

/* ── connecting ── */

static void on_found(void *self, const struct sockaddr *address, const char *why)
{
    struct redis_pair *pair = self;
    const struct redis_conn_user user = { pair, on_greeted, on_reply, on_lost };
    pair->resolve = NULL;
    if (why)
        return give_up(pair, why);
    pair->state = PAIR_CONNECTING;
    pair->data_good_us = pair->ear_good_us = INT64_MIN;
    pair->data_quiet = pair->ear_quiet = 0;
    pair->ear_step = EAR_HELLO;
    pair->data = redis_conn_new(pair->loop, pair->url, address, &user);
    pair->ear = redis_conn_new(pair->loop, pair->url, address, &user);
    if (!pair->data || !pair->ear)
        give_up(pair, "no connection can be made");
}

static void begin_to_connect(struct redis_pair *pair)
{
    if (pair->member.state != REDIS_UNKNOWN)
        redis_member_count(&pair->member, pair->member.health->reconnects, 1);
    pair->state = PAIR_RESOLVING;
    struct redis_resolve *resolve =
        redis_resolve_begin(pair->loop, pair->url, pair->attempts++, on_found, pair);
    if (resolve)
        pair->resolve = resolve;
}

static void on_heartbeat(uv_timer_t *timer)
{
    struct redis_pair *pair = timer->data;
    redis_health_look(pair->member.health, pair->clock->mono_us(pair->clock));
    pair->user.beat(pair->user.self, pair);
    int most_ms = pair->state == PAIR_UP ? SILENCE_MS : CONNECT_MS;
    if (pair->freed)
        return;
    switch (pair->state) {
    case PAIR_LEFT: return;
    case PAIR_DOWN:
        if (redis_member_may_try(&pair->member, pair->clock->mono_us(pair->clock)))
            begin_to_connect(pair);
        return;
    case PAIR_RESOLVING: return; /* the system's resolver has its own patience */
    case PAIR_UP: send_heartbeat(pair); break;
    case PAIR_CONNECTING:
    case PAIR_TRACKING: break;
    }
    int quiet = ++pair->data_quiet;
    if (++pair->ear_quiet > quiet)
        quiet = pair->ear_quiet;
    if (pair->state == PAIR_DOWN || quiet * pair->settings.heartbeat_ms <= most_ms)
        return;
    redis_member_count(&pair->member, pair->member.health->timeouts, 1);
    give_up(pair, pair->data ? redis_conn_silence(pair->data) : "no answer in time");
}

/* ── what its user does ── */

struct redis_pair *redis_pair_new(const struct redis_url *url, const struct redis_pair_node *node,
                                  const struct redis_settings *settings, struct clock *clock,
                                  struct redis_health *health, struct uv_loop_s *loop,
                                  const struct redis_pair_user *user)
{
    struct redis_pair *pair = calloc(1, sizeof *pair);
    if (!pair)
        return NULL;
    pair->url = node ? node->url : url;
    pair->node = node ? *node : (struct redis_pair_node){ 0 };
    pair->settings = *settings;
    pair->clock = clock;
    pair->user = *user;
    pair->loop = loop;
    pair->state = PAIR_DOWN;
    pair->trusted_until_us = INT64_MIN;
    redis_member_init(&pair->member, health, loop);
    redis_member_leads_to(&pair->member, pair->url);
    out_init(&pair->prefix, NULL, 256);
    pair->timer.data = pair->prepare.data = pair;
    pair->handles = 2;
    (void) uv_timer_init(loop, &pair->timer);
    (void) uv_prepare_init(loop, &pair->prepare);
    (void) uv_prepare_start(&pair->prepare, on_prepare);
    (void) uv_timer_start(&pair->timer, on_heartbeat, 0, (uint64_t) settings->heartbeat_ms);
    return pair;
}

void redis_pair_free(struct redis_pair *pair)
{
    if (!pair || pair->freed)
        return;
    pair->freed = true;
    pair->state = PAIR_DOWN; /* it is no doubt that is told */
    redis_resolve_cancel(MOVE(pair->resolve));
    uv_close((uv_handle_t *) &pair->timer, on_handle_closed);
    uv_close((uv_handle_t *) &pair->prepare, on_handle_closed);
    give_up(pair, "");
}

bool redis_pair_is_trusted(const struct redis_pair *pair, int64_t mono_us)
{
    return mono_us <= pair->trusted_until_us;
}

uint64_t redis_pair_epoch(const struct redis_pair *pair)
{
    return pair->state == PAIR_UP ? pair->data->hello.epoch : UINT64_MAX;
}

const struct redis_url *redis_pair_url(const struct redis_pair *pair)
{
    return pair->url;
}

void redis_pair_probe(struct redis_pair *pair, const char *probe)
{
    snprintf(pair->node.probe, sizeof pair->node.probe, "%s", probe);
}

void redis_pair_renew(struct redis_pair *pair)
{
    if (pair->state != PAIR_UP)
        return;
    let_go(pair);
    pair->member.next_us = 0;
}

void redis_pair_complain(struct redis_pair *pair, const char *why)
{
    if (pair->state == PAIR_LEFT && pair->member.state != REDIS_DOWN)
        redis_member_down(&pair->member, why, pair->clock->mono_us(pair->clock));
}
