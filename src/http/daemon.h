/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/cleanup.h"
#include "base/err.h"

/*
 * Daemon
 *
 * A worker's libmicrohttpd: how it is set up, and what it calls. Each of its calls comes on the
 * worker's thread, from within MHD_run, and hands a request on to an exchange.
 */
struct worker;

/*
 * Sets worker->daemon and worker->lines.is_tls. Takes @listen_fd. ERR_INPUT for a certificate or a
 * key that cannot be used, ERR_UNAVAILABLE else; both with a note.
 */
MUST_CHECK enum err daemon_start(struct worker *worker, int listen_fd, struct err_note *note);
