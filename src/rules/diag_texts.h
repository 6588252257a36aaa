/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "rules/diag.h"

/*
 * Diag texts
 *
 * The sentences of rules/diag_codes.inc and the few words around them, by language.
 */
const char *diag_text(enum diag_code code, enum locale locale);

enum diag_word { WORD_ERROR, WORD_WARNING, WORD_HELP, WORD_DID_YOU_MEAN, WORD_MORE, DIAG_WORDS };

/* WORD_DID_YOU_MEAN and WORD_MORE hold {0}. */
const char *diag_word(enum diag_word word, enum locale locale);
