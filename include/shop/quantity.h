/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Quantity
 *
 * An attribute's text as an amount: "256 GB", "1TB", "15.6インチ", "１，０００ ml", "2 x 16GB",
 * "延長保証 3年", "2,010万画素". Units of one dimension are brought to one unit, so that amounts
 * compare: bytes, millimetres, grams, millilitres, watts … Full-width letters and digits count
 * as their plain ones; words around the number are part of the amount's form ("Kaede K5" and
 * "Kaede K7" compare, "K5" and "M1" do not). Pure; no allocation.
 */
enum quantity_dimension {
    QUANTITY_PLAIN, /* a number without a unit known here */
    QUANTITY_BYTES,
    QUANTITY_LENGTH, /* mm */
    QUANTITY_AREA,   /* m² */
    QUANTITY_MASS,   /* g */
    QUANTITY_VOLUME, /* ml */
    QUANTITY_POWER,  /* W */
    QUANTITY_ENERGY, /* Wh */
    QUANTITY_CHARGE, /* mAh */
    QUANTITY_VOLTAGE,
    QUANTITY_CURRENT,   /* A */
    QUANTITY_FREQUENCY, /* Hz */
    QUANTITY_PIXELS,    /* megapixels */
    QUANTITY_RATE,      /* bits a second */
    QUANTITY_FRAMES,    /* a second */
    QUANTITY_HOURS,     /* up to days: running time */
    QUANTITY_MONTHS,    /* months and years: terms, warranties */
    QUANTITY_COUNT,     /* 個, 枚, 本, pcs … */
    QUANTITY_PEOPLE,    /* 名, 人, seats */
    QUANTITY_NOISE,     /* dB */
    QUANTITY_LIGHT,     /* lm */
    QUANTITY_PERCENT,
    QUANTITY_DIMENSIONS
};

struct quantity {
    enum quantity_dimension dimension;
    double value; /* in the dimension's unit */
    /* of the words around the number; quantities compare when dimension and form are the same */
    uint64_t form;
};

/*
 * The whole of @text as one amount; false for anything else: words alone, ranges ("18-50"),
 * fractions ("1/2.3"), dates, more than one amount, texts longer than 64 bytes. A text without a
 * unit takes that of @name, the attribute's: "storage_gb", "容量(ml)".
 */
bool quantity_read(struct str name, struct str text, struct quantity *ret_quantity);

/*
 * The next amount with a known unit in running text (a product's name), from byte *at on; *at is
 * then behind it. False: no more.
 */
bool quantity_next(struct str text, size_t *at, struct quantity *ret_quantity);

/* 2024-05-29, 2024/5/29, 20240529, 2024年5月, with or without a time behind it. */
bool quantity_is_date(struct str text);

/*
 * @text in plain small letters: full-width ASCII as plain, letters A–Z small, blanks of all kinds
 * one. At most @room bytes.
 */
size_t quantity_fold(struct str text, char *ret_folded, size_t room);
