/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts to numbers: what each attribute is over the whole catalogue (dates, words of a scale), and
 * each product's row of codes in its kind. Most products have the columns of the one before, so
 * places are guessed before they are searched.
 */
#include <math.h>
#include <stdlib.h>

#include "shop/ladder_parts.h"

enum {
    FOLDED_MAX_BYTES = 128,
    PROSE_BYTES = 60,      /* a longer text is no attribute to compare */
    AMOUNTS_PERCENT = 80,  /* of a scale's values that must be amounts of one form */
    MAX_ATTRIBUTES = 4096, /* names in the whole catalogue */
};

static struct str fold(struct str text, char *folded)
{
    return (struct str){ folded, quantity_fold(text, folded, FOLDED_MAX_BYTES) };
}

uint32_t ladder_word(struct ladder_words *words, struct str text)
{
    char folded[FOLDED_MAX_BYTES];
    struct str key = fold(text, folded);
    if (key.len == 0)
        return 0;
    uint32_t known = strmap_get(words->numbers, key);
    if (known != STRMAP_NONE)
        return known;
    struct str kept = arena_copy(words->arena, key);
    uint32_t number = (uint32_t) strmap_count(words->numbers) + 1;
    return kept.at && strmap_put(words->numbers, kept, number) == OK ? number : 0;
}

/* ── attributes, over the whole catalogue ────────────────────────────────────────────────────── */

static void read_value(struct attribute *attribute, struct str text)
{
    char folded[FOLDED_MAX_BYTES];
    attribute->values++;
    if (text.len > PROSE_BYTES) {
        attribute->proses++;
        return;
    }
    bool is_date = quantity_is_date(text);
    attribute->dates += is_date;
    struct str word = { NULL, 0 };
    for (int v = 0; v < VOCABULARIES; v++) {
        if (attribute->misses[v])
            continue;
        if (!word.at)
            word = fold(text, folded);
        int step = is_date ? 0 : vocabulary_step((enum vocabulary) v, word);
        attribute->misses[v] += step == 0;
        attribute->steps[v] |= step ? 1u << step : 0;
    }
}

static bool names_a_last_day(struct str folded)
{
    static const char *const parts[] = { "end", "until", "discontinu", "終了", "廃番" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (str_contains(folded, str_of(parts[i])))
            return true;
    return false;
}

static enum err add_attribute(struct learned *learned, const struct ladder_said *said,
                              struct str name, struct strmap *numbers)
{
    char folded[FOLDED_MAX_BYTES];
    uint32_t n = learned->n_attributes;
    if ((n & (n - 1)) == 0) { /* full: 1, 2, 4 … */
        struct attribute *more =
            realloc(learned->attributes, (n ? 2 * (size_t) n : 1) * sizeof *more);
        if (!more)
            return ERR_NOMEM;
        learned->attributes = more;
    }
    TRY(strmap_put(numbers, name, n));
    struct str plain = fold(name, folded);
    learned->attributes[n] = (struct attribute){
        .name = name,
        .says = attribute_name_says(plain),
        .said = said ? said->better(said->self, name) : LADDER_UNSAID,
        .has_last_day = names_a_last_day(plain),
    };
    learned->n_attributes++;
    return OK;
}

enum err ladder_read_attributes(struct learned *learned, const struct ladder_said *said)
{
    AUTO(strmap_free) struct strmap *numbers = strmap_new(64);
    if (!numbers)
        return ERR_NOMEM;
    for (uint32_t p = 0; p < catalog_count(learned->catalog); p++) {
        const struct product *product = catalog_product(learned->catalog, p);
        for (uint32_t i = 0; i < product->n_attrs; i++) {
            struct str name = product->attrs[i].name;
            uint32_t number = strmap_get(numbers, name);
            if (number == STRMAP_NONE && learned->n_attributes < MAX_ATTRIBUTES) {
                number = learned->n_attributes;
                TRY(add_attribute(learned, said, name, numbers));
            }
            if (number != STRMAP_NONE)
                read_value(&learned->attributes[number], product->attrs[i].text);
        }
    }
    return add_attribute(learned, said, STR(""), numbers);
}

/* ── a product ───────────────────────────────────────────────────────────────────────────────── */

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char) c >= 0x80;
}

/* A word: a run of ASCII letters and digits; other scripts in pairs of characters. Its bytes. */
static size_t word_at(struct str text)
{
    size_t n = 0;
    if ((unsigned char) text.at[0] < 0x80) {
        while (n < text.len && is_word_byte(text.at[n]) && (unsigned char) text.at[n] < 0x80)
            n++;
        return n;
    }
    for (int characters = 0; characters < 2 && n < text.len && (unsigned char) text.at[n] >= 0x80;
         characters++)
        for (n++; n < text.len && ((unsigned char) text.at[n] & 0xc0) == 0x80; n++)
            ;
    return n;
}

