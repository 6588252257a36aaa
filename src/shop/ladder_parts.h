/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/snapshot.h"
#include "base/strmap.h"
#include "shop/catalog.h"
#include "shop/ladder.h"
#include "shop/ladder_words.h"
#include "shop/quantity.h"

/*
 * Ladder parts
 *
 * What ladder.c (steps), ladder_learn.c (what matters in a kind) and ladder_read.c (texts to
 * numbers) share. Each kind has a table of scales (its attributes) and a row of codes per product:
 * an amount, a step of a vocabulary, or the number of a word; NAN: the product does not have it.
 */
enum reading {
    READING_AMOUNT, /* code: the amount in its dimension's unit */
    READING_STEP,   /* code: step of a vocabulary, or of words ordered by price */
    READING_WORD,   /* code: number of the word */
};

struct scale {
    struct str name;
    uint32_t attribute; /* number in learned.attributes */
    enum ladder_role role;
    enum reading reading;
    enum quantity_dimension dimension;
    bool worded;  /* an amount with words around it: "K5" */
    bool of_name; /* of what products are called: no attribute has it */
    int better;   /* of LADDER_QUALITY: +1, -1 */
    float weight; /* of LADDER_QUALITY: 0.3 … 1 */
};

struct kind {
    const uint32_t *kin; /* the catalogue's list, by price */
    uint32_t n;
    struct scale *scales;
    uint32_t n_scales;
    float *codes; /* kin's order × n_scales */
    bool bare;    /* nothing to compare: no attribute but noise */
    bool gains;   /* some scale is a matter of quality: one can be better than another */
};

/* Of an attribute name, over the whole catalogue. */
struct attribute {
    struct str name;
    enum name_says says;
    int said; /* LADDER_UNSAID … */
    uint32_t values, dates, proses;
    uint32_t steps[VOCABULARIES];  /* bits of the steps seen */
    uint32_t misses[VOCABULARIES]; /* values that are no word of it */
    bool has_last_day;             /* the day it is no longer sold */
};

enum { ITEM_WORDS = 10 };
struct item { /* per product: what judging needs, so that the product itself is not touched */
    int64_t price_minor;
    uint32_t row;          /* its place in its kind's kin */
    uint32_t model, brand; /* word numbers; 0: none */
    uint32_t family; /* of brand and all that has to fit: for kinds too large to look at each */
    uint32_t words[ITEM_WORDS]; /* hashes of its name's words, rising */
    uint64_t signature;         /* a bit of each word */
    uint32_t sides;
    uint64_t further[2]; /* bits of columns whose word has steps of its own, [0] down, [1] up */
    uint8_t n_words, n_hidden; /* those whose bit another one has too */
    bool leaving;              /* the catalogue names its last day */
};

struct place { /* of a product's steps: those up, then those down */
    uint32_t at;
    uint8_t up, down;
    uint8_t rest[2]; /* enum ladder_degree: the best of those not kept, [0] down, [1] up */
};

/*
 * What the catalogue and the shop's words teach, whoever buys what: shared by the ladders that are made of it with
 * other moves. Its items' `further` is set by the first.
 */
struct learned {
    struct snapshot snapshot; /* first */
    struct catalog *catalog;
    struct arena *arena;          /* scales, codes */
    struct attribute *attributes; /* the last one has no name: it stands for names of products */
    uint32_t n_attributes;        /* 0: nothing was read, a blank one */
    struct kind *kinds;           /* by product.kind */
    uint32_t n_kinds;
    struct item *items;
};

struct ladder {
    struct snapshot snapshot; /* first */
    struct learned *learned;
    struct ladder_step *steps;
    struct place *places; /* of product p's */
    uint32_t n_steps, room;
};

struct ladder_words { /* numbers of folded words, while the ladder is made */
    struct arena *arena;
    struct strmap *numbers;
};

/* Lines (columns of words such as Road or Mountain) that a step stays in, and that it leaves. */
struct ladder_lines {
    uint64_t kept, left;
};

/* Before it is given a degree's score: what the judgement alone says. */
float ladder_score(enum ladder_degree degree, float raw);

/*
 * ladder_judge of two of one kind, as if no line went further; the score is raw. What leaves a line that
 * goes on elsewhere (item.further) is no more than aside: ladder_leave.
 */
bool ladder_judge_lines(const struct learned *learned, const struct kind *kind, uint32_t base,
                        uint32_t other, struct ladder_step *ret_step,
                        struct ladder_lines *ret_lines);

/* False: no step after all. */
bool ladder_leave(const struct item *item, const struct ladder_lines *lines, bool up,
                  struct ladder_step *step);

/* 1 … of the folded text; 0 for an empty one or for lack of memory. */
uint32_t ladder_word(struct ladder_words *words, struct str text);

/* Fills learned.attributes from the whole catalogue. */
MUST_CHECK enum err ladder_read_attributes(struct learned *learned, const struct ladder_said *said);

/* Fills items: model, brand, words of the name, sides. */
void ladder_read_item(struct learned *learned, struct ladder_words *words, uint32_t product);

/* Fills a kind's scales and codes, as far as texts alone tell. */
MUST_CHECK enum err ladder_read_kind(struct learned *learned, struct ladder_words *words,
                                     struct kind *kind);

/*
 * Adds scales for amounts that only the names of a kind say; then fills their codes, those of the
 * scales from @first on.
 */
void ladder_find_names(const struct learned *learned, struct kind *kind);
void ladder_read_names(const struct learned *learned, struct kind *kind, uint32_t first);

/* Then what prices tell: which scales are a matter of quality, and which way. */
MUST_CHECK enum err ladder_learn_kind(struct learned *learned, struct kind *kind);
