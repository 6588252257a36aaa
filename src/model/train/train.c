/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train.h"

#include <stdlib.h>

#include "model/train/gram.h"
#include "model/train/train_choice.h"
#include "model/train/training.h"
#include "model/train/weights.h"

static enum err check(const struct baskets *baskets, struct err_note *note)
{
    for (uint32_t i = 0; i < baskets->n_orders; i++)
        if (baskets->first[i + 1] - baskets->first[i] >= 2)
            return OK;
    return err_fail(note, ERR_INPUT,
                    "nothing to learn from: of %u orders none holds two different SKUs",
                    baskets->n_orders);
}

static void fill_facts(const struct training *training, struct trained_facts *facts)
{
    const struct baskets *baskets = training->baskets;
    facts->n_skus = baskets->n_skus;
    facts->n_orders = baskets->n_orders;
    facts->n_lines = baskets->first[baskets->n_orders];
    facts->position = training->settings->position;
    facts->trained_us = training->settings->now_us;
    for (uint32_t i = 0; i < baskets->n_orders; i++) {
        int64_t at_us = baskets->at_us[i];
        if (at_us != 0 && (facts->first_us == 0 || at_us < facts->first_us))
            facts->first_us = at_us;
        if (at_us > facts->last_us)
            facts->last_us = at_us;
    }
}

static enum err finish(struct training *training, struct trained_facts *facts,
                       const struct calibration *calibration, struct out *out)
{
    AUTO(gram_free) struct gram *gram = NULL;
    AUTO(weights_free) struct weights *weights = NULL;
    float *popularity = NULL;
    enum err err =
        training_gram(training, &facts->parameters, training->n_orders, &gram, &popularity);
    if (err == OK)
        err = training_solve(training, &facts->parameters, gram, &weights);
    gram = gram_free(gram);
    if (err == OK) {
        facts->form = weights->form;
        facts->top = weights->form == TRAINED_LISTS ? training->top : 0;
        const struct trained_parts parts = { .facts = *facts,
                                             .skus = training->baskets->skus,
                                             .popularity = popularity,
                                             .weights = weights->dense,
                                             .first = weights->first,
                                             .edges = weights->edges,
                                             .calibration = calibration };
        err = trained_write(&parts, out);
    }
    free(popularity);
    return err;
}

static enum err run(struct training *training, struct out *out)
{
    struct trained_facts facts = { 0 };
    fill_facts(training, &facts);
    struct train_chosen chosen;
    TRY(train_choose(training, &chosen));
    facts.parameters = chosen.parameters;
    facts.figures = chosen.figures;
    TRY(finish(training, &facts, chosen.calibrated ? &chosen.calibration : NULL, out));
    return training_step(training, "done", training->all);
}

enum err train(const struct baskets *baskets, const struct train_settings *settings,
               struct out *out, struct err_note *note)
{
    TRY(check(baskets, note));
    struct training training;
    enum err err = training_init(&training, baskets, settings);
    if (err == OK)
        err = run(&training, out);
    training_deinit(&training);
    return err;
}
