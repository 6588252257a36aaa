/* SPDX-License-Identifier: Apache-2.0 */
#include "app/explain/explain_request.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/explain/offline.h"
#include "app/explain/receipt_text.h"
#include "app/setup/settings.h"
#include "files/rules_dir.h"
#include "rules/words.h"

enum { ARENA_BYTES = 1 << 16, ARENA_LIMIT_BYTES = 1 << 26 };

/* ── the request ─────────────────────────────────────────────────────────────────────────────── */

static enum err read_all(FILE *file, size_t most, struct arena *arena, struct str *ret_text)
{
    char *text = arena_take_raw(arena, most + 1);
    size_t len = text ? fread(text, 1, most + 1, file) : 0;
    if (!text)
        return ERR_NOMEM;
    if (ferror(file))
        return ERR_UNAVAILABLE;
    *ret_text = (struct str){ text, len };
    return len > most ? ERR_LIMIT : OK;
}

static enum err read_request(const char *path, size_t most, struct arena *arena,
                             struct str *ret_text, struct err_note *note)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    if (!file)
        return err_fail(note, ERR_INPUT, "'%.100s': %s", path, strerror(errno));
    enum err err = read_all(file, most, arena, ret_text);
    int error = errno;
    if (!is_stdin)
        (void) fclose(file);
    if (err == ERR_LIMIT)
        return err_fail(note, err, "'%.60s' is larger than %zu bytes (max_offers_bytes)", path,
                        most);
    return err == OK ? OK : err_fail(note, err, "'%.100s': %s", path, strerror(error));
}

/* ── the receipt, for people ─────────────────────────────────────────────────────────────────── */

static const char *member(const cJSON *body, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));
    return text ? text : "";
}

/* When no rule was looked at: where are there any for this trigger? */
static void print_placements(const struct ruleset *rules, const char *trigger, enum locale locale,
                             struct out *out)
{
    static const char *const begin[LOCALES] = {
        "このトリガーと場所のルールはありません。ルールがあるのは:",
        "No rules are for this trigger and place; there are some for"
    };
    int number = words_find(words_triggers(), str_of(trigger));
    size_t at = out->len;
    out_printf(out, "%s\n", begin[locale]);
    for (uint32_t i = 0; number >= 0 && i < ruleset_count(rules); i++) {
        const struct rule *rule = ruleset_rule(rules, i);
        if (!(rule->triggers & 1u << number) || rule->status == STATUS_DRAFT ||
            rule->status == STATUS_ARCHIVED)
            continue;
        for (uint32_t k = 0; k < rule->n_placements; k++) {
            struct str said = { out->at + at, out->len - at };
            char line[160];
            (void) snprintf(line, sizeof line, "  %s · %.*s\n", trigger,
                            STR_ARG(rule->placements[k]));
            if (!str_contains(said, str_of(line)))
                out_text(out, str_of(line));
        }
    }
}

static void print_heading(const struct offline *offline, const struct rules_reading *reading,
                          const cJSON *body, int64_t now_us, enum locale locale, struct out *out)
{
    struct offline_parts parts = offline_parts(offline);
    out_printf(out, "%s · %s · ", member(body, "trigger"), member(body, "placement"));
    out_instant(out, now_us, false);
    out_printf(out, " · %s %s · ", locale == LOCALE_JA ? "ルールセット" : "ruleset",
               reading->version);
    if (!parts.has_store)
        out_text(out, locale == LOCALE_JA
                          ? STR("カタログなし: 商品も顧客も不明 (offerd import で作成)")
                          : STR("no catalogue: products and customer are unknown (see offerd "
                                "import)"));
    else
        out_printf(out,
                   locale == LOCALE_JA ? "商品 %u 件、注文 %" PRIu64 " 件"
                                       : "%u products, %" PRIu64 " orders",
                   parts.products, parts.orders);
    out_text(out, STR("\n\n"));
}

static enum err print_receipt(const struct explain_style *style, const struct settings *settings,
                              const struct offline *offline, const struct rules_reading *reading,
                              struct str body, struct str answer, struct out *out)
{
    const struct receipt_style how = { .locale = style->locale,
                                       .color = style->color,
                                       .rules_dir = settings->rules_dir,
                                       .rules = reading->ruleset };
    cJSON *json = cJSON_ParseWithLength(body.at, body.len);
    print_heading(offline, reading, json, style->now_us, style->locale, out);
    size_t before = out->len;
    enum err err = receipt_text_print(answer, &how, out);
    if (err == OK && out->len == before)
        print_placements(reading->ruleset, member(json, "trigger"), style->locale, out);
    cJSON_Delete(json);
    return err;
}

/* ── both ────────────────────────────────────────────────────────────────────────────────────── */

static enum err refuse(const char *path, const struct decide_problem *problem,
                       struct err_note *note)
{
    return err_fail(note, ERR_INPUT, "%.60s: %.*s%s%s", path, STR_ARG(problem->pointer),
                    problem->pointer.len ? ": " : "", problem->what ? problem->what : "no memory");
}

enum err explain_request_print(const char *path, const struct settings *settings,
                               const struct rules_reading *reading,
                               const struct explain_style *style, struct out *out,
                               struct err_note *note)
{
    AUTO(arena_free) struct arena *arena = arena_new(ARENA_BYTES, ARENA_LIMIT_BYTES);
    AUTO(offline_free) struct offline *offline = NULL;
    struct decide_problem problem = { 0 };
    struct str body, answer;
    if (!arena)
        return ERR_NOMEM;
    TRY(read_request(path, (size_t) settings->max_offers_bytes, arena, &body, note));
    TRY(offline_new(settings, reading->ruleset, style->now_us, &offline, note));
    if (offline_explain(offline, body, arena, &answer, &problem) != OK)
        return refuse(path, &problem, note);
    if (*offline_failed(offline))
        (void) fprintf(stderr, "offerd explain: %s\n", offline_failed(offline));
    if (!style->json)
        return print_receipt(style, settings, offline, reading, body, answer, out);
    out_text(out, answer);
    out_char(out, '\n');
    return OK;
}
