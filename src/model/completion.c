/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The products that the cart speaks for are scored in one of two ways, from rows of lists or from a
 * dense trained. Either way the scores are one array of floats, given out best first. What is told
 * of a product besides its score is looked up when it is asked for: most are not.
 *
 * Scores are kept as sum + w / (1 - w) * v / (v + 1), and multiplied by 1 - w when they are told.
 */
#include "model/completion.h"

#include <math.h>

#include "model/completion_parts.h"
#include "shop/catalog.h"
#include "shop/customer.h"

static const float HISTORY_MOST = 0.99F;
static const float HABIT_ALONE_LEAST = 1e-6F; /* where habits count nothing they come last */
#define TOLD UINT32_MAX
enum { AT_ONCE = 16 }; /* are sorted, or more if so many are asked for */

float habit_now(const struct completion *c, const struct habit *habit)
{
    static const float HALF_LIFE_US = HABIT_HALF_LIFE_DAYS * 86400e6F;
    float age_us = (float) (c->ask.now_us - habit->last_us);
    return age_us > 0 ? habit->times * exp2f(-age_us / HALF_LIFE_US) : habit->times;
}

float habit_score(const struct completion *c, const struct habit *habit)
{
    float v = habit_now(c, habit);
    return c->habit_scale * v / (v + 1);
}

/* The last lines of the cart, each product once. */
static void take_cart(struct completion *c)
{
    for (uint32_t i = c->ask.n_cart; i-- > 0 && c->n_cart < COMPLETION_LINES;) {
        uint32_t product = c->ask.cart[i], k = 0;
        while (k < c->n_cart && c->cart[k] != product)
            k++;
        if (product != PRODUCT_NONE && k == c->n_cart)
            c->cart[c->n_cart++] = product;
    }
}

static void mark_habits(struct completion *c)
{
    for (uint32_t i = 0; i < habits_that_count(c); i++) {
        uint32_t mark = c->ask.habits[i].product % COMPLETION_MARKS;
        c->habit_marks[mark / 64] |= UINT64_C(1) << mark % 64;
    }
}

struct completion *completion_new(const struct completion_ask *ask, struct arena *arena)
{
    struct completion *c = arena_take(arena, sizeof *c);
    if (!c)
        return NULL;
    c->ask = *ask;
    c->model = ask->model;
    c->arena = arena;
    c->history_weight =
        c->model->history_weight < HISTORY_MOST ? c->model->history_weight : HISTORY_MOST;
    c->habit_scale = c->history_weight / (1 - c->history_weight);
    if (ask->habits_alone && c->habit_scale < HABIT_ALONE_LEAST)
        c->habit_scale = HABIT_ALONE_LEAST;
    take_cart(c);
    mark_habits(c);
    c->sorted = arena_take_raw(arena, sizeof *c->sorted);
    if (!c->sorted)
        return NULL;
    if (c->n_cart == 1 && ask->n_cart == 1 && ask->n_habits == 0 && !c->model->is_dense) {
        c->only = &c->model->rows[c->cart[0]];
        return c;
    }
    bool scored = c->model->is_dense ? score_slots(c) : score_lists(c);
    return scored && best_first_new(&c->best, c->scores, c->n_scores, arena) ? c : NULL;
}

/* The line of the cart that it was most often bought with; of equals the newest. */
static void find_evidence(const struct completion *c, uint32_t slot, struct complete *told)
{
    uint32_t most =
        c->most_pairs && slot < c->model->dense.n_known ? slot_most_pairs(c, slot) : PAIRS_MORE;
    for (uint32_t i = 0; i < c->n_cart; i++) {
        uint32_t orders = most < PAIRS_MORE
                              ? c->pairs[i][slot]
                              : model_orders_of_both(c->model, c->cart[i], told->product);
        if (orders > told->orders) {
            told->orders = orders;
            told->because = c->cart[i];
        }
    }
}

/* Was the product at @place ever bought together with one of the cart? */
static bool is_together(const struct completion *c, uint32_t place, uint32_t product)
{
    if (!c->model->is_dense)
        return (c->only ? &c->only->at[place] : c->why[place])->orders > 0;
    if (c->most_pairs && place < c->model->dense.n_known)
        return slot_most_pairs(c, place) > 0;
    for (uint32_t i = 0; i < c->n_cart; i++)
        if (model_orders_of_both(c->model, c->cart[i], product) > 0)
            return true;
    return false;
}

/* The product in whose row @companion stands. */
static uint32_t row_of(const struct completion *c, const struct companion *companion)
{
    for (uint32_t i = 0; i < c->n_cart; i++) {
        const struct row *row = &c->model->rows[c->cart[i]];
        if ((uintptr_t) companion - (uintptr_t) row->at < row->n * sizeof *companion)
            return c->cart[i];
    }
    return PRODUCT_NONE;
}

