/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <libpq-fe.h>

#include "base/err.h"

/*
 * PostgreSQL options
 *
 * What libpq would refuse of a database's address without asking any server: a mistake that no
 * waiting mends. Told with libpq's own words, and without what may be a part of the password.
 * Does no name look-up and sends nothing.
 */

/*
 * ERR_INPUT for an option, of @url, the environment or a service file, that libpq does not take:
 * sslmode=foo, a port that is none. @options is what PQconninfoParse made of @url.
 */
MUST_CHECK enum err pg_options_check(const char *url, const PQconninfoOption *options,
                                     struct err_note *note);

/* ERR_INPUT: why @url cannot be read at all; @why is PQconninfoParse's reason, or NULL. */
MUST_CHECK enum err pg_options_unreadable(const char *why, struct err_note *note);

/* What @options say of @keyword, or NULL. */
const char *pg_option(const PQconninfoOption *options, const char *keyword);
