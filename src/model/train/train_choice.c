/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/train_choice.h"

#include <stdlib.h>
#include <string.h>

#include "model/baskets.h"
#include "model/train/hidden_cases.h"
#include "model/train/inner_splits.h"
#include "model/train/rank_worth.h"
#include "model/train/training.h"
#include "model/train/weights.h"

enum { CASES = 6000, CASES_TO_CHOOSE = 50 };

/* The first above 0 fills up where the cart says too little, and no more. */
static const float history_weights[] = { 0, .001F, .05F, .1F, .15F, .2F, .3F, .4F, .5F, .65F, .8F };
enum { HISTORY_WEIGHTS = sizeof history_weights / sizeof *history_weights };

/*
 * Of what was bought lately only the surplus over the usual counts (model.h), so it
 * costs an ordinary shop nothing, and a pair that is new needs all of it to be seen.
 */
static const float RECENT_WEIGHT = 1;

static const double AFFORDABLE = 25e9; /* operations for choosing */

struct choice {
    struct training *training;
    struct inner_splits inner;
    uint32_t *ranks;      /* HISTORY_WEIGHTS times cases */
    uint32_t *best_ranks; /* behind them: those of best, without history */
    struct trained_parameters best;
    struct inner_weights best_weights; /* none: nothing was tried yet */
    double best_worth;
    double spent;
};

static void choice_deinit(struct choice *choice)
{
    inner_weights_wipe(&choice->best_weights);
    inner_splits_deinit(&choice->inner);
    free(choice->ranks);
}

static double counts_cost(const struct choice *choice)
{
    const struct trained_parameters counts = { .counts_share = 1 };
    return 8 * (inner_rank_cost(&choice->inner) + inner_solve_cost(&choice->inner, &counts));
}

/* The work ahead, for progress: all that may be tried, and then everything once more. */
static double work_ahead(const struct choice *choice)
{
    const struct trained_parameters near = { .ridge = 3, .support = 50 };
    double each = inner_solve_cost(&choice->inner, &near),
           grams = inner_grams_cost(&choice->inner, &near), choosing = 12 * each + 6 * grams;
    if (choosing > AFFORDABLE)
        choosing = AFFORDABLE;
    if (choosing < each + grams)
        choosing = each + grams;
    return choosing + counts_cost(choice) + each + 1.25 * grams;
}

static enum err choice_init(struct choice *choice, struct training *training)
{
    *choice = (struct choice){ .training = training };
    TRY(inner_splits_init(&choice->inner, training, CASES));
    training->all = work_ahead(choice);
    choice->ranks = malloc(((HISTORY_WEIGHTS + 1) * (size_t) choice->inner.n_cases + 1) *
                           sizeof *choice->ranks);
    if (!choice->ranks)
        return ERR_NOMEM;
    choice->best_ranks = choice->ranks + HISTORY_WEIGHTS * (size_t) choice->inner.n_cases;
    return OK;
}

static bool is_tried(const struct choice *choice)
{
    return choice->best_weights.of[0] != NULL;
}

static enum err rank(struct choice *choice, const struct inner_weights *weights, uint32_t *ranks,
                     double *ret_worth)
{
    TRY(inner_rank(&choice->inner, weights, history_weights, 1, ranks));
    *ret_worth = rank_worth_mean(ranks, choice->inner.n_cases);
    return OK;
}

/* The last ranks are theirs. */
static void take(struct choice *choice, const struct trained_parameters *parameters,
                 struct inner_weights *weights, double worth_of_them)
{
    inner_weights_wipe(&choice->best_weights);
    choice->best_weights = *weights;
    *weights = (struct inner_weights){ 0 };
    choice->best_worth = worth_of_them;
    choice->best = *parameters;
    memcpy(choice->best_ranks, choice->ranks, choice->inner.n_cases * sizeof *choice->ranks);
}

/*
 * Are the last ranks, worth @value, better than the best? In a shop that is so
 * small that it is measured on several splits, most of what looks better is chance:
 * it must be so by more than half a standard error.
 */
static bool is_better(const struct choice *choice, double value)
{
    if (!is_tried(choice) || choice->inner.n_splits == 1)
        return !is_tried(choice) || value > choice->best_worth;
    struct rank_gain gain =
        rank_worth_gain(choice->ranks, choice->best_ranks, choice->inner.n_cases);
    return gain.mean > gain.error / 2;
}

/* Takes @parameters when they are better; leaves them when they are more than can be afforded. */
static enum err try_out(struct choice *choice, const struct trained_parameters *parameters)
{
    struct inner_weights weights = { 0 };
    double value = 0, cost = inner_grams_cost(&choice->inner, parameters) +
                             inner_solve_cost(&choice->inner, parameters) +
                             inner_rank_cost(&choice->inner);
    if (is_tried(choice) &&
        (choice->spent + cost > AFFORDABLE || !training_fits(choice->training, parameters)))
        return OK;
    enum err err = inner_solve(&choice->inner, parameters, &weights);
    if (err == OK)
        err = rank(choice, &weights, choice->ranks, &value);
    choice->spent += cost;
    if (err == OK && is_better(choice, value))
        take(choice, parameters, &weights, value);
    inner_weights_wipe(&weights);
    return err == OK ? training_step(choice->training, "choosing", cost) : err;
}

