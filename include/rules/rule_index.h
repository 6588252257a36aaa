/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "rules/facts.h"
#include "rules/rule.h"

/*
 * Rule index
 *
 * Finds the rules of one list (of a trigger and placement) that match a request without looking
 * at those that cannot. Made once with the ruleset, off the request path; immutable after.
 *
 * Each rule's conditions are split into conjuncts; equal conjuncts of different rules are one.
 * A conjunct that only holds when some field has one of a few values (the category of an item of
 * the cart is "camera") is an access to the rule.
 *
 * - A rule whose rarest access few rules share *hangs* there: it is looked at only when the request
 *   has that value.
 * - The other rules are *scanned*, 512 at a time, as bits: a column for each field knows which
 *   rules pass for each value.
 *
 * Both give rules in the order of the list; the cursor merges them, tests what the access or the
 * columns have not settled (each conjunct at most once a request, when rules share it), and stops
 * when its caller has enough. It answers exactly as rule_matches on each rule in turn does,
 * `if_unknown: allow` and unknown values included.
 */
struct rule_index;

struct rule_lists { /* as ruleset_candidates gives them; borrowed */
    const struct rule *rules;
    uint32_t n_rules;
    const uint32_t *candidates;
    const uint32_t *bounds; /* list i is candidates[bounds[i] .. bounds[i + 1]) */
    uint32_t n_lists;
};

/*
 * Everything is @arena's and borrows the rules. *ret_indexes: n_lists pointers, NULL for a list of
 * fewer than RULE_INDEX_LEAST rules. ERR_LIMIT, ERR_NOMEM for lack of room.
 */
enum { RULE_INDEX_LEAST = 64 };
MUST_CHECK enum err rule_index_build(const struct rule_lists *lists, struct arena *arena,
                                     const struct rule_index *const **ret_indexes);

/*
 * One request's walk. The cursor and its working memory are @arena's; @facts must stay as they are
 * until the walk ends (where the current item stands does not matter). @products: what is known of
 * the catalogue's products (rule_products.h), of this index's ruleset; NULL: nothing. A cart's line
 * with a product has that product's SKU. NULL for lack of room.
 */
struct rule_cursor;
struct rule_products;
struct rule_cursor *rule_cursor_new(const struct rule_index *index,
                                    const struct rule_products *products, struct facts *facts,
                                    int64_t now_us, struct arena *arena);

enum cursor_answer {
    CURSOR_RULE,  /* *ret_number matches */
    CURSOR_PAUSE, /* @patience candidates were looked at and did not match: ask again */
    CURSOR_END,
    CURSOR_NO_ROOM, /* the arena is full */
};

/*
 * The next rule that matches, paused ones left out. With a @patience of 0 only whether there is
 * another candidate: CURSOR_PAUSE or CURSOR_END. No allocation but in the arena.
 */
enum cursor_answer rule_cursor_next(struct rule_cursor *cursor, uint32_t patience,
                                    uint32_t *ret_number);

/*
 * The number of a rule such that every rule the cursor has still to give stands there
 * or behind it in the list. O(1), looks at nothing more. UINT32_MAX at the end.
 */
uint32_t rule_cursor_peek(const struct rule_cursor *cursor);

struct rule_index_facts { /* for the bench and tests */
    uint32_t hanging, scanned, columns, filters, checks;
};
struct rule_index_facts rule_index_facts(const struct rule_index *index);
