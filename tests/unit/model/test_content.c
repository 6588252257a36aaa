/* SPDX-License-Identifier: Apache-2.0 */
#include "model/content.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/content_features.h"
#include "shop/catalog.h"
#include "suite.h"

enum { HANDFUL = 38 }; /* so few that each is compared with all others */

struct line {
    const char *sku, *ja, *en, *category, *subcategory, *brand;
    int64_t price;
};

static struct catalog *catalog_of(const struct line *lines, uint32_t n)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    for (uint32_t i = 0; i < n; i++) {
        struct product product = { .sku = str_of(lines[i].sku),
                                   .name = { str_of(lines[i].ja), str_of(lines[i].en) },
                                   .category = str_of(lines[i].category),
                                   .subcategory = str_of(lines[i].subcategory),
                                   .brand = str_of(lines[i].brand),
                                   .price_minor = lines[i].price,
                                   .cost_minor = COST_UNKNOWN,
                                   .stock = STOCK_UNKNOWN };
        ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
    }
    struct catalog *catalog = NULL;
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    return catalog;
}

static struct content *content_of(const struct catalog *catalog)
{
    struct content *content = NULL;
    ck_assert_int_eq(content_new(catalog, &content), OK);
    return content;
}

static const char *likest(const struct catalog *catalog, const struct content *content,
                          const char *sku)
{
    uint32_t n;
    const struct alike *list = content_alike(content, catalog_find(catalog, str_of(sku)), &n);
    return n > 0 ? catalog_product(catalog, list[0].product)->sku.at : "";
}

static const struct line shop[] = {
    { "CAM-1", "一眼カメラ 初級", "Camera One", "camera", "mirrorless", "HX", 98000 },
    { "CAM-2", "一眼カメラ 中級", "Camera Two", "camera", "mirrorless", "HX", 128000 },
    { "CAM-3", "一眼カメラ 上級", "Camera Pro", "camera", "mirrorless", "Other", 498000 },
    { "MUG-1", "青いマグカップ", "Blue mug", "kitchen", "cups", "Terra", 1200 },
    { "MUG-2", "赤いマグカップ", "Red mug", "kitchen", "cups", "Terra", 1300 },
    { "POT-1", "鉄瓶", "Iron pot", "kitchen", "pots", "Nambu", 8000 },
    { "BAG-1", "カメラバッグ", "Camera bag", "bags", "camera bags", "HX", 9800 },
};
enum { SHOP = sizeof shop / sizeof *shop };

START_TEST(the_likest_shares_kind_brand_words_and_price)
{
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(shop, SHOP);
    AUTO(content_unref) struct content *content = content_of(catalog);
    ck_assert_int_eq(strncmp(likest(catalog, content, "CAM-1"), "CAM-2", 5), 0);
    ck_assert_int_eq(strncmp(likest(catalog, content, "CAM-3"), "CAM-2", 5), 0);
    ck_assert_int_eq(strncmp(likest(catalog, content, "MUG-1"), "MUG-2", 5), 0);
    ck_assert_int_eq(strncmp(likest(catalog, content, "POT-1"), "MUG", 3), 0);
}
END_TEST

START_TEST(words_of_a_script_without_spaces_count_by_pairs_of_characters)
{
    const struct line lines[] = {
        { "A", "抹茶クッキー", NULL, NULL, NULL, NULL, 500 },
        { "B", "黒糖まんじゅう", NULL, NULL, NULL, NULL, 500 },
        { "C", "抹茶まんじゅう", NULL, NULL, NULL, NULL, 500 },
        { "D", "塩せんべい", NULL, NULL, NULL, NULL, 500 },
    };
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(lines, 4);
    AUTO(content_unref) struct content *content = content_of(catalog);
    ck_assert_int_eq(*likest(catalog, content, "B"), 'C');
    ck_assert_int_eq(*likest(catalog, content, "A"), 'C');
}
END_TEST

START_TEST(scores_fall_stay_within_0_and_1_and_never_name_the_product_itself)
{
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(shop, SHOP);
    AUTO(content_unref) struct content *content = content_of(catalog);
    for (uint32_t p = 0; p < SHOP; p++) {
        uint32_t n;
        const struct alike *list = content_alike(content, p, &n);
        ck_assert_uint_gt(n, 0);
        for (uint32_t i = 0; i < n; i++) {
            ck_assert(list[i].score > 0 && list[i].score <= 1);
            ck_assert_uint_ne(list[i].product, p);
            ck_assert(i == 0 || list[i].score <= list[i - 1].score);
        }
    }
}
END_TEST

START_TEST(an_empty_shop_and_a_shop_of_one_have_nothing_alike)
{
    AUTO(catalog_unref) struct catalog *none = catalog_of(shop, 0), *one = catalog_of(shop, 1);
    AUTO(content_unref) struct content *of_none = content_of(none), *of_one = content_of(one);
    uint32_t n = 9;
    ck_assert_ptr_nonnull(of_none);
    (void) content_alike(of_one, 0, &n);
    ck_assert_uint_eq(n, 0);
}
END_TEST

