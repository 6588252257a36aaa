/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "serve.h"

struct ruleset;
struct settings;
struct world;

/*
 * Offline
 *
 * Decisions without a service, through the same door (serve.h) and from the same parts: the
 * rules given, catalogue, model and profiles of the store that the settings name. Reads
 * only, also while a service works on that store. The clock stands still, so no deadline
 * strikes; offer ids are of no use to a service. One thread.
 */
struct offline;

struct offline_parts {
    /* false: nothing was imported at settings->data_dir; no catalogue, nobody known */
    bool has_store;
    uint32_t products;
    uint64_t orders;
};

/* Borrows @settings; takes a reference on @rules. @now_us: the wall clock of every decision. */
MUST_CHECK enum err offline_new(const struct settings *settings, struct ruleset *rules,
                                int64_t now_us, struct offline **ret_offline,
                                struct err_note *note);
struct offline *offline_free(struct offline *offline); /* NULL in, NULL out */
DEFINE_AUTO(struct offline, offline_free)

struct offline_parts offline_parts(const struct offline *offline);

/* What decisions look at; a reference of the caller's own. */
struct world *offline_world(const struct offline *offline);

/*
 * The JSON answer to @body, with its receipt whether asked for or not; in @arena. ERR_INPUT and
 * ERR_LIMIT with *ret_problem, whose pointer is in @arena.
 */
MUST_CHECK enum err offline_explain(struct offline *offline, struct str body, struct arena *arena,
                                    struct str *ret_answer, struct decide_problem *ret_problem);

/* Why the profile or a budget could not be read, or "". */
const char *offline_failed(const struct offline *offline);
