/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions are answered in order, so those under way stand in a ring. Silence is counted in ticks,
 * as in redis_pair.c; an idle connection is asked once a second whether it is still one.
 */
#include "store/redis/redis_budget_line.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "ports/clock.h"
#include "store/redis/redis_budget_reader.h"
#include "store/redis/redis_conn.h"
#include "store/redis/redis_reservation.h"
#include "store/redis/redis_scripts.h"
#include "store/redis/redis_slots.h"
#include "store/redis/redis_url.h"
#include "store/redis/redis_value.h"

enum { TICK_MS = 50, SILENT_TICKS = 4, CONNECT_TICKS = 20, PING_TICKS = 20, SHA_BYTES = 40 };

enum question_kind { ASK_SCRIPT, ASK_PING, ASK_GIVE_BACK, ASK_ASKING, ASK_CLAIM };

static const enum redis_script scripts[] = { REDIS_BUDGET_RESERVE, REDIS_BUDGET_GIVE_BACK };
enum { CLAIM, GIVE_BACK, SCRIPTS }; /* in the order of scripts */

struct question {
    enum question_kind kind;
    uint32_t number; /* of the claim, or of the script */
    struct redis_reservation *reservation;
};

enum line_state { LINE_LEFT, LINE_DOWN, LINE_CONNECTING, LINE_LOADING, LINE_UP };

struct redis_budget_line {
    struct redis_budget_source *source;
    struct redis_budget_line_user user;
    struct redis_url *node; /* of a cluster's node: ours */
    const struct redis_url *url;
    struct redis_member member;
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_prepare_t prepare;
    int handles; /* not closed yet; the memory goes with the last */
    bool freed;
    enum line_state state;
    struct redis_resolve *resolve;
    struct redis_conn *conn;
    unsigned attempts;
    int quiet, idle; /* ticks since it was heard while it owed an answer; since it was pinged */
    char shas[SCRIPTS][SHA_BYTES];
    struct question *ring;
    uint64_t first, end;
    uint32_t cap; /* a power of two */
};

/* ── the ring ── */

static bool push(struct redis_budget_line *line, struct question question)
{
    if (line->end - line->first == line->cap) {
        uint32_t cap = line->cap ? 2 * line->cap : 64;
        struct question *ring = malloc(cap * sizeof *ring);
        if (!ring)
            return false;
        for (uint64_t i = line->first; i != line->end; i++)
            ring[i & (cap - 1)] = line->ring[i & (line->cap - 1)];
        free(line->ring);
        line->ring = ring;
        line->cap = cap;
    }
    line->ring[line->end++ & (line->cap - 1)] = question;
    return true;
}

static struct question pop(struct redis_budget_line *line)
{
    return line->ring[line->first++ & (line->cap - 1)];
}

static bool send_scripts(struct redis_budget_line *line)
{
    struct out *out = &line->conn->out;
    for (uint32_t i = 0; i < SCRIPTS; i++) {
        if (!push(line, (struct question){ .kind = ASK_SCRIPT, .number = i }))
            return false;
        redis_print_head(out, 3);
        redis_print_word(out, STR("SCRIPT"));
        redis_print_word(out, STR("LOAD"));
        redis_print_word(out, str_of(redis_script_text(scripts[i])));
    }
    return true;
}

static void print_call(const struct redis_budget_line *line, int script, uint32_t words,
                       const char *keys, struct out *out)
{
    redis_print_head(out, 3 + words);
    redis_print_word(out, STR("EVALSHA"));
    redis_print_word(out, (struct str){ line->shas[script], SHA_BYTES });
    redis_print_word(out, str_of(keys));
}

bool redis_budget_line_claim(struct redis_budget_line *line, struct redis_reservation *reservation,
                             uint32_t number, bool asking)
{
    if (line->state != LINE_UP)
        return false;
    const struct redis_hello *hello = &line->conn->hello;
    const struct redis_claim *claim = &reservation->claims[number];
    struct str shop = line->source->settings.shop;
    struct out *out = &line->conn->out;
    char mark[REDIS_VALUE_HEAD];
    if (asking && push(line, (struct question){ .kind = ASK_ASKING })) {
        redis_print_head(out, 1);
        redis_print_word(out, STR("ASKING"));
    }
    if (!push(line, (struct question){ ASK_CLAIM, number, reservation }))
        return false;
    redis_value_head(claim->mark, false, mark);
    print_call(line, CLAIM, hello->is_cluster ? 8 : 7, "2", out);
    redis_reservation_print_holds(out, hello->life, shop, claim->rule);
    redis_reservation_print_count(out, hello->life, shop, claim->rule);
    redis_print_word(out, (struct str){ mark, REDIS_VALUE_HEAD - 1 });
    redis_print_int(out, claim->redemptions);
    redis_print_int(out, claim->until_us);
    redis_print_int(out, claim->now_us);
    redis_print_int(out, line->source->settings.ttl_s);
    if (hello->is_cluster)
        redis_print_word(out, str_of(hello->stamp));
    return true;
}

