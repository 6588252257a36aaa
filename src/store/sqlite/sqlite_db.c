/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/sqlite_db.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BUSY_TRIES = 5000, BUSY_PAUSE_NS = 1000000 /* 5 s in all */ };

static const char *const migrations[] = {
#include "store/sqlite/sqlite_migrations.inc"
};

/* The embedded store's: event log and catalogue. */
static const struct sqlite_file offerd_db = {
    .name = "offerd.db",
    .application_id = 0x6f666664, /* offd */
    .migrations = migrations,
    .n_migrations = sizeof migrations / sizeof *migrations,
    .pragmas = "PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4000;"
               "PRAGMA journal_size_limit = 67108864",
};

enum err sqlite_db_fail(sqlite3 *db, const char *doing, struct err_note *note)
{
    enum err err = ERR_UNAVAILABLE; /* busy, full, an I/O error: may be better later */
    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_NOMEM: err = ERR_NOMEM; break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA: err = ERR_CORRUPT; break;
    default: break;
    }
    return err_fail(note, err, "%s: %s", doing, sqlite3_errmsg(db));
}

enum err sqlite_db_exec(sqlite3 *db, const char *sql, struct err_note *note)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? OK
               : sqlite_db_fail(db, "database", note);
}

enum err sqlite_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_stmt,
                           struct err_note *note)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_stmt, NULL) != SQLITE_OK)
        return sqlite_db_fail(db, "database", note);
    return OK;
}

void sqlite_db_rollback(sqlite3 *db)
{
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

bool sqlite_bind_str(sqlite3_stmt *stmt, int at, struct str text)
{
    int result = text.at
                     ? sqlite3_bind_text64(stmt, at, text.at, text.len, SQLITE_STATIC, SQLITE_UTF8)
                     : sqlite3_bind_null(stmt, at);
    return result == SQLITE_OK;
}

struct str sqlite_column_str(sqlite3_stmt *stmt, int at)
{
    const char *text = (const char *) sqlite3_column_text(stmt, at);
    return (struct str){ text, text ? (size_t) sqlite3_column_bytes(stmt, at) : 0 };
}

/*
 * SQLite's own busy handler backs off to 100 ms, and a writer that begins again at once (an
 * import) would always be first. Ours asks each millisecond.
 */
static int wait_for_writer(void *unused, int tries)
{
    (void) unused;
    const struct timespec pause = { .tv_nsec = BUSY_PAUSE_NS };
    return tries < BUSY_TRIES && (nanosleep(&pause, NULL), 1);
}

static enum err read_version(sqlite3 *db, int *ret_version, struct err_note *note)
{
    sqlite3_stmt *stmt = NULL;
    TRY(sqlite_db_prepare(db, "PRAGMA user_version", &stmt, note));
    bool seen = sqlite3_step(stmt) == SQLITE_ROW;
    if (seen)
        *ret_version = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return seen ? OK : sqlite_db_fail(db, "database", note);
}

/* Inside a transaction that has the write lock: two programs may start at once. */
static enum err run_migrations(sqlite3 *db, const struct sqlite_file *file, struct err_note *note)
{
    int version = 0;
    TRY(read_version(db, &version, note));
    for (int i = version; i < file->n_migrations; i++)
        TRY(sqlite_db_exec(db, file->migrations[i], note));
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d; PRAGMA application_id = %d",
             file->n_migrations, file->application_id);
    return sqlite_db_exec(db, sql, note);
}

static enum err bring_up_to_date(sqlite3 *db, const struct sqlite_file *file, const char *path,
                                 struct err_note *note)
{
    int version = 0;
    TRY(read_version(db, &version, note));
    if (version > file->n_migrations)
        return err_fail(note, ERR_INPUT,
                        "database: '%s' belongs to a newer offerd (schema %d, this one knows %d)",
                        path, version, file->n_migrations);
    if (version == file->n_migrations)
        return OK;
    TRY(sqlite_db_exec(db, "BEGIN IMMEDIATE", note));
    enum err err = run_migrations(db, file, note);
    if (err == OK)
        err = sqlite_db_exec(db, "COMMIT", note);
    if (err != OK)
        sqlite_db_rollback(db);
    return err;
}

/*
 * Customers' data: for the owner only, whatever the umask. SQLite gives its companion files
 * (-wal, -shm) the same mode. Only a file that is not there is opened: closing one that SQLite
 * has open in this process would drop its locks. What fails here sqlite3_open_v2 will tell.
 */
static void make_private(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0)
        close(file);
}

static enum err open_file(const struct sqlite_file *file, const char *path, sqlite3 **ret_db,
                          struct err_note *note)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    make_private(path);
    if (sqlite3_open_v2(path, ret_db, flags, NULL) != SQLITE_OK) {
        if (!*ret_db)
            return ERR_NOMEM;
        return err_fail(note, ERR_INPUT, "database: '%s': %s", path, sqlite3_errmsg(*ret_db));
    }
    sqlite3_extended_result_codes(*ret_db, 1);
    sqlite3_busy_handler(*ret_db, wait_for_writer, NULL);
    TRY(sqlite_db_exec(*ret_db, file->pragmas, note));
    TRY(sqlite_db_exec(*ret_db,
                       "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                       "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF",
                       note));
    return bring_up_to_date(*ret_db, file, path, note);
}

enum err sqlite_db_open(const char *directory, sqlite3 **ret_db, struct err_note *note)
{
    return sqlite_db_open_file(directory, &offerd_db, ret_db, note);
}

enum err sqlite_db_open_file(const char *directory, const struct sqlite_file *file,
                             sqlite3 **ret_db, struct err_note *note)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", directory, file->name) >= (int) sizeof path)
        return err_fail(note, ERR_INPUT, "database: the directory's name is too long");
    sqlite3 *db = NULL;
    enum err err = open_file(file, path, &db, note);
    if (err != OK) {
        sqlite_db_close(db);
        return err;
    }
    *ret_db = db;
    return OK;
}

sqlite3 *sqlite_db_close(sqlite3 *db)
{
    sqlite3_close(db);
    return NULL;
}
