/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The products that the cart speaks for are scored in one of two ways. From rows of lists: a small hash
 * finds each product's place among the candidates. From a dense trained: whole rows are summed, a slot for each SKU.
 * Either way the scores are one array of floats, which a tournament then gives out best first. What is told of a
 * product besides its score is looked up when it is asked for: most are not.
 *
 * Scores are kept as sum + w / (1 - w) * v / (v + 1), and multiplied by 1 - w when they are told.
 */
#include "model/completion.h"

#include <math.h>

#include "model/best_first.h"
#include "model/model_parts.h"
#include "shop/catalog.h"
#include "shop/customer.h"

static const float HISTORY_MOST = 0.99F;
static const float HABIT_ALONE_LEAST = 1e-6F; /* where habits count nothing they come last */
#define TOLD UINT32_MAX
enum { AT_ONCE = 8 }; /* are sorted */

struct candidate {                     /* TRAINED_LISTS, or no trained */
    uint32_t product, because, orders; /* because counts when orders do */
};

struct completion {
    struct completion_ask ask;
    const struct model *model;
    struct arena *arena;
    uint32_t cart[COMPLETION_LINES]; /* distinct products that count */
    uint32_t n_cart;
    float history_weight, habit_scale;
    struct candidate *candidates;
    uint16_t *hash; /* of products -> place among the candidates, from 1 on; 0: free */
    uint32_t hash_mask, n_candidates;
    float *scores;
    uint32_t n_scores;
    struct best_first best;
    const struct row *only;  /* one product and no habits: its row is the answer */
    struct complete *sorted; /* the first n_sorted; all is set of those that are told */
    uint32_t *places;        /* of the sorted: place among the scores, or TOLD */
    uint32_t n_sorted;
};

/* v of a habit, decayed to now. */
static float habit_now(const struct completion *c, const struct habit *habit)
{
    static const float HALF_LIFE_US = HABIT_HALF_LIFE_DAYS * 86400e6F;
    float age_us = (float) (c->ask.now_us - habit->last_us);
    return age_us > 0 ? habit->times * exp2f(-age_us / HALF_LIFE_US) : habit->times;
}

static float habit_score(const struct completion *c, const struct habit *habit)
{
    float v = habit_now(c, habit);
    return c->habit_scale * v / (v + 1);
}

