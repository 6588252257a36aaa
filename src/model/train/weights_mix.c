/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/weights_mix.h"

#include <stdlib.h>
#include <string.h>

#include "model/train/crew.h"
#include "model/train/gram.h"
#include "model/train/weight_lists.h"
#include "model/train/weights.h"

struct mixing {
    const struct gram *gram;
    const struct weights *regression;
    struct weights *mix;
    double ridge, of_regression, of_counts;
    uint32_t top;
    uint32_t *counts; /* of each list */
};

static double counted(const struct mixing *mixing, uint32_t from, float both)
{
    return (double) both / (mixing->gram->diagonal[from] + mixing->ridge);
}

/* ── of one size ────────────────────────────────────────────────────────────────────────── */

static double strongest_of_regression(const struct weights *weights, uint32_t from)
{
    float most = 0;
    if (weights->form == TRAINED_DENSE) {
        const float *row = weights->dense + (size_t) from * weights->n_skus;
        for (uint32_t to = 0; to < weights->n_skus; to++)
            most = row[to] > most ? row[to] : most;
    } else
        for (uint64_t k = weights->first[from]; k < weights->first[from + 1]; k++)
            most = weights->edges[k].weight > most ? weights->edges[k].weight : most;
    return (double) most;
}

static double strongest_of_counts(const struct mixing *mixing, uint32_t from)
{
    const struct gram_row *row = &mixing->gram->rows[from];
    float most = 0;
    for (uint32_t k = 0; k < row->n; k++)
        most = row->weights[k] > most ? row->weights[k] : most;
    return most > 0 ? counted(mixing, from, most) : 0;
}

/*
 * What counts must be multiplied with, so that what speaks
 * loudest for each SKU is as loud in the mean.
 */
static double size_of_counts(const struct mixing *mixing)
{
    double regression = 0, counts = 0;
    for (uint32_t from = 0; from < mixing->gram->n_skus; from++) {
        regression += strongest_of_regression(mixing->regression, from);
        counts += strongest_of_counts(mixing, from);
    }
    return regression > 0 && counts > 0 ? regression / counts : 1;
}

/* ── all weights ────────────────────────────────────────────────────────────────────────── */

static enum err mix_rows(void *context, uint32_t begin, uint32_t end)
{
    const struct mixing *mixing = context;
    uint32_t n = mixing->gram->n_skus;
    for (uint32_t from = begin; from < end; from++) {
        const float *regression =
            mixing->regression ? mixing->regression->dense + (size_t) from * n : NULL;
        float *mix = mixing->mix->dense + (size_t) from * n;
        const struct gram_row *row = &mixing->gram->rows[from];
        for (uint32_t to = 0; to < n; to++)
            mix[to] = regression ? (float) (mixing->of_regression * (double) regression[to]) : 0;
        for (uint32_t k = 0; k < row->n; k++)
            mix[row->skus[k]] +=
                (float) (mixing->of_counts * counted(mixing, from, row->weights[k]));
    }
    return OK;
}

static enum err mix_dense(struct mixing *mixing, const struct crew *crew)
{
    size_t n = mixing->gram->n_skus;
    mixing->mix->form = TRAINED_DENSE;
    mixing->mix->dense = malloc((n * n + 1) * sizeof *mixing->mix->dense);
    return mixing->mix->dense ? crew_run(crew, (uint32_t) n, mixing, mix_rows) : ERR_NOMEM;
}

/* ── lists ──────────────────────────────────────────────────────────────────────────────── */

static uint32_t length_of(const struct weights *weights, uint32_t from) /* NULL: nothing */
{
    return weights ? (uint32_t) (weights->first[from + 1] - weights->first[from]) : 0;
}

/*
 * All edges from one SKU into @edges, in the order of the
 * SKUs' numbers first, then of the regression. @says is clean.
 */
static uint32_t mix_list(const struct mixing *mixing, uint32_t from, float *says,
                         struct trained_edge *edges)
{
    uint32_t n = 0, n_regression = length_of(mixing->regression, from);
    const struct trained_edge *regression =
        n_regression ? mixing->regression->edges + mixing->regression->first[from] : NULL;
    const struct gram_row *row = &mixing->gram->rows[from];
    for (uint32_t k = 0; k < n_regression; k++)
        says[regression[k].sku] = (float) (mixing->of_regression * (double) regression[k].weight);
    for (uint32_t k = 0; k < row->n; k++) {
        uint32_t to = row->skus[k];
        double counts = mixing->of_counts * counted(mixing, from, row->weights[k]);
        edges[n++] = (struct trained_edge){ to, (float) ((double) says[to] + counts) };
        says[to] = 0;
    }
    for (uint32_t k = 0; k < n_regression; k++) {
        uint32_t to = regression[k].sku;
        if (says[to] != 0)
            edges[n++] = (struct trained_edge){ to, says[to] };
        says[to] = 0;
    }
    return n;
}

static enum err mix_some_lists(void *context, uint32_t begin, uint32_t end)
{
    const struct mixing *mixing = context;
    size_t n_skus = mixing->gram->n_skus;
    float *says = calloc(n_skus + 1, sizeof *says);
    struct trained_edge *edges = malloc((n_skus + 1) * sizeof *edges);
    enum err err = says && edges ? OK : ERR_NOMEM;
    for (uint32_t from = begin; err == OK && from < end; from++) {
        uint32_t n = mix_list(mixing, from, says, edges);
        n = weight_lists_strongest(edges, n, mixing->top);
        memcpy(mixing->mix->edges + mixing->mix->first[from], edges, n * sizeof *edges);
        mixing->counts[from] = n;
    }
    free(says);
    free(edges);
    return err;
}

static enum err mix_lists(struct mixing *mixing, const struct crew *crew)
{
    struct weights *mix = mixing->mix;
    uint32_t n = mix->n_skus;
    for (uint32_t from = 0; from < n; from++) {
        uint32_t most = mixing->gram->rows[from].n + length_of(mixing->regression, from);
        mix->first[from + 1] = mix->first[from] + (most < mixing->top ? most : mixing->top);
    }
    mix->edges = malloc((mix->first[n] + 1) * sizeof *mix->edges);
    mixing->counts = calloc((size_t) n + 1, sizeof *mixing->counts);
    enum err err = mix->edges && mixing->counts ? OK : ERR_NOMEM;
    if (err == OK)
        err = crew_run(crew, n, mixing, mix_some_lists);
    if (err == OK)
        weight_lists_close_gaps(mix, mixing->counts);
    free(mixing->counts);
    return err;
}

enum err weights_mix(const struct gram *gram, const struct weights *regression, double ridge,
                     double share, uint32_t top, const struct crew *crew,
                     struct weights **ret_weights)
{
    AUTO(weights_free) struct weights *mix = weight_lists_new(gram->n_skus);
    if (!mix)
        return ERR_NOMEM;
    struct mixing mixing = { .gram = gram,
                             .regression = share < 1 ? regression : NULL,
                             .mix = mix,
                             .ridge = ridge,
                             .of_regression = 1 - share,
                             .of_counts = 1,
                             .top = top };
    if (share < 1)
        mixing.of_counts = share * size_of_counts(&mixing);
    TRY(top == 0 ? mix_dense(&mixing, crew) : mix_lists(&mixing, crew));
    *ret_weights = MOVE(mix);
    return OK;
}
