/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match_rules: what finding the rules that match costs, by the number of rules, and what having them
 * does. For each number, in a process of its own, it loads that many rules as a service does
 * (load_rules.h), works out what their products have (rule_products.h), then asks the same requests
 * four ways:
 *
 *   index      every rule that matches, by the index
 *   top 4      the first four by priority, by the index
 *   flat scan  every distinct condition at most once, then all rules as packed lists of them
 *   brute      rule_matches on every rule
 *
 * All but "top 4" must find as many. The functions called measured_… are where match_rules.py has
 * callgrind count instructions (--count N: so many requests each way, no timing). --quick leaves
 * out the last two, of which 100,000 rules take minutes; --load all four.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load_rules.h"
#include "rules/rule_index_parts.h"
#include "rules/rule_products.h"
#include "rules/schedule.h"

enum { REQUESTS = 128, TOP = 4, ARENA_BYTES = 1 << 20 };
enum { BATCH_US = 60000, BATCHES = 5 };

struct bench {
    struct rule_mix mix;
    struct catalog *catalog;
    struct ruleset *rules;
    struct mix_request *requests;
    struct arena *arena;
    const uint32_t *candidates;
    uint32_t n;
    const struct rule_index
        *index; /* NULL for few rules: then "index" is brute force, as in serve/match.c */
    struct rule_products *products;
    double products_cpu_s;
    struct arena *flat_arena;
    struct split flat;
    uint8_t *truths;
    struct load_cost load;
};

static bool without_products; /* --without-products */

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "match_rules: %s\n", what);
    exit(1);
}

/* ── rules ── */

static void know_products(struct bench *b)
{
    uint32_t n_indexes;
    const struct rule_index *const *indexes = ruleset_rule_indexes(b->rules, &n_indexes);
    double before = cpu_now_s();
    must(rule_products_new(indexes, n_indexes, b->catalog, ruleset_attr_names(b->rules),
                           &b->products) == OK,
         "no memory");
    b->products_cpu_s = cpu_now_s() - before;
}

static void bench_new(struct bench *b, enum mix_kind kind, uint32_t n_rules)
{
    *b = (struct bench){ .mix = rule_mix(kind, n_rules) };
    must(load_rules(&b->mix, &b->rules, &b->load), "no rules");
    b->catalog = rule_mix_catalog(&b->mix);
    b->requests = calloc(REQUESTS, sizeof *b->requests);
    b->arena = arena_new(ARENA_BYTES, ARENA_BYTES);
    b->flat_arena = arena_new(ARENA_BYTES, (size_t) 1 << 30);
    must(b->requests && b->arena && b->flat_arena, "no memory");
    for (uint32_t i = 0; i < REQUESTS; i++)
        rule_mix_request(&b->mix, b->catalog, ruleset_attr_names(b->rules), i, &b->requests[i]);
    b->candidates = ruleset_candidates(b->rules, TRIGGER_ADD_TO_CART, STR("cart-drawer"), &b->n);
    b->index = ruleset_rule_index(b->rules, TRIGGER_ADD_TO_CART, STR("cart-drawer"));
    if (!without_products)
        know_products(b);
    const struct rule_lists lists = { .rules = ruleset_rule(b->rules, 0), .n_rules = n_rules };
    must(split_rules(&lists, b->flat_arena, b->flat_arena, &b->flat) == OK, "no memory");
    b->truths = arena_take(b->flat_arena, b->flat.n_conjuncts);
}

static void bench_free(struct bench *b)
{
    arena_free(b->flat_arena);
    arena_free(b->arena);
    free(b->requests);
    rule_products_free(b->products);
    catalog_unref(b->catalog);
    ruleset_unref(b->rules);
}

/* ── four ways ── */

typedef uint32_t way(struct bench *b, struct mix_request *request);

/* Not one measured_ function in another: callgrind would stop counting there. */
static uint32_t look_at_each(struct bench *b, struct mix_request *r, uint32_t most)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < b->n && found < most; i++)
        found +=
            rule_matches(ruleset_rule(b->rules, b->candidates[i]), &r->facts, MIX_NOW).answer ==
            MATCH_YES;
    return found;
}

