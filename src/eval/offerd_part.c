/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a refresh in the service, in its order: count what is bought together, train, open
 * what was trained, seal a model for the catalogue.
 */
#include "eval/offerd_part.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/out.h"
#include "model/completion.h"
#include "model/copurchase.h"
#include "model/model.h"
#include "model/trained.h"
#include "shop/catalog.h"

enum { CHUNK_BYTES = 256 * 1024 };

struct offerd_part {
    const struct trial *trial;
    struct catalog *catalog;
    struct trained *trained;
    struct model *model;
    uint32_t *products; /* SKU of the training -> product */
    uint32_t *skus;     /* product -> SKU of the training */
};

/* ── the catalogue ──────────────────────────────────────────────────────────────────────── */

static enum err add_product(struct catalog_builder *builder, const struct catalog *known,
                            struct str sku, struct err_note *note)
{
    uint32_t number = known ? catalog_find(known, sku) : PRODUCT_NONE;
    if (number != PRODUCT_NONE)
        return catalog_builder_add(builder, catalog_product(known, number), note);
    const struct product bare = {
        .sku = sku, .name = { sku, sku }, .cost_minor = COST_UNKNOWN, .stock = STOCK_UNKNOWN
    };
    return catalog_builder_add(builder, &bare, note);
}

static enum err make_catalog(struct offerd_part *part, const struct catalog *known,
                             struct err_note *note)
{
    const struct baskets *train = part->trial->train;
    AUTO(catalog_builder_free)
    struct catalog_builder *builder =
        catalog_builder_new(known ? catalog_currency(known) : STR("USD"));
    if (!builder)
        return ERR_NOMEM;
    for (uint32_t s = 0; s < train->n_skus; s++)
        TRY(add_product(builder, known, train->skus[s], note));
    TRY(catalog_builder_seal(builder, &part->catalog));

    part->products = malloc(((size_t) train->n_skus + 1) * sizeof *part->products);
    part->skus = malloc(((size_t) catalog_count(part->catalog) + 1) * sizeof *part->skus);
    if (!part->products || !part->skus)
        return ERR_NOMEM;
    for (uint32_t s = 0; s < train->n_skus; s++) {
        part->products[s] = catalog_find(part->catalog, train->skus[s]);
        part->skus[part->products[s]] = s;
    }
    return OK;
}

/* ── the model ──────────────────────────────────────────────────────────────────────────── */

static enum err count_order(struct copurchase *counts, const struct baskets *train, uint32_t order,
                            struct str *skus)
{
    uint32_t n = 0;
    for (uint64_t i = train->first[order]; i < train->first[order + 1]; i++)
        skus[n++] = train->skus[train->items[i]];
    return copurchase_add(counts, (uint64_t) order + 1, train->at_us[order], skus, n);
}

static enum err count(const struct baskets *train, struct copurchase *counts)
{
    struct str *skus =
        malloc(((size_t) train->n_skus + 1) * sizeof *skus); /* an order's are distinct */
    enum err err = skus ? OK : ERR_NOMEM;
    for (uint32_t o = 0; o < train->n_orders && err == OK; o++)
        err = count_order(counts, train, o, skus);
    free(skus);
    return err;
}

static void release_bytes(void *owner, struct str bytes)
{
    (void) owner;
    free((void *) (uintptr_t) bytes.at);
}

static enum err train_part(struct offerd_part *part, const struct train_settings *wished,
                           struct err_note *note)
{
    const struct baskets *train_on = part->trial->train;
    struct train_settings settings = *wished;
    struct out out;
    settings.now_us = 0;
    for (uint32_t o = 0; o < train_on->n_orders; o++)
        if (train_on->at_us[o] > settings.now_us)
            settings.now_us = train_on->at_us[o];
    out_init(&out, NULL, 0);
    enum err err = train(train_on, &settings, &out, note);
    if (err == OK && out.failed)
        err = ERR_NOMEM;
    if (err == OK)
        err = trained_open(out_str(&out), release_bytes, NULL, &part->trained, note);
    if (err != OK)
        out_deinit(&out);
    return err;
}

