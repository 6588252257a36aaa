/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_sizes: what profiles weigh. Folds every customer of a data directory from its log, as the loader
 * does, and tells the bytes of each profile as printed for the shared store and as it lies in
 * memory, and how long printing and parsing one of the middle takes.
 *
 *     build-bench/bench/profile_sizes DIR
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/out.h"
#include "learn/replay.h"
#include "ports/event_log.h"
#include "shop/customer.h"
#include "shop/profile_bytes.h"
#include "store/sqlite/sqlite_event_log.h"

enum { CUSTOMERS_MAX = 10000000, ROUNDS = 200000 };

struct weight {
    size_t printed, packed;
    char *customer_id;
};

struct weights {
    struct weight *all;
    size_t n, cap;
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "profile_sizes: %s\n", what);
    exit(1);
}

static enum err add(void *self, struct str customer_id, uint64_t position)
{
    struct weights *weights = self;
    (void) position;
    if (weights->n == weights->cap) {
        weights->cap = weights->cap ? weights->cap * 2 : 1024;
        must(weights->cap <= CUSTOMERS_MAX, "too many customers");
        weights->all = realloc(weights->all, weights->cap * sizeof *weights->all);
        must(weights->all != NULL, "out of memory");
    }
    weights->all[weights->n++] = (struct weight){ .customer_id = str_dup(customer_id) };
    return OK;
}

static struct profile *fold(struct event_log *log, const char *customer_id, struct arena *arena)
{
    static _Atomic uint64_t unreadable;
    struct profile *profile = NULL;
    struct err_note note = { "out of memory" };
    must(replay_customer(log, STR("main"), str_of(customer_id), arena, &unreadable, &profile,
                         &note) == OK,
         note.text);
    return profile;
}

static int by_printed(const void *a, const void *b)
{
    const struct weight *left = a, *right = b;
    return (left->printed > right->printed) - (left->printed < right->printed);
}

static int by_packed(const void *a, const void *b)
{
    const struct weight *left = a, *right = b;
    return (left->packed > right->packed) - (left->packed < right->packed);
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static void measure(const struct profile *profile)
{
    struct out out;
    out_init(&out, NULL, 4096);
    double began = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        out.len = 0;
        profile_print(&out, profile);
    }
    double printed = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        struct profile *parsed = NULL;
        must(profile_parse(profile->customer_id, out_str(&out), &parsed) == OK, "does not parse");
        profile_free(parsed);
    }
    double parsed = now_ns();
    printf("a customer of the middle (%u SKUs, %zu bytes): printed in %.0f ns, parsed in %.0f ns\n",
           profile->n_owned, out.len, (printed - began) / ROUNDS, (parsed - printed) / ROUNDS);
    out_deinit(&out);
}

int main(int argc, char **argv)
{
    struct event_log *log;
    struct err_note note = { "" };
    struct weights weights = { 0 };
    must(argc == 2, "the one argument is a data directory");
    must(sqlite_event_log_new(argv[1], &log, &note) == OK, note.text);
    must(log->read_customers(log, STR("main"), 0, &weights, add, &note) == OK, note.text);
    must(weights.n > 0, "there are no customers in it");
    struct arena *arena = arena_new(1 << 16, 1 << 24);
    struct out out;
    out_init(&out, NULL, 4096);
    for (size_t i = 0; i < weights.n; i++) {
        struct profile *profile = fold(log, weights.all[i].customer_id, arena);
        out.len = 0;
        profile_print(&out, profile);
        weights.all[i].printed = out.len;
        weights.all[i].packed = profile_bytes(profile);
        profile_free(profile);
    }
    size_t n = weights.n, p99 = n * 99 / 100;
    qsort(weights.all, n, sizeof *weights.all, by_packed);
    printf("%zu customers; in memory: median %zu, p99 %zu, largest %zu bytes\n", n,
           weights.all[n / 2].packed, weights.all[p99].packed, weights.all[n - 1].packed);
    qsort(weights.all, n, sizeof *weights.all, by_printed);
    printf("printed: median %zu, p99 %zu, largest %zu bytes\n", weights.all[n / 2].printed,
           weights.all[p99].printed, weights.all[n - 1].printed);
    struct profile *middle = fold(log, weights.all[n / 2].customer_id, arena);
    measure(middle);
    profile_free(middle);
    for (size_t i = 0; i < n; i++)
        free(weights.all[i].customer_id);
    free(weights.all);
    out_deinit(&out);
    arena_free(arena);
    log->free(log);
    return 0;
}
