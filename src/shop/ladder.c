/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ladder is made in three steps, each with a file: texts to numbers (ladder_read.c), what matters
 * in each kind (ladder_learn.c), and each product's best steps among the candidates of a bounded
 * walk (ladder_walk.c), as ladder_judge.c scores them; here they are put together, kept and given.
 */
#include "shop/ladder.h"

#include <stdlib.h>

#include "shop/ladder_walk.h"

#define UNTOLD 4 /* customers at most, of whom nothing is told */

/* ── steps ───────────────────────────────────────────────────────────────────────────────────── */

static bool is_before(const struct ladder_step *a, const struct ladder_step *b)
{
    return a->score > b->score || (a->score == b->score && a->product < b->product);
}

/* The degree of the one that there is no room for. */
static enum ladder_degree keep(struct ladder_step *best, uint32_t *n,
                               const struct ladder_step *step)
{
    uint32_t at = *n;
    enum ladder_degree left_out = LADDER_NO_STEP;
    if (at == LADDER_STEPS && !is_before(step, &best[at - 1]))
        return step->degree;
    if (at == LADDER_STEPS)
        left_out = best[--at].degree;
    for (; at > 0 && is_before(step, &best[at - 1]); at--)
        best[at] = best[at - 1];
    best[at] = *step;
    *n += *n < LADDER_STEPS;
    return left_out;
}

/*
 * More people went that way than the other: up to twice the score. Who buys inner tubes buys another
 * kind next time, and the first again: many moves and no step. Too few to
 * be told are taken for as many as those can be. And what more had at one time goes beside the other, a cage
 * with a bottle, and does not follow it.
 */
static void confirm(const struct ladder_moves *moves, uint32_t base, struct ladder_step *step)
{
    if (!moves)
        return;
    step->moved = moves->moved(moves->self, base, step->product);
    uint32_t told = moves->moved(moves->self, step->product, base);
    float there = (float) step->moved, back = told ? (float) told : UNTOLD, more = there - back;
    if (more <= 0)
        return;
    step->confirmed = more * more >= LADDER_CLEARLY * (there + back) &&
                      step->moved > moves->together(moves->self, base, step->product);
    step->score *= 1 + more / (there + back + 10);
    if (step->confirmed && step->degree == LADDER_UNLIKE)
        step->degree = LADDER_DEARER;
}

static enum err append(struct ladder *ladder, const struct ladder_step *steps, uint32_t n)
{
    if (ladder->n_steps + n > ladder->room) {
        uint32_t room = 2 * ladder->room + LADDER_STEPS;
        struct ladder_step *more = realloc(ladder->steps, room * sizeof *more);
        if (!more)
            return ERR_NOMEM;
        ladder->steps = more;
        ladder->room = room;
    }
    if (n)
        memcpy(ladder->steps + ladder->n_steps, steps, n * sizeof *steps);
    ladder->n_steps += n;
    return OK;
}

