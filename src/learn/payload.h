/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/out.h"

struct event;

/*
 * Payload
 *
 * An event as the log keeps it: one JSON object in one spelling, with the fields that we
 * know and no others, in the words of POST /events. An offer's events carry rule, kind and
 * group beside the offer's id, so reading them back needs no key. The opposite is
 * intake_recall (learn.h). Looks at everything of @event but its shop and payload. Lack of
 * room shows in @out->failed.
 */
void payload_print(struct out *out, const struct event *event);
