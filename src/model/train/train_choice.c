/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/train_choice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/baskets.h"
#include "model/train/gram.h"
#include "model/train/hidden_cases.h"
#include "model/train/training.h"
#include "model/train/weights.h"

enum { CASES = 6000, CASES_TO_CHOOSE = 50 };

static const float history_weights[] = { 0, .05F, .1F, .15F, .2F, .3F, .4F, .5F };
enum { HISTORY_WEIGHTS = sizeof history_weights / sizeof *history_weights };

/*
 * Of what was bought lately only the surplus over the usual counts (model.h), so it costs an ordinary shop nothing,
 * and a pair that is new needs all of it to be seen.
 */
static const float RECENT_WEIGHT = 1;

static const double AFFORDABLE = 25e9; /* operations for choosing */

struct choice {
    struct training *training;
    struct hidden_cases *cases;
    struct gram *gram; /* of gram_for; NULL: none yet */
    struct trained_parameters gram_for;
    uint32_t *ranks; /* HISTORY_WEIGHTS times cases */
    struct trained_parameters best;
    struct weights *best_weights; /* on the inner split; NULL: nothing was tried yet */
    double best_worth;
    double spent, gram_cost;
};

/* What it is worth to find something at a rank: both of what is reported, about equally. */
static double worth(uint32_t rank)
{
    return (rank <= 10 ? 1.0 : 0.0) + (rank <= 20 ? 2.0 / rank : 0.0);
}

static double mean_worth(const uint32_t *ranks, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += worth(ranks[i]);
    return n ? sum / n : 0;
}

/* What @ranks are worth more than @than, case by case. */
struct gain {
    double mean, error; /* one standard error */
};

static struct gain gain_of(const uint32_t *ranks, const uint32_t *than, uint32_t n)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < n; i++) {
        double gain = worth(ranks[i]) - worth(than[i]);
        sum += gain;
        squares += gain * gain;
    }
    double mean = n ? sum / n : 0, variance = n ? squares / n - mean * mean : 0;
    return (struct gain){ mean, variance > 0 ? sqrt(variance / n) : 0 };
}

static void hit_and_mrr(const uint32_t *ranks, uint32_t n, float *ret_hit10, float *ret_mrr20)
{
    double hit = 0, mrr = 0;
    for (uint32_t i = 0; i < n; i++) {
        hit += ranks[i] <= 10;
        mrr += ranks[i] <= 20 ? 1.0 / ranks[i] : 0;
    }
    *ret_hit10 = n ? (float) (hit / n) : 0;
    *ret_mrr20 = n ? (float) (mrr / n) : 0;
}

static void choice_deinit(struct choice *choice)
{
    (void) hidden_cases_free(choice->cases);
    (void) gram_free(choice->gram);
    (void) weights_free(choice->best_weights);
    free(choice->ranks);
}

static double ranking_cost(const struct choice *choice)
{
    return 2 * (double) hidden_cases_count(choice->cases) * choice->training->baskets->n_skus;
}

static double counts_cost(const struct choice *choice)
{
    const struct trained_parameters counts = { .counts_share = 1 };
    return 5 * ranking_cost(choice) + 4 * training_solve_cost(choice->training, &counts);
}

/* The work ahead, for progress: all that may be tried, and then everything once more. */
static double work_ahead(const struct choice *choice)
{
    struct trained_parameters near = { .ridge = 3, .support = 50 };
    double each = training_solve_cost(choice->training, &near),
           choosing = 12 * each + 6 * choice->gram_cost;
    if (choosing > AFFORDABLE)
        choosing = AFFORDABLE;
    if (choosing < each + choice->gram_cost)
        choosing = each + choice->gram_cost;
    return choosing + counts_cost(choice) + each + 1.25 * choice->gram_cost;
}

static enum err choice_init(struct choice *choice, struct training *training)
{
    *choice = (struct choice){ .training = training };
    const struct hidden_wishes wishes = { .baskets = training->baskets,
                                          .known = training->orders,
                                          .n_known = training->n_known,
                                          .asked = training->orders + training->n_known,
                                          .n_asked = training->n_orders - training->n_known,
                                          .most = CASES };
    TRY(hidden_cases_new(&wishes, &choice->cases));
    choice->gram_cost = training_gram_cost(training, training->n_known);
    training->all = work_ahead(choice);
    choice->ranks = malloc((HISTORY_WEIGHTS * (size_t) hidden_cases_count(choice->cases) + 1) *
                           sizeof *choice->ranks);
    return choice->ranks ? OK : ERR_NOMEM;
}

static bool same_gram(const struct choice *choice, const struct trained_parameters *parameters)
{
    return choice->gram && choice->gram_for.half_life_days == parameters->half_life_days &&
           choice->gram_for.size_power == parameters->size_power;
}

static double cost_of(const struct choice *choice, const struct trained_parameters *parameters)
{
    return (same_gram(choice, parameters) ? 0 : choice->gram_cost) +
           training_solve_cost(choice->training, parameters) + ranking_cost(choice);
}

static enum err gram_for(struct choice *choice, const struct trained_parameters *parameters)
{
    struct training *training = choice->training;
    if (same_gram(choice, parameters))
        return OK;
    choice->gram = gram_free(choice->gram);
    TRY(training_gram(training, parameters, training->n_known, &choice->gram, NULL));
    choice->gram_for = *parameters;
    return OK;
}

