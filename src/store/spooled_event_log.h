/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/metric.h"
#include "ports/event_log.h"

/*
 * Spooled event log
 *
 * An event log (ports/event_log.h) that takes events while the log behind it is away. When
 * the main log answers ERR_UNAVAILABLE, events are written durably to a spool on this machine's
 * disk (store/spool.h) and accepted at provisional positions; tend brings them into the main
 * log, in order, when it is back; one that takes appends and does not finish them is tried ever
 * more rarely (store/drain_pause.h). While the spool is not empty every event goes there, so
 * that one customer's events never overtake each other. Each is in the main log once, whatever
 * dies when: the main log knows it by its id.
 *
 * What that costs while events are spooled:
 *   - a repeat of what only the main log knows is accepted, and settled as a duplicate;
 *   - accepting an offer with a budget is answered APPEND_LATER: only the main log can
 *     say whether there is one left;
 *   - reading shows the main log alone, without what is in the spool, also through a reader;
 *   - a spool that is full, or cannot be written, answers ERR_UNAVAILABLE, nothing is stored.
 *
 * What was settled is forgotten when the spool is empty and tend is called again (or earlier, when
 * more than half of its room is taken): the caller has had until then to carry it on, and
 * who dies before hears of it again.
 *
 * received_us of a drained event is when it came into the main log. An event that the
 * main log refuses when it is drained is settled as refused, and kept nowhere; one that it calls
 * wrong (ERR_INPUT) is settled as refused too, and is kept in the spool's table set_aside.
 */
struct clock;

struct spool_settings {
    int64_t max_bytes;     /* of spooled events, on disk */
    uint32_t drain_events; /* brought over in one append; 0: 500 */
    int64_t drain_us;      /* tend begins no other append after that (ten times that, when as many
                       * events come as are drained); 0: 50 ms */
};

/*
 * Takes @main_log, on failure too; borrows @clock and @metrics. Whoever calls holds the data
 * directory (store/data_dir.h). ERR_UNAVAILABLE when another process has the spool open,
 * ERR_CORRUPT when the file is damaged: it may hold accepted events, so it is left alone.
 */
MUST_CHECK enum err spooled_event_log_new(struct event_log *main_log, const char *directory,
                                          const struct spool_settings *settings,
                                          struct clock *clock, struct metrics *metrics,
                                          struct event_log **ret_log, struct err_note *note);
