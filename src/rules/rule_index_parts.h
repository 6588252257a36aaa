/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "rules/rule_index.h"
#include "rules/term.h"

/*
 * Rule index parts
 *
 * The inside of the index, for the files that make it: rule_index_split.c takes the conditions of
 * all rules apart, with rule_index_ways.c, which finds in them what can be looked up; for one list
 * rule_index_list.c chooses where each rule is found, rule_index_postings.c lays that out, and
 * rule_index_checks.c with rule_index_filters.c what is left to test; rule_index.c walks it,
 * rule_index_ask.c asks the request, rule_index_test.c tests.
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

/* A part of a conjunct about one item (or the request): it is [not] EXISTS of an item with all leaves. */
enum leaf_kind { LEAF_KEYS, LEAF_COMPARE, LEAF_TERM };
struct leaf {
    enum leaf_kind kind;
    bool negated;            /* the term … */
    bool keys_negated;       /* … and the keys: != is a key that is not there */
    uint32_t access;         /* LEAF_KEYS: of split.accesses, exact */
    const struct term *term; /* without the negation */
};

struct conjunct {
    uint64_t hash;
    const struct term *term;           /* one of these three … */
    const struct schedule *schedule;   /* … a schedule that is not always on … */
    const struct rule *rule;           /* … or all of a rule, for what has no term */
    uint32_t first_access, n_accesses; /* any of them, see struct access */
    uint32_t bar;                      /* of split.accesses, exact; or NO_NUMBER */
    int cost;
    enum field_group group; /* of its leaves */
    bool negated;
    uint32_t first_leaf, n_leaves; /* n_leaves 0: it is tested as a term */
};

struct split {
    struct arena *arena; /* of the ruleset: new terms */
    struct arena *work;
    struct field *fields;
    struct key *keys;
    struct access *accesses;
    uint32_t *access_keys;
    struct leaf *leaves;
    struct conjunct *conjuncts;
    uint32_t n_fields, n_keys, n_accesses, n_access_keys, n_leaves, n_conjuncts;
    uint32_t *of_rules; /* rule r's conjuncts are of_rules[first[r] .. first[r + 1]) */
    uint32_t *first;
    uint32_t n_of_rules;
    uint32_t *key_slots, *conjunct_slots; /* hash tables of numbers + 1 */
    uint32_t key_mask, conjunct_mask;
    bool full;
};

MUST_CHECK enum err split_rules(const struct rule_lists *lists, struct arena *arena,
                                struct arena *work, struct split *ret_split);

/* An array in the work arena with room for one more than @n; sets split->full for lack of memory. */
void *split_grown(struct split *split, void *array, uint32_t n, size_t size);
#define SPLIT_GROW(split, array, n) \
    (!(split)->full && ((array) = split_grown((split), (array), (n), sizeof *(array))) != NULL)
/* A hash table of numbers below @n with room for one more. */
bool split_make_room(struct split *split, uint32_t **slots, uint32_t *mask, uint32_t n,
                     uint64_t (*hash)(const struct split *split, uint32_t number));
uint64_t split_mix64(uint64_t a, uint64_t b);

/* What @inner, asked of @group, can be looked up by; its leaves when it has some. */
void split_find_accesses(struct split *split, struct conjunct *conjunct, const struct term *inner,
                         enum field_group group);
enum field_group split_group_of(const struct term *list);

/* Of a value as a key of @field (its number); the same for the value that a request has. */
uint64_t key_hash(uint32_t field, struct value value);
bool key_same(struct value a, struct value b);
/* A value as keys have it: false when it cannot be a key of a field of @kind. */
bool key_of(enum value_kind kind, struct value value, struct value *ret_key);

/* ── one list, laid out ── */

/* A conjunct that is tested: by its code, or as a whole. */
struct check {
    const struct term *term;
    const struct schedule *schedule;
    const struct rule *rule;
    uint32_t code; /* of a shared one, in index.code */
};

/*
 * Code: words that test a conjunct on masks, a bit for each item. What rules share is tested once
 * a request and remembered; what only one has stands with its rule, so that a look at a rule
 * touches little memory, mostly one cache line. A rule's code is its head, then each check:
 *
 *     head:    number in the ruleset, rank in the list, number of checks << 1 | `if_unknown: allow`
 *     shared:  number << 1 | 1
 *     own:     words << 16 | leaves << 4 | group << 2 | negated << 1, number of the check, leaf …
 *     leaf:    keys << 8 | double << 6 | comparison << 3 | negated << 2 | kind, then
 *              LEAF_KEYS: number of the index_field, numbers of index_values …
 *              LEAF_COMPARE: slot, low and high half of the constant; LEAF_TERM: number in terms
 */
