/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "ports/fleet.h"

/*
 * Fake fleet: replicas in one process. The first is made with new, each further one joins any
 * member. What stands and what each has yet to hear is kept in memory; any thread.
 */
enum err fake_fleet_new(struct fleet **ret_fleet);
enum err fake_fleet_join(struct fleet *fleet, struct fleet **ret_fleet);

/* From now on this member's calls fail with ERR_UNAVAILABLE, or work again: then all that stands is heard. */
void fake_fleet_fail(struct fleet *fleet, bool failing);

/* How many marks stand, of all shops. */
uint32_t fake_fleet_standing(struct fleet *fleet);

/* A catalogue of @shop was committed. */
void fake_fleet_catalog(struct fleet *fleet, struct str shop);
