/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/cleanup.h"
#include "base/err.h"

/*
 * Log writer
 *
 * From its making to its end, the log lines of all threads are written to standard error by a
 * thread of its own. Who logs only copies the line: a disk that syncs, or a reader of our pipe that
 * has gone to sleep, holds up no decision, no event, no thread that others wait for, and not the
 * end. 256 KiB wait at most; what comes on top is counted, and told when there is room again. A
 * process that is killed or crashes loses what waits, milliseconds of it.
 */
struct log_writer;

/* One at a time; before the threads that log are started. */
MUST_CHECK enum err log_writer_new(struct log_writer **ret_writer);

/* Returns when what waits is written, after two seconds at the latest. NULL is welcome. Any thread. */
void log_writer_flush(struct log_writer *writer);

/* What waits is written first, for two seconds at most. NULL in, NULL out. */
struct log_writer *log_writer_free(struct log_writer *writer);
DEFINE_AUTO(struct log_writer, log_writer_free)
