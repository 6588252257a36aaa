/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

struct catalog;
struct event_log;
struct moved;

/*
 * Moves source
 *
 * What customers moved on to (model/moves.h), kept current from the event log. Nothing of it is
 * written down: who bought what stands in the log and nowhere else, so a start reads the orders
 * again, a bounded number at a time. One thread.
 */
struct moves_source;

/* Past @known_purchases the older half is forgotten. */
MUST_CHECK enum err moves_source_new(size_t known_purchases, struct moves_source **ret_source);
struct moves_source *moves_source_free(struct moves_source *source); /* NULL in, NULL out */
DEFINE_AUTO(struct moves_source, moves_source_free)

/*
 * Reads the orders that came since, at most @most of them; 0: all. One whose bytes cannot be read
 * is passed over: who counts orders for the model (app/world/model_file.h) has logged it.
 */
MUST_CHECK enum err moves_source_read(struct moves_source *source, struct event_log *log,
                                      struct str shop, uint32_t most, struct err_note *note);

/* There are more orders in the log than were read. */
bool moves_source_is_behind(const struct moves_source *source);

/* Would moves_source_now give another one than before? */
bool moves_source_has_news(const struct moves_source *source);

/*
 * For that catalogue, of all that has been read up to the
 * mark; *ret_moved is borrowed until the next call.
 */
MUST_CHECK enum err moves_source_now(struct moves_source *source, struct catalog *catalog,
                                     struct moved **ret_moved);
