/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/rule_reader.h"
#include "rules/words.h"
#include "shop/customer.h"

enum { BUDGET_MOST = 1000000000 };

static bool read_window(struct rule_reader *reader, const struct doc_node *node, struct cap *cap)
{
    static const struct {
        const char *word;
        enum window_kind window;
    } windows[] = { { "day", WINDOW_DAY },
                    { "week", WINDOW_WEEK },
                    { "month", WINDOW_MONTH },
                    { "session", WINDOW_SESSION },
                    { "lifetime", WINDOW_LIFETIME } };
    static const char *const words[] = {
        "day", "week", "month", "session", "lifetime", "7d", NULL
    };

    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        if (str_is(node->text, windows[i].word)) {
            cap->window = windows[i].window;
            return true;
        }
    cap->window = WINDOW_ROLLING;
    /* A word is no length of time that was written wrongly. */
    if (node->kind == DOC_SCALAR && node->text.len &&
        (node->text.at[0] < '0' || node->text.at[0] > '9')) {
        diag_add_guess(reader->all->diags, reader->grammar.file, node->place, DIAG_UNKNOWN_WORD,
                       node->text, words);
        return false;
    }
    return lower_duration(&reader->lowering, node, &cap->window_us);
}

static void read_cap(struct rule_reader *reader, const struct doc_node *node, struct cap *cap)
{
    static const char *const keys[] = { "max", "per", "count", NULL };
    static const char *const counts[] = { "shown", "clicked", "accepted", NULL };
    static const enum touch_what what[] = { TOUCH_SHOWN, TOUCH_CLICKED, TOUCH_ACCEPTED };
    const struct doc_node *max = doc_get(node, "max"), *per = doc_get(node, "per");
    int count;

    *cap = (struct cap){
        .max = 1,
        .what = TOUCH_SHOWN,
        .window = WINDOW_LIFETIME,
        .file = arena_copy(reader->all->arena, reader->grammar.file->name),
        .line = node->place.line,
    };
    if (!grammar_mapping(&reader->grammar, node, keys, NULL))
        return;
    if (grammar_word(&reader->grammar, doc_get(node, "count"), counts, NULL, &count))
        cap->what = (int) what[count];
    if (!max)
        grammar_fault(&reader->grammar, node, DIAG_MISSING_KEY, STR("max"), (struct str){ 0 });
    if (!per)
        grammar_fault(&reader->grammar, node, DIAG_MISSING_KEY, STR("per"), (struct str){ 0 });
    bool windowed = per && read_window(reader, per, cap) && cap->window != WINDOW_LIFETIME;
    if (!max || !lower_int(&reader->lowering, max, 1, 1000000, &cap->max))
        return;
    if (windowed && cap->max > PROFILE_MAX_TOUCHES)
        grammar_fault(&reader->grammar, max, DIAG_CAP_TOO_LARGE, STR("64"), max->text);
}

static struct cap *read_caps(struct rule_reader *reader, const struct doc_node *node,
                             uint32_t *ret_n)
{
    if (!node || !grammar_list(&reader->grammar, node))
        return NULL;
    struct cap *caps = arena_take_array(reader->all->arena, struct cap, node->n_children);
    uint32_t n = 0;
    for (const struct doc_node *item = node->first; item && caps; item = item->next)
        read_cap(reader, item, &caps[n++]);
    reader->all->full |= !caps;
    *ret_n = n;
    return caps;
}

static void read_silence(struct rule_reader *reader, const struct doc_node *node,
                         struct silence *silence)
{
    static const char *const keys[] = { "silence", "scope", NULL };
    const struct doc_node *length = doc_get(node, "silence"), *scope = doc_get(node, "scope");
    int word;

    if (!grammar_mapping(&reader->grammar, node, keys, NULL))
        return;
    silence->present = true;
    if (!length)
        grammar_fault(&reader->grammar, node, DIAG_MISSING_KEY, STR("silence"), (struct str){ 0 });
    else
        (void) lower_duration(&reader->lowering, length, &silence->for_us);
    if (!grammar_word(&reader->grammar, scope, words_scopes(), NULL, &word))
        return;
    silence->scope = (enum silence_scope) word;
    if (silence->scope == SCOPE_GROUP && !reader->rule->group.at)
        grammar_fault(&reader->grammar, scope, DIAG_SCOPE_WITHOUT_GROUP, (struct str){ 0 },
                      (struct str){ 0 });
}

/* What a rule that says nothing of declines does about one: "no" means no, for today at least. */
static const struct silence after_any_decline = {
    .present = true, .implied = true, .for_us = INT64_C(86400000000), .scope = SCOPE_RULE
};

