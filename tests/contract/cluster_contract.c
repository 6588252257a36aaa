/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What befalls the nodes of a Redis Cluster while the shared profiles and budgets are in use: slots
 * that move with and without us looking, a node that is flushed, falls silent or is lost. The
 * cluster is the one of OFFERD_TEST_CLUSTER_URL: three masters (tests/support/servers.py --cluster
 * 3); without it nothing is asked. That the ports' promises hold on it as well:
 * shared_profiles_contract.c and budget_store_contract.c.
 */
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/arena.h"
#include "base/log.h"
#include "ports/clock.h"
#include "store/redis/redis_budgets.h"
#include "store/redis/redis_profiles.h"
#include "store/redis/redis_slots.h"
#include "store/redis/redis_url.h"
#include "suite.h"

enum { PATIENCE_MS = 10000, NODES = 3, TRUST_US = 55000, NOW_US = 1000000000, HOLD_US = 60000000 };

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t mono_us(struct clock *clock)
{
    (void) clock;
    return clock_us();
}

static struct clock real = { mono_us, mono_us };

/* ── the cluster, beside what is tested ── */

struct node {
    redisContext *context;
    int port, process;
    char id[41];
};

static struct node nodes[NODES];
static char text[8192];

/* One command at a node; its answer as text (of an array, the number of elements). */
static const char *tell(int node, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *reply = redisvCommand(nodes[node].context, format, args);
    va_end(args);
    ck_assert_msg(reply != NULL, "%s", nodes[node].context->errstr);
    if (reply->type == REDIS_REPLY_INTEGER || reply->type == REDIS_REPLY_ARRAY)
        snprintf(text, sizeof text, "%lld",
                 reply->type == REDIS_REPLY_ARRAY ? (long long) reply->elements : reply->integer);
    else
        snprintf(text, sizeof text, "%s", reply->str ? reply->str : "");
    freeReplyObject(reply);
    return text;
}

/* Where a slot was when nothing had moved yet. */
static int home_of(uint16_t slot)
{
    return slot < 5461 ? 0 : slot < 10922 ? 1 : 2;
}

/* The nodes in the order of their first slots. */
static bool meet_cluster(void)
{
    struct redis_url *url = NULL;
    if (!getenv("OFFERD_TEST_CLUSTER_URL"))
        return false;
    if (nodes[0].context)
        return true;
    ck_assert_int_eq(redis_url_parse(getenv("OFFERD_TEST_CLUSTER_URL"), &url, NULL), OK);
    redisContext *first = redisConnect(url->host, url->port);
    redisReply *slots = redisCommand(first, "CLUSTER SLOTS");
    for (size_t i = 0; i < slots->elements; i++) {
        const redisReply *range = slots->element[i];
        if (range->element[0]->integer == range->element[1]->integer)
            continue; /* one that a test left where it was not at home */
        int at = home_of((uint16_t) range->element[0]->integer);
        if (nodes[at].context)
            continue;
        nodes[at].port = (int) range->element[2]->element[1]->integer;
        nodes[at].context = redisConnect("127.0.0.1", nodes[at].port);
        snprintf(nodes[at].id, sizeof nodes[at].id, "%s", range->element[2]->element[2]->str);
        nodes[at].process = atoi(strstr(tell(at, "INFO server"), "process_id:") + 11);
    }
    freeReplyObject(slots);
    redisFree(first);
    redis_url_free(url);
    return true;
}

static void begin_to_move(uint16_t slot, int from, int to)
{
    ck_assert_str_eq(tell(to, "CLUSTER SETSLOT %d IMPORTING %s", slot, nodes[from].id), "OK");
    ck_assert_str_eq(tell(from, "CLUSTER SETSLOT %d MIGRATING %s", slot, nodes[to].id), "OK");
}

static void move_keys(uint16_t slot, int from, int to)
{
    redisReply *keys = redisCommand(nodes[from].context, "CLUSTER GETKEYSINSLOT %d 100", slot);
    for (size_t i = 0; i < keys->elements; i++)
        ck_assert_str_eq(tell(from, "MIGRATE 127.0.0.1 %d %b 0 5000", nodes[to].port,
                              keys->element[i]->str, keys->element[i]->len),
                         "OK");
    freeReplyObject(keys);
}

