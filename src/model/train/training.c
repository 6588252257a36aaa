/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/spd.h"
#include "model/train/gram.h"
#include "model/train/weights.h"
#include "model/train/weights_mix.h"

enum {
    DEFAULT_TOP = 64,
    DENSE_SKUS = 1024, /* up to so many, all weights are kept */
    WHOLE_SKUS = 2500, /* up to so many, a solution as a whole is thought of: n^3 operations */
    ROW_MOST = 512,    /* kept of a row of G, where it is not there as a whole */
};
static const uint64_t DEFAULT_MEMORY = UINT64_C(3) << 30;

/* ── the orders ─────────────────────────────────────────────────────────────────────────── */

struct moment {
    int64_t at_us;
    uint32_t order;
};

static int by_time(const void *left, const void *right)
{
    const struct moment *a = left, *b = right;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static enum err split_by_time(struct training *training)
{
    uint32_t n = training->n_orders;
    struct moment *moments = malloc(((size_t) n + 1) * sizeof *moments);
    if (!moments)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        moments[i] = (struct moment){ training->baskets->at_us[i], i };
    qsort(moments, n, sizeof *moments, by_time);
    for (uint32_t i = 0; i < n; i++)
        training->orders[i] = moments[i].order;
    training->n_known = (uint32_t) ((uint64_t) n * 4 / 5);
    free(moments);
    return OK;
}

static bool is_asked(uint32_t order)
{
    return (order * UINT32_C(2654435761)) >> 16 < (UINT32_C(1) << 16) / 5;
}

static void split_by_hash(struct training *training)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < training->n_orders; i++)
        if (!is_asked(i))
            training->orders[n++] = i;
    training->n_known = n;
    for (uint32_t i = 0; i < training->n_orders; i++)
        if (is_asked(i))
            training->orders[n++] = i;
}

/* In a shop whose orders are few and small, rows of G are short. */
static double count_pairs(const struct baskets *baskets)
{
    double n = 0;
    for (uint32_t i = 0; i < baskets->n_orders; i++) {
        uint64_t size = baskets->first[i + 1] - baskets->first[i];
        size = size < GRAM_BASKET ? size : GRAM_BASKET;
        n += (double) size * (double) (size - (size > 0));
    }
    return n;
}

static bool has_times(const struct baskets *baskets)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < baskets->n_orders; i++)
        n += baskets->at_us[i] > 0;
    return n > baskets->n_orders / 2;
}

enum err training_init(struct training *training, const struct baskets *baskets,
                       const struct train_settings *settings)
{
    *training = (struct training){
        .baskets = baskets,
        .settings = settings,
        .crew = { settings->parallel, settings->self },
        .n_orders = baskets->n_orders,
        .n_pairs = count_pairs(baskets),
        .timed = has_times(baskets),
        .memory_bytes = settings->memory_bytes ? settings->memory_bytes : DEFAULT_MEMORY,
        .top = settings->top ? settings->top : DEFAULT_TOP,
    };
    training->orders = malloc(((size_t) baskets->n_orders + 1) * sizeof *training->orders);
    if (!training->orders)
        return ERR_NOMEM;
    if (training->timed)
        return split_by_time(training);
    split_by_hash(training);
    return OK;
}

void training_deinit(struct training *training)
{
    free(training->orders);
}

/*
 * Now, as the weights see it. Of a thousand orders one may be
 * dated years ahead by mistake: it must not make all others old.
 */
static int64_t latest(const struct training *training, uint32_t n_orders)
{
    int64_t last = 0;
    uint32_t rest = n_orders - n_orders / 1000;
    for (uint32_t i = 0; i < rest; i++)
        if (training->baskets->at_us[training->orders[i]] > last)
            last = training->baskets->at_us[training->orders[i]];
    return last;
}

static double fading(const struct training *training, const struct trained_parameters *parameters,
                     int64_t at_us, int64_t now_us)
{
    static const double US_PER_DAY = 86400e6;
    if (!training->timed || !(parameters->half_life_days > 0) || at_us >= now_us)
        return 1;
    double days = (double) (now_us - at_us) / US_PER_DAY;
    return exp2(-days / (double) parameters->half_life_days);
}

static float *order_weights(const struct training *training,
                            const struct trained_parameters *parameters, uint32_t n_orders,
                            float *popularity)
{
    const struct baskets *baskets = training->baskets;
    float *weights = malloc(((size_t) n_orders + 1) * sizeof *weights);
    int64_t now_us = latest(training, n_orders);
    for (uint32_t i = 0; weights && i < n_orders; i++) {
        uint32_t order = training->orders[i];
        uint64_t begin = baskets->first[order], end = baskets->first[order + 1];
        double fresh = fading(training, parameters, baskets->at_us[order], now_us);
        weights[i] =
            (float) (fresh * pow((double) (end - begin), -(double) parameters->size_power));
        for (uint64_t k = begin; popularity && k < end; k++)
            popularity[baskets->items[k]] += (float) fresh;
    }
    return weights;
}

