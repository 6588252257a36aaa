/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All files together: the heads, then the names that any file may use, then the rules. Nothing
 * stops at the first fault; a ruleset comes out only when there was none.
 */
#include <stdlib.h>

#include "rules/lowering_parts.h"
#include "rules/receipt_words.h"
#include "rules/rule_reader.h"
#include "rules/ruleset_parts.h"

static void reader_deinit(struct ruleset_reader *all)
{
    if (all->zones)
        all->zones->reader = NULL;
    strmap_free(all->group_map);
    strmap_free(all->condition_map);
    strmap_free(all->label_map);
    strmap_free(all->attr_map);
    strmap_free(all->rule_map);
    strmap_free(all->sentence_map);
    free(all->sentences);
    ruleset_unref(all->ruleset);
}

/* How many members the sections called @key have in all files. */
static uint32_t count_members(const struct doc_file *files, uint32_t n_files, const char *key)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_files; i++) {
        const struct doc_node *section = doc_get(files[i].root, key);
        n += section ? section->n_children : 0;
    }
    return n;
}

static enum err reader_init(struct ruleset_reader *all, const struct doc_file *files,
                            uint32_t n_files)
{
    uint32_t groups = count_members(files, n_files, "groups");
    uint32_t conditions = count_members(files, n_files, "conditions");
    uint32_t labels = count_members(files, n_files, "attributes");
    uint32_t rules = count_members(files, n_files, "rules");

    all->ruleset = ruleset_new();
    all->group_map = strmap_new(groups);
    all->condition_map = strmap_new(conditions);
    all->label_map = strmap_new(labels);
    all->attr_map = strmap_new(16);
    all->rule_map = strmap_new(rules);
    all->sentence_map = strmap_new(rules);
    if (!all->ruleset || !all->group_map || !all->condition_map || !all->label_map ||
        !all->attr_map || !all->rule_map || !all->sentence_map)
        return ERR_NOMEM;

    all->arena = all->ruleset->arena;
    all->groups = arena_take_array(all->arena, struct group, groups);
    all->group_words = arena_take_array(all->arena, const char *, groups + 1);
    all->conditions = arena_take_array(all->arena, struct named_condition, conditions);
    all->condition_words = arena_take_array(all->arena, const char *, conditions + 1);
    all->labels = arena_take_array(all->arena, struct attr_label, labels);
    all->attrs_room = 32;
    all->attrs = arena_take_array(all->arena, struct str, all->attrs_room);
    all->rules = arena_take_raw(all->arena, rules * sizeof *all->rules); /* each is set when read */
    all->rule_ids = arena_take_raw(all->arena, rules * sizeof *all->rule_ids);
    all->ruleset->version = arena_copy(all->arena, all->settings->version);
    all->zones = arena_take(all->arena, sizeof *all->zones);
    if (!all->zones)
        return ERR_LIMIT;
    all->zones->reader = all;
    all->conditions_cel = facts_cel_of_conditions(all->arena, rule_zones(all));
    all->scores_cel = facts_cel_of_scores(all->arena, rule_zones(all));
    bool room = all->conditions_cel && all->scores_cel && all->groups && all->group_words &&
                all->conditions && all->condition_words && all->labels && all->attrs &&
                all->rules && all->rule_ids && all->ruleset->version.at;
    return room ? OK : ERR_LIMIT;
}

/* Also those that no rule uses: they were written to be used. */
static void check_conditions(struct ruleset_reader *all)
{
    for (uint32_t i = 0; i < all->n_conditions; i++) {
        struct lowering lowering = rule_lowering(all, all->conditions[i].file);
        struct block block = { .n = 0 };
        (void) lower_block(&lowering, all->conditions[i].node, ANYWHERE, &block);
    }
}

