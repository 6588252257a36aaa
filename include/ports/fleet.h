/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Fleet
 *
 * What replicas tell one another through the database when the shared profiles cannot be told:
 * "this customer's log has come to this position, and the shared value may not know". A mark
 * stands until somebody has put its floor into the shared profiles and removes it. Also
 * what changed beside us (a new catalogue), so that nobody has to poll quickly. One thread.
 */
struct fleet_mark {
    struct str customer_id; /* borrowed until the visitor returns */
    uint64_t position;
};

struct fleet {
    /* Durable, then heard by all. */
    enum err (*tell)(struct fleet *fleet, struct str shop, const struct fleet_mark *marks,
                     uint32_t n, struct err_note *note);
    /*
     * What was told since the last hear, by others or by us; after a connection was
     * lost (and at the first call): all marks that stand. Does not wait.
     * *ret_catalog_changed: a catalogue was committed.
     */
    enum err (*hear)(struct fleet *fleet, struct str shop, void *self,
                     void (*visit)(void *self, const struct fleet_mark *mark),
                     bool *ret_catalog_changed, struct err_note *note);
    /* These floors are in the shared profiles: marks up to their positions are removed. */
    enum err (*settle)(struct fleet *fleet, struct str shop, const struct fleet_mark *marks,
                       uint32_t n, struct err_note *note);
    int (*fd)(
        struct fleet *fleet); /* readable when there is something to hear; -1: not connected */
    void (*free)(struct fleet *fleet);
};
