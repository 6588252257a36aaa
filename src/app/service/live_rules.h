/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/out.h"

struct ruleset;

/* GET /rules: the live rules as JSON, in the order of their files. Any thread that holds @rules. */
void live_rules_print(const struct ruleset *rules, struct out *out);
