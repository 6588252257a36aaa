/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions are answered in order, so those under way stand in a ring. A reservation lives from the
 * first reserve() until it was taken by the second, or forgotten and answered. Silence is counted in ticks,
 * as in redis_link.c; an idle connection is asked once a second whether it is still one.
 */
#include "store/redis_budget_reader.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "ports/clock.h"
#include "store/redis_conn.h"
#include "store/redis_scripts.h"
#include "store/redis_url.h"
#include "store/redis_value.h"

enum { TICK_MS = 50, SILENT_TICKS = 4, CONNECT_TICKS = 20, PING_TICKS = 20, SHA_BYTES = 40 };
enum { HELD_NEW = -1, HELD_AGAIN = -2, UNKNOWN = -3 };

struct one_claim {
    struct str rule; /* in the reservation's block */
    uint64_t mark;
    int64_t redemptions, until_us, now_us, result;
    bool again; /* sent once more, after the script was loaded */
};

struct reservation {
    struct budget_waiter *waiter; /* NULL: forgotten */
    uint32_t n, left;
    bool lost;
    struct one_claim claims[];
};

enum question_kind { ASK_SCRIPT, ASK_PING, ASK_RELEASE, ASK_CLAIM };

struct question {
    enum question_kind kind;
    uint32_t number; /* of the claim */
    struct reservation *reservation;
};

enum reader_state { READER_DOWN, READER_CONNECTING, READER_LOADING, READER_UP };

struct redis_budget_reader {
    struct redis_budget_source *source;
    struct redis_member member;
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_prepare_t prepare;
    int handles; /* not closed yet; the memory goes with the last */
    bool freed;
    enum reader_state state;
    struct redis_resolve *resolve;
    struct redis_conn *conn;
    unsigned attempts;
    int quiet, idle; /* ticks since it was heard while it owed an answer; since it was pinged */
    char sha[SHA_BYTES];
    struct question *ring;
    uint64_t first, end;
    uint32_t cap; /* a power of two */
};

static void give_up(struct redis_budget_reader *reader, const char *why);

/* ── keys ── */

static void print_key(struct out *out, const char *life, struct str shop, struct str rule,
                      struct str tail)
{
    char text[1024];
    struct out key = { .at = text, .cap = sizeof text };
    if (shop.len + rule.len > sizeof text / 2)
        rule.len = 0; /* no rule has such a name; rather a key nobody uses than a long one */
    redis_value_prefix(&key, life, shop);
    out_text(&key, STR("b/"));
    out_text(&key, rule);
    out_text(&key, STR("}:b:"));
    redis_print_word2(out, out_str(&key), tail);
}

void redis_budget_print_holds(struct out *out, const char *life, struct str shop, struct str rule)
{
    print_key(out, life, shop, rule, STR("holds"));
}

void redis_budget_print_count(struct out *out, const char *life, struct str shop, struct str rule)
{
    print_key(out, life, shop, rule, STR("accepted"));
}

/* ── the ring ── */

static bool push(struct redis_budget_reader *reader, struct question question)
{
    if (reader->end - reader->first == reader->cap) {
        uint32_t cap = reader->cap ? 2 * reader->cap : 64;
        struct question *ring = malloc(cap * sizeof *ring);
        if (!ring)
            return false;
        for (uint64_t i = reader->first; i != reader->end; i++)
            ring[i & (cap - 1)] = reader->ring[i & (reader->cap - 1)];
        free(reader->ring);
        reader->ring = ring;
        reader->cap = cap;
    }
    reader->ring[reader->end++ & (reader->cap - 1)] = question;
    return true;
}

static struct question pop(struct redis_budget_reader *reader)
{
    return reader->ring[reader->first++ & (reader->cap - 1)];
}

/* ── sending ── */

