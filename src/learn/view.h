/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/metric.h"
#include "ports/profile_store.h"

/*
 * View
 *
 * What a worker sees of the shared profiles: the profile store of a replica among others. Each
 * reader has a cache of its own (near_profiles) and a link of its own to the shared profiles:
 *
 *   near, if nothing was missed ─► the shared value, fetched on the reader's loop ─► the log, folded by the loader
 *
 * A near profile is used only while its link would have heard of a change, this process
 * acknowledged nothing of that customer since it was fetched, and nothing is owed
 * (learn/share.h). A hit takes no lock and no memory. Without the shared profiles every
 * decision folds its customer from the log, within its budget.
 */
struct clock;
struct loader;
struct share;
struct shared_profiles;
struct stamps;
struct view;
struct wanted;

struct view_settings {
    struct shared_profiles *shared;
    struct share *share;
    struct stamps *stamps;
    struct wanted *wanted;
    struct loader *loader;
    struct clock *clock;
    uint32_t near_profiles; /* of each reader */
};

/* Borrows all of them. */
MUST_CHECK enum err view_new(const struct view_settings *settings, struct metrics *metrics,
                             struct view **ret_view);
struct view *view_free(struct view *view); /* after its readers */
DEFINE_AUTO(struct view, view_free)

struct profile_store *view_store(struct view *view);
