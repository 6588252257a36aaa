/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/str.h"

/*
 * Words
 *
 * The spelling of the enumerators of rule.h, each a NULL-terminated table in their order:
 * the same words in rule files, requests, answers and metrics.
 */
const char *const *words_kinds(void);
const char *const *words_statuses(void);
const char *const *words_triggers(void);
const char *const *words_relations(void);
const char *const *words_reasons(void);
const char *const *words_scopes(void);
const char *const *words_sorts(void);

/* The word's place in the table, or -1. */
int words_find(const char *const *words, struct str word);
