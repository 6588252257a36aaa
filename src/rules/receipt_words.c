/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/receipt_words.h"

static void member(struct out *out, struct str opening, struct str text)
{
    out_text(out, opening);
    out_json_escaped(out, text);
    out_char(out, '"');
}

static void write_opening(const struct rule *rule, struct out *out)
{
    member(out, STR(",{\"rule\":\""), rule->id);
    out_text(out, STR(",\"result\":\""));
}

void receipt_write_place(struct str file, uint32_t line, struct out *out)
{
    out_text(out, STR(",\"at\":\""));
    out_json_escaped(out, file);
    out_char(out, ':');
    out_int(out, line);
    out_text(out, STR("\"}"));
}

static void write_asked(const struct rule *rule, const struct condition *condition,
                        enum match_answer answer, struct out *out)
{
    write_opening(rule, out);
    out_text(out, answer == MATCH_NO ? STR("condition_false\"") : STR("condition_unknown\""));
    member(out, STR(",\"condition\":\""), condition->text);
    member(out, STR(",\"key\":\""), condition->key);
    out_text(out, STR(",\"seen\":\""));
}

static void write_wanted(const struct condition *condition, int decimals,
                         const struct str *attr_names, struct out *out)
{
    out_text(out, STR("\",\"wanted\":\""));
    blame_wanted(condition, decimals, attr_names, out);
    out_char(out, '"');
    receipt_write_place(condition->file, condition->line, out);
}

void receipt_write_opening(const struct rule *rule, struct out *out)
{
    if (rule->words)
        out_text(out, rule->words->opening);
    else
        write_opening(rule, out);
}

void receipt_write_closing(const struct rule *rule, struct out *out)
{
    if (rule->words)
        out_text(out, rule->words->closing);
    else
        receipt_write_place(rule->file, rule->line, out);
}

void receipt_write_asked(const struct rule *rule, uint32_t condition, enum match_answer answer,
                         struct out *out)
{
    if (!rule->words) {
        write_asked(rule, &rule->conditions[condition], answer, out);
        return;
    }
    struct str asked = rule->words->conditions[condition].asked;
    if (answer == MATCH_NO) {
        out_text(out, asked);
        return;
    }
    size_t before = rule->words->opening.len + sizeof "condition_" - 1;
    size_t after = before + sizeof "false" - 1;
    out_bytes(out, asked.at, before);
    out_text(out, STR("unknown"));
    out_bytes(out, asked.at + after, asked.len - after);
}

void receipt_write_wanted(const struct rule *rule, uint32_t condition, int decimals,
                          const struct str *attr_names, struct out *out)
{
    if (rule->words)
        out_text(out, rule->words->conditions[condition].wanted);
    else
        write_wanted(&rule->conditions[condition], decimals, attr_names, out);
}

/* ── ready ───────────────────────────────────────────────────────────────────────────────────── */

/* What was written since the last time, in @arena. */
static struct str kept(struct out *out, struct arena *arena)
{
    struct str text = arena_copy(arena, out_str(out));
    out->len = 0;
    return text;
}

static bool make(const struct rule *rule, int decimals, const struct str *attr_names,
                 struct arena *arena, struct out *out, struct receipt_words *words)
{
    struct condition_words *conditions =
        arena_take_array(arena, struct condition_words, rule->n_conditions);
    if (!conditions)
        return false;
    write_opening(rule, out);
    words->opening = kept(out, arena);
    receipt_write_place(rule->file, rule->line, out);
    words->closing = kept(out, arena);
    words->conditions = conditions;
    bool room = words->opening.at && words->closing.at;
    for (uint32_t i = 0; i < rule->n_conditions && room; i++) {
        write_asked(rule, &rule->conditions[i], MATCH_NO, out);
        conditions[i].asked = kept(out, arena);
        write_wanted(&rule->conditions[i], decimals, attr_names, out);
        conditions[i].wanted = kept(out, arena);
        conditions[i].question = blame_ask(&rule->conditions[i]);
        room = conditions[i].asked.at && conditions[i].wanted.at;
    }
    return room && !out->failed;
}

enum err receipt_words_prepare(struct rule *rules, uint32_t n, int decimals,
                               const struct str *attr_names, struct arena *arena)
{
    struct out out;
    if (n > RECEIPT_WORDS_RULES_MAX)
        return OK;
    out_init(&out, NULL, 1024);
    enum err err = out.failed ? ERR_NOMEM : OK;
    for (uint32_t i = 0; i < n && err == OK; i++) {
        struct receipt_words *words = arena_take(arena, sizeof *words);
        if (!words || !make(&rules[i], decimals, attr_names, arena, &out, words))
            err = out.failed ? ERR_NOMEM : ERR_LIMIT;
        else
            rules[i].words = words;
    }
    out_deinit(&out);
    return err;
}
