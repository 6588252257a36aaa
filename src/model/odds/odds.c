/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed from the top down. Of each level first how far its members lie apart is estimated, and so
 * how much the level above is worth as a prior (node.h); then each member's posterior, which is
 * the prior of the level below. Relevance: a node's mean holds at the mean relevance of the offers
 * it has seen, and a question at another relevance moves the log-odds by slope * difference. So a
 * product that was only shown where it fitted well is not taken for a good one everywhere.
 *
 * Rules and products are found by 64-bit hashes alone: that any two of
 * 200,000 are taken for each other happens to one shop in a billion.
 */
#include "model/odds.h"

#include <math.h>
#include <stdlib.h>

#include "model/odds/node.h"
#include "model/odds/outcomes_parts.h"
#include "model/odds/slope.h"

/* Beliefs before any outcome; chosen on bench/learning, see docs/decisions/learning.md. */
static const struct node FIRST_GUESS = { .mean = 0.03, .strength = 30, .relevance = -1 };
static const double KINDS_STRENGTH = 50, RULES_STRENGTH = 25, PRODUCTS_STRENGTH = 50;
static const struct slope SHOP_SLOPE = { .value = 0, .error = 2 };
static const double KIND_SLOPE_ERROR = 1;
static const float LEAST = 1e-3f; /* alpha and beta */
enum { STRATA_MAX = 4096 };       /* rules that tell of relevance: more would not tell more */

struct answer { /* as it is asked for */
    uint64_t key;
    float mean, strength, relevance;
    uint32_t place; /* of the rule */
};

struct place { /* a rule */
    struct answer rule, new_product;
};

struct odds {
    struct snapshot snapshot; /* first */
    struct odds_facts facts;
    float slopes[RULE_KINDS];
    struct answer new_rules[RULE_KINDS];
    struct place *places;
    struct answer *table; /* rules and products; key 0: empty; at most half full */
    uint64_t mask;
};

struct member { /* of a level */
    const struct tally *tally;
    const struct node *parent;
    double parent_shown; /* as its tally has it */
    double slope;
    struct node node;
    struct evidence evidence;
    uint32_t cell;
};

struct sealing {
    const struct outcomes *outcomes;
    struct odds *odds;
    double now;
    double slopes[RULE_KINDS];
    struct node shop;
    struct member kinds[RULE_KINDS];
    struct member *rules, *products;
    uint32_t *places; /* by cell: of a rule */
};

static void sealing_deinit(struct sealing *s)
{
    free(s->rules);
    free(s->products);
    free(s->places);
}

/* ── levels ── */

static double relevance_of(const struct tally *tally)
{
    return tally->known > 0 ? tally->relevance / tally->known : -1;
}

/* The nodes of one level; answers what its prior was found to be worth. */
static double seal_level(struct member *members, uint32_t n, double now, double usual_strength)
{
    struct strength_sum sum = strength_sum_of(usual_strength);
    for (uint32_t i = 0; i < n; i++) {
        struct member *m = &members[i];
        struct node prior = node_below(m->parent, usual_strength, relevance_of(m->tally), m->slope);
        m->evidence = evidence_of(m->tally, now, &prior);
        strength_sum_add(&sum, prior.mean, &m->evidence, m->tally->shown / m->parent_shown);
    }
    double strength = strength_of(&sum);
    for (uint32_t i = 0; i < n; i++) {
        struct member *m = &members[i];
        struct node prior = node_below(m->parent, strength, m->evidence.relevance, m->slope);
        m->node = node_after(&prior, &m->evidence);
    }
    return strength;
}

static void seal_kinds(struct sealing *s)
{
    const struct tally *shop = &s->outcomes->shop;
    struct evidence evidence = evidence_of(shop, s->now, &FIRST_GUESS);
    s->shop = node_after(&FIRST_GUESS, &evidence);
    s->shop.relevance = evidence.relevance;
    for (int kind = 0; kind < RULE_KINDS; kind++)
        s->kinds[kind] = (struct member){ .tally = &s->outcomes->kinds[kind],
                                          .parent = &s->shop,
                                          .parent_shown = fmax(shop->shown, 1),
                                          .slope = s->slopes[kind] };
    s->odds->facts.shown = shop->shown / s->now;
    s->odds->facts.accepted = shop->accepted / s->now;
    s->odds->facts.kinds_strength = seal_level(s->kinds, RULE_KINDS, s->now, KINDS_STRENGTH);
}

