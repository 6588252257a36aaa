/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/round.h"

#include "base/strmap.h"
#include "ports/event_log.h"
#include "shop/event.h"

static void join(struct round_by_customer *round, struct round_customer *customer, uint32_t i)
{
    const struct append_outcome *outcome = &round->outcomes[i];
    if (outcome->position > customer->position)
        customer->position = outcome->position;
    if (outcome->result != APPEND_ACCEPTED) {
        customer->broken = true; /* an earlier try may have died before it came this far */
        return;
    }
    if (customer->first == ROUND_NO_EVENT)
        customer->first = i;
    else
        round->next[customer->last] = i;
    customer->broken |= customer->last != ROUND_NO_EVENT &&
                        outcome->previous != round->outcomes[customer->last].position;
    customer->broken |= round->events[i]->type == EVENT_CUSTOMER_IDENTIFIED ||
                        outcome->position >= POSITION_PROVISIONAL;
    customer->last = i;
    round->next[i] = ROUND_NO_EVENT;
}

enum err round_sort(const struct event *const *events, const struct append_outcome *outcomes,
                    uint32_t n, struct arena *arena, struct round_by_customer *ret_round)
{
    struct round_by_customer round = { .events = events, .outcomes = outcomes, .n = n };
    AUTO(strmap_free) struct strmap *places = strmap_new(n);
    round.next = arena_take_array(arena, uint32_t, n + 1);
    round.customers = arena_take_array(arena, struct round_customer, n + 1);
    if (!places || !round.next || !round.customers)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        struct str customer_id = events[i]->customer_id;
        if (!customer_id.at || outcomes[i].position == 0)
            continue;
        uint32_t at = strmap_get(places, customer_id);
        if (at == STRMAP_NONE) {
            at = round.n_customers++;
            round.customers[at] = (struct round_customer){ .customer_id = customer_id,
                                                           .first = ROUND_NO_EVENT,
                                                           .last = ROUND_NO_EVENT };
            TRY(strmap_put(places, customer_id, at));
        }
        join(&round, &round.customers[at], i);
    }
    *ret_round = round;
    return OK;
}
