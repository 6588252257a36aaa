/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering: matchers
 *
 * What stands behind a condition's word: a scalar (equals), a list (any of), or a mapping of
 * matcher words (all of them). Which words fit is a matter of the fact's type.
 */
#include <stdio.h>

#include "rules/lowering_parts.h"

enum matcher {
    IS,
    IS_NOT,
    ANY_OF,
    ALL_OF,
    NONE_OF,
    AT_LEAST,
    AT_MOST,
    MORE_THAN,
    LESS_THAN,
    BETWEEN,
    EXISTS,
    STARTS_WITH,
    CONTAINS,
    WITHIN,
    OLDER_THAN,
    MATCHERS
};

static const char *const matcher_words[] = {
    "is",       "is_not",    "any_of",     "all_of",  "none_of", "at_least",
    "at_most",  "more_than", "less_than",  "between", "exists",  "starts_with",
    "contains", "within",    "older_than", NULL,
};

#define BIT(matcher) (1u << (matcher))
#define EQUALITY     (BIT(IS) | BIT(IS_NOT) | BIT(ANY_OF) | BIT(NONE_OF))
#define ORDER        (BIT(AT_LEAST) | BIT(AT_MOST) | BIT(MORE_THAN) | BIT(LESS_THAN) | BIT(BETWEEN))
#define TEXT         (BIT(STARTS_WITH) | BIT(CONTAINS))

static const uint32_t fitting[] = {
    [TYPE_BOOL] = BIT(IS) | BIT(IS_NOT) | BIT(EXISTS),
    [TYPE_NUMBER] = EQUALITY | ORDER | BIT(EXISTS),
    [TYPE_MONEY] = EQUALITY | ORDER | BIT(EXISTS),
    [TYPE_PERCENT] = EQUALITY | ORDER | BIT(EXISTS),
    [TYPE_STRING] = EQUALITY | TEXT | BIT(EXISTS),
    [TYPE_WORDS] = EQUALITY | BIT(ALL_OF) | BIT(CONTAINS) | BIT(EXISTS),
    [TYPE_TIME] = BIT(WITHIN) | BIT(OLDER_THAN) | BIT(EXISTS),
    [TYPE_LIST] = 0,
    [TYPE_ATTR] = EQUALITY | ORDER | TEXT | BIT(EXISTS),
};

/* The bounds a mapping of matchers has set so far. */
struct range {
    struct value low, high; /* unknown: open */
    bool strict;            /* one of them is not part of it */
};

static bool fits(struct lowering *lowering, const struct subject *subject, enum matcher matcher,
                 struct doc_place place)
{
    uint32_t allowed = fitting[subject->type] & ~(subject->term ? BIT(EXISTS) : 0);
    const char *words[MATCHERS + 1];
    size_t n = 0;

    if (allowed & BIT(matcher))
        return true;
    for (int i = 0; i < MATCHERS; i++)
        if (allowed & BIT(i))
            words[n++] = matcher_words[i];
    words[n] = NULL;
    lowering_fault(lowering, place, DIAG_MATCH_TYPE, subject->word, str_of(matcher_words[matcher]),
                   lowering_join(lowering, words));
    return false;
}

/* ── equality ── */

/*
 * An attribute is a number or text, product by product. Compared with a text
 * that might be read as a number it is taken as text, whatever it looks like;
 * with any other text, a number is not equal to it anyway.
 */
static bool as_text(struct value value)
{
    bool numeric = value.kind == VALUE_STRING && value.string.len > 0;
    for (size_t i = 0; numeric && i < value.string.len; i++) {
        char c = value.string.at[i];
        numeric = (c >= '0' && c <= '9') || c == '.' || c == '-';
    }
    return numeric;
}

static const struct term *subject_term(struct lowering *lowering, const struct subject *subject,
                                       const struct doc_node *at, bool text)
{
    if (subject->term)
        return subject->term;
    bool text_of_attr = subject->type == TYPE_ATTR && text;
    uint32_t slot = subject->slot - (text_of_attr ? FACT_ATTR_FIRST : 0) +
                    (text_of_attr ? FACT_ATTR_TEXT_FIRST : 0);
    return lowering_slot(lowering, at, slot);
}

static const struct term *equals(struct lowering *lowering, const struct subject *subject,
                                 const struct doc_node *at, struct value value)
{
    const struct term *asked = subject_term(lowering, subject, at, as_text(value));

    if (subject->type == TYPE_BOOL)
        return value.boolean ? asked : lowering_1(lowering, at, TERM_NOT, asked);
    return lowering_2(lowering, at, subject->type == TYPE_WORDS ? TERM_HAS_WORD : TERM_EQ, asked,
                      lowering_const(lowering, at, value));
}

