/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as saved outcomes: as they are, and with their checksum made right, or nothing would get past it.
 * What loads can be folded on, sealed into odds that are probabilities, and saved; and what was saved loads
 * to the same bytes.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/odds.h"
#include "model/outcomes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_odds(const struct outcomes *outcomes)
{
    struct odds *odds = NULL;
    must(odds_new(outcomes, &odds) == OK);
    for (int kind = 0; kind < RULE_KINDS; kind++)
        for (uint32_t place = 0; place <= odds_facts(odds)->n_rules; place++) {
            struct beta beta = odds_of(odds, place, (enum rule_kind) kind, STR("A"), 0.5f);
            must(isfinite(beta.alpha) && beta.alpha > 0 && isfinite(beta.beta) && beta.beta > 0);
        }
    odds_unref(odds);
}

static void check_saved(const struct outcomes *outcomes)
{
    struct outcomes *back = NULL;
    struct out once, twice;
    out_init(&once, NULL, 256);
    out_init(&twice, NULL, 256);
    must(outcomes_save(outcomes, &once) == OK);
    must(outcomes_load(out_str(&once), &back, NULL) == OK);
    must(outcomes_save(back, &twice) == OK);
    must(str_eq(out_str(&once), out_str(&twice)));
    out_deinit(&once);
    out_deinit(&twice);
    outcomes_free(back);
}

static void load(struct str bytes)
{
    struct outcomes *outcomes = NULL;
    if (outcomes_load(bytes, &outcomes, NULL) != OK)
        return;
    check_odds(outcomes);
    check_saved(outcomes);
    const struct outcome outcome = { .accepted = true,
                                     .decision_id = STR("d"),
                                     .offer_id = STR("o"),
                                     .rule = STR("lens"),
                                     .sku = STR("A"),
                                     .relevance = 0.3f,
                                     .at_us = INT64_C(1763942400000000) };
    must(outcomes_add(outcomes, UINT64_MAX, &outcome) == OK);
    check_odds(outcomes);
    outcomes_free(outcomes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t sum;
    load((struct str){ (const char *) data, size });
    if (size < sizeof sum)
        return 0;

    char *forged = malloc(size);
    must(forged != NULL);
    memcpy(forged, data, size);
    sum = str_hash((struct str){ forged, size - sizeof sum });
    memcpy(forged + size - sizeof sum, &sum, sizeof sum);
    load((struct str){ forged, size });
    free(forged);
    return 0;
}
