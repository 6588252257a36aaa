/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What matters in a kind, learned from its prices. Products of one model at one price are one
 * design: its sizes and colours are not evidence of their own. An amount whose mean over a design
 * rises with the price of designs (Kendall's tau-b), and varies between designs rather than within
 * them, is a matter of quality; so are words whose designs are separated by price more cleanly than
 * chance would (one in twenty). What is known of a unit or a name needs no proof, but is dropped
 * where the prices say the opposite: phones get heavier as they get dearer.
 */
#include <math.h>
#include <stdlib.h>

#include "shop/ladder_parts.h"

enum {
    SAMPLE_MAX = 512, /* products looked at: of a larger kind, runs from all over its prices */
    RUN = 16,
    WORDS_MAX = 8, /* that are ordered by price */
};
#define CONTRADICTED (-.2) /* tau against what is known */
#define BETWEEN      .5    /* share of variance between designs that quality needs */
#define CHANCE       .05
#define NAMED_NEARLY .02
#define STEP_AGAINST (-.3)

struct sample {
    uint32_t n, rows[SAMPLE_MAX];
    uint32_t design[SAMPLE_MAX]; /* of each */
    uint32_t n_designs;
    double price[SAMPLE_MAX]; /* of each design */
};

struct evidence {
    uint32_t designs; /* that have a value */
    double tau;       /* with the price; 0 when either does not vary */
    double between;   /* of the variance; 1 when no design has two */
    bool varies;
};

/* ── designs ─────────────────────────────────────────────────────────────────────────────────── */

static const struct product *product_at(const struct learned *learned, const struct kind *kind,
                                        uint32_t row)
{
    return catalog_product(learned->catalog, kind->kin[row]);
}

/* The design that row's product belongs to: rows come by price, so only the last ones can be it. */
static uint32_t design_of(const struct learned *learned, const struct kind *kind,
                          const struct sample *sample, uint32_t row)
{
    uint32_t model = learned->items[kind->kin[row]].model;
    int64_t price = product_at(learned, kind, row)->price_minor;
    for (uint32_t i = sample->n; model && i-- > 0;) {
        if (product_at(learned, kind, sample->rows[i])->price_minor != price)
            break;
        if (learned->items[kind->kin[sample->rows[i]]].model == model)
            return sample->design[i];
    }
    return sample->n_designs;
}

static void take_sample(const struct learned *learned, const struct kind *kind,
                        struct sample *sample)
{
    uint32_t runs = kind->n > SAMPLE_MAX ? SAMPLE_MAX / RUN : 1;
    uint32_t length = kind->n > SAMPLE_MAX ? RUN : kind->n;
    sample->n = sample->n_designs = 0;
    for (uint32_t run = 0; run < runs; run++) {
        uint32_t begin =
            runs > 1 ? (uint32_t) ((uint64_t) run * (kind->n - length) / (runs - 1)) : 0;
        for (uint32_t row = begin; row < begin + length; row++) {
            uint32_t design = design_of(learned, kind, sample, row);
            if (design == sample->n_designs)
                sample->price[sample->n_designs++] =
                    (double) product_at(learned, kind, row)->price_minor;
            sample->rows[sample->n] = row;
            sample->design[sample->n++] = design;
        }
    }
}

/* ── numbers against prices ──────────────────────────────────────────────────────────────────── */

static float code_at(const struct kind *kind, uint32_t row, uint32_t column)
{
    return kind->codes[(size_t) row * kind->n_scales + column];
}

static int sign(double difference)
{
    return (difference > 0) - (difference < 0);
}

/* Kendall's tau-b of two lists. */
static double tau_of(const double *a, const double *b, uint32_t n)
{
    int64_t agree = 0, in_a = 0, in_b = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = i + 1; j < n; j++) {
            int one = sign(a[i] - a[j]), other = sign(b[i] - b[j]);
            agree += one * other;
            in_a += one != 0;
            in_b += other != 0;
        }
    return in_a && in_b ? (double) agree / sqrt((double) in_a * (double) in_b) : 0;
}

static struct evidence weigh(const struct kind *kind, const struct sample *sample, uint32_t column)
{
    double sum[SAMPLE_MAX] = { 0 }, means[SAMPLE_MAX], prices[SAMPLE_MAX], all = 0;
    uint32_t count[SAMPLE_MAX] = { 0 }, values = 0;
    for (uint32_t i = 0; i < sample->n; i++) {
        double code = code_at(kind, sample->rows[i], column);
        if (isnan(code))
            continue;
        sum[sample->design[i]] += code;
        count[sample->design[i]]++;
        all += code;
        values++;
    }
    struct evidence evidence = { .between = 1 };
    double total = 0, within = 0;
    for (uint32_t i = 0; i < sample->n; i++) {
        double code = code_at(kind, sample->rows[i], column);
        uint32_t design = sample->design[i];
        if (isnan(code))
            continue;
        total += (code - all / values) * (code - all / values);
        within += (code - sum[design] / count[design]) * (code - sum[design] / count[design]);
    }
    for (uint32_t i = 0; i < sample->n_designs; i++)
        if (count[i]) {
            means[evidence.designs] = sum[i] / count[i];
            prices[evidence.designs++] = sample->price[i];
        }
    evidence.varies = total > 0;
    if (values > evidence.designs && total > 0)
        evidence.between = 1 - within / (values - evidence.designs) * (values - 1) / total;
    evidence.tau = tau_of(means, prices, evidence.designs);
    return evidence;
}

