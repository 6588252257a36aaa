/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/str.h"
#include "files/csv_reader.h"

/*
 * CSV tally
 *
 * The account of an import: every data row of a file is accepted, merged into another, or
 * refused for a reason, and read = accepted + merged + refused always holds in the end. Each
 * refusal is told to whoever listens, with its line, so none is silent.
 */
enum { CSV_MAX_REASONS = 40 };

struct csv_refusal {
    uint64_t line;
    const char *reason; /* static text; one reason is one pointer */
    struct str value;   /* what was seen, or absent */
    struct str text;    /* the row as it stands in the file, or absent when it is gone */
    uint64_t nth;       /* of this reason, from 1 */
};

struct csv_tally {
    uint64_t read, accepted, merged;
    uint64_t rounded;                  /* amounts with more decimals than the currency has */
    uint64_t oversold, first_oversold; /* stocks below zero, taken as none; the line of the first */
    struct {
        const char *reason;
        uint64_t n;
    } refused[CSV_MAX_REASONS];
    uint32_t n_reasons;
    struct csv_read file;
    void *self;
    void (*on_refusal)(void *self, const struct csv_refusal *refusal); /* may be NULL */
};

void csv_tally_refuse(struct csv_tally *tally, uint64_t line, const char *reason, struct str value,
                      struct str text);
uint64_t csv_tally_refused(const struct csv_tally *tally); /* for any reason */
