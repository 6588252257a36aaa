/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/out.h"
#include "rules/ruleset.h"

/*
 * Explain CEL
 *
 * One rule's conditions as one CEL expression, each part with the file and line where it is
 * written as a comment; the `where` of its pick and its `rank.score`, which ask about other
 * things, are comments too, so the text is an expression as it is. Or as JSON, the parts apart.
 */

/* @rules_dir: before each file name. */
void explain_cel_print(const struct rule *rule, const char *rules_dir, bool color, struct out *out);

/*
 * {"rule", "file", "line", "if_unknown", "expression", "conditions": [{"key", "cel", "file",
 * "line"}], "where": null or {"cel", "file", "line"}, "score": the same}, and a line's end.
 */
void explain_cel_print_json(const struct rule *rule, struct out *out);
