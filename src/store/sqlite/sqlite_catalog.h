/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "ports/catalog_store.h"

/*
 * SQLite catalogue store
 *
 * The catalogue store (ports/catalog_store.h) in <directory>/offerd.db, the same file as the
 * event log's, on a connection of its own. Products come back in the order they were put.
 */
MUST_CHECK enum err sqlite_catalog_new(const char *directory, struct catalog_store **ret_store,
                                       struct err_note *note);
