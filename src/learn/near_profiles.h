/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/str.h"

struct profile;

/*
 * Near profiles
 *
 * One worker's decoded profiles, so that a customer's next decision need not ask the shared store.
 * One thread, no locks; nothing is allocated to find one. A stranger is kept as well: an empty
 * profile with position 0. Whether what is kept is still good is the caller's question: a stamp
 * (learn/stamps.h) is kept with each and compared, the rest is dropped when it is told of changes.
 *
 * Bounded by number and by memory, 4 KB for each that may be kept: profiles that nobody asked for
 * lately make room (clock). A profile in use is held: it outlives its place here, until the last
 * holder releases it, and counts towards the bounds only as long as it can be found.
 */
struct near_profiles;

struct near_profiles *near_profiles_new(uint32_t max_profiles);       /* NULL for lack of memory */
struct near_profiles *near_profiles_free(struct near_profiles *near); /* nothing is held any more */
DEFINE_AUTO(struct near_profiles, near_profiles_free)

/*
 * NULL when it is not here or was kept with another stamp. @hash is str_hash(customer_id).
 * Borrowed: until anything is kept or dropped, or for as long as it is held.
 */
const struct profile *near_profiles_find(struct near_profiles *near, struct str customer_id,
                                         uint64_t hash, uint32_t stamp);

/*
 * Takes @profile, which is found from now on in place of the customer's one before, and gives it
 * back, borrowed as if it had been found. NULL for lack of memory: then @profile is freed and the
 * customer has none here.
 */
const struct profile *near_profiles_keep(struct near_profiles *near, struct profile *profile,
                                         uint64_t hash, uint32_t stamp);

/*
 * @profile is borrowed from here just now, or held already; it
 * stays until it was released as often. NULL: nothing.
 */
void near_profiles_hold(struct near_profiles *near, const struct profile *profile);
void near_profiles_release(struct near_profiles *near, const struct profile *profile);

void near_profiles_drop(struct near_profiles *near, struct str customer_id); /* if it is here */
void near_profiles_drop_some(struct near_profiles *near,
                             bool (*is_one)(const void *part, struct str customer_id),
                             const void *part);
void near_profiles_drop_all(struct near_profiles *near);

uint32_t near_profiles_count(const struct near_profiles *near); /* that can be found */
