/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Model store
 *
 * Hands a shop's trained model (model/trained.h, its file's bytes) from whoever trained it to every
 * replica. Published whole or not at all; version rises with each, so a replica that looks now and
 * then notices. A shop without one has version 0. Only the newest is kept. One thread at a time.
 */
struct model_store {
    enum err (*version)(struct model_store *store, struct str shop, uint64_t *ret_version,
                        struct err_note *note);
    enum err (*publish)(struct model_store *store, struct str shop, struct str bytes,
                        struct err_note *note);
    /*
     * Gives the newest to @take, piece by piece in order; stops at
     * its first answer other than OK and returns it.
     * *ret_version is what was given; 0, and nothing is given, when there is none.
     */
    enum err (*fetch)(struct model_store *store, struct str shop, void *self,
                      enum err (*take)(void *self, struct str piece), uint64_t *ret_version,
                      struct err_note *note);
    /*
     * *ret_mine: nobody else trains for this shop until release, or until this connection ends. Replicas ask before they train, so
     * that one of them does.
     */
    enum err (*claim)(struct model_store *store, struct str shop, bool *ret_mine,
                      struct err_note *note);
    void (*release)(struct model_store *store, struct str shop);
    void (*free)(struct model_store *store);
};
