/* SPDX-License-Identifier: Apache-2.0 */
#include "model/content_features.h"

#include <math.h>

enum { WORD_MAX = 32, PRICE_STEPS = 2 }; /* of a factor of e: 0.5 in the logarithm */

/* What a feature tells, before how rare it is. */
static const float CATEGORY = 1.0F, SUBCATEGORY = 2.0F, BRAND = 1.2F, MODEL = 2.0F, TAG = 1.0F,
                   ATTRIBUTE = 0.7F, WORD = 1.0F, PAIR = 0.5F, PRICE = 0.2F;

struct list {
    struct feature *features;
    uint32_t n;
};

static void add(struct list *list, char what, struct str name, struct str text, float weight)
{
    if (list->n == FEATURES_MAX || text.len == 0)
        return;
    uint64_t hash = str_hash(text) ^ (uint64_t) (unsigned char) what * UINT64_C(0x9E3779B97F4A7C15);
    if (name.len > 0)
        hash += str_hash(name) * UINT64_C(0xC2B2AE3D27D4EB4F);
    list->features[list->n++] = (struct feature){ hash, weight };
}

static bool is_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static size_t rune_bytes(unsigned char first)
{
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* One run of letters and digits, without regard to case. */
static size_t add_word(struct list *list, struct str text, size_t at)
{
    char word[WORD_MAX];
    size_t n = 0;
    for (; at < text.len && is_letter((unsigned char) text.at[at]); at++)
        if (n < WORD_MAX)
            word[n++] =
                (char) (text.at[at] | (text.at[at] >= 'A' && text.at[at] <= 'Z' ? 0x20 : 0));
    add(list, 'w', (struct str){ 0 }, (struct str){ word, n }, WORD);
    return at;
}

/* Words of a name; of scripts without spaces each pair of neighbouring characters. */
static void add_words(struct list *list, struct str text)
{
    size_t before = 0; /* bytes of the character before, of the same run */
    for (size_t at = 0; at < text.len;) {
        unsigned char c = (unsigned char) text.at[at];
        if (c < 0x80) {
            before = 0;
            at = is_letter(c) ? add_word(list, text, at) : at + 1;
            continue;
        }
        size_t bytes = rune_bytes(c);
        if (at + bytes > text.len)
            return;
        if (before > 0)
            add(list, 'p', (struct str){ 0 }, (struct str){ text.at + at - before, before + bytes },
                PAIR);
        before = bytes;
        at += bytes;
    }
}

/* The price's step and its neighbours', so that two prices close to each other always share one. */
static void add_price(struct list *list, int64_t price_minor)
{
    if (price_minor <= 0)
        return;
    int32_t step = (int32_t) floor(log((double) price_minor) * PRICE_STEPS);
    for (int32_t i = step; i <= step + 1; i++)
        add(list, '$', (struct str){ 0 }, (struct str){ (const char *) &i, sizeof i }, PRICE);
}

uint32_t content_features(const struct product *product, struct feature *ret_features)
{
    const struct str none = { 0 };
    struct list list = { ret_features, 0 };
    add(&list, 'c', none, product->category, CATEGORY);
    add(&list, 's', product->category, product->subcategory, SUBCATEGORY);
    add(&list, 'b', none, product->brand, BRAND);
    add(&list, 'm', none, product->model, MODEL);
    add_price(&list, product->price_minor);
    for (uint32_t i = 0; i < product->n_tags; i++)
        add(&list, 't', none, product->tags[i], TAG);
    for (uint32_t i = 0; i < product->n_attrs; i++)
        add(&list, 'a', product->attrs[i].name, product->attrs[i].text, ATTRIBUTE);
    add_words(&list, product->name[LOCALE_EN]);
    if (!str_eq(product->name[LOCALE_EN], product->name[LOCALE_JA]))
        add_words(&list, product->name[LOCALE_JA]);
    return list.n;
}
