/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "rules/diag.h"
#include "rules/doc.h"

/*
 * Grammar
 *
 * The steps that every part of a rule file is read with: is it a mapping of known keys, a word of
 * a table, a list of names? Each says what is wrong as a diag and answers false; a NULL node is
 * "not written" and answers false without a word. Texts are copied into the arena.
 */
struct grammar {
    struct arena *arena;
    struct diags *diags;
    const struct doc_file *file;
    bool idle; /* in a draft or archived rule: what is not supported yet is only a warning */
};

/* At @node, about {0} and {1}. */
void grammar_fault(struct grammar *grammar, const struct doc_node *node, enum diag_code code,
                   struct str arg0, struct str arg1);

/*
 * Is @node a mapping with no keys but @known and @later? A key of @later is refused as not
 * supported yet; both NULL-terminated, @later may be NULL. False only when it is no mapping:
 * strange keys are reported and the known ones can still be read.
 */
bool grammar_mapping(struct grammar *grammar, const struct doc_node *node, const char *const *known,
                     const char *const *later);

/* Is @node a list with something in it? */
bool grammar_list(struct grammar *grammar, const struct doc_node *node);

/* Is @node text that says something? */
bool grammar_is_text(struct grammar *grammar, const struct doc_node *node);

bool grammar_text(struct grammar *grammar, const struct doc_node *node, struct str *ret_text);

/* A word of @words: its place in the table. One of @later (may be NULL) is not supported yet. */
bool grammar_word(struct grammar *grammar, const struct doc_node *node, const char *const *words,
                  const char *const *later, int *ret_word);

/* A list of such words, none twice: bit 1u << place. */
bool grammar_words(struct grammar *grammar, const struct doc_node *node, const char *const *words,
                   const char *const *later, uint32_t *ret_bits);

/* 3 to 64 of [a-z0-9-]. */
bool grammar_id(struct grammar *grammar, const struct doc_node *node, struct str *ret_id);
bool grammar_check_id(struct grammar *grammar, struct str id, struct doc_place place);

/* A list of texts (of ids when @ids), none twice. */
bool grammar_texts(struct grammar *grammar, const struct doc_node *node, bool ids,
                   const struct str **ret_texts, uint32_t *ret_n);

/* "cameras.yaml:12", for messages that name another place. */
struct str grammar_place(struct grammar *grammar, const struct doc_file *file,
                         struct doc_place place);
