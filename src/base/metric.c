/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A metric is a run of slots: one for a counter or gauge, BUCKETS + 2 for a histogram
 * (buckets, sum, count). A shard is one array of slots per thread; only its thread
 * writes, with relaxed stores, so counting costs a load, an add and a store.
 */
#include "base/metric.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/strmap.h"

enum { SLOTS = 1 << 16, KEPT_SLOTS = 1 << 12, SHARDS = 1024, BUCKETS = 22 };

/* Upper bounds in microseconds. */
static const int64_t bounds_us[BUCKETS] = { 1,       2,       5,       10,      20,     50,
                                            100,     200,     500,     1000,    2000,   5000,
                                            10000,   20000,   50000,   100000,  200000, 500000,
                                            1000000, 2000000, 5000000, 10000000 };

struct metric {
    enum metric_kind kind;
    char *name, *help, *labels;
    uint64_t hash; /* of name and labels */
    metric_id first;
};

struct metric_shard {
    _Atomic uint64_t slots[SLOTS];
};

struct metrics {
    pthread_mutex_t lock;
    struct metric *list;
    size_t count, room;
    uint32_t *places; /* hash table of 2 * room numbers + 1: a reload looks up every rule */
    metric_id next;
    struct metric_shard *shards[SHARDS]; /* [0] is shared: gauges */
    const void *owners[SHARDS];          /* NULL: only who made it knows it */
    int n_shards;
};

static const char nobody = 0; /* the owner of those that were left */

struct metrics *metrics_new(void)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics)
        return NULL;
    (void) pthread_mutex_init(&metrics->lock, NULL);
    metrics->next = 1; /* slot 0 swallows METRIC_NONE */
    return metric_shard_new(metrics) ? metrics : metrics_free(metrics);
}

struct metrics *metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return NULL;
    for (size_t i = 0; i < metrics->count; i++) {
        free(metrics->list[i].name);
        free(metrics->list[i].help);
        free(metrics->list[i].labels);
    }
    free(metrics->list);
    free(metrics->places);
    for (int i = 0; i < metrics->n_shards; i++)
        free(metrics->shards[i]);
    (void) pthread_mutex_destroy(&metrics->lock);
    free(metrics);
    return NULL;
}

static struct metric_shard *make_shard(struct metrics *metrics, const void *owner)
{
    struct metric_shard *shard = metrics->n_shards < SHARDS ? calloc(1, sizeof *shard) : NULL;
    if (!shard)
        return NULL;
    metrics->owners[metrics->n_shards] = owner;
    metrics->shards[metrics->n_shards++] = shard;
    return shard;
}

/* The first of @owner's is @new_owner's now; NULL: there is none. */
static struct metric_shard *take_shard(struct metrics *metrics, const void *owner,
                                       const void *new_owner)
{
    for (int i = 0; i < metrics->n_shards; i++)
        if (metrics->owners[i] == owner) {
            metrics->owners[i] = new_owner;
            return metrics->shards[i];
        }
    return NULL;
}

struct metric_shard *metric_shard_of(struct metrics *metrics, const void *owner)
{
    (void) pthread_mutex_lock(&metrics->lock);
    struct metric_shard *shard = owner ? take_shard(metrics, owner, owner) : NULL;
    if (!shard)
        shard = take_shard(metrics, &nobody, owner);
    if (!shard)
        shard = make_shard(metrics, owner);
    (void) pthread_mutex_unlock(&metrics->lock);
    return shard;
}

struct metric_shard *metric_shard_new(struct metrics *metrics)
{
    return metric_shard_of(metrics, NULL);
}

void metric_shard_leave(struct metrics *metrics, struct metric_shard *shard)
{
    (void) pthread_mutex_lock(&metrics->lock);
    for (int i = 1; shard && i < metrics->n_shards; i++)
        if (metrics->shards[i] == shard)
            metrics->owners[i] = &nobody;
    (void) pthread_mutex_unlock(&metrics->lock);
}

/* Where the metric's number stands, or would. */
static uint32_t *place_of(const struct metrics *metrics, uint64_t hash, const char *name,
                          struct str labels)
{
    const size_t mask = metrics->room * 2 - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        uint32_t number = metrics->places[at];
        const struct metric *there = number ? &metrics->list[number - 1] : NULL;
        if (!there || (there->hash == hash && str_is(str_of(there->name), name) &&
                       str_eq(str_of(there->labels), labels)))
            return &metrics->places[at];
    }
}

static bool make_room(struct metrics *metrics)
{
    if (metrics->count < metrics->room)
        return true;
    size_t room = metrics->room ? metrics->room * 2 : 64;
    struct metric *list = realloc(metrics->list, room * sizeof *list);
    if (!list)
        return false;
    metrics->list = list;
    uint32_t *places = calloc(room * 2, sizeof *places);
    if (!places)
        return false;
    free(metrics->places);
    metrics->places = places;
    metrics->room = room;
    for (uint32_t i = 0; i < metrics->count; i++) {
        const struct metric *m = &list[i];
        *place_of(metrics, m->hash, m->name, str_of(m->labels)) = i + 1;
    }
    return true;
}

static metric_id add_metric(struct metrics *metrics, enum metric_kind kind, const char *name,
                            const char *help, struct str labels, metric_id end)
{
    uint64_t hash = str_hash(labels) + 31 * str_hash(str_of(name));
    if (!make_room(metrics))
        return METRIC_NONE;
    uint32_t *place = place_of(metrics, hash, name, labels);
    if (*place)
        return metrics->list[*place - 1].first;

    metric_id slots = kind == METRIC_HISTOGRAM ? BUCKETS + 2 : 1;
    if (metrics->next + slots > end)
        return METRIC_NONE;
    struct metric metric = { .kind = kind,
                             .name = str_dup(str_of(name)),
                             .help = str_dup(str_of(help)),
                             .labels = str_dup(labels),
                             .hash = hash,
                             .first = metrics->next };
    if (!metric.name || !metric.help || !metric.labels) {
        free(metric.name);
        free(metric.help);
        free(metric.labels);
        return METRIC_NONE;
    }
    metrics->list[metrics->count++] = metric;
    *place = (uint32_t) metrics->count;
    metrics->next += slots;
    return metric.first;
}