static const struct term *is(struct lowering *lowering, const struct subject *subject,
                             const struct doc_node *node)
{
    struct value value;
    if (!fits(lowering, subject, IS, node->place) || !lower_value(lowering, subject, node, &value))
        return NULL;
    return equals(lowering, subject, node, value);
}

static const struct term *is_not(struct lowering *lowering, const struct subject *subject,
                                 const struct doc_node *node)
{
    const struct term *term = is(lowering, subject, node);
    if (term && term->op == TERM_EQ)
        return lowering_node(lowering, node, TERM_NE, term->children, term->n_children);
    return lowering_1(lowering, node, TERM_NOT, term);
}

/*
 * The values of a list, each as what it looks like; for an attribute all as
 * text when one of them is in quotes and looks like a number. -1 after a diag.
 */
static int lower_list(struct lowering *lowering, const struct subject *subject,
                      const struct doc_node *node, struct value **ret_values)
{
    if (!lowering_is_list(lowering, node, "[a, b]"))
        return -1;
    struct value *values = arena_take_array(lowering->arena, struct value, node->n_children);
    bool any_text = false, failed = !values;
    int n = 0;

    for (const struct doc_node *child = node->first; child && values; child = child->next)
        any_text |= subject->type == TYPE_ATTR && child->kind == DOC_SCALAR &&
                    !looks_like_number(child) && as_text(value_string(child->text));
    for (const struct doc_node *child = node->first; child && values; child = child->next, n++)
        failed |= any_text ? !lower_text(lowering, child, &values[n])
                           : !lower_value(lowering, subject, child, &values[n]);
    if (!values)
        lowering_too_big(lowering, node);
    *ret_values = values;
    return failed ? -1 : n;
}

static const struct term *any_of(struct lowering *lowering, const struct subject *subject,
                                 const struct doc_node *node)
{
    struct value *values;
    int n = lower_list(lowering, subject, node, &values);
    if (n < 0)
        return NULL;
    if (n == 1)
        return equals(lowering, subject, node, values[0]);

    const struct term **parts =
        arena_take_array(lowering->arena, const struct term *, (size_t) n + 1);
    if (!parts)
        return lowering_too_big(lowering, node);
    if (subject->type == TYPE_WORDS) {
        for (int i = 0; i < n; i++)
            parts[i] = equals(lowering, subject, node, values[i]);
        return lowering_node(lowering, node, TERM_OR, parts, (uint32_t) n);
    }
    bool text = false;
    for (int i = 0; i < n; i++)
        text |= as_text(values[i]);
    parts[0] = subject_term(lowering, subject, node, text);
    for (int i = 0; i < n; i++)
        parts[i + 1] = lowering_const(lowering, node, values[i]);
    return lowering_node(lowering, node, TERM_IN, parts, (uint32_t) n + 1);
}

static const struct term *all_of(struct lowering *lowering, const struct subject *subject,
                                 const struct doc_node *node)
{
    const struct term *term = any_of(lowering, subject, node);
    if (term && term->op == TERM_OR)
        return lowering_node(lowering, node, TERM_AND, term->children, term->n_children);
    return term;
}

/* ── order, text, time ── */

static bool lower_bound(struct lowering *lowering, const struct subject *subject,
                        const struct doc_node *node, struct value *ret)
{
    if (subject->type == TYPE_ATTR)
        return lower_any_number(lowering, node, ret);
    return lower_value(lowering, subject, node, ret);
}

static const struct term *bound(struct lowering *lowering, const struct subject *subject,
                                const struct doc_node *node, enum term_op op, struct range *range)
{
    struct value value;

    if (!lower_bound(lowering, subject, node, &value))
        return NULL;
    *(op == TERM_GE || op == TERM_GT ? &range->low : &range->high) = value;
    range->strict |= op == TERM_GT || op == TERM_LT;
    return lowering_2(lowering, node, op, subject_term(lowering, subject, node, false),
                      lowering_const(lowering, node, value));
}

static const struct term *between(struct lowering *lowering, const struct subject *subject,
                                  const struct doc_node *node, struct range *range)
{
    if (node->kind != DOC_SEQUENCE || node->n_children != 2) {
        lowering_fault(lowering, node->place, DIAG_MATCH_BETWEEN, nothing(), nothing(), nothing());
        return NULL;
    }
    const struct term *low = bound(lowering, subject, node->first, TERM_GE, range);
    const struct term *high = bound(lowering, subject, node->first->next, TERM_LE, range);
    return low && high ? lowering_2(lowering, node, TERM_AND, low, high) : NULL;
}

