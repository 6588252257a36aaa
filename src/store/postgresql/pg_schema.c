/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgresql/pg_schema.h"

#include <string.h>

#include "store/postgresql/pg_queries.inc"

/* migrations/postgresql, in order: a database of version n has seen the first n. */
static const struct {
    const char *name, *sql;
} migrations[] = {
#include "store/postgresql/pg_migrations.inc"
};

enum {
    KNOWN = sizeof migrations / sizeof *migrations,
    MIGRATION_MS = 600000, /* a table may have to be rewritten */
};

int pg_schema_known(void)
{
    return KNOWN;
}

const char *pg_schema_name(int version)
{
    return migrations[version - 1].name;
}

static enum err ask_version(struct pg_db *db, int bound_ms, int *ret_version, struct err_note *note)
{
    PGresult *result = NULL;
    TRY(pg_db_ask(db, SQL_SCHEMA_IS_THERE, NULL, bound_ms, &result, note));
    bool there = pg_int_at(result, 0, 0) != 0;
    PQclear(result);
    *ret_version = 0;
    if (!there)
        return OK;
    TRY(pg_db_ask(db, SQL_SCHEMA_VERSION, NULL, bound_ms, &result, note));
    *ret_version = (int) pg_int_at(result, 0, 0);
    PQclear(result);
    return OK;
}

/* Events are UTF-8: in another encoding some could not be stored, and only those. */
static enum err check_encoding(struct pg_db *db, int bound_ms, struct err_note *note)
{
    PGresult *result = NULL;
    enum err err = OK;
    TRY(pg_db_ask(db, SQL_SERVER_ENCODING, NULL, bound_ms, &result, note));
    struct str encoding = pg_str_at(result, 0, 0);
    if (!str_is(encoding, "UTF8"))
        err = err_fail(note, ERR_INPUT,
                       "database: its encoding is %.*s, offerd needs UTF8: "
                       "createdb --encoding UTF8 --template template0",
                       STR_ARG(encoding));
    PQclear(result);
    return err;
}

/* A stranger whom the server does not let in stays one, however long we wait. */
static enum err refuse_stranger(const struct pg_db *db, const struct err_note *why,
                                struct err_note *note)
{
    static const struct {
        const char *sqlstate, *mend;
    } mends[] = {
        { "28P01", "the password belongs in database_url, PGPASSWORD or ~/.pgpass" },
        { "28000", "look at the server's roles and its pg_hba.conf" },
        { "3D000", "createdb makes it, `offerd migrate` its tables" },
    };
    for (size_t i = 0; i < sizeof mends / sizeof *mends; i++)
        if (strcmp(pg_db_sqlstate(db), mends[i].sqlstate) == 0)
            return err_fail(note, ERR_INPUT, "%s; %s", why->text, mends[i].mend);
    return err_fail(note, ERR_UNAVAILABLE, "%s", why->text);
}

/* Connects, and looks at what no migration can mend. */
static enum err enter(struct pg_db *db, int bound_ms, struct err_note *note)
{
    struct err_note why = { "" };
    enum err err = pg_db_ready(db, pg_now_us() + bound_ms * INT64_C(1000), &why);
    if (err == ERR_UNAVAILABLE)
        return refuse_stranger(db, &why, note);
    return err == OK ? check_encoding(db, bound_ms, note) : err_fail(note, err, "%s", why.text);
}

enum err pg_schema_version(const struct pg_settings *settings, int *ret_version,
                           struct err_note *note)
{
    AUTO(pg_db_free) struct pg_db *db = NULL;
    const struct pg_db_use use = { .statement_ms = 5000 };
    TRY(pg_db_new(settings, &use, &db, note));
    TRY(enter(db, use.statement_ms, note));
    return ask_version(db, use.statement_ms, ret_version, note);
}

static enum err refuse_newer(int version, struct err_note *note)
{
    return err_fail(note, ERR_INPUT,
                    "database: its schema (version %d) belongs to a newer offerd; this one knows "
                    "version %d",
                    version, (int) KNOWN);
}

enum err pg_schema_check(const struct pg_settings *settings, struct err_note *note)
{
    int version = 0;
    TRY(pg_schema_version(settings, &version, note));
    if (version > KNOWN)
        return refuse_newer(version, note);
    if (version < KNOWN)
        return err_fail(note, ERR_INPUT,
                        "database: its schema is %s (version %d of %d); run `offerd migrate`",
                        version == 0 ? "not there yet" : "older", version, (int) KNOWN);
    return OK;
}

static enum err note_version(struct pg_db *db, int version, struct err_note *note)
{
    PGresult *result = NULL;
    struct pg_params params = { 0 };
    pg_add_int(&params, version);
    pg_add_text(&params, str_of(pg_schema_name(version)));
    TRY(pg_db_ask(db, SQL_ADD_SCHEMA_VERSION, &params, MIGRATION_MS, &result, note));
    PQclear(result);
    return OK;
}

/* Under the lock, which the transaction holds: *ret_done is 0 when there was nothing to run. */
static enum err run_next(struct pg_db *db, int *ret_done, struct err_note *note)
{
    int version = 0;
    TRY(ask_version(db, MIGRATION_MS, &version, note));
    if (version > KNOWN)
        return refuse_newer(version, note);
    *ret_done = 0;
    if (version == KNOWN)
        return OK;
    TRY(pg_db_exec(db, migrations[version].sql, MIGRATION_MS, note));
    TRY(note_version(db, version + 1, note));
    *ret_done = version + 1;
    return OK;
}

enum err pg_schema_migrate(const struct pg_settings *settings, void *self,
                           void (*ran)(void *self, int version), struct err_note *note)
{
    AUTO(pg_db_free) struct pg_db *db = NULL;
    const struct pg_db_use use = { .statement_ms = MIGRATION_MS };
    TRY(pg_db_new(settings, &use, &db, note));
    TRY(enter(db, MIGRATION_MS, note));
    for (int done = -1; done != 0;) {
        TRY(pg_db_begin(db, "BEGIN", MIGRATION_MS, note));
        TRY(pg_db_exec(db, SQL_SCHEMA_BEGIN, MIGRATION_MS, note));
        TRY(run_next(db, &done, note)); /* the connection ends, and the transaction with it */
        TRY(pg_db_commit(db, MIGRATION_MS, note));
        if (done != 0 && ran)
            ran(self, done);
    }
    return OK;
}
