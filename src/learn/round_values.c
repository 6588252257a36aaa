/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/round_values.h"

#include "base/arena.h"
#include "base/out.h"
#include "learn/floors.h"
#include "learn/round.h"
#include "ports/event_log.h"
#include "ports/shared_profiles.h"
#include "shop/customer.h"
#include "shop/event.h"
#include "shop/profile_bytes.h"

static enum err base_of(const struct round_by_customer *round,
                        const struct round_customer *customer, const struct shared_value *before,
                        struct profile **ret_profile)
{
    if (!before->body.at || before->position != round->outcomes[customer->first].previous)
        return ERR_INPUT; /* it does not stand where the events begin */
    return profile_parse(customer->customer_id, before->body, ret_profile);
}

static enum err apply_all(const struct round_by_customer *round,
                          const struct round_customer *customer, struct profile **profile)
{
    for (uint32_t i = customer->first; i != ROUND_NO_EVENT; i = round->next[i]) {
        struct profile *next = NULL;
        TRY(profile_apply(*profile, round->events[i], round->outcomes[i].position, &next));
        (void) profile_free(*profile);
        *profile = next;
    }
    return OK;
}

/* Folded from the log meanwhile, or still to be. */
static bool is_known(const struct round_customer *customer, const struct shared_value *before)
{
    return customer->position < POSITION_PROVISIONAL && before->position >= customer->position &&
           before->position > 0;
}

/* The profile with the round's events, as bytes in @arena; absent: it cannot be made. */
static struct str body_of(const struct round_by_customer *round,
                          const struct round_customer *customer, const struct shared_value *before,
                          struct arena *arena)
{
    AUTO(profile_free) struct profile *profile = NULL;
    struct out out;
    if (customer->broken || customer->first == ROUND_NO_EVENT ||
        base_of(round, customer, before, &profile) != OK ||
        apply_all(round, customer, &profile) != OK)
        return (struct str){ 0 };
    out_init(&out, arena, 512);
    profile_print(&out, profile);
    return out.failed ? (struct str){ 0 } : out_str(&out);
}

enum err round_values_make(const struct round_by_customer *round, const struct shared_value *before,
                           const struct floors *floors, struct round_values *ret_values)
{
    struct round_values values = { 0 };
    values.puts = arena_take_array(floors->arena, struct shared_put, round->n_customers);
    if (!values.puts)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < round->n_customers; i++) {
        const struct round_customer *customer = &round->customers[i];
        if (is_known(customer, &before[i]))
            continue;
        struct str body = body_of(round, customer, &before[i], floors->arena);
        values.puts[values.n++] = (struct shared_put){
            .value = { .customer_id = customer->customer_id,
                       .position = floors_at(floors, customer->position),
                       .body = body },
            .mode = body.at ? SHARED_APPLY : SHARED_COMMIT,
            .over = body.at ? before[i].position : 0,
        };
        values.n_applied += body.at != NULL;
    }
    *ret_values = values;
    return OK;
}
