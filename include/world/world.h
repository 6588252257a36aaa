/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"
#include "shop/offer_token.h"

struct catalog;
struct chances;
struct content;
struct model;
struct odds;
struct ruleset;
struct wheres;

/*
 * World
 *
 * Everything a decision reads except the customer's profile, as one immutable whole: rules,
 * catalogue, model, settings. Published through one snapshot slot; a request looks once and
 * uses that world to its end, so it is never half old, half new.
 */
struct world_settings {
    struct str shop; /* "main"; static or owned by the app for the whole run */
    uint8_t token_key[OFFER_TOKEN_KEY_BYTES];
    int64_t default_budget_us; /* 20 ms */
    int64_t offer_lifetime_us; /* expires_at: 30 minutes */
};

/*
 * What one rule may pick whatever the cart: its SKUs, or the best sellers, in that order and
 * as far as its `where` lets them. Empty for a rule that picks by relation to the cart.
 */
struct world_shelf {
    const uint32_t *products; /* catalogue numbers */
    uint32_t n;
};

enum {
    WORLD_SHELF_MAX = 128,   /* products kept of one rule's best sellers */
    WORLD_WALK_MAX = 200000, /* best sellers looked at to find them */
};

struct world {
    struct snapshot snapshot; /* first */
    struct ruleset *rules;    /* never NULL */
    struct catalog *catalog;  /* never NULL */
    struct model *model;      /* never NULL; made for that catalogue */
    struct world_settings settings;
    struct wheres *wheres;   /* never NULL; for those rules and that catalogue */
    struct ladder *ladder;   /* never NULL; of that catalogue, those rules, that model's moves */
    struct content *content; /* never NULL; products alike, of that catalogue */
    struct chances *chances; /* never NULL; for those rules and that catalogue */
    struct snapshot *lists;  /* owns the two lists by rule number: */
    const struct world_shelf *shelves; /* by rule number */
    /*
     * False: the rules' amounts are of another currency than the
     * catalogue's. Then nothing is offered.
     */
    bool same_money;
    const bool *may_be_silenced; /* by rule number: a decline or acceptance of another rule can */
};

/* Takes a reference of its own on each part. */
MUST_CHECK enum err world_new(struct ruleset *rules, struct catalog *catalog, struct model *model,
                              const struct world_settings *settings, struct world **ret_world);
struct world *world_unref(struct world *world); /* NULL in, NULL out */
DEFINE_AUTO(struct world, world_unref)

/*
 * "The old world with one part replaced"; NULL keeps the old part. What is known of offers stays.
 */
MUST_CHECK enum err world_with(const struct world *old, struct ruleset *rules,
                               struct catalog *catalog, struct model *model,
                               struct world **ret_world);

/*
 * The old world with what is now known of offers; @odds NULL: nothing. Cheap: the rest is shared.
 */
MUST_CHECK enum err world_with_odds(const struct world *old, struct odds *odds,
                                    struct world **ret_world);