enum err offerd_part_new(const struct trial *trial, const struct offerd_settings *settings,
                         struct offerd_part **ret_part, struct err_note *note)
{
    AUTO(offerd_part_free) struct offerd_part *part = calloc(1, sizeof *part);
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    if (!part || !counts)
        return ERR_NOMEM;
    part->trial = trial;
    TRY(make_catalog(part, settings->catalog, note));
    TRY(count(trial->train, counts));
    TRY(train_part(part, &settings->train, note));
    TRY(model_new(part->catalog, counts, part->trained, &part->model));
    *ret_part = MOVE(part);
    return OK;
}

struct offerd_part *offerd_part_free(struct offerd_part *part)
{
    if (!part)
        return NULL;
    (void) model_unref(part->model);
    (void) trained_unref(part->trained);
    (void) catalog_unref(part->catalog);
    free(part->products);
    free(part->skus);
    free(part);
    return NULL;
}

const struct trained_facts *offerd_part_facts(const struct offerd_part *part)
{
    return trained_facts(part->trained);
}

const struct calibration *offerd_part_calibration(const struct offerd_part *part)
{
    return trained_calibration(part->trained);
}

const struct trial *offerd_part_trial(const struct offerd_part *part)
{
    return part->trial;
}

uint32_t offerd_part_sku(const struct offerd_part *part, uint32_t product)
{
    return part->skus[product];
}

/* ── asking ─────────────────────────────────────────────────────────────────────────────── */

struct completion *offerd_part_complete(const struct offerd_part *part,
                                        const struct trial_case *asked, bool history, bool alone,
                                        struct arena *arena)
{
    uint32_t n_habits = history ? asked->n_pasts : 0;
    uint32_t *cart = arena_take_raw(arena, TRIAL_CART * sizeof *cart);
    struct habit *habits = arena_take_raw(arena, (n_habits + 1) * sizeof *habits);
    if (!cart || !habits)
        return NULL;
    for (uint32_t i = 0; i < asked->n_cart; i++)
        cart[i] = part->products[asked->cart[i]];
    for (uint32_t i = 0; i < n_habits; i++)
        habits[i] = (struct habit){ .product = part->products[asked->pasts[i].sku],
                                    .times = asked->pasts[i].times,
                                    .last_us = asked->pasts[i].last_us };
    const struct completion_ask ask = { .model = part->model,
                                        .cart = cart,
                                        .n_cart = asked->n_cart,
                                        .habits = habits,
                                        .n_habits = n_habits,
                                        .now_us = asked->at_us,
                                        .habits_alone = alone };
    return completion_new(&ask, arena);
}

struct offerd {
    struct method method; /* first */
    struct offerd_part *part;
    struct arena *arena;
    float most_popular;
};

/* Places of the list are whole numbers above 1, the others follow below 1 by popularity. */
static enum err score(struct method *method, const struct trial_case *asked, float *scores)
{
    struct offerd *self = (struct offerd *) method;
    const struct offerd_part *part = self->part;
    bool counts = offerd_part_facts(part)->parameters.history_weight > 0;
    arena_reset(self->arena);
    struct completion *completion =
        offerd_part_complete(part, asked, method->history && counts, true, self->arena);
    if (!completion)
        return ERR_NOMEM;
    for (uint32_t s = 0; s < part->trial->train->n_skus; s++)
        scores[s] = part->trial->popularity[s] / (self->most_popular + 1);
    for (uint32_t i = 0; i < COMPLETION_MOST; i++) {
        const struct complete *complete = completion_at(completion, i);
        if (!complete)
            break;
        scores[part->skus[complete->product]] = (float) (1 + COMPLETION_MOST - i);
    }
    return OK;
}

static void release(struct method *method)
{
    struct offerd *self = (struct offerd *) method;
    (void) arena_free(self->arena);
    free(self);
}

enum err method_offerd_new(struct offerd_part *part, bool history, struct method **ret_method)
{
    struct offerd *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->method = (struct method){ .history = history, .score = score, .free = release };
    self->part = part;
    for (uint32_t s = 0; s < part->trial->train->n_skus; s++)
        if (part->trial->popularity[s] > self->most_popular)
            self->most_popular = part->trial->popularity[s];
    self->arena = arena_new(CHUNK_BYTES, SIZE_MAX);
    if (!self->arena) {
        free(self);
        return ERR_NOMEM;
    }
    *ret_method = &self->method;
    return OK;
}
