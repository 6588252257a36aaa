/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"
#include "base/str.h"
#include "rules/diag.h"
#include "rules/doc.h"
#include "rules/rule.h"

/*
 * Ruleset
 *
 * All rule files of a shop, read together, checked, lowered and indexed by trigger and
 * placement. Immutable once made and shared by reference.
 *
 * *Where a rule is evaluated* (asked by serve/match.c): rule_holds below, one rule; rule_cursor_next
 * of rule_index.h, a long list of them; blame_matches of blame.h, for a receipt, which names the
 * first condition that fails. What all three have to answer is rule_matches.
 */
struct ruleset;
struct facts;
struct product;

struct attr_label { /* how the comparison table calls an attribute */
    struct str name, label[LOCALES], unit[LOCALES];
    int better; /* +1 more is better, -1 less, 0 not ordered */
};

struct ruleset_settings {
    const struct civil_zone *(*zone)(void *self, struct str name); /* NULL: unknown zone */
    void *self;
    struct str version; /* 12 hex digits; copied */
    int64_t now_us;     /* for the warning that a schedule is over; 0: no such warning */
    /* Or NULL: the tree of that file may go, all its rules are read. */
    void (*done)(void *self, uint32_t file);
};

/*
 * Reads all @files (in the order given; ids, named conditions and groups are shared over all).
 * Every fault is a diag; with any error *ret_ruleset is NULL and ERR_INPUT comes back. The
 * ruleset copies what it keeps: files and diags may go before it.
 */
MUST_CHECK enum err ruleset_read(const struct doc_file *files, uint32_t n_files,
                                 const struct ruleset_settings *settings, struct diags *diags,
                                 struct ruleset **ret_ruleset);

/*
 * No rules at all: what serves before the first rule file. Its version is RULESET_VERSION_UNREAD.
 */
#define RULESET_VERSION_UNREAD "000000000000"
struct ruleset *ruleset_empty(void);

struct ruleset *ruleset_ref(struct ruleset *ruleset);
struct ruleset *ruleset_unref(struct ruleset *ruleset);
DEFINE_AUTO(struct ruleset, ruleset_unref)

struct str ruleset_version(const struct ruleset *ruleset);
struct str ruleset_currency(const struct ruleset *ruleset);
uint32_t ruleset_count(const struct ruleset *ruleset);
const struct rule *ruleset_rule(const struct ruleset *ruleset, uint32_t number); /* side by side */
const struct rule *ruleset_find(const struct ruleset *ruleset, struct str id);   /* NULL: none */
const struct str *ruleset_attr_names(const struct ruleset *ruleset);             /* for facts */
const struct civil_zone *ruleset_zone(const struct ruleset *ruleset);
/*
 * `policy: {per_customer: […]}`: caps over all rules together. Their windows are of ruleset_zone.
 */
const struct cap *ruleset_policy(const struct ruleset *ruleset, uint32_t *ret_n);
/*
 * `policy: {floor: {expected_profit: …}}`: what an offer must be worth at least; 0: not written.
 * Minor units.
 */
int64_t ruleset_profit_floor(const struct ruleset *ruleset);
/*
 * `policy: {floor: {relevance: …, relevance_at: {checkout: …}}}`: how likely the offered product
 * must be wanted (completion_chance of model/completion.h), in basis points; RELEVANCE_USUAL_BP
 * when nothing is written.
 */
enum { RELEVANCE_USUAL_BP = 100 };
uint32_t ruleset_relevance_floor_bp(const struct ruleset *ruleset, struct str placement);
/* May uncertain offers be tried? Unless `policy: {explore: false}`. */
bool ruleset_explores(const struct ruleset *ruleset);
bool ruleset_has_attr_labels(const struct ruleset *ruleset); /* does any file name attributes? */
const struct attr_label *ruleset_attr_label(const struct ruleset *ruleset,
                                            struct str name); /* NULL: none */

/*
 * Rules of that trigger and placement with any status but draft and archived, by falling priority,
 * then id.
 */
const uint32_t *ruleset_candidates(const struct ruleset *ruleset, enum trigger trigger,
                                   struct str placement, uint32_t *ret_n);

/* The same list's index, paused rules left out; NULL when the list is too short to need one. */
struct rule_index;
const struct rule_index *ruleset_rule_index(const struct ruleset *ruleset, enum trigger trigger,
                                            struct str placement);

/*
 * The indexes of all lists, *ret_n of them, NULL where there is none; NULL when there are no lists.
 */
const struct rule_index *const *ruleset_rule_indexes(const struct ruleset *ruleset,
                                                     uint32_t *ret_n);

/* For metrics: lets the owner hang a number on each rule once, before it is published. */
void ruleset_set_metric(struct ruleset *ruleset, uint32_t number, metric_id shown);

enum match_answer { MATCH_YES, MATCH_NO, MATCH_UNKNOWN, MATCH_OFF_SCHEDULE };

struct match_verdict {
    enum match_answer answer;
    const struct condition *failed; /* the first that is not true; NULL otherwise */
};

/* Does the pick's `where` hold for this product? Unknown does not. No allocation. */
bool pick_takes(const struct pick *pick, struct facts *facts, const struct product *product);

/* All conditions and the schedule; not caps (caps.h). No allocation. */
struct match_verdict rule_matches(const struct rule *rule, struct facts *facts, int64_t now_us);

/*
 * Would rule_matches say MATCH_YES? What is dear to ask is asked last, so what failed is not told.
 */
bool rule_holds(const struct rule *rule, struct facts *facts, int64_t now_us);