void redis_budget_line_give_back(struct redis_budget_line *line, struct str rule, uint64_t mark,
                                 int64_t until_us)
{
    if (line->state != LINE_UP || !push(line, (struct question){ .kind = ASK_GIVE_BACK }))
        return;
    struct out *out = &line->conn->out;
    char text[REDIS_VALUE_HEAD];
    redis_value_head(mark, false, text);
    print_call(line, GIVE_BACK, 3, "1", out);
    redis_reservation_print_holds(out, line->conn->hello.life, line->source->settings.shop, rule);
    redis_print_word(out, (struct str){ text, REDIS_VALUE_HEAD - 1 });
    redis_print_int(out, until_us);
}

static void send_ping(struct redis_budget_line *line)
{
    line->idle = 0;
    if (!push(line, (struct question){ .kind = ASK_PING }))
        return;
    redis_print_head(&line->conn->out, 1);
    redis_print_word(&line->conn->out, STR("PING"));
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct redis_budget_line *line = prepare->data;
    if (line->conn && line->state >= LINE_LOADING)
        redis_conn_flush(line->conn);
}

static bool is_unknown_script(const redisReply *reply)
{
    struct str text = { reply->str, reply->type == REDIS_REPLY_ERROR ? reply->len : 0 };
    return str_starts_with(text, STR("NOSCRIPT"));
}

static void take_claim(struct redis_budget_line *line, const struct question *question,
                       const redisReply *reply)
{
    struct redis_reservation *reservation = question->reservation;
    struct redis_claim *claim = &reservation->claims[question->number];
    struct str text = { reply->str, reply->type == REDIS_REPLY_ERROR ? reply->len : 0 };
    if (!claim->again && is_unknown_script(reply)) {
        claim->again = true;
        if (send_scripts(line) &&
            redis_budget_line_claim(line, reservation, question->number, false))
            return;
    }
    if (text.len && line->node &&
        line->user.refused(line->user.self, line, reservation, question->number, text))
        return;
    bool is_error = reply->type != REDIS_REPLY_INTEGER;
    claim->result = is_error ? REDIS_NOT_KNOWN : reply->integer;
    if (claim->result == REDIS_NOT_KNOWN) {
        reservation->lost = true;
        if (!is_error)
            atomic_store(&line->source->wanting, true);
    }
    line->user.answered(line->user.self, reservation);
    if (is_error && !line->freed && !(line->node && redis_is_of_cluster(text)))
        redis_conn_refuse(line->conn, reply);
}

static void take_script(struct redis_budget_line *line, uint32_t script, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING || reply->len != SHA_BYTES)
        return redis_conn_refuse(line->conn, reply);
    memcpy(line->shas[script], reply->str, SHA_BYTES);
    if (line->state != LINE_LOADING || script + 1 < SCRIPTS)
        return;
    line->state = LINE_UP;
    int64_t now_us = line->source->clock->mono_us(line->source->clock);
    redis_member_begins(&line->member, now_us);
    redis_member_up(&line->member, now_us);
}

static void on_reply(void *self, struct redis_conn *conn, const redisReply *reply)
{
    struct redis_budget_line *line = self;
    if (line->first == line->end)
        return redis_conn_refuse(conn, reply);
    line->quiet = 0;
    struct question question = pop(line);
    switch (question.kind) {
    case ASK_SCRIPT: take_script(line, question.number, reply); break;
    case ASK_CLAIM: take_claim(line, &question, reply); break;
    case ASK_ASKING: break;
    case ASK_PING:
    case ASK_GIVE_BACK: /* its script, if forgotten, comes again with the next claim */
        if (reply->type == REDIS_REPLY_ERROR && !line->node && !is_unknown_script(reply))
            redis_conn_refuse(conn, reply);
        break;
    }
}

static void let_go(struct redis_budget_line *line)
{
    line->state = LINE_DOWN;
    redis_conn_close(MOVE(line->conn));
    while (line->first != line->end) {
        struct question question = pop(line);
        if (question.kind != ASK_CLAIM)
            continue;
        question.reservation->lost = true;
        line->user.answered(line->user.self, question.reservation);
    }
}

static void give_up(struct redis_budget_line *line, const char *why)
{
    char which[320];
    snprintf(which, sizeof which, "%.160s; its node %s", why, line->url->shown);
    if (!line->freed)
        redis_member_down(&line->member, line->node ? which : why,
                          line->source->clock->mono_us(line->source->clock));
    let_go(line);
    if (!line->freed && line->node)
        line->user.lost(line->user.self);
}

/* ── connecting ── */