static void seal_rules(struct sealing *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->outcomes->n_cells; i++) {
        const struct outcome_cell *cell = &s->outcomes->cells[i];
        if (cell->sku.len)
            continue;
        s->places[i] = n;
        s->rules[n++] =
            (struct member){ .tally = &cell->tally,
                             .parent = &s->kinds[cell->kind].node,
                             .parent_shown = fmax(s->kinds[cell->kind].tally->shown, 1e-9),
                             .slope = s->slopes[cell->kind],
                             .cell = i };
    }
    s->odds->facts.n_rules = n;
    s->odds->facts.rules_strength = seal_level(s->rules, n, s->now, RULES_STRENGTH);
}

static void seal_products(struct sealing *s)
{
    const struct outcomes *outcomes = s->outcomes;
    uint32_t n = 0;
    for (uint32_t i = 0; i < outcomes->n_cells; i++) {
        const struct outcome_cell *cell = &outcomes->cells[i];
        uint32_t rule =
            cell->sku.len ? outcomes_find(outcomes, cell->rule, (struct str){ 0 }) : STRMAP_NONE;
        if (rule == STRMAP_NONE)
            continue;
        const struct member *parent = &s->rules[s->places[rule]];
        s->places[i] = s->places[rule];
        s->products[n++] = (struct member){ .tally = &cell->tally,
                                            .parent = &parent->node,
                                            .parent_shown = fmax(parent->tally->shown, 1e-9),
                                            .slope = parent->slope,
                                            .cell = i };
    }
    s->odds->facts.n_products = n;
    s->odds->facts.products_strength = seal_level(s->products, n, s->now, PRODUCTS_STRENGTH);
}

/* ── relevance ── */

static bool stratum_of(const struct sealing *s, const struct outcome_cell *rule,
                       struct slope_stratum *ret_stratum)
{
    const struct band *bands = s->outcomes->bands[rule->bands];
    int n = 0;
    *ret_stratum = (struct slope_stratum){ .prior_mean = FIRST_GUESS.mean, .prior_strength = 1 };
    for (int i = 0; i < OUTCOME_BANDS; i++) {
        if (bands[i].shown <= 0)
            continue;
        ret_stratum->points[i] = (struct slope_point){
            .shown = bands[i].shown / s->now,
            .accepted = fmin(bands[i].accepted, bands[i].shown) / s->now,
            .relevance = bands[i].relevance / bands[i].shown,
        };
        n++;
    }
    return n > 1;
}

/* The rules of @kind (below 0: of any) that were shown at more than one relevance. */
static uint32_t strata_of(const struct sealing *s, int kind, struct slope_stratum *strata)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->outcomes->n_cells && n < STRATA_MAX; i++) {
        const struct outcome_cell *cell = &s->outcomes->cells[i];
        if (cell->bands != OUTCOME_NO_BANDS && (kind < 0 || cell->kind == kind))
            n += stratum_of(s, cell, &strata[n]);
    }
    return n;
}

/*
 * Kinds pick differently, so relevance may mean more in one
 * than in another: each has its own slope near the shop's.
 */
static enum err find_slopes(struct sealing *s)
{
    struct slope_stratum *strata = malloc(STRATA_MAX * sizeof *strata);
    if (!strata)
        return ERR_NOMEM;
    struct slope shop = slope_fit(strata, strata_of(s, -1, strata), SHOP_SLOPE);
    s->odds->facts.slope = slope_careful(shop);
    const struct slope prior = { s->odds->facts.slope, KIND_SLOPE_ERROR };
    for (int kind = 0; kind < RULE_KINDS; kind++) {
        uint32_t n = s->outcomes->kinds[kind].known > 0 ? strata_of(s, kind, strata) : 0;
        struct slope own = slope_fit(strata, n, prior);
        own.value -= prior.value; /* careful about what is its own */
        s->slopes[kind] = prior.value + slope_careful(own);
        s->odds->slopes[kind] = (float) s->slopes[kind];
    }
    free(strata);
    return OK;
}

/* ── the table ── */

