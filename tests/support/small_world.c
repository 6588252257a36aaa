/* SPDX-License-Identifier: Apache-2.0 */
#include "small_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "files/yaml_doc.h"
#include "model/copurchase.h"
#include "model/model.h"
#include "model/odds.h"
#include "model/trained.h"
#include "rules/ruleset.h"
#include "rules/schedule.h"
#include "shop/catalog.h"
#include "shop/customer.h"
#include "world/world.h"

/* Not an assertion of check's: the fuzz targets build a small world too. */
#define must(truth)                                                                    \
    do {                                                                               \
        if (!(truth)) {                                                                \
            (void) fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #truth); \
            abort();                                                                   \
        }                                                                              \
    } while (0)

static const struct civil_zone utc = { .name = { "UTC", 3 } };

static int64_t wall(struct clock *clock)
{
    return ((struct small_world *) clock)->wall_us;
}

static int64_t mono(struct clock *clock)
{
    struct small_world *small = (struct small_world *) clock;
    return small->mono_us += small->tick_us;
}

static struct small_world *owner(struct profile_store *store)
{
    return (struct small_world *) ((char *) store - offsetof(struct small_world, profiles));
}

static void *reader_new(struct profile_store *store, struct uv_loop_s *loop)
{
    (void) loop;
    return owner(store);
}

static void reader_free(struct profile_store *store, void *reader)
{
    (void) store;
    (void) reader;
}

static void section(struct profile_store *store, void *reader)
{
    (void) store;
    (void) reader;
}

static enum profile_answer find(struct profile_store *store, void *reader, struct str customer_id,
                                struct profile_waiter *waiter, const struct profile **ret_profile)
{
    struct small_world *small = owner(store);
    (void) reader;
    (void) customer_id;
    small->finds++;
    small->waiter = waiter;
    waiter->asked = small->answer == PROFILE_COMING ? small : NULL;
    if (small->answer == PROFILE_HERE)
        *ret_profile = small->profile;
    return small->answer;
}

static void forget(struct profile_store *store, struct profile_waiter *waiter)
{
    waiter->asked = NULL;
    owner(store)->forgets++;
}

/* sku, name, category, subcategory, price, cost, stock, storage_gb ("" = none) */
static const struct {
    const char *sku, *name, *category, *subcategory;
    int64_t price, cost, stock;
    const char *storage;
} shelf[] = {
    { "CAM-1", "Camera One", "camera", "mirrorless", 100000, 60000, 9, "" },
    { "CAM-2", "Camera Two", "camera", "mirrorless", 130000, 80000, 9, "" },
    { "CAM-3", "Camera Three", "camera", "mirrorless", 400000, 200000, 9, "" },
    { "LENS-1", "Lens One", "lens", "prime", 50000, 30000, 3, "" },
    { "LENS-2", "Lens Two", "lens", "prime", 90000, 85000, 9, "" },
    { "LENS-0", "Lens Gone", "lens", "prime", 45000, 30000, 0, "" },
    { "CARD-64", "Card 64", "card", "sd", 3000, 1000, STOCK_UNKNOWN, "64" },
    { "CARD-128", "Card 128", "card", "sd", 4000, 1500, STOCK_UNKNOWN, "128" },
    { "CARD-256", "Card 256", "card", "sd", 6000, 2500, STOCK_UNKNOWN, "256" },
    { "BOAT-1", "Boat One", "boat", "sail", 600000000000, 300000000000, 9000000, "" },
    { "BOAT-2", "Boat Two", "boat", "sail", 700000000000, 400000000000, 9000000, "" },
    { "BAG-1", "Bag \"One\"", "bag", "shoulder", 8000, COST_UNKNOWN, 9, "" },
};
enum { SHELF = sizeof shelf / sizeof *shelf };

