/* SPDX-License-Identifier: Apache-2.0 */
#include "app/explain/explain_cel.h"

#include <string.h>

#include "base/arena.h"

/* Does @text hold an operator that binds less than &&, or a comment, outside of everything? */
static bool needs_parentheses(struct str text)
{
    int depth = 0;
    char quote = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i], next = i + 1 < text.len ? text.at[i + 1] : '\0';
        if (quote) {
            i += c == '\\';
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '(' || c == '[' || c == '{') {
            depth++;
        } else if (c == ')' || c == ']' || c == '}') {
            depth--;
        } else if (c == '/' && next == '/') {
            return true;
        } else if (depth == 0 && (c == '?' || (c == '|' && next == '|'))) {
            return true;
        }
    }
    return false;
}

/* A parenthesis after a comment would belong to it. */
static void print_part(struct str text, struct out *out)
{
    bool parentheses = needs_parentheses(text);
    if (parentheses)
        out_char(out, '(');
    out_text(out, text);
    if (parentheses)
        out_text(out, memmem(text.at, text.len, "//", 2) ? STR("\n)") : STR(")"));
}

static void print_place(struct str file, uint32_t line, const char *rules_dir, struct out *out)
{
    size_t len = strlen(rules_dir);
    out_printf(out, "%s%s%.*s:%u", rules_dir, len && rules_dir[len - 1] != '/' ? "/" : "",
               STR_ARG(file), line);
}

static void comment_begin(bool color, struct out *out)
{
    out_text(out, color ? STR("\033[90m// ") : STR("// "));
}

static void comment_end(bool color, struct out *out)
{
    out_text(out, color ? STR("\033[0m\n") : STR("\n"));
}

static void print_heading(const struct rule *rule, const char *rules_dir, bool color,
                          struct out *out)
{
    comment_begin(color, out);
    out_printf(out, "%.*s: ", STR_ARG(rule->id));
    print_place(rule->file, rule->line, rules_dir, out);
    comment_end(color, out);
    if (!rule->unknown_allows)
        return;
    comment_begin(color, out);
    out_text(out, STR("if_unknown: allow: a part that is not known counts as true"));
    comment_end(color, out);
}

/*
 * What is asked of a product or an offer, not of the request:
 * in comments, so that the text stays one expression.
 */
static void print_other(const char *what, const struct rule *rule, struct str text, uint32_t line,
                        const char *rules_dir, bool color, struct out *out)
{
    out_char(out, '\n');
    comment_begin(color, out);
    out_printf(out, "%s: ", what);
    print_place(rule->file, line, rules_dir, out);
    comment_end(color, out);
    comment_begin(color, out);
    out_text(out, STR("  "));
    for (size_t i = 0; i < text.len; i++) {
        out_char(out, text.at[i]);
        if (text.at[i] == '\n')
            out_text(out, STR("//   "));
    }
    comment_end(color, out);
}

void explain_cel_print(const struct rule *rule, const char *rules_dir, bool color, struct out *out)
{
    print_heading(rule, rules_dir, color, out);
    if (rule->n_conditions == 0)
        out_text(out, STR("true\n"));
    for (uint32_t i = 0; i < rule->n_conditions; i++) {
        const struct condition *condition = &rule->conditions[i];
        out_text(out, i ? STR("&& ") : STR("   "));
        print_part(condition->text, out);
        out_text(out, STR("  "));
        comment_begin(color, out);
        out_printf(out, "%.*s, ", STR_ARG(condition->key));
        print_place(condition->file, condition->line, rules_dir, out);
        comment_end(color, out);
    }
    if (rule->pick.where)
        print_other("offer.pick.where, of each product found", rule, rule->pick.where_text,
                    rule->pick.where_line, rules_dir, color, out);
    if (rule->score)
        print_other("rank.score, of each offer", rule, rule->score_text, rule->score_line,
                    rules_dir, color, out);
}

static void json_place(struct str file, uint32_t line, struct out *out)
{
    out_json_key(out, STR("file"));
    out_json_str(out, file);
    out_json_key(out, STR("line"));
    out_json_int(out, line);
}

static void json_expression(const struct rule *rule, struct out *out)
{
    struct out text;
    out_init(&text, NULL, 256);
    for (uint32_t i = 0; i < rule->n_conditions; i++) {
        out_text(&text, i ? STR(" && ") : STR(""));
        print_part(rule->conditions[i].text, &text);
    }
    out_json_key(out, STR("expression"));
    out_json_str(out, rule->n_conditions ? out_str(&text) : STR("true"));
    out_deinit(&text);
}

static void json_conditions(const struct rule *rule, struct out *out)
{
    out_json_key(out, STR("conditions"));
    out_json_open(out, '[');
    for (uint32_t i = 0; i < rule->n_conditions; i++) {
        const struct condition *condition = &rule->conditions[i];
        out_json_open(out, '{');
        out_json_key(out, STR("key"));
        out_json_str(out, condition->key);
        out_json_key(out, STR("cel"));
        out_json_str(out, condition->text);
        json_place(condition->file, condition->line, out);
        out_json_close(out, '}');
    }
    out_json_close(out, ']');
}

static void json_other(struct str key, bool present, const struct rule *rule, struct str text,
                       uint32_t line, struct out *out)
{
    out_json_key(out, key);
    if (!present) {
        out_json_null(out);
        return;
    }
    out_json_open(out, '{');
    out_json_key(out, STR("cel"));
    out_json_str(out, text);
    json_place(rule->file, line, out);
    out_json_close(out, '}');
}

void explain_cel_print_json(const struct rule *rule, struct out *out)
{
    out_json_open(out, '{');
    out_json_key(out, STR("rule"));
    out_json_str(out, rule->id);
    json_place(rule->file, rule->line, out);
    out_json_key(out, STR("if_unknown"));
    out_json_str(out, rule->unknown_allows ? STR("allow") : STR("skip"));
    json_expression(rule, out);
    json_conditions(rule, out);
    json_other(STR("where"), rule->pick.where != NULL, rule, rule->pick.where_text,
               rule->pick.where_line, out);
    json_other(STR("score"), rule->score != NULL, rule, rule->score_text, rule->score_line, out);
    out_json_close(out, '}');
    out_char(out, '\n');
}
