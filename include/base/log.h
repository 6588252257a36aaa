/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/str.h"

/*
 * Log
 *
 * One line an event to standard error, as text for people or JSON lines for
 * machines, in one write so that lines of several threads do not mix. Where nobody may wait for a
 * disk or a pipe there is a sink, which takes the lines instead. The message
 * reads "<problem>: <value>", values in quotes.
 *   ERROR    someone must act
 *   WARNING  degraded, and the line says how
 *   INFO     a state changed
 *   DEBUG    for developers
 * Set up once, before the first thread starts. Base and the pure rooms never log;
 * adapters and flows log once, at the place that decides. Any thread.
 */
enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_setup(enum log_level level, bool json);
bool log_wants(enum log_level level);

/* Takes whole lines, each with its newline, on the thread that logs; must not wait, nor log. */
struct log_sink {
    void (*put)(struct log_sink *sink, struct str line);
};

/*
 * For the lines of all threads but those that write themselves. Borrowed until another takes its
 * place; NULL: standard error. Nobody may be logging to the one before any more.
 */
void log_to(struct log_sink *sink);

/* The calling thread writes its lines itself from now on: it is the sink's. */
void log_itself(void);

/* @area names the part ("http", "journal", "rules"). */
void log_line(enum log_level level, const char *area, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for one request: @request_id is its trace id or decision id. */
void log_request(enum log_level level, const char *area, struct str request_id, const char *fmt,
                 ...) __attribute__((format(printf, 4, 5)));

/* "error", "warning", "info", "debug"; false for another word. */
bool log_level_of(struct str name, enum log_level *ret_level);
