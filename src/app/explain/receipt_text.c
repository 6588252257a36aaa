/* SPDX-License-Identifier: Apache-2.0 */
#include "app/explain/receipt_text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "app/explain/receipt_seen.h"
#include "rules/blame.h"
#include "rules/ruleset.h"
#include "rules/term.h"
#include "shop/money.h"

/* How a number in `seen` and `wanted` is meant. */
enum unit { PLAIN, MARGIN, MONEY };

/* {key} stands for the member of that name. */
static const struct {
    const char *result;
    enum unit unit;
    const char *why[LOCALES];
} reasons[] = {
    { "shown", PLAIN, { "表示: {offers}", "shown: {offers}" } },
    { "shadow",
      PLAIN,
      { "表示できる (status は shadow)", "would be shown; its status is shadow" } },
    { "paused", PLAIN, { "status が paused", "its status is paused" } },
    { "condition_false", PLAIN, { "{key} が成り立たない", "{key} does not hold" } },
    { "condition_unknown",
      PLAIN,
      { "{key} が成り立つか不明", "{key}: not known whether it holds" } },
    { "off_schedule", PLAIN, { "スケジュール外", "not on its schedule" } },
    { "no_trigger_item", PLAIN, { "対象の商品 (item) がない", "no item was told (item)" } },
    { "no_product", PLAIN, { "提案できる商品がない", "found no product to offer" } },
    { "in_cart", PLAIN, { "{sku} はもうカートにある", "{sku} is in the cart already" } },
    { "out_of_stock", PLAIN, { "{sku} は在庫切れ", "{sku} is out of stock" } },
    { "below_floor",
      MARGIN,
      { "{sku} は下限 (floor) を割る", "{sku} would be sold below the floor" } },
    { "profit_too_low",
      MONEY,
      { "{sku} から見込める利益が下限に届かない", "{sku} is not expected to earn enough" } },
    { "relevance_too_low",
      MARGIN,
      { "{sku} が求められる見込みが低い", "{sku} is too unlikely to be wanted with it" } },
    { "threshold_reached",
      MONEY,
      { "カートがもう基準に届いている", "the cart has reached the threshold" } },
    { "cap_reached", PLAIN, { "回数の上限に達した", "its cap is reached" } },
    { "policy_cap_reached",
      PLAIN,
      { "全ルール合計の上限に達した", "the cap over all rules is reached" } },
    { "silent",
      PLAIN,
      { "{because_of} への返事のため {until} まで控える",
        "silent until {until}, after an answer to {because_of}" } },
    { "stopped_after_declines",
      PLAIN,
      { "断られた回数が上限に達した", "declined too often to ask again" } },
    { "profile_missing",
      PLAIN,
      { "顧客の履歴が読めない", "the customer's history could not be read" } },
    { "group_full",
      PLAIN,
      { "{because_of} がグループの枠を使った", "{because_of} took the place of its group" } },
    { "same_product",
      PLAIN,
      { "{because_of} が {sku} を提案した", "{because_of} offers {sku} already" } },
    { "same_kind",
      PLAIN,
      { "{because_of} が {sku} と同種の商品を提案した",
        "{because_of} offers another of the kind of {sku}" } },
    { "text_incomplete",
      PLAIN,
      { "文面に必要な値がない", "a value that its texts need is not known" } },
    { "answer_full", PLAIN, { "回答はすでに埋まっていた", "the answer was full before it" } },
    { "not_among_best", PLAIN, { "ほかの提案が優先された", "others came before it" } },
    { "deadline", PLAIN, { "時間切れ", "there was no time left" } },
    { "budget_used_up", PLAIN, { "予算 (budget) を使い切った", "its budget is used up" } },
    { "budget_missing", PLAIN, { "予算の残りが不明", "what is left of its budget is not known" } },
};
enum { REASONS = sizeof reasons / sizeof *reasons };

struct printing {
    const struct receipt_style *style;
    const cJSON *offers;
    int id_width, at_width;
    struct out *out;
};

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static void style_begin(const struct printing *p, const char *code)
{
    if (p->style->color)
        out_printf(p->out, "\033[%sm", code);
}

