/* SPDX-License-Identifier: Apache-2.0 */
#include "shared_ground.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fake_shared_profiles.h"
#include "ports/clock.h"
#include "redis_at.h"
#include "store/redis/redis_profiles.h"

enum { HELD_UP_US = 5000 };

static int64_t clock_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t ground_now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

static int64_t wall_us(struct clock *clock)
{
    (void) clock;
    return clock_us(CLOCK_REALTIME);
}

static int64_t mono_us(struct clock *clock)
{
    (void) clock;
    return ground_now_us();
}

static struct clock real = { wall_us, mono_us };

/* ── beginning and ending ── */

static void on_changed(void *self, struct str customer_id)
{
    struct told *told = self;
    told->changed++;
    snprintf(told->last_changed, sizeof told->last_changed, "%.*s", STR_ARG(customer_id));
}

static void on_doubt(void *self)
{
    ((struct told *) self)->doubts++;
}

static const char *url_of(int store)
{
    return getenv(store == CLUSTER ? "OFFERD_TEST_CLUSTER_URL" : "OFFERD_TEST_REDIS_URL");
}

bool ground_is_skipped(int store)
{
    return store != FAKE && !url_of(store);
}

static struct shared_profiles *open_store(struct ground *g, int store,
                                          const struct ground_wish *wish)
{
    static int count;
    struct err_note note = { "" };
    struct shared_profiles *shared = NULL;
    if (store == FAKE)
        return fake_shared_profiles_port(fake_shared_profiles_new());
    snprintf(g->shop, sizeof g->shop, "shop-%d-%d", (int) getpid(), count++);
    struct redis_settings settings = { .url = wish->url ? wish->url : url_of(store),
                                       .shop = str_of(g->shop),
                                       .timeout_ms = wish->timeout_ms ? wish->timeout_ms : 2000 };
    ck_assert_msg(redis_profiles_new(&settings, &real, wish->metrics, &shared, &note) == OK, "%s",
                  note.text);
    return shared;
}

static void no_op(uv_timer_t *timer)
{
    (void) timer;
}

void ground_begin_with(struct ground *g, int store, struct ground_wish wish)
{
    *g = (struct ground){ .shop = "" };
    g->shared = open_store(g, store, &wish);
    struct shared_listener listener = { &g->told, on_changed, on_doubt };
    (void) signal(SIGPIPE, SIG_IGN);
    g->arena = arena_new(1 << 16, 64 << 20);
    uv_loop_init(&g->loop);
    uv_timer_init(&g->loop, &g->timer);
    uv_timer_start(&g->timer, no_op, 1, 1); /* a turn takes a millisecond at most */
    ck_assert_int_eq(g->shared->link_new(g->shared, &g->loop, &listener, &g->link), OK);
    g->writer = g->shared->writer_new(g->shared);
    ck_assert_ptr_nonnull(g->writer);
}

void ground_begin_at(struct ground *g, const char *url)
{
    ground_begin_with(g, REDIS, (struct ground_wish){ .url = url });
}

void ground_begin(struct ground *g, int store)
{
    ground_begin_with(g, store, (struct ground_wish){ .url = NULL });
    RUN_UNTIL(g, ground_is_trusted(g));
}

void ground_end(struct ground *g)
{
    g->shared->writer_free(g->shared, g->writer);
    if (g->link)
        g->shared->link_free(g->shared, g->link);
    uv_close((uv_handle_t *) &g->timer, NULL);
    while (uv_run(&g->loop, UV_RUN_NOWAIT))
        ;
    ck_assert_int_eq(uv_loop_close(&g->loop), 0);
    arena_free(g->arena);
    g->shared->free(g->shared);
}

