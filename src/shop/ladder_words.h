/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "shop/quantity.h"

/*
 * Ladder words
 *
 * What shops' words mean, as far as a ladder cares: which words are steps of one scale, which
 * attributes are a matter of fit, which two names are opposites. Texts are folded (quantity_fold)
 * by the caller.
 */
enum vocabulary {
    VOCABULARY_LOW_HIGH, /* L, M, H */
    VOCABULARY_TIERS,    /* lite, standard, plus, pro, ultra */
    VOCABULARY_PINE,     /* 梅, 竹, 松 */
    VOCABULARY_GRADE,    /* 並, 上, 特上 */
    VOCABULARY_MEDALS,
    VOCABULARY_GOOD,
    VOCABULARY_HAS,    /* —, ✓ */
    VOCABULARY_GENDER, /* 1 men's, 2 women's, 3 either, 4 children's */
    VOCABULARY_SIZES,  /* XS … 5L: never better */
    VOCABULARIES
};
enum { GENDER_MEN = 1, GENDER_WOMEN = 2, GENDER_EITHER = 3, GENDER_CHILDREN = 4 };
enum { WORD_MAX_BYTES = 48 }; /* of a folded word worth looking up */

/* The step of @word, from 1; 0: not of this vocabulary. */
int vocabulary_step(enum vocabulary vocabulary, struct str word);

/*
 * Do these steps (bit s: step s was seen), all there are in the catalogue under one attribute, make
 * it this vocabulary? L and M alone may be sizes; silver and gold colours.
 */
bool vocabulary_holds(enum vocabulary vocabulary, uint32_t steps);

enum name_says { /* of an attribute's name */
                 NAME_SAYS_NOTHING,
                 NAME_SAYS_NOISE, /* ids, codes, addresses, prose */
                 NAME_SAYS_FIT,   /* size, mount, what it fits: another one does not do */
                 NAME_SAYS_TASTE, /* colour, pattern */
                 NAME_SAYS_LESS,  /* weight, noise, f-number */
                 NAME_SAYS_MORE,  /* load, capacity */
};
enum name_says attribute_name_says(struct str name);

/* Of an amount of that dimension: +1 more is better, -1 less, 0 nobody knows. */
int dimension_better(enum quantity_dimension dimension);

/*
 * Sides that a product's name takes: front or rear, left or right … Two products whose names take
 * opposite sides do not replace each other.
 */
uint32_t name_sides(struct str name);
bool sides_clash(uint32_t a, uint32_t b);
