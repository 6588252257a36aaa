/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/arena.h"
#include "base/out.h"
#include "base/str.h"
#include "expr/cel_message.h"

/*
 * CEL fault
 *
 * What is wrong with a text, where, and how to mend it: a stable code with its
 * arguments for machines, a sentence and a hint in each language for people.
 * Kept in an arena; the first CEL_FAULTS_MAX, the rest counted. Faults are made
 * on one thread; who reads them chooses the language.
 */
enum { CEL_FAULTS_MAX = 20 };

struct cel_fault {
    uint32_t offset, length; /* bytes of the text it is about; length 0: a place between two */
    uint32_t line, column;   /* from 1; the column counts characters */
    enum cel_message code, hint_code;  /* CEL_SAYS_NOTHING: there is no hint */
    struct str args[CEL_MESSAGE_ARGS]; /* of the code */
    struct str what[CEL_LANGUAGES];    /* "no such overload: int + string" */
    struct str hint[CEL_LANGUAGES];    /* "did you mean 'cart.total'?", or absent */
};

struct cel_faults {
    struct arena *arena;
    struct str text;
    struct cel_fault list[CEL_FAULTS_MAX];
    uint32_t count; /* all of them, also those past CEL_FAULTS_MAX */
};

/* @text is borrowed, @arena gives the sentences. */
void cel_faults_init(struct cel_faults *faults, struct arena *arena, struct str text);

/*
 * Never fails: without room, or past the first ones, it only counts.
 * Keeps nothing of what it is given; an argument past 400 bytes is cut.
 */
void cel_fault_add(struct cel_faults *faults, uint32_t offset, uint32_t length,
                   struct cel_said what, struct cel_said hint);

/*
 * What only the host knows to be wrong, as CEL_SAYS_OF_HOST. A
 * sentence each, English first; no hint: absent.
 */
void cel_fault_add_own(struct cel_faults *faults, uint32_t offset, uint32_t length,
                       const struct str what[CEL_LANGUAGES], const struct str hint[CEL_LANGUAGES]);

/*
 * Each as "1:12: no such overload: int + string", its line (of a long one the part around), a caret
 * with a tail as long as the fault, and the hint; all but the first set in by four blanks. UTF-8
 * whatever the text is. @name: a file, put before each place, or absent.
 */
void cel_faults_print(const struct cel_faults *faults, struct str name, enum cel_language language,
                      struct out *out);

/* Line and column of a byte. */
void cel_place(struct str text, uint32_t offset, uint32_t *ret_line, uint32_t *ret_column);
