/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/out.h"
#include "shop/locale.h"

struct ruleset;

/*
 * Receipt text
 *
 * The receipt of a decision for people: each rule with a mark, its id and where to look, then
 * why in words, the value seen and the value wanted. For a terminal, in Japanese or English.
 */
struct receipt_style {
    enum locale locale;
    bool color;
    const char *rules_dir;       /* before each file name */
    const struct ruleset *rules; /* whose money it is */
};

/* @answer: the JSON answer with its `considered`. ERR_CORRUPT for anything else. */
MUST_CHECK enum err receipt_text_print(struct str answer, const struct receipt_style *style,
                                       struct out *out);
