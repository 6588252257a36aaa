/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * Progress
 *
 * One line on a terminal that tells how far a long step is: rewritten ten times a second,
 * wiped before anything else is printed. Says nothing when standard error is no terminal.
 */
struct progress {
    bool shown;   /* standard error is a terminal, and nobody asked for quiet */
    bool visible; /* a line stands there now */
    const char *step;
    const char *unit; /* "lines" */
    int64_t began_us, printed_us;
};

void progress_init(struct progress *progress, bool quiet);
void progress_step(struct progress *progress, const char *step, const char *unit);

/* @units so far; @part of @whole tells the percentage and the time left. */
void progress_show(struct progress *progress, uint64_t units, uint64_t part, uint64_t whole);
void progress_wipe(struct progress *progress);

/* A clock that never goes back: for durations. */
int64_t progress_now_us(void);