static struct catalog *stock_shelf(void)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    for (int i = 0; i < SHELF; i++) {
        struct attr storage = { STR("storage_gb"), str_of(shelf[i].storage), atof(shelf[i].storage),
                                true };
        struct product product = { .sku = str_of(shelf[i].sku),
                                   .name = { str_of(shelf[i].name), str_of(shelf[i].name) },
                                   .category = str_of(shelf[i].category),
                                   .subcategory = str_of(shelf[i].subcategory),
                                   .price_minor = shelf[i].price,
                                   .cost_minor = shelf[i].cost,
                                   .stock = shelf[i].stock,
                                   .attrs = &storage,
                                   .n_attrs = storage.text.len > 0 };
        must((catalog_builder_add(builder, &product, NULL)) == OK);
    }
    struct catalog *catalog = NULL;
    must((catalog_builder_seal(builder, &catalog)) == OK);
    return catalog;
}

/* Forty orders: a camera with a card in all, with a lens in half, with a bag in every fourth. */
static struct model *learn_orders(const struct catalog *catalog, struct trained *trained)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    for (uint64_t i = 1; i <= 40; i++) {
        struct str skus[4] = { STR("CAM-1"), STR("CARD-64") };
        uint32_t n = 2;
        if (i % 2 == 0)
            skus[n++] = STR("LENS-1");
        if (i % 4 == 0)
            skus[n++] = STR("BAG-1");
        must((copurchase_add(counts, i, 0, skus, n)) == OK);
    }
    struct model *model = NULL;
    must((model_new(catalog, counts, trained, &model)) == OK);
    return model;
}

static const struct civil_zone *zone_of(void *self, struct str name)
{
    (void) self;
    (void) name;
    return &utc;
}

static struct ruleset *read_rules(const char *rules)
{
    AUTO(arena_free) struct arena *arena = arena_new(65536, 1 << 24);
    struct diags diags;
    struct out text;
    out_init(&text, arena, 4096);
    out_printf(&text, "version: 1\n%stimezone: UTC\nlocales: [ja, en]\n%s",
               str_starts_with(str_of(rules), STR("currency:")) ? "" : "currency: JPY\n", rules);
    struct doc_file file = { .name = STR("test.yaml"), .text = out_str(&text) };
    struct ruleset_settings settings = { .zone = zone_of, .version = STR("0123456789ab") };
    struct ruleset *ruleset = NULL;
    diags_init(&diags, arena);
    enum err err = yaml_doc_read(&file, arena, &diags);
    if (err == OK)
        err = ruleset_read(&file, 1, &settings, &diags, &ruleset);
    if (err != OK) {
        struct out out;
        out_init(&out, arena, 4096);
        diags_print(&diags, LOCALE_EN, false, &out);
        (void) fprintf(stderr, "the rules of this test are bad:\n%.*s", STR_ARG(out_str(&out)));
        abort();
    }
    return ruleset;
}

void small_world_publish(struct small_world *small, const char *rules)
{
    AUTO(catalog_unref) struct catalog *catalog = stock_shelf();
    AUTO(model_unref) struct model *model = learn_orders(catalog, small->trained);
    AUTO(ruleset_unref) struct ruleset *ruleset = read_rules(rules);
    struct world_settings settings = { .shop = STR("main"),
                                       .token_key = "0123456789abcde",
                                       .default_budget_us = 20000,
                                       .offer_lifetime_us = INT64_C(1800000000) };
    struct world *world = NULL;
    must((world_new(ruleset, catalog, model, &settings, &world)) == OK);
    snapshot_publish(&small->slot, &world->snapshot);
}

void small_world_learn(struct small_world *small, const struct outcomes *outcomes)
{
    struct world *now = (struct world *) snapshot_now(&small->slot), *next = NULL;
    AUTO(odds_unref) struct odds *odds = NULL;
    must(odds_new(outcomes, &odds) == OK);
    must(world_with_odds(now, odds, &next) == OK);
    snapshot_publish(&small->slot, &next->snapshot);
    (void) world_unref(now);
}

/* ── budgets ─────────────────────────────────────────────────────────────────────────────── */

static struct small_world *budgets_owner(struct budget_store *store)
{
    return (struct small_world *) ((char *) store - offsetof(struct small_world, budgets));
}

static void *budget_reader_new(struct budget_store *store, struct uv_loop_s *loop)
{
    (void) loop;
    return store;
}