static void add_word(struct item *item, uint32_t hash)
{
    uint32_t i = 0;
    while (i < item->n_words && item->words[i] < hash)
        i++;
    if (item->n_words == ITEM_WORDS || (i < item->n_words && item->words[i] == hash))
        return;
    for (uint32_t j = item->n_words; j > i; j--)
        item->words[j] = item->words[j - 1];
    item->words[i] = hash;
    item->n_words++;
    uint64_t bit = UINT64_C(1) << hash % 64;
    item->n_hidden += (item->signature & bit) != 0;
    item->signature |= bit;
}

/* Numbers are left out: they are what steps differ in. */
static void read_name(struct item *item, struct str name)
{
    char folded[FOLDED_MAX_BYTES];
    struct str text = fold(name, folded);
    item->sides |= name_sides(text);
    for (size_t i = 0; i < text.len;) {
        struct str rest = { text.at + i, text.len - i };
        if (!is_word_byte(rest.at[0])) {
            i++;
            continue;
        }
        size_t len = word_at(rest);
        if (rest.at[0] < '0' || rest.at[0] > '9')
            add_word(item, (uint32_t) str_hash((struct str){ rest.at, len }));
        i += len;
    }
}

void ladder_read_item(struct learned *learned, struct ladder_words *words, uint32_t number)
{
    const struct product *product = catalog_product(learned->catalog, number);
    struct item *item = &learned->items[number];
    item->price_minor = product->price_minor;
    item->model = ladder_word(words, product->model);
    item->brand = ladder_word(words, product->brand);
    read_name(item, product->name[LOCALE_EN]);
    if (!str_eq(product->name[LOCALE_JA], product->name[LOCALE_EN])) {
        char folded[FOLDED_MAX_BYTES];
        item->sides |= name_sides(fold(product->name[LOCALE_JA], folded));
    }
}

/* ── a kind ──────────────────────────────────────────────────────────────────────────────────── */

struct votes { /* for the form that most values of a scale have */
    struct quantity form;
    uint32_t votes, amounts, values;
};

static uint32_t find_scale(const struct kind *kind, struct str name, uint32_t guess)
{
    if (guess < kind->n_scales && str_eq(kind->scales[guess].name, name))
        return guess;
    for (uint32_t i = 0; i < kind->n_scales; i++)
        if (str_eq(kind->scales[i].name, name))
            return i;
    return UINT32_MAX;
}

static uint32_t find_attribute(const struct learned *learned, struct str name, uint32_t guess)
{
    uint32_t n = learned->n_attributes;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t number = (guess + i) % n;
        if (str_eq(learned->attributes[number].name, name))
            return number;
    }
    return UINT32_MAX;
}

static bool is_form(const struct quantity *a, const struct quantity *b)
{
    return a->dimension == b->dimension && a->form == b->form;
}

static void vote(struct votes *votes, const struct quantity *quantity)
{
    votes->amounts++;
    if (votes->votes == 0)
        votes->form = *quantity;
    votes->votes += votes->votes == 0 || is_form(&votes->form, quantity) ? 1 : UINT32_MAX;
}

/* The kind's attributes, those of its products that come first first; how their values look. */
static void find_scales(const struct learned *learned, struct kind *kind, struct votes *votes)
{
    for (uint32_t row = 0; row < kind->n; row++) {
        const struct product *product = catalog_product(learned->catalog, kind->kin[row]);
        for (uint32_t i = 0, guess = 0; i < product->n_attrs; i++, guess++) {
            const struct attr *attr = &product->attrs[i];
            uint32_t at = find_scale(kind, attr->name, guess);
            if (at == UINT32_MAX) {
                uint32_t number = find_attribute(learned, attr->name, i);
                if (kind->n_scales == LADDER_MAX_ATTRS || number == UINT32_MAX)
                    continue;
                at = kind->n_scales++;
                kind->scales[at] = (struct scale){ .name = attr->name, .attribute = number };
            }
            guess = at;
            struct quantity quantity;
            votes[at].values++;
            if (quantity_read(attr->name, attr->text, &quantity))
                vote(&votes[at], &quantity);
        }
    }
}

static enum ladder_role role_of(const struct attribute *attribute)
{
    if (attribute->says == NAME_SAYS_NOISE || 2 * attribute->dates > attribute->values ||
        2 * attribute->proses > attribute->values)
        return LADDER_NOISE;
    if (attribute->misses[VOCABULARY_GENDER] == 0 &&
        vocabulary_holds(VOCABULARY_GENDER, attribute->steps[VOCABULARY_GENDER]))
        return LADDER_GENDER;
    return attribute->says == NAME_SAYS_FIT ? LADDER_FIT : LADDER_TASTE;
}

/*
 * The vocabulary that all values of the attribute are words of, in the whole shop; VOCABULARIES:
 * none.
 */
