/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neighbours among orders. Candidates are the last RECENT orders of each SKU in the cart; the k
 * most similar of them vote for what they hold with their similarity. Of equally similar ones at
 * the edge the newest vote.
 *
 *     S-kNN   similarity = shared SKUs / sqrt(size of the order * size of the cart)
 *     VS-kNN  a shared SKU counts by its place in the cart, (1 … n) / n, similarity = sum /
 *             sqrt(size of the order); votes are multiplied by ln(orders / orders with that SKU)
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/method.h"
#include "eval/postings.h"

enum { RECENT = 2000, SKNN_K = 300, VSKNN_K = 200, MOST_K = SKNN_K };

struct neighbour {
    float similarity;
    uint32_t order;
};

struct knn {
    struct method method; /* first */
    const struct trial *trial;
    struct postings *postings;
    bool ordered; /* VS-kNN */
    uint32_t k;
    bool *candidate; /* of each order */
    float *shared;   /* of each order: what the cart has in common with it */
    uint32_t *candidates;
    uint32_t n_candidates;
};

static float size_of(const struct baskets *baskets, uint32_t order)
{
    return (float) (baskets->first[order + 1] - baskets->first[order]);
}

static void find_candidates(struct knn *self, const struct trial_case *asked)
{
    const struct postings *postings = self->postings;
    self->n_candidates = 0;
    for (uint32_t i = 0; i < asked->n_cart; i++) {
        uint64_t begin = postings->first[asked->cart[i]], end = postings->first[asked->cart[i] + 1];
        for (uint64_t p = end - begin > RECENT ? end - RECENT : begin; p < end; p++) {
            uint32_t order = postings->orders[p];
            if (self->candidate[order])
                continue;
            self->candidate[order] = true;
            self->shared[order] = 0;
            self->candidates[self->n_candidates++] = order;
        }
    }
}

/* Summed by rising SKU number, so that the sum does not depend on the order of the file's lines. */
static void weigh_candidates(struct knn *self, const struct trial_case *asked)
{
    uint32_t places[TRIAL_CART];
    for (uint32_t i = 0; i < asked->n_cart; i++) {
        uint32_t k = i;
        for (; k > 0 && asked->cart[places[k - 1]] > asked->cart[i]; k--)
            places[k] = places[k - 1];
        places[k] = i;
    }
    for (uint32_t i = 0; i < asked->n_cart; i++) {
        uint32_t sku = asked->cart[places[i]];
        float weight = self->ordered ? (float) ((places[i] + 1.0) / asked->n_cart) : 1;
        for (uint64_t p = self->postings->first[sku]; p < self->postings->first[sku + 1]; p++)
            if (self->candidate[self->postings->orders[p]])
                self->shared[self->postings->orders[p]] += weight;
    }
}

static bool is_nearer(struct neighbour a, struct neighbour b)
{
    return a.similarity > b.similarity || (a.similarity == b.similarity && a.order > b.order);
}

/* @heap[0] is the farthest of the @n kept. */
static void sift_down(struct neighbour *heap, uint32_t n)
{
    for (uint32_t at = 0, child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && is_nearer(heap[child], heap[child + 1]))
            child++;
        if (!is_nearer(heap[at], heap[child]))
            return;
        struct neighbour moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
    }
}

static void sift_up(struct neighbour *heap, uint32_t at)
{
    for (; at > 0 && is_nearer(heap[(at - 1) / 2], heap[at]); at = (at - 1) / 2) {
        struct neighbour moved = heap[at];
        heap[at] = heap[(at - 1) / 2];
        heap[(at - 1) / 2] = moved;
    }
}

static uint32_t keep_nearest(struct knn *self, const struct trial_case *asked,
                             struct neighbour nearest[MOST_K])
{
    const struct baskets *train = self->trial->train;
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n_candidates; i++) {
        uint32_t order = self->candidates[i];
        float size = size_of(train, order);
        float norm = sqrtf(self->ordered ? size : size * (float) asked->n_cart);
        struct neighbour found = { self->shared[order] / norm, order };
        self->candidate[order] = false; /* for the next case */
        if (n < self->k) {
            nearest[n] = found;
            sift_up(nearest, n++);
        } else if (is_nearer(found, nearest[0])) {
            nearest[0] = found;
            sift_down(nearest, n);
        }
    }
    return n;
}

static enum err score(struct method *method, const struct trial_case *asked, float *scores)
{
    struct knn *self = (struct knn *) method;
    const struct baskets *train = self->trial->train;
    struct neighbour nearest[MOST_K];
    find_candidates(self, asked);
    weigh_candidates(self, asked);
    uint32_t n = keep_nearest(self, asked, nearest);
    for (uint32_t k = 0; k < n; k++)
        for (uint64_t i = train->first[nearest[k].order]; i < train->first[nearest[k].order + 1];
             i++)
            scores[train->items[i]] += nearest[k].similarity;
    for (uint32_t s = 0; self->ordered && s < train->n_skus; s++)
        scores[s] *= logf((float) train->n_orders / self->trial->popularity[s]);
    return OK;
}

static void release(struct method *method)
{
    struct knn *self = (struct knn *) method;
    (void) postings_free(self->postings);
    free(self->candidate);
    free(self->shared);
    free(self->candidates);
    free(self);
}

static enum err knn_new(const struct trial *trial, bool ordered, uint32_t k,
                        struct method **ret_method)
{
    struct knn *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->method = (struct method){ .score = score, .free = release };
    AUTO(method_free) struct method *owned = &self->method;
    size_t n = (size_t) trial->train->n_orders + 1;
    self->trial = trial;
    self->ordered = ordered;
    self->k = k;
    self->candidate = calloc(n, sizeof *self->candidate);
    self->shared = calloc(n, sizeof *self->shared);
    self->candidates = calloc(n, sizeof *self->candidates);
    if (!self->candidate || !self->shared || !self->candidates)
        return ERR_NOMEM;
    TRY(postings_new(trial->train, &self->postings));
    *ret_method = MOVE(owned);
    return OK;
}

enum err method_sknn_new(const struct trial *trial, struct method **ret_method,
                         struct err_note *note)
{
    (void) note;
    return knn_new(trial, false, SKNN_K, ret_method);
}

enum err method_vsknn_new(const struct trial *trial, struct method **ret_method,
                          struct err_note *note)
{
    (void) note;
    return knn_new(trial, true, VSKNN_K, ret_method);
}
