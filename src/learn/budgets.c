/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A budget is one number, taken: acceptances and holds. Who reserves raises it by compare
 * and swap while it is below the budget, then writes the hold into a place near its mark's own in
 * one table for all rules. Places are reused at once, so a look-up goes over all of the
 * few that a mark may stand in.
 *
 * Only the journal's thread ends holds. It closes until_us first (by compare and swap: a reader
 * that extends the hold in the same moment wins, or finds it closed), then gives back what was
 * taken, then frees the place. A reader that extended looks at the mark once more: had the place
 * changed hands in between, it has at worst lengthened somebody's hold, and goes on looking. It
 * gives back by making the hold end at once, if nobody has extended it since: a hold ends at an odd
 * microsecond until it is extended, then at an even one. (Had its place changed hands in that
 * moment, to a hold that ends in the very same microsecond, that one would end.)
 */
#include "learn/budgets.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { RULE_PLACES = BUDGETS_MAX_RULES * 2, NEAR = 64, MARK_FREE = 0, MARK_BUSY = 1 };

#define CLOSED     INT64_MIN
#define GIVEN_BACK (INT64_MIN + 1) /* over long ago: the next tend ends it, unless it is extended */

struct rule_budget {
    uint64_t hash;
    uint32_t number;       /* its place in the table */
    _Atomic int64_t taken; /* acceptances and holds */
    int64_t accepted;      /* the journal's */
    size_t len;
    char id[];
};

struct hold {
    _Atomic uint64_t mark; /* MARK_FREE, MARK_BUSY: being written, or an offer's */
    _Atomic int64_t until_us;
    _Atomic uint32_t rule; /* the number */
};

struct budgets {
    struct budget_store store;                        /* first */
    _Atomic(struct rule_budget *) rules[RULE_PLACES]; /* by hash; none ever leaves */
    uint32_t n_rules;                                 /* the journal's */
    struct hold *holds;
    _Atomic int64_t next_end_us; /* no hold ends before */
    atomic_bool wanting;
    void (*wake)(void *self);
    void *self;
};

/* ── rules ───────────────────────────────────────────────────────────────────────────────── */

/* The rule's budget, or NULL; *ret_place is where it would stand. */
static struct rule_budget *find_rule(struct budgets *budgets, struct str rule, uint32_t *ret_place)
{
    uint64_t hash = str_hash(rule);
    for (uint32_t i = (uint32_t) hash & (RULE_PLACES - 1);; i = (i + 1) & (RULE_PLACES - 1)) {
        struct rule_budget *budget = atomic_load(&budgets->rules[i]);
        *ret_place = i;
        if (!budget ||
            (budget->hash == hash && str_eq((struct str){ budget->id, budget->len }, rule)))
            return budget;
    }
}

static enum err add_rule(struct budgets *budgets, struct str rule, uint32_t place, int64_t accepted,
                         struct err_note *note)
{
    if (budgets->n_rules == BUDGETS_MAX_RULES)
        return err_fail(note, ERR_LIMIT, "more than %d rules have budgets", BUDGETS_MAX_RULES);
    struct rule_budget *budget = malloc(sizeof *budget + rule.len);
    if (!budget)
        return ERR_NOMEM;
    *budget = (struct rule_budget){
        .hash = str_hash(rule), .number = place, .accepted = accepted, .len = rule.len
    };
    atomic_init(&budget->taken, accepted);
    if (rule.len)
        memcpy(budget->id, rule.at, rule.len);
    budgets->n_rules++;
    atomic_store(&budgets->rules[place], budget);
    return OK;
}

/* ── holds ───────────────────────────────────────────────────────────────────────────────── */

static uint64_t usable(uint64_t mark)
{
    return mark > MARK_BUSY ? mark : mark + 2;
}

/* Of the NEAR places where a mark may stand, the @i-th. */
static struct hold *place_of(struct budgets *budgets, uint64_t mark, uint32_t i)
{
    return &budgets->holds[((mark * UINT64_C(0x9e3779b97f4a7c15) >> 40) + i) &
                           (BUDGETS_MAX_HOLDS - 1)];
}

static void lower(_Atomic int64_t *number, int64_t to)
{
    int64_t seen = atomic_load(number);
    while (to < seen && !atomic_compare_exchange_weak(number, &seen, to))
        ;
}

static int64_t end_of_new(int64_t until_us)
{
    return (until_us - 1) | 1;
}

static int64_t end_of_extended(int64_t until_us, int64_t before_us)
{
    return ((until_us > before_us ? until_us : before_us) + 1) & ~INT64_C(1);
}

/* A rule's number stands as long as the mark beside it. */
static bool is_hold(struct hold *hold, uint32_t rule, uint64_t mark)
{
    return atomic_load(&hold->mark) == mark && atomic_load(&hold->rule) == rule;
}

