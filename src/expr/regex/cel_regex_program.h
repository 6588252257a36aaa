/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/regex/cel_regex.h"

/*
 * CEL regex, inside
 *
 * pattern -> regex_parse (a tree; sets of characters resolved, flags applied) -> cel_regex.c (a
 * flat program) -> cel_regex_run.c. Everything lives in the arena of the pattern. Greedy or lazy,
 * captured or not makes no difference to whether a text matches, so neither survives the parser.
 */
enum { REGEX_FOREVER = UINT32_MAX, REGEX_MAX_REPEAT = 1000, REGEX_MAX_DEPTH = 250 };

/* Limits of what one pattern may hold on its way: 1000 different sets, 100,000 ranges in all. */
enum { REGEX_MAX_SETS = 1000, REGEX_MAX_RANGES = 100000 };

struct regex_range {
    uint32_t first, last;
};

/* Characters: ranges in order, not touching; the first 128 also as bits. */
struct regex_set {
    const struct regex_range *ranges;
    uint32_t count;
    uint64_t ascii[2], hash;
};

enum regex_look {
    REGEX_TEXT_START,
    REGEX_TEXT_END,
    REGEX_LINE_START,
    REGEX_LINE_END,
    REGEX_WORD_EDGE, /* \b: between [0-9A-Za-z_] and anything else */
    REGEX_NO_WORD_EDGE,
};

enum regex_kind {
    REGEX_EMPTY,
    REGEX_RUNE,
    REGEX_ANY,
    REGEX_ANY_NOT_NEWLINE,
    REGEX_SET,
    REGEX_LOOK,
    REGEX_SEQUENCE, /* children */
    REGEX_CHOICE,   /* children, at least two */
    REGEX_REPEAT,   /* the child, min to max times */
};

struct regex_node {
    enum regex_kind kind;
    uint32_t value;    /* RUNE: the code point; SET: its number; LOOK: enum regex_look */
    uint32_t min, max; /* REPEAT; max REGEX_FOREVER */
    uint32_t repeats;  /* counted repetitions multiplied, down to the deepest */
    struct regex_node *child, *next;
};

/* Characters being collected. */
struct regex_class {
    struct regex_range *ranges;
    uint32_t count, room;
};

struct regex_parser {
    struct arena *arena;
    struct cel_regex_report *report;
    struct str text;
    size_t at;
    unsigned flags;
    uint32_t depth, n_nodes, n_ranges;
    struct regex_set *sets;
    uint32_t n_sets, sets_room;
    bool failed; /* report->error tells, unless there was no room */
};

/* Two forms of a letter: from each of first … last the next form is @step away; REGEX_EVEN: 0 and 1
 * are a pair, 2 and 3 … */
struct regex_fold {
    uint32_t first, last;
    int32_t step;
};
enum { REGEX_EVEN = 0x7FFFFFFE, REGEX_ODD = 0x7FFFFFFF };

/* NULL: parser->failed. */
struct regex_node *regex_parse(struct regex_parser *parser);

/* The first failure counts. @from … @to of the pattern is shown. Returns NULL. */
void *regex_fail(struct regex_parser *parser, const char *what, size_t from, size_t to);

/* Ranges may overlap until regex_class_finish. Too many, or no room: parser->failed. */
void regex_class_add(struct regex_parser *parser, struct regex_class *class, uint32_t first,
                     uint32_t last);
/* \d \s \w; false for other letters. */
bool regex_class_add_perl(struct regex_parser *parser, struct regex_class *class, char letter);
/* The "alpha" of [[:alpha:]]. */
bool regex_class_add_posix(struct regex_parser *parser, struct regex_class *class, struct str name);
/* A category of one or two letters, a script, "Any". */
bool regex_class_add_unicode(struct regex_parser *parser, struct regex_class *class,
                             struct str name);
/* Adds @more, with all forms of its letters if @fold, and all others instead if @negated. */
void regex_class_merge(struct regex_parser *parser, struct regex_class *class,
                       struct regex_class *more, bool fold, bool negated);
/* Adds every other form of each letter. */
void regex_class_fold(struct regex_parser *parser, struct regex_class *class);
void regex_class_negate(struct regex_parser *parser, struct regex_class *class);

/* The number of the set with these characters. */
uint32_t regex_class_finish(struct regex_parser *parser, struct regex_class *class);
bool regex_has_forms(uint32_t rune); /* other ones, by case */

enum regex_op {
    REGEX_OP_RUNE, /* x: the code point */
    REGEX_OP_ANY,
    REGEX_OP_ANY_NOT_NEWLINE,
    REGEX_OP_SET,   /* x: the set */
    REGEX_OP_LOOK,  /* x: enum regex_look */
    REGEX_OP_SPLIT, /* on at x and at y */
    REGEX_OP_JUMP,  /* on at x */
    REGEX_OP_MATCH,
};

/* All but SPLIT, JUMP and MATCH go on at the instruction that follows. */
struct regex_code {
    enum regex_op op;
    uint32_t x, y;
};

/* The program worked out: see cel_regex_table.c. */
struct regex_table {
    const uint8_t *next; /* @width numbers for each state: where it leads */
    uint32_t width, n_stretches;
    const uint32_t *firsts; /* of the stretches of characters of one kind */
    const uint8_t *kinds;
    uint8_t ascii[128]; /* kinds of these */
};

struct cel_regex {
    const struct regex_code *code;
    const struct regex_set *sets;
    uint32_t n_code, n_sets;
    bool anchored;                   /* matches at the start of the text or nowhere */
    int first_byte;                  /* that every match starts with, or -1 */
    const struct regex_table *table; /* or NULL */
};

/* For a pattern that is used often; NULL when it would be large. Takes up to some 100 microseconds.
 */
const struct regex_table *regex_table_new(struct arena *arena, const struct cel_regex *regex);
bool regex_table_matches(const struct regex_table *table, struct str text, size_t *ret_read);

static inline bool regex_set_has(const struct regex_set *set, uint32_t rune)
{
    if (rune < 128)
        return set->ascii[rune >> 6] >> (rune & 63) & 1;
    uint32_t low = 0, high = set->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (set->ranges[middle].last < rune)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->count && set->ranges[low].first <= rune;
}
