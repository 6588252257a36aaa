/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <libpq-fe.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "ports/event_log.h"
#include "store/postgresql/pg_params.h"

struct event;

/*
 * PostgreSQL batch
 *
 * A batch of events on its way through append_events.sql. The server answers for events whose
 * ids differ from one another, and knows each customer's last event before the batch; what one
 * event of a batch is to another (a repeat, the one before it of the same customer) is worked
 * out here, in the order of the batch. Events are borrowed.
 */
struct pg_batch;

MUST_CHECK enum err pg_batch_new(const struct event *const *events, uint32_t n,
                                 struct pg_batch **ret_batch);
struct pg_batch *pg_batch_free(struct pg_batch *batch); /* NULL in, NULL out */
DEFINE_AUTO(struct pg_batch, pg_batch_free)

/* The statement's parameters, into @params from its beginning. */
void pg_batch_add(const struct pg_batch *batch, int64_t received_us, struct pg_params *params);

/* ret_outcomes has a slot for each event of the batch; what @rows say, once. */
MUST_CHECK enum err pg_batch_outcomes(struct pg_batch *batch, const PGresult *rows,
                                      struct append_outcome *ret_outcomes, struct err_note *note);