__attribute__((noinline)) static uint32_t measured_brute(struct bench *b, struct mix_request *r)
{
    return look_at_each(b, r, UINT32_MAX);
}

static uint32_t walk(struct bench *b, struct mix_request *r, uint32_t most)
{
    arena_reset(b->arena);
    struct rule_cursor *cursor =
        rule_cursor_new(b->index, b->products, &r->facts, MIX_NOW, b->arena);
    uint32_t found = 0, number;
    while (found < most && rule_cursor_next(cursor, b->n + 1, &number) == CURSOR_RULE)
        found++;
    return found;
}

__attribute__((noinline)) static uint32_t measured_index(struct bench *b, struct mix_request *r)
{
    return b->index ? walk(b, r, UINT32_MAX) : look_at_each(b, r, UINT32_MAX);
}

__attribute__((noinline)) static uint32_t measured_top(struct bench *b, struct mix_request *r)
{
    return b->index ? walk(b, r, TOP) : look_at_each(b, r, TOP);
}

static uint8_t truth_of(const struct bench *b, struct facts *facts, uint32_t number)
{
    const struct conjunct *c = &b->flat.conjuncts[number];
    if (c->term)
        return (uint8_t) (1 + term_test(c->term, &facts->scope));
    return (uint8_t) (1 + (schedule_is_on(c->schedule, MIX_NOW) ? TRUTH_YES : TRUTH_NO));
}

/* A packed scan in the order of the file; the order of priority would cost no more. */
__attribute__((noinline)) static uint32_t measured_flat(struct bench *b, struct mix_request *r)
{
    uint32_t found = 0;
    memset(b->truths, 0, b->flat.n_conjuncts);
    for (uint32_t i = 0; i < b->n; i++) {
        const bool allows = b->index && ruleset_rule(b->rules, i)->unknown_allows;
        uint32_t at = b->flat.first[i], end = b->flat.first[i + 1];
        for (; at < end; at++) {
            uint8_t *truth = &b->truths[b->flat.of_rules[at]];
            if (!*truth)
                *truth = truth_of(b, &r->facts, b->flat.of_rules[at]);
            if (*truth != 1 + TRUTH_YES && !(allows && *truth == 1 + TRUTH_UNKNOWN))
                break;
        }
        found += at == end;
    }
    return found;
}

static const struct {
    const char *name;
    way *run;
} ways[] = { { "index", measured_index },
             { "top 4", measured_top },
             { "flat scan", measured_flat },
             { "brute", measured_brute } };
enum { WAYS = sizeof ways / sizeof *ways };
static int n_ways = WAYS; /* --quick: the first two; --load: none */

/* ── measuring ── */

/* Microseconds a request: the median of BATCHES. */
static double time_of(struct bench *b, way *run, uint64_t *ret_found)
{
    double each[BATCHES];
    uint64_t found = 0;
    for (uint32_t i = 0; i < REQUESTS; i++)
        found += run(b, &b->requests[i]);
    *ret_found = found;
    for (int batch = 0; batch < BATCHES; batch++) {
        double before = cpu_now_s(), passed = 0;
        uint64_t n = 0;
        while (passed < BATCH_US / 1e6) {
            for (uint32_t i = 0; i < 16; i++)
                (void) run(b, &b->requests[(n + i) % REQUESTS]);
            n += 16;
            passed = cpu_now_s() - before;
        }
        each[batch] = passed * 1e6 / (double) n;
    }
    for (int i = 1; i < BATCHES; i++)
        for (int k = i; k > 0 && each[k] < each[k - 1]; k--) {
            double swap = each[k];
            each[k] = each[k - 1];
            each[k - 1] = swap;
        }
    return each[BATCHES / 2];
}

static void print_head(const char *name)
{
    printf("\n%s, microseconds of CPU a request\n%8s %8s", name, "rules", "matching");
    for (int w = 0; w < n_ways; w++)
        printf(" %10s", ways[w].name);
    printf(" |%7s %6s %6s %9s %9s |%9s %9s |%8s %8s %8s %8s\n", "load s", "CPU s", "index",
           "peak MiB", "kept MiB", "products", "MiB", "hanging", "scanned", "columns", "filters");
}

