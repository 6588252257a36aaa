/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

struct append_outcome;
struct event;

/*
 * Spool
 *
 * A queue of events on this machine's disk, <directory>/spool.db: added at one end, each
 * batch durable (fsynced) or not there at all, read from the other, in order, across
 * restarts and kill -9. One process at a time has it open, one thread at a time uses it. The
 * file is for its owner only.
 *
 * An event's place rises and is never used again. What has left the queue is settled: it
 * counts no more at once, and its row goes at the next spool_forget, so that a disk that is
 * full keeps nothing from leaving. Who dies before finds it in the queue again.
 *
 * A failure of the disk, or a full one, is ERR_UNAVAILABLE: nothing has changed, and later it
 * may work.
 */
struct spool;

/*
 * Makes the file when it is not there. @max_bytes: what the events may take in it; the
 * file's write-ahead log has up to 8 MiB beside it. ERR_UNAVAILABLE when another process has it.
 */
MUST_CHECK enum err spool_new(const char *directory, int64_t max_bytes, struct spool **ret_spool,
                              struct err_note *note);
struct spool *spool_free(struct spool *spool); /* NULL in, NULL out */
DEFINE_AUTO(struct spool, spool_free)

/*
 * All or nothing. Outcomes as in ports/event_log.h, with provisional positions: a repeat of what
 * is in the queue is a duplicate; an acceptance of a rule with a budget is not stored:
 * APPEND_LATER. ERR_LIMIT when the events would take more than max_bytes.
 */
MUST_CHECK enum err spool_add(struct spool *spool, const struct event *const *events, uint32_t n,
                              int64_t received_us, struct append_outcome *ret_outcomes,
                              struct err_note *note);

/* The oldest events, in the arena. */
struct spool_chunk {
    const struct event **events; /* with what the port's tend promises of them */
    uint64_t *places;
    uint32_t n;
};

/* At most @max_n, and no more once @max_bytes of the arena are taken, but one if there is one. */
MUST_CHECK enum err spool_read(struct spool *spool, uint32_t max_n, size_t max_bytes,
                               struct arena *arena, struct spool_chunk *ret_chunk,
                               struct err_note *note);

/* The first @n of what was read last have left the queue. */
void spool_settle(struct spool *spool, const struct spool_chunk *chunk, uint32_t n);

/*
 * Keeps the event at @place, which stays in the queue until it is settled, for a person to look at.
 */
MUST_CHECK enum err spool_set_aside(struct spool *spool, uint64_t place, const char *reason,
                                    struct err_note *note);

/*
 * Removes what was settled from the file: at most @max_n while there are events in the queue
 * (some 15 us each); everything when it is empty (about 1 us each), and then gives the disk its
 * room back.
 */
MUST_CHECK enum err spool_forget(struct spool *spool, uint32_t max_n, struct err_note *note);

uint64_t spool_count(const struct spool *spool); /* events in the queue */
uint64_t spool_mark(const struct spool *spool);  /* which spool it is: see event_log.spool_mark */
bool spool_is_used(const struct spool *spool);   /* events in the queue, or something to forget */

/* Of the file, without room that is free for more events; what is not forgotten counts, too. */
int64_t spool_bytes(struct spool *spool);

/* Each customer in the queue, with the provisional position of the last event: no order. */
MUST_CHECK enum err spool_customers(struct spool *spool, struct str shop, void *self,
                                    enum err (*visit)(void *self, struct str customer_id,
                                                      uint64_t position),
                                    struct err_note *note);