static void on_lost(void *self, struct redis_conn *conn, const char *why)
{
    (void) conn;
    give_up(self, why);
}

static void on_greeted(void *self, struct redis_conn *conn)
{
    struct redis_budget_line *line = self;
    if (conn->hello.is_cluster && !line->node) {
        let_go(line);
        line->state = LINE_LEFT;
        redis_member_rest(&line->member);
        return line->user.met_cluster(line->user.self);
    }
    line->state = LINE_LOADING;
    if (!send_scripts(line))
        return on_lost(self, conn, "no memory");
    redis_conn_flush(conn);
}

static void on_found(void *self, const struct sockaddr *address, const char *why)
{
    struct redis_budget_line *line = self;
    const struct redis_conn_user user = { line, on_greeted, on_reply, on_lost };
    line->resolve = NULL;
    if (!why)
        line->conn = redis_conn_new(line->loop, line->url, address, &user);
    if (!line->conn)
        give_up(line, why ? why : "no connection can be made");
}

static void begin_to_connect(struct redis_budget_line *line)
{
    if (line->member.state != REDIS_UNKNOWN)
        redis_member_count(&line->member, line->member.health->reconnects, 1);
    line->state = LINE_CONNECTING;
    line->quiet = 0;
    struct redis_resolve *resolve =
        redis_resolve_begin(line->loop, line->url, line->attempts++, on_found, line);
    if (resolve)
        line->resolve = resolve;
}

static void on_tick(uv_timer_t *timer)
{
    struct redis_budget_line *line = timer->data;
    struct clock *clock = line->source->clock;
    redis_health_look(line->member.health, clock->mono_us(clock));
    line->user.beat(line->user.self);
    if (line->freed || line->state == LINE_LEFT)
        return;
    if (line->state == LINE_DOWN) {
        if (redis_member_may_try(&line->member, clock->mono_us(clock)))
            begin_to_connect(line);
        return;
    }
    if (line->resolve)
        return; /* the system's resolver has its own patience */
    bool is_up = line->state == LINE_UP;
    if (is_up)
        redis_member_up(&line->member, clock->mono_us(clock)); /* it has lasted, perhaps */
    if (is_up && line->first == line->end) {
        line->quiet = 0;
        if (++line->idle >= PING_TICKS)
            send_ping(line);
    } else if (++line->quiet > (is_up ? SILENT_TICKS : CONNECT_TICKS)) {
        redis_member_count(&line->member, line->member.health->timeouts, 1);
        give_up(line, redis_conn_silence(line->conn));
    }
}

/* ── what its user does ── */

static void on_handle_closed(uv_handle_t *handle)
{
    struct redis_budget_line *line = handle->data;
    struct redis_budget_line_user user = line->user;
    if (--line->handles > 0)
        return;
    redis_member_deinit(&line->member);
    redis_url_free(line->node);
    free(line->ring);
    free(line);
    user.closed(user.self);
}

struct redis_budget_line *redis_budget_line_new(struct redis_budget_source *source,
                                                struct redis_url *node, struct uv_loop_s *loop,
                                                const struct redis_budget_line_user *user)
{
    struct redis_budget_line *line = calloc(1, sizeof *line);
    if (!line)
        return NULL;
    line->source = source;
    line->user = *user;
    line->node = node;
    line->url = node ? node : source->url;
    line->state = LINE_DOWN;
    line->loop = loop;
    redis_member_init(&line->member, &source->health, loop);
    redis_member_leads_to(&line->member, line->url);
    line->timer.data = line->prepare.data = line;
    line->handles = 2;
    (void) uv_timer_init(loop, &line->timer);
    (void) uv_prepare_init(loop, &line->prepare);
    (void) uv_prepare_start(&line->prepare, on_prepare);
    (void) uv_timer_start(&line->timer, on_tick, 0, TICK_MS);
    return line;
}

void redis_budget_line_free(struct redis_budget_line *line)
{
    if (!line || line->freed)
        return;
    line->freed = true;
    redis_resolve_cancel(MOVE(line->resolve));
    uv_close((uv_handle_t *) &line->timer, on_handle_closed);
    uv_close((uv_handle_t *) &line->prepare, on_handle_closed);
    give_up(line, "");
}

const struct redis_url *redis_budget_line_url(const struct redis_budget_line *line)
{
    return line->url;
}

void redis_budget_line_renew(struct redis_budget_line *line, uint64_t epoch)
{
    if (line->state != LINE_UP || line->conn->hello.epoch >= epoch)
        return;
    let_go(line);
    line->member.next_us = 0;
}

void redis_budget_line_complain(struct redis_budget_line *line, const char *why)
{
    if (line->state == LINE_LEFT && line->member.state != REDIS_DOWN)
        redis_member_down(&line->member, why, line->source->clock->mono_us(line->source->clock));
}
