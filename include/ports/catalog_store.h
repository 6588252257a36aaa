/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct catalog;
struct product;

/*
 * Catalogue store
 *
 * Keeps the shop's catalogue. A replacement is all or nothing: begin, put every product,
 * commit; readers see the old one until then. version rises with every commit, so a
 * running service notices an import by another process. One thread at a time.
 */
struct catalog_store {
    enum err (*begin)(struct catalog_store *store, struct str shop, struct str currency,
                      struct err_note *note);
    enum err (*put)(struct catalog_store *store, const struct product *product,
                    struct err_note *note);
    enum err (*commit)(struct catalog_store *store, struct err_note *note);
    void (*rollback)(struct catalog_store *store);

    enum err (*version)(struct catalog_store *store, struct str shop, uint64_t *ret_version,
                        struct err_note *note);
    /* An empty catalogue when none was ever stored. */
    enum err (*load)(struct catalog_store *store, struct str shop, struct catalog **ret_catalog,
                     struct err_note *note);
    void (*free)(struct catalog_store *store);
};
