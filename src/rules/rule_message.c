/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "rules/message.h"
#include "rules/rule_reader.h"
#include "rules/words.h"

/* Triggers that happen to one item. */
static const uint32_t item_triggers =
    1u << TRIGGER_ADD_TO_CART | 1u << TRIGGER_REMOVE_FROM_CART | 1u << TRIGGER_PRODUCT_VIEW;

enum presence { ALWAYS, SOMETIMES, NEVER };

/* Does a shown offer of this rule know the name of the item just chosen? */
static enum presence trigger_name(const struct rule *rule)
{
    bool needs_item =
        rule->with_trigger_item || rule_swaps(rule) ||
        (rule->pick.present && rule->pick.of == OF_TRIGGER_ITEM &&
         rule->pick.relation != RELATION_SKUS && rule->pick.relation != RELATION_BEST_SELLER &&
         rule->pick.relation != RELATION_VIEWED && rule->pick.relation != RELATION_PERSONAL);
    if (needs_item || !(rule->triggers & ~item_triggers))
        return ALWAYS;
    return rule->triggers & item_triggers ? SOMETIMES : NEVER;
}

static enum presence presence_of(const struct rule *rule, enum placeholder placeholder)
{
    switch (placeholder) {
    case PLACE_PRICE_GAP: return rule->pick.present && rule->kind != KIND_DOWNSELL ? ALWAYS : NEVER;
    case PLACE_PRICE:
    case PLACE_OFFER_NAME:
    case PLACE_OFFER_PRICE: return rule->pick.present ? ALWAYS : NEVER;
    case PLACE_SAVING:
        return rule->discount.present || rule->kind == KIND_DOWNSELL ? ALWAYS : NEVER;
    case PLACE_OFFER_DISCOUNT: return rule->discount.present ? ALWAYS : NEVER;
    case PLACE_TRIGGER_NAME: return trigger_name(rule);
    /* An upsell whose text boasts of a gain is shown only where there is one: see serve/rank.c. */
    case PLACE_OFFER_SPEC_GAIN: return rule->kind == KIND_UPSELL ? ALWAYS : NEVER;
    case PLACE_THRESHOLD_GAP: return rule->kind == KIND_FREE_SHIPPING ? ALWAYS : NEVER;
    case PLACE_CART_TOTAL: return ALWAYS;
    case PLACE_CUSTOMER_FIRST_NAME: return SOMETIMES;
    case PLACEHOLDERS: break;
    }
    return SOMETIMES;
}

/* Where "{name" stands in the scalar. */
static struct doc_place place_of(struct rule_reader *reader, const struct doc_node *node,
                                 struct str name)
{
    for (size_t i = 1; i + name.len <= node->text.len; i++) {
        size_t brace = i;
        while (brace > 0 && node->text.at[brace - 1] == ' ')
            brace--;
        if (brace > 0 && node->text.at[brace - 1] == '{' &&
            str_starts_with((struct str){ node->text.at + i, node->text.len - i }, name))
            return doc_place_in(reader->grammar.file, node, i, name);
    }
    return node->place;
}

/* Those that can have a value in this rule, for a message. */
static struct str usable_placeholders(struct rule_reader *reader)
{
    const char *words[PLACEHOLDERS + 1] = { NULL };
    uint32_t n = 0;
    for (uint32_t p = 0; p < PLACEHOLDERS; p++)
        if (presence_of(reader->rule, (enum placeholder) p) != NEVER)
            words[n++] = message_placeholder_names()[p];
    return diag_words(reader->all->diags, words);
}

static void check_placeholders(struct rule_reader *reader, const struct doc_node *node,
                               const struct message_text *text)
{
    const char *const *names = message_placeholder_names();
    for (uint32_t p = 0; p < PLACEHOLDERS; p++) {
        if (!(text->uses & 1u << p))
            continue;
        enum presence presence = presence_of(reader->rule, (enum placeholder) p);
        struct str name = str_of(names[p]);
        if (presence == NEVER)
            diag_add(reader->all->diags, reader->grammar.file, place_of(reader, node, name),
                     DIAG_PLACEHOLDER_NEVER, name, str_of(words_kinds()[reader->rule->kind]),
                     usable_placeholders(reader));
        else if (presence == SOMETIMES && text->needs & 1u << p)
            diag_add(reader->all->diags, reader->grammar.file, place_of(reader, node, name),
                     DIAG_PLACEHOLDER_UNKNOWN, name, (struct str){ 0 }, (struct str){ 0 });
    }
}

/* The next rule that says @written need not say it again. */
static void remember(struct ruleset_reader *all, struct str written,
                     const struct message_text *text)
{
    if (all->n_sentences == all->sentences_room) {
        uint32_t room = all->sentences_room ? all->sentences_room * 2 : 64;
        void *more = realloc(all->sentences, room * sizeof *all->sentences);
        all->full |= !more;
        if (!more)
            return;
        all->sentences = more;
        all->sentences_room = room;
    }
    all->sentences[all->n_sentences] = text;
    all->full |= strmap_put(all->sentence_map, written, all->n_sentences++) != OK;
}