static void style_end(const struct printing *p)
{
    if (p->style->color)
        out_text(p->out, STR("\033[0m"));
}

/* The SKUs that the rule offers: "LENS-35, LENS-50". */
static void print_offers(const struct printing *p, const char *rule)
{
    const cJSON *offer, *item;
    bool any = false;
    cJSON_ArrayForEach(offer, p->offers)
    {
        if (strcmp(text_of(offer, "rule"), rule) != 0)
            continue;
        cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(offer, "items"))
        {
            out_printf(p->out, "%s%s", any ? ", " : "", text_of(item, "sku"));
            any = true;
        }
    }
    if (!any) /* free shipping without a filler */
        out_text(p->out, p->style->locale == LOCALE_JA ? STR("送料") : STR("shipping"));
}

/* @why with the members of @rule in the place of their names. */
static void print_why(const struct printing *p, const char *why, const cJSON *rule)
{
    while (*why) {
        const char *end = *why == '{' ? strchr(why, '}') : NULL;
        if (!end) {
            out_char(p->out, *why++);
            continue;
        }
        char name[16] = "";
        memcpy(name, why + 1, (size_t) (end - why - 1) % sizeof name);
        if (strcmp(name, "offers") == 0)
            print_offers(p, text_of(rule, "rule"));
        else
            out_text(p->out, str_of(text_of(rule, name)));
        why = end + 1;
    }
}

static void print_value(const struct printing *p, const cJSON *value, enum unit unit, bool money)
{
    if (cJSON_IsString(value))
        out_text(p->out, str_of(value->valuestring));
    else if (cJSON_IsNumber(value) && (unit == MONEY || money))
        money_print(p->out, (int64_t) value->valuedouble, ruleset_currency(p->style->rules),
                    p->style->locale);
    else if (cJSON_IsNumber(value) && unit == MARGIN)
        out_printf(p->out, "%.4g%%", value->valuedouble / 100);
    else if (cJSON_IsNumber(value))
        out_int(p->out, (int64_t) value->valuedouble);
    else
        out_text(p->out, p->style->locale == LOCALE_JA ? STR("不明") : STR("unknown"));
}

/* The condition that @rule of the answer blames; NULL: something else is to blame. */
static const struct condition *blamed(const struct printing *p, const cJSON *rule)
{
    const struct rule *known = ruleset_find(p->style->rules, str_of(text_of(rule, "rule")));
    for (uint32_t i = 0; known && i < known->n_conditions; i++) {
        const struct condition *condition = &known->conditions[i];
        char line[16];
        (void) snprintf(line, sizeof line, ":%u", condition->line);
        if (str_is(condition->text, text_of(rule, "condition")) &&
            str_ends_with(str_of(text_of(rule, "at")), str_of(line)))
            return condition;
    }
    return NULL;
}

/* It comes escaped for the inside of a JSON string. */
static void print_wanted_ja(const struct printing *p, const struct condition *condition)
{
    int decimals = money_decimals(ruleset_currency(p->style->rules));
    struct out quoted;
    out_init(&quoted, NULL, 256);
    out_char(&quoted, '"');
    blame_wanted_in(condition, LOCALE_JA, decimals > 0 ? decimals : 0,
                    ruleset_attr_names(p->style->rules), &quoted);
    out_char(&quoted, '"');
    cJSON *text = quoted.failed ? NULL : cJSON_ParseWithLength(quoted.at, quoted.len);
    if (text)
        out_text(p->out, str_of(cJSON_GetStringValue(text)));
    else
        p->out->failed = true;
    cJSON_Delete(text);
    out_deinit(&quoted);
}

