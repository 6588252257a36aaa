/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/str.h"

/*
 * Scope
 *
 * What an API key may be used for. Every route names the one it asks for; whoever forgets to
 * say gets the narrowest, admin. A set of scopes is a bit each (1u << scope); admin may
 * everything.
 */
enum scope {
    SCOPE_ADMIN,
    SCOPE_STOREFRONT,
    SCOPE_EVENTS,
    SCOPE_METRICS,
    SCOPE_OPEN, /* no key is asked for; not a word of the keys file */
    SCOPES
};

const char *scope_word(enum scope scope); /* "admin", "storefront", … */

/* "storefront,events" as a set; 0 for a list that is empty or holds an unknown word. */
unsigned scopes_of(struct str list);