static bool extend_at(struct hold *hold, uint32_t rule, uint64_t mark, int64_t until_us)
{
    if (!is_hold(hold, rule, mark))
        return false;
    int64_t seen = atomic_load(&hold->until_us);
    do
        if (seen == CLOSED)
            return false;
    while (!atomic_compare_exchange_weak(&hold->until_us, &seen, end_of_extended(until_us, seen)));
    return is_hold(hold, rule, mark);
}

static bool extend(struct budgets *budgets, uint32_t rule, uint64_t mark, int64_t until_us)
{
    for (uint32_t i = 0; i < NEAR; i++)
        if (extend_at(place_of(budgets, mark, i), rule, mark, until_us))
            return true;
    return false;
}

static bool take(struct rule_budget *budget, struct budget_claim *claim)
{
    claim->taken = atomic_load(&budget->taken);
    while (claim->taken < claim->redemptions)
        if (atomic_compare_exchange_weak(&budget->taken, &claim->taken, claim->taken + 1))
            return true;
    return false;
}

/* False when all places near the mark's are taken. */
static bool write_hold(struct budgets *budgets, uint32_t rule, uint64_t mark, int64_t until_us)
{
    for (uint32_t i = 0; i < NEAR; i++) {
        struct hold *hold = place_of(budgets, mark, i);
        uint64_t expected = MARK_FREE;
        if (!atomic_compare_exchange_strong(&hold->mark, &expected, MARK_BUSY))
            continue;
        atomic_store(&hold->rule, rule);
        atomic_store(&hold->until_us, end_of_new(until_us));
        atomic_store(&hold->mark, mark);
        lower(&budgets->next_end_us, end_of_new(until_us));
        return true;
    }
    return false;
}

/* False when there is no room for a hold. */
static bool reserve_one(struct budgets *budgets, struct rule_budget *budget,
                        struct budget_claim *claim)
{
    uint64_t mark = usable(claim->mark);
    claim->is_new = false;
    claim->granted = extend(budgets, budget->number, mark, claim->until_us);
    if (claim->granted || !take(budget, claim))
        return true;
    claim->granted = claim->is_new = write_hold(budgets, budget->number, mark, claim->until_us);
    if (!claim->granted)
        atomic_fetch_sub(&budget->taken, 1);
    return claim->granted;
}

static void give_back(struct budget_store *store, void *reader, const struct budget_claim *claim)
{
    struct budgets *budgets = (struct budgets *) store;
    uint32_t place;
    struct rule_budget *budget = find_rule(budgets, claim->rule, &place);
    uint64_t mark = usable(claim->mark);
    (void) reader;
    for (uint32_t i = 0; i < NEAR && budget; i++) {
        struct hold *hold = place_of(budgets, mark, i);
        int64_t until_us = end_of_new(claim->until_us);
        if (!is_hold(hold, budget->number, mark) ||
            !atomic_compare_exchange_strong(&hold->until_us, &until_us, GIVEN_BACK))
            continue;
        lower(&budgets->next_end_us, GIVEN_BACK);
        return;
    }
}

static enum budget_answer reserve(struct budget_store *store, void *reader,
                                  struct budget_claim *claims, uint32_t n, int64_t now_us,
                                  struct budget_waiter *waiter)
{
    struct budgets *budgets = (struct budgets *) store;
    uint32_t place;
    (void) now_us, (void) waiter;
    for (uint32_t i = 0; i < n; i++)
        if (!find_rule(budgets, claims[i].rule, &place)) {
            if (!atomic_exchange(&budgets->wanting, true) && budgets->wake)
                budgets->wake(budgets->self);
            return BUDGET_LOST;
        }
    for (uint32_t i = 0; i < n; i++) {
        if (reserve_one(budgets, find_rule(budgets, claims[i].rule, &place), &claims[i]))
            continue;
        while (i-- > 0)
            if (claims[i].is_new)
                give_back(store, reader, &claims[i]);
        return BUDGET_LOST;
    }
    return BUDGET_ANSWERED;
}

/* ── the journal's side ──────────────────────────────────────────────────────────────────── */

/* Closes the holds of a mark, gives back what they took and adds @more, frees their places. */
static void end_holds(struct budgets *budgets, struct rule_budget *budget, uint64_t mark,
                      int64_t more)
{
    struct hold *ended[NEAR];
    uint32_t n = 0;
    for (uint32_t i = 0; i < NEAR && mark != 0; i++) {
        struct hold *hold = place_of(budgets, usable(mark), i);
        if (!is_hold(hold, budget->number, usable(mark)))
            continue;
        atomic_store(&hold->until_us, CLOSED);
        ended[n++] = hold;
    }
    atomic_fetch_add(&budget->taken, more - (int64_t) n);
    while (n > 0)
        atomic_store(&ended[--n]->mark, MARK_FREE);
}

