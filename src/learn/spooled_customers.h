/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Spooled customers
 *
 * Who has events in the spool: no profile of theirs is whole, whoever folded it. Copies the ids.
 * One thread, the journal's, writes; any thread may ask.
 */
struct mark;
struct spooled_customers;

struct spooled_customers *spooled_customers_new(void); /* NULL for lack of memory */
struct spooled_customers *spooled_customers_free(struct spooled_customers *spooled);
DEFINE_AUTO(struct spooled_customers, spooled_customers_free)

/* ERR_NOMEM: it is not remembered who it was; everybody may be one until all are cleared. */
MUST_CHECK enum err spooled_customers_raise(struct spooled_customers *spooled,
                                            struct str customer_id, uint64_t position);
void spooled_customers_clear(struct spooled_customers *spooled);

/* Those that are remembered; borrowed until the next raise or clear. The writing thread. */
const struct mark *spooled_customers_all(const struct spooled_customers *spooled, uint32_t *ret_n);

/* Any thread; takes no lock while there are none. */
bool spooled_customers_has(struct spooled_customers *spooled, struct str customer_id);
