/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What files share: the head they must agree on, and the names they give to conditions, groups and
 * attributes for the rules of every file.
 */
#include "rules/lowering_parts.h"
#include "rules/rule_reader.h"
#include "rules/words.h"
#include "shop/money.h"

static struct grammar grammar_of(struct ruleset_reader *all, const struct doc_file *file)
{
    return (struct grammar){ .arena = all->arena, .diags = all->diags, .file = file };
}

/* True when this file is the first to say it; else it must say the same. */
static bool is_first(struct ruleset_reader *all, struct grammar *grammar, struct head_value *value,
                     const struct doc_node *node, struct str text)
{
    if (!value->file) {
        *value = (struct head_value){ text, grammar->file, node->place };
        return true;
    }
    if (!str_eq(value->text, text)) {
        struct out there;
        out_init(&there, all->diags->arena, 64);
        out_text(&there, value->text);
        out_text(&there, STR(", "));
        out_text(&there, grammar_place(grammar, value->file, value->place));
        diag_add(all->diags, grammar->file, node->place, DIAG_HEADER_DIFFERS, node->key, text,
                 out_str(&there));
    }
    return false;
}

static void read_currency(struct ruleset_reader *all, struct grammar *grammar,
                          const struct doc_node *node)
{
    struct str currency;
    if (!grammar_text(grammar, node, &currency) ||
        !is_first(all, grammar, &all->currency, node, currency))
        return;
    int decimals = money_decimals(currency);
    if (decimals < 0)
        grammar_fault(grammar, node, DIAG_BAD_CURRENCY, currency, (struct str){ 0 });
    all->decimals = decimals < 0 ? 0 : decimals;
}

static void read_timezone(struct ruleset_reader *all, struct grammar *grammar,
                          const struct doc_node *node)
{
    struct str name;
    if (grammar_text(grammar, node, &name) && is_first(all, grammar, &all->zone_name, node, name))
        all->zone = rule_zone(all, grammar, node);
}

static void read_locales(struct ruleset_reader *all, struct grammar *grammar,
                         const struct doc_node *node)
{
    const char *words[LOCALES + 1] = { NULL };
    struct out text;
    uint32_t bits;

    for (int locale = 0; locale < LOCALES; locale++)
        words[locale] = locale_name((enum locale) locale);
    if (!node || !grammar_words(grammar, node, words, NULL, &bits))
        return;
    out_init(&text, all->arena, 16);
    for (int locale = 0; locale < LOCALES; locale++)
        if (bits & 1u << locale)
            out_printf(&text, "%s%s", text.len ? " " : "", words[locale]);
    if (is_first(all, grammar, &all->locales_text, node, out_str(&text)))
        all->locales = bits;
}

void shared_read_head(struct ruleset_reader *all, const struct doc_file *file)
{
    static const char *const keys[] = { "version", "currency",   "timezone",   "locales", "rules",
                                        "groups",  "conditions", "attributes", "policy",  NULL };
    static const char *const needed[] = { "version", "currency", "timezone", "locales", NULL };
    struct grammar grammar = grammar_of(all, file);
    const struct doc_node *root = file->root, *version;

    if (root->kind != DOC_MAPPING) {
        grammar_fault(&grammar, root, DIAG_ROOT_NOT_MAPPING, (struct str){ 0 }, (struct str){ 0 });
        return;
    }
    (void) grammar_mapping(&grammar, root, keys, NULL);
    for (const char *const *key = needed; doc_get(root, "rules") && *key; key++)
        if (!doc_get(root, *key))
            grammar_fault(&grammar, root, DIAG_MISSING_KEY, str_of(*key), (struct str){ 0 });

    version = doc_get(root, "version");
    if (version && !(version->kind == DOC_SCALAR && str_is(version->text, "1")))
        grammar_fault(&grammar, version, DIAG_BAD_VERSION,
                      version->kind == DOC_SCALAR ? version->text : str_of(doc_kind_name(version)),
                      (struct str){ 0 });
    read_currency(all, &grammar, doc_get(root, "currency"));
    read_timezone(all, &grammar, doc_get(root, "timezone"));
    read_locales(all, &grammar, doc_get(root, "locales"));
}

static void twice(struct ruleset_reader *all, struct grammar *grammar, const struct doc_node *node,
                  const struct doc_file *file, struct doc_place place)
{
    diag_add(all->diags, grammar->file, node->key_place, DIAG_DUPLICATE_NAME, node->key,
             grammar_place(grammar, file, place), (struct str){ 0 });
}

/* The same name again is a fault; else it gets the number @n. */
static bool take_name(struct ruleset_reader *all, struct strmap *map, struct str name, uint32_t n)
{
    struct str kept = arena_copy(all->arena, name);
    bool good = kept.at && strmap_put(map, kept, n) == OK;
    all->full |= !good;
    return good;
}

