/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Doc
 *
 * A rule file as a tree that remembers where everything stands: mappings, sequences,
 * scalars, each with line and column. Whoever parsed the file (files/yaml_doc.c) owns
 * it, in an arena; the readers of rules/ only look at it and know nothing of YAML.
 */
enum doc_kind { DOC_SCALAR, DOC_SEQUENCE, DOC_MAPPING };

struct doc_place {
    uint32_t line, column; /* from 1; the column counts characters, not bytes */
};

struct doc_node {
    enum doc_kind kind : 8; /* small, because a large ruleset is millions of nodes */
    bool quoted; /* scalar: was written in quotes, so it is text whatever it looks like */
    uint32_t n_children;
    struct doc_place place;
    struct str text; /* scalar */
    struct str key;  /* when a member of a mapping */
    struct doc_place key_place;
    struct doc_node *first; /* children of a sequence or mapping, in file order */
    struct doc_node *next;  /* sibling */
};

struct doc_file {
    struct str name; /* as shown to people: relative to the rules directory */
    struct str path; /* the same as the reader would open it, for diags; absent: @name */
    struct str text; /* the whole file, for showing the source line */
    const struct doc_node *root; /* NULL for an empty file */
};

/* The member called @key, or NULL. */
const struct doc_node *doc_get(const struct doc_node *mapping, const char *key);

/* "a mapping", "a list", "text": for messages. */
const char *doc_kind_name(const struct doc_node *node);

/* Line @line without its line break; empty past the end. */
struct str doc_line(const struct doc_file *file, uint32_t line);

/*
 * A byte offset of the file's text as a place, and back (the end of the line when it is shorter).
 */
struct doc_place doc_place_of(const struct doc_file *file, size_t offset);
size_t doc_offset_of(const struct doc_file *file, struct doc_place place);

/* Where @offset of a scalar's text stands in the file, found by its @part there ("{saving}"). */
struct doc_place doc_place_in(const struct doc_file *file, const struct doc_node *scalar,
                              size_t offset, struct str part);
