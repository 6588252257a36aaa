/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ports/model_store.h"
#include "store/postgresql/pg_db.h"

/*
 * The trained models in PostgreSQL, a megabyte a row. A port
 * of its own connection, see ports/model_store.h.
 */
MUST_CHECK enum err pg_models_new(const struct pg_settings *settings,
                                  struct model_store **ret_store, struct err_note *note);
