/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Line
 *
 * One client's connection, as the timeouts see it. libmicrohttpd's own timeout starts
 * again at each byte, so a client that sends a byte a second could hold a connection for
 * ever. Here each phase of a connection has a deadline that bytes do not move:
 *
 *   QUIET      no request, or not its whole head   idle + slow
 *   RECEIVING  the body                            slow, then 408 and closed
 *   WORKING    the handler has it                  none: the handler keeps its own
 *   SENDING    the answer                          slow
 *
 * Over TLS the 408 is left out. Checked once a tick; a line is cut by
 * shutting its socket down, which libmicrohttpd then notices by itself. Lines
 * belong to one worker's thread and are kept for reuse.
 */
enum line_phase { LINE_QUIET, LINE_RECEIVING, LINE_WORKING, LINE_SENDING };

struct line {
    struct line *before, *after; /* ring of all open ones */
    struct MHD_Connection *connection;
    enum line_phase phase;
    uint64_t since_ms; /* loop time of entering the phase */
    bool cut;
};

struct lines {
    struct line ring, *spare;
    unsigned open;
    uint64_t quiet_ms, slow_ms;
    bool is_tls; /* TLS: words of ours would not be understood on the socket */
};

void lines_init(struct lines *lines, unsigned idle_timeout_s, unsigned slow_request_s);
void lines_deinit(struct lines *lines);

struct line *line_open(struct lines *lines, struct MHD_Connection *connection, uint64_t now_ms);
void line_close(struct lines *lines, struct line *line);

/*
 * From NULL too: a connection for which there was no memory has no deadlines but libmicrohttpd's.
 */
void line_enter(struct line *line, enum line_phase phase, uint64_t now_ms);

/* Cuts those past their deadline, and quiet ones after @most_quiet_ms; returns how many. */
unsigned lines_sweep(struct lines *lines, uint64_t now_ms, uint64_t most_quiet_ms);
