/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/out.h"
#include "base/str.h"
#include "rules/doc.h"
#include "shop/locale.h"

/*
 * Diag
 *
 * What is wrong with rule files, said like a compiler says it and so that a marketer can
 * mend it: file:line:column, the source line, a caret, what, and a hint. Each has a stable
 * code; its text exists in Japanese and English and is chosen when it is printed, so one
 * reading of a file serves both. A list of diags lives in an arena; the first
 * DIAG_MAX are kept, the rest counted.
 */
enum { DIAG_MAX = 200, DIAG_ARGS = 4 };

enum diag_level { DIAG_ERROR, DIAG_WARNING };

/*
 * One row each in rules/diag_codes.inc: level, ja, en. {0} {1} {2} {3} stand for the arguments;
 * what comes after a line break in a text is its hint, printed as a line of its own ("help: …").
 */
enum diag_code {
#define DIAG(code, level, ja, en) DIAG_##code,
#include "rules/diag_codes.inc"
#undef DIAG
    DIAG_CODES
};

struct diag {
    enum diag_code code;
    const struct doc_file *file;
    struct doc_place place;
    struct str args[DIAG_ARGS];
    struct str guess; /* "did you mean …?", or absent */
};

struct diags {
    struct arena *arena;
    struct diag *list;
    uint32_t count, room;
    uint32_t errors, warnings; /* all of them, also those past DIAG_MAX */
};

void diags_init(struct diags *diags, struct arena *arena);

/* Adds one at @place; arguments are copied, those not needed absent. */
void diag_add_args(struct diags *diags, const struct doc_file *file, struct doc_place place,
                   enum diag_code code, const struct str args[DIAG_ARGS]);
void diag_add(struct diags *diags, const struct doc_file *file, struct doc_place place,
              enum diag_code code, struct str arg0, struct str arg1, struct str arg2);

/*
 * The same of a word that is none of @words (NULL-terminated): they are the
 * second argument, and the closest of them is the guess, when one is close.
 */
void diag_add_guess(struct diags *diags, const struct doc_file *file, struct doc_place place,
                    enum diag_code code, struct str wrong, const char *const *words);

/*
 * @words for a message: "day, week, month"; "-" when there are
 * none. In @diags' arena; absent: no room.
 */
struct str diag_words(struct diags *diags, const char *const *words);

/* The closest word by edit distance (at most a third of its length), or absent. */
struct str diag_closest(struct str wrong, const char *const *words);
/* The same with at most @edits: letters that are too many, missing, others or swapped. */
struct str diag_closest_within(struct str wrong, const char *const *words, uint32_t edits);

/* "YAML_SYNTAX": stable, for machines. */
const char *diag_code_name(enum diag_code code);
enum diag_level diag_level(enum diag_code code);

/* One diag's sentence and its hint (absent when there is none), into @arena. */
struct str diag_message(const struct diag *diag, enum locale locale, struct arena *arena,
                        struct str *ret_help);

/*
 * By file, line, column; then as text with source line and
 * caret, or as one JSON array of parts and text.
 */
void diags_sort(struct diags *diags);
void diags_print(const struct diags *diags, enum locale locale, bool color, struct out *out);
void diags_print_json(const struct diags *diags, enum locale locale, struct out *out);