int ground_main(const char *name, const TTest *const *tests, size_t n, int times)
{
    Suite *suite = suite_create(name);
    TCase *all = tcase_create(name);
    for (size_t i = 0; i < n; i++)
        tcase_add_loop_test(all, tests[i], 0, times);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    if (!getenv("OFFERD_TEST_REDIS_URL"))
        fprintf(stderr, "skipped: Redis (OFFERD_TEST_REDIS_URL is not set)\n");
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ── time ── */

void ground_turn(struct ground *g)
{
    uv_run(&g->loop, UV_RUN_ONCE);
}

int64_t ground_turn_held_up_us(struct ground *g)
{
    int64_t began = ground_now_us();
    ground_turn(g);
    int64_t took = ground_now_us() - began;
    return took > HELD_UP_US ? took : 0;
}

bool ground_is_trusted(struct ground *g)
{
    return g->shared->is_trusted(g->link, (struct str){ 0 }, ground_now_us());
}

/* ── writing ── */

struct shared_put ground_put_of(enum shared_mode mode, const char *id, uint64_t position,
                                const char *body)
{
    return (struct shared_put){ { str_of(id), position, str_of(body) }, mode };
}

bool ground_put(struct ground *g, enum shared_mode mode, const char *id, uint64_t position,
                const char *body)
{
    struct shared_put put = ground_put_of(mode, id, position, body);
    struct err_note note = { "" };
    bool taken = false;
    enum err err = g->shared->put(g->writer, &put, 1, &taken, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return taken;
}

bool ground_put_with(struct ground *g, enum shared_mode mode, const char *id, uint64_t position,
                     uint64_t token, uint64_t over)
{
    struct shared_put put =
        ground_put_of(mode, id, position, mode == SHARED_CLAIM ? NULL : "folded");
    struct err_note note = { "" };
    bool taken = false;
    put.over = over;
    put.value.token = token;
    enum err err = g->shared->put(g->writer, &put, 1, &taken, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return taken;
}

bool ground_settle(struct ground *g, const char *id, uint64_t position, uint64_t over)
{
    struct shared_put put = ground_put_of(SHARED_SETTLE, id, position, "not a body");
    struct err_note note = { "" };
    bool taken = false;
    put.over = over;
    enum err err = g->shared->put(g->writer, &put, 1, &taken, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return taken;
}

struct shared_value ground_get(struct ground *g, const char *id)
{
    struct shared_value value = { .position = 77 };
    struct str ids[] = { str_of(id) };
    struct err_note note = { "" };
    enum err err = g->shared->get(g->writer, ids, 1, g->arena, &value, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return value;
}

const char *ground_shown(struct ground *g, const char *id)
{
    static char text[128];
    struct shared_value value = ground_get(g, id);
    if (value.body.at)
        snprintf(text, sizeof text, "%llu:%.*s", (unsigned long long) value.position,
                 STR_ARG(value.body));
    else
        snprintf(text, sizeof text, "%llu%s", (unsigned long long) value.position,
                 value.position ? "-" : "");
    return text;
}

enum err ground_try_put(struct ground *g, const char *id, struct err_note *note)
{
    struct shared_put put = ground_put_of(SHARED_COMMIT, id, 1, "one");
    bool taken;
    return g->shared->put(g->writer, &put, 1, &taken, note);
}

enum err ground_try_get(struct ground *g, const char *id, struct err_note *note)
{
    struct str ids[] = { str_of(id) };
    struct shared_value value;
    return g->shared->get(g->writer, ids, 1, g->arena, &value, note);
}

/* ── fetching ── */

static void on_done(struct shared_fetch *fetch, enum shared_answer answer,
                    const struct shared_value *value)
{
    struct asked *asked = (struct asked *) fetch;
    struct told *told = asked->told;
    told->answers++;
    told->answer = answer;
    told->position = value->position;
    told->body_len = value->body.len;
    ck_assert_uint_lt(value->body.len, sizeof told->body);
    snprintf(told->customer, sizeof told->customer, "%.*s", STR_ARG(value->customer_id));
    if (value->body.at)
        memcpy(told->body, value->body.at, value->body.len);
    told->body[value->body.len] = '\0';
    if (asked->then)
        asked->then(asked);
}

struct asked ground_asked(struct ground *g)
{
    return (struct asked){ .fetch.done = on_done, .told = &g->told, .ground = g };
}

void ground_fetch(struct ground *g, struct asked *asked, const char *id)
{
    *asked = ground_asked(g);
    ck_assert(g->shared->fetch(g->link, str_of(id), &asked->fetch));
}

void ground_fetch_and_wait(struct ground *g, const char *id)
{
    struct asked asked;
    int before = g->told.answers;
    ground_fetch(g, &asked, id);
    RUN_UNTIL(g, g->told.answers > before);
}

/* ── the server, beside what is tested ── */

const char *ground_tell_at(redisContext *context, const char *format, va_list args)
{
    static char text[8192];
    redisReply *reply = redisvCommand(context, format, args);
    ck_assert_ptr_nonnull(reply);
    snprintf(text, sizeof text, "%s", reply->str ? reply->str : "");
    freeReplyObject(reply);
    redisFree(context);
    return text;
}

const char *ground_tell_server(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *answer = ground_tell_at(redis_at_dial(), format, args);
    va_end(args);
    return answer;
}
