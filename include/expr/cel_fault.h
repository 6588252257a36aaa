/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/arena.h"
#include "base/out.h"
#include "base/str.h"

/*
 * CEL fault
 *
 * What is wrong with a text, where, and how to mend it. Kept in an arena; the first CEL_FAULTS_MAX,
 * the rest counted.
 */
enum { CEL_FAULTS_MAX = 20 };

struct cel_fault {
    uint32_t offset, length; /* bytes of the text it is about; length 0: a place between two */
    uint32_t line, column;   /* from 1; the column counts characters */
    struct str what;         /* "no such overload: int + string" */
    struct str hint;         /* "did you mean 'cart.total'?", or absent */
};

struct cel_faults {
    struct arena *arena;
    struct str text;
    struct cel_fault list[CEL_FAULTS_MAX];
    uint32_t count; /* all of them, also those past CEL_FAULTS_MAX */
};

/* @text is borrowed, @arena gives the sentences. */
void cel_faults_init(struct cel_faults *faults, struct arena *arena, struct str text);
/* Never fails: without room, or past the first ones, it only counts. @hint is copied. */
void cel_fault_add(struct cel_faults *faults, uint32_t offset, uint32_t length, struct str hint,
                   const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * Each as "1:12: no such overload: int + string", its line (of a long one the part around), a caret
 * with a tail as long as the fault, and the hint; all but the first set in by four blanks. UTF-8
 * whatever the text is. @name: a file, put before each place, or absent.
 */
void cel_faults_print(const struct cel_faults *faults, struct str name, struct out *out);

/* Line and column of a byte. */
void cel_place(struct str text, uint32_t offset, uint32_t *ret_line, uint32_t *ret_column);
