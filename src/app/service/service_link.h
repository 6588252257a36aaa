/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"

/*
 * Service link
 *
 * A connection to this machine's own service, plain or by TLS, for a command that asks it something
 * and waits no longer than it was told. It does not ask whose certificate it is, so nothing secret
 * is said over it. One thread.
 */
struct service_link;

/*
 * Connects. All that follows ends at @end_us of the machine's clock (real_clock.h) at the latest.
 * ERR_UNAVAILABLE, with a note; ERR_NOMEM.
 */
MUST_CHECK enum err service_link_new(const struct sockaddr_storage *peer, socklen_t peer_len,
                                     bool tls, int64_t end_us, struct service_link **ret_link,
                                     struct err_note *note);
struct service_link *service_link_free(struct service_link *link);
DEFINE_AUTO(struct service_link, service_link_free)

/* False: the connection broke off. Short texts: what a socket takes at once. */
bool service_link_say(struct service_link *link, const char *text, size_t len);

/* Bytes, 0 at the end, -1 for what did not come in time or broke off. */
ssize_t service_link_hear(struct service_link *link, char *bytes, size_t room);
