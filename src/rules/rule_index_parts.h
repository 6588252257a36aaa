/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "rules/rule_index.h"
#include "rules/term.h"

/*
 * Rule index parts
 *
 * The inside of the index, for the files that make it: rule_index_split.c takes the conditions of
 * all rules apart, rule_index_list.c lays out one list, rule_index.c walks it.
 *
 * Three-valued: a rule passes a conjunct that is true, and with `if_unknown: allow` also one that
 * is unknown. So a field of the request has a set of values and may be unknown (of an item, or as
 * a whole): an access is passed when one of its values is there, or when the field is unknown and
 * the rule allows that; a bar when none of its values is there and nothing is unknown, or the rule
 * allows that.
 */
enum {
    BLOCK_WORDS = 8, /* a cache line: 512 rules */
    BLOCK_RULES = BLOCK_WORDS * 64,
    COLUMNS_MAX = 32,
    FILTERS_MAX = 64,
    MEMO_MAX = 2048,
    RULE_CONJUNCTS_MAX = 256, /* a rule of more is tested as a whole */
    NO_COLUMN = COLUMNS_MAX,
    NO_NUMBER = UINT32_MAX,
};

/* ── all rules taken apart: lives while the indexes are made ── */

/* Which items a field is asked of. In the order in which the cursor asks. */
enum field_group { GROUP_REQUEST, GROUP_TRIGGER, GROUP_CART, GROUP_OWNED, FIELD_GROUPS };

/* Something that has values: "the category of an item of the cart". */
struct field {
    enum field_group group;
    uint32_t slot;
    enum value_kind kind; /* of the values asked for: string, bool, or int for any number */
    bool words;           /* the slot is a set of words */
};

/* A value that some access asks a field for. */
struct key {
    uint32_t field;
    uint64_t hash;
    struct value value; /* a number is a double */
};

/* One way to say when a conjunct can be true (or, for a bar, when it is not). */
struct access {
    uint32_t field;
    uint32_t first_key, n_keys; /* in split.access_keys */
    bool exact;                 /* one of the keys is there: true; else not */
};

struct conjunct {
    uint64_t hash;
    const struct term *term;           /* one of these three … */
    const struct schedule *schedule;   /* … a schedule that is not always on … */
    const struct rule *rule;           /* … or all of a rule, for what has no term */
    uint32_t first_access, n_accesses; /* any of them, see struct access */
    uint32_t bar;                      /* of split.accesses, exact; or NO_NUMBER */
    int cost;
};

struct split {
    struct arena *arena; /* of the ruleset: new terms */
    struct arena *work;
    struct field *fields;
    struct key *keys;
    struct access *accesses;
    uint32_t *access_keys;
    struct conjunct *conjuncts;
    uint32_t n_fields, n_keys, n_accesses, n_access_keys, n_conjuncts;
    uint32_t *of_rules; /* rule r's conjuncts are of_rules[first[r] .. first[r + 1]) */
    uint32_t *first;
    uint32_t n_of_rules;
    uint32_t *key_slots, *conjunct_slots; /* hash tables of numbers + 1 */
    uint32_t key_mask, conjunct_mask;
    bool full;
};

MUST_CHECK enum err split_rules(const struct rule_lists *lists, struct arena *arena,
                                struct arena *work, struct split *ret_split);

/* Of a value as a key of @field (its number); the same for the value that a request has. */
uint64_t key_hash(uint32_t field, struct value value);
bool key_same(struct value a, struct value b);
/* A value as keys have it: false when it cannot be a key of a field of @kind. */
bool key_of(enum value_kind kind, struct value value, struct value *ret_key);

/* ── one list, laid out ── */

/* Where a conjunct is tested: with its rules, one by one. */
struct check {
    const struct term *term;
    const struct schedule *schedule;
    const struct rule *rule;
};

struct entry {
    uint32_t number; /* in the ruleset */
    uint32_t rank;   /* in the list */
    uint32_t first_check;
    uint16_t n_checks;
    bool unknown_allows;
};

/* Rules by their place among the hanging or the scanned. */
struct postings {
    uint32_t at;     /* in index.places, or with `dense` a bitmap in index.bits */
    uint32_t n : 31; /* 0: none */
    uint32_t dense : 1;
};

struct index_value {
    uint64_t hash;
    struct value value;
    uint32_t field;
    struct postings hanging, passing, barred;
};

struct index_field {
    struct field what;
    uint32_t number;         /* of split.fields: what key_hash was given */
    uint32_t passing, bars;  /* columns, or NO_COLUMN */
    struct postings unknown; /* hanging rules that allow this field to be unknown */
};

struct column {
    enum field_group group;
    bool bars;
    const uint64_t *base;    /* those that do not ask; NULL for bars */
    const uint64_t *unknown; /* to be added when the field is unknown */
};

/* A conjunct that many scanned rules share, tested for 512 of them at once. */
struct filter {
    uint32_t check;
    const uint64_t *rules;
    const uint64_t *strict; /* those of them that do not allow unknown */
};

struct rule_index {
    struct index_field *fields; /* by group */
    uint32_t group_fields[FIELD_GROUPS + 1];
    bool group_hangs[FIELD_GROUPS];
    uint64_t *slots; /* hash table: upper half of the hash, number of the value + 1 */
    uint32_t slot_mask;
    struct index_value *values;
    uint32_t n_values;
    uint32_t *places;
    uint64_t *bits;
    struct entry *hanging, *scanned;
    uint32_t n_hanging, n_scanned, n_blocks;
    struct column *columns; /* by group */
    uint32_t n_columns, group_columns[FIELD_GROUPS + 1];
    struct filter *filters;
    uint32_t n_filters;
    struct check *checks; /* the first n_memo are shared */
    uint32_t n_checks, n_memo;
    uint32_t *entry_checks;
};

/* @candidates of one list, best first. */
MUST_CHECK enum err rule_index_list(const struct split *split, const struct rule_lists *lists,
                                    uint32_t list, struct arena *arena, struct arena *work,
                                    const struct rule_index **ret_index);
