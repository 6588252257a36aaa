/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/sqlite_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

static char directory[64];
static struct err_note note;

static void set_up(void)
{
    snprintf(directory, sizeof directory, "/tmp/offerd-sqlite-db-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void tear_down(void)
{
    static const char *const names[] = { "offerd.db", "offerd.db-wal", "offerd.db-shm" };
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

static sqlite3 *open_db(void)
{
    sqlite3 *db = NULL;
    ck_assert_msg(sqlite_db_open(directory, &db, &note) == OK, "%s", note.text);
    return db;
}

static int64_t number_of(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    ck_assert_int_eq(sqlite_db_prepare(db, sql, &stmt, &note), OK);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return number;
}

START_TEST(every_commit_is_synced_and_written_ahead)
{
    set_up();
    sqlite3 *db = open_db();

    ck_assert_int_eq(number_of(db, "PRAGMA synchronous"), 2); /* FULL */
    ck_assert_int_eq(number_of(db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    sqlite_db_close(db);
    tear_down();
}
END_TEST

START_TEST(the_files_are_for_their_owner_only)
{
    static const char *const names[] = { "offerd.db", "offerd.db-wal", "offerd.db-shm" };
    char path[128];
    set_up();
    umask(0);
    sqlite3 *db = open_db();

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stat made;
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        ck_assert_int_eq(stat(path, &made), 0);
        ck_assert_uint_eq(made.st_mode & 0777, 0600);
    }
    sqlite_db_close(db);
    tear_down();
}
END_TEST

START_TEST(a_second_opening_finds_the_schema_as_it_is)
{
    set_up();
    sqlite3 *db = open_db();
    int64_t version = number_of(db, "PRAGMA user_version");
    ck_assert_int_ge(version, 1);
    sqlite_db_close(db);

    db = open_db();

    ck_assert_int_eq(number_of(db, "PRAGMA user_version"), version);
    ck_assert_int_eq(number_of(db, "SELECT count(*) FROM events"), 0);
    sqlite_db_close(db);
    tear_down();
}
END_TEST

START_TEST(refuses_the_database_of_a_newer_program)
{
    set_up();
    sqlite3 *db = open_db();
    ck_assert_int_eq(sqlite_db_exec(db, "PRAGMA user_version = 1000", &note), OK);
    sqlite_db_close(db);

    sqlite3 *refused = NULL;
    ck_assert_int_eq(sqlite_db_open(directory, &refused, &note), ERR_INPUT);

    ck_assert_ptr_nonnull(strstr(note.text, "newer offerd (schema 1000"));
    ck_assert_ptr_null(refused);
    tear_down();
}
END_TEST

START_TEST(says_that_a_damaged_file_is_damaged)
{
    char path[128];
    set_up();
    snprintf(path, sizeof path, "%s/offerd.db", directory);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database\n", file);
    fclose(file);

    sqlite3 *refused = NULL;
    ck_assert_int_eq(sqlite_db_open(directory, &refused, &note), ERR_CORRUPT);

    ck_assert_ptr_null(refused);
    tear_down();
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_the_callers_fault)
{
    sqlite3 *refused = NULL;
    ck_assert_int_eq(sqlite_db_open("/nowhere/at/all", &refused, &note), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(note.text, "/nowhere/at/all"));
}
END_TEST

SUITE_MAIN("store/sqlite_db", every_commit_is_synced_and_written_ahead,
           the_files_are_for_their_owner_only, a_second_opening_finds_the_schema_as_it_is,
           refuses_the_database_of_a_newer_program, says_that_a_damaged_file_is_damaged,
           a_directory_that_is_not_there_is_the_callers_fault)
