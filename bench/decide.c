/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide: decisions in one process, without HTTP, for callgrind to count. It serves from the
 * same data directory and rule files as `offerd serve`, with the model that `offerd train` left
 * there (unless --untrained), and calls the same door (serve.h); the
 * clock stands still, so that a decision that valgrind makes a hundred times slower is not
 * cut short by its budget. Around each counted decision stands measured_decision(), which
 * callgrind.py tells callgrind to collect in.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/metric.h"
#include "base/snapshot.h"
#include "files/rules_dir.h"
#include "learn.h"
#include "model/copurchase.h"
#include "model/model.h"
#include "model/trained.h"
#include "ports/catalog_store.h"
#include "ports/clock.h"
#include "ports/event_log.h"
#include "ports/profile_store.h"
#include "rules/ruleset.h"
#include "serve.h"
#include "shop/catalog.h"
#include "store/sqlite/sqlite_catalog.h"
#include "store/sqlite/sqlite_event_log.h"
#include "world/world.h"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION ((void) 0)
#endif

enum { WARMING = 200, ARENA_BYTES = 1 << 20, BODIES_BYTES = 1 << 24 };

struct settings {
    const char *data, *rules, *body_file;
    unsigned decisions;
    int64_t at; /* what the clock says, in seconds; 0: now */
    bool untrained, print;
};

static void must(enum err err, const char *what, const struct err_note *note)
{
    if (err == OK)
        return;
    fprintf(stderr, "decide: %s: %s %s\n", what, err_name(err), note->text);
    exit(1);
}

/* ── the neighbours of a decision ── */

static int64_t started_wall_us;

static int64_t still_wall_us(struct clock *clock)
{
    (void) clock;
    return started_wall_us;
}

static int64_t still_mono_us(struct clock *clock)
{
    (void) clock;
    return 1000000;
}

static struct clock still_clock = { .wall_us = still_wall_us, .mono_us = still_mono_us };

static struct catalog *catalog_of(const char *data)
{
    struct err_note note = { "" };
    struct catalog_store *store;
    struct catalog *catalog;
    must(sqlite_catalog_new(data, &store, &note), "catalogue", &note);
    must(store->load(store, STR("main"), &catalog, &note), "catalogue", &note);
    store->free(store);
    return catalog;
}

struct counting {
    struct copurchase *counts;
    struct arena *arena;
};

static enum err count_order(void *self, const struct logged_event *logged)
{
    struct counting *counting = self;
    struct event event;
    arena_reset(counting->arena);
    TRY(intake_recall(logged->payload, counting->arena, &event));
    struct str *skus = arena_take_array(counting->arena, struct str, event.order.n_lines + 1);
    if (!skus)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < event.order.n_lines; i++)
        skus[i] = event.order.lines[i].sku;
    return copurchase_add(counting->counts, logged->position, logged->at_us, skus,
                          event.order.n_lines);
}

/* What `offerd train` wrote into @data, or NULL: nothing. Its bytes stay until the process ends. */
static struct trained *trained_of(const char *data)
{
    struct err_note note = { "" };
    struct trained *trained;
    char path[PATH_MAX];
    struct stat stat_;
    int len = snprintf(path, sizeof path, "%s/trained.bin", data);
    int fd = len < (int) sizeof path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return NULL;
    must(fstat(fd, &stat_) == 0 ? OK : ERR_UNAVAILABLE, path, &note);
    char *bytes = mmap(NULL, (size_t) stat_.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void) close(fd);
    must(bytes != MAP_FAILED ? OK : ERR_UNAVAILABLE, path, &note);
    must(trained_open((struct str){ bytes, (size_t) stat_.st_size }, NULL, NULL, &trained, &note),
         path, &note);
    return trained;
}

