/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <yaml.h>

#include "base/arena.h"
#include "base/err.h"
#include "rules/diag.h"
#include "rules/doc.h"

/*
 * YAML source
 *
 * The strictness of yaml_doc.c that looks at the text itself, in three parts: bytes before libyaml
 * sees them (yaml_bytes.c), single words (yaml_word.c), and what a fault of libyaml's really is
 * (yaml_fault.c). After the bytes are checked, lines end in LF or CRLF only, and libyaml's marks,
 * which count characters, agree with our places but for beginning at 0.
 */
struct yaml_source {
    const struct doc_file *file;
    struct diags *diags;
    struct arena *arena;
    bool json; /* tabs may indent */
    /* by line from 1: begins inside quoted or block text, so it is nobody's indentation */
    uint8_t *content;
    uint32_t n_lines;
    size_t seen_index, seen_byte; /* of the last scalar: libyaml's index, and the same in bytes */
};

struct yaml_word {
    struct str text;
    struct doc_place place;
    bool plain, key, in_flow;
};

static inline struct doc_place yaml_place(yaml_mark_t mark)
{
    return (struct doc_place){ (uint32_t) mark.line + 1, (uint32_t) mark.column + 1 };
}

/* Size, BOM, UTF-8, control characters, line breaks. ERR_INPUT after a diag. */
MUST_CHECK enum err yaml_source_init(struct yaml_source *source, const struct doc_file *file,
                                     struct arena *arena, struct diags *diags);

/*
 * The text of a scalar, asked for one after the other: the file's own bytes where it says them as
 * they are (no escapes, no folded lines), else a copy in the arena. Absent when that is full.
 */
struct str yaml_source_scalar(struct yaml_source *source, const yaml_event_t *scalar);

/* Lines after the first of a quoted or block scalar are its content. */
void yaml_source_content(struct yaml_source *source, const yaml_event_t *scalar);

/* Tabs and wide blanks in the indentation of lines up to @last_line; how many were found. */
uint32_t yaml_source_indentation(struct yaml_source *source, uint32_t last_line);

/* What a reader of YAML, or a hand used to full-width typing, would get wrong in one word. */
void yaml_word_check(struct yaml_source *source, const struct yaml_word *word);

/* Are these what remains of "50,000": digits, a comma without a blank, three digits? */
bool yaml_is_thousands(struct str before, struct str after);
void yaml_thousands(struct yaml_source *source, struct doc_place place, struct str before,
                    struct str after);

/* The parser stopped: says why, as near to the cause as can be told. */
void yaml_fault(struct yaml_source *source, const yaml_parser_t *parser);
