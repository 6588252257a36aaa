/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/metric.h"
#include "http/trace.h"

/*
 * Access log
 *
 * One JSON line a request, written by a thread of its own. A worker puts plain numbers into a
 * ring that is its alone, without lock or malloc, and never waits: when the ring is full, for the
 * file is slow or a pipe is not read, the line is lost and counted
 * (offerd_access_log_lost_total). Neither paths, which hold ids, nor headers, nor bodies are
 * written: the route's pattern, and the name of the key.
 *
 *   {"time":"2026-11-21T10:30:00.123Z","method":"POST","path":"/offers","status":200,
 *    "bytes":1830,"took_us":74,"key":"shop","trace_id":"4bf9…","worker":0}
 *
 * path is null for what is no path of ours, key without one. status 408: the body came too slowly
 * (over TLS that is not said, but the connection is cut too); 0: it ended without an answer, for the
 * client left, its body was far too long or the service stopped. took_us is as in the metrics: from
 * the complete request to the queued answer.
 */
struct access_log;

enum { ACCESS_METHOD_BYTES = 8, ACCESS_KEY_BYTES = 64 };

struct access_line {
    int64_t at_us, took_us; /* wall clock of the complete request */
    uint64_t bytes;         /* of the answer's body */
    const char *path;       /* a constant; NULL: none of ours */
    uint16_t status;
    uint8_t method_len, key_len;
    char method[ACCESS_METHOD_BYTES], key[ACCESS_KEY_BYTES];
    char trace_id[TRACE_ID_BYTES];
};

/*
 * @target: a file's path (appended to, made with mode 0640) or "-", standard output. ERR_INPUT with
 * a note when it cannot be opened. @metrics must live until access_log_stop has returned.
 */
MUST_CHECK enum err access_log_start(const char *target, unsigned n_workers,
                                     struct metrics *metrics, struct access_log **ret_log,
                                     struct err_note *note);

/* Writes what is in the rings and ends. No worker may use it any more. NULL in, NULL out. */
struct access_log *access_log_stop(struct access_log *log);
DEFINE_AUTO(struct access_log, access_log_stop)

/*
 * By worker @worker alone: a line to fill, or NULL when there is no room (counted in @shard).
 * access_log_done hands it over; nothing else may be asked for in between.
 */
struct access_line *access_log_line(struct access_log *log, unsigned worker,
                                    struct metric_shard *shard);
void access_log_done(struct access_log *log, unsigned worker);

/*
 * The file was moved away: what is in the rings goes there
 * still, then the path is opened anew. Any thread.
 */
void access_log_reopen(struct access_log *log);
