/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "ports/event_log.h"

/*
 * Fake event log
 *
 * The event log in memory; keeps nothing past free. While it is failing, its calls
 * and those of its readers answer ERR_UNAVAILABLE and change nothing. Any thread.
 */
MUST_CHECK enum err fake_event_log_new(struct event_log **ret_log);
void fake_event_log_fail(struct event_log *log, bool failing);