static void read_limits(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = { "per_customer", "after_decline", "after_accept",
                                        "stop_after_declines", NULL };
    struct rule *rule = reader->rule;
    int64_t stop;

    if (!grammar_mapping(&reader->grammar, node, keys, NULL))
        return;
    rule->caps = read_caps(reader, doc_get(node, "per_customer"), &rule->n_caps);
    read_silence(reader, doc_get(node, "after_decline"), &rule->after_decline);
    read_silence(reader, doc_get(node, "after_accept"), &rule->after_accept);
    const struct doc_node *written = doc_get(node, "stop_after_declines");
    if (written && lower_int(&reader->lowering, written, 1, 1000000, &stop))
        rule->stop_after_declines = (uint32_t) stop;
}

void rule_read_limits(struct rule_reader *reader, const struct doc_node *node)
{
    read_limits(reader, node);
    if (!reader->rule->after_decline.present)
        reader->rule->after_decline = after_any_decline;
}

void rule_read_budget(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = { "redemptions", "hold", NULL };
    static const char *const keys_later[] = { "spend", "daily_redemptions", "pacing",
                                              "when_exhausted", NULL };
    struct budget *budget = &reader->rule->budget;
    const struct doc_node *most = doc_get(node, "redemptions"), *hold = doc_get(node, "hold");

    if (!grammar_mapping(&reader->grammar, node, keys, keys_later))
        return;
    if (most)
        (void) lower_int(&reader->lowering, most, 1, BUDGET_MOST, &budget->redemptions);
    else
        grammar_fault(&reader->grammar, node, DIAG_MISSING_KEY, STR("redemptions"),
                      (struct str){ 0 });
    if (hold)
        (void) lower_duration(&reader->lowering, hold, &budget->hold_us);
}

static void add_relevance(struct rule_reader *reader, struct str placement,
                          const struct doc_node *share)
{
    struct ruleset_reader *all = reader->all;
    int32_t bp;
    if (lower_percent(&reader->lowering, share, &bp))
        all->relevance[all->n_relevance++] = (struct relevance_floor){ placement, (uint32_t) bp };
}

/* One share for all placements, and others for some. */
static void read_relevance(struct rule_reader *reader, const struct doc_node *usual,
                           const struct doc_node *at)
{
    struct ruleset_reader *all = reader->all;
    uint32_t room = 1 + (at ? at->n_children : 0);
    if (!usual && !at)
        return;
    all->relevance = arena_take_array(all->arena, struct relevance_floor, room);
    if (!all->relevance)
        return; /* the arena is full, and its reader says so */
    if (usual)
        add_relevance(reader, (struct str){ 0 }, usual);
    if (at && at->kind != DOC_MAPPING) {
        grammar_fault(&reader->grammar, at, DIAG_NOT_MAPPING, at->key, (struct str){ 0 });
        return;
    }
    for (const struct doc_node *share = at ? at->first : NULL; share; share = share->next)
        if (grammar_check_id(&reader->grammar, share->key, share->key_place))
            add_relevance(reader, arena_copy(all->arena, share->key), share);
}

static void read_policy_floor(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = { "expected_profit", "relevance", "relevance_at", NULL };
    const struct doc_node *least = doc_get(node, "expected_profit"),
                          *usual = doc_get(node, "relevance"), *at = doc_get(node, "relevance_at");
    if (!grammar_mapping(&reader->grammar, node, keys, NULL))
        return;
    if (least)
        (void) lower_money(&reader->lowering, least, &reader->all->profit_floor_minor);
    read_relevance(reader, usual, at);
    if (!least && !usual && !at)
        grammar_fault(&reader->grammar, node, DIAG_MISSING_KEY, STR("expected_profit"),
                      (struct str){ 0 });
}

void policy_read(struct ruleset_reader *all, const struct doc_file *file,
                 const struct doc_node *node)
{
    static const char *const keys[] = { "per_customer", "floor", "explore", NULL };
    static const char *const truths[] = { "true", "false", NULL };
    int truth;
    struct rule_reader reader = {
        .all = all,
        .grammar = { .arena = all->arena, .diags = all->diags, .file = file },
        .lowering = rule_lowering(all, file),
        .node = node,
    };
    if (!node)
        return;
    if (all->policy_said.file) {
        diag_add(all->diags, file, node->key_place, DIAG_DUPLICATE_NAME, node->key,
                 grammar_place(&reader.grammar, all->policy_said.file, all->policy_said.place),
                 (struct str){ 0 });
        return;
    }
    all->policy_said = (struct head_value){ node->key, file, node->key_place };
    if (!grammar_mapping(&reader.grammar, node, keys, NULL))
        return;
    all->policy = read_caps(&reader, doc_get(node, "per_customer"), &all->n_policy);
    if (doc_get(node, "floor"))
        read_policy_floor(&reader, doc_get(node, "floor"));
    if (grammar_word(&reader.grammar, doc_get(node, "explore"), truths, NULL, &truth))
        all->never_explores = truth == 1;
}
