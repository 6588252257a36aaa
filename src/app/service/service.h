/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "app/setup/settings.h"
#include "base/cleanup.h"
#include "base/err.h"

/*
 * Service
 *
 * Everything of one running offerd, built in order and taken down in reverse: data directory,
 * catalogue and model, rules, the journal, the read path, the keeper, and last the door. Bad rule
 * files do not stop it: it serves the last good ones, or none, and says so.
 */
struct service;

/*
 * ERR_INPUT and ERR_UNAVAILABLE with a note that a person can
 * act on. Signals must be blocked already. @give_up is asked between the parts of the start and
 * while a database is waited for: true ends the start, with ERR_UNAVAILABLE.
 */
MUST_CHECK enum err service_start(const struct settings *settings, bool (*give_up)(void),
                                  struct service **ret_service, struct err_note *note);
/* drains, flushes the journal; NULL in, NULL out */
struct service *service_stop(struct service *service);
DEFINE_AUTO(struct service, service_stop)

uint16_t service_port(const struct service *service);

/*
 * SIGHUP: the rule files are read again soon, by the keeper; the access log's file is opened anew.
 */
void service_reload(struct service *service);

/* First SIGTERM: not ready any more, no new connections. True once nothing is in flight. */
void service_drain(struct service *service);
bool service_drained(struct service *service, int64_t wait_us);