/* ── counts ─────────────────────────────────────────────────────────────────────────────── */

static enum err try_alone(struct choice *choice, const struct trained_parameters *like, float ridge,
                          double *ret_value)
{
    struct inner_weights counts = { 0 };
    struct trained_parameters parameters = *like;
    parameters.counts_share = 1;
    parameters.ridge = ridge;
    enum err err = inner_mix(&choice->inner, &parameters, NULL, &counts);
    if (err == OK)
        err = rank(choice, &counts, choice->ranks, ret_value);
    if (err == OK && *ret_value > choice->best_worth)
        take(choice, &parameters, &counts, *ret_value);
    inner_weights_wipe(&counts);
    return err;
}

/*
 * They are the simpler of the two, and need only be better. The more ridge, the less what is
 * rare in the cart speaks louder than what is usual; with much of it each pair counts alike.
 */
static enum err try_counts_alone(struct choice *choice, const struct trained_parameters *like)
{
    static const float ridges[] = { TRAINING_COUNTS_RIDGE, 10, 30, 100, 300 };
    double value = 0, before = 0;
    for (size_t i = 0; i < sizeof ridges / sizeof *ridges; i++) {
        before = value;
        TRY(try_alone(choice, like, ridges[i], &value));
        if (i == 1 && value < before)
            TRY(try_alone(choice, like, 1, &value));
        if (value < before)
            break;
    }
    return OK;
}

/* A mix must be better by more than one standard error. */
static enum err try_mixes(struct choice *choice, const struct trained_parameters *like,
                          const struct inner_weights *regression)
{
    static const float shares[] = { .75F, .5F, .25F };
    struct trained_parameters parameters = *like;
    uint32_t n = choice->inner.n_cases, *alone = choice->ranks + n;
    double value;
    TRY(rank(choice, regression, alone, &value));
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        struct inner_weights mix = { 0 };
        parameters.counts_share = shares[i];
        enum err err = inner_mix(&choice->inner, &parameters, regression, &mix);
        if (err == OK)
            err = rank(choice, &mix, choice->ranks, &value);
        if (err == OK && value > choice->best_worth) {
            struct rank_gain gain = rank_worth_gain(choice->ranks, alone, n);
            if (gain.mean > gain.error)
                take(choice, &parameters, &mix, value);
        }
        inner_weights_wipe(&mix);
        TRY(err);
    }
    return OK;
}

/*
 * The best regression so far beside counts of pairs, alone and
 * mixed. These cost little, so they are tried always.
 */
static enum err try_counts(struct choice *choice)
{
    struct inner_weights regression = choice->best_weights;
    const struct trained_parameters like = choice->best;
    choice->best_weights = (struct inner_weights){ 0 };
    enum err err = try_counts_alone(choice, &like);
    if (err == OK)
        err = try_mixes(choice, &like, &regression);
    if (err == OK && !is_tried(choice)) {
        choice->best_weights = regression; /* it is still the best */
        regression = (struct inner_weights){ 0 };
    }
    inner_weights_wipe(&regression);
    return err == OK ? training_step(choice->training, "choosing", counts_cost(choice)) : err;
}

/* ── what is tried ──────────────────────────────────────────────────────────────────────── */

static struct trained_parameters first_guess(const struct training *training)
{
    struct trained_parameters guess = { .half_life_days = training->timed ? 365 : 0,
                                        .size_power = .5F,
                                        .ridge = 3,
                                        .recent_weight = RECENT_WEIGHT };
    if (training->baskets->n_skus > 1024)
        guess.support = 50;
    return guess;
}

static enum err try_solutions(struct choice *choice)
{
    static const struct {
        uint32_t support;
        float ridge;
    } ways[] = { { 50, 10 }, { 50, 1 }, { 100, 3 }, { 100, 10 }, { 100, 1 },
                 { 0, 3 },   { 0, 10 }, { 0, 1 },   { 0, 30 } };
    struct trained_parameters parameters = choice->best;
    bool dear = choice->inner.n_splits > 1 && choice->training->baskets->n_skus > 1024;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (dear && ways[i].support == 0)
            continue; /* three times n^3 is much for a small shop */
        parameters.support = ways[i].support;
        parameters.ridge = ways[i].ridge;
        TRY(try_out(choice, &parameters));
    }
    return OK;
}

