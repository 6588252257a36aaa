/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgresql/pg_models.h"

#include <stdlib.h>

#include "store/postgresql/pg_queries.inc"

enum { PIECE_BYTES = 1 << 20 };

struct pg_models {
    struct model_store store; /* first: a store is cast back to its adapter */
    struct pg_settings settings;
    struct pg_db *db;
    struct pg_params params;
};

/* ── publishing ──────────────────────────────────────────────────────────────────────────── */

/* One statement of what params holds; only its success matters. */
static enum err run(struct pg_models *self, const char *sql, struct err_note *note)
{
    PGresult *result = NULL;
    TRY(pg_db_ask(self->db, sql, &self->params, self->settings.bulk_ms, &result, note));
    PQclear(result);
    return OK;
}

static enum err put_all(struct pg_models *self, struct str shop, struct str bytes,
                        struct err_note *note)
{
    pg_params_reset(&self->params);
    pg_add_text(&self->params, shop);
    pg_add_int(&self->params, (int64_t) bytes.len);
    TRY(run(self, SQL_RAISE_MODEL, note));
    pg_params_reset(&self->params);
    pg_add_text(&self->params, shop);
    TRY(run(self, SQL_DELETE_MODEL_PIECES, note));
    for (size_t at = 0; at < bytes.len; at += PIECE_BYTES) {
        size_t left = bytes.len - at;
        pg_params_reset(&self->params);
        pg_add_text(&self->params, shop);
        pg_add_int(&self->params, (int64_t) (at / PIECE_BYTES));
        pg_add_text(&self->params,
                    (struct str){ bytes.at + at, left < PIECE_BYTES ? left : PIECE_BYTES });
        TRY(run(self, SQL_ADD_MODEL_PIECE, note));
    }
    return pg_db_commit(self->db, self->settings.bulk_ms, note);
}

static enum err publish(struct model_store *store, struct str shop, struct str bytes,
                        struct err_note *note)
{
    struct pg_models *self = (struct pg_models *) store;
    TRY(pg_db_begin(self->db, "BEGIN", self->settings.bulk_ms, note));
    enum err err = put_all(self, shop, bytes, note);
    if (err != OK)
        pg_db_leave(self->db);
    return err;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────── */

static enum err version(struct model_store *store, struct str shop, uint64_t *ret_version,
                        struct err_note *note)
{
    struct pg_models *self = (struct pg_models *) store;
    PGresult *result = NULL;
    pg_params_reset(&self->params);
    pg_add_text(&self->params, shop);
    TRY(pg_db_run(self->db, "read_model_version", &self->params, self->settings.read_ms, &result,
                  note));
    *ret_version = PQntuples(result) > 0 ? (uint64_t) pg_int_at(result, 0, 0) : 0;
    PQclear(result);
    return OK;
}

struct giving {
    void *self;
    enum err (*take)(void *self, struct str piece);
};

static enum err give(void *self, const PGresult *row)
{
    struct giving *giving = self;
    return giving->take(giving->self, pg_str_at(row, 0, 0));
}

static enum err fetch_in_transaction(struct pg_models *self, struct str shop, struct giving *giving,
                                     uint64_t *ret_version, struct err_note *note)
{
    TRY(version(&self->store, shop, ret_version, note));
    if (*ret_version == 0)
        return OK;
    pg_params_reset(&self->params);
    pg_add_text(&self->params, shop);
    return pg_db_each(self->db, "read_model_pieces", &self->params, self->settings.bulk_ms, giving,
                      give, note);
}

static enum err fetch(struct model_store *store, struct str shop, void *owner,
                      enum err (*take)(void *self, struct str piece), uint64_t *ret_version,
                      struct err_note *note)
{
    struct pg_models *self = (struct pg_models *) store;
    struct giving giving = { owner, take };
    TRY(pg_db_begin(self->db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                    self->settings.read_ms, note)); /* one state of both tables */
    enum err err = fetch_in_transaction(self, shop, &giving, ret_version, note);
    if (err != OK || pg_db_commit(self->db, self->settings.read_ms, NULL) != OK)
        pg_db_leave(self->db);
    return err;
}

/* ── who trains ──────────────────────────────────────────────────────────────────────────── */

static enum err claim(struct model_store *store, struct str shop, bool *ret_mine,
                      struct err_note *note)
{
    struct pg_models *self = (struct pg_models *) store;
    PGresult *result = NULL;
    pg_params_reset(&self->params);
    pg_add_text(&self->params, shop);
    TRY(pg_db_run(self->db, "claim_training", &self->params, self->settings.read_ms, &result,
                  note));
    *ret_mine = pg_int_at(result, 0, 0) != 0;
    PQclear(result);
    return OK;
}

static void release(struct model_store *store, struct str shop)
{
    struct pg_models *self = (struct pg_models *) store;
    PGresult *result = NULL;
    pg_params_reset(&self->params);
    pg_add_text(&self->params, shop);
    if (pg_db_run(self->db, "release_training", &self->params, self->settings.read_ms, &result,
                  NULL) == OK)
        PQclear(result);
    else
        pg_db_drop(self->db); /* the claim ends with the connection */
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

static void close_store(struct model_store *store)
{
    struct pg_models *self = (struct pg_models *) store;
    if (!self)
        return;
    pg_db_free(self->db);
    pg_params_deinit(&self->params);
    pg_settings_deinit(&self->settings);
    free(self);
}

static enum err open_db(struct pg_models *self, const struct pg_settings *settings,
                        struct err_note *note)
{
    static const struct pg_statement statements[] = {
        { "read_model_version", SQL_READ_MODEL_VERSION },
        { "read_model_pieces", SQL_READ_MODEL_PIECES },
        { "claim_training", SQL_CLAIM_TRAINING },
        { "release_training", SQL_RELEASE_TRAINING },
    };
    TRY(pg_settings_copy(settings, &self->settings));
    const struct pg_db_use use = { .statements = statements,
                                   .n_statements = sizeof statements / sizeof *statements,
                                   .statement_ms = self->settings.bulk_ms };
    return pg_db_new(&self->settings, &use, &self->db, note);
}

enum err pg_models_new(const struct pg_settings *settings, struct model_store **ret_store,
                       struct err_note *note)
{
    struct pg_models *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->store = (struct model_store){ version, publish, fetch, claim, release, close_store };
    pg_params_init(&self->params);
    enum err err = open_db(self, settings, note);
    if (err != OK) {
        close_store(&self->store);
        return err;
    }
    *ret_store = &self->store;
    return OK;
}
