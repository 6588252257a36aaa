/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "expr/cel.h"
#include "rules/facts.h"

/*
 * Facts, in CEL
 *
 * The same vocabulary (fact_words.inc) for expressions of the Common Expression Language:
 *
 *     cart customer order context session trigger   what the words before the dot are of; now
 *     cart.items trigger.items customer.owned       lists of items: i.category, i.attr.width …
 *     i.attr, i.attr_text                           attributes as number or text; as text, whatever it looks like
 *     quantity(cart.items)                          pieces; customer.consent and i.tag are lists of words
 *     item                                          the product that is offered: only in a score, as
 *     offer.price, propensity                       and what follows, see struct offer_facts
 *
 * Money is minor units, shares are basis points, both whole numbers. What nobody told
 * us is unknown: has() says false of it (i.has_attr("幅"), where has() cannot),
 * everything else is unknown too. Lists are read where they are: nothing is copied, and
 * an evaluation takes memory from facts->scratch only.
 *
 * What term_print writes for a structured condition compiles here, and evaluates to the same.
 */
struct facts_cel;

/* A condition or a score, ready: in the arena it was compiled into, immutable, for any thread. */
struct facts_expr {
    const struct cel_program *program;
    const struct facts_cel *cel;
};

/*
 * What bounds an expression of a rule: in all, and by what
 * carts, histories and catalogues can hold.
 */
enum {
    EXPR_MAX_BYTES = 2048,
    EXPR_MAX_DEPTH = 32,
    EXPR_MAX_NESTED_MACROS = 2,
    EXPR_MAX_STEPS = 1000000, /* some 5 ms */
    EXPR_LOOK_STEPS = 10000,  /* some 50 us: between two looks at the clock, see facts.h */
};

/* Both in @arena, which must outlive what is compiled; NULL for lack of room. */
const struct facts_cel *facts_cel_of_conditions(struct arena *arena, struct cel_zones zones);
const struct facts_cel *facts_cel_of_scores(struct arena *arena, struct cel_zones zones);

/*
 * A condition must be a bool, a score a number; time zones named by
 * constants are looked for now. NULL with faults. @text may go afterwards.
 */
const struct facts_expr *facts_cel_compile(const struct facts_cel *cel, struct str text,
                                           struct arena *arena, struct cel_faults *faults);

/* A condition. Unknown also for what was stopped, which is counted in facts->stopped, or late. */
enum truth facts_cel_test(const struct facts_expr *expr, struct facts *facts);

/* The scope's: @callee is a struct facts_expr. */
enum truth facts_cel_call(struct term_scope *scope, const void *callee);

/*
 * What a score may ask of an offer besides facts and `item`. Money in minor units; NAN: not known.
 */
struct offer_facts {
    double price, was, saving, price_gap; /* see serve/allow.c */
    double margin;                        /* price less cost */
    double quantity;
    double relevance;  /* how the pick itself ranks it */
    double propensity; /* of the orders that held the cart's item, the share that held this too */
};

/* False when it is unknown, no finite number, was stopped (counted as well), or late. */
bool facts_cel_score(const struct facts_expr *expr, struct facts *facts,
                     const struct product *offered, const struct offer_facts *offer,
                     double *ret_score);
