/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/metric.h"

/*
 * Refresh
 *
 * Keeps catalogue and model current: notices an import by another process, folds new orders into
 * the counts, takes over a newly trained model (trained_source.h), and publishes the world
 * with the new parts. Everything happens on one thread at a time: the caller's at the start, the
 * keeper's later. Reads the store on connections of its own.
 */
struct catalog_store;
struct composer;
struct event_log;
struct learn;
struct model_store;
struct refresh;
struct trained;

struct refresh_settings {
    const char *data_dir, *shop;    /* borrowed */
    struct catalog_store *catalogs; /* taken, on failure too */
    struct event_log *log;          /* the same */
    struct model_store *models;     /* the same; NULL: embedded */
    size_t known_purchases;         /* who bought what (model/moves.h): the same on all replicas */
    bool alone; /* nobody else has a journal: foreign orders in the log are an import's */
    bool whole; /* refresh_new reads everything: nothing is left to the background */
};

/* The first catalogue and model are published when it returns. */
MUST_CHECK enum err refresh_new(const struct refresh_settings *settings, struct composer *composer,
                                struct metrics *metrics, struct refresh **ret_refresh,
                                struct err_note *note);
struct refresh *refresh_free(struct refresh *refresh); /* saves the counts; NULL in, NULL out */
DEFINE_AUTO(struct refresh, refresh_free)

/*
 * From now on: new orders in the log, whoever wrote them, are counted every
 * @model_us, or less often where making a model of them takes long: no more than a
 * tenth of the time is spent on it, but for what was saved up in quiet moments. When
 * others than @learn wrote some, its profiles are read again.
 */
void refresh_watch(struct refresh *refresh, struct learn *learn, int64_t model_us);

/* What the counts and the live model rest on. The keeper's thread, like refresh_run. */
struct refresh_state {
    uint64_t orders, position;     /* counted, and the log position they reach */
    const struct trained *trained; /* borrowed until the next run; NULL: none yet */
};
struct refresh_state refresh_state(const struct refresh *refresh);

/* The keeper's task, each second: @self is the refresh. What fails is logged and tried again. */
void refresh_run(void *self);
