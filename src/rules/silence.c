/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/silence.h"

#include "rules/ruleset.h"

static void gather(const struct rule *rule, const struct silence *silence, enum touch_what what,
                   int64_t last_us, int64_t now_us, struct silences *silences)
{
    if (!silence->present || last_us == 0 || last_us + silence->for_us <= now_us)
        return;
    if (silences->n == SILENCES_MAX) {
        /* Too many to tell apart: the last place stands for "everything", until the latest. */
        struct silence_over *last = &silences->list[SILENCES_MAX - 1];
        last->scope = SCOPE_ALL;
        if (last->until_us < last_us + silence->for_us)
            last->until_us = last_us + silence->for_us;
        return;
    }
    silences->list[silences->n++] = (struct silence_over){ .by = rule,
                                                           .what = what,
                                                           .scope = silence->scope,
                                                           .since_us = last_us,
                                                           .until_us = last_us + silence->for_us };
}

void silences_gather(const struct ruleset *rules, const struct profile *memory, int64_t now_us,
                     struct silences *ret_silences)
{
    ret_silences->n = 0;
    for (uint32_t i = 0; memory && i < memory->n_rules; i++) {
        const struct rule_memory *m = &memory->rules[i];
        if (m->last_us[TOUCH_DECLINED] == 0 && m->last_us[TOUCH_ACCEPTED] == 0)
            continue;
        const struct rule *rule = ruleset_find(rules, m->rule);
        if (!rule)
            continue;
        gather(rule, &rule->after_decline, TOUCH_DECLINED, m->last_us[TOUCH_DECLINED], now_us,
               ret_silences);
        gather(rule, &rule->after_accept, TOUCH_ACCEPTED, m->last_us[TOUCH_ACCEPTED], now_us,
               ret_silences);
    }
}

static bool covers(const struct silence_over *silence, const struct rule *rule)
{
    switch (silence->scope) {
    case SCOPE_ALL: return true;
    case SCOPE_KIND: return silence->by->kind == rule->kind;
    case SCOPE_GROUP:
        if (rule->group.at && str_eq(silence->by->group, rule->group))
            return true;
        break;
    case SCOPE_RULE:
    case SILENCE_SCOPES: break;
    }
    return str_eq(silence->by->id, rule->id);
}

const struct silence_over *silences_cover(const struct silences *silences, const struct rule *rule)
{
    for (uint32_t i = 0; i < silences->n; i++)
        if (covers(&silences->list[i], rule))
            return &silences->list[i];
    return NULL;
}