static enum vocabulary vocabulary_of(const struct attribute *attribute, enum ladder_role role)
{
    if (role == LADDER_GENDER)
        return VOCABULARY_GENDER;
    if (role == LADDER_NOISE || attribute->says == NAME_SAYS_TASTE)
        return VOCABULARIES;
    for (int v = 0; v < VOCABULARIES; v++)
        if (v != VOCABULARY_GENDER && attribute->misses[v] == 0 &&
            vocabulary_holds((enum vocabulary) v, attribute->steps[v]))
            return (enum vocabulary) v;
    return VOCABULARIES;
}

struct decoder { /* how a scale's texts become codes */
    enum vocabulary vocabulary;
    struct quantity form;
};

/* What has to fit is an amount only where all are bare ones: "N1" and "N1P" are words. */
static bool are_amounts(const struct votes *votes, enum ladder_role role)
{
    if (role == LADDER_FIT)
        return votes->votes == votes->values && votes->form.form == 0;
    return 100 * (uint64_t) votes->amounts >= AMOUNTS_PERCENT * (uint64_t) votes->values;
}

static struct decoder decoder_of(const struct learned *learned, struct scale *scale,
                                 const struct votes *votes)
{
    const struct attribute *attribute = &learned->attributes[scale->attribute];
    struct decoder decoder = { .form = votes->form };
    scale->role = role_of(attribute);
    decoder.vocabulary = vocabulary_of(attribute, scale->role);
    if (decoder.vocabulary == VOCABULARY_SIZES)
        scale->role = LADDER_FIT;
    scale->dimension = QUANTITY_PLAIN;
    scale->reading = READING_WORD;
    if (decoder.vocabulary != VOCABULARIES) {
        scale->reading = READING_STEP;
    } else if (are_amounts(votes, scale->role)) {
        scale->reading = READING_AMOUNT;
        scale->dimension = votes->form.dimension;
        scale->worded = votes->form.form != 0;
    }
    return decoder;
}

static float code_of(const struct scale *scale, const struct decoder *decoder,
                     struct ladder_words *words, const struct attr *attr)
{
    char folded[FOLDED_MAX_BYTES];
    struct quantity quantity;
    int step;
    uint32_t word;
    switch (scale->reading) {
    case READING_AMOUNT:
        return quantity_read(attr->name, attr->text, &quantity) &&
                       is_form(&quantity, &decoder->form)
                   ? (float) quantity.value
                   : NAN;
    case READING_STEP:
        step = vocabulary_step(decoder->vocabulary, fold(attr->text, folded));
        return step ? (float) step : NAN;
    case READING_WORD: break;
    }
    word = scale->role == LADDER_NOISE ? 0 : ladder_word(words, attr->text);
    return word ? (float) word : NAN;
}

static void read_row(struct learned *learned, struct ladder_words *words, struct kind *kind,
                     const struct decoder *decoders, uint32_t row)
{
    const struct product *product = catalog_product(learned->catalog, kind->kin[row]);
    struct item *item = &learned->items[kind->kin[row]];
    float *codes = kind->codes + (size_t) row * kind->n_scales;
    item->row = row;
    for (uint32_t i = 0; i < kind->n_scales; i++)
        codes[i] = NAN;
    uint64_t family = item->brand;
    for (uint32_t i = 0, guess = 0; i < product->n_attrs; i++, guess++) {
        const struct attr *attr = &product->attrs[i];
        uint32_t at = find_scale(kind, attr->name, guess);
        if (at == UINT32_MAX)
            continue;
        guess = at;
        const struct scale *scale = &kind->scales[at];
        codes[at] = code_of(scale, &decoders[at], words, attr);
        if (scale->role == LADDER_FIT)
            family = family * 31 + str_hash(attr->text) + at;
        if (learned->attributes[scale->attribute].has_last_day && quantity_is_date(attr->text))
            item->leaving = true;
    }
    item->family = (uint32_t) (family ^ family >> 32);
}

enum err ladder_read_kind(struct learned *learned, struct ladder_words *words, struct kind *kind)
{
    struct votes votes[LADDER_MAX_ATTRS] = { 0 };
    struct decoder decoders[LADDER_MAX_ATTRS];
    struct scale scales[LADDER_MAX_ATTRS];
    kind->scales = scales;
    find_scales(learned, kind, votes);
    uint32_t columns = kind->n_scales;
    for (uint32_t i = 0; i < columns; i++)
        decoders[i] = decoder_of(learned, &kind->scales[i], &votes[i]);
    ladder_find_names(learned, kind);
    kind->scales = arena_take_array(learned->arena, struct scale, kind->n_scales + 1);
    kind->codes =
        arena_take_raw(learned->arena, ((size_t) kind->n * kind->n_scales + 1) * sizeof(float));
    if (!kind->scales || !kind->codes)
        return ERR_NOMEM;
    memcpy(kind->scales, scales, kind->n_scales * sizeof *scales);
    for (uint32_t row = 0; row < kind->n; row++)
        read_row(learned, words, kind, decoders, row);
    ladder_read_names(learned, kind, columns);
    return OK;
}