/* As long as more of it does better: a shop whose pairs are seldom seen wants much. */
static enum err try_ridges(struct choice *choice)
{
    static const float ridges[] = { 30, 100, 300 };
    struct trained_parameters parameters = choice->best;
    for (size_t i = 0; i < sizeof ridges / sizeof *ridges; i++) {
        if (ridges[i] > 3.5F * choice->best.ridge)
            break; /* the one before was no better */
        parameters.ridge = ridges[i];
        if (ridges[i] > choice->best.ridge)
            TRY(try_out(choice, &parameters));
    }
    return OK;
}

static enum err try_half_lives(struct choice *choice)
{
    static const float days[] = { 180, 90, 0 };
    struct trained_parameters parameters = choice->best;
    for (size_t i = 0; choice->training->timed && i < sizeof days / sizeof *days; i++) {
        parameters.half_life_days = days[i];
        TRY(try_out(choice, &parameters));
    }
    return OK;
}

static enum err try_sizes(struct choice *choice)
{
    static const float powers[] = { .25F, .75F, 1 };
    struct trained_parameters parameters = choice->best;
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        parameters.size_power = powers[i];
        TRY(try_out(choice, &parameters));
    }
    return OK;
}

/* History must show that it helps: by more than one standard error of the difference. */
static uint32_t choose_history(const struct choice *choice)
{
    uint32_t n = choice->inner.n_cases, best = 0;
    double best_gain = 0;
    for (uint32_t w = 1; n >= CASES_TO_CHOOSE && w < HISTORY_WEIGHTS; w++) {
        struct rank_gain gain = rank_worth_gain(choice->ranks + (size_t) w * n, choice->ranks, n);
        if (gain.mean > gain.error && gain.mean > best_gain) {
            best_gain = gain.mean;
            best = w;
        }
    }
    return best;
}

static enum err figures_of(struct choice *choice, struct trained_figures *figures)
{
    const struct trained_parameters *fixed = choice->training->settings->fixed;
    uint32_t n = choice->inner.n_cases, history = 1,
             told = hidden_cases_orders(choice->inner.splits[0].cases);
    const float given[] = { 0, fixed ? fixed->history_weight : 0 };
    TRY(inner_rank(&choice->inner, &choice->best_weights, fixed ? given : history_weights,
                   fixed ? 2 : HISTORY_WEIGHTS, choice->ranks));
    if (!fixed) {
        history = choose_history(choice);
        choice->best.history_weight = history_weights[history];
    }
    figures->cases = told;
    rank_worth_figures(choice->ranks, told, &figures->hit10, &figures->mrr20);
    rank_worth_figures(choice->ranks + (size_t) history * n, told, &figures->hit10_history,
                       &figures->mrr20_history);
    TRY(inner_rank(&choice->inner, NULL, history_weights, 1, choice->ranks));
    rank_worth_figures(choice->ranks, told, &figures->hit10_popular, &figures->mrr20_popular);
    return OK;
}

static enum err choose(struct choice *choice, struct trained_figures *figures)
{
    struct training *training = choice->training;
    const struct trained_parameters *fixed = training->settings->fixed;
    uint32_t n = choice->inner.n_cases;
    choice->best = fixed ? *fixed : first_guess(training);
    if (!training_fits(training, &choice->best))
        return ERR_LIMIT;
    if (n == 0)
        return OK;
    TRY(try_out(choice, &choice->best));
    if (!fixed && n >= CASES_TO_CHOOSE) {
        TRY(try_solutions(choice));
        TRY(try_ridges(choice));
        TRY(try_counts(choice));
        if (choice->best.counts_share >= 1)
            choice->spent = 0; /* from here on nothing is solved: each of these costs little */
        TRY(try_half_lives(choice));
        TRY(try_sizes(choice));
    }
    return figures_of(choice, figures);
}

/*
 * Of orders that the weights of the inner split have not seen,
 * as the chosen parameters will be served.
 */
static enum err calibrate_chosen(struct choice *choice, struct train_chosen *chosen)
{
    struct training *training = choice->training;
    const struct hidden_wishes wishes = { .baskets = training->baskets,
                                          .known = training->orders,
                                          .n_known = training->n_known,
                                          .asked = training->orders + training->n_known,
                                          .n_asked = training->n_orders - training->n_known,
                                          .most = CASES,
                                          .moments = true };
    AUTO(hidden_cases_free) struct hidden_cases *moments = NULL;
    if (!is_tried(choice))
        return OK;
    TRY(hidden_cases_new(&wishes, &moments));
    return hidden_moments(moments, choice->best_weights.of[0], choice->best.history_weight,
                          &training->crew, &chosen->calibration, &chosen->calibrated);
}

enum err train_choose(struct training *training, struct train_chosen *ret_chosen)
{
    struct choice choice;
    struct train_chosen chosen = { 0 };
    enum err err = choice_init(&choice, training);
    if (err == OK)
        err = choose(&choice, &chosen.figures);
    if (err == OK)
        err = calibrate_chosen(&choice, &chosen);
    if (err == OK) {
        chosen.parameters = choice.best;
        *ret_chosen = chosen;
    }
    choice_deinit(&choice);
    return err;
}
