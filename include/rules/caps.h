/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "rules/rule.h"
#include "rules/schedule.h"
#include "shop/customer.h"

/*
 * Caps
 *
 * May this rule still be shown to this customer: windows, and the end after so many
 * declines. Pure arithmetic over the profile's memory; silences, which reach from one rule to
 * others, are silence.h. A guest (@memory NULL) has no memory, so nothing is exceeded.
 *
 * A session is taken to last a day at most: so long a showing in it counts that was forgotten
 * because of PROFILE_MAX_TOUCHES later touches of the rule, in whatever session.
 */
#define CAPS_SESSION_MAX_US (INT64_C(24) * 3600 * 1000000)

enum caps_answer { CAPS_ALLOW, CAPS_CAP, CAPS_STOPPED };

struct caps_verdict {
    enum caps_answer answer;
    const struct cap *cap; /* CAPS_CAP */
    int64_t seen, wanted;  /* count and maximum */
};

/* How much of @cap is used up by all rules together. O(rules remembered + touches). */
int64_t caps_used(const struct cap *cap, const struct civil_zone *zone,
                  const struct profile *memory, uint32_t session, int64_t now_us);

/* O(log rules remembered + touches). @session as session_mark gives it. */
struct caps_verdict caps_allow(const struct rule *rule, const struct profile *memory,
                               uint32_t session, int64_t now_us);
