/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/*
 * PostgreSQL address
 *
 * Who is behind the host names of a database's address. Libpq would ask the resolver itself, and
 * wait for it as long as that likes; here a thread of its own asks, so that nobody waits longer
 * than they want. Asked anew for each connection. Used by one thread.
 */
struct pg_address;

/*
 * ERR_INPUT, without showing @url (it may hold a password), when it is not one of PostgreSQL or
 * libpq takes an option of it for wrong (pg_options.h).
 */
MUST_CHECK enum err pg_address_new(const char *url, struct pg_address **ret_address,
                                   struct err_note *note);
/* does not wait; NULL in, NULL out */
struct pg_address *pg_address_free(struct pg_address *address);
DEFINE_AUTO(struct pg_address, pg_address_free)

/*
 * Waits until @deadline_us (monotonic). *ret_known false: nothing is known yet, ask again.
 * ERR_UNAVAILABLE: no such host, or the resolver is away.
 */
MUST_CHECK enum err pg_address_resolve(struct pg_address *address, int64_t deadline_us,
                                       bool *ret_known, struct err_note *note);

/*
 * A connection that is being made (PQconnectStartParams) to what resolve has found, all of it one
 * after another. @names and @values: @n settings that the address may say otherwise. NULL for
 * lack of memory.
 */
PGconn *pg_address_connect(struct pg_address *address, const char *const *names,
                           const char *const *values, int n);
