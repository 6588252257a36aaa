/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P = (X'WX + lambda I)^-1; B(i, j) = -P(i, j) / P(j, j), 0 on the diagonal; the score of j is the
 * sum of B(i, j) over the cart. Only P is kept. Memory is 8 bytes a pair of SKUs, hence
 * EASE_MAX_SKUS.
 */
#include <math.h>
#include <stdlib.h>

#include "eval/method.h"
#include "model/spd.h"

enum { EASE_MAX_SKUS = 8000 };
#define DAY_US (INT64_C(24) * 3600 * 1000000)

struct recipe {
    double lambda, half_life_days, size_power; /* half_life_days 0: orders do not age */
};
static const struct recipe plain = { 100, 0, 0 }, weighted = { 5, 180, .5 };

struct ease {
    struct method method; /* first */
    uint32_t n;
    double *p; /* n rows of n */
};

static enum err score(struct method *method, const struct trial_case *asked, float *scores)
{
    const struct ease *self = (const struct ease *) method;
    for (uint32_t k = 0; k < asked->n_cart; k++) {
        uint32_t i = asked->cart[k];
        const double *row = self->p + (size_t) i * self->n;
        for (uint32_t j = 0; j < self->n; j++)
            if (j != i)
                scores[j] += (float) (-row[j] / self->p[(size_t) j * (self->n + 1)]);
    }
    return OK;
}

static void release(struct method *method)
{
    struct ease *self = (struct ease *) method;
    free(self->p);
    free(self);
}

/* The matrix X'WX + lambda I, its lower half. */
static void fill(struct ease *self, const struct baskets *train, const struct recipe *recipe)
{
    int64_t last_us = 0;
    for (uint32_t o = 0; o < train->n_orders; o++)
        last_us = train->at_us[o] > last_us ? train->at_us[o] : last_us;
    for (uint32_t o = 0; o < train->n_orders; o++) {
        const uint32_t *items = train->items + train->first[o];
        uint64_t n = train->first[o + 1] - train->first[o];
        double days = (double) (last_us - train->at_us[o]) / DAY_US;
        double weight = pow((double) n, -recipe->size_power);
        if (recipe->half_life_days > 0)
            weight *= exp2(-days / recipe->half_life_days);
        for (uint64_t a = 0; a < n; a++)
            for (uint64_t b = 0; b < n; b++)
                if (items[a] >= items[b])
                    self->p[(size_t) items[a] * self->n + items[b]] += weight;
    }
    for (uint32_t i = 0; i < self->n; i++)
        self->p[(size_t) i * self->n + i] += recipe->lambda;
}

static enum err ease_new(const struct trial *trial, const struct recipe *recipe,
                         struct method **ret_method, struct err_note *note)
{
    uint32_t n = trial->train->n_skus;
    if (n > EASE_MAX_SKUS)
        return err_fail(note, ERR_LIMIT, "needs 8 bytes a pair of SKUs: %u SKUs are over its %d", n,
                        EASE_MAX_SKUS);
    struct ease *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->method = (struct method){ .score = score, .free = release };
    AUTO(method_free) struct method *owned = &self->method;
    self->n = n;
    self->p = calloc((size_t) n * n, sizeof *self->p);
    if (!self->p)
        return ERR_NOMEM;
    fill(self, trial->train, recipe);
    TRY(spd_invert(self->p, n));
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < i; j++)
            self->p[(size_t) j * n + i] = self->p[(size_t) i * n + j];
    *ret_method = MOVE(owned);
    return OK;
}

enum err method_ease_new(const struct trial *trial, struct method **ret_method,
                         struct err_note *note)
{
    return ease_new(trial, &plain, ret_method, note);
}

enum err method_ease_weighted_new(const struct trial *trial, struct method **ret_method,
                                  struct err_note *note)
{
    return ease_new(trial, &weighted, ret_method, note);
}
