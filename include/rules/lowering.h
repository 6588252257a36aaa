/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/strmap.h"
#include "rules/diag.h"
#include "rules/doc.h"
#include "rules/rule.h"

struct term;
struct lowering_attr;
struct lowering_use;
struct facts_cel;
struct facts_expr;

/*
 * Lowering
 *
 * Structured words are sugar for CEL: turns the condition blocks of a rule file (`when`,
 * `audience`, item blocks, `where`, `conditions`) into expressions over facts. Every fault
 * becomes a diag with its place and a guess; NULL then. Money in matchers is written in the
 * main unit of the currency and becomes minor units; percentages become basis points.
 * The same fault at the same place is told once, however often a named condition is used.
 */
struct lowering {
    struct arena *arena; /* the ruleset's: results live there */
    struct diags *diags;
    const struct doc_file *file;
    struct str file_name; /* its name in @arena; absent: to be copied */
    int decimals;         /* of the currency */
    bool idle; /* of a rule that is not live: words of a later version only warn, and are unknown */
    /* Named conditions: their nodes, for `use`, by name; each lowered in place. */
    const struct doc_node *(*named)(void *self, struct str name, const struct doc_file **ret_file);
    const char *const *named_words; /* NULL-terminated, for guesses */
    void *self;
    const struct facts_cel *cel; /* what `expr` may name; NULL: there is none */
    /* The ruleset's list of attribute names: finds or adds, gives the number. */
    uint32_t (*attr)(void *self, struct str name);

    /* Lowering's own: zero to begin with. */
    const struct lowering_use *uses; /* the named conditions being lowered, innermost first */
    int use_depth;
    uint32_t nodes;              /* of the condition being lowered: bounded */
    struct lowering_attr *attrs; /* the attributes asked for, by number: to print them */
};

/*
 * The members of a `when` or `audience` mapping, each as one condition, appended to
 * @list (room for @room); side by side is AND. What `use` names counts as written in its
 * place. Returns how many, or -1 after a diag. Everything in @list lives in the arena.
 */
int lower_conditions(struct lowering *lowering, const struct doc_node *mapping, bool audience,
                     struct condition *list, int room);

/* An item block for `where` of a pick: true of the current item, a candidate. NULL after a diag. */
const struct term *lower_item(struct lowering *lowering, const struct doc_node *mapping);

/*
 * A line of CEL: compiled against @cel into the arena. NULL after
 * diags, each where it is in the file; for an idle rule they only warn.
 */
const struct facts_expr *lower_cel(struct lowering *lowering, const struct doc_node *node,
                                   const struct facts_cel *cel);

/* Scalars as rule files write them; false after a diag. */
bool lower_money(struct lowering *lowering, const struct doc_node *node, int64_t *ret_minor);
bool lower_percent(struct lowering *lowering, const struct doc_node *node, int32_t *ret_bp);
bool lower_duration(struct lowering *lowering, const struct doc_node *node, int64_t *ret_us);
bool lower_number(struct lowering *lowering, const struct doc_node *node, double *ret_number);
bool lower_int(struct lowering *lowering, const struct doc_node *node, int64_t min, int64_t max,
               int64_t *ret_value);
