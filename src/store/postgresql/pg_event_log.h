/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "ports/event_log.h"
#include "store/postgresql/pg_db.h"

/*
 * PostgreSQL event log
 *
 * The event log (ports/event_log.h) in a database that any number of processes append to and read.
 * A batch is one statement, one transaction and one flush; appenders of one shop take turns under
 * an advisory lock that the server takes only when it has all of a batch, so positions are in the
 * order of the commits and a process that is stopped does not stop the others. The months'
 * partitions of the table are made as they are needed. Appending and reading have a connection
 * each, made at their first use: the server may be away when the log is made.
 *
 * ERR_UNAVAILABLE from append may mean that the batch was stored: append it again, event ids
 * make it count once. tend, when settings->retention_days is set, forgets what is older, by
 * whole months: first the events, then their ids (a repeat of one is then a new event) and the
 * customers who had no others. What is folded from the log later lacks them; budgets do not. Now is
 * when the last batch was received, or what the server's clock says, whichever is earlier. Forgetting
 * that failed is tried again after a minute; until then tend answers so.
 */
MUST_CHECK enum err pg_event_log_new(const struct pg_settings *settings, struct event_log **ret_log,
                                     struct err_note *note);
