/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redis_fetch: what one profile from Redis costs a worker, on its own. Not judged by a test.
 *
 *     redis_fetch REDIS_URL [BODY_BYTES [FETCHES]]
 *
 * For 1, 8 and 64 fetches in one turn of the loop: CPU and wall time a fetch, median and p99 of the
 * latency. Then what the link costs when nobody asks, how long another's write takes to be heard,
 * what a put costs, and what one customer occupies in Redis. The values it writes are of a shop of
 * its own.
 */
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <uv.h>

#include "base/arena.h"
#include "ports/clock.h"
#include "store/redis/redis_dial.h"
#include "store/redis/redis_profiles.h"
#include "store/redis/redis_url.h"

enum { CUSTOMERS = 10000, MOST_AT_ONCE = 64, CHANGES = 2000, BATCH = 500 };

struct bench {
    struct shared_profiles *shared;
    struct shared_link *link;
    struct shared_writer *writer;
    uv_loop_t loop;
    int64_t changed_us;
    uint64_t position; /* of the last put: newer than any of an earlier run */
    int left, next;
    int64_t *took_us;
    int n_took;
    size_t body_len;
    char body[65536];
};

struct one {
    struct shared_fetch fetch;
    struct bench *bench;
    int64_t asked_us;
};

static int64_t now_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t mono_us(struct clock *clock)
{
    (void) clock;
    return now_us(CLOCK_MONOTONIC);
}

static struct clock real = { mono_us, mono_us };

static int64_t cpu_us(void)
{
    return now_us(CLOCK_THREAD_CPUTIME_ID);
}

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "redis_fetch: %s\n", what);
    exit(1);
}

static void on_changed(void *self, struct str customer_id)
{
    (void) customer_id;
    ((struct bench *) self)->changed_us = now_us(CLOCK_MONOTONIC);
}

static void on_doubt(void *self)
{
    (void) self;
    check(false, "the link was lost");
}

static void on_done(struct shared_fetch *fetch, enum shared_answer answer,
                    const struct shared_value *value)
{
    struct one *one = (struct one *) fetch;
    struct bench *bench = one->bench;
    check(answer == SHARED_BODY && value->body.len == bench->body_len, "not what was put");
    bench->took_us[bench->n_took++] = now_us(CLOCK_MONOTONIC) - one->asked_us;
    bench->left--;
}

static struct str customer(char id[16], int number)
{
    return (struct str){ id, (size_t) snprintf(id, 16, "c%06d", number % CUSTOMERS) };
}