/* A sentence of the answer for who reads Japanese. */
static void print_sentence_ja(const struct printing *p, const cJSON *rule, struct str text,
                              bool wanted)
{
    const struct condition *condition = blamed(p, rule);
    bool is_schedule = strcmp(text_of(rule, "result"), "off_schedule") == 0;
    if (condition && wanted)
        print_wanted_ja(p, condition);
    else if (condition && condition->term->op == TERM_CALL && str_is(text, "false"))
        out_text(p->out, STR("成り立たない"));
    else if (condition)
        receipt_seen_print_ja(text, p->out);
    else if (is_schedule && wanted)
        receipt_schedule_print_ja(text, p->out);
    else if (is_schedule)
        receipt_time_print_ja(text, p->out);
    else
        out_text(p->out, text);
}

static void print_seen_and_wanted(const struct printing *p, const cJSON *rule, enum unit unit)
{
    static const struct {
        const char *member, *word[LOCALES];
    } lines[] = { { "seen", { "実際", "seen  " } }, { "wanted", { "必要", "wanted" } } };
    bool money = strcmp(text_of(rule, "key"), "price_minor") == 0;

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(rule, lines[i].member);
        if (!value)
            continue;
        out_text(p->out, STR("      "));
        style_begin(p, "90");
        out_text(p->out, str_of(lines[i].word[p->style->locale]));
        style_end(p);
        out_text(p->out, STR("  "));
        if (cJSON_IsString(value) && p->style->locale == LOCALE_JA)
            print_sentence_ja(p, rule, str_of(value->valuestring), i == 1);
        else
            print_value(p, value, unit, money);
        out_char(p->out, '\n');
    }
}

static void print_rule(const struct printing *p, const cJSON *rule)
{
    const char *result = text_of(rule, "result"), *id = text_of(rule, "rule");
    const char *dir = p->style->rules_dir, *slash = dir[strlen(dir) - 1] == '/' ? "" : "/";
    bool shown = strcmp(result, "shown") == 0;
    int reason = 0;
    while (reason < REASONS && strcmp(reasons[reason].result, result) != 0)
        reason++;

    style_begin(p, shown ? "32" : "90");
    out_text(p->out, shown ? STR("✓ ") : STR("· "));
    style_end(p);
    style_begin(p, "1");
    out_printf(p->out, "%-*s", p->id_width, id);
    style_end(p);
    out_printf(p->out, "  %s%s%-*s  ", dir, slash, p->at_width, text_of(rule, "at"));
    print_why(p, reason < REASONS ? reasons[reason].why[p->style->locale] : result, rule);
    out_char(p->out, '\n');
    print_seen_and_wanted(p, rule, reason < REASONS ? reasons[reason].unit : PLAIN);
}

/* The rules of a long list that are not told one by one. */
static void print_more(const struct printing *p, const cJSON *more)
{
    bool ja = p->style->locale == LOCALE_JA;
    out_printf(
        p->out,
        ja ? "· ほかに %.0f 件のルール (当てはまらないもの、または提案が足りたあとのもの)\n"
           : "· and %.0f more rules: they do not match, or the answer was full before them\n",
        cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(more, "rules")));
}

static int widest(const cJSON *list, const char *name)
{
    const cJSON *object;
    int most = 0;
    cJSON_ArrayForEach(object, list)
    {
        int width = (int) strlen(text_of(object, name));
        most = width > most ? width : most;
    }
    return most;
}

enum err receipt_text_print(struct str answer, const struct receipt_style *style, struct out *out)
{
    cJSON *json = cJSON_ParseWithLength(answer.at, answer.len);
    const cJSON *considered = cJSON_GetObjectItemCaseSensitive(json, "considered"), *rule;
    const struct printing printing = { .style = style,
                                       .offers = cJSON_GetObjectItemCaseSensitive(json, "offers"),
                                       .id_width = widest(considered, "rule"),
                                       .at_width = widest(considered, "at"),
                                       .out = out };
    bool good = cJSON_IsArray(considered);
    cJSON_ArrayForEach(rule, considered)
    {
        if (strcmp(text_of(rule, "result"), "more") == 0)
            print_more(&printing, rule);
        else
            print_rule(&printing, rule);
    }
    cJSON_Delete(json);
    return !good ? ERR_CORRUPT : out->failed ? ERR_NOMEM : OK;
}