/* How strict tau must be, where nothing else is known. 2: not to be had. */
static double strict(const struct scale *scale, uint32_t designs)
{
    if (scale->dimension == QUANTITY_LENGTH) /* bigger is mostly a matter of taste */
        return designs < 6 ? 2 : .6;
    return designs < 3 ? 2 : designs < 6 ? .8 : designs < 10 ? .5 : .35;
}

/* ── amounts ─────────────────────────────────────────────────────────────────────────────────── */

static bool names_amount(struct str name, enum quantity_dimension dimension, double value)
{
    struct quantity quantity;
    size_t at = 0;
    while (quantity_next(name, &at, &quantity))
        if (quantity.dimension == dimension && fabs(quantity.value - value) <= NAMED_NEARLY * value)
            return true;
    return false;
}

/* Do most names say this amount ("Lotion 150mL", "50mm prime")? Then it is what is bought. */
static bool is_named(const struct learned *learned, const struct kind *kind,
                     const struct sample *sample, uint32_t column)
{
    enum quantity_dimension dimension = kind->scales[column].dimension;
    uint32_t named = 0, values = 0;
    if (kind->scales[column].of_name)
        return true;
    if (dimension == QUANTITY_PLAIN || kind->scales[column].reading != READING_AMOUNT)
        return false;
    for (uint32_t i = 0; i < sample->n && values < 32; i++) {
        double code = code_at(kind, sample->rows[i], column);
        const struct product *product = product_at(learned, kind, sample->rows[i]);
        if (isnan(code))
            continue;
        values++;
        named += names_amount(product->name[LOCALE_JA], dimension, code) ||
                 names_amount(product->name[LOCALE_EN], dimension, code);
    }
    return values && 2 * named >= values;
}

/* What the name or the unit alone says: +1, -1, 0. */
static int known(const struct attribute *attribute, const struct scale *scale)
{
    if (attribute->says == NAME_SAYS_MORE)
        return 1;
    if (attribute->says == NAME_SAYS_LESS)
        return -1;
    return scale->worded ? 0 : dimension_better(scale->dimension);
}

static void be_quality(struct scale *scale, int better, double weight)
{
    scale->role = LADDER_QUALITY;
    scale->better = better;
    scale->weight = (float) weight;
}

static void learn_amount(const struct attribute *attribute, struct scale *scale,
                         const struct evidence *evidence, bool named)
{
    bool content =
        named && (scale->dimension == QUANTITY_MASS || scale->dimension == QUANTITY_VOLUME);
    int better = content ? 1 : known(attribute, scale);
    if (attribute->said == 0 && !scale->worded) { /* the shop names it and does not order it */
        scale->role = named ? LADDER_FIT : LADDER_TASTE;
        return;
    }
    if (attribute->said != LADDER_UNSAID && attribute->said != 0 && !content) {
        be_quality(scale, attribute->said, .6 + .4 * fmax(0, evidence->tau * attribute->said));
    } else if (better && evidence->varies && evidence->tau * better < CONTRADICTED) {
        scale->role = LADDER_NEUTRAL;
    } else if (better) {
        be_quality(scale, better, .5 + .5 * fmax(0, evidence->tau * better));
    } else if (fabs(evidence->tau) >= strict(scale, evidence->designs) &&
               evidence->between >= BETWEEN) {
        be_quality(scale, sign(evidence->tau), .3 + .5 * fabs(evidence->tau));
    } else if (named) {
        scale->role = LADDER_FIT; /* a 35 mm lens does not do for a 50 mm one */
    }
}

/* ── words ───────────────────────────────────────────────────────────────────────────────────── */

struct word { /* of a scale, and its designs */
    float code;
    uint32_t designs;
    double price; /* sum, then mean of logarithms */
};

static int by_price(const void *left, const void *right)
{
    const struct word *a = left, *b = right;
    return a->price != b->price ? (a->price > b->price) - (a->price < b->price)
                                : (a->code > b->code) - (a->code < b->code);
}

/*
 * The words of that column by price, at most WORDS_MAX; 0: more than that, or designs of two words.
 */
