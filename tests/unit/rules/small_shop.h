/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "rules/facts.h"
#include "shop/event.h"
#include "suite.h"

/*
 * A shop of four products for tests of facts and matching: a camera and a lens with everything, a bag
 * of which little is known, a card without attributes. And a cart with the camera, two cards and
 * a SKU that the catalogue does not know.
 */
#define SHOP_NOW (INT64_C(1763719200) * 1000000) /* 2025-11-21T10:00:00Z */
#define SHOP_DAY (INT64_C(86400) * 1000000)

struct small_shop {
    struct catalog *catalog;
    struct cart cart;
    struct cart_line lines[3];
    struct owned owned[3];
    struct profile profile;
    struct facts facts;
    struct str attr_names[3];
};

static inline struct catalog *small_catalog(void)
{
    static const struct str tags[] = { { "popular", 7 }, { "beginner", 8 } };
    static const struct attr camera[] = { { { "megapixels", 10 }, { "24.2", 4 }, 24.2, true },
                                          { { "mount", 5 }, { "HX", 2 }, 0, false } };
    static const struct attr lens[] = { { { "mount", 5 }, { "100", 3 }, 100, true } };
    static const struct product products[] = {
        { .sku = { "CAM-A7", 6 },
          .name = { { "カメラ", 9 }, { "Camera", 6 } },
          .category = { "camera", 6 },
          .subcategory = { "mirrorless", 10 },
          .brand = { "Kagemi", 6 },
          .model = { "A7", 2 },
          .price_minor = 200000,
          .cost_minor = 150000,
          .stock = 3,
          .rating = 4.5,
          .reviews = 96,
          .tags = tags,
          .n_tags = 2,
          .attrs = camera,
          .n_attrs = 2 },
        { .sku = { "LENS-50", 7 },
          .name = { { "レンズ", 9 }, { "Lens", 4 } },
          .category = { "lens", 4 },
          .price_minor = 89800,
          .cost_minor = COST_UNKNOWN,
          .stock = 0,
          .attrs = lens,
          .n_attrs = 1 },
        { .sku = { "BAG-1", 5 },
          .name = { { "バッグ", 9 }, { "Bag", 3 } },
          .price_minor = 0,
          .cost_minor = 0,
          .stock = STOCK_UNKNOWN },
        { .sku = { "CARD-64", 7 },
          .name = { { "カード", 9 }, { "Card", 4 } },
          .category = { "memory-card", 11 },
          .price_minor = 3000,
          .cost_minor = 1000,
          .stock = 100 },
    };
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    struct catalog *catalog = NULL;
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        ck_assert_int_eq(catalog_builder_add(builder, &products[i], NULL), OK);
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    return catalog;
}

static inline struct small_shop *small_shop_new(void)
{
    struct small_shop *shop = calloc(1, sizeof *shop);

    shop->catalog = small_catalog();
    shop->lines[0] =
        (struct cart_line){ STR("CAM-A7"), 1, 198000, catalog_find(shop->catalog, STR("CAM-A7")) };
    shop->lines[1] =
        (struct cart_line){ STR("CARD-64"), 2, 2800, catalog_find(shop->catalog, STR("CARD-64")) };
    shop->lines[2] = (struct cart_line){ STR("GONE-1"), 1, 500, PRODUCT_NONE };
    shop->cart = (struct cart){ STR("JPY"), shop->lines, 3, 204100, 4 };

    shop->owned[0] = (struct owned){ STR("BAG-1"), 1, SHOP_NOW - 100 * SHOP_DAY };
    shop->owned[1] = (struct owned){ STR("LENS-50"), 2, SHOP_NOW - 10 * SHOP_DAY };
    shop->profile = (struct profile){ .customer_id = STR("C1"),
                                      .first_seen_us = SHOP_NOW - 400 * SHOP_DAY,
                                      .orders = 2,
                                      .spend_minor = 90000,
                                      .last_order_us = SHOP_NOW - 10 * SHOP_DAY,
                                      .consent = CONSENT_PERSONALIZATION | CONSENT_PROFILING,
                                      .owned = shop->owned,
                                      .n_owned = 2 };
    shop->attr_names[0] = STR("megapixels");
    shop->attr_names[1] = STR("mount");
    shop->attr_names[2] = STR("weight_g");

    shop->facts = (struct facts){ .catalog = shop->catalog,
                                  .cart = &shop->cart,
                                  .memory = &shop->profile,
                                  .person = &shop->profile,
                                  .attr_names = shop->attr_names,
                                  .now_us = SHOP_NOW,
                                  .channel = STR("web"),
                                  .order_total_minor = -1 };
    facts_init(&shop->facts);
    return shop;
}

static inline void small_shop_free_at(struct small_shop **shop)
{
    catalog_unref((*shop)->catalog);
    free(*shop);
}
#define SMALL_SHOP __attribute__((cleanup(small_shop_free_at))) struct small_shop *