static uint32_t habits_that_count(const struct completion *c)
{
    return c->ask.n_habits < COMPLETION_HABITS ? c->ask.n_habits : COMPLETION_HABITS;
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

/* ── from rows of lists ─────────────────────────────────────────────────────────────────── */

/* The place in the hash where @product is or belongs. */
static uint32_t find(const struct completion *c, uint32_t product)
{
    uint32_t at = product * 2654435761U & c->hash_mask;
    while (c->hash[at] && c->candidates[c->hash[at]].product != product)
        at = (at + 1) & c->hash_mask;
    return at;
}

/* The place of @product among the candidates; a new one begins with @score. */
static uint32_t candidate(struct completion *c, uint32_t product, float score)
{
    uint32_t at = find(c, product);
    if (c->hash[at])
        return c->hash[at];
    uint32_t place = c->n_candidates++;
    c->candidates[place] = (struct candidate){ product, PRODUCT_NONE, 0 };
    c->scores[place] = score;
    c->hash[at] = (uint16_t) place;
    return place;
}

/* The hot loop: what it needs is in variables of its own, since stores through @c could be anything. */
static void add_row(struct completion *c, uint32_t product)
{
    const struct row *row = &c->model->rows[product];
    const struct companion *companion = row->at, *end = row->at + row->n;
    struct candidate *const candidates = c->candidates;
    float *const scores = c->scores;
    uint16_t *const hash = c->hash;
    const uint32_t mask = c->hash_mask;
    uint32_t n = c->n_candidates;
    for (; companion < end; companion++) {
        uint32_t at = companion->product * 2654435761U & mask, place;
        while ((place = hash[at]) && candidates[place].product != companion->product)
            at = (at + 1) & mask;
        if (place) {
            scores[place] += companion->score;
            if (companion->orders <= candidates[place].orders)
                continue;
        } else {
            place = n++;
            hash[at] = (uint16_t) place;
            candidates[place].product = companion->product;
            scores[place] = companion->score;
        }
        candidates[place].orders = companion->orders;
        candidates[place].because = product;
    }
    c->n_candidates = n;
}

/* What is no candidate yet cannot become one by what speaks against it. */
static void take_off_row(struct completion *c, uint32_t product)
{
    const struct row *row = &c->model->rows[product];
    const struct companion *companion = row->at + row->n, *end = companion + row->n_against;
    const struct candidate *const candidates = c->candidates;
    float *const scores = c->scores;
    const uint16_t *const hash = c->hash;
    const uint32_t mask = c->hash_mask;
    for (; companion < end; companion++) {
        uint32_t at = companion->product * 2654435761U & mask, place;
        while ((place = hash[at]) && candidates[place].product != companion->product)
            at = (at + 1) & mask;
        if (place)
            scores[place] += companion->score;
    }
}

static void make_habits_candidates(struct completion *c)
{
    for (uint32_t i = 0; i < habits_that_count(c); i++)
        if (c->ask.habits[i].product != PRODUCT_NONE)
            (void) candidate(c, c->ask.habits[i].product, 0);
}

static void add_habits_of_lists(struct completion *c)
{
    for (uint32_t i = 0; i < habits_that_count(c); i++) {
        const struct habit *habit = &c->ask.habits[i];
        if (habit->product == PRODUCT_NONE)
            continue;
        uint16_t at = c->hash[find(c, habit->product)];
        if (at && (c->scores[at] > 0 || c->ask.habits_alone))
            c->scores[at] += habit_score(c, habit);
    }
}

static bool score_lists(struct completion *c)
{
    uint32_t most = 1 + c->ask.n_cart + (c->habit_scale > 0 ? habits_that_count(c) : 0), slots = 64;
    for (uint32_t i = 0; i < c->n_cart; i++)
        most += c->model->rows[c->cart[i]].n;
    if (most > UINT16_MAX / 2)
        return false;
    while (slots < most * 2)
        slots *= 2;
    c->hash_mask = slots - 1;
    c->hash = arena_take_array(c->arena, uint16_t, slots);
    c->candidates = arena_take_raw(c->arena, most * sizeof *c->candidates);
    c->scores = arena_take_raw(c->arena, (best_first_room(most) + 1) * sizeof *c->scores);
    if (!c->hash || !c->candidates || !c->scores)
        return false;
    c->scores[0] = BEST_GONE; /* nobody's */
    c->n_candidates = 1;
    for (uint32_t i = 0; i < c->n_cart; i++)
        for (uint32_t k = 0; k < c->model->rows[c->cart[i]].room; k += 5) /* a line of the cache */
            __builtin_prefetch(&c->model->rows[c->cart[i]].at[k]);
    for (uint32_t i = 0; i < c->ask.n_cart; i++)
        if (c->ask.cart[i] != PRODUCT_NONE)
            (void) candidate(c, c->ask.cart[i], BEST_GONE);
    for (uint32_t i = c->n_cart; i-- > 0;)
        add_row(c, c->cart[i]);
    if (c->habit_scale > 0 && c->ask.habits_alone)
        make_habits_candidates(c);
    for (uint32_t i = c->n_cart; i-- > 0;)
        take_off_row(c, c->cart[i]);
    if (c->habit_scale > 0)
        add_habits_of_lists(c);
    c->n_scores = c->n_candidates;
    return true;
}

/* ── from a dense trained ───────────────────────────────────────────────────────────────── */

static void add_habits_of_slots(struct completion *c)
{
    for (uint32_t i = 0; i < habits_that_count(c); i++) {
        const struct habit *habit = &c->ask.habits[i];
        if (habit->product == PRODUCT_NONE)
            continue;
        uint32_t slot = c->model->dense.slot_of[habit->product];
        if (slot != PRODUCT_NONE && (c->scores[slot] > 0 || c->ask.habits_alone))
            c->scores[slot] += habit_score(c, habit);
    }
}

static bool score_slots(struct completion *c)
{
    const struct dense *dense = &c->model->dense;
    const float *rows[COMPLETION_LINES];
    uint32_t n_rows = 0;
    c->n_scores = dense->n_slots;
    c->scores = arena_take_raw(c->arena, (best_first_room(c->n_scores) + 1) * sizeof *c->scores);
    if (!c->scores)
        return false;
    for (uint32_t i = c->n_cart; i-- > 0;)
        if (dense->slot_of[c->cart[i]] < dense->n_known)
            rows[n_rows++] = trained_row(c->model->trained, dense->slot_of[c->cart[i]]);
    dense_sum_rows(c->scores, rows, n_rows, dense->n_known);
    for (uint32_t slot = dense->n_known; slot < dense->n_slots; slot++)
        c->scores[slot] = 0;
    for (uint32_t i = c->n_cart; i-- > 0;) {
        const struct row *row = &c->model->rows[c->cart[i]];
        for (uint32_t k = 0; k < row->n; k++)
            c->scores[dense->slot_of[row->at[k].product]] += row->at[k].score;
    }
    if (c->habit_scale > 0)
        add_habits_of_slots(c);
    for (uint32_t i = 0; i < c->ask.n_cart; i++)
        if (c->ask.cart[i] != PRODUCT_NONE && dense->slot_of[c->ask.cart[i]] != PRODUCT_NONE)
            c->scores[dense->slot_of[c->ask.cart[i]]] = BEST_GONE;
    return true;
}

/* ── both ───────────────────────────────────────────────────────────────────────────────── */

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
    c->sorted = arena_take_raw(arena, COMPLETION_MOST * (sizeof *c->sorted + sizeof *c->places));
    if (!c->sorted)
        return NULL;
    c->places = (uint32_t *) (c->sorted + COMPLETION_MOST);
    if (c->n_cart == 1 && ask->n_cart == 1 && ask->n_habits == 0 && !c->model->is_dense) {
        c->only = &c->model->rows[c->cart[0]];
        return c;
    }
    bool scored = c->model->is_dense ? score_slots(c) : score_lists(c);
    return scored && best_first_new(&c->best, c->scores, c->n_scores, arena) ? c : NULL;
}

