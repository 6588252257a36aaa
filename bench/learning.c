/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learning: how much profit is lost until it is known which offers are worth showing, in made-up shops
 * whose true rates are known (learning_shop.h), by each of the policies of learning_run.h.
 *
 *   learning [--decisions N] [--days D] [--seed S] [--shops N] [--blind] [--plot DIR] [--json] [--check]
 *
 * --shops: the mean over so many shops, from --seed on. --blind: relevance says nothing. --check: exit 1
 * unless it was learned: clearly less lost than by random choice and, after the change, than by the best fixed
 * list; predictions near what was observed.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learning_plot.h"
#include "learning_run.h"

struct settings {
    uint32_t decisions, shops;
    double days;
    uint64_t seed;
    bool blind, json, check;
    const char *plot;
};

struct figures { /* means over the shops */
    struct learning_run runs[POLICIES];
    struct calibration calibration;
};

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "learning: %s\n", what);
    exit(2);
}

/* Regret before (0) and after (1) the change. */
static double lost(const struct learning_run *run, int half)
{
    double before = run->lost[CURVE_POINTS / 2 - 1];
    return half ? run->lost[CURVE_POINTS - 1] - before : before;
}

static void add_run(struct learning_run *sum, const struct learning_run *run, double weight)
{
    sum->profit += weight * run->profit;
    sum->possible += weight * run->possible;
    sum->seal_us += weight * run->seal_us;
    sum->slope += weight * run->slope;
    for (int i = 0; i < CURVE_POINTS; i++)
        sum->lost[i] += weight * run->lost[i];
}

static void measure(const struct settings *settings, struct figures *ret_figures)
{
    size_t n = settings->decisions;
    struct prediction *all = malloc(n * settings->shops * sizeof *all);
    struct prediction *others = malloc(n * sizeof *others);
    must(all && others, "no memory");
    *ret_figures = (struct figures){ .calibration = { .error = 0 } };
    for (uint32_t i = 0; i < settings->shops; i++) {
        struct shop shop;
        shop_init(&shop, settings->seed + i, settings->blind);
        for (int p = 0; p < POLICIES; p++) {
            struct learning_run run = { .predictions = p == POLICY_OFFERD ? all + n * i : others };
            learning_run(&shop, (enum policy_number) p, settings->decisions, settings->days, &run);
            add_run(&ret_figures->runs[p], &run, 1.0 / settings->shops);
        }
    }
    calibration_of(all, (uint32_t) (n * settings->shops), &ret_figures->calibration);
    free(all);
    free(others);
}

static void print_text(const struct settings *settings, const struct figures *f)
{
    const struct calibration *c = &f->calibration;
    printf("%u decisions over %g days, one of %d offers shown; the taste changes in the middle; %u "
           "shop%s from seed "
           "%llu%s\n\n%-16s%14s%10s%10s%17s%12s\n",
           settings->decisions, settings->days, SHOP_CANDIDATES, settings->shops,
           settings->shops == 1 ? "" : "s", (unsigned long long) settings->seed,
           settings->blind ? "; relevance says nothing" : "", "policy", "lost a 1,000", "before",
           "after", "profit a 1,000", "of oracle");
    for (int p = 0; p < POLICIES; p++) {
        const struct learning_run *run = &f->runs[p];
        double per = 1000.0 / settings->decisions;
        printf("%-16s%14.0f%10.0f%10.0f%17.0f%11.1f%%\n", policy_name((enum policy_number) p),
               run->lost[CURVE_POINTS - 1] * per, lost(run, 0) * per * 2, lost(run, 1) * per * 2,
               run->profit * per, 100 * run->profit / run->possible);
    }
    printf("\n%-12s", "predicted");
    for (int d = 0; d < DECILES; d++)
        printf("%8.2f%%", 100 * c->predicted[d]);
    printf("\n%-12s", "observed");
    for (int d = 0; d < DECILES; d++)
        printf("%8.2f%%", 100 * c->observed[d]);
    printf("\n%-12s", "true rate");
    for (int d = 0; d < DECILES; d++)
        printf("%8.2f%%", 100 * c->rate[d]);
    printf(
        "\ncalibration error %.2f points against what was observed, %.2f against the true rates\n"
        "slope of relevance %.2f; sealing took %.0f us\n",
        100 * c->error, 100 * c->true_error, f->runs[POLICY_OFFERD].slope,
        f->runs[POLICY_OFFERD].seal_us);
}

static void print_list(const char *name, const double *values, int n)
{
    printf("\"%s\": [", name);
    for (int i = 0; i < n; i++)
        printf("%s%.6g", i ? ", " : "", values[i]);
    printf("]");
}