static struct model *model_of(const char *data, const struct catalog *catalog,
                              struct trained *trained)
{
    struct err_note note = { "" };
    struct event_log *log;
    struct model *model;
    struct counting counting = { copurchase_new(), arena_new(ARENA_BYTES, ARENA_BYTES) };
    must(sqlite_event_log_new(data, &log, &note), "event log", &note);
    must(log->read_orders(log, STR("main"), 0, &counting, count_order, &note), "orders", &note);
    must(model_new(catalog, counting.counts, trained, &model), "model", &note);
    log->free(log);
    arena_free(counting.arena);
    copurchase_free(counting.counts);
    return model;
}

static struct ruleset *rules_of(const char *dir)
{
    struct rules_reading *reading;
    struct err_note note = { "" };
    enum err err = rules_dir_read(dir, started_wall_us, &reading);
    if (err == ERR_INPUT) {
        struct out out;
        out_init(&out, reading->arena, 4096);
        diags_print(&reading->diags, LOCALE_EN, false, &out);
        fprintf(stderr, "%.*s", (int) out.len, out.at);
    }
    must(err, "rules", &note);
    struct ruleset *rules = ruleset_ref(reading->ruleset);
    rules_reading_free(reading);
    return rules;
}

static struct world *world_of(const struct settings *settings)
{
    struct err_note note = { "" };
    struct world *world;
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(settings->data);
    AUTO(trained_unref)
    struct trained *trained = settings->untrained ? NULL : trained_of(settings->data);
    AUTO(model_unref) struct model *model = model_of(settings->data, catalog, trained);
    AUTO(ruleset_unref) struct ruleset *rules = rules_of(settings->rules);
    const struct world_settings how = {
        .shop = STR("main"),
        .token_key = { 1, 2, 3 },
        .default_budget_us = 20000,
        .offer_lifetime_us = 30 * 60 * INT64_C(1000000),
    };
    must(world_new(rules, catalog, model, &how, &world), "world", &note);
    fprintf(stderr, "decide: %u products, %u rules, %lu orders, %s\n", catalog_count(catalog),
            ruleset_count(rules), model_total_orders(model), trained ? "trained" : "not trained");
    return world;
}

/* ── decisions ── */

struct bench {
    struct serve_worker *worker;
    struct arena *arena;
    struct str bodies, body; /* one a line; of the decision at hand */
    struct str answer;       /* of the last decision, in the arena */
};

static void woken(void *owner)
{
    (void) owner;
}

/* What a request costs between its last byte and its answer. Not inlined: callgrind looks for it */
__attribute__((noinline)) static enum decide_state measured_decision(struct bench *bench)
{
    struct decide_problem problem = { 0 };
    struct decision *decision =
        decision_new(bench->worker, bench->arena, bench->body, woken, bench);
    return decide_run(decision, &bench->answer, &problem);
}

/* The first decisions fetch the profile and touch the memory; they are not counted. */
__attribute__((noinline)) static enum decide_state warming_decision(struct bench *bench)
{
    struct decide_problem problem = { 0 };
    struct decision *decision =
        decision_new(bench->worker, bench->arena, bench->body, woken, bench);
    enum decide_state state = DECIDE_WAIT;
    for (int tries = 0; tries < 5000 && state == DECIDE_WAIT; tries++) {
        state = decide_run(decision, &bench->answer, &problem);
        if (state == DECIDE_WAIT)
            usleep(1000);
    }
    if (state == DECIDE_FAILED)
        fprintf(stderr, "decide: %s at %.*s\n", problem.what, (int) problem.pointer.len,
                problem.pointer.at);
    else if (state == DECIDE_WAIT)
        fputs("decide: a decision that waits for ever\n", stderr);
    return state;
}

/* The next line of @bodies, from the first again behind the last. */
static struct str next_body(struct str bodies, size_t *at)
{
    const char *begin = bodies.at + *at;
    const char *end = memchr(begin, '\n', bodies.len - *at);
    size_t len = end ? (size_t) (end - begin) : bodies.len - *at;
    *at += len + 1;
    if (*at >= bodies.len)
        *at = 0;
    return (struct str){ begin, len };
}