static bool send_script(struct redis_budget_reader *reader)
{
    struct out *out = &reader->conn->out;
    if (!push(reader, (struct question){ .kind = ASK_SCRIPT }))
        return false;
    redis_print_head(out, 3);
    redis_print_word(out, STR("SCRIPT"));
    redis_print_word(out, STR("LOAD"));
    redis_print_word(out, str_of(redis_script_text(REDIS_BUDGET_RESERVE)));
    return true;
}

static bool send_claim(struct redis_budget_reader *reader, struct reservation *reservation,
                       uint32_t number)
{
    const struct one_claim *claim = &reservation->claims[number];
    struct str shop = reader->source->settings.shop;
    const char *life = reader->conn->hello.run_id;
    struct out *out = &reader->conn->out;
    char mark[REDIS_VALUE_HEAD];
    if (!push(reader, (struct question){ ASK_CLAIM, number, reservation }))
        return false;
    redis_value_head(claim->mark, false, mark);
    redis_print_head(out, 10);
    redis_print_word(out, STR("EVALSHA"));
    redis_print_word(out, (struct str){ reader->sha, SHA_BYTES });
    redis_print_word(out, STR("2"));
    redis_budget_print_holds(out, life, shop, claim->rule);
    redis_budget_print_count(out, life, shop, claim->rule);
    redis_print_word(out, (struct str){ mark, REDIS_VALUE_HEAD - 1 });
    redis_print_int(out, claim->redemptions);
    redis_print_int(out, claim->until_us);
    redis_print_int(out, claim->now_us);
    redis_print_int(out, reader->source->settings.ttl_s);
    return true;
}

/* Nobody waited for this hold, and nobody had it before. */
static void send_release(struct redis_budget_reader *reader, const struct one_claim *claim)
{
    struct out *out = &reader->conn->out;
    char mark[REDIS_VALUE_HEAD];
    if (!push(reader, (struct question){ .kind = ASK_RELEASE }))
        return;
    redis_value_head(claim->mark, false, mark);
    redis_print_head(out, 3);
    redis_print_word(out, STR("ZREM"));
    redis_budget_print_holds(out, reader->conn->hello.run_id, reader->source->settings.shop,
                             claim->rule);
    redis_print_word(out, (struct str){ mark, REDIS_VALUE_HEAD - 1 });
}

static void send_ping(struct redis_budget_reader *reader)
{
    reader->idle = 0;
    if (!push(reader, (struct question){ .kind = ASK_PING }))
        return;
    redis_print_head(&reader->conn->out, 1);
    redis_print_word(&reader->conn->out, STR("PING"));
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct redis_budget_reader *reader = prepare->data;
    if (reader->conn && reader->state >= READER_LOADING)
        redis_conn_flush(reader->conn);
}

/* ── answers ── */

/* One claim less to wait for. */
static void settle_one(struct reservation *reservation)
{
    if (--reservation->left > 0)
        return;
    if (reservation->waiter)
        reservation->waiter->ready(reservation->waiter);
    else
        free(reservation);
}

static void take_claim(struct redis_budget_reader *reader, const struct question *question,
                       const redisReply *reply)
{
    struct reservation *reservation = question->reservation;
    struct one_claim *claim = &reservation->claims[question->number];
    struct str text = { reply->str, reply->type == REDIS_REPLY_ERROR ? reply->len : 0 };
    if (!claim->again && str_starts_with(text, STR("NOSCRIPT"))) {
        claim->again = true;
        if (send_script(reader) && send_claim(reader, reservation, question->number))
            return;
    }
    bool is_error = reply->type != REDIS_REPLY_INTEGER;
    claim->result = is_error ? UNKNOWN : reply->integer;
    if (claim->result == UNKNOWN) {
        reservation->lost = true;
        if (!is_error)
            atomic_store(&reader->source->wanting, true);
    }
    if (claim->result == HELD_NEW && !reservation->waiter)
        send_release(reader, claim);
    settle_one(reservation);
    if (is_error && !reader->freed)
        redis_conn_refuse(reader->conn, reply);
}

