/* SPDX-License-Identifier: Apache-2.0 */
#include "app/service/live_rules.h"

#include "rules/ruleset.h"
#include "rules/words.h"

/* Only of a rule that has one; hold_s only when the rule says it itself. */
static void print_budget(const struct budget *budget, struct out *out)
{
    if (budget->redemptions == 0)
        return;
    out_json_key(out, STR("budget"));
    out_json_open(out, '{');
    out_json_key(out, STR("redemptions"));
    out_json_int(out, budget->redemptions);
    if (budget->hold_us > 0) {
        out_json_key(out, STR("hold_s"));
        out_json_int(out, budget->hold_us / 1000000);
    }
    out_json_close(out, '}');
}

static void print_rule(const struct rule *rule, struct out *out)
{
    out_json_open(out, '{');
    out_json_key(out, STR("id"));
    out_json_str(out, rule->id);
    out_json_key(out, STR("name"));
    out_json_str(out, rule->name);
    out_json_key(out, STR("kind"));
    out_json_str(out, str_of(words_kinds()[rule->kind]));
    out_json_key(out, STR("status"));
    out_json_str(out, str_of(words_statuses()[rule->status]));
    out_json_key(out, STR("owner"));
    out_json_str(out, rule->owner);
    out_json_key(out, STR("trigger"));
    out_json_open(out, '[');
    for (int i = 0; i < TRIGGERS; i++)
        if (rule->triggers & 1u << i)
            out_json_str(out, str_of(words_triggers()[i]));
    out_json_close(out, ']');
    out_json_key(out, STR("placement"));
    out_json_open(out, '[');
    for (uint32_t i = 0; i < rule->n_placements; i++)
        out_json_str(out, rule->placements[i]);
    out_json_close(out, ']');
    out_json_key(out, STR("priority"));
    out_json_int(out, rule->priority);
    print_budget(&rule->budget, out);
    out_json_key(out, STR("at"));
    out_char(out, '"');
    out_json_escaped(out, rule->file);
    out_char(out, ':');
    out_int(out, rule->line);
    out_char(out, '"');
    out->comma = true;
    out_json_close(out, '}');
}

void live_rules_print(const struct ruleset *rules, struct out *out)
{
    out_json_open(out, '{');
    out_json_key(out, STR("ruleset"));
    out_json_str(out, ruleset_version(rules));
    out_json_key(out, STR("rules"));
    out_json_open(out, '[');
    for (uint32_t i = 0; i < ruleset_count(rules); i++)
        print_rule(ruleset_rule(rules, i), out);
    out_json_close(out, ']');
    out_json_close(out, '}');
}