static uint64_t key_of(uint32_t place, struct str text)
{
    uint64_t key = str_hash(text) ^ ((uint64_t) place + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return key ? key : 1;
}

/* Where @key stands, or would. */
static struct answer *slot_of(const struct odds *odds, uint64_t key)
{
    uint64_t slot = key & odds->mask;
    while (odds->table[slot].key && odds->table[slot].key != key)
        slot = (slot + 1) & odds->mask;
    return &odds->table[slot];
}

static struct answer answer_of(const struct node *node, uint64_t key, uint32_t place)
{
    return (struct answer){ .key = key,
                            .mean = (float) node->mean,
                            .strength = (float) node->strength,
                            .relevance = (float) node->relevance,
                            .place = place };
}

static void fill(struct sealing *s)
{
    struct odds *odds = s->odds;
    const struct outcome_cell *cells = s->outcomes->cells;
    for (int kind = 0; kind < RULE_KINDS; kind++) {
        struct node node = node_below(&s->kinds[kind].node, odds->facts.rules_strength, -1, 0);
        odds->new_rules[kind] = answer_of(&node, 0, ODDS_NEW_RULE);
    }
    for (uint32_t i = 0; i < odds->facts.n_rules; i++) {
        const struct node *rule = &s->rules[i].node;
        struct node new_product = node_below(rule, odds->facts.products_strength, -1, 0);
        uint64_t key = key_of(ODDS_NEW_RULE, cells[s->rules[i].cell].rule);
        odds->places[i].rule = *slot_of(odds, key) = answer_of(rule, key, i);
        odds->places[i].new_product = answer_of(&new_product, 0, i);
    }
    for (uint32_t i = 0; i < odds->facts.n_products; i++) {
        const struct member *product = &s->products[i];
        uint32_t place = s->places[product->cell];
        uint64_t key = key_of(place, cells[product->cell].sku);
        *slot_of(odds, key) = answer_of(&product->node, key, place);
    }
}

static enum err make_room(struct sealing *s)
{
    size_t n = s->outcomes->n_cells, room = 16;
    while (room < 2 * n)
        room *= 2;
    s->odds->mask = room - 1;
    s->odds->table = calloc(room, sizeof *s->odds->table);
    s->odds->places = calloc(s->outcomes->n_bands + 1, sizeof *s->odds->places);
    s->rules = calloc(s->outcomes->n_bands + 1, sizeof *s->rules);
    s->products = calloc(n + 1, sizeof *s->products);
    s->places = calloc(n + 1, sizeof *s->places);
    return s->odds->table && s->odds->places && s->rules && s->products && s->places ? OK
                                                                                     : ERR_NOMEM;
}

static enum err seal(struct sealing *s)
{
    TRY(make_room(s));
    TRY(find_slopes(s));
    seal_kinds(s);
    seal_rules(s);
    seal_products(s);
    fill(s);
    return OK;
}

/* ── outside ── */

static void odds_free(struct snapshot *snapshot)
{
    struct odds *odds = (struct odds *) snapshot;
    free(odds->places);
    free(odds->table);
    free(odds);
}

enum err odds_new(const struct outcomes *outcomes, struct odds **ret_odds)
{
    AUTO(outcomes_free) struct outcomes *none = NULL;
    if (!outcomes && !(outcomes = none = outcomes_new()))
        return ERR_NOMEM;
    AUTO(odds_unref) struct odds *odds = calloc(1, sizeof *odds);
    if (!odds)
        return ERR_NOMEM;
    snapshot_init(&odds->snapshot, odds_free);
    struct sealing s = { .outcomes = outcomes, .odds = odds, .now = outcomes_weight_now(outcomes) };
    enum err err = seal(&s);
    sealing_deinit(&s);
    if (err == OK)
        *ret_odds = MOVE(odds);
    return err;
}

struct odds *odds_ref(struct odds *odds)
{
    if (odds)
        (void) snapshot_ref(&odds->snapshot);
    return odds;
}

struct odds *odds_unref(struct odds *odds)
{
    if (odds)
        (void) snapshot_unref(&odds->snapshot);
    return NULL;
}

const struct odds_facts *odds_facts(const struct odds *odds)
{
    return &odds->facts;
}

uint32_t odds_rule(const struct odds *odds, struct str rule)
{
    const struct answer *answer = odds ? slot_of(odds, key_of(ODDS_NEW_RULE, rule)) : NULL;
    return answer && answer->key ? answer->place : ODDS_NEW_RULE;
}

static const struct answer *find(const struct odds *odds, uint32_t place, enum rule_kind kind,
                                 struct str sku)
{
    if (place >= odds->facts.n_rules)
        return &odds->new_rules[kind];
    if (sku.len == 0)
        return &odds->places[place].rule;
    const struct answer *product = slot_of(odds, key_of(place, sku));
    return product->key ? product : &odds->places[place].new_product;
}

struct beta odds_of(const struct odds *odds, uint32_t place, enum rule_kind kind, struct str sku,
                    float relevance)
{
    struct node node = FIRST_GUESS;
    double slope = 0;
    if (odds) {
        const struct answer *answer = find(odds, place, kind, sku);
        node = (struct node){ answer->mean, answer->strength, answer->relevance };
        slope = odds->slopes[kind];
    }
    float strength = (float) node.strength;
    double at = relevance >= 0 ? fmin((double) relevance, 1) : -1; /* also for NAN */
    float alpha = (float) node_mean_at(&node, at, slope) * strength;
    return (struct beta){ fmaxf(alpha, LEAST), fmaxf(strength - alpha, LEAST) };
}