static metric_id register_before(metric_id end, struct metrics *metrics, enum metric_kind kind,
                                 const char *name, const char *help, struct str labels)
{
    (void) pthread_mutex_lock(&metrics->lock);
    metric_id id = add_metric(metrics, kind, name, help, labels, end);
    (void) pthread_mutex_unlock(&metrics->lock);
    return id;
}

metric_id metric_register(struct metrics *metrics, enum metric_kind kind, const char *name,
                          const char *help, struct str labels)
{
    return register_before(SLOTS, metrics, kind, name, help, labels);
}

metric_id metric_register_many(struct metrics *metrics, enum metric_kind kind, const char *name,
                               const char *help, struct str labels)
{
    return register_before(SLOTS - KEPT_SLOTS, metrics, kind, name, help, labels);
}

static inline void bump(_Atomic uint64_t *slot, uint64_t more)
{
    uint64_t now = atomic_load_explicit(slot, memory_order_relaxed);
    atomic_store_explicit(slot, now + more, memory_order_relaxed);
}

void metric_add(struct metric_shard *shard, metric_id id, uint64_t more)
{
    bump(&shard->slots[id], more);
}

void metric_observe_us(struct metric_shard *shard, metric_id id, int64_t us)
{
    if (id == METRIC_NONE)
        return;
    int low = 0, high = BUCKETS;
    while (low < high) {
        int middle = (low + high) / 2;
        if (us <= bounds_us[middle])
            high = middle;
        else
            low = middle + 1;
    }
    if (low < BUCKETS)
        bump(&shard->slots[id + (metric_id) low], 1);
    bump(&shard->slots[id + BUCKETS], us > 0 ? (uint64_t) us : 0);
    bump(&shard->slots[id + BUCKETS + 1], 1);
}

void metric_set(struct metrics *metrics, metric_id id, int64_t value)
{
    atomic_store_explicit(&metrics->shards[0]->slots[id], (uint64_t) value, memory_order_relaxed);
}

static uint64_t total(struct metrics *metrics, metric_id slot)
{
    uint64_t sum = 0;
    for (int i = 0; i < metrics->n_shards; i++)
        sum += atomic_load_explicit(&metrics->shards[i]->slots[slot], memory_order_relaxed);
    return sum;
}

static const struct metric *metric_of(struct metrics *metrics, metric_id id)
{
    for (size_t i = 0; i < metrics->count; i++)
        if (metrics->list[i].first == id)
            return &metrics->list[i];
    return NULL;
}

uint64_t metric_value(struct metrics *metrics, metric_id id)
{
    (void) pthread_mutex_lock(&metrics->lock);
    const struct metric *metric = metric_of(metrics, id);
    bool histogram = metric && metric->kind == METRIC_HISTOGRAM;
    uint64_t value = metric ? total(metrics, histogram ? id + BUCKETS + 1 : id) : 0;
    (void) pthread_mutex_unlock(&metrics->lock);
    return value;
}

static void print_histogram(struct metrics *metrics, const struct metric *m, struct out *out)
{
    const char *comma = m->labels[0] ? "," : "";
    uint64_t below = 0;
    for (metric_id b = 0; b < BUCKETS; b++) {
        below += total(metrics, m->first + b);
        out_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", m->name, m->labels, comma,
                   (double) bounds_us[b] / 1e6, (unsigned long long) below);
    }
    unsigned long long count = total(metrics, m->first + BUCKETS + 1);
    const char *open = m->labels[0] ? "{" : "", *close = m->labels[0] ? "}" : "";
    out_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", m->name, m->labels, comma, count);
    out_printf(out, "%s_sum%s%s%s %.6f\n", m->name, open, m->labels, close,
               (double) total(metrics, m->first + BUCKETS) / 1e6);
    out_printf(out, "%s_count%s%s%s %llu\n", m->name, open, m->labels, close, count);
}

static void print_family(struct metrics *metrics, const char *name, struct out *out)
{
    static const char *const kinds[] = { "counter", "gauge", "histogram" };
    bool first = true;
    for (size_t i = 0; i < metrics->count; i++) {
        const struct metric *m = &metrics->list[i];
        if (!str_is(str_of(m->name), name))
            continue;
        if (first)
            out_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, m->help, name, kinds[m->kind]);
        first = false;
        if (m->kind == METRIC_HISTOGRAM) {
            print_histogram(metrics, m, out);
            continue;
        }
        const char *open = m->labels[0] ? "{" : "", *close = m->labels[0] ? "}" : "";
        out_printf(out, "%s%s%s%s %lld\n", name, open, m->labels, close,
                   (long long) total(metrics, m->first));
    }
}

void metrics_print(struct metrics *metrics, struct out *out)
{
    (void) pthread_mutex_lock(&metrics->lock);
    struct strmap *seen = strmap_new(metrics->count);
    for (size_t i = 0; seen && i < metrics->count; i++) {
        struct str name = str_of(metrics->list[i].name);
        if (strmap_get(seen, name) != STRMAP_NONE || strmap_put(seen, name, 0) != OK)
            continue;
        print_family(metrics, metrics->list[i].name, out);
    }
    (void) strmap_free(seen);
    (void) pthread_mutex_unlock(&metrics->lock);
}