static void budget_reader_free(struct budget_store *store, void *reader)
{
    (void) store;
    (void) reader;
}

static void grant(struct small_world *small, struct budget_claim *claim)
{
    claim->is_new = false;
    claim->granted = true;
    for (uint32_t i = 0; i < small->n_held; i++)
        if (small->held[i] == claim->mark)
            return;
    bool spent = small->budget_spent && str_is(claim->rule, small->budget_spent);
    claim->granted = claim->is_new = !spent && small->n_held < small->budget_left;
    if (!claim->granted)
        return;
    must(small->n_held < sizeof small->held / sizeof *small->held);
    small->held[small->n_held++] = claim->mark;
}

static enum budget_answer reserve(struct budget_store *store, void *reader,
                                  struct budget_claim *claims, uint32_t n, int64_t now_us,
                                  struct budget_waiter *waiter)
{
    struct small_world *small = budgets_owner(store);
    (void) now_us;
    must(reader == store && n > 0);
    small->reserves++;
    bool late = small->budget_late_from && small->reserves >= small->budget_late_from;
    enum budget_answer answer = late ? BUDGET_COMING : small->budget_answer;
    small->budget_waiter = waiter;
    for (uint32_t i = 0; i < n && answer == BUDGET_ANSWERED; i++)
        grant(small, &claims[i]);
    small->claimed = claims[n - 1];
    small->n_claimed = n;
    return answer;
}

static void give_back(struct budget_store *store, void *reader, const struct budget_claim *claim)
{
    struct small_world *small = budgets_owner(store);
    must(reader == store);
    small->given_back++;
    for (uint32_t i = 0; i < small->n_held; i++)
        if (small->held[i] == claim->mark)
            small->held[i] = small->held[--small->n_held];
}

static void budget_forget(struct budget_store *store, struct budget_waiter *waiter)
{
    must(waiter == budgets_owner(store)->budget_waiter);
    budgets_owner(store)->budget_forgets++;
}

struct small_world *small_world_new(const char *rules)
{
    struct small_world *small = calloc(1, sizeof *small);
    small->clock = (struct clock){ wall, mono };
    small->wall_us = INT64_C(1795257000000000); /* 2026-11-21T10:30:00Z, a Saturday */
    small->mono_us = 1000000;
    small->profiles =
        (struct profile_store){ reader_new, reader_free, section, section, find, forget };
    small->answer = PROFILE_HERE;
    small->budgets = (struct budget_store){ .reader_new = budget_reader_new,
                                            .reader_free = budget_reader_free,
                                            .reserve = reserve,
                                            .forget = budget_forget,
                                            .give_back = give_back };
    small->budget_left = 16;
    small->metrics = metrics_new();
    snapshot_slot_init(&small->slot);
    small_world_publish(small, rules);
    must((serve_new(&small->slot, &small->profiles, &small->budgets, &small->clock, small->metrics,
                    &small->serve)) == OK);
    must((serve_worker_new(small->serve, 1, 42, NULL, metric_shard_new(small->metrics),
                           &small->worker)) == OK);
    small->arena = arena_new(65536, 1 << 22);
    return small;
}

struct small_world *small_world_free(struct small_world *small)
{
    if (!small)
        return NULL;
    (void) serve_worker_free(small->worker);
    (void) serve_free(small->serve);
    snapshot_slot_deinit(&small->slot);
    (void) metrics_free(small->metrics);
    (void) profile_free(small->profile);
    (void) trained_unref(small->trained);
    (void) arena_free(small->arena);
    free(small);
    return NULL;
}

const char *small_world_decide(struct small_world *small, const char *body)
{
    arena_reset(small->arena);
    small->problem = (struct decide_problem){ 0 };
    struct decision *decision = decision_new(small->worker, small->arena, str_of(body), NULL, NULL);
    struct str answer;
    enum decide_state state = decide_run(decision, &answer, &small->problem);
    must(state != DECIDE_WAIT);
    return state == DECIDE_DONE ? arena_copy(small->arena, answer).at : NULL;
}
