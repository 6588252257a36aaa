/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/metric.h"
#include "base/str.h"

struct clock;
struct model_store;
struct trained;

/*
 * Trained source
 *
 * The trained model that decisions are to use: <data>/trained.bin (train_run.h), looked at now
 * and then; whoever replaces the file hands over a new one. In a fleet it is also where the newest
 * of the model store is put, so every replica comes to the same and has one at hand when it starts.
 * A file that cannot be used is said once, counted, and the last good one stays. What the store has
 * and the disk has no room for is tried again each minute. One thread.
 *
 * The bytes are read into memory, not mapped: a file that is copied over in
 * place, instead of renamed, must not pull the ground from under a decision.
 */
#define TRAINED_FILE_NAME "trained.bin" /* in the data directory */

struct trained_source;

/*
 * Takes @models (NULL: embedded, the file is all there is), on
 * failure too. Borrows @shop, @clock and @metrics.
 */
MUST_CHECK enum err trained_source_new(const char *data_dir, struct str shop,
                                       struct model_store *models, struct clock *clock,
                                       struct metrics *metrics, struct trained_source **ret_source);
struct trained_source *trained_source_free(struct trained_source *source);
DEFINE_AUTO(struct trained_source, trained_source_free)

/* Looks for a newer one; true when there is one. Never fails: see above. */
bool trained_source_look(struct trained_source *source);

/* The newest good one; borrowed until the next look; NULL: none yet. */
struct trained *trained_source_now(const struct trained_source *source);
