/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching
 *
 * Where a rule is evaluated: its conditions in reading order, then its schedule, so that what is
 * blamed is the first that fails. blame.c says what it saw and wanted.
 */
#include "rules/facts.h"
#include "rules/rule.h"
#include "rules/ruleset.h"
#include "rules/schedule.h"

bool pick_takes(const struct pick *pick, struct facts *facts, const struct product *product)
{
    if (!pick->where)
        return true;
    facts_candidate(facts, product);
    return term_test(pick->where, &facts->scope) == TRUTH_YES;
}

struct match_verdict rule_matches(const struct rule *rule, struct facts *facts, int64_t now_us)
{
    for (uint32_t i = 0; i < rule->n_conditions; i++) {
        const struct condition *condition = &rule->conditions[i];
        enum truth truth = term_test(condition->term, &facts->scope);
        if (truth == TRUTH_NO)
            return (struct match_verdict){ MATCH_NO, condition };
        if (truth == TRUTH_UNKNOWN && !rule->unknown_allows)
            return (struct match_verdict){ MATCH_UNKNOWN, condition };
    }
    if (!schedule_is_on(&rule->schedule, now_us))
        return (struct match_verdict){ .answer = MATCH_OFF_SCHEDULE };
    return (struct match_verdict){ .answer = MATCH_YES };
}