static enum err settle(struct budget_store *store, struct str rule, uint64_t mark, int64_t accepted,
                       struct err_note *note)
{
    struct budgets *budgets = (struct budgets *) store;
    uint32_t place;
    struct rule_budget *budget = find_rule(budgets, rule, &place);
    (void) note;
    if (!budget)
        return OK; /* when it is restored, this is counted */
    int64_t more = accepted > budget->accepted ? accepted - budget->accepted : 0;
    budget->accepted += more;
    end_holds(budgets, budget, mark, more);
    return OK;
}

static enum err release(struct budget_store *store, struct str rule, uint64_t mark,
                        struct err_note *note)
{
    struct budgets *budgets = (struct budgets *) store;
    uint32_t place;
    struct rule_budget *budget = find_rule(budgets, rule, &place);
    (void) note;
    if (budget)
        end_holds(budgets, budget, mark, 0);
    return OK;
}

static enum err restore(struct budget_store *store, struct str rule, int64_t accepted,
                        struct err_note *note)
{
    struct budgets *budgets = (struct budgets *) store;
    uint32_t place;
    struct rule_budget *budget = find_rule(budgets, rule, &place);
    if (!budget)
        return add_rule(budgets, rule, place, accepted, note);
    atomic_fetch_add(&budget->taken, accepted - budget->accepted);
    budget->accepted = accepted;
    return OK;
}

static bool wants_restore(struct budget_store *store)
{
    return atomic_exchange(&((struct budgets *) store)->wanting, false);
}

/*
 * Ends the hold when its time is over; else the time it ends, INT64_MAX for a place that is free.
 */
static int64_t end_if_over(struct budgets *budgets, struct hold *hold, int64_t now_us)
{
    if (atomic_load(&hold->mark) <= MARK_BUSY)
        return INT64_MAX;
    int64_t until_us = atomic_load(&hold->until_us);
    if (until_us > now_us || !atomic_compare_exchange_strong(&hold->until_us, &until_us, CLOSED))
        return until_us;
    struct rule_budget *budget = atomic_load(&budgets->rules[atomic_load(&hold->rule)]);
    atomic_fetch_sub(&budget->taken, 1);
    atomic_store(&hold->mark, MARK_FREE);
    return INT64_MAX;
}

static void tend(struct budget_store *store, int64_t now_us)
{
    struct budgets *budgets = (struct budgets *) store;
    if (now_us < atomic_load(&budgets->next_end_us))
        return;
    int64_t next_us = INT64_MAX;
    atomic_store(&budgets->next_end_us, INT64_MAX);
    for (uint32_t i = 0; i < BUDGETS_MAX_HOLDS; i++) {
        int64_t until_us = end_if_over(budgets, &budgets->holds[i], now_us);
        if (until_us < next_us)
            next_us = until_us;
    }
    lower(&budgets->next_end_us, next_us);
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

static void *reader_new(struct budget_store *store, struct uv_loop_s *loop)
{
    (void) loop;
    return store; /* nothing of its own, but not NULL: that would be a failure */
}

static void reader_free(struct budget_store *store, void *reader)
{
    (void) store, (void) reader;
}

static void forget(struct budget_store *store, struct budget_waiter *waiter)
{
    (void) store, (void) waiter;
}

static void free_all(struct budget_store *store)
{
    struct budgets *budgets = (struct budgets *) store;
    for (uint32_t i = 0; i < RULE_PLACES; i++)
        free(atomic_load(&budgets->rules[i]));
    free(budgets->holds);
    free(budgets);
}

struct budget_store *budgets_new(void (*wake)(void *self), void *self)
{
    struct budgets *budgets = calloc(1, sizeof *budgets);
    if (!budgets)
        return NULL;
    budgets->store = (struct budget_store){ .reader_new = reader_new,
                                            .reader_free = reader_free,
                                            .reserve = reserve,
                                            .forget = forget,
                                            .give_back = give_back,
                                            .settle = settle,
                                            .release = release,
                                            .restore = restore,
                                            .wants_restore = wants_restore,
                                            .tend = tend,
                                            .free = free_all };
    budgets->holds = calloc(BUDGETS_MAX_HOLDS, sizeof *budgets->holds);
    atomic_init(&budgets->next_end_us, INT64_MAX);
    budgets->wake = wake;
    budgets->self = self;
    if (budgets->holds)
        return &budgets->store;
    free(budgets);
    return NULL;
}

struct budget_store *budgets_free(struct budget_store *store)
{
    if (store)
        store->free(store);
    return NULL;
}
