/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/grammar.h"

#include "base/strmap.h"
#include "rules/words.h"

enum { ID_MIN = 3, ID_MAX = 64, FEW = 16 };

/* How a message calls a node: by its key, else by what it says. */
static struct str name_of(const struct doc_node *node)
{
    return node->key.len ? node->key : node->text.len ? node->text : STR("-");
}

void grammar_fault(struct grammar *grammar, const struct doc_node *node, enum diag_code code,
                   struct str arg0, struct str arg1)
{
    diag_add(grammar->diags, grammar->file, node->place, code, arg0, arg1, (struct str){ 0 });
}

static void not_supported(struct grammar *grammar, struct doc_place place, struct str what)
{
    diag_add(grammar->diags, grammar->file, place,
             grammar->idle ? DIAG_NOT_SUPPORTED_DRAFT : DIAG_NOT_SUPPORTED, what, (struct str){ 0 },
             (struct str){ 0 });
}

/* The wrong word, those that may stand there, and as a guess the closest of both tables. */
static void guess(struct grammar *grammar, struct doc_place place, enum diag_code code,
                  struct str wrong, const char *const *known, const char *const *later)
{
    struct diags *diags = grammar->diags;
    uint32_t before = diags->count;
    diag_add_guess(diags, grammar->file, place, code, wrong, known);
    struct str guess = later ? diag_closest(wrong, later) : (struct str){ 0 };
    if (diags->count > before && !diags->list[before].guess.at && guess.at)
        diags->list[before].guess = arena_copy(diags->arena, guess);
}

bool grammar_mapping(struct grammar *grammar, const struct doc_node *node, const char *const *known,
                     const char *const *later)
{
    if (!node)
        return false;
    if (node->kind != DOC_MAPPING) {
        grammar_fault(grammar, node, DIAG_NOT_MAPPING, name_of(node), (struct str){ 0 });
        return false;
    }
    for (const struct doc_node *member = node->first; member; member = member->next) {
        if (words_find(known, member->key) >= 0)
            continue;
        if (later && words_find(later, member->key) >= 0)
            not_supported(grammar, member->key_place, member->key);
        else
            guess(grammar, member->key_place, DIAG_UNKNOWN_KEY, member->key, known, later);
    }
    return true;
}

bool grammar_list(struct grammar *grammar, const struct doc_node *node)
{
    if (!node)
        return false;
    if (node->kind != DOC_SEQUENCE)
        grammar_fault(grammar, node, DIAG_NOT_LIST, name_of(node), (struct str){ 0 });
    else if (!node->first)
        grammar_fault(grammar, node, DIAG_EMPTY_LIST, name_of(node), (struct str){ 0 });
    return node->kind == DOC_SEQUENCE && node->first;
}

/* Nothing, or what YAML calls nothing. */
static bool is_null(const struct doc_node *node)
{
    return node->text.len == 0 ||
           (!node->quoted && (str_is(node->text, "~") || str_is(node->text, "null")));
}

bool grammar_is_text(struct grammar *grammar, const struct doc_node *node)
{
    if (!node)
        return false;
    if (node->kind != DOC_SCALAR)
        grammar_fault(grammar, node, DIAG_NOT_TEXT, name_of(node), (struct str){ 0 });
    else if (is_null(node))
        grammar_fault(grammar, node, DIAG_EMPTY_VALUE, name_of(node), (struct str){ 0 });
    return node->kind == DOC_SCALAR && !is_null(node);
}

bool grammar_text(struct grammar *grammar, const struct doc_node *node, struct str *ret_text)
{
    if (!grammar_is_text(grammar, node))
        return false;
    *ret_text = arena_copy(grammar->arena, node->text);
    return ret_text->at != NULL;
}

bool grammar_word(struct grammar *grammar, const struct doc_node *node, const char *const *words,
                  const char *const *later, int *ret_word)
{
    if (!grammar_is_text(grammar, node))
        return false;
    int word = words_find(words, node->text);
    if (word >= 0)
        *ret_word = word;
    else if (later && words_find(later, node->text) >= 0)
        not_supported(grammar, node->place, node->text);
    else
        guess(grammar, node->place, DIAG_UNKNOWN_WORD, node->text, words, later);
    return word >= 0;
}

bool grammar_words(struct grammar *grammar, const struct doc_node *node, const char *const *words,
                   const char *const *later, uint32_t *ret_bits)
{
    uint32_t bits = 0;
    bool good = grammar_list(grammar, node);
    if (!good)
        return false;
    for (const struct doc_node *item = node->first; item; item = item->next) {
        int word;
        if (!grammar_word(grammar, item, words, later, &word)) {
            good = false;
        } else if (bits & 1u << word) {
            grammar_fault(grammar, item, DIAG_DUPLICATE_VALUE, item->text, (struct str){ 0 });
            good = false;
        } else {
            bits |= 1u << word;
        }
    }
    *ret_bits = bits;
    return good;
}

bool grammar_check_id(struct grammar *grammar, struct str id, struct doc_place place)
{
    bool good = id.len >= ID_MIN && id.len <= ID_MAX && id.at[0] != '-';
    for (size_t i = 0; good && i < id.len; i++)
        good = (id.at[i] >= 'a' && id.at[i] <= 'z') || (id.at[i] >= '0' && id.at[i] <= '9') ||
               id.at[i] == '-';
    if (!good)
        diag_add(grammar->diags, grammar->file, place, DIAG_BAD_ID, id, (struct str){ 0 },
                 (struct str){ 0 });
    return good;
}

bool grammar_id(struct grammar *grammar, const struct doc_node *node, struct str *ret_id)
{
    return grammar_is_text(grammar, node) && grammar_check_id(grammar, node->text, node->place) &&
           grammar_text(grammar, node, ret_id);
}

/* Is @text among the first @n of @texts? @seen, made when there are many, knows them all. */
static bool is_twice(struct strmap *seen, const struct str *texts, uint32_t n, struct str text)
{
    if (seen)
        return strmap_get(seen, text) != STRMAP_NONE;
    for (uint32_t i = 0; i < n; i++)
        if (str_eq(texts[i], text))
            return true;
    return false;
}

bool grammar_texts(struct grammar *grammar, const struct doc_node *node, bool ids,
                   const struct str **ret_texts, uint32_t *ret_n)
{
    bool good = grammar_list(grammar, node);
    if (!good)
        return false;
    struct str *texts = arena_take_array(grammar->arena, struct str, node->n_children);
    AUTO(strmap_free)
    struct strmap *seen = node->n_children > FEW ? strmap_new(node->n_children) : NULL;
    uint32_t n = 0;
    for (const struct doc_node *item = node->first; item && texts; item = item->next) {
        struct str text;
        if (!(ids ? grammar_id(grammar, item, &text) : grammar_text(grammar, item, &text))) {
            good = false;
        } else if (is_twice(seen, texts, n, text)) {
            grammar_fault(grammar, item, DIAG_DUPLICATE_VALUE, text, (struct str){ 0 });
            good = false;
        } else {
            texts[n++] = text;
            good &= !seen || strmap_put(seen, text, n) == OK;
        }
    }
    *ret_texts = texts;
    *ret_n = n;
    return good && texts;
}

struct str grammar_place(struct grammar *grammar, const struct doc_file *file,
                         struct doc_place place)
{
    struct out out;
    out_init(&out, grammar->diags->arena, 64);
    out_text(&out, file->name);
    out_printf(&out, ":%u", place.line);
    return out_str(&out);
}