static void put_all(struct bench *bench)
{
    static char ids[BATCH][16];
    static struct shared_put puts[BATCH];
    static bool taken[BATCH];
    struct err_note note;
    int64_t wall = now_us(CLOCK_MONOTONIC), cpu = cpu_us();
    for (int first = 0; first < CUSTOMERS; first += BATCH) {
        for (int i = 0; i < BATCH; i++)
            puts[i] = (struct shared_put){ { customer(ids[i], first + i),
                                             ++bench->position,
                                             { bench->body, bench->body_len } },
                                           SHARED_COMMIT };
        check(bench->shared->put(bench->writer, puts, BATCH, taken, &note) == OK, note.text);
    }
    printf("put in batches of %d: %.2f us CPU of the writer, %.2f us wall, each\n", BATCH,
           (double) (cpu_us() - cpu) / CUSTOMERS,
           (double) (now_us(CLOCK_MONOTONIC) - wall) / CUSTOMERS);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

static void fetch_rounds(struct bench *bench, int at_once, int n)
{
    static struct one ones[MOST_AT_ONCE];
    char id[16];
    bench->n_took = 0;
    int64_t wall = now_us(CLOCK_MONOTONIC), cpu = cpu_us();
    for (int done = 0; done + at_once <= n; done += at_once) {
        bench->left = at_once;
        for (int i = 0; i < at_once; i++) {
            ones[i] = (struct one){ { .done = on_done }, bench, now_us(CLOCK_MONOTONIC) };
            check(bench->shared->fetch(bench->link, customer(id, bench->next++), &ones[i].fetch),
                  "away");
        }
        while (bench->left > 0)
            uv_run(&bench->loop, UV_RUN_ONCE);
    }
    wall = now_us(CLOCK_MONOTONIC) - wall;
    cpu = cpu_us() - cpu;
    qsort(bench->took_us, (size_t) bench->n_took, sizeof *bench->took_us, by_size);
    printf("%2d at once: %.2f us CPU, %.2f us wall a fetch; latency median %lld us, p99 %lld us\n",
           at_once, (double) cpu / bench->n_took, (double) wall / bench->n_took,
           (long long) bench->took_us[bench->n_took / 2],
           (long long) bench->took_us[bench->n_took * 99 / 100]);
}

static void idle(struct bench *bench)
{
    int64_t end = now_us(CLOCK_MONOTONIC) + 2000000, cpu = cpu_us();
    int turns = 0, trusted = 0;
    while (now_us(CLOCK_MONOTONIC) < end) {
        uv_run(&bench->loop, UV_RUN_ONCE);
        turns++;
        trusted +=
            bench->shared->is_trusted(bench->link, (struct str){ 0 }, now_us(CLOCK_MONOTONIC));
    }
    printf("idle: %.3f %% of a core; trusted in %d of %d turns\n",
           (double) (cpu_us() - cpu) / 2000000 * 100, trusted, turns);
}

static void changes(struct bench *bench)
{
    struct err_note note;
    char id[16];
    bool taken;
    bench->n_took = 0;
    for (int i = 0; i < CHANGES; i++) {
        struct one one = { { .done = on_done }, bench, now_us(CLOCK_MONOTONIC) };
        struct shared_put put = {
            { customer(id, i), ++bench->position, { bench->body, bench->body_len } }, SHARED_COMMIT
        };
        bench->left = 1;
        bench->changed_us = 0;
        check(bench->shared->fetch(bench->link, put.value.customer_id, &one.fetch), "away");
        while (bench->left > 0)
            uv_run(&bench->loop, UV_RUN_ONCE);
        check(bench->shared->put(bench->writer, &put, 1, &taken, &note) == OK, note.text);
        int64_t told_us = now_us(CLOCK_MONOTONIC);
        while (!bench->changed_us)
            uv_run(&bench->loop, UV_RUN_ONCE);
        bench->took_us[i] = bench->changed_us - told_us;
    }
    qsort(bench->took_us, CHANGES, sizeof *bench->took_us, by_size);
    printf("a change is heard %lld us (median), %lld us (p99) after its put has returned\n",
           (long long) bench->took_us[CHANGES / 2], (long long) bench->took_us[CHANGES * 99 / 100]);
}

static void memory(const struct redis_url *url)
{
    redisContext *c = NULL;
    struct redis_dial dial = { .url = url };
    struct err_note note = { "" };
    check(redis_dial(&dial, 1000, &c, &note) == OK, note.text);
    redisReply *info = redisCommand(c, "INFO server");
    check(info && info->str && strstr(info->str, "run_id:"), "no INFO");
    char key[64];
    snprintf(key, sizeof key, "offerd:%.8s:{bench-fetch/c000001}:p",
             strstr(info->str, "run_id:") + 7);
    redisReply *usage = redisCommand(c, "MEMORY USAGE %s", key);
    check(usage && usage->type == REDIS_REPLY_INTEGER, "no such key");
    printf("a customer occupies %lld bytes in Redis\n", usage->integer);
    freeReplyObject(info);
    freeReplyObject(usage);
    redisFree(c);
    redis_dial_deinit(&dial);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct err_note note;
    struct redis_url *url = NULL;
    int n = argc > 3 ? atoi(argv[3]) : 50000;
    check(argc > 1 && n >= CHANGES, "redis_fetch REDIS_URL [BODY_BYTES [FETCHES]]");
    bench.body_len = argc > 2 ? (size_t) atoi(argv[2]) : 400;
    check(bench.body_len <= sizeof bench.body, "at most 65536 bytes");
    check(redis_url_open(argv[1], &url, &note) == OK, note.text);
    (void) signal(SIGPIPE, SIG_IGN);
    bench.position = (uint64_t) now_us(CLOCK_REALTIME);
    memset(bench.body, 'x', sizeof bench.body);
    bench.took_us = calloc((size_t) n, sizeof *bench.took_us);
    uv_loop_init(&bench.loop);
    struct redis_settings settings = { .url = argv[1], .shop = STR("bench-fetch"), .ttl_s = 600 };
    struct shared_listener listener = { &bench, on_changed, on_doubt };
    check(redis_profiles_new(&settings, &real, NULL, &bench.shared, &note) == OK, note.text);
    check(bench.shared->link_new(bench.shared, &bench.loop, &listener, &bench.link) == OK, "link");
    bench.writer = bench.shared->writer_new(bench.shared);
    check(bench.took_us && bench.writer, "no memory");
    while (!bench.shared->is_trusted(bench.link, (struct str){ 0 }, now_us(CLOCK_MONOTONIC)))
        uv_run(&bench.loop, UV_RUN_ONCE);

    put_all(&bench);
    for (int at_once = 1; at_once <= MOST_AT_ONCE; at_once *= 8)
        fetch_rounds(&bench, at_once, n);
    idle(&bench);
    memory(url);
    changes(&bench);

    bench.shared->writer_free(bench.shared, bench.writer);
    bench.shared->link_free(bench.shared, bench.link);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    check(uv_loop_close(&bench.loop) == 0, "the loop is not empty");
    bench.shared->free(bench.shared);
    redis_url_free(url);
    free(bench.took_us);
    return 0;
}