enum { HEAD_NUMBER, HEAD_RANK, HEAD_CHECKS, HEAD_WORDS, LINE_WORDS = 16 };

/* Scanned rules by their place among them, hanging ones by where their code is; both rise with the rank. */
struct postings {
    uint32_t at;     /* in index.places, or with `dense` a bitmap in index.bits */
    uint32_t n : 31; /* 0: none */
    uint32_t dense : 1;
};

struct index_value {
    uint64_t hash;
    struct value value;
    uint32_t field; /* of split.fields */
};

/* What comes of a value that is there: half a cache line, apart from what finding it needs. */
struct value_effect {
    struct postings hanging, passing, barred;
    uint32_t field, unused; /* of index.fields */
};

struct index_field {
    struct field what;
    uint32_t number;         /* of split.fields: what key_hash was given */
    uint32_t passing, bars;  /* columns, or NO_COLUMN */
    bool of_product;         /* who asks for a product's needs to know nothing but the product */
    struct postings unknown; /* hanging rules that allow this field to be unknown */
};

struct column {
    enum field_group group;
    bool bars;
    const uint64_t *base;    /* those that do not ask; NULL for bars */
    const uint64_t *unknown; /* to be added when the field is unknown */
};

/*
 * A conjunct that many scanned rules share, tested for 512 of them at once. Bounds of the same
 * slot (at least 5000, at least 8000, …) are a chain: when one does not hold, no later one does, and
 * the rules of those are among its own.
 */
struct filter {
    uint32_t check;
    uint32_t n_chain; /* of the first of a chain: how many; else 0 */
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
    struct value_effect *effects; /* by number of the value */
    uint32_t n_values;
    uint32_t list; /* its number among the ruleset's */
    uint32_t *places;
    uint64_t *bits;
    uint32_t *scanned;     /* where the code of each is */
    uint32_t *numbers;     /* of the scanned, and those with nothing left to test: what a long */
    const uint64_t *plain; /* walk mostly looks at, close together */
    uint32_t n_hanging, n_scanned, n_blocks;
    struct column *columns; /* by group */
    uint32_t n_columns, group_columns[FIELD_GROUPS + 1];
    struct filter *filters;
    uint32_t n_filters;
    struct check *checks; /* the first n_memo are shared */
    uint32_t n_checks, n_memo;
    const struct term **terms;
    uint32_t *code;
    uint32_t n_terms, n_code;
};

/* ── while a list is laid out ── */

struct row {
    const struct rule *rule;
    const uint32_t *conjuncts;
    uint32_t n, number, rank;
    uint32_t access; /* where it hangs; NO_NUMBER: it is scanned */
};

struct layout {
    const struct split *split;
    struct arena *arena, *work;
    struct rule_index *index;
    struct row *rows;
    uint32_t n_rows;
    uint32_t *key_rows;      /* rows that could come by this key */
    uint32_t *key_value;     /* number of its index_value + 1 */
    uint32_t *field_rows[2]; /* scanned rows that ask it, that are barred by it */
    uint32_t *field_column[2];
    uint32_t *field_tests;      /* rows that test it */
    uint32_t *field_index;      /* number of its index_field + 1; 0: it is not asked */
    uint32_t *scan_uses, *uses; /* of each conjunct */
    uint32_t *check_of;         /* number + 1 */
    uint32_t *filter_of;        /* number + 1 */
    uint32_t *tested;           /* conjuncts that are left to test, those of most rules first */
    uint32_t n_tested, n_places;
    size_t n_bits, bits_used; /* words */
};

static inline bool is_hanging(const struct row *row)
{
    return row->access != NO_NUMBER;
}

static inline const struct conjunct *conjunct_at(const struct layout *l, const struct row *row,
                                                 uint32_t i)
{
    return &l->split->conjuncts[row->conjuncts[i]];
}

static inline void set_bit(const uint64_t *bits, uint32_t place)
{
    ((uint64_t *) bits)[place / 64] |= UINT64_C(1) << place % 64;
}

/* The rarest access of a scanned row for each column. */
void choose_passing(const struct layout *l, const struct row *row, uint32_t chosen[COLUMNS_MAX]);
uint64_t *take_bits(struct layout *l);                   /* a bitmap of the scanned rules */
uint32_t index_value_of(struct layout *l, uint32_t key); /* its number; made when it is new */

