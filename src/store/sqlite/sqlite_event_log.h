/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "ports/event_log.h"

/*
 * SQLite event log
 *
 * The event log (ports/event_log.h) in <directory>/offerd.db, made when it is not there. A
 * commit is fsynced before append returns. Each log has its own connection: one for the
 * journal, one for whoever reads beside it. A writer of another process (an import) is
 * waited for, up to five seconds; then ERR_UNAVAILABLE and nothing of the batch is stored.
 */
MUST_CHECK enum err sqlite_event_log_new(const char *directory, struct event_log **ret_log,
                                         struct err_note *note);