static enum err weights_for(struct choice *choice, const struct trained_parameters *parameters,
                            struct weights **ret_weights)
{
    TRY(gram_for(choice, parameters));
    return training_solve(choice->training, parameters, choice->gram, ret_weights);
}

/* Takes @parameters when they are better; leaves them when they are more than can be afforded. */
static enum err try_out(struct choice *choice, const struct trained_parameters *parameters)
{
    AUTO(weights_free) struct weights *weights = NULL;
    double cost = cost_of(choice, parameters);
    if (choice->best_weights &&
        (choice->spent + cost > AFFORDABLE || !training_fits(choice->training, parameters)))
        return OK;
    TRY(weights_for(choice, parameters, &weights));
    TRY(hidden_cases_rank(choice->cases, weights, history_weights, 1, &choice->training->crew,
                          choice->ranks));
    choice->spent += cost;
    double value = mean_worth(choice->ranks, hidden_cases_count(choice->cases));
#ifdef TRIED
    TRIED(parameters, value)
#endif
    if (!choice->best_weights || value > choice->best_worth) {
        (void) weights_free(choice->best_weights);
        choice->best_weights = MOVE(weights);
        choice->best_worth = value;
        choice->best = *parameters;
    }
    return training_step(choice->training, "choosing", cost);
}

/*
 * The best regression so far beside counts of pairs, alone and mixed. Mixing costs little, so it is done always. Counts
 * alone are the simpler of the two, and need only be better; a mix must be so by more than one standard error.
 */
static enum err try_counts(struct choice *choice)
{
    static const float shares[] = { 1, .75F, .5F, .25F };
    AUTO(weights_free) struct weights *regression = MOVE(choice->best_weights);
    struct trained_parameters parameters = choice->best;
    float ridge = parameters.ridge;
    uint32_t n = hidden_cases_count(choice->cases), *alone = choice->ranks + n;
    const struct crew *crew = &choice->training->crew;
    TRY(gram_for(choice, &parameters));
    TRY(hidden_cases_rank(choice->cases, regression, history_weights, 1, crew, alone));
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        AUTO(weights_free) struct weights *mix = NULL;
        parameters.counts_share = shares[i];
        parameters.ridge = shares[i] < 1 ? ridge : TRAINING_COUNTS_RIDGE;
        TRY(training_mix(choice->training, &parameters, choice->gram, regression, &mix));
        TRY(hidden_cases_rank(choice->cases, mix, history_weights, 1, crew, choice->ranks));
        double value = mean_worth(choice->ranks, n);
        struct gain gain = gain_of(choice->ranks, alone, n);
#ifdef TRIED
        TRIED(&parameters, value)
#endif
        if (value > choice->best_worth && (shares[i] >= 1 || gain.mean > gain.error)) {
            (void) weights_free(choice->best_weights);
            choice->best_weights = MOVE(mix);
            choice->best_worth = value;
            choice->best = parameters;
        }
    }
    if (!choice->best_weights)
        choice->best_weights = MOVE(regression);
    return training_step(choice->training, "choosing", counts_cost(choice));
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
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
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

/* From here on nothing is solved: each of these costs little. */
static enum err try_counts_alone(struct choice *choice)
{
    static const float ridges[] = { 10, 1 };
    struct trained_parameters parameters = choice->best;
    choice->spent = 0;
    for (size_t i = 0; i < sizeof ridges / sizeof *ridges; i++) {
        parameters.ridge = ridges[i];
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
    static const float powers[] = { .25F, .75F };
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
    uint32_t n = hidden_cases_count(choice->cases), best = 0;
    double best_gain = 0;
    for (uint32_t w = 1; n >= CASES_TO_CHOOSE && w < HISTORY_WEIGHTS; w++) {
        struct gain gain = gain_of(choice->ranks + (size_t) w * n, choice->ranks, n);
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
    const struct crew *crew = &choice->training->crew;
    uint32_t n = hidden_cases_count(choice->cases), told = hidden_cases_orders(choice->cases),
             history = 1;
    const float given[] = { 0, fixed ? fixed->history_weight : 0 };
    TRY(hidden_cases_rank(choice->cases, choice->best_weights, fixed ? given : history_weights,
                          fixed ? 2 : HISTORY_WEIGHTS, crew, choice->ranks));
    if (!fixed) {
        history = choose_history(choice);
        choice->best.history_weight = history_weights[history];
    }
    figures->cases = told;
    hit_and_mrr(choice->ranks, told, &figures->hit10, &figures->mrr20);
    hit_and_mrr(choice->ranks + (size_t) history * n, told, &figures->hit10_history,
                &figures->mrr20_history);
    TRY(hidden_cases_rank(choice->cases, NULL, history_weights, 1, crew, choice->ranks));
    hit_and_mrr(choice->ranks, told, &figures->hit10_popular, &figures->mrr20_popular);
    return OK;
}

static enum err choose(struct choice *choice, struct trained_figures *figures)
{
    struct training *training = choice->training;
    const struct trained_parameters *fixed = training->settings->fixed;
    uint32_t n = hidden_cases_count(choice->cases);
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
            TRY(try_counts_alone(choice));
        TRY(try_half_lives(choice));
        TRY(try_sizes(choice));
    }
    return figures_of(choice, figures);
}

/* Of orders that the weights of the inner split have not seen, as the chosen parameters will be served. */
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
    if (!choice->best_weights)
        return OK;
    TRY(hidden_cases_new(&wishes, &moments));
    return hidden_moments(moments, choice->best_weights, choice->best.history_weight,
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
