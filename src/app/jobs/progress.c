/* SPDX-License-Identifier: Apache-2.0 */
#include "app/jobs/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { EVERY_US = 100000 };

int64_t progress_now_us(void)
{
    struct timespec now;
    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void progress_init(struct progress *progress, bool quiet)
{
    *progress = (struct progress){ .shown = !quiet && isatty(STDERR_FILENO) };
}

void progress_step(struct progress *progress, const char *step, const char *unit)
{
    progress_wipe(progress);
    progress->step = step;
    progress->unit = unit;
    progress->began_us = progress->printed_us = progress_now_us();
}

void progress_show(struct progress *progress, uint64_t units, uint64_t part, uint64_t whole)
{
    int64_t now_us = progress->shown ? progress_now_us() : 0;
    if (!progress->shown || now_us - progress->printed_us < EVERY_US)
        return;
    double seconds = (double) (now_us - progress->began_us) / 1e6;
    double done = whole ? (double) part / (double) whole : 0;
    progress->printed_us = now_us;
    progress->visible = true;
    (void) fprintf(stderr, "\r%s: %3.0f %%, %llu %s, %.0f a second, %.0f s left\033[K",
                   progress->step, done * 100, (unsigned long long) units, progress->unit,
                   (double) units / seconds, done > 0 ? seconds / done - seconds : 0);
}

void progress_wipe(struct progress *progress)
{
    if (progress->visible)
        (void) fputs("\r\033[K", stderr);
    progress->visible = false;
}