/* The first row whose price is at least @price_minor. */
static uint32_t row_from(const struct ladder_walk *walk, double price_minor)
{
    uint32_t low = 0, high = walk->kind->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (walk->prices[middle] < price_minor)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A step of the customer's own line, for which another is not to be left. */
static bool goes_on(const struct ladder_step *step)
{
    return step->degree <= LADDER_ASIDE;
}

/* The best that a step may be in that kind, not knowing the products. */
static enum ladder_degree best_of_kind(const struct kind *kind, bool up)
{
    return !up || kind->gains ? LADDER_BETTER : kind->bare ? LADDER_ASIDE : LADDER_DEARER;
}

/* Gives the product's place its share of them in `rest`. */
static enum err add_steps(struct ladder *ladder, struct ladder_walk *walk,
                          const struct ladder_moves *moves, uint32_t product, bool up)
{
    const struct learned *learned = ladder->learned;
    const struct kind *kind = walk->kind;
    double price = (double) learned->items[product].price_minor;
    double low = up ? price * LADDER_RATIO_LOW : price / LADDER_RATIO_HIGH;
    double high = up ? price * LADDER_RATIO_HIGH : price / LADDER_RATIO_LOW;
    struct ladder_step best[LADDER_STEPS], steps[LADDER_CANDIDATES];
    struct ladder_lines lines[LADDER_CANDIDATES];
    struct item *item = &learned->items[product];
    uint32_t n = 0, n_best = 0;
    uint64_t further = 0;
    enum ladder_degree rest = LADDER_NO_STEP;
    if (price <= 0)
        return OK;
    uint32_t begin = row_from(walk, low), end = row_from(walk, high + 1e-6);
    ladder_walk_run(walk, item->row, begin, end > begin ? end : begin);
    for (uint32_t i = 0; i < walk->n_rows; i++)
        if (ladder_judge_lines(learned, kind, product, kind->kin[walk->rows[i]], &steps[n],
                               &lines[n])) {
            further |= goes_on(&steps[n]) ? lines[n].kept : 0;
            n++;
        }
    if (item->further[up] != further) /* the first time: whoever shares the items reads the same */
        item->further[up] = further;
    for (uint32_t i = 0; i < n; i++)
        if (ladder_leave(item, &lines[i], up, &steps[i])) {
            confirm(moves, product, &steps[i]);
            steps[i].score = ladder_score(steps[i].degree, steps[i].score);
            enum ladder_degree left_out = keep(best, &n_best, &steps[i]);
            rest = left_out < rest ? left_out : rest;
        }
    if (rest != LADDER_NO_STEP && walk->n_rows < end - begin)
        rest = best_of_kind(kind, up);
    ladder->places[product].rest[up] = (uint8_t) rest;
    return append(ladder, best, n_best);
}

/* ── what the catalogue teaches ──────────────────────────────────────────────────────────────── */

static void learned_free(struct snapshot *snapshot)
{
    struct learned *learned = (struct learned *) snapshot;
    (void) catalog_unref(learned->catalog);
    (void) arena_free(learned->arena);
    free(learned->attributes);
    free(learned->kinds);
    free(learned->items);
    free(learned);
}

static enum err number_kinds(struct learned *learned)
{
    uint32_t n = catalog_count(learned->catalog);
    for (uint32_t p = 0; p < n; p++) {
        uint32_t kind = catalog_product(learned->catalog, p)->kind;
        learned->n_kinds = kind >= learned->n_kinds ? kind + 1 : learned->n_kinds;
    }
    learned->kinds = calloc(learned->n_kinds + 1, sizeof *learned->kinds);
    if (!learned->kinds)
        return ERR_NOMEM;
    for (uint32_t p = 0; p < n; p++) {
        struct kind *kind = &learned->kinds[catalog_product(learned->catalog, p)->kind];
        if (!kind->kin)
            kind->kin = catalog_same_kind(learned->catalog, p, &kind->n);
    }
    return OK;
}

static struct learned *learned_unref(struct learned *learned)
{
    if (learned)
        (void) snapshot_unref(&learned->snapshot);
    return NULL;
}
DEFINE_AUTO(struct learned, learned_unref)

/* Nothing is read yet. */
static enum err learned_new(struct catalog *catalog, struct learned **ret_learned)
{
    struct learned *made = calloc(1, sizeof *made);
    if (!made)
        return ERR_NOMEM;
    snapshot_init(&made->snapshot, learned_free);
    AUTO(learned_unref) struct learned *learned = made;
    learned->catalog = catalog_ref(catalog);
    learned->arena = arena_new(1 << 16, SIZE_MAX);
    learned->items = calloc((size_t) catalog_count(catalog) + 1, sizeof *learned->items);
    if (!learned->arena || !learned->items)
        return ERR_NOMEM;
    TRY(number_kinds(learned));
    *ret_learned = MOVE(learned);
    return OK;
}

static enum err learn(struct learned *learned, const struct ladder_said *said)
{
    AUTO(arena_free) struct arena *texts = arena_new(1 << 16, SIZE_MAX);
    AUTO(strmap_free) struct strmap *numbers = strmap_new(256);
    if (!texts || !numbers)
        return ERR_NOMEM;
    struct ladder_words words = { texts, numbers };
    TRY(ladder_read_attributes(learned, said));
    for (uint32_t p = 0; p < catalog_count(learned->catalog); p++)
        ladder_read_item(learned, &words, p);
    for (uint32_t k = 0; k < learned->n_kinds; k++) {
        if (learned->kinds[k].n < 2)
            continue;
        TRY(ladder_read_kind(learned, &words, &learned->kinds[k]));
        TRY(ladder_learn_kind(learned, &learned->kinds[k]));
    }
    return OK;
}

/* ── making one ──────────────────────────────────────────────────────────────────────────────── */

static void ladder_free(struct snapshot *snapshot)
{
    struct ladder *ladder = (struct ladder *) snapshot;
    (void) learned_unref(ladder->learned);
    free(ladder->steps);
    free(ladder->places);
    free(ladder);
}

struct ladder *ladder_ref(struct ladder *ladder)
{
    if (ladder)
        (void) snapshot_ref(&ladder->snapshot);
    return ladder;
}

struct ladder *ladder_unref(struct ladder *ladder)
{
    if (ladder)
        (void) snapshot_unref(&ladder->snapshot);
    return NULL;
}

/* Nobody moves from it, and nobody did: its steps are those of @old. */
static bool stays(const struct ladder *old, const struct ladder_moves *moves, uint32_t product)
{
    const struct place *place = &old->places[product];
    for (uint32_t i = 0; i < (uint32_t) place->up + place->down; i++)
        if (old->steps[place->at + i].moved)
            return false;
    return !moves || !moves->any(moves->self, product);
}

static enum err copy_steps(struct ladder *ladder, const struct ladder *old, uint32_t product)
{
    struct place *place = &ladder->places[product];
    *place = old->places[product];
    const struct ladder_step *steps = old->steps + place->at;
    place->at = ladder->n_steps;
    return append(ladder, steps, (uint32_t) place->up + place->down);
}

static enum err walk_product(struct ladder *ladder, const struct ladder_moves *moves,
                             struct ladder_walk *walk, uint32_t product)
{
    struct place *place = &ladder->places[product];
    place->at = ladder->n_steps;
    TRY(add_steps(ladder, walk, moves, product, true));
    place->up = (uint8_t) (ladder->n_steps - place->at);
    TRY(add_steps(ladder, walk, moves, product, false));
    place->down = (uint8_t) (ladder->n_steps - place->at - place->up);
    return OK;
}

/* By price, so that one product's candidates are mostly the next one's too, and near at hand. */
static enum err walk_kind(struct ladder *ladder, const struct ladder *old,
                          const struct ladder_moves *moves, const struct kind *kind)
{
    struct ladder_walk walk = { .kind = NULL };
    enum err err = OK;
    for (uint32_t row = 0; row < kind->n && err == OK; row++) {
        uint32_t product = kind->kin[row];
        if (old && stays(old, moves, product)) {
            err = copy_steps(ladder, old, product);
            continue;
        }
        if (!walk.kind)
            err = ladder_walk_init(&walk, ladder->learned, kind);
        if (err == OK)
            err = walk_product(ladder, moves, &walk, product);
    }
    ladder_walk_deinit(&walk);
    return err;
}

static enum err walk_all(struct ladder *ladder, const struct ladder *old,
                         const struct ladder_moves *moves)
{
    const struct learned *learned = ladder->learned;
    for (uint32_t k = 0; k < learned->n_kinds; k++)
        if (learned->kinds[k].n > 1)
            TRY(walk_kind(ladder, old, moves, &learned->kinds[k]));
    /* What was kept in reserve goes back; failing to is no harm. */
    struct ladder_step *exact = realloc(ladder->steps, (ladder->n_steps + 1) * sizeof *exact);
    ladder->steps = exact ? exact : ladder->steps;
    return OK;
}

/* No steps yet. */
static enum err ladder_of(struct learned *learned, struct ladder **ret_ladder)
{
    struct ladder *made = calloc(1, sizeof *made);
    if (!made)
        return ERR_NOMEM;
    snapshot_init(&made->snapshot, ladder_free);
    AUTO(ladder_unref) struct ladder *ladder = made;
    (void) snapshot_ref(&learned->snapshot);
    ladder->learned = learned;
    ladder->places = calloc((size_t) catalog_count(learned->catalog) + 1, sizeof *ladder->places);
    if (!ladder->places)
        return ERR_NOMEM;
    *ret_ladder = MOVE(ladder);
    return OK;
}

enum err ladder_blank(struct catalog *catalog, struct ladder **ret_ladder)
{
    AUTO(learned_unref) struct learned *learned = NULL;
    TRY(learned_new(catalog, &learned));
    return ladder_of(learned, ret_ladder);
}

enum err ladder_new(struct catalog *catalog, const struct ladder_moves *moves,
                    const struct ladder_said *said, struct ladder **ret_ladder)
{
    AUTO(ladder_unref) struct ladder *ladder = NULL;
    TRY(ladder_blank(catalog, &ladder));
    TRY(learn(ladder->learned, said));
    TRY(walk_all(ladder, NULL, moves));
    *ret_ladder = MOVE(ladder);
    return OK;
}

enum err ladder_with_moves(const struct ladder *old, const struct ladder_moves *moves,
                           struct ladder **ret_ladder)
{
    AUTO(ladder_unref) struct ladder *ladder = NULL;
    TRY(ladder_of(old->learned, &ladder));
    TRY(walk_all(ladder, old, moves));
    *ret_ladder = MOVE(ladder);
    return OK;
}

bool ladder_agrees(const struct ladder *ladder, const struct ladder_said *said)
{
    const struct learned *learned = ladder->learned;
    for (uint32_t i = 0; i < learned->n_attributes; i++) {
        const struct attribute *attribute = &learned->attributes[i];
        if (attribute->said != (said ? said->better(said->self, attribute->name) : LADDER_UNSAID))
            return false;
    }
    return learned->n_attributes > 0;
}

/* ── asking ──────────────────────────────────────────────────────────────────────────────────── */

const struct ladder_step *ladder_up(const struct ladder *ladder, uint32_t product, uint32_t *ret_n)
{
    const struct place *place = &ladder->places[product];
    *ret_n = place->up;
    return place->up ? ladder->steps + place->at : NULL;
}

const struct ladder_step *ladder_down(const struct ladder *ladder, uint32_t product,
                                      uint32_t *ret_n)
{
    const struct place *place = &ladder->places[product];
    *ret_n = place->down;
    return place->down ? ladder->steps + place->at + place->up : NULL;
}

enum ladder_degree ladder_rest(const struct ladder *ladder, uint32_t product, bool up)
{
    const struct place *place = &ladder->places[product];
    return (up ? place->up : place->down) < LADDER_STEPS ? LADDER_NO_STEP
                                                         : (enum ladder_degree) place->rest[up];
}