static void take_id(struct ruleset_reader *all, const struct doc_file *file,
                    const struct doc_node *node)
{
    const struct doc_node *id = doc_get(node, "id");
    struct rule *rule = &all->rules[all->n_rules];
    struct grammar grammar = { .arena = all->arena, .diags = all->diags, .file = file };

    all->rule_ids[all->n_rules] =
        (struct head_value){ rule->id, file, id ? id->place : node->place };
    if (!rule->id.at)
        return;
    uint32_t first = strmap_get(all->rule_map, rule->id);
    if (first != STRMAP_NONE) {
        const struct head_value *other = &all->rule_ids[first];
        diag_add(all->diags, file, id->place, DIAG_DUPLICATE_ID, rule->id,
                 grammar_place(&grammar, other->file, other->place), (struct str){ 0 });
        return;
    }
    all->full |= strmap_put(all->rule_map, rule->id, all->n_rules) != OK;
}

static void read_rules(struct ruleset_reader *all, const struct doc_file *file)
{
    const struct doc_node *list = doc_get(file->root, "rules");
    struct grammar grammar = { .arena = all->arena, .diags = all->diags, .file = file };
    if (!grammar_list(&grammar, list))
        return;
    all->file_name = arena_copy(all->arena, file->name);
    for (const struct doc_node *node = list->first; node; node = node->next) {
        rule_read(all, file, node, &all->rules[all->n_rules]);
        take_id(all, file, node);
        all->n_rules++;
    }
}

/* Does the file hold nothing that the rules of other files look up in its tree? */
static bool is_rules_alone(const struct doc_file *file)
{
    static const char *const shared[] = { "conditions", "groups", "attributes" };
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (doc_get(file->root, shared[i]))
            return false;
    return true;
}

static void read_files(struct ruleset_reader *all, const struct doc_file *files, uint32_t n_files)
{
    for (uint32_t i = 0; i < n_files; i++)
        if (files[i].root)
            shared_read_head(all, &files[i]);
    for (uint32_t i = 0; i < n_files; i++)
        if (files[i].root)
            shared_read_names(all, &files[i]);
    check_conditions(all);
    for (uint32_t i = 0; i < n_files; i++) {
        if (!files[i].root)
            continue;
        read_rules(all, &files[i]);
        if (all->settings->done && is_rules_alone(&files[i]))
            all->settings->done(all->settings->self, i);
    }
}

/* What was read becomes the ruleset's. */
static enum err finish(struct ruleset_reader *all)
{
    struct ruleset *ruleset = all->ruleset;

    ruleset->currency = all->currency.text;
    ruleset->zone = all->zone;
    ruleset->rules = all->rules;
    ruleset->n_rules = all->n_rules;
    ruleset->policy = all->policy;
    ruleset->n_policy = all->n_policy;
    ruleset->profit_floor_minor = all->profit_floor_minor;
    ruleset->relevance = all->relevance;
    ruleset->n_relevance = all->n_relevance;
    ruleset->never_explores = all->never_explores;
    ruleset->attrs = all->attrs;
    ruleset->labels = all->labels;
    ruleset->has_labels = all->n_labels > 0;
    ruleset->by_label = MOVE(all->label_map);
    TRY(receipt_words_prepare(all->rules, all->n_rules, all->decimals, all->attrs, all->arena));
    return ruleset_index(ruleset);
}

enum err ruleset_read(const struct doc_file *files, uint32_t n_files,
                      const struct ruleset_settings *settings, struct diags *diags,
                      struct ruleset **ret_ruleset)
{
    struct ruleset_reader all = { .diags = diags, .settings = settings };
    uint32_t errors = diags->errors;

    enum err err = reader_init(&all, files, n_files);
    if (err == OK)
        read_files(&all, files, n_files);
    if (err == OK && all.full)
        err = ERR_LIMIT;
    if (err == OK && diags->errors > errors)
        err = ERR_INPUT;
    if (err == OK)
        err = finish(&all);
    if (err == OK)
        *ret_ruleset = MOVE(all.ruleset);
    reader_deinit(&all);
    return err;
}