static void end_move(uint16_t slot, int from, int to)
{
    ck_assert_str_eq(tell(to, "CLUSTER SETSLOT %d NODE %s", slot, nodes[to].id), "OK");
    ck_assert_str_eq(tell(from, "CLUSTER SETSLOT %d NODE %s", slot, nodes[to].id), "OK");
}

static void move(uint16_t slot, int from, int to)
{
    begin_to_move(slot, from, to);
    move_keys(slot, from, to);
    end_move(slot, from, to);
}

/* ── the ground a test stands on ── */

struct told {
    int changed, doubts, doubts_some, answers;
    enum shared_answer answer;
    uint64_t position;
    bool doubted[NODES]; /* by the last doubt of some: the customers of each node */
};

struct ground {
    char shop[64];
    struct shared_profiles *shared;
    struct shared_writer *writer;
    struct shared_link *link;
    struct budget_store *budgets;
    void *reader;
    struct arena *arena;
    uv_loop_t loop;
    uv_timer_t timer;
    struct told told;
    char of[NODES][16]; /* a customer, and a rule, of each node */
    char rule_of[NODES][16];
};

static void on_changed(void *self, struct str customer_id)
{
    (void) customer_id;
    ((struct ground *) self)->told.changed++;
}

static void on_doubt(void *self)
{
    ((struct ground *) self)->told.doubts++;
}

static void on_doubt_some(void *self, bool (*is_one)(const void *part, struct str id),
                          const void *part)
{
    struct ground *g = self;
    g->told.doubts_some++;
    for (int i = 0; i < NODES; i++)
        g->told.doubted[i] |= is_one(part, str_of(g->of[i]));
}

static void no_op(uv_timer_t *timer)
{
    (void) timer;
}

static void run_once(struct ground *g)
{
    uv_run(&g->loop, UV_RUN_ONCE);
}

/* A turn takes a millisecond: how much longer the machine made it. */
static int64_t held_up_us(struct ground *g)
{
    int64_t began = clock_us();
    run_once(g);
    int64_t took = clock_us() - began;
    return took > 5000 ? took : 0;
}

