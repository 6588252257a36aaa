/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "model/best_first.h"
#include "model/completion.h"
#include "model/model_parts.h"

/*
 * Completion parts
 *
 * A completion, for the files that make it: completion.c takes the cart, sorts and tells;
 * completion_lists.c and completion_slots.c score. All of it is the arena's.
 */
enum { COMPLETION_MARKS = 512 }; /* of habits */

struct sorted { /* the best, as far as they were asked for */
    uint32_t products[COMPLETION_MOST];
    uint32_t places[COMPLETION_MOST];      /* among the scores, or TOLD */
    float scores[COMPLETION_MOST];         /* as they are kept */
    struct complete told[COMPLETION_MOST]; /* those of which the place says so */
};

struct completion {
    struct completion_ask ask;
    const struct model *model;
    struct arena *arena;
    uint32_t cart[COMPLETION_LINES]; /* distinct products that count */
    uint32_t n_cart;
    float history_weight, habit_scale;
    /* TRAINED_LISTS, or no trained: */
    uint16_t *index;              /* slot -> place among the candidates, from 1 on; 0: free */
    uint32_t hash_mask;           /* of slots; 0: a product's slot is its number */
    const struct companion **why; /* place -> what says that it was bought most often with … */
    struct companion *own; /* … or one of these, of no row: the cart's products, and habits */
    uint32_t n_candidates, n_own;
    /* TRAINED_DENSE, when it knows the whole cart and pairs were counted: */
    const uint16_t *pairs[COMPLETION_LINES]; /* orders with each of the cart, by slot */
    uint16_t *most_pairs; /* the most of those, where looked_at, by slot / EIGHT; else NULL */
    bool *looked_at;
    float *scores;
    uint32_t n_scores;
    struct best_first best;
    const struct row *only; /* one product and no habits: its row is the answer */
    uint64_t habit_marks[COMPLETION_MARKS / 64]; /* a product without is no habit */
    uint32_t n_sorted, n_ranked;                 /* n_sorted and what ask.together_among left out */
    struct sorted *sorted;
};

/* v of a habit, decayed to now; and what it adds to the score. */
float habit_now(const struct completion *c, const struct habit *habit);
float habit_score(const struct completion *c, const struct habit *habit);
static inline uint32_t habits_that_count(const struct completion *c)
{
    return c->ask.n_habits < COMPLETION_HABITS ? c->ask.n_habits : COMPLETION_HABITS;
}

/* Fill scores and n_scores. False: too many, or no room. */
bool score_lists(struct completion *c);
bool score_slots(struct completion *c);

/*
 * In how many orders @slot was with the one of the cart that it was bought most often with; where
 * most_pairs is there, and the trained knows the slot.
 */
uint32_t slot_most_pairs(const struct completion *c, uint32_t slot);
