/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/metric.h"

/*
 * Loader
 *
 * The thread that folds from the log the profiles that decisions wait for, through a reader of
 * its own: so no decision waits for a commit, nor for another process that writes. After a
 * read that failed it asks for nothing more for a tenth of a second.
 *
 * Embedded, what it folds goes into the table of profiles. With shared profiles it fills these
 * (claim, fold, fill: see ports/shared_profiles.h) and gives what it folded to the one who waits.
 */
struct clock;
struct event_log;
struct fold;
struct loader;
struct share;
struct shared_profiles;
struct wanted;

struct loader_sharing {
    struct shared_profiles *shared; /* NULL: embedded */
    struct share *share;
};

/* Takes @reader, on failure too; borrows the rest until loader_stop. Starts the thread. */
MUST_CHECK enum err loader_start(struct event_log *reader, struct fold *fold, struct wanted *wanted,
                                 const struct loader_sharing *sharing, struct clock *clock,
                                 struct metrics *metrics, struct loader **ret_loader,
                                 struct err_note *note);

/* Tells who still waits, ends the thread. NULL in, NULL out. */
struct loader *loader_stop(struct loader *loader);

/* A profile could not be loaded a moment ago: do not ask for another now. Any thread. */
bool loader_is_losing(struct loader *loader);
