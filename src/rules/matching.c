/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching
 *
 * What it means that a rule matches: its conditions hold in reading order, then its schedule does,
 * so that what is blamed is the first that fails (rule_matches; blame.c says what it saw and
 * wanted). Where nobody asks what failed (rule_holds), a condition that walks 500 products is asked
 * last.
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

static bool allows(const struct rule *rule, const struct condition *condition, struct facts *facts)
{
    enum truth truth = term_test(condition->term, &facts->scope);
    return truth == TRUTH_YES || (truth == TRUTH_UNKNOWN && rule->unknown_allows);
}

bool rule_holds(const struct rule *rule, struct facts *facts, int64_t now_us)
{
    uint32_t n_dear = 0;
    for (uint32_t i = 0; i < rule->n_conditions; i++)
        if (rule->conditions[i].is_dear)
            n_dear++;
        else if (!allows(rule, &rule->conditions[i], facts))
            return false;
    if (!schedule_is_on(&rule->schedule, now_us))
        return false;
    for (uint32_t i = 0; n_dear > 0; i++)
        if (rule->conditions[i].is_dear) {
            n_dear--;
            if (!allows(rule, &rule->conditions[i], facts))
                return false;
        }
    return true;
}