static void print_json(const struct settings *settings, const struct figures *f)
{
    printf("{\"decisions\": %u, \"days\": %g, \"shops\": %u, \"seed\": %llu, \"blind\": %s, "
           "\"policies\": [",
           settings->decisions, settings->days, settings->shops,
           (unsigned long long) settings->seed, settings->blind ? "true" : "false");
    for (int p = 0; p < POLICIES; p++) {
        const struct learning_run *run = &f->runs[p];
        printf("%s{\"policy\": \"%s\", \"profit\": %.6g, \"possible\": %.6g, \"lost\": %.6g, "
               "\"lost_before\": %.6g, \"lost_after\": %.6g, ",
               p ? ", " : "", policy_name((enum policy_number) p), run->profit, run->possible,
               run->lost[CURVE_POINTS - 1], lost(run, 0), lost(run, 1));
        print_list("curve", run->lost, CURVE_POINTS);
        printf("}");
    }
    printf("], \"calibration\": {");
    print_list("predicted", f->calibration.predicted, DECILES);
    printf(", ");
    print_list("observed", f->calibration.observed, DECILES);
    printf(", ");
    print_list("rate", f->calibration.rate, DECILES);
    printf(", \"error\": %.6g, \"true_error\": %.6g}, \"slope\": %.4g, \"seal_us\": %.4g}\n",
           f->calibration.error, f->calibration.true_error, f->runs[POLICY_OFFERD].slope,
           f->runs[POLICY_OFFERD].seal_us);
}

static void plot(const struct settings *settings, const struct figures *f)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/learning_regret.svg", settings->plot);
    must(plot_regret(path, f->runs, settings->decisions), "the plot cannot be written");
    snprintf(path, sizeof path, "%s/learning_calibration.svg", settings->plot);
    must(plot_calibration(path, &f->calibration), "the plot cannot be written");
}

static bool holds(bool fine, const char *what)
{
    fprintf(stderr, "%s: %s\n", fine ? "ok" : "not ok", what);
    return fine;
}

static bool check(const struct figures *f)
{
    const struct learning_run *run = f->runs, *offerd = &run[POLICY_OFFERD];
    double all = offerd->lost[CURVE_POINTS - 1], random = run[POLICY_RANDOM].lost[CURVE_POINTS - 1];
    bool fine = holds(all < 0.25 * random, "loses less than a quarter of what chance loses");
    fine &= holds(lost(offerd, 1) < 0.95 * lost(&run[POLICY_FIXED], 1),
                  "after the change loses less than the best fixed list");
    fine &= holds(all < 0.75 * run[POLICY_PLAIN].lost[CURVE_POINTS - 1],
                  "loses much less than plain Thompson sampling");
    return fine & holds(f->calibration.true_error < 0.008, "predicts to within 0.8 points");
}

static struct settings read_flags(int argc, char **argv)
{
    static const struct option flags[] = {
        { "decisions", required_argument, NULL, 'n' },
        { "days", required_argument, NULL, 'd' },
        { "seed", required_argument, NULL, 's' },
        { "shops", required_argument, NULL, 'm' },
        { "blind", no_argument, NULL, 'b' },
        { "plot", required_argument, NULL, 'p' },
        { "json", no_argument, NULL, 'j' },
        { "check", no_argument, NULL, 'c' },
        { 0 },
    };
    struct settings s = { .decisions = 100000, .shops = 1, .days = 60, .seed = 1 };
    for (int flag; (flag = getopt_long(argc, argv, "", flags, NULL)) != -1;)
        switch (flag) {
        case 'n': s.decisions = (uint32_t) strtoul(optarg, NULL, 10); break;
        case 'd': s.days = strtod(optarg, NULL); break;
        case 's': s.seed = strtoull(optarg, NULL, 10); break;
        case 'm': s.shops = (uint32_t) strtoul(optarg, NULL, 10); break;
        case 'b': s.blind = true; break;
        case 'p': s.plot = optarg; break;
        case 'j': s.json = true; break;
        case 'c': s.check = true; break;
        default: exit(2);
        }
    must(s.decisions >= CURVE_POINTS && s.shops > 0 && s.days > 0,
         "at least 100 decisions and one shop");
    return s;
}

int main(int argc, char **argv)
{
    struct settings settings = read_flags(argc, argv);
    static struct figures figures;
    measure(&settings, &figures);
    if (settings.json)
        print_json(&settings, &figures);
    else
        print_text(&settings, &figures);
    if (settings.plot)
        plot(&settings, &figures);
    return settings.check && !check(&figures) ? 1 : 0;
}
