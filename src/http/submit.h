/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/str.h"
#include "http/exchange.h"

/*
 * Submit
 *
 * The way of a body of events into the journal and back, shared by POST /events and the
 * outcomes of offers: read, hand over, wait suspended until it is durable and visible,
 * go on. What cannot be read or taken is answered here with a problem.
 */

/*
 * When exchange->batch is set and its outcome is OK, @step is
 * called (at once when nothing had to be stored).
 */
void submit_events(struct exchange *exchange, struct str body, exchange_step *step);
