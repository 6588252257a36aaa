/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/out.h"
#include "rules/facts.h"
#include "rules/rule.h"
#include "rules/ruleset.h"

/*
 * Blame
 *
 * What a condition that failed saw, and what it wanted, as text for a receipt. Values are shown as a rule
 * file writes them: money in the main unit, shares in percent. Only what decides is shown: of a
 * block (`any`, `none`, `all`) the parts that failed, of a list the items that failed it, of an item the
 * first attribute that did.
 *
 * All text is escaped for the inside of a JSON string. What was wanted does not depend on the request, so a
 * ruleset holds it ready (condition_words).
 */
enum { BLAME_KEPT = 32, BLAME_ITEMS = 4 };

/* What blame_matches has seen on its way, so that blame_seen need not look again. */
struct blame_hint {
    bool ready; /* the rest is set: the condition asks for an item, and none is one … */
    uint32_t list, n_items;      /* … of these … */
    uint32_t slots[BLAME_ITEMS]; /* … and this is the first thing that is wrong with each */
};

/* One request's receipts: remembers where it has written what an item has, to copy it. */
struct blame {
    struct facts *facts;
    struct out *out;  /* where everything goes; the caller takes nothing back from it */
    int decimals;     /* of the cart's currency */
    uint32_t is_kept; /* bit i: kept[i] is */
    struct {
        uint32_t slot, list, index;
        size_t at, len; /* in @out */
    } kept[BLAME_KEPT];
};

void blame_init(struct blame *blame, struct facts *facts, struct out *out);

/* As rule_matches. No allocation. */
struct match_verdict blame_matches(const struct rule *rule, struct facts *facts, int64_t now_us,
                                   struct blame_hint *ret_hint);

/*
 * Writes what @condition, which answered @answer (MATCH_NO or MATCH_UNKNOWN), saw. @hint: of the same
 * facts. No allocation but in out.
 */
void blame_seen(struct blame *blame, const struct condition *condition, enum match_answer answer,
                const struct blame_hint *hint);

/* What would have made it true. @attr_names: the ruleset's. */
void blame_wanted(const struct condition *condition, int decimals, const struct str *attr_names,
                  struct out *out);
