/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "ports/fleet.h"

/*
 * Fake fleet
 *
 * The marks of one shop in a table of this process, and a member for each replica. A member that was cut
 * off fails; when it is back it hears all marks that stand. More than a
 * thousand cannot be settled at once. Any thread.
 */
struct fake_fleet;

struct fake_fleet *fake_fleet_new(void);                     /* aborts for lack of memory */
struct fake_fleet *fake_fleet_free(struct fake_fleet *fake); /* after its members */

struct fleet *fake_fleet_join(struct fake_fleet *fake); /* its free() leaves */
void fake_fleet_cut(struct fleet *member, bool is_cut);
unsigned fake_fleet_standing(struct fake_fleet *fake); /* marks */