static void take_script(struct redis_budget_reader *reader, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING || reply->len != SHA_BYTES)
        return redis_conn_refuse(reader->conn, reply);
    memcpy(reader->sha, reply->str, SHA_BYTES);
    if (reader->state != READER_LOADING)
        return;
    reader->state = READER_UP;
    redis_member_up(&reader->member);
}

static void on_reply(void *self, struct redis_conn *conn, const redisReply *reply)
{
    struct redis_budget_reader *reader = self;
    if (reader->first == reader->end)
        return redis_conn_refuse(conn, reply);
    reader->quiet = 0;
    struct question question = pop(reader);
    switch (question.kind) {
    case ASK_SCRIPT: take_script(reader, reply); break;
    case ASK_CLAIM: take_claim(reader, &question, reply); break;
    case ASK_PING:
    case ASK_RELEASE:
        if (reply->type == REDIS_REPLY_ERROR)
            redis_conn_refuse(conn, reply);
        break;
    }
}

static void give_up(struct redis_budget_reader *reader, const char *why)
{
    reader->state = READER_DOWN;
    redis_conn_close(MOVE(reader->conn));
    if (!reader->freed)
        redis_member_down(&reader->member, why,
                          reader->source->clock->mono_us(reader->source->clock));
    while (reader->first != reader->end) {
        struct question question = pop(reader);
        if (question.kind != ASK_CLAIM)
            continue;
        question.reservation->lost = true;
        settle_one(question.reservation);
    }
}

/* ── connecting ── */

static void on_lost(void *self, struct redis_conn *conn, const char *why)
{
    (void) conn;
    give_up(self, why);
}

static void on_greeted(void *self, struct redis_conn *conn)
{
    struct redis_budget_reader *reader = self;
    reader->state = READER_LOADING;
    if (!send_script(reader))
        return on_lost(self, conn, "no memory");
    redis_conn_flush(conn);
}

static void on_found(void *self, const struct sockaddr *address, const char *why)
{
    struct redis_budget_reader *reader = self;
    const struct redis_conn_user user = { reader, NULL, on_greeted, on_reply, on_lost };
    reader->resolve = NULL;
    if (!why)
        reader->conn = redis_conn_new(reader->loop, reader->source->url, address, &user);
    if (!reader->conn)
        give_up(reader, why ? why : "no connection can be made");
}

static void begin_to_connect(struct redis_budget_reader *reader)
{
    if (reader->member.state != REDIS_UNKNOWN)
        redis_member_count(&reader->member, reader->member.health->reconnects, 1);
    reader->state = READER_CONNECTING;
    reader->quiet = 0;
    struct redis_resolve *resolve = redis_resolve_begin(reader->loop, reader->source->url,
                                                        reader->attempts++, on_found, reader);
    if (resolve)
        reader->resolve = resolve;
}

static void on_tick(uv_timer_t *timer)
{
    struct redis_budget_reader *reader = timer->data;
    struct clock *clock = reader->source->clock;
    if (reader->state == READER_DOWN) {
        if (redis_member_may_try(&reader->member, clock->mono_us(clock)))
            begin_to_connect(reader);
        return;
    }
    if (reader->resolve)
        return; /* the system's resolver has its own patience */
    bool is_up = reader->state == READER_UP;
    if (is_up && reader->first == reader->end) {
        reader->quiet = 0;
        if (++reader->idle >= PING_TICKS)
            send_ping(reader);
    } else if (++reader->quiet > (is_up ? SILENT_TICKS : CONNECT_TICKS)) {
        redis_member_count(&reader->member, reader->member.health->timeouts, 1);
        give_up(reader, "no answer in time");
    }
}

/* ── the port ── */

static void on_handle_closed(uv_handle_t *handle)
{
    struct redis_budget_reader *reader = handle->data;
    if (--reader->handles > 0)
        return;
    redis_member_deinit(&reader->member);
    free(reader->ring);
    free(reader);
}

