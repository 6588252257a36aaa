/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fold. Everything that may fail (room for two cells and one open offer) happens before
 * anything is counted. Cells stand in order of appearance; when they are too many, the least
 * recently touched quarter is left out of a copy that takes their place. A product is never touched
 * later than its rule, so a rule stays as long as any product of it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/odds/outcomes_parts.h"
#include "shop/event.h"

enum { FIRST_CELLS = 64, FIRST_CHUNK_BYTES = 16 * 1024 };
static const double HALF_LIFE_US = OUTCOMES_HALF_LIFE_DAYS * 86400e6;

/* Upper bounds: pick's scores crowd near 0. */
static const float band_ends[OUTCOME_BANDS - 1] = { 0.02f, 0.05f, 0.1f, 0.2f, 0.35f, 0.5f, 0.7f };

uint32_t outcomes_band(float relevance)
{
    uint32_t band = 0;
    while (band < OUTCOME_BANDS - 1 && relevance >= band_ends[band])
        band++;
    return band;
}

struct outcomes *outcomes_new_bounded(uint32_t max_cells, uint32_t max_open)
{
    AUTO(outcomes_free) struct outcomes *outcomes = calloc(1, sizeof *outcomes);
    if (!outcomes)
        return NULL;
    outcomes->max_cells = max_cells;
    open_offers_init(&outcomes->open, max_open);
    outcomes->arena = arena_new(FIRST_CHUNK_BYTES, SIZE_MAX);
    outcomes->ids = strmap_new(FIRST_CELLS);
    if (!outcomes->arena || !outcomes->ids)
        return NULL;
    return MOVE(outcomes);
}

struct outcomes *outcomes_new(void)
{
    return outcomes_new_bounded(OUTCOMES_MAX_CELLS, OUTCOMES_OPEN_OFFERS);
}

struct outcomes *outcomes_free(struct outcomes *outcomes)
{
    if (!outcomes)
        return NULL;
    (void) arena_free(outcomes->arena);
    (void) strmap_free(outcomes->ids);
    free(outcomes->cells);
    free(outcomes->bands);
    open_offers_deinit(&outcomes->open);
    free(outcomes);
    return NULL;
}

/* ── cells ── */

struct key {
    char text[2 * ID_MAX_BYTES + 1];
    size_t len;
};

static struct str key_of(struct key *key, struct str rule, struct str sku)
{
    memcpy(key->text, rule.at, rule.len);
    key->len = rule.len;
    if (sku.len) {
        key->text[key->len++] = '\0';
        memcpy(key->text + key->len, sku.at, sku.len);
        key->len += sku.len;
    }
    return (struct str){ key->text, key->len };
}

uint32_t outcomes_find(const struct outcomes *outcomes, struct str rule, struct str sku)
{
    struct key key;
    if (rule.len == 0 || rule.len > ID_MAX_BYTES || sku.len > ID_MAX_BYTES)
        return STRMAP_NONE;
    return strmap_get(outcomes->ids, key_of(&key, rule, sku));
}

/* Doubles the room of an array of @each_bytes things when it is full. */
static enum err make_room(void **things, uint32_t n, uint32_t *room, size_t each_bytes)
{
    if (n < *room)
        return OK;
    uint32_t more = *room ? *room * 2 : FIRST_CELLS;
    void *moved = realloc(*things, more * each_bytes);
    if (!moved)
        return ERR_NOMEM;
    *things = moved;
    *room = more;
    return OK;
}

enum err outcomes_add_cell(struct outcomes *outcomes, struct str rule, struct str sku, int kind,
                           uint32_t *ret_cell)
{
    struct key key;
    TRY(make_room((void **) &outcomes->cells, outcomes->n_cells, &outcomes->room,
                  sizeof *outcomes->cells));
    TRY(make_room((void **) &outcomes->bands, outcomes->n_bands, &outcomes->bands_room,
                  sizeof *outcomes->bands));
    struct str text = arena_copy(outcomes->arena, key_of(&key, rule, sku));
    if (!text.at)
        return ERR_NOMEM;
    TRY(strmap_put(outcomes->ids, text, outcomes->n_cells));
    struct outcome_cell *cell = &outcomes->cells[outcomes->n_cells];
    *cell = (struct outcome_cell){ .rule = { text.at, rule.len },
                                   .kind = kind,
                                   .bands = OUTCOME_NO_BANDS };
    if (sku.len)
        cell->sku = (struct str){ text.at + rule.len + 1, sku.len };
    else {
        memset(outcomes->bands[outcomes->n_bands], 0, sizeof *outcomes->bands);
        cell->bands = (int32_t) outcomes->n_bands++;
    }
    *ret_cell = outcomes->n_cells++;
    return OK;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
    return x < y ? -1 : x > y;
}

