/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "rules/rule.h"
#include "shop/customer.h"

struct ruleset;

/*
 * Silence
 *
 * A decline is respected beyond the rule that was declined: `after_decline: {silence: 14d,
 * scope: group}` of one rule keeps every rule of its group quiet for so long, likewise its
 * kind or all; `after_accept` the same. What one customer's answers silence now is gathered
 * once per decision; then each rule asks. A rule that has left the ruleset silences nothing.
 */
enum { SILENCES_MAX = 64 };

struct silence_over {
    const struct rule *by;
    enum touch_what what; /* TOUCH_DECLINED or TOUCH_ACCEPTED */
    enum silence_scope scope;
    int64_t since_us, until_us;
};

struct silences {
    struct silence_over list[SILENCES_MAX];
    uint32_t n;
};

/* O(rules remembered). @memory NULL: none. */
void silences_gather(const struct ruleset *rules, const struct profile *memory, int64_t now_us,
                     struct silences *ret_silences);

/* The first one that covers @rule, or NULL. */
const struct silence_over *silences_cover(const struct silences *silences, const struct rule *rule);
