/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "rule_mix.h"
#include "rules/ruleset.h"

/*
 * Load rules: what it costs to have a rule mix as a ruleset. Its rules are written as files into a
 * directory of their own and read as the service reads them (files/rules_dir.h: bytes, hash, YAML side by
 * side on as many threads as it takes, check, lowering, index); then the directory goes.
 *
 * The peak is the process's, so it tells of one load only in a process that did nothing larger
 * before. What is kept is what the process has more than before, once everything but the ruleset was freed.
 */
struct load_cost {
    double wall_s, cpu_s; /* of all: cpu_s is user and system, of all threads */
    double index_cpu_s;   /* of it making the index: made a second time, alone */
    double peak_mib, kept_mib;
};

/* False, with a word on stderr, when it cannot be done; else the caller's ruleset. */
bool load_rules(const struct rule_mix *mix, struct ruleset **ret_rules, struct load_cost *ret_cost);

/* The rules as files of @dir. */
bool write_rules(const struct rule_mix *mix, const char *dir);

double cpu_now_s(void); /* of this process, all threads */