/* The line of the cart that it was most often bought with; of equals the newest. */
static void find_evidence(const struct completion *c, struct complete *told)
{
    for (uint32_t i = 0; i < c->n_cart; i++) {
        uint32_t orders = model_orders_of_both(c->model, c->cart[i], told->product);
        if (orders > told->orders) {
            told->orders = orders;
            told->because = c->cart[i];
        }
    }
}

/* Adds what is known of a product besides its score. */
static void tell(const struct completion *c, uint32_t place, struct complete *told)
{
    *told = (struct complete){ told->product, told->score, .because = PRODUCT_NONE };
    if (c->only && c->only->at[place].orders > 0) {
        told->orders = c->only->at[place].orders;
        told->because = c->cart[0];
    } else if (c->model->is_dense) {
        find_evidence(c, told);
    } else if (!c->only && c->candidates[place].orders > 0) {
        told->orders = c->candidates[place].orders;
        told->because = c->candidates[place].because;
    }
    if (told->because != PRODUCT_NONE)
        told->base_orders = model_orders(c->model, told->because);
    for (uint32_t i = 0; i < habits_that_count(c); i++)
        if (c->ask.habits[i].product == told->product)
            told->habit = habit_now(c, &c->ask.habits[i]);
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
        return best_first_take_some(&c->best, most, places, scores);
    for (uint32_t place = c->n_sorted; n < most && place < c->only->n; place++) {
        places[n] = place;
        scores[n++] = c->only->at[place].score;
    }
    return n;
}

static uint32_t product_at(const struct completion *c, uint32_t place)
{
    return c->only              ? c->only->at[place].product
           : c->model->is_dense ? c->model->dense.product_of[place]
                                : c->candidates[place].product;
}

/* Sorts a few more; false when there are none. Apart, so that asking for what is sorted costs nothing. */
__attribute__((noinline)) static bool sort_more(struct completion *c)
{
    uint32_t places[AT_ONCE], most = COMPLETION_MOST - c->n_sorted, n_sorted = c->n_sorted;
    float scores[AT_ONCE];
    uint32_t n = best_left(c, most < AT_ONCE ? most : AT_ONCE, places, scores);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t product = product_at(c, places[k]);
        if (product == PRODUCT_NONE) /* trained, but not sold any more */
            continue;
        c->sorted[n_sorted].product = product;
        c->sorted[n_sorted].score = scores[k] * (1 - c->history_weight);
        c->places[n_sorted++] = places[k];
    }
    c->n_sorted = n_sorted;
    return n > 0;
}

uint32_t completion_product(struct completion *c, uint32_t i)
{
    while (c->n_sorted <= i)
        if (!sort_more(c))
            return PRODUCT_NONE;
    return c->sorted[i].product;
}

const struct complete *completion_at(struct completion *c, uint32_t i)
{
    if (completion_product(c, i) == PRODUCT_NONE)
        return NULL;
    if (c->places[i] != TOLD)
        tell(c, c->places[i], &c->sorted[i]);
    c->places[i] = TOLD;
    return &c->sorted[i];
}
