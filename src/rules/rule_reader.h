/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/strmap.h"
#include "expr/cel_env.h"
#include "rules/grammar.h"
#include "rules/lowering.h"
#include "rules/ruleset.h"
#include "rules/schedule.h"

/*
 * Rule reader
 *
 * From the doc trees of all files to rules: what the parts of the reader share. ruleset_read.c
 * walks the files, rule_read.c reads one rule, with rule_offer.c, rule_schedule.c and
 * rule_message.c for its larger blocks. All of them report and go on, so that one reading finds
 * every fault; the caller looks at the count of errors at the end. Lives only while it reads.
 */
struct group {
    struct str name;
    uint32_t max;
    const struct doc_file *file;
    struct doc_place place;
};

struct named_condition {
    struct str name;
    const struct doc_node *node;
    const struct doc_file *file;
    struct doc_place place;
};

/*
 * The time zones that expressions name, with the ruleset; a name
 * that only an evaluation comes up with must be among them.
 */
enum { RULE_ZONES_MAX = 64 };
struct rule_zones {
    struct ruleset_reader *reader; /* while it reads; then NULL */
    const struct civil_zone *known[RULE_ZONES_MAX];
    uint32_t n;
};

/* Something of the head that all files must agree on: who said it first, and what. */
struct head_value {
    struct str text;
    const struct doc_file *file;
    struct doc_place place;
};

struct ruleset_reader {
    struct ruleset *ruleset; /* being made */
    struct arena *arena;     /* its own */
    struct diags *diags;
    const struct ruleset_settings *settings;

    struct head_value currency, zone_name, locales_text;
    uint32_t locales; /* bit 1u << enum locale */
    int decimals;
    const struct civil_zone *zone;

    struct group *groups;
    uint32_t n_groups;
    struct strmap *group_map;
    const char **group_words; /* NULL-terminated, for guesses */

    struct named_condition *conditions;
    uint32_t n_conditions;
    struct strmap *condition_map;
    const char **condition_words;

    struct attr_label *labels;
    uint32_t n_labels;
    struct strmap *label_map;

    struct head_value policy_said; /* by the one file that may */
    struct cap *policy;
    uint32_t n_policy;
    int64_t profit_floor_minor;
    struct relevance_floor *relevance; /* by placement; the one without is for all others */
    uint32_t n_relevance;
    bool never_explores;

    struct str *attrs; /* those that conditions ask for, in the order of first use */
    uint32_t n_attrs, attrs_room;
    struct strmap *attr_map;

    struct str file_name; /* the ruleset's own copy, of the file whose rules are being read */
    struct rule *rules;
    struct head_value *rule_ids; /* of each rule, for naming the first of two */
    uint32_t n_rules;
    struct strmap *rule_map;

    const struct message_text **sentences; /* each once: many rules say "Not now" */
    uint32_t n_sentences, sentences_room;
    struct strmap *sentence_map;

    const struct facts_cel *conditions_cel, *scores_cel; /* what expr and rank.score may name */
    struct rule_zones *zones;

    bool full; /* the arena was: nothing of this can be trusted */
};

/* One rule while it is read. */
struct rule_reader {
    struct ruleset_reader *all;
    struct grammar grammar;
    struct lowering lowering;
    struct rule *rule;
    const struct doc_node *node;
    bool vague; /* its kind or offer is at fault: what would follow from them is not told as well */
};

/* Fills @rule from a member of `rules:`; faults are diags. Its id may be absent then. */
void rule_read(struct ruleset_reader *all, const struct doc_file *file, const struct doc_node *node,
               struct rule *rule);

/* The lowering of conditions in @file. */
struct lowering rule_lowering(struct ruleset_reader *all, const struct doc_file *file);

/* Everything of a file but its rules; the head first, of all files. */
void shared_read_head(struct ruleset_reader *all, const struct doc_file *file);
void shared_read_names(struct ruleset_reader *all, const struct doc_file *file);

/* The blocks of a rule; @node NULL: not written. rule->kind, triggers and id are read before. */
void rule_read_offer(struct rule_reader *reader, const struct doc_node *node);
void rule_read_schedule(struct rule_reader *reader, const struct doc_node *node);
void rule_read_message(struct rule_reader *reader, const struct doc_node *node);
void rule_read_limits(struct rule_reader *reader, const struct doc_node *node);
void rule_read_budget(struct rule_reader *reader, const struct doc_node *node);

/* The `policy:` of a file; @node NULL: not written. */
void policy_read(struct ruleset_reader *all, const struct doc_file *file,
                 const struct doc_node *node);

struct cel_zones rule_zones(struct ruleset_reader *all);

/* A copy of the zone called @name in the ruleset's arena, or NULL after a diag at @node. */
const struct civil_zone *rule_zone(struct ruleset_reader *all, struct grammar *grammar,
                                   const struct doc_node *node);