static float habit_of(const struct completion *c, uint32_t product)
{
    const uint32_t mark = product % COMPLETION_MARKS;
    float habit = 0;
    if (c->habit_marks[mark / 64] >> mark % 64 & 1)
        for (uint32_t i = 0; i < habits_that_count(c); i++)
            if (c->ask.habits[i].product == product)
                habit = habit_now(c, &c->ask.habits[i]);
    return habit;
}

/* All that is known of a product. Apart, so that asking again costs little. */
__attribute__((noinline)) static void tell(const struct completion *c, uint32_t i,
                                           struct complete *told)
{
    const uint32_t place = c->sorted->places[i];
    *told = (struct complete){ .product = c->sorted->products[i],
                               .score = c->sorted->scores[i] * (1 - c->history_weight),
                               .because = PRODUCT_NONE };
    if (c->model->is_dense) {
        find_evidence(c, place, told);
    } else {
        const struct companion *why = c->only ? &c->only->at[place] : c->why[place];
        told->orders = why->orders;
        if (why->orders > 0)
            told->because = row_of(c, why);
    }
    if (told->because != PRODUCT_NONE)
        told->base_orders = model_orders(c->model, told->because);
    told->habit = habit_of(c, told->product);
}

static bool is_calibrated(const struct completion *c, const struct complete *found)
{
    const bool *known = c->model->known;
    return known && known[found->product] &&
           (found->because == PRODUCT_NONE || known[found->because]);
}

float completion_chance(const struct completion *c, const struct complete *found)
{
    if (is_calibrated(c, found))
        return calibration_chance(trained_calibration(c->model->trained), c->n_cart,
                                  c->ask.n_habits > 0 && c->history_weight > 0, found->score);
    return (float) found->orders / (float) (found->base_orders + COMPLETION_DOUBT);
}

float completion_lately(const struct completion *c, const struct complete *found)
{
    float most = 0;
    for (uint32_t i = 0; i < c->n_cart && c->model->n_surges > 0; i++) {
        float share = model_surge(c->model, c->cart[i], found->product);
        most = share > most ? share : most;
    }
    return most;
}

/* The next best @most; fewer when there are no more. */
static uint32_t best_left(struct completion *c, uint32_t most, uint32_t *places, float *scores)
{
    uint32_t n = 0;
    if (!c->only)
        return best_first_take(&c->best, most, places, scores);
    for (uint32_t place = c->n_ranked; n < most && place < c->only->n; place++) {
        places[n] = place;
        scores[n++] = c->only->at[place].score;
    }
    return n;
}

static uint32_t product_at(const struct completion *c, uint32_t place)
{
    return c->only              ? c->only->at[place].product
           : c->model->is_dense ? c->model->dense.product_of[place]
                                : c->why[place]->product;
}

/* Sorts until @least are, or a few more; false when there are none. */
static bool sort_more(struct completion *c, uint32_t least)
{
    const uint32_t among = c->ask.together_among, end = among ? among : COMPLETION_MOST;
    uint32_t places[BEST_AT_ONCE],
        most = least > c->n_sorted + AT_ONCE ? least - c->n_sorted : AT_ONCE;
    float scores[BEST_AT_ONCE];
    most = most < BEST_AT_ONCE ? most : BEST_AT_ONCE;
    most = most < end - c->n_ranked ? most : end - c->n_ranked;
    uint32_t n = best_left(c, most, places, scores), to = c->n_sorted;
    struct sorted *sorted = c->sorted;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t product = product_at(c, places[k]);
        if (product == PRODUCT_NONE) /* trained, but not sold any more */
            continue;
        c->n_ranked++;
        if (among && !is_together(c, places[k], product))
            continue;
        sorted->products[to] = product;
        sorted->places[to] = places[k];
        sorted->scores[to++] = scores[k];
    }
    c->n_sorted = to;
    return n > 0;
}

const uint32_t *completion_products(struct completion *c, uint32_t least, uint32_t *ret_n)
{
    while (c->n_sorted < least && sort_more(c, least))
        ;
    *ret_n = c->n_sorted;
    return c->sorted->products;
}

const struct complete *completion_at(struct completion *c, uint32_t i)
{
    struct sorted *sorted = c->sorted;
    while (c->n_sorted <= i)
        if (!sort_more(c, i + 1))
            return NULL;
    if (sorted->places[i] != TOLD) {
        tell(c, i, &sorted->told[i]);
        sorted->places[i] = TOLD;
    }
    return &sorted->told[i];
}