/* The log position at or before which a quarter of the cells was touched last. */
static enum err stale_position(const struct outcomes *outcomes, uint64_t *ret_position)
{
    uint64_t *touched = malloc(outcomes->n_cells * sizeof *touched);
    if (!touched)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < outcomes->n_cells; i++)
        touched[i] = outcomes->cells[i].touched;
    qsort(touched, outcomes->n_cells, sizeof *touched, by_number);
    *ret_position = touched[outcomes->n_cells / 4];
    free(touched);
    return OK;
}

static enum err copy_fresh(const struct outcomes *outcomes, uint64_t stale, struct outcomes *copy)
{
    for (uint32_t i = 0; i < outcomes->n_cells; i++) {
        const struct outcome_cell *cell = &outcomes->cells[i];
        if (cell->touched <= stale)
            continue;
        uint32_t at;
        TRY(outcomes_add_cell(copy, cell->rule, cell->sku, cell->kind, &at));
        copy->cells[at].tally = cell->tally;
        copy->cells[at].touched = cell->touched;
        if (cell->bands != OUTCOME_NO_BANDS)
            memcpy(copy->bands[copy->cells[at].bands], outcomes->bands[cell->bands],
                   sizeof *copy->bands);
    }
    return OK;
}

/* Room for a rule and a product of it. */
static enum err bound_cells(struct outcomes *outcomes)
{
    if (outcomes->n_cells + 2 <= outcomes->max_cells)
        return OK;
    uint64_t stale;
    AUTO(outcomes_free) struct outcomes *copy = outcomes_new_bounded(outcomes->max_cells, 2);
    if (!copy)
        return ERR_NOMEM;
    TRY(stale_position(outcomes, &stale));
    TRY(copy_fresh(outcomes, stale, copy));
    struct outcomes before = *outcomes; /* the cells change places, the rest stays */
    outcomes->arena = copy->arena, copy->arena = before.arena;
    outcomes->ids = copy->ids, copy->ids = before.ids;
    outcomes->cells = copy->cells, copy->cells = before.cells;
    outcomes->bands = copy->bands, copy->bands = before.bands;
    outcomes->n_cells = copy->n_cells, outcomes->room = copy->room;
    outcomes->n_bands = copy->n_bands, outcomes->bands_room = copy->bands_room;
    return OK;
}

static enum err cell_of(struct outcomes *outcomes, const struct outcome *outcome, struct str sku,
                        uint32_t *ret_cell)
{
    uint32_t at = outcomes_find(outcomes, outcome->rule, sku);
    if (at == STRMAP_NONE)
        TRY(outcomes_add_cell(outcomes, outcome->rule, sku, outcome->kind, &at));
    *ret_cell = at;
    return OK;
}

/* ── weights ── */

double outcomes_halvings(int64_t from_us, int64_t to_us)
{
    return ((double) to_us - (double) from_us) / HALF_LIFE_US;
}

double outcomes_weight_now(const struct outcomes *outcomes)
{
    return exp2(outcomes_halvings(outcomes->landmark_us, outcomes->newest_us));
}

static void scale_tally(struct tally *tally, double by)
{
    tally->shown *= by;
    tally->accepted *= by;
    tally->declined *= by;
    tally->squares *= by * by;
    tally->known *= by;
    tally->relevance *= by;
}

/* Moves the landmark before the weights grow out of what adds up well: once in 60 half-lives. */
static void move_landmark(struct outcomes *outcomes, int64_t at_us)
{
    if (outcomes->landmark_us == 0)
        outcomes->landmark_us = outcomes->newest_us = at_us;
    if (at_us > outcomes->newest_us)
        outcomes->newest_us = at_us;
    double halvings = floor(outcomes_halvings(outcomes->landmark_us, outcomes->newest_us));
    if (halvings < OUTCOMES_HALVINGS_MAX)
        return;
    double by = exp2(-halvings);
    scale_tally(&outcomes->shop, by);
    for (int i = 0; i < RULE_KINDS; i++)
        scale_tally(&outcomes->kinds[i], by);
    for (uint32_t i = 0; i < outcomes->n_cells; i++)
        scale_tally(&outcomes->cells[i].tally, by);
    for (uint32_t i = 0; i < outcomes->n_bands; i++)
        for (int b = 0; b < OUTCOME_BANDS; b++) {
            struct band *band = &outcomes->bands[i][b];
            band->shown *= by, band->accepted *= by, band->relevance *= by;
        }
    outcomes->landmark_us += (int64_t) (halvings * HALF_LIFE_US);
}

/* ── counting ── */

/* One event of one offer; @offer says what the showing weighs and how relevant it was. */
struct counting {
    double weight;
    float relevance;
    bool shown, accepted, declined;
};

static void count(struct tally *tally, const struct counting *c)
{
    static const double FADE = 0.9972312513520695; /* 2^(-1 / OUTCOMES_RECENT_SHOWN) */
    if (c->shown) {
        tally->shown += c->weight;
        tally->squares += c->weight * c->weight;
        tally->recent_shown = tally->recent_shown * FADE + 1;
        tally->recent_accepted *= FADE;
        if (c->relevance >= 0) {
            tally->known += c->weight;
            tally->relevance += c->weight * (double) c->relevance;
        }
    }
    if (c->accepted) {
        tally->accepted += c->weight;
        tally->recent_accepted += 1;
    }
    if (c->declined)
        tally->declined += c->weight;
}