MUST_CHECK enum err make_postings(struct layout *l);
MUST_CHECK enum err make_slots(struct layout *l);   /* when all values are known */
MUST_CHECK enum err make_tests(struct layout *l);   /* checks, filters, entries, code */
MUST_CHECK enum err make_filters(struct layout *l); /* once the checks are numbered */
void link_chains(struct layout *l);                 /* once all rules are in them */

/* List @list, laid out in @arena. */
MUST_CHECK enum err rule_index_list(const struct split *split, const struct rule_lists *lists,
                                    uint32_t list, struct arena *arena, struct arena *work,
                                    const struct rule_index **ret_index);

/* ── what products have: rule_products.c, which see ── */

enum { GROUP_BITS = 10, GROUP_WORDS_MAX = (1 << GROUP_BITS) - 1 };
#define UNKNOWN_BIT (UINT32_C(1) << 31)

struct product_list {
    const uint32_t *first; /* by product, and one more; NULL: this index's products are not known */
    const uint32_t *words;
};

struct rule_products {
    const struct catalog *catalog;
    size_t bytes;
    uint32_t n_lists;
    struct product_list lists[];
};

/* The number of the index_value that it is for @field; NO_NUMBER when no rule asks for it. */
uint32_t rule_index_find(const struct rule_index *index, const struct index_field *field,
                         struct value value, uint64_t hash);

/* Calls @has for each value that the current item has of @field. False: it is not known. */
typedef void has_value(void *self, const struct index_field *field, struct value value);
bool rule_index_each_value(struct facts *facts, const struct index_field *field, has_value *has,
                           void *self);

/* ── a walk ── */

/* Scanned rules that a value lets through or bars: a bitmap, or places still ahead. */
struct hit {
    const uint64_t *bits;
    const uint32_t *at, *end;
    uint32_t column;
};

/* Hanging rules of a value that is there; @next is at's, the top of the heap is the least. */
struct branch {
    uint32_t next;
    const uint32_t *at, *end;
};

struct column_hits {
    struct hit *list;
    uint32_t n;
    bool unknown;
};

/* A value that is there, and which items have it. */
struct present {
    uint32_t value; /* number + 1; 0: an empty slot */
    uint64_t items;
};

/* A value of the request that is about to be looked up. */
struct sought {
    const struct index_field *field;
    struct value value;
    uint64_t hash, items;
};

struct taken { /* one that was found */
    uint32_t value;
    uint64_t items;
};

struct known_item { /* an item whose product is known */
    uint32_t product;
    uint64_t item;
};
enum { SOUGHT_MAX = 16 };

struct asked_group {
    bool ready, known;
    bool wide;     /* more items than a mask has bits: what is tested is tested as terms */
    uint32_t list; /* of the scope */
    uint64_t all;  /* a bit for each item */
};

struct rule_cursor {
    const struct rule_index *index;
    struct facts *facts;
    int64_t now_us;
    struct arena *arena;
    uint8_t *memo;     /* of shared checks: 0 = not asked, else 1 + enum truth */
    uint64_t *unknown; /* of each field: items that do not know it */
    bool no_room;
    struct asked_group groups[FIELD_GROUPS];
    struct sought sought[SOUGHT_MAX];
    uint32_t n_sought;
    const struct product_list *known; /* or NULL */
    struct known_item items[SOUGHT_MAX];
    uint32_t n_items;
    struct taken taken[SOUGHT_MAX];
    uint32_t n_taken;
    struct present *present; /* hash table */
    uint32_t n_present, present_mask;

    struct branch *heap;
    uint32_t n_heap, heap_room;
    struct hit *new_hits; /* while a group is asked */
    uint32_t n_new, new_room;
    struct column_hits columns[COLUMNS_MAX];

    uint64_t settled;                  /* a bit for each chain of filters … */
    const uint64_t *gone[FILTERS_MAX]; /* … whose rules are gone; NULL: none */
    uint32_t block;                    /* the next one */
    uint64_t alive[BLOCK_WORDS];
    uint32_t word; /* of alive: those before it are empty */
};

/* Asks the request for all fields of @group: present, unknown, heap, columns. */
void cursor_ask(struct rule_cursor *c, enum field_group group);

/* The items that have a value, by its number. */
uint64_t cursor_items(const struct rule_cursor *c, uint32_t value);

/* Check @number, shared by rules. */
enum truth cursor_test(struct rule_cursor *c, uint32_t number);
bool cursor_matches(struct rule_cursor *c, const uint32_t *head);