/* ── what it takes ──────────────────────────────────────────────────────────────────────── */

static uint32_t row_most(const struct training *training)
{
    return training->baskets->n_skus <= GRAM_WHOLE ? UINT32_MAX : ROW_MOST;
}

double training_gram_cost(const struct training *training, uint32_t n_orders)
{
    const struct gram_wishes wishes = { .baskets = training->baskets,
                                        .orders = training->orders,
                                        .n_orders = n_orders };
    return 2 * gram_cost(&wishes);
}

double training_solve_cost(const struct training *training,
                           const struct trained_parameters *parameters)
{
    double n = training->baskets->n_skus, s = parameters->support;
    double row = n < ROW_MOST ? n : ROW_MOST;
    if (training->n_pairs < n * row)
        row = training->n_pairs / n;
    if (parameters->counts_share >= 1)
        return n * 50 * row;
    if (parameters->support == 0)
        return 1.5 * n * n * n; /* on one thread, and without knowing the processor's caches */
    s = (s < row ? s : row) + WEIGHTS_REGULARS;
    return n * (s * s * s / 6 + 10 * s * (n <= GRAM_WHOLE ? s : row) + 50 * row);
}

bool training_fits(const struct training *training, const struct trained_parameters *parameters)
{
    uint64_t n = training->baskets->n_skus, lines = training->baskets->first[training->n_orders];
    uint64_t row = row_most(training) < n ? row_most(training) : n;
    uint64_t bytes = n * row * (sizeof(uint32_t) + sizeof(float)) + lines * sizeof(uint32_t) +
                     n * 8 * sizeof(double) + (n <= GRAM_WHOLE ? n * n * sizeof(float) : 0);
    if (parameters->support == 0)
        return n <= WHOLE_SKUS &&
               bytes + weights_whole_bytes((uint32_t) n) <= training->memory_bytes;
    return bytes + 3 * n * (parameters->support + WEIGHTS_REGULARS) * sizeof(struct trained_edge) <=
           training->memory_bytes;
}

/* ── doing it ───────────────────────────────────────────────────────────────────────────── */

enum err training_gram(const struct training *training, const struct trained_parameters *parameters,
                       uint32_t n_orders, struct gram **ret_gram, float **ret_popularity)
{
    float *popularity = NULL;
    if (ret_popularity &&
        !(popularity = calloc((size_t) training->baskets->n_skus + 1, sizeof *popularity)))
        return ERR_NOMEM;
    float *weights = order_weights(training, parameters, n_orders, popularity);
    const struct gram_wishes wishes = { .baskets = training->baskets,
                                        .orders = training->orders,
                                        .weights = weights,
                                        .n_orders = n_orders,
                                        .most = row_most(training) };
    enum err err = weights ? gram_new(&wishes, &training->crew, ret_gram) : ERR_NOMEM;
    free(weights);
    if (err == OK && ret_popularity)
        *ret_popularity = popularity;
    else
        free(popularity);
    return err;
}

static uint32_t top_of(const struct training *training, const struct trained_parameters *parameters)
{
    bool all = parameters->support == 0 && training->baskets->n_skus <= DENSE_SKUS;
    return all ? 0 : training->top;
}

enum err training_mix(const struct training *training, const struct trained_parameters *parameters,
                      const struct gram *gram, const struct weights *regression,
                      struct weights **ret_weights)
{
    float ridge = parameters->counts_share < 1 ? TRAINING_COUNTS_RIDGE : parameters->ridge;
    return weights_mix(gram, regression, (double) ridge, (double) parameters->counts_share,
                       top_of(training, parameters), &training->crew, ret_weights);
}

static enum err solve(const struct training *training, const struct trained_parameters *parameters,
                      const struct gram *gram, struct weights **ret_weights)
{
    double ridge = (double) parameters->ridge;
    if (parameters->support > 0)
        return weights_near(gram, ridge, parameters->support, training->top, &training->crew,
                            ret_weights);
    return weights_whole(gram, ridge, top_of(training, parameters), &training->crew, ret_weights);
}

enum err training_solve(const struct training *training,
                        const struct trained_parameters *parameters, const struct gram *gram,
                        struct weights **ret_weights)
{
    if (!(parameters->counts_share > 0))
        return solve(training, parameters, gram, ret_weights);
    AUTO(weights_free) struct weights *regression = NULL;
    if (parameters->counts_share < 1)
        TRY(solve(training, parameters, gram, &regression));
    return training_mix(training, parameters, gram, regression, ret_weights);
}

enum err training_step(struct training *training, const char *what, double cost)
{
    const struct train_settings *settings = training->settings;
    training->done += cost;
    double part = training->all > 0 ? training->done / training->all : 0;
    if (settings->progress && !settings->progress(settings->self, what, part < 1 ? part : 1))
        return ERR_UNAVAILABLE;
    return OK;
}