static int decide_all(struct bench *bench, const struct settings *settings)
{
    size_t at = 0;
    for (unsigned i = 0; i < WARMING; i++) {
        arena_reset(bench->arena);
        bench->body = next_body(bench->bodies, &at);
        if (warming_decision(bench) != DECIDE_DONE)
            return 1;
    }
    at = 0;
    CALLGRIND_START_INSTRUMENTATION; /* until here at a fifth of the speed, not a fiftieth */
    for (unsigned i = 0; i < settings->decisions; i++) {
        arena_reset(bench->arena);
        bench->body = next_body(bench->bodies, &at);
        if ((settings->print ? warming_decision : measured_decision)(bench) != DECIDE_DONE)
            return 1;
        if (settings->print)
            printf("%.*s\n", (int) bench->answer.len, bench->answer.at);
    }
    return 0;
}

static void settings_read(struct settings *settings, int argc, char **argv)
{
    static const struct option options[] = {
        { "data", required_argument, NULL, 'd' },
        { "rules", required_argument, NULL, 'r' },
        { "body-file", required_argument, NULL, 'b' },
        { "decisions", required_argument, NULL, 'n' },
        { "at", required_argument, NULL, 't' },
        { "untrained", no_argument, NULL, 'u' },
        { "print", no_argument, NULL, 'p' },
        { 0 },
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'd': settings->data = optarg; break;
        case 'r': settings->rules = optarg; break;
        case 'b': settings->body_file = optarg; break;
        case 'n': settings->decisions = (unsigned) strtoul(optarg, NULL, 10); break;
        case 't': settings->at = strtoll(optarg, NULL, 10); break;
        case 'u': settings->untrained = true; break;
        case 'p': settings->print = true; break;
        default: exit(2);
        }
    }
    if (!settings->data || !settings->rules || !settings->body_file) {
        fputs("usage: decide --data DIR --rules DIR --body-file F (a request a line) [--decisions "
              "N] [--at SECONDS] "
              "[--untrained] [--print]\n",
              stderr);
        exit(2);
    }
}

static struct str bodies_read(const char *path)
{
    static char text[BODIES_BYTES];
    FILE *file = fopen(path, "re");
    if (!file) {
        fprintf(stderr, "decide: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    return (struct str){ .at = text, .len = len };
}

int main(int argc, char **argv)
{
    struct settings settings = { .decisions = 1000 };
    struct err_note note = { "" };
    settings_read(&settings, argc, argv);
    started_wall_us = (settings.at ? settings.at : (int64_t) time(NULL)) * 1000000;

    struct snapshot_slot slot;
    snapshot_slot_init(&slot);
    snapshot_publish(&slot, &world_of(&settings)->snapshot);

    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    const struct learn_settings how = {
        .shop = STR("main"), .queue_events = 1000, .commit_events = 1000, .hot_profiles = 1000
    };
    struct event_log *log;
    struct learn *learn;
    must(sqlite_event_log_new(settings.data, &log, &note), "event log", &note);
    must(learn_start(&how, log, &still_clock, metrics, &learn, &note), "learn", &note);

    struct serve *serve;
    struct bench bench = { .bodies = bodies_read(settings.body_file) };
    must(serve_new(&slot, learn_profiles(learn), learn_budgets(learn), &still_clock, metrics,
                   &serve),
         "serve", &note);
    must(serve_worker_new(serve, 1, 42, NULL, metric_shard_new(metrics), &bench.worker), "worker",
         &note);
    bench.arena = arena_new(ARENA_BYTES, ARENA_BYTES);

    int status = decide_all(&bench, &settings);

    arena_free(bench.arena);
    serve_worker_free(bench.worker);
    serve_free(serve);
    learn_stop(learn);
    snapshot_slot_deinit(&slot);
    return status;
}
