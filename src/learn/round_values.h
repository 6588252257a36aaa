/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"

/*
 * Round values
 *
 * What a committed round changes in the shared profiles, worked out from what is there: a
 * customer's profile with the round's events where it stands exactly before them, else a floor;
 * nothing where what is there is as new already. Writes nothing itself.
 */
struct floors;
struct round_by_customer;
struct shared_put;
struct shared_value;

struct round_values {
    struct shared_put *puts;
    uint32_t n, n_applied; /* of puts: profiles; the others are floors */
};

/*
 * @before: a value for each of the round's customers, in order. The puts are in the floors' arena,
 * which is not reset, and borrow from both. ERR_NOMEM; whatever else is wrong ends as a floor.
 */
MUST_CHECK enum err round_values_make(const struct round_by_customer *round,
                                      const struct shared_value *before,
                                      const struct floors *floors, struct round_values *ret_values);
