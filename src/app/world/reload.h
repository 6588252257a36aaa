/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/metric.h"
#include "base/out.h"
#include "ports/clock.h"
#include "shop/locale.h"

/*
 * Reload
 *
 * Makes rule files live: reads the whole directory, checks it, and publishes a world with the new
 * rules, all or nothing. Files with an error change nothing; each fault is logged once, in the
 * language of the process. Files that would drop more than half of the active rules are refused
 * unless forced. What went live is kept on disk, so that a start with broken files serves the last
 * good rules. Any thread; one reading at a time.
 */
struct composer;
struct reload;

MUST_CHECK enum err reload_new(const char *rules_dir, const char *data_dir,
                               struct composer *composer, struct metrics *metrics,
                               struct clock *clock, struct reload **ret_reload,
                               struct err_note *note);
struct reload *reload_free(struct reload *reload);
DEFINE_AUTO(struct reload, reload_free)

/* At the start: the rules of the directory, else the last good ones, else none. */
void reload_first(struct reload *reload);

/*
 * Something may have changed: reads, and does nothing more
 * when the bytes are those of the last time.
 */
void reload_look(struct reload *reload);

/*
 * Writes what went live to disk, when that was at least
 * @rest_us ago. reload_free does what is left.
 */
void reload_keep(struct reload *reload, int64_t rest_us);

/* Somebody asked (SIGHUP): the same, and says what is wrong again even if nothing has changed. */
void reload_asked(struct reload *reload);

/*
 * POST /-/reload: 200 live or unchanged, 422 refused, 500 when it could not be tried; @ret_json
 * {"result", "ruleset", "rules", "files", "problems"}. @force also for many dropped rules, and
 * even if nothing has changed.
 */
int reload_for_http(struct reload *reload, enum locale locale, bool force, struct out *ret_json);

/*
 * No rules are live, because the files have errors and there are no last good ones: a replica that
 * should take no traffic. An empty directory is not that. Any thread.
 */
bool reload_is_blank(struct reload *reload);

/* One plain sentence about the rules that are live, for /readyz. Does not wait for a reading. */
void reload_state_print(struct reload *reload, struct out *out);

const char *reload_dir(const struct reload *reload);
