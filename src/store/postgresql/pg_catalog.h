/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "ports/catalog_store.h"
#include "store/postgresql/pg_db.h"

/*
 * PostgreSQL catalogue store
 *
 * The catalogue store (ports/catalog_store.h) in a database that many processes read. A
 * replacement is copied into a temporary table, then takes the old one's place in one transaction;
 * replacements of one shop take turns. A commit is heard by every fleet (pg_fleet.h). The server
 * may be away when the store is made; a replacement whose connection was lost has to begin again.
 */
MUST_CHECK enum err pg_catalog_new(const struct pg_settings *settings,
                                   struct catalog_store **ret_store, struct err_note *note);
