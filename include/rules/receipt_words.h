/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/out.h"
#include "rules/blame.h"
#include "rules/rule.h"
#include "rules/ruleset.h"

/*
 * Receipt words
 *
 * What a receipt says of a rule and its conditions whatever the request: pieces of JSON, so that a
 * decision only has to put the values seen between them. The rules of an ordinary ruleset have
 * them ready (rule->words); those of a very large one, where they would take more room than they
 * are worth, write them when they are asked for. Both ways give the same bytes.
 */
enum { RECEIPT_WORDS_RULES_MAX = 5000 };

struct condition_words {
    /* ,{"rule":"…","result":"condition_false","condition":"…","key":"…","seen":" */
    struct str asked;
    struct str wanted; /* ","wanted":"…","at":"camera.yaml:16"} */
    struct blame_question question;
};

struct receipt_words {
    struct str opening;                       /* ,{"rule":"camera-lens-bundle","result":" */
    struct str closing;                       /* ,"at":"camera.yaml:9"} */
    const struct condition_words *conditions; /* one for each of the rule's */
};

/*
 * Sets rule->words of each, unless there are too many.
 * Everything is @arena's. ERR_LIMIT for lack of room.
 */
MUST_CHECK enum err receipt_words_prepare(struct rule *rules, uint32_t n, int decimals,
                                          const struct str *attr_names, struct arena *arena);

void receipt_write_opening(const struct rule *rule, struct out *out);
void receipt_write_closing(const struct rule *rule, struct out *out);
void receipt_write_asked(const struct rule *rule, uint32_t condition, enum match_answer answer,
                         struct out *out);
void receipt_write_wanted(const struct rule *rule, uint32_t condition, int decimals,
                          const struct str *attr_names, struct out *out);

/* ,"at":"<file>:<line>"} */
void receipt_write_place(struct str file, uint32_t line, struct out *out);
