/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/epoch.h"
#include "base/err.h"
#include "base/str.h"
#include "shop/customer.h"

/*
 * Profiles
 *
 * The hot profiles in memory: a table from customer to the newest immutable profile. One
 * writer at a time publishes and drops; any number of readers (up to those of the epoch) find,
 * without a lock and without allocating, inside a section of their own. When the table is
 * full, by number or by memory (4 KB for each that may be kept, on average), profiles that
 * nobody asked for lately make room (clock).
 */
struct profiles;

struct profiles *profiles_new(uint32_t max_profiles,
                              uint32_t max_readers);       /* NULL for lack of memory */
struct profiles *profiles_free(struct profiles *profiles); /* no reader is inside */
DEFINE_AUTO(struct profiles, profiles_free)

/* Where readers register, enter and leave. */
struct epoch *profiles_epoch(struct profiles *profiles);

/*
 * NULL when it is not in the table. Borrowed: until the reader's section ends, or, for the
 * writer, until it publishes or drops that customer.
 */
const struct profile *profiles_find(struct profiles *profiles, struct str customer_id);

/*
 * Writer: takes @profile, on failure too; readers find it from now on in place of the one before.
 */
MUST_CHECK enum err profiles_publish(struct profiles *profiles, struct profile *profile);

/* Writer: out of the table, if it is there. */
void profiles_drop(struct profiles *profiles, struct str customer_id);

/* Writer: all of them out of the table. */
void profiles_drop_all(struct profiles *profiles);

/* Writer: frees what no reader can see any more. After each round of changes. */
void profiles_advance(struct profiles *profiles);

uint32_t profiles_count(const struct profiles *profiles); /* writer */