static uint32_t gather(const struct kind *kind, const struct sample *sample, uint32_t column,
                       struct word *words)
{
    uint32_t n = 0;
    float of_design[SAMPLE_MAX];
    for (uint32_t i = 0; i < sample->n_designs; i++)
        of_design[i] = NAN;
    for (uint32_t i = 0; i < sample->n; i++) {
        float code = code_at(kind, sample->rows[i], column), *seen = &of_design[sample->design[i]];
        if (isnan(code) || (!isnan(*seen) && *seen == code))
            continue;
        if (!isnan(*seen))
            return 0; /* a variant of one design: the customer's choice */
        *seen = code;
        uint32_t word = 0;
        while (word < n && words[word].code != code)
            word++;
        if (word == n && n == WORDS_MAX)
            return 0;
        if (word == n)
            words[n++] = (struct word){ .code = code };
        words[word].designs++;
        words[word].price += log(fmax(1, sample->price[sample->design[i]]));
    }
    for (uint32_t i = 0; i < n; i++)
        words[i].price /= words[i].designs;
    qsort(words, n, sizeof *words, by_price);
    return n;
}

/* Do the prices of the words' designs not overlap? @words come by price. */
static bool are_apart(const struct kind *kind, const struct sample *sample, uint32_t column,
                      const struct word *words, uint32_t n)
{
    double low[WORDS_MAX], high[WORDS_MAX];
    for (uint32_t i = 0; i < n; i++) {
        low[i] = INFINITY;
        high[i] = -INFINITY;
    }
    for (uint32_t i = 0; i < sample->n; i++)
        for (uint32_t word = 0; word < n; word++)
            if (code_at(kind, sample->rows[i], column) == words[word].code) {
                low[word] = fmin(low[word], sample->price[sample->design[i]]);
                high[word] = fmax(high[word], sample->price[sample->design[i]]);
            }
    for (uint32_t i = 1; i < n; i++)
        if (low[i] <= high[i - 1])
            return false;
    return true;
}

static double log_factorial(uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 2; i <= n; i++)
        sum += log(i);
    return sum;
}

/* How likely words strewn at random over as many designs would lie apart. */
static double chance(const struct word *words, uint32_t n)
{
    double ways = 0;
    uint32_t designs = 0;
    for (uint32_t i = 0; i < n; i++) {
        designs += words[i].designs;
        ways -= log_factorial(words[i].designs);
    }
    ways += log_factorial(designs);
    return exp(log_factorial(n) - ways);
}

static void learn_words(struct kind *kind, const struct sample *sample, uint32_t column)
{
    struct word words[WORDS_MAX] = { 0 };
    uint32_t n = gather(kind, sample, column, words);
    if (n < 2 || chance(words, n) > CHANCE || !are_apart(kind, sample, column, words, n))
        return;
    for (uint32_t row = 0; row < kind->n; row++) {
        float *code = &kind->codes[(size_t) row * kind->n_scales + column];
        uint32_t word = 0;
        while (word < n && words[word].code != *code)
            word++;
        *code = word < n ? (float) (word + 1) : NAN;
    }
    kind->scales[column].reading = READING_STEP;
    be_quality(&kind->scales[column], 1, .5);
}

/* Nearly every product has a word of its own: a name, not a choice. */
static bool are_names(const struct kind *kind, const struct sample *sample, uint32_t column)
{
    uint32_t n = sample->n < 64 ? sample->n : 64, values = 0, distinct = 0;
    for (uint32_t i = 0; i < n; i++) {
        float code = code_at(kind, sample->rows[i], column);
        bool is_new = !isnan(code);
        values += is_new;
        for (uint32_t j = 0; j < i && is_new; j++)
            is_new = code_at(kind, sample->rows[j], column) != code;
        distinct += is_new;
    }
    return values >= 4 && 10 * distinct > 8 * values;
}

/* ── a kind ──────────────────────────────────────────────────────────────────────────────────── */

static void learn_scale(const struct learned *learned, struct kind *kind,
                        const struct sample *sample, uint32_t column)
{
    struct scale *scale = &kind->scales[column];
    const struct attribute *attribute = &learned->attributes[scale->attribute];
    struct evidence evidence;
    if (scale->role != LADDER_TASTE || attribute->says == NAME_SAYS_TASTE)
        return;
    switch (scale->reading) {
    case READING_AMOUNT:
        evidence = weigh(kind, sample, column);
        learn_amount(attribute, scale, &evidence, is_named(learned, kind, sample, column));
        break;
    case READING_STEP:
        evidence = weigh(kind, sample, column);
        if (evidence.designs >= 3 && evidence.tau <= STEP_AGAINST)
            scale->role = LADDER_NEUTRAL;
        else
            be_quality(scale, 1, .6 + .4 * fmax(0, evidence.tau));
        break;
    case READING_WORD:
        learn_words(kind, sample, column);
        if (scale->role == LADDER_TASTE && are_names(kind, sample, column))
            scale->role = LADDER_NEUTRAL;
        break;
    }
}

enum err ladder_learn_kind(struct learned *learned, struct kind *kind)
{
    struct sample *sample = malloc(sizeof *sample);
    if (!sample)
        return ERR_NOMEM;
    take_sample(learned, kind, sample);
    kind->bare = true;
    for (uint32_t column = 0; column < kind->n_scales; column++) {
        learn_scale(learned, kind, sample, column);
        kind->bare &= kind->scales[column].role == LADDER_NOISE;
        kind->gains |= kind->scales[column].role == LADDER_QUALITY;
    }
    free(sample);
    return OK;
}
