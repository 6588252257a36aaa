/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions are answered in order, so those under way stand in a ring. A reservation lives from the
 * first reserve() until it was taken by the second, or forgotten and answered. Silence is counted in ticks,
 * as in redis_link.c; an idle connection is asked once a second whether it is still one.
 */
#include "store/redis/redis_budget_reader.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "ports/clock.h"
#include "store/redis/redis_conn.h"
#include "store/redis/redis_reservation.h"
#include "store/redis/redis_scripts.h"
#include "store/redis/redis_value.h"

enum { TICK_MS = 50, SILENT_TICKS = 4, CONNECT_TICKS = 20, PING_TICKS = 20, SHA_BYTES = 40 };

enum question_kind { ASK_SCRIPT, ASK_PING, ASK_RELEASE, ASK_CLAIM };

struct question {
    enum question_kind kind;
    uint32_t number; /* of the claim */
    struct redis_reservation *reservation;
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
    uint32_t cap;                         /* a power of two */
    struct redis_reservation *unanswered; /* and those not taken yet */
};

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

static bool send_claim(struct redis_budget_reader *reader, struct redis_reservation *reservation,
                       uint32_t number)
{
    const struct redis_claim *claim = &reservation->claims[number];
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
    redis_reservation_print_holds(out, life, shop, claim->rule);
    redis_reservation_print_count(out, life, shop, claim->rule);
    redis_print_word(out, (struct str){ mark, REDIS_VALUE_HEAD - 1 });
    redis_print_int(out, claim->redemptions);
    redis_print_int(out, claim->until_us);
    redis_print_int(out, claim->now_us);
    redis_print_int(out, reader->source->settings.ttl_s);
    return true;
}

static void send_release(struct redis_budget_reader *reader, const struct redis_claim *claim)
{
    struct out *out = &reader->conn->out;
    char mark[REDIS_VALUE_HEAD];
    if (!push(reader, (struct question){ .kind = ASK_RELEASE }))
        return;
    redis_value_head(claim->mark, false, mark);
    redis_print_head(out, 3);
    redis_print_word(out, STR("ZREM"));
    redis_reservation_print_holds(out, reader->conn->hello.run_id, reader->source->settings.shop,
                                  claim->rule);
    redis_print_word(out, (struct str){ mark, REDIS_VALUE_HEAD - 1 });
}

/* What nobody will show is not kept from others. */
static void release_new(struct redis_budget_reader *reader,
                        const struct redis_reservation *reservation)
{
    for (uint32_t i = 0; reader && reader->state == READER_UP && i < reservation->n; i++)
        if (reservation->claims[i].result == REDIS_HELD_NEW)
            send_release(reader, &reservation->claims[i]);
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

/* One claim less to wait for. */
static void settle_one(struct redis_budget_reader *reader, struct redis_reservation *reservation)
{
    if (--reservation->left > 0)
        return;
    if (reservation->waiter)
        return reservation->waiter->ready(reservation->waiter);
    release_new(reader, reservation);
    redis_reservation_free(reservation);
}

static void take_claim(struct redis_budget_reader *reader, const struct question *question,
                       const redisReply *reply)
{
    struct redis_reservation *reservation = question->reservation;
    struct redis_claim *claim = &reservation->claims[question->number];
    struct str text = { reply->str, reply->type == REDIS_REPLY_ERROR ? reply->len : 0 };
    if (!claim->again && str_starts_with(text, STR("NOSCRIPT"))) {
        claim->again = true;
        if (send_script(reader) && send_claim(reader, reservation, question->number))
            return;
    }
    bool is_error = reply->type != REDIS_REPLY_INTEGER;
    claim->result = is_error ? REDIS_NOT_KNOWN : reply->integer;
    if (claim->result == REDIS_NOT_KNOWN) {
        reservation->lost = true;
        if (!is_error)
            atomic_store(&reader->source->wanting, true);
    }
    settle_one(reader, reservation);
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
        settle_one(reader, question.reservation);
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
        give_up(reader, redis_conn_silence(reader->conn));
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
    for (struct redis_reservation *next, *r = MOVE(reader->unanswered); r; r = next) {
        next = r->next;
        r->next = NULL;
        r->before = NULL;
        r->reader = NULL;
    }
}

/* Every answer is there: what they say together. */
static enum budget_answer hand_over(struct redis_budget_reader *reader,
                                    struct redis_reservation *reservation,
                                    struct budget_claim *claims, uint32_t n)
{
    bool lost = reservation->lost || reservation->n != n;
    for (uint32_t i = 0; i < n && !lost; i++) {
        int64_t result = reservation->claims[i].result;
        claims[i].granted = result < 0;
        if (result >= 0)
            claims[i].taken = result;
    }
    if (lost)
        release_new(reader, reservation);
    redis_reservation_free(reservation);
    return lost ? BUDGET_LOST : BUDGET_ANSWERED;
}

enum budget_answer redis_budget_reserve(struct redis_budget_reader *reader,
                                        struct budget_claim *claims, uint32_t n, int64_t now_us,
                                        struct budget_waiter *waiter)
{
    if (n == 0 || !waiter)
        return n == 0 ? BUDGET_ANSWERED : BUDGET_LOST;
    struct redis_reservation *reservation = waiter->found;
    if (reservation && reservation->left > 0)
        return BUDGET_COMING;
    if (reservation) {
        waiter->found = NULL;
        return hand_over(reader, reservation, claims, n);
    }
    if (reader->state != READER_UP)
        return BUDGET_LOST;
    reservation = redis_reservation_new(claims, n, now_us, waiter, reader, &reader->unanswered);
    if (!reservation)
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
    struct redis_reservation *reservation = waiter->found;
    waiter->found = NULL;
    if (!reservation)
        return;
    reservation->waiter = NULL;
    if (reservation->left > 0)
        return;
    release_new(reservation->reader, reservation);
    redis_reservation_free(reservation);
}
