/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <sqlite3.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

/*
 * SQLite database
 *
 * <directory>/offerd.db, opened as every store needs it: write-ahead log, every commit
 * fsynced (synchronous=FULL), foreign writers waited for up to five seconds, the schema
 * brought up to date. A connection is used by one thread at a time. A database of a newer
 * program is refused.
 */
MUST_CHECK enum err sqlite_db_open(const char *directory, sqlite3 **ret_db, struct err_note *note);

/* A database of its own beside it, opened and kept up to date in the same way. */
struct sqlite_file {
    const char *name; /* in the data directory */
    int application_id;
    const char *const *migrations; /* in order: a file of version n has seen the first n */
    int n_migrations;
    const char *pragmas; /* run first, before the schema is looked at */
};
MUST_CHECK enum err sqlite_db_open_file(const char *directory, const struct sqlite_file *file,
                                        sqlite3 **ret_db, struct err_note *note);

sqlite3 *sqlite_db_close(sqlite3 *db); /* after its statements; NULL in, NULL out */

/* The enum err of the last failure on @db, with a sentence: "<doing>: <what SQLite said>". */
enum err sqlite_db_fail(sqlite3 *db, const char *doing, struct err_note *note);

MUST_CHECK enum err sqlite_db_exec(sqlite3 *db, const char *sql, struct err_note *note);

/* Kept for long; the caller finalizes it. */
MUST_CHECK enum err sqlite_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_stmt,
                                      struct err_note *note);

/* Ends a transaction without its changes; harmless when there is none. */
void sqlite_db_rollback(sqlite3 *db);

/* Borrowed until the statement is reset; absent is NULL. False when it cannot be bound. */
bool sqlite_bind_str(sqlite3_stmt *stmt, int at, struct str text);

/* Borrowed until the next step; NULL is absent. */
struct str sqlite_column_str(sqlite3_stmt *stmt, int at);