struct redis_budget_reader *redis_budget_reader_new(struct redis_budget_source *source,
                                                    struct uv_loop_s *loop)
{
    struct redis_budget_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    reader->source = source;
    reader->loop = loop;
    redis_member_init(&reader->member, &source->health, false);
    reader->timer.data = reader->prepare.data = reader;
    reader->handles = 2;
    (void) uv_timer_init(loop, &reader->timer);
    (void) uv_prepare_init(loop, &reader->prepare);
    (void) uv_prepare_start(&reader->prepare, on_prepare);
    (void) uv_timer_start(&reader->timer, on_tick, 0, TICK_MS);
    return reader;
}

void redis_budget_reader_free(struct redis_budget_reader *reader)
{
    if (!reader || reader->freed)
        return;
    reader->freed = true;
    redis_resolve_cancel(MOVE(reader->resolve));
    uv_close((uv_handle_t *) &reader->timer, on_handle_closed);
    uv_close((uv_handle_t *) &reader->prepare, on_handle_closed);
    give_up(reader, "");
}

static struct reservation *reservation_new(const struct budget_claim *claims, uint32_t n,
                                           int64_t now_us, struct budget_waiter *waiter)
{
    size_t text = 0;
    for (uint32_t i = 0; i < n; i++)
        text += claims[i].rule.len;
    struct reservation *reservation =
        calloc(1, sizeof *reservation + n * sizeof *reservation->claims + text);
    if (!reservation)
        return NULL;
    char *at = (char *) (reservation->claims + n);
    reservation->waiter = waiter;
    reservation->n = reservation->left = n;
    for (uint32_t i = 0; i < n; i++) {
        struct str rule = claims[i].rule;
        memcpy(at, rule.at, rule.len);
        reservation->claims[i] = (struct one_claim){ .rule = { at, rule.len },
                                                     .mark = claims[i].mark,
                                                     .redemptions = claims[i].redemptions,
                                                     .until_us = claims[i].until_us,
                                                     .now_us = now_us };
        at += rule.len;
    }
    return reservation;
}

static enum budget_answer hand_over(struct reservation *reservation, struct budget_claim *claims,
                                    uint32_t n)
{
    bool lost = reservation->lost || reservation->n != n;
    for (uint32_t i = 0; i < n && !lost; i++) {
        int64_t result = reservation->claims[i].result;
        claims[i].granted = result < 0;
        if (result >= 0)
            claims[i].taken = result;
    }
    free(reservation);
    return lost ? BUDGET_LOST : BUDGET_ANSWERED;
}

enum budget_answer redis_budget_reserve(struct redis_budget_reader *reader,
                                        struct budget_claim *claims, uint32_t n, int64_t now_us,
                                        struct budget_waiter *waiter)
{
    struct reservation *reservation = waiter->found;
    if (reservation && reservation->left > 0)
        return BUDGET_COMING;
    if (reservation) {
        waiter->found = NULL;
        return hand_over(reservation, claims, n);
    }
    if (n == 0)
        return BUDGET_ANSWERED;
    if (reader->state != READER_UP || !(reservation = reservation_new(claims, n, now_us, waiter)))
        return BUDGET_LOST;
    for (uint32_t i = 0; i < n; i++)
        if (!send_claim(reader, reservation, i)) {
            /* What was sent is answered; what was not counts as lost. */
            reservation->lost = true;
            reservation->left -= n - i;
            break;
        }
    waiter->found = reservation;
    if (reservation->left > 0)
        return BUDGET_COMING;
    redis_budget_forget(waiter);
    return BUDGET_LOST;
}

void redis_budget_forget(struct budget_waiter *waiter)
{
    struct reservation *reservation = waiter->found;
    waiter->found = NULL;
    if (!reservation)
        return;
    reservation->waiter = NULL;
    if (reservation->left == 0)
        free(reservation);
}