#define RUN_UNTIL(g, condition)                                     \
    do {                                                            \
        int64_t end_ = clock_us() + PATIENCE_MS * 1000;             \
        while (!(condition)) {                                      \
            ck_assert_msg(clock_us() < end_, "never: " #condition); \
            run_once(g);                                            \
        }                                                           \
    } while (0)

static uint16_t slot_of(const struct ground *g, const char *between, const char *name)
{
    char key[16384];
    snprintf(key, sizeof key, "{%s/%s%s}", g->shop, between, name);
    return redis_slot_of(str_of(key));
}

static uint16_t slot(const struct ground *g, const char *id)
{
    return slot_of(g, "", id);
}

static bool is_trusted(struct ground *g, const char *id)
{
    return g->shared->is_trusted(g->link, str_of(id), clock_us());
}

static void begin_at(struct ground *g, const char *url)
{
    static int count;
    struct err_note note = { "" };
    *g = (struct ground){ 0 };
    snprintf(g->shop, sizeof g->shop, "cluster-%d-%d", (int) getpid(), count++);
    for (int i = 0, c = 0; i < NODES; i++)
        do
            snprintf(g->of[i], sizeof g->of[i], "c%d", c++);
        while (home_of(slot(g, g->of[i])) != i);
    for (int i = 0, r = 0; i < NODES; i++)
        do
            snprintf(g->rule_of[i], sizeof g->rule_of[i], "r%d", r++);
        while (home_of(slot_of(g, "b/", g->rule_of[i])) != i);
    struct redis_settings settings = { .url = url, .shop = str_of(g->shop), .timeout_ms = 500 };
    struct shared_listener listener = { g, on_changed, on_doubt, on_doubt_some };
    (void) signal(SIGPIPE, SIG_IGN);
    g->arena = arena_new(1 << 16, 64 << 20);
    uv_loop_init(&g->loop);
    uv_timer_init(&g->loop, &g->timer);
    uv_timer_start(&g->timer, no_op, 1, 1);
    ck_assert_int_eq(redis_profiles_new(&settings, &real, NULL, &g->shared, &note), OK);
    ck_assert_int_eq(redis_budgets_new(&settings, &real, NULL, &g->budgets, &note), OK);
    ck_assert_int_eq(g->shared->link_new(g->shared, &g->loop, &listener, &g->link), OK);
    g->writer = g->shared->writer_new(g->shared);
    g->reader = g->budgets->reader_new(g->budgets, &g->loop);
}

static void begin(struct ground *g)
{
    begin_at(g, getenv("OFFERD_TEST_CLUSTER_URL"));
    RUN_UNTIL(g, g->shared->is_trusted(g->link, (struct str){ 0 }, clock_us()));
}

static void end(struct ground *g)
{
    g->shared->writer_free(g->shared, g->writer);
    g->shared->link_free(g->shared, g->link);
    g->budgets->reader_free(g->budgets, g->reader);
    uv_close((uv_handle_t *) &g->timer, NULL);
    while (uv_run(&g->loop, UV_RUN_NOWAIT))
        ;
    ck_assert_int_eq(uv_loop_close(&g->loop), 0);
    g->shared->free(g->shared);
    g->budgets->free(g->budgets);
    arena_free(g->arena);
}

#define GROUND(g)        \
    struct ground g;     \
    if (!meet_cluster()) \
        return;          \
    begin(&g)

static enum err try_put(struct ground *g, enum shared_mode mode, const char *id, uint64_t position,
                        const char *body, bool *ret_taken)
{
    struct shared_put put = { { str_of(id), position, str_of(body) }, mode };
    struct err_note note = { "" };
    return g->shared->put(g->writer, &put, 1, ret_taken, &note);
}

static bool put(struct ground *g, enum shared_mode mode, const char *id, uint64_t position,
                const char *body)
{
    bool taken = false;
    ck_assert_int_eq(try_put(g, mode, id, position, body, &taken), OK);
    return taken;
}

static uint64_t position_of(struct ground *g, const char *id)
{
    struct shared_value value = { .position = 77 };
    struct str ids[] = { str_of(id) };
    struct err_note note = { "" };
    enum err err = g->shared->get(g->writer, ids, 1, g->arena, &value, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return value.position;
}

struct asked {
    struct shared_fetch fetch;
    struct ground *ground;
};

static void on_done(struct shared_fetch *fetch, enum shared_answer answer,
                    const struct shared_value *value)
{
    struct told *told = &((struct asked *) fetch)->ground->told;
    told->answers++;
    told->answer = answer;
    told->position = value->position;
}

/* What a fetch finds, asked again while the node is away. */
static enum shared_answer fetch(struct ground *g, const char *id)
{
    int64_t end = clock_us() + PATIENCE_MS * 1000;
    do {
        struct asked asked = { .fetch.done = on_done, .ground = g };
        int before = g->told.answers;
        ck_assert_int_lt(clock_us(), end);
        run_once(g);
        if (!g->shared->fetch(g->link, str_of(id), &asked.fetch))
            continue;
        RUN_UNTIL(g, g->told.answers > before);
    } while (g->told.answer == SHARED_AWAY);
    return g->told.answer;
}

struct waiting {
    struct budget_waiter waiter;
    bool told;
};

static void on_ready(struct budget_waiter *waiter)
{
    ((struct waiting *) waiter)->told = true;
}

/* 'y' granted, 'n' not, '?' lost. */
static char reserve(struct ground *g, const char *rule, uint64_t mark, int64_t redemptions)
{
    struct waiting waiting = { .waiter.ready = on_ready };
    struct budget_claim claim = {
        .rule = str_of(rule), .mark = mark, .redemptions = redemptions, .until_us = NOW_US + HOLD_US
    };
    enum budget_answer answer =
        g->budgets->reserve(g->budgets, g->reader, &claim, 1, NOW_US, &waiting.waiter);
    if (answer == BUDGET_COMING) {
        RUN_UNTIL(g, waiting.told);
        answer = g->budgets->reserve(g->budgets, g->reader, &claim, 1, NOW_US, &waiting.waiter);
    }
    return answer != BUDGET_ANSWERED ? '?' : claim.granted ? 'y' : 'n';
}

static void restore(struct ground *g, const char *rule, int64_t accepted)
{
    struct err_note note = { "" };
    enum err err = g->budgets->restore(g->budgets, str_of(rule), accepted, &note);
    ck_assert_msg(err == OK, "%s", note.text);
}

/*
 * The reader speaks to the node, which does not know the rule: until then what is sent on to it is
 * lost. The writer is left out of it, and meets the node as it will be.
 */
static void reach(struct ground *g, int node)
{
    RUN_UNTIL(g,
              reserve(g, g->rule_of[node], 1, 9) == '?' && g->budgets->wants_restore(g->budgets));
}

/* ── slots that move ── */

START_TEST(a_customer_whose_slot_has_moved_is_found_at_the_new_node_and_folded_again)
{
    GROUND(g);
    const char *id = g.of[0];
    put(&g, SHARED_COMMIT, id, 5, "five");
    ck_assert_int_eq(fetch(&g, id), SHARED_BODY);

    move(slot(&g, id), 0, 1);

    RUN_UNTIL(&g, g.told.changed > 0);              /* its key has left */
    ck_assert_int_eq(fetch(&g, id), SHARED_ABSENT); /* what another node wrote is not believed */
    ck_assert_int_ge(g.told.changed, 1);
    ck_assert(put(&g, SHARED_CLAIM, id, 0, NULL));
    ck_assert(put(&g, SHARED_FILL, id, 6, "six"));
    RUN_UNTIL(&g,
              fetch(&g, id) == SHARED_BODY); /* once the link knows since when the node has it */
    ck_assert_uint_eq(g.told.position, 6);
    ck_assert_str_eq(tell(1, "CLUSTER COUNTKEYSINSLOT %d", slot(&g, id)), "1");
    move(slot(&g, id), 1, 0);
    end(&g);
}
END_TEST

START_TEST(the_map_is_learned_anew_and_the_moved_customers_are_doubted)
{
    GROUND(g);
    const char *id = g.of[0];
    put(&g, SHARED_COMMIT, id, 5, "five");

    move(slot(&g, id), 0, 1);
    (void) fetch(&g, id);
    RUN_UNTIL(&g, g.told.doubted[0]);

    ck_assert_int_eq(g.told.doubts, 0);
    RUN_UNTIL(&g, is_trusted(&g, id));
    int changed = g.told.changed;
    put(&g, SHARED_COMMIT, id, 7, "seven");
    RUN_UNTIL(&g, fetch(&g, id) == SHARED_BODY);
    changed = g.told.changed;
    put(&g, SHARED_COMMIT, id, 8, "eight");
    RUN_UNTIL(&g, g.told.changed > changed); /* heard from the new node */
    move(slot(&g, id), 1, 0);
    end(&g);
}
END_TEST

START_TEST(a_slot_on_its_way_is_asked_for_where_its_keys_are)
{
    GROUND(g);
    const char *id = g.of[0];
    char other[64];
    uint16_t moving = slot(&g, id);
    for (int i = 0;; i++) {
        snprintf(other, sizeof other, "other%d", i);
        if (slot(&g, other) == moving)
            break;
    }
    put(&g, SHARED_COMMIT, id, 5, "five");
    begin_to_move(moving, 0, 1);

    ck_assert_int_eq(fetch(&g, id), SHARED_BODY);      /* still there */
    ck_assert(put(&g, SHARED_COMMIT, id, 6, "six"));   /* and written there */
    ck_assert_int_eq(fetch(&g, other), SHARED_ABSENT); /* asked for at the new node */
    ck_assert(put(&g, SHARED_COMMIT, other, 9, "nine"));
    ck_assert_str_eq(tell(1, "CLUSTER COUNTKEYSINSLOT %d", moving), "1");
    int changed = g.told.changed;
    ck_assert_int_eq(fetch(&g, other), SHARED_BODY);
    ck_assert_uint_eq(g.told.position, 9);
    ck_assert_int_gt(g.told.changed, changed); /* such an answer is never kept */
    ck_assert_uint_eq(position_of(&g, other), 9);
    ck_assert_uint_eq(position_of(&g, id), 6);

    move_keys(moving, 0, 1);
    end_move(moving, 0, 1);
    /* Once link and writer know alike since when the new node has it. */
    uint64_t position = 10;
    RUN_UNTIL(&g, put(&g, SHARED_COMMIT, id, ++position, "later") && fetch(&g, id) == SHARED_BODY &&
                      g.told.position == position);
    move(moving, 1, 0);
    end(&g);
}
END_TEST

START_TEST(a_slot_that_comes_back_brings_no_old_value)
{
    GROUND(g);
    const char *id = g.of[0];
    char key[256], old[256];
    uint16_t moving = slot(&g, id);
    snprintf(key, sizeof key, "offerd:cluster0:{%s/%s}:p", g.shop, id);
    put(&g, SHARED_COMMIT, id, 5, "five");
    ck_assert_int_eq(fetch(&g, id), SHARED_BODY);
    snprintf(old, sizeof old, "%s", tell(0, "GET %s", key));
    ck_assert_uint_gt(strlen(old), 17 + 8);
    move(moving, 0, 1);
    ck_assert(put(&g, SHARED_COMMIT, id, 6, NULL));
    /*
     * The new node is lost, and the replica that takes over never had that write: the old bytes,
     * unchanged.
     */
    ck_assert_str_eq(tell(1, "SET %s %s", key, old), "OK");
    move(moving, 1, 0);
    ck_assert_str_eq(tell(0, "GET %s", key), old);

    int64_t learned = clock_us() + 1500000; /* at the latest */
    while (fetch(&g, id) == SHARED_BODY)
        ck_assert_int_lt(clock_us(), learned);
    ck_assert_int_eq(g.told.answer, SHARED_ABSENT);
    ck_assert_uint_eq(position_of(&g, id), 0);
    ck_assert(put(&g, SHARED_COMMIT, id, 7, "seven"));
    RUN_UNTIL(&g, fetch(&g, id) == SHARED_BODY);
    ck_assert_uint_eq(g.told.position, 7);
    end(&g);
}
END_TEST

/* ── nodes ── */

START_TEST(a_node_that_is_flushed_is_a_doubt_of_its_customers_alone)
{
    GROUND(g);
    for (int i = 0; i < NODES; i++) {
        put(&g, SHARED_COMMIT, g.of[i], 5, "five");
        ck_assert_int_eq(fetch(&g, g.of[i]), SHARED_BODY);
    }
    g.told = (struct told){ 0 };

    tell(1, "FLUSHALL");
    RUN_UNTIL(&g, g.told.doubts_some > 0);

    ck_assert_int_eq(g.told.doubts, 0);
    ck_assert(!g.told.doubted[0] && g.told.doubted[1] && !g.told.doubted[2]);
    ck_assert_int_eq(fetch(&g, g.of[1]), SHARED_ABSENT);
    ck_assert_int_eq(fetch(&g, g.of[0]), SHARED_BODY);
    end(&g);
}
END_TEST

START_TEST(a_lost_connection_to_a_node_is_a_doubt_of_its_customers_alone)
{
    static const char *const types[] = { "normal", "pubsub" };
    GROUND(g);
    for (int i = 0; i < 2; i++) {
        g.told = (struct told){ 0 };
        tell(2, "CLIENT KILL TYPE %s SKIPME yes", types[i]);
        RUN_UNTIL(&g, g.told.doubts_some > 0);

        ck_assert_int_eq(g.told.doubts, 0);
        ck_assert(!g.told.doubted[0] && !g.told.doubted[1] && g.told.doubted[2]);
        ck_assert(!is_trusted(&g, g.of[2]));
        ck_assert(is_trusted(&g, g.of[0]));
        RUN_UNTIL(&g, is_trusted(&g, g.of[2]));
    }
    end(&g);
}
END_TEST

START_TEST(a_node_that_stands_still_takes_only_its_customers_with_it)
{
    GROUND(g);
    bool taken, trusted_late = false, others_fine = true;
    for (int i = 0; i < NODES; i++)
        put(&g, SHARED_COMMIT, g.of[i], 5, "five");
    (void) fetch(&g, g.of[1]);

    ck_assert_int_eq(kill(nodes[1].process, SIGSTOP), 0);
    int64_t stopped = clock_us(), held_up = 0;
    while (g.told.doubts_some == 0 && clock_us() < stopped + PATIENCE_MS * 1000) {
        held_up += held_up_us(&g);
        trusted_late |= g.shared->is_trusted(g.link, str_of(g.of[1]), stopped + TRUST_US);
    }
    int64_t away = clock_us() - stopped - held_up;
    others_fine &= fetch(&g, g.of[0]) == SHARED_BODY && fetch(&g, g.of[2]) == SHARED_BODY;
    enum err dead = try_put(&g, SHARED_COMMIT, g.of[1], 6, "six", &taken);
    enum err fine = try_put(&g, SHARED_COMMIT, g.of[0], 6, "six", &taken);
    int64_t start = clock_us();
    enum err again = try_put(&g, SHARED_COMMIT, g.of[1], 6, "six", &taken);
    int64_t second = clock_us() - start;
    ck_assert_int_eq(kill(nodes[1].process, SIGCONT), 0);

    ck_assert(!trusted_late);
    ck_assert(others_fine);
    ck_assert_int_le(away, 600000);
    ck_assert(!g.told.doubted[0] && g.told.doubted[1] && !g.told.doubted[2]);
    ck_assert_int_eq(dead, ERR_UNAVAILABLE);
    ck_assert_int_eq(again, ERR_UNAVAILABLE);
    ck_assert_int_le(second, 50000);
    ck_assert_int_eq(fine, OK);
    RUN_UNTIL(&g, is_trusted(&g, g.of[1]));
    RUN_UNTIL(&g, try_put(&g, SHARED_COMMIT, g.of[1], 7, "seven", &taken) == OK);
    end(&g);
}
END_TEST

START_TEST(values_of_all_nodes_go_and_come_in_one_run)
{
    enum { N = 600 };
    GROUND(g);
    static char ids[N][16];
    static struct shared_put puts[N];
    static struct str names[N];
    static struct shared_value values[N];
    static bool taken[N];
    struct err_note note = { "" };
    for (uint32_t i = 0; i < N; i++) {
        snprintf(ids[i], sizeof ids[i], "n%u", i);
        names[i] = str_of(ids[i]);
        puts[i] = (struct shared_put){ { names[i], i + 1, STR("body") }, SHARED_COMMIT };
    }
    uint16_t moving = slot(&g, ids[0]);
    int from = home_of(moving), to = (from + 1) % NODES;

    ck_assert_int_eq(g.shared->put(g.writer, puts, N, taken, &note), OK);
    move(moving, from, to);
    ck_assert_msg(g.shared->get(g.writer, names, N, g.arena, values, &note) == OK, "%s", note.text);

    for (uint32_t i = 0; i < N; i++) {
        ck_assert(taken[i]);
        ck_assert_uint_eq(values[i].position, slot(&g, ids[i]) == moving ? 0 : i + 1);
    }
    move(moving, to, from);
    end(&g);
}
END_TEST

START_TEST(a_user_with_our_keys_and_three_questions_to_the_cluster_will_do)
{
    struct ground g;
    char url[128];
    if (!meet_cluster())
        return;
    for (int i = 0; i < NODES; i++)
        ck_assert_str_eq(tell(i, "ACL SETUSER shop-user on >pw ~offerd:* &* +@all -@admin "
                                 "-@dangerous +info +cluster|slots +cluster|nodes +cluster|info"),
                         "OK");
    snprintf(url, sizeof url, "redis://shop-user:pw@127.0.0.1:%d", nodes[2].port);
    begin_at(&g, url);
    RUN_UNTIL(&g, g.shared->is_trusted(g.link, (struct str){ 0 }, clock_us()));
    for (int i = 0; i < NODES; i++) {
        put(&g, SHARED_COMMIT, g.of[i], 5, "five");
        ck_assert_int_eq(fetch(&g, g.of[i]), SHARED_BODY);
    }
    restore(&g, g.rule_of[1], 0);
    RUN_UNTIL(&g, reserve(&g, g.rule_of[1], 100, 2) == 'y');
    end(&g);
}
END_TEST

START_TEST(a_user_who_may_not_read_our_keys_is_no_connection)
{
    struct ground g;
    char url[128];
    if (!meet_cluster())
        return;
    for (int i = 0; i < NODES; i++)
        ck_assert_str_eq(tell(i, "ACL SETUSER half-user on >pw ~other:* &* +@all"), "OK");
    snprintf(url, sizeof url, "redis://half-user:pw@127.0.0.1:%d", nodes[0].port);
    begin_at(&g, url);

    RUN_UNTIL(&g, g.told.doubts_some > 0); /* NOPERM ends it, and is told in the log */

    ck_assert(!is_trusted(&g, g.of[0]));
    end(&g);
}
END_TEST

/* What the log says. */
struct heard_log {
    struct log_sink sink;
    int profiles, budgets, reached;
    char last[512];
};

static void hear_line(struct log_sink *sink, struct str line)
{
    struct heard_log *heard = (struct heard_log *) sink;
    heard->profiles += str_contains(line, STR("profiles away"));
    heard->budgets += str_contains(line, STR("budgets away"));
    heard->reached += str_contains(line, STR(" reached"));
    if (str_contains(line, STR(" away")))
        snprintf(heard->last, sizeof heard->last, "%.*s", STR_ARG(line));
}

START_TEST(why_the_map_cannot_be_learned_is_told_once)
{
    struct ground g;
    char url[128];
    struct heard_log heard = { .sink.put = hear_line };
    struct shared_value value;
    struct str ids[] = { STR("c") };
    struct err_note note = { "" };
    if (!meet_cluster())
        return;
    for (int i = 0; i < NODES; i++)
        ck_assert_str_eq(tell(i, "ACL SETUSER no-map on >pw ~offerd:* &* +@all -cluster|slots"),
                         "OK");
    snprintf(url, sizeof url, "redis://no-map:pw@127.0.0.1:%d", nodes[0].port);
    log_to(&heard.sink);
    begin_at(&g, url);
    RUN_UNTIL(&g, heard.profiles > 0 && heard.budgets > 0);
    int64_t end_us = clock_us() + 1500000;
    while (clock_us() < end_us)
        run_once(&g);
    enum err away = g.shared->get(g.writer, ids, 1, g.arena, &value, &note);
    for (int i = 0; i < NODES; i++)
        ck_assert_str_eq(tell(i, "ACL SETUSER no-map +cluster|slots"), "OK");
    RUN_UNTIL(&g, heard.reached >= 2);
    RUN_UNTIL(&g, g.shared->is_trusted(g.link, (struct str){ 0 }, clock_us()));
    log_to(NULL);

    ck_assert_int_eq(away, ERR_UNAVAILABLE);
    ck_assert_msg(strstr(note.text, "cluster|slots") != NULL, "%s", note.text);
    ck_assert_int_eq(heard.profiles, 1);
    ck_assert_int_eq(heard.budgets, 1);
    ck_assert_msg(strstr(heard.last, "NOPERM") && strstr(heard.last, "cluster|slots"), "%s",
                  heard.last);
    end(&g);
}
END_TEST

START_TEST(what_a_node_says_that_cannot_answer_is_passed_on)
{
    enum { TRIES = 5 }; /* the map may just have been learned anew */
    GROUND(g);
    uint16_t lost = slot(&g, g.of[0]);
    struct shared_value value;
    struct str ids[] = { str_of(g.of[0]) };
    struct err_note note = { "" };
    bool said = false;
    for (int i = 0; i < TRIES && !said; i++) {
        RUN_UNTIL(&g, g.shared->get(g.writer, ids, 1, g.arena, &value, &note) == OK);
        ck_assert_str_eq(tell(0, "CLUSTER DELSLOTS %d", lost), "OK");
        enum err err = g.shared->get(g.writer, ids, 1, g.arena, &value, &note);
        ck_assert_str_eq(tell(0, "CLUSTER ADDSLOTS %d", lost), "OK");
        ck_assert_int_eq(err, ERR_UNAVAILABLE);
        said = strstr(note.text, "CLUSTERDOWN") != NULL;
    }
    ck_assert_msg(said, "%s", note.text);
    RUN_UNTIL(&g, g.shared->get(g.writer, ids, 1, g.arena, &value, &note) == OK);
    end(&g);
}
END_TEST

START_TEST(another_database_than_the_first_is_refused_with_a_word)
{
    struct ground g;
    char url[128];
    struct shared_value value;
    struct str ids[] = { STR("c") };
    struct err_note note = { "" };
    if (!meet_cluster())
        return;
    snprintf(url, sizeof url, "redis://127.0.0.1:%d/3", nodes[0].port);
    begin_at(&g, url);

    ck_assert_int_eq(g.shared->get(g.writer, ids, 1, g.arena, &value, &note), ERR_UNAVAILABLE);

    ck_assert_msg(strstr(note.text, "SELECT is not allowed in cluster mode") != NULL, "%s",
                  note.text);
    end(&g);
}
END_TEST

/* ── budgets ── */

START_TEST(holds_move_with_their_slot_and_the_count_is_asked_of_the_log_again)
{
    GROUND(g);
    const char *rule = g.rule_of[0];
    uint16_t moving = slot_of(&g, "b/", rule);
    int64_t accepted = 0;
    bool known = true;
    struct err_note note;
    restore(&g, rule, 1);
    RUN_UNTIL(&g, reserve(&g, rule, 100, 3) == 'y');
    ck_assert_int_eq(reserve(&g, rule, 101, 3), 'y');
    reach(&g, 2);

    move(moving, 0, 2);

    ck_assert_int_eq(reserve(&g, rule, 102, 3), '?');
    ck_assert(g.budgets->wants_restore(g.budgets));
    ck_assert_int_eq(g.budgets->read(g.budgets, str_of(rule), &accepted, &known, &note), OK);
    ck_assert(!known);
    /* Until reader and writer know alike since when the node has it. */
    char answer;
    int64_t learned = clock_us() + PATIENCE_MS * 1000;
    do {
        restore(&g, rule, 1);
        ck_assert_int_lt(clock_us(), learned);
        run_once(&g);
    } while ((answer = reserve(&g, rule, 102, 3)) == '?');
    ck_assert_int_eq(answer, 'n');
    ck_assert_int_eq(reserve(&g, rule, 101, 3), 'y'); /* held before it moved */
    ck_assert_int_eq(g.budgets->read(g.budgets, str_of(rule), &accepted, &known, &note), OK);
    ck_assert(known);
    ck_assert_int_eq(accepted, 1);
    move(moving, 2, 0);
    end(&g);
}
END_TEST

START_TEST(a_claim_on_a_slot_on_its_way_is_granted_where_its_keys_are_or_lost)
{
    GROUND(g);
    const char *rule = g.rule_of[1];
    uint16_t moving = slot_of(&g, "b/", rule);
    restore(&g, rule, 0);
    RUN_UNTIL(&g, reserve(&g, rule, 100, 2) == 'y');
    reach(&g, 0);
    begin_to_move(moving, 1, 0);

    ck_assert_int_eq(reserve(&g, rule, 101, 2), 'y');
    ck_assert_int_eq(reserve(&g, rule, 102, 2), 'n');
    move_keys(moving, 1, 0);
    ck_assert_int_eq(reserve(&g, rule, 102, 2),
                     '?'); /* asked for at the new node: not known there */
    restore(&g, rule, 0);
    ck_assert_int_eq(reserve(&g, rule, 102, 2), 'n');
    ck_assert_int_eq(reserve(&g, rule, 101, 2), 'y');
    end_move(moving, 1, 0);
    move(moving, 0, 1);
    end(&g);
}
END_TEST

START_TEST(claims_on_rules_of_several_nodes_are_answered_together)
{
    GROUND(g);
    struct waiting waiting = { .waiter.ready = on_ready };
    struct budget_claim claims[NODES];
    for (int i = 0; i < NODES; i++) {
        restore(&g, g.rule_of[i], i == 1 ? 5 : 0);
        RUN_UNTIL(&g, reserve(&g, g.rule_of[i], 50, 5) != '?');
        claims[i] = (struct budget_claim){
            .rule = str_of(g.rule_of[i]), .mark = 60, .redemptions = 5, .until_us = NOW_US + HOLD_US
        };
    }

    ck_assert_int_eq(
        g.budgets->reserve(g.budgets, g.reader, claims, NODES, NOW_US, &waiting.waiter),
        BUDGET_COMING);
    RUN_UNTIL(&g, waiting.told);
    ck_assert_int_eq(
        g.budgets->reserve(g.budgets, g.reader, claims, NODES, NOW_US, &waiting.waiter),
        BUDGET_ANSWERED);

    ck_assert(claims[0].granted && !claims[1].granted && claims[2].granted);
    end(&g);
}
END_TEST

SUITE_MAIN("contract/cluster",
           a_customer_whose_slot_has_moved_is_found_at_the_new_node_and_folded_again,
           the_map_is_learned_anew_and_the_moved_customers_are_doubted,
           a_slot_on_its_way_is_asked_for_where_its_keys_are,
           a_slot_that_comes_back_brings_no_old_value,
           a_node_that_is_flushed_is_a_doubt_of_its_customers_alone,
           a_lost_connection_to_a_node_is_a_doubt_of_its_customers_alone,
           a_node_that_stands_still_takes_only_its_customers_with_it,
           values_of_all_nodes_go_and_come_in_one_run,
           a_user_with_our_keys_and_three_questions_to_the_cluster_will_do,
           a_user_who_may_not_read_our_keys_is_no_connection,
           why_the_map_cannot_be_learned_is_told_once,
           what_a_node_says_that_cannot_answer_is_passed_on,
           another_database_than_the_first_is_refused_with_a_word,
           holds_move_with_their_slot_and_the_count_is_asked_of_the_log_again,
           a_claim_on_a_slot_on_its_way_is_granted_where_its_keys_are_or_lost,
           claims_on_rules_of_several_nodes_are_answered_together)