static void count_band(struct outcomes *outcomes, const struct outcome_cell *rule,
                       const struct counting *c)
{
    if (c->relevance < 0 || rule->bands == OUTCOME_NO_BANDS)
        return;
    struct band *band = &outcomes->bands[rule->bands][outcomes_band(c->relevance)];
    if (c->shown) {
        band->shown += c->weight;
        band->relevance += c->weight * (double) c->relevance;
    }
    if (c->accepted)
        band->accepted += c->weight;
}

static uint64_t open_key(const struct outcome *outcome)
{
    uint64_t key = str_hash(outcome->offer_id) * UINT64_C(0x9e3779b97f4a7c15);
    key ^= str_hash(outcome->decision_id);
    return key ? key : 1;
}

/*
 * What of @outcome is new, and what its showing weighs: looked up among the open offers, or added.
 */
static struct counting news_of(struct outcomes *outcomes, const struct outcome *outcome)
{
    float relevance = outcome->relevance >= 0 ? fminf(outcome->relevance, 1) : -1;
    struct open_offer offer = { .key = open_key(outcome),
                                .at_us = outcome->at_us,
                                .relevance = relevance };
    struct open_offer *known = open_offers_find(&outcomes->open, offer.key);
    if (!known)
        known = open_offers_add(&outcomes->open, &offer);
    uint32_t told = TOLD_SHOWN | (outcome->accepted ? TOLD_ACCEPTED : 0) |
                    (outcome->declined ? TOLD_DECLINED : 0);
    uint32_t news = told & ~known->told;
    known->told |= told;
    return (struct counting){
        .weight = exp2(
            fmax(outcomes_halvings(outcomes->landmark_us, known->at_us), -OUTCOMES_HALVINGS_MAX)),
        .relevance = known->relevance,
        .shown = news & TOLD_SHOWN,
        .accepted = news & TOLD_ACCEPTED,
        .declined = news & TOLD_DECLINED,
    };
}

static bool makes_sense(const struct outcome *outcome)
{
    return outcome->rule.len > 0 && outcome->rule.len <= ID_MAX_BYTES &&
           !memchr(outcome->rule.at, '\0', outcome->rule.len) && outcome->sku.len <= ID_MAX_BYTES &&
           outcome->kind >= 0 && outcome->kind < RULE_KINDS && outcome->at_us > 0 &&
           (outcome->shown || outcome->accepted || outcome->declined);
}

enum err outcomes_add(struct outcomes *outcomes, uint64_t position, const struct outcome *outcome)
{
    if (position <= outcomes->position)
        return OK;
    if (!makes_sense(outcome)) {
        outcomes->position = position;
        return OK;
    }
    uint32_t rule, product = STRMAP_NONE;
    TRY(bound_cells(outcomes));
    TRY(open_offers_reserve(&outcomes->open));
    TRY(cell_of(outcomes, outcome, (struct str){ 0 }, &rule));
    if (outcome->sku.len)
        TRY(cell_of(outcomes, outcome, outcome->sku, &product));

    /* From here on nothing fails. */
    move_landmark(outcomes, outcome->at_us);
    struct counting news = news_of(outcomes, outcome);
    count(&outcomes->shop, &news);
    count(&outcomes->kinds[outcome->kind], &news);
    count(&outcomes->cells[rule].tally, &news);
    count_band(outcomes, &outcomes->cells[rule], &news);
    outcomes->cells[rule].kind = outcome->kind;
    outcomes->cells[rule].touched = position;
    if (product != STRMAP_NONE) {
        count(&outcomes->cells[product].tally, &news);
        outcomes->cells[product].kind = outcome->kind;
        outcomes->cells[product].touched = position;
    }
    outcomes->position = position;
    return OK;
}

uint64_t outcomes_position(const struct outcomes *outcomes)
{
    return outcomes->position;
}

void outcomes_pass(struct outcomes *outcomes, uint64_t position)
{
    if (position > outcomes->position)
        outcomes->position = position;
}

bool outcomes_of(const struct outcomes *outcomes, struct str rule, struct str sku,
                 struct outcome_counts *ret_counts)
{
    uint32_t at = rule.len ? outcomes_find(outcomes, rule, sku) : STRMAP_NONE;
    const struct tally *tally = at != STRMAP_NONE ? &outcomes->cells[at].tally : &outcomes->shop;
    if ((rule.len && at == STRMAP_NONE) || outcomes->newest_us == 0)
        return false;
    double now = outcomes_weight_now(outcomes);
    *ret_counts = (struct outcome_counts){
        .shown = tally->shown / now,
        .accepted = tally->accepted / now,
        .declined = tally->declined / now,
        .relevance = tally->known > 0 ? tally->relevance / tally->known : -1,
        .recent_shown = tally->recent_shown,
        .recent_accepted = tally->recent_accepted,
    };
    return true;
}
