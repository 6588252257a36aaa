/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule file from anywhere, YAML or JSON, through every reader to a ruleset. Besides crashes it
 * looks for a refusal without a reason: what is not taken has an error, every message has a file
 * and a place, and all of them print as UTF-8 in both languages.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rule_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_messages(struct rule_text *text)
{
    for (uint32_t i = 0; i < text->diags.count; i++) {
        const struct diag *diag = &text->diags.list[i];
        must(diag->file && diag->place.line >= 1 && diag->place.column >= 1);
    }
    for (int locale = 0; locale < LOCALES; locale++) {
        struct out plain, json;
        out_init(&plain, NULL, 256);
        out_init(&json, NULL, 256);
        diags_print(&text->diags, (enum locale) locale, locale == LOCALE_JA, &plain);
        diags_print_json(&text->diags, (enum locale) locale, &json);
        must(plain.len == 0 || str_is_utf8(out_str(&plain), NULL));
        must(str_is_utf8(out_str(&json), NULL));
        out_deinit(&plain);
        out_deinit(&json);
    }
}

static void check_ruleset(const struct ruleset *rules)
{
    for (uint32_t i = 0; i < ruleset_count(rules); i++) {
        const struct rule *rule = ruleset_rule(rules, i);
        uint32_t n = 0;
        must(ruleset_find(rules, rule->id) == rule && rule->n_placements > 0 && rule->triggers);
        for (uint32_t t = 0; t < TRIGGERS; t++)
            if (rule->triggers & 1u << t)
                (void) ruleset_candidates(rules, (enum trigger) t, rule->placements[0], &n);
        bool idle = rule->status == STATUS_DRAFT || rule->status == STATUS_ARCHIVED;
        must(idle || n > 0);
        must(idle ||
             (rule->texts[LOCALE_JA][TEXT_DECLINE] || rule->texts[LOCALE_EN][TEXT_DECLINE]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rule_text text;
    bool json = size > 0 && (data[0] == '{' || data[0] == '[');

    rule_text_begin(&text);
    enum err err =
        rule_text_add(&text, json ? "x.json" : "x.yaml", (struct str){ (const char *) data, size });
    must(err == OK || err == ERR_INPUT || err == ERR_LIMIT);
    must(err != ERR_INPUT || (text.diags.errors > 0 && !text.files[0].root));
    if (err == OK) {
        rule_text_read(&text, 1);
        must(text.err != ERR_INPUT || (text.diags.errors > 0 && !text.ruleset));
        must(text.err != OK || (text.diags.errors == 0 && text.ruleset));
    }
    check_messages(&text);
    if (text.ruleset)
        check_ruleset(text.ruleset);
    rule_text_free(&text);
    return 0;
}
