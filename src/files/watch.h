/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

/*
 * Watch
 *
 * Tells when a directory of rule files should be read again. It watches directories, never files:
 * editors save by renaming, and a Kubernetes ConfigMap swaps the link `..data`; the parent is
 * watched too, for a directory or link that is replaced as a whole. A save is often several
 * events, so it waits until WATCH_QUIET_US after the last, but at most WATCH_LONGEST_US after the
 * first. Every WATCH_POLL_US it asks for a look in any case: links that lead elsewhere, network
 * file systems and a directory that was not there yet are seen that way.
 *
 * The owner polls watch_fd for input, calls watch_drain when there is some,
 * and looks again when watch_is_due, which begins anew. The clock is the
 * owner's: any monotonic microseconds. One thread.
 */
enum { WATCH_QUIET_US = 50000, WATCH_LONGEST_US = 200000, WATCH_POLL_US = 30000000 };

struct watch;

/* Also for a directory that does not exist (yet). NULL for lack of memory or of inotify. */
struct watch *watch_new(const char *dir, int64_t now_us);
struct watch *watch_free(struct watch *watch);
DEFINE_AUTO(struct watch, watch_free)

int watch_fd(const struct watch *watch);

/* Takes what has happened; true if some of it may have changed the rules. */
bool watch_drain(struct watch *watch, int64_t now_us);

/* How long the owner may sleep. */
int64_t watch_wait_us(const struct watch *watch, int64_t now_us);
bool watch_is_due(struct watch *watch, int64_t now_us);
