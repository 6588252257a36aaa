/* SPDX-License-Identifier: Apache-2.0 */
#include "files/csv_tally.h"

/* Reasons are few and written in the source: the table cannot run over, and if it did, the
 * last one would take the rest. */
static uint64_t count(struct csv_tally *tally, const char *reason)
{
    for (uint32_t i = 0; i < tally->n_reasons; i++)
        if (tally->refused[i].reason == reason)
            return ++tally->refused[i].n;
    if (tally->n_reasons < CSV_MAX_REASONS)
        tally->refused[tally->n_reasons++].reason = reason;
    return ++tally->refused[tally->n_reasons - 1].n;
}

void csv_tally_refuse(struct csv_tally *tally, uint64_t line, const char *reason, struct str value,
                      struct str text)
{
    const struct csv_refusal refusal = {
        .line = line, .reason = reason, .value = value, .text = text, .nth = count(tally, reason)
    };
    if (tally->on_refusal)
        tally->on_refusal(tally->self, &refusal);
}

uint64_t csv_tally_refused(const struct csv_tally *tally)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < tally->n_reasons; i++)
        n += tally->refused[i].n;
    return n;
}
