/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Item to item: three formulas over the same counts, summed over the cart. In single precision and
 * in the order of the cart, so that equal evidence gives equal scores wherever this is computed.
 */
#include <math.h>
#include <stdlib.h>

#include "eval/method.h"
#include "eval/pair_rows.h"

struct pairs {
    struct method method; /* first */
    struct pair_rows *rows;
    float (*formula)(float both, float one, float other);
};

static float conditional(float both, float one, float other)
{
    (void) other;
    return both / one;
}

static float cosine(float both, float one, float other)
{
    return both / sqrtf(one * other);
}

static float cosine10(float both, float one, float other)
{
    return both / (sqrtf(one * other) + 10);
}

static enum err score(struct method *method, const struct trial_case *asked, float *scores)
{
    struct pairs *self = (struct pairs *) method;
    for (uint32_t i = 0; i < asked->n_cart; i++) {
        struct pair_row row = pair_rows_get(self->rows, asked->cart[i]);
        float one = pair_rows_single(self->rows, asked->cart[i]);
        for (uint32_t k = 0; k < row.n; k++) {
            float other = pair_rows_single(self->rows, row.skus[k]);
            scores[row.skus[k]] += self->formula(row.orders[k], one, other);
        }
    }
    return OK;
}

static void release(struct method *method)
{
    struct pairs *self = (struct pairs *) method;
    (void) pair_rows_free(self->rows);
    free(self);
}

static enum err pairs_new(const struct trial *trial, float (*formula)(float, float, float),
                          struct method **ret_method)
{
    AUTO(pair_rows_free) struct pair_rows *rows = NULL;
    TRY(pair_rows_new(trial->train, &rows));
    struct pairs *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    *self = (struct pairs){ { .score = score, .free = release }, MOVE(rows), formula };
    *ret_method = &self->method;
    return OK;
}

enum err method_conditional_new(const struct trial *trial, struct method **ret_method,
                                struct err_note *note)
{
    (void) note;
    return pairs_new(trial, conditional, ret_method);
}

enum err method_cosine_new(const struct trial *trial, struct method **ret_method,
                           struct err_note *note)
{
    (void) note;
    return pairs_new(trial, cosine, ret_method);
}

enum err method_cosine10_new(const struct trial *trial, struct method **ret_method,
                             struct err_note *note)
{
    (void) note;
    return pairs_new(trial, cosine10, ret_method);
}