static void read_condition(struct ruleset_reader *all, struct grammar *grammar,
                           const struct doc_node *node)
{
    uint32_t known = strmap_get(all->condition_map, node->key);
    if (!grammar_check_id(grammar, node->key, node->key_place))
        return;
    if (known != STRMAP_NONE)
        twice(all, grammar, node, all->conditions[known].file, all->conditions[known].place);
    else if (take_name(all, all->condition_map, node->key, all->n_conditions)) {
        all->condition_words[all->n_conditions] = arena_copy(all->arena, node->key).at;
        all->conditions[all->n_conditions++] =
            (struct named_condition){ node->key, node, grammar->file, node->key_place };
    }
}

static void read_group(struct ruleset_reader *all, struct grammar *grammar,
                       const struct doc_node *node)
{
    static const char *const keys[] = { "max", "choose", NULL };
    static const char *const choices[] = { "priority", NULL };
    static const char *const choices_later[] = { "best_score", NULL };
    uint32_t known = strmap_get(all->group_map, node->key);
    struct lowering lowering = rule_lowering(all, grammar->file);
    int64_t max = 1;
    int choice;

    if (!grammar_check_id(grammar, node->key, node->key_place) ||
        !grammar_mapping(grammar, node, keys, NULL))
        return;
    if (!doc_get(node, "max"))
        grammar_fault(grammar, node, DIAG_MISSING_KEY, STR("max"), (struct str){ 0 });
    else
        (void) lower_int(&lowering, doc_get(node, "max"), 1, 1000, &max);
    (void) grammar_word(grammar, doc_get(node, "choose"), choices, choices_later, &choice);
    if (known != STRMAP_NONE)
        twice(all, grammar, node, all->groups[known].file, all->groups[known].place);
    else if (take_name(all, all->group_map, node->key, all->n_groups)) {
        all->group_words[all->n_groups] = arena_copy(all->arena, node->key).at;
        all->groups[all->n_groups++] =
            (struct group){ node->key, (uint32_t) max, grammar->file, node->key_place };
    }
}

/* "MP" for every language, or one each: {ja: …, en: …}. */
static void read_unit(struct grammar *grammar, const struct doc_node *node,
                      struct attr_label *label)
{
    static const char *const keys[] = { "ja", "en", NULL };
    struct str unit;
    if (!node)
        return;
    if (node->kind == DOC_SCALAR) {
        if (grammar_text(grammar, node, &unit))
            for (int locale = 0; locale < LOCALES; locale++)
                label->unit[locale] = unit;
        return;
    }
    if (grammar_mapping(grammar, node, keys, NULL))
        for (int locale = 0; locale < LOCALES; locale++)
            (void) grammar_text(grammar, doc_get(node, locale_name((enum locale) locale)),
                                &label->unit[locale]);
}

static void read_attribute(struct ruleset_reader *all, struct grammar *grammar,
                           const struct doc_node *node)
{
    static const char *const keys[] = { "ja", "en", "unit", "better", NULL };
    static const char *const betters[] = { "less", "more", NULL };
    struct attr_label label = { .name = arena_copy(all->arena, node->key) };
    int better;

    if (!grammar_mapping(grammar, node, keys, NULL))
        return;
    for (int locale = 0; locale < LOCALES; locale++) {
        const char *name = locale_name((enum locale) locale);
        const struct doc_node *text = doc_get(node, name);
        if (!grammar_text(grammar, text, &label.label[locale]))
            label.label[locale] = label.name;
        if (!text && all->locales & 1u << locale)
            grammar_fault(grammar, node, DIAG_MISSING_KEY, str_of(name), (struct str){ 0 });
    }
    read_unit(grammar, doc_get(node, "unit"), &label);
    if (grammar_word(grammar, doc_get(node, "better"), betters, NULL, &better))
        label.better = better ? 1 : -1;

    if (strmap_get(all->label_map, node->key) != STRMAP_NONE)
        diag_add(all->diags, grammar->file, node->key_place, DIAG_DUPLICATE_NAME, node->key,
                 STR("attributes"), (struct str){ 0 });
    else if (take_name(all, all->label_map, label.name, all->n_labels))
        all->labels[all->n_labels++] = label;
}

void shared_read_names(struct ruleset_reader *all, const struct doc_file *file)
{
    static const struct {
        const char *key;
        void (*read)(struct ruleset_reader *all, struct grammar *grammar,
                     const struct doc_node *node);
    } sections[] = { { "conditions", read_condition },
                     { "groups", read_group },
                     { "attributes", read_attribute } };
    struct grammar grammar = grammar_of(all, file);

    policy_read(all, file, doc_get(file->root, "policy"));
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        const struct doc_node *section = doc_get(file->root, sections[i].key);
        if (!section)
            continue;
        if (section->kind != DOC_MAPPING) {
            grammar_fault(&grammar, section, DIAG_NOT_MAPPING, section->key, (struct str){ 0 });
            continue;
        }
        for (const struct doc_node *node = section->first; node; node = node->next)
            sections[i].read(all, &grammar, node);
    }
}