/* All of one kind, with nothing rare: the work stays bounded and everyone finds somebody. */
START_TEST(thousands_of_one_kind_find_their_neighbours_in_price)
{
    enum { MANY = 6000 };
    static char skus[MANY][8];
    static struct line lines[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        (void) snprintf(skus[i], sizeof skus[i], "S%u", i);
        lines[i] = (struct line){ skus[i], NULL, "Screw", "tools", "screws", "Bolt", 100 + i };
    }
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(lines, MANY);
    AUTO(content_unref) struct content *content = content_of(catalog);
    for (uint32_t p = 0; p < MANY; p++) {
        uint32_t n;
        (void) content_alike(content, p, &n);
        ck_assert_uint_eq(n, CONTENT_TOP);
    }
}
END_TEST

/* Cosine of all features of both, by hand: of @a and @b among all. */
static double cosine_by_hand(const struct catalog *catalog, uint32_t a, uint32_t b)
{
    static struct feature features[HANDFUL][FEATURES_MAX];
    uint32_t n[HANDFUL];
    double both = 0, squares[2] = { 0, 0 };
    for (uint32_t p = 0; p < HANDFUL; p++)
        n[p] = content_features(catalog_product(catalog, p), features[p]);
    for (uint32_t side = 0; side < 2; side++)
        for (uint32_t i = 0, p = side ? b : a; i < n[p]; i++) {
            uint32_t holders = 0;
            bool other_has = false, again = false;
            for (uint32_t k = 0; k < i; k++)
                again |= features[p][k].hash == features[p][i].hash;
            for (uint32_t q = 0; q < HANDFUL; q++) {
                bool has = false;
                for (uint32_t k = 0; k < n[q]; k++)
                    has |= features[q][k].hash == features[p][i].hash;
                holders += has;
                other_has |= has && q == (side ? a : b);
            }
            double weight = (double) features[p][i].weight * log(1 + (double) HANDFUL / holders);
            squares[side] += again ? 0 : weight * weight;
            both += side == 0 && other_has && !again ? weight * weight : 0;
        }
    return both / sqrt(squares[0] * squares[1]);
}

START_TEST(what_is_found_is_what_comparing_everyone_with_everyone_finds)
{
    static const char *const words[] = { "blue", "red", "mug", "pot", "Mug", "tea", "old", "one" };
    static char skus[HANDFUL][8], names[HANDFUL][40];
    static struct line lines[HANDFUL];
    for (uint32_t i = 0; i < HANDFUL; i++) {
        (void) snprintf(skus[i], sizeof skus[i], "S%u", i);
        (void) snprintf(names[i], sizeof names[i], "%s %s %s no%u", words[i % 8], words[i / 3 % 8],
                        words[i * 5 % 7], i);
        lines[i] = (struct line){ skus[i], NULL,         names[i], i % 2 ? "kitchen" : "garden",
                                  NULL,    words[i % 5], 500 };
    }
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(lines, HANDFUL);
    AUTO(content_unref) struct content *content = content_of(catalog);
    for (uint32_t p = 0; p < HANDFUL; p++) {
        uint32_t n;
        const struct alike *list = content_alike(content, p, &n);
        ck_assert_uint_eq(n, CONTENT_TOP);
        for (uint32_t other = 0; other < HANDFUL; other++) {
            double cosine = cosine_by_hand(catalog, p, other);
            uint32_t at = 0;
            while (at < n && list[at].product != other)
                at++;
            if (at < n)
                ck_assert_double_eq_tol(list[at].score, cosine, 1e-5);
            else
                ck_assert(other == p || cosine <= list[n - 1].score + 1e-5);
        }
    }
}
END_TEST

/* Only the first of very many with a feature are looked at, and these find each other as well. */
START_TEST(who_shares_the_rarest_is_found_among_thousands_who_share_the_rest)
{
    enum { MANY = 5000, APART = 50 };
    static char skus[MANY][8], names[MANY][16];
    static struct line lines[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        (void) snprintf(skus[i], sizeof skus[i], "S%u", i);
        (void) snprintf(names[i], sizeof names[i], "Screw k%ux", i % (MANY / APART));
        lines[i] = (struct line){ skus[i], NULL, names[i], "tools", "screws", "Bolt", 100 };
    }
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(lines, MANY);
    AUTO(content_unref) struct content *content = content_of(catalog);
    for (uint32_t p = 0; p < MANY; p++) {
        uint32_t n;
        const struct alike *list = content_alike(content, p, &n);
        ck_assert_uint_eq(n, CONTENT_TOP);
        for (uint32_t i = 0; i < n; i++)
            ck_assert_uint_eq(list[i].product % (MANY / APART), p % (MANY / APART));
    }
}
END_TEST

SUITE_MAIN("model/content", the_likest_shares_kind_brand_words_and_price,
           words_of_a_script_without_spaces_count_by_pairs_of_characters,
           scores_fall_stay_within_0_and_1_and_never_name_the_product_itself,
           an_empty_shop_and_a_shop_of_one_have_nothing_alike,
           thousands_of_one_kind_find_their_neighbours_in_price,
           what_is_found_is_what_comparing_everyone_with_everyone_finds,
           who_shares_the_rarest_is_found_among_thousands_who_share_the_rest)
