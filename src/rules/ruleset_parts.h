/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/strmap.h"
#include "rules/rule_index.h"
#include "rules/ruleset.h"

/*
 * Ruleset parts
 *
 * The inside of a ruleset, for the two files that make it: ruleset_read.c fills it, ruleset.c
 * indexes and answers. Everything is in its own arena but the maps.
 */
enum { RULESET_CHUNK_BYTES = 256 << 10, RULESET_LIMIT_BYTES = 1 << 30 };

struct ruleset {
    struct snapshot snapshot; /* first */
    struct arena *arena;
    struct str version, currency;
    const struct civil_zone *zone;

    struct rule *rules; /* in the order of the files */
    uint32_t n_rules;
    struct strmap *by_id;

    const struct cap *policy; /* over all rules */
    uint32_t n_policy;
    int64_t profit_floor_minor;
    struct relevance_floor *relevance; /* by placement; the one without is for all others */
    uint32_t n_relevance;
    bool never_explores;

    const struct str *attrs; /* an absent one behind the last */
    const struct attr_label *labels;
    bool has_labels;
    struct strmap *by_label;

    struct strmap *by_placement;
    const uint32_t *bounds; /* list placement × TRIGGERS + trigger is [bounds[i], bounds[i + 1]) */
    const uint32_t *candidates;
    const struct rule_index *const *indexes; /* of each list; NULL for a short one, or no rules */
};

struct ruleset *ruleset_new(void); /* NULL for lack of memory */

/* Once the rules stand: by id, the lists of candidates, and an index for each long one. */
MUST_CHECK enum err ruleset_index(struct ruleset *self);