static const struct term *exists(struct lowering *lowering, const struct subject *subject,
                                 const struct doc_node *node)
{
    bool wanted;
    if (!lower_bool(lowering, node, &wanted))
        return NULL;
    const struct term *has =
        lowering_1(lowering, node, TERM_HAS, lowering_slot(lowering, node, subject->slot));
    return wanted ? has : lowering_1(lowering, node, TERM_NOT, has);
}

static const struct term *text_part(struct lowering *lowering, const struct subject *subject,
                                    const struct doc_node *node, enum matcher matcher)
{
    struct value value;

    if (subject->type == TYPE_WORDS) /* a set of words contains a word */
        return is(lowering, subject, node);
    if (!lower_text(lowering, node, &value))
        return NULL;
    return lowering_2(lowering, node, matcher == CONTAINS ? TERM_CONTAINS : TERM_STARTS_WITH,
                      subject_term(lowering, subject, node, true),
                      lowering_const(lowering, node, value));
}

static const struct term *since(struct lowering *lowering, const struct subject *subject,
                                const struct doc_node *node, enum term_op op)
{
    int64_t us;
    if (!lower_duration(lowering, node, &us))
        return NULL;
    const struct term *age =
        lowering_2(lowering, node, TERM_SUB, lowering_slot(lowering, node, FACT_NOW),
                   subject_term(lowering, subject, node, false));
    return lowering_2(lowering, node, op, age, lowering_const(lowering, node, value_duration(us)));
}

static const struct term *lower_word(struct lowering *lowering, const struct subject *subject,
                                     enum matcher matcher, const struct doc_node *node,
                                     struct range *range)
{
    switch (matcher) {
    case IS: return is(lowering, subject, node);
    case IS_NOT: return is_not(lowering, subject, node);
    case ANY_OF: return any_of(lowering, subject, node);
    case ALL_OF: return all_of(lowering, subject, node);
    case NONE_OF: return lowering_1(lowering, node, TERM_NOT, any_of(lowering, subject, node));
    case AT_LEAST: return bound(lowering, subject, node, TERM_GE, range);
    case AT_MOST: return bound(lowering, subject, node, TERM_LE, range);
    case MORE_THAN: return bound(lowering, subject, node, TERM_GT, range);
    case LESS_THAN: return bound(lowering, subject, node, TERM_LT, range);
    case BETWEEN: return between(lowering, subject, node, range);
    case EXISTS: return exists(lowering, subject, node);
    case STARTS_WITH:
    case CONTAINS: return text_part(lowering, subject, node, matcher);
    case WITHIN: return since(lowering, subject, node, TERM_LE);
    case OLDER_THAN: return since(lowering, subject, node, TERM_GT);
    case MATCHERS: break;
    }
    return NULL;
}

static int find_matcher(struct str word)
{
    for (int i = 0; matcher_words[i]; i++)
        if (str_is(word, matcher_words[i]))
            return i;
    return -1;
}

/* A range that no number is in would silence the rule for good. */
static bool range_holds(struct lowering *lowering, const struct subject *subject,
                        const struct doc_node *node, const struct range *range)
{
    enum term_op op = range->strict ? TERM_LT : TERM_LE;
    struct value holds = value_compare(op, range->low, range->high);

    if (holds.kind != VALUE_BOOL || holds.boolean)
        return true;
    lowering_fault(lowering, node->place, DIAG_MATCH_RANGE, subject->word, nothing(), nothing());
    return false;
}

const struct term *lower_matcher(struct lowering *lowering, const struct subject *subject,
                                 const struct doc_node *node)
{
    if (node->kind == DOC_SCALAR)
        return is(lowering, subject, node);
    if (node->kind == DOC_SEQUENCE)
        return fits(lowering, subject, ANY_OF, node->place) ? any_of(lowering, subject, node)
                                                            : NULL;
    if (!lowering_is_mapping(lowering, node, "{at_least: 2}"))
        return NULL;

    struct block block = { .n = 0 };
    struct range range = { .strict = false };
    for (const struct doc_node *member = node->first; member; member = member->next) {
        int matcher = find_matcher(member->key);
        if (matcher < 0) {
            lowering_guess(lowering, member->key_place, DIAG_MATCH_WORD, member->key,
                           matcher_words);
            block.failed = true;
        } else if (!fits(lowering, subject, (enum matcher) matcher, member->key_place)) {
            block.failed = true;
        } else {
            block_add(lowering, &block, member,
                      lower_word(lowering, subject, (enum matcher) matcher, member, &range));
        }
    }
    if (!range_holds(lowering, subject, node, &range))
        return NULL;
    return block_all(lowering, node, &block);
}
