/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "ports/fleet.h"
#include "store/postgresql/pg_db.h"

/*
 * PostgreSQL fleet
 *
 * The fleet (ports/fleet.h) by a table of marks and NOTIFY, which carries the marks themselves.
 * Hearing has a connection of its own, made beside the calls (each gives it some milliseconds at
 * most). hear answers ERR_UNAVAILABLE, and what it has visited by then counts all the same, until
 * all marks that stood when the connection began were read; from then on OK. The connection is
 * asked for a sign of life every second, so one that was cut off silently is noticed within
 * settings->read_ms more. After a connection was made anew the catalogue counts as changed.
 */
MUST_CHECK enum err pg_fleet_new(const struct pg_settings *settings, struct fleet **ret_fleet,
                                 struct err_note *note);