static int measure(enum mix_kind kind, uint32_t n_rules, uint32_t count)
{
    struct bench b;
    struct rule_index_facts index = { 0 };
    uint64_t found[WAYS] = { 0 };
    double us[WAYS] = { 0 };

    bench_new(&b, kind, n_rules);
    for (int w = 0; w < n_ways && count == 0; w++)
        us[w] = time_of(&b, ways[w].run, &found[w]);
    for (int w = 0; w < n_ways && count > 0; w++)
        for (uint32_t i = 0; i < count; i++)
            (void) ways[w].run(&b, &b.requests[i % REQUESTS]);
    if (b.index)
        index = rule_index_facts(b.index);
    bool same = count > 0 || n_ways < WAYS || (found[0] == found[2] && found[0] == found[3]);
    if (count == 0) {
        printf("%8u %8.1f", n_rules, (double) found[0] / REQUESTS);
        for (int w = 0; w < n_ways; w++)
            printf(" %10.2f", us[w]);
        printf(" |%7.2f %6.2f %6.2f %9.0f %9.0f |%9.2f %9.1f |", b.load.wall_s, b.load.cpu_s,
               b.load.index_cpu_s, b.load.peak_mib, b.load.kept_mib, b.products_cpu_s,
               b.products ? (double) rule_products_bytes(b.products) / (1 << 20) : 0);
        printf("%8u %8u %8u %8u%s\n", index.hanging, index.scanned, index.columns, index.filters,
               same ? "" : "  NOT THE SAME");
    }
    bench_free(&b);
    return same ? 0 : 1;
}

/* In a process of its own, so that no other ruleset counts in its memory. */
static int measure_apart(enum mix_kind kind, uint32_t n_rules)
{
    int status;
    (void) fflush(stdout);
    pid_t child = fork();
    must(child >= 0, "no process");
    if (child == 0)
        exit(measure(kind, n_rules, 0));
    must(waitpid(child, &status, 0) == child, "a process is lost");
    return status != 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "rules", required_argument, NULL, 'r' }, { "dense", no_argument, NULL, 'd' },
        { "quick", no_argument, NULL, 'q' },       { "load", no_argument, NULL, 'l' },
        { "count", required_argument, NULL, 'c' }, { "without-products", no_argument, NULL, 'p' },
        { "write", required_argument, NULL, 'w' }, { 0 }
    };
    static const uint32_t realistic[] = { 10, 100, 1000, 10000, 100000 },
                          dense[] = { 1000, 100000 };
    uint32_t rules = 0, count = 0;
    const char *dir = NULL;
    enum mix_kind kind = MIX_REALISTIC;
    int c, worst = 0;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (c) {
        case 'r': rules = (uint32_t) strtoul(optarg, NULL, 10); break;
        case 'd': kind = MIX_DENSE; break;
        case 'q': n_ways = 2; break;
        case 'l': n_ways = 0; break;
        case 'p': without_products = true; break;
        case 'c': count = (uint32_t) strtoul(optarg, NULL, 10); break;
        case 'w': dir = optarg; break;
        default:
            fprintf(stderr, "match_rules [--quick | --load] [--without-products]\n"
                            "            [--rules N [--dense] [--count N | --write DIR]]\n");
            return 2;
        }
    if (dir) {
        struct rule_mix mix = rule_mix(kind, rules);
        return write_rules(&mix, dir) ? 0 : 1;
    }
    if (rules) {
        if (count == 0)
            print_head(kind == MIX_DENSE ? "Dense" : "Realistic");
        return measure(kind, rules, count);
    }
    print_head("Realistic mixture");
    for (size_t i = 0; i < sizeof realistic / sizeof *realistic; i++)
        worst |= measure_apart(MIX_REALISTIC, realistic[i]);
    print_head("Dense mixture");
    for (size_t i = 0; i < sizeof dense / sizeof *dense; i++)
        worst |= measure_apart(MIX_DENSE, dense[i]);
    return worst;
}
