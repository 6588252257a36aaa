/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Amounts that only names say ("SD card 64 GB", "化粧水 150mL"): columns of their own, where nearly
 * every name of a kind has one and no attribute says the same. Several amounts of one dimension in
 * a name are added up.
 */
#include <math.h>

#include "shop/ladder_parts.h"

enum { NAMED_PERCENT = 80 };
#define SAME_VALUE .02

/* What is worth reading from names: the rest is too often a model's number or a setting. */
static bool is_read(enum quantity_dimension dimension)
{
    switch (dimension) {
    case QUANTITY_BYTES:
    case QUANTITY_LENGTH:
    case QUANTITY_MASS:
    case QUANTITY_VOLUME:
    case QUANTITY_POWER:
    case QUANTITY_ENERGY:
    case QUANTITY_CHARGE:
    case QUANTITY_PIXELS:
    case QUANTITY_MONTHS:
    case QUANTITY_COUNT: return true;
    default: return false;
    }
}

/* The sum of the name's amounts of each dimension; 0: none. */
static void sum_name(const struct product *product, double *ret_sums)
{
    static const enum locale locales[] = { LOCALE_EN, LOCALE_JA };
    struct quantity quantity;
    bool any = false;
    for (int d = 0; d < QUANTITY_DIMENSIONS; d++)
        ret_sums[d] = 0;
    int n = str_eq(product->name[LOCALE_EN], product->name[LOCALE_JA]) ? 1 : 2;
    for (int i = 0; i < n && !any; i++)
        for (size_t at = 0; quantity_next(product->name[locales[i]], &at, &quantity); any = true)
            ret_sums[quantity.dimension] += quantity.value;
}

static bool has_dimension(const struct kind *kind, uint32_t dimension)
{
    for (uint32_t i = 0; i < kind->n_scales; i++)
        if (kind->scales[i].reading == READING_AMOUNT && kind->scales[i].dimension == dimension)
            return true;
    return false;
}

void ladder_find_names(const struct learned *learned, struct kind *kind)
{
    uint32_t named[QUANTITY_DIMENSIONS] = { 0 };
    double sums[QUANTITY_DIMENSIONS];
    for (uint32_t row = 0; row < kind->n; row++) {
        sum_name(catalog_product(learned->catalog, kind->kin[row]), sums);
        for (int d = 0; d < QUANTITY_DIMENSIONS; d++)
            named[d] += sums[d] > 0;
    }
    for (uint32_t d = 0; d < QUANTITY_DIMENSIONS && kind->n_scales < LADDER_MAX_ATTRS; d++)
        if (is_read((enum quantity_dimension) d) && !has_dimension(kind, d) &&
            100 * (uint64_t) named[d] >= NAMED_PERCENT * (uint64_t) kind->n)
            kind->scales[kind->n_scales++] =
                (struct scale){ .name = STR(""),
                                .attribute = learned->n_attributes - 1, /* of no column */
                                .role = LADDER_TASTE,
                                .reading = READING_AMOUNT,
                                .dimension = (enum quantity_dimension) d,
                                .of_name = true };
}

/* Does an attribute say the same of most products: "sheets: 100" of "100枚"? */
static bool is_said_already(const struct kind *kind, uint32_t column)
{
    for (uint32_t other = 0; other < column; other++) {
        uint32_t same = 0;
        if (kind->scales[other].reading != READING_AMOUNT)
            continue;
        for (uint32_t row = 0; row < kind->n; row++) {
            const float *codes = kind->codes + (size_t) row * kind->n_scales;
            same += fabsf(codes[other] - codes[column]) <= (float) SAME_VALUE * codes[column];
        }
        if (2 * same > kind->n)
            return true;
    }
    return false;
}

void ladder_read_names(const struct learned *learned, struct kind *kind, uint32_t first)
{
    double sums[QUANTITY_DIMENSIONS];
    for (uint32_t row = 0; row < kind->n && first < kind->n_scales; row++) {
        float *codes = kind->codes + (size_t) row * kind->n_scales;
        sum_name(catalog_product(learned->catalog, kind->kin[row]), sums);
        for (uint32_t i = first; i < kind->n_scales; i++) {
            double sum = sums[kind->scales[i].dimension];
            codes[i] = sum > 0 ? (float) sum : NAN;
        }
    }
    for (uint32_t i = first; i < kind->n_scales; i++)
        if (is_said_already(kind, i))
            kind->scales[i].role = LADDER_NOISE;
}