static const struct message_text *compile(struct rule_reader *reader, const struct doc_node *node)
{
    const struct message_text *text;
    struct str bad = { 0 }, written = arena_copy(reader->all->arena, node->text);
    size_t at = 0;

    enum err err = !written.at
                       ? ERR_LIMIT
                       : message_compile(written, reader->all->arena, &text, &at, &bad, NULL);
    if (err == OK) {
        remember(reader->all, written, text);
        return text;
    }
    if (err != ERR_INPUT) {
        reader->all->full = true;
        return NULL;
    }
    struct str part = bad.len ? bad : (struct str){ node->text.at + at, node->text.len > at };
    struct doc_place place = doc_place_in(reader->grammar.file, node, at, part);
    if (bad.at)
        diag_add_guess(reader->all->diags, reader->grammar.file, place, DIAG_UNKNOWN_PLACEHOLDER,
                       bad, message_placeholder_names());
    else
        diag_add(reader->all->diags, reader->grammar.file, place, DIAG_BRACE, (struct str){ 0 },
                 (struct str){ 0 }, (struct str){ 0 });
    return NULL;
}

static const struct message_text *read_sentence(struct rule_reader *reader,
                                                const struct doc_node *node)
{
    struct ruleset_reader *all = reader->all;
    if (!grammar_is_text(&reader->grammar, node))
        return NULL;
    uint32_t known = strmap_get(all->sentence_map, node->text);
    const struct message_text *text =
        known == STRMAP_NONE ? compile(reader, node) : all->sentences[known];
    if (text && !reader->vague)
        check_placeholders(reader, node, text);
    return text;
}

static void read_locale(struct rule_reader *reader, const struct doc_node *node, enum locale locale)
{
    static const char *const keys[] = { "title", "body", "cta", "decline", "badge", NULL };
    static const enum text_part part_of[] = { TEXT_TITLE, TEXT_BODY, TEXT_CTA, TEXT_DECLINE,
                                              TEXT_BADGE };

    if (!grammar_mapping(&reader->grammar, node, keys, NULL))
        return;
    for (size_t i = 0; keys[i]; i++) {
        const struct doc_node *text = doc_get(node, keys[i]);
        bool needed = part_of[i] != TEXT_BODY && part_of[i] != TEXT_BADGE;
        if (text)
            reader->rule->texts[locale][part_of[i]] = read_sentence(reader, text);
        else if (part_of[i] == TEXT_DECLINE)
            grammar_fault(&reader->grammar, node, DIAG_MISSING_DECLINE, node->key,
                          (struct str){ 0 });
        else if (needed)
            grammar_fault(&reader->grammar, node, DIAG_MISSING_TEXT, str_of(keys[i]), node->key);
    }
}

static void read_locales(struct rule_reader *reader, const struct doc_node *node)
{
    for (int locale = 0; locale < LOCALES; locale++) {
        struct str name = str_of(locale_name((enum locale) locale));
        const struct doc_node *texts = doc_get(node, locale_name((enum locale) locale));
        bool declared = reader->all->locales & 1u << locale;
        if (texts && !declared && reader->all->locales)
            diag_add(reader->all->diags, reader->grammar.file, texts->key_place,
                     DIAG_LOCALE_NOT_DECLARED, name, (struct str){ 0 }, (struct str){ 0 });
        else if (texts)
            read_locale(reader, texts, (enum locale) locale);
        else if (declared)
            diag_add(reader->all->diags, reader->grammar.file, node->key_place, DIAG_MISSING_LOCALE,
                     name, reader->rule->id, (struct str){ 0 });
    }
}

static void read_rating(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = { "min_stars", "min_reviews", NULL };
    const struct doc_node *stars = doc_get(node, "min_stars"),
                          *reviews = doc_get(node, "min_reviews");
    struct rule *rule = reader->rule;

    if (!grammar_mapping(&reader->grammar, node, keys, NULL))
        return;
    if (!stars)
        grammar_fault(&reader->grammar, node, DIAG_MISSING_KEY, STR("min_stars"),
                      (struct str){ 0 });
    else if (lower_number(&reader->lowering, stars, &rule->evidence_min_stars) &&
             !(rule->evidence_min_stars > 0 && rule->evidence_min_stars <= 5))
        diag_add(reader->all->diags, reader->grammar.file, stars->place, DIAG_NUMBER_RANGE,
                 STR("min_stars"), STR("0.1"), STR("5"));
    if (!reviews)
        grammar_fault(&reader->grammar, node, DIAG_MISSING_KEY, STR("min_reviews"),
                      (struct str){ 0 });
    else
        (void) lower_int(&reader->lowering, reviews, 0, 1000000000, &rule->evidence_min_reviews);
}

static void read_evidence(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = { "rating", NULL };
    static const char *const keys_later[] = { "testimonial", "sponsored", "stat", "as_of_within",
                                              NULL };
    bool rated = false;

    if (!node || !grammar_list(&reader->grammar, node))
        return;
    for (const struct doc_node *item = node->first; item; item = item->next) {
        if (!grammar_mapping(&reader->grammar, item, keys, keys_later))
            continue;
        const struct doc_node *rating = doc_get(item, "rating");
        if (rating && rated)
            grammar_fault(&reader->grammar, rating, DIAG_DUPLICATE_VALUE, STR("rating"),
                          (struct str){ 0 });
        else if (rating)
            read_rating(reader, rating);
        rated |= rating != NULL;
    }
}

void rule_read_message(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = { "ja", "en", "reasons", "evidence", NULL };
    static const char *const keys_later[] = { "disclose", NULL };
    static const char *const reasons_later[] = { "quota_near", "loyalty_reward", "price_drop",
                                                 "retention", NULL };

    if (!grammar_mapping(&reader->grammar, node, keys, keys_later))
        return;
    read_locales(reader, node);
    (void) grammar_words(&reader->grammar, doc_get(node, "reasons"), words_reasons(), reasons_later,
                         &reader->rule->reasons);
    read_evidence(reader, doc_get(node, "evidence"));
}
