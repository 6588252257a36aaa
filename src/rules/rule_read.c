/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "rules/rule_reader.h"
#include "rules/words.h"

enum { CONDITIONS_MAX = 64 };

static const char *const rule_keys[] = {
    "id",      "name",      "kind",     "status", "owner",      "tags",
    "trigger", "placement", "audience", "when",   "if_unknown", "schedule",
    "offer",   "limits",    "budget",   "rank",   "message",    NULL,
};
static const char *const rule_keys_later[] = {
    "stacking", "fallback", "on_decline", "experiment", NULL,
};
static const char *const rule_keys_needed[] = {
    "id",        "name",  "kind", "status",  "owner", "trigger",
    "placement", "offer", "rank", "message", NULL,
};
/* enum rule_kind in the table's order; those this version can make offers of come first. */
static const char *const kinds[] = { "upsell",        "cross_sell", "bundle",
                                     "free_shipping", "downsell",   NULL };
static const enum rule_kind kind_of[] = { KIND_UPSELL, KIND_CROSS_SELL, KIND_BUNDLE,
                                          KIND_FREE_SHIPPING, KIND_DOWNSELL };
static const char *const kinds_later[] = {
    "quantity_break", "free_gift",    "coupon",       "service_addon",
    "trade_in",       "subscription", "plan_upgrade", NULL,
};

static struct str rule_name(const struct rule_reader *reader)
{
    return reader->rule->id.at ? reader->rule->id : STR("?");
}

static void check_needed(struct rule_reader *reader)
{
    for (const char *const *key = rule_keys_needed; *key; key++)
        if (!doc_get(reader->node, *key))
            grammar_fault(&reader->grammar, reader->node, DIAG_MISSING_IN_RULE, str_of(*key),
                          rule_name(reader));
}

static void read_kind(struct rule_reader *reader)
{
    int kind;
    const struct doc_node *node = doc_get(reader->node, "kind");
    if (grammar_word(&reader->grammar, node, kinds, kinds_later, &kind))
        reader->rule->kind = kind_of[kind];
    else
        reader->vague = true;
    if (reader->vague && node &&
        words_find(words_kinds(), node->text) >= 0) /* a draft keeps its kind */
        reader->rule->kind = (enum rule_kind) words_find(words_kinds(), node->text);
}

static void read_identity(struct rule_reader *reader)
{
    struct grammar *grammar = &reader->grammar;
    struct rule *rule = reader->rule;
    const struct str *tags;
    uint32_t n_tags;
    int status;

    (void) grammar_id(grammar, doc_get(reader->node, "id"), &rule->id);
    /* Before all else: in a draft much is forgiven. */
    if (grammar_word(grammar, doc_get(reader->node, "status"), words_statuses(), NULL, &status))
        rule->status = (enum rule_status) status;
    else
        rule->status = STATUS_PAUSED;
    grammar->idle = rule->status == STATUS_DRAFT || rule->status == STATUS_ARCHIVED;
    (void) grammar_text(grammar, doc_get(reader->node, "name"), &rule->name);
    (void) grammar_text(grammar, doc_get(reader->node, "owner"), &rule->owner);
    (void) grammar_texts(grammar, doc_get(reader->node, "tags"), false, &tags, &n_tags);
    read_kind(reader);
    (void) grammar_words(grammar, doc_get(reader->node, "trigger"), words_triggers(), NULL,
                         &rule->triggers);
    (void) grammar_texts(grammar, doc_get(reader->node, "placement"), true, &rule->placements,
                         &rule->n_placements);
}

static void read_conditions(struct rule_reader *reader)
{
    struct condition list[CONDITIONS_MAX];
    int n = 0;
    static const struct {
        const char *key;
        bool audience;
    } blocks[] = { { "audience", true }, { "when", false } };

    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        const struct doc_node *node = doc_get(reader->node, blocks[i].key);
        if (!node)
            continue;
        if (node->kind != DOC_MAPPING || !node->first) {
            grammar_fault(&reader->grammar, node, DIAG_NOT_MAPPING, node->key, (struct str){ 0 });
            continue;
        }
        int more = lower_conditions(&reader->lowering, node, blocks[i].audience, list + n,
                                    CONDITIONS_MAX - n);
        n += more > 0 ? more : 0;
    }
    struct condition *kept = arena_take_array(reader->all->arena, struct condition, (size_t) n);
    if (kept && n > 0) {
        memcpy(kept, list, (size_t) n * sizeof *kept);
        reader->rule->conditions = kept;
        reader->rule->n_conditions = (uint32_t) n;
    }
}

static void read_if_unknown(struct rule_reader *reader)
{
    static const char *const words[] = { "skip", "allow", NULL };
    int word;
    if (grammar_word(&reader->grammar, doc_get(reader->node, "if_unknown"), words, NULL, &word))
        reader->rule->unknown_allows = word == 1;
}

static void read_score(struct rule_reader *reader, const struct doc_node *node)
{
    struct rule *rule = reader->rule;
    if (!node)
        return;
    rule->score = lower_cel(&reader->lowering, node, reader->all->scores_cel);
    rule->score_line = node ? node->key_place.line : 0;
    if (rule->score)
        rule->score_text = arena_copy(reader->all->arena, node->text);
}

