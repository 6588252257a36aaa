/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "store/postgresql/pg_db.h"

/*
 * PostgreSQL schema
 *
 * The tables of the stores, by version: how many of the files in migrations/postgresql a database
 * has seen. They are built into the program, run once each, only forward. A schema may be newer
 * than a running program (replicas are replaced one by one), never newer than one that starts.
 */

/*
 * Before a service or an import starts. ERR_UNAVAILABLE: the database is away or late; ERR_INPUT,
 * with a sentence that says what to do: the schema is older, newer, or not there; the database is
 * not in UTF-8; the server does not let us in (password, role, no such database).
 */
MUST_CHECK enum err pg_schema_check(const struct pg_settings *settings, struct err_note *note);

/* 0: none of ours has run there. ERR_INPUT as above, whatever the version is. */
MUST_CHECK enum err pg_schema_version(const struct pg_settings *settings, int *ret_version,
                                      struct err_note *note);
int pg_schema_known(void);               /* the newest version that this program knows */
const char *pg_schema_name(int version); /* its file's name, 1 up to pg_schema_known */

/*
 * Runs what is missing, each in a transaction of its own, and tells each after it was committed.
 * Two at once take turns. ERR_INPUT for a newer schema, and as above.
 */
MUST_CHECK enum err pg_schema_migrate(const struct pg_settings *settings, void *self,
                                      void (*ran)(void *self, int version), struct err_note *note);
