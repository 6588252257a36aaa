/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "ports/profile_store.h"
#include "shop/customer.h"

/*
 * Fake profile store
 *
 * Holds the few profiles a test puts in. What is put is here at once, unless it is put as
 * late: then the first find answers PROFILE_COMING, and fake_profile_store_arrive tells the
 * waiters and makes it be here. A customer nobody put is a stranger. One thread.
 */
struct fake_profile_store;

enum fake_profile_when { FAKE_PROFILE_HERE, FAKE_PROFILE_LATE, FAKE_PROFILE_LOST };

struct fake_profile_store *fake_profile_store_new(void);
struct fake_profile_store *fake_profile_store_free(struct fake_profile_store *fake);
DEFINE_AUTO(struct fake_profile_store, fake_profile_store_free)

struct profile_store *fake_profile_store_port(struct fake_profile_store *fake);

/* Takes @profile; a profile of the same customer goes. */
void fake_profile_store_put(struct fake_profile_store *fake, struct profile *profile,
                            enum fake_profile_when when);

/* All late profiles are here now; every waiter that was not forgotten is told. */
void fake_profile_store_arrive(struct fake_profile_store *fake);

/* Finds so far; sections open now: 0 when every read_begin met its read_end. */
uint32_t fake_profile_store_finds(const struct fake_profile_store *fake);
int fake_profile_store_open_sections(const struct fake_profile_store *fake);
uint32_t fake_profile_store_waiting(const struct fake_profile_store *fake);
