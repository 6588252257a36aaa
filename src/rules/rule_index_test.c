/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule index: testing
 *
 * Code runs on masks: the items for which all leaves so far are true, and those for which none is
 * false. An item is in between when something about it is not known.
 */
#include <string.h>

#include "rules/rule_index_parts.h"
#include "rules/ruleset.h"
#include "rules/schedule.h"

struct masks {
    uint64_t yes, unknown;
};

static enum truth evaluate(struct rule_cursor *c, const struct check *check)
{
    if (check->term)
        return term_test(check->term, &c->facts->scope);
    if (check->schedule)
        return schedule_is_on(check->schedule, c->now_us) ? TRUTH_YES : TRUTH_NO;
    return rule_holds(check->rule, c->facts, c->now_us) ? TRUTH_YES : TRUTH_NO;
}

static enum truth compare_ints(enum term_op op, int64_t a, int64_t b)
{
    switch (op) {
    case TERM_EQ: return (enum truth)(a == b);
    case TERM_NE: return (enum truth)(a != b);
    case TERM_LT: return (enum truth)(a < b);
    case TERM_LE: return (enum truth)(a <= b);
    case TERM_GT: return (enum truth)(a > b);
    default: return (enum truth)(a >= b);
    }
}

static enum truth compare(struct rule_cursor *c, const uint32_t *words)
{
    const enum term_op op = (enum term_op)(TERM_EQ + (words[0] >> 3 & 7));
    const uint64_t bits = words[2] | (uint64_t) words[3] << 32;
    const bool is_double = words[0] >> 6 & 1;
    struct value bound = value_int((int64_t) bits);
    struct value value = c->facts->scope.load(&c->facts->scope, words[1]);

    if (value.kind == VALUE_INT && !is_double)
        return compare_ints(op, value.integer, bound.integer);
    if (is_double) {
        bound.kind = VALUE_DOUBLE;
        memcpy(&bound.real, &bits, sizeof bits);
    }
    struct value holds = value_compare(op, value, bound);
    return holds.kind == VALUE_BOOL ? (enum truth) holds.boolean : TRUTH_UNKNOWN;
}

static struct masks test_keys(const struct rule_cursor *c, const uint32_t *words)
{
    struct masks masks = { 0, c->unknown[words[1]] };
    for (uint32_t k = 0; k < words[0] >> 8; k++)
        masks.yes |= cursor_items(c, words[2 + k]);
    return masks;
}

/* A leaf that is no key, of each of @items. */
static struct masks test_items(struct rule_cursor *c, const struct asked_group *group,
                               bool of_request, const uint32_t *words, uint64_t items)
{
    struct term_scope *scope = &c->facts->scope;
    struct masks masks = { 0, 0 };
    int64_t weight;

    for (; items; items &= items - 1) {
        if (!of_request)
            (void) scope->element(scope, group->list, (uint32_t) __builtin_ctzll(items), &weight);
        enum truth truth = (words[0] & 3) == LEAF_COMPARE
                               ? compare(c, words)
                               : term_test(c->index->terms[words[1]], scope);
        const uint64_t item = items & -items;
        masks.yes |= truth == TRUTH_YES ? item : 0;
        masks.unknown |= truth == TRUTH_UNKNOWN ? item : 0;
    }
    return masks;
}

static enum truth run(struct rule_cursor *c, const uint32_t *code)
{
    const enum field_group number = (enum field_group)(code[0] >> 2 & 3);
    const uint32_t n_leaves = code[0] >> 4 & 0xfff;
    struct asked_group *group = &c->groups[number];

    if (n_leaves == 0)
        return evaluate(c, &c->index->checks[code[1]]);
    if (!group->ready)
        cursor_ask(c, number);
    if (group->wide)
        return evaluate(c, &c->index->checks[code[1]]);
    if (!group->known)
        return TRUTH_UNKNOWN;

    uint64_t yes = group->all, maybe = group->all;
    const uint32_t *words = code + 2;
    for (uint32_t i = 0; i < n_leaves && maybe; i++) {
        const enum leaf_kind kind = (enum leaf_kind)(words[0] & 3);
        struct masks leaf = kind == LEAF_KEYS
                                ? test_keys(c, words)
                                : test_items(c, group, number == GROUP_REQUEST, words, maybe);
        if (words[0] >> 2 & 1)
            leaf.yes = ~(leaf.yes | leaf.unknown);
        yes &= leaf.yes;
        maybe &= leaf.yes | leaf.unknown;
        words += kind == LEAF_KEYS ? 2 + (words[0] >> 8) : kind == LEAF_COMPARE ? 4 : 2;
    }
    const bool negated = code[0] >> 1 & 1;
    return yes       ? (negated ? TRUTH_NO : TRUTH_YES)
           : maybe   ? TRUTH_UNKNOWN
           : negated ? TRUTH_YES
                     : TRUTH_NO;
}

enum truth cursor_test(struct rule_cursor *c, uint32_t number)
{
    if (!c->memo[number])
        c->memo[number] = (uint8_t) (1 + run(c, c->index->code + c->index->checks[number].code));
    return (enum truth)(c->memo[number] - 1);
}

bool cursor_matches(struct rule_cursor *c, const uint32_t *head)
{
    const uint32_t *code = head + HEAD_WORDS;
    const bool unknown_allows = head[HEAD_CHECKS] & 1;
    for (uint32_t left = head[HEAD_CHECKS] >> 1; left > 0; left--) {
        bool shared = *code & 1;
        enum truth truth = shared ? cursor_test(c, *code >> 1) : run(c, code);
        if (truth == TRUTH_NO || (truth == TRUTH_UNKNOWN && !unknown_allows))
            return false;
        code += shared ? 1 : *code >> 16;
    }
    return true;
}
