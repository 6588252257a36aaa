/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_catalog_store.h"

#include <stdlib.h>

#include "shop/catalog.h"

struct fake_catalog_store {
    struct catalog_store store;
    struct catalog *now; /* NULL: none yet */
    struct catalog_builder *next;
    char *shop, *next_shop;
    uint64_t version;
};

static void rollback(struct catalog_store *store)
{
    struct fake_catalog_store *self = (struct fake_catalog_store *) store;
    self->next = catalog_builder_free(self->next);
    free(self->next_shop);
    self->next_shop = NULL;
}

static enum err begin(struct catalog_store *store, struct str shop, struct str currency,
                      struct err_note *note)
{
    struct fake_catalog_store *self = (struct fake_catalog_store *) store;
    (void) note;
    rollback(store);
    self->next = catalog_builder_new(currency);
    self->next_shop = str_dup(shop);
    return self->next && self->next_shop ? OK : ERR_NOMEM;
}

static enum err put(struct catalog_store *store, const struct product *product,
                    struct err_note *note)
{
    return catalog_builder_add(((struct fake_catalog_store *) store)->next, product, note);
}

static enum err commit(struct catalog_store *store, struct err_note *note)
{
    struct fake_catalog_store *self = (struct fake_catalog_store *) store;
    struct catalog *sealed = NULL;
    (void) note;
    TRY(catalog_builder_seal(self->next, &sealed));
    catalog_unref(self->now);
    self->now = sealed;
    free(self->shop);
    self->shop = MOVE(self->next_shop);
    self->version++;
    rollback(store);
    return OK;
}

static bool is_ours(const struct fake_catalog_store *self, struct str shop)
{
    return self->now && str_is(shop, self->shop);
}

static enum err version(struct catalog_store *store, struct str shop, uint64_t *ret_version,
                        struct err_note *note)
{
    struct fake_catalog_store *self = (struct fake_catalog_store *) store;
    (void) note;
    *ret_version = is_ours(self, shop) ? self->version : 0;
    return OK;
}

static enum err load(struct catalog_store *store, struct str shop, struct catalog **ret_catalog,
                     struct err_note *note)
{
    struct fake_catalog_store *self = (struct fake_catalog_store *) store;
    (void) note;
    if (is_ours(self, shop)) {
        *ret_catalog = catalog_ref(self->now);
        return OK;
    }
    AUTO(catalog_builder_free) struct catalog_builder *empty = catalog_builder_new(STR(""));
    return empty ? catalog_builder_seal(empty, ret_catalog) : ERR_NOMEM;
}

static void free_store(struct catalog_store *store)
{
    struct fake_catalog_store *self = (struct fake_catalog_store *) store;
    rollback(store);
    catalog_unref(self->now);
    free(self->shop);
    free(self);
}

enum err fake_catalog_store_new(struct catalog_store **ret_store)
{
    struct fake_catalog_store *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->store = (struct catalog_store){ begin, put, commit, rollback, version, load, free_store };
    *ret_store = &self->store;
    return OK;
}