static void read_rank(struct rule_reader *reader)
{
    static const char *const keys[] = { "priority", "exclusive_group", "by", "score", NULL };
    static const char *const orders[] = { "pick", "profit", NULL };
    const struct doc_node *node = doc_get(reader->node, "rank"), *by = doc_get(node, "by");
    struct rule *rule = reader->rule;
    int64_t priority;
    int order;

    if (!grammar_mapping(&reader->grammar, node, keys, NULL))
        return;
    read_score(reader, doc_get(node, "score"));
    if (grammar_word(&reader->grammar, by, orders, NULL, &order))
        rule->by_profit = order == 1;
    if (by && doc_get(node, "score"))
        diag_add(reader->all->diags, reader->grammar.file, by->key_place, DIAG_NO_MEANING, by->key,
                 STR("score"), (struct str){ 0 });
    const struct doc_node *written = doc_get(node, "priority");
    if (!written)
        grammar_fault(&reader->grammar, node, DIAG_MISSING_IN_RULE, STR("rank.priority"),
                      rule_name(reader));
    else if (lower_int(&reader->lowering, written, 0, 100, &priority))
        rule->priority = (int32_t) priority;

    const struct doc_node *group = doc_get(node, "exclusive_group");
    if (!grammar_id(&reader->grammar, group, &rule->group))
        return;
    uint32_t number = strmap_get(reader->all->group_map, rule->group);
    if (number == STRMAP_NONE)
        diag_add_guess(reader->all->diags, reader->grammar.file, group->place, DIAG_UNKNOWN_GROUP,
                       rule->group, reader->all->group_words);
    else
        rule->group_max = reader->all->groups[number].max;
}

/*
 * Drafts and archived rules serve nobody: their conditions and the shape of the rest are checked.
 */
static void read_idle(struct rule_reader *reader)
{
    static const char *const blocks[] = { "offer", "schedule", "limits", "budget",
                                          "rank",  "message",  NULL };
    reader->lowering.idle = true;
    read_conditions(reader);
    for (const char *const *key = blocks; *key; key++) {
        const struct doc_node *node = doc_get(reader->node, *key);
        if (node && node->kind != DOC_MAPPING)
            grammar_fault(&reader->grammar, node, DIAG_NOT_MAPPING, node->key, (struct str){ 0 });
    }
}

static const struct doc_node *find_named(void *self, struct str name,
                                         const struct doc_file **ret_file)
{
    struct ruleset_reader *all = self;
    uint32_t number = strmap_get(all->condition_map, name);
    if (number == STRMAP_NONE)
        return NULL;
    *ret_file = all->conditions[number].file;
    return all->conditions[number].node;
}

/* Finds or adds; a table that cannot grow gives what no facts know. */
static uint32_t attr_number(void *self, struct str name)
{
    struct ruleset_reader *all = self;
    uint32_t number = strmap_get(all->attr_map, name);
    if (number != STRMAP_NONE)
        return number;
    if (all->n_attrs + 1 >= all->attrs_room) {
        uint32_t room = all->attrs_room ? all->attrs_room * 2 : 32;
        struct str *attrs = arena_take_array(all->arena, struct str, room);
        if (!attrs) {
            all->full = true;
            return 0;
        }
        if (all->n_attrs)
            memcpy(attrs, all->attrs, all->n_attrs * sizeof *attrs);
        all->attrs = attrs;
        all->attrs_room = room;
    }
    struct str kept = arena_copy(all->arena, name);
    if (!kept.at || strmap_put(all->attr_map, kept, all->n_attrs) != OK) {
        all->full = true;
        return 0;
    }
    all->attrs[all->n_attrs] = kept;
    return all->n_attrs++;
}

struct lowering rule_lowering(struct ruleset_reader *all, const struct doc_file *file)
{
    return (struct lowering){ .arena = all->arena,
                              .diags = all->diags,
                              .file = file,
                              .file_name = all->file_name,
                              .decimals = all->decimals,
                              .named = find_named,
                              .named_words = all->condition_words,
                              .self = all,
                              .cel = all->conditions_cel,
                              .attr = attr_number };
}

void rule_read(struct ruleset_reader *all, const struct doc_file *file, const struct doc_node *node,
               struct rule *rule)
{
    struct rule_reader reader = {
        .all = all,
        .grammar = { .arena = all->arena, .diags = all->diags, .file = file },
        .lowering = rule_lowering(all, file),
        .rule = rule,
        .node = node,
    };

    *rule =
        (struct rule){ .kind = KIND_CROSS_SELL, .floor_margin_bp = -1, .group_max = UINT32_MAX };
    rule->schedule = (struct schedule){ .always = true,
                                        .from_us = INT64_MIN,
                                        .until_us = INT64_MAX,
                                        .opens_minute = -1,
                                        .closes_minute = -1,
                                        .zone = all->zone };
    rule->file = all->file_name;
    rule->line = node->place.line;
    if (node->kind != DOC_MAPPING) {
        grammar_fault(&reader.grammar, node, DIAG_NOT_MAPPING, STR("rules"), (struct str){ 0 });
        return;
    }
    read_identity(&reader);
    (void) grammar_mapping(&reader.grammar, node, rule_keys, rule_keys_later);
    check_needed(&reader);
    if (reader.grammar.idle) {
        read_idle(&reader);
        return;
    }
    read_if_unknown(&reader);
    read_conditions(&reader);
    rule_read_schedule(&reader, doc_get(node, "schedule"));
    read_rank(&reader);
    rule_read_offer(&reader, doc_get(node, "offer"));
    rule_read_limits(&reader, doc_get(node, "limits"));
    rule_read_budget(&reader, doc_get(node, "budget"));
    rule_read_message(&reader, doc_get(node, "message"));
}
