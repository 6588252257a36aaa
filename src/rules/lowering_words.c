/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering: words
 *
 * A table says for each word of `when` and `audience` how it is lowered; what the table does not
 * have is a word of a later version or a mistake.
 */
#include "rules/lowering_parts.h"

/* ── any, none, all ── */

static const struct term *lower_each(struct lowering *lowering, const struct doc_node *node,
                                     int where, enum term_op op)
{
    struct block parts = { .n = 0 };

    if (!lowering_is_list(lowering, node, "[{cart.total: 5000}, {cart.quantity: 3}]"))
        return NULL;
    for (const struct doc_node *child = node->first; child; child = child->next) {
        struct block block = { .n = 0 };
        bool fine = lower_block(lowering, child, where, &block);
        block_add(lowering, &parts, child, fine ? block_all(lowering, child, &block) : NULL);
    }
    if (parts.failed)
        return NULL;
    return parts.n == 1 ? parts.terms[0] : lowering_node(lowering, node, op, parts.terms, parts.n);
}

static const struct term *lower_any(struct lowering *lowering, const struct doc_node *node,
                                    int where)
{
    return lower_each(lowering, node, where, TERM_OR);
}

static const struct term *lower_none(struct lowering *lowering, const struct doc_node *node,
                                     int where)
{
    return lowering_1(lowering, node, TERM_NOT, lower_each(lowering, node, where, TERM_OR));
}

static const struct term *lower_all(struct lowering *lowering, const struct doc_node *node,
                                    int where)
{
    return lower_each(lowering, node, where, TERM_AND);
}

/* ── CEL ── */

static const struct term *lower_expr(struct lowering *lowering, const struct doc_node *node,
                                     int where)
{
    static const char *const none[] = { NULL };
    (void) where;
    if (!lowering->cel)
        return lowering_not_yet(lowering, node, none);
    const struct facts_expr *expr = lower_cel(lowering, node, lowering->cel);
    if (!expr)
        return lowering->idle ? lowering_const(lowering, node, value_unknown()) : NULL;
    return lowering_call(lowering, node, expr, arena_copy(lowering->arena, node->text));
}

/* ── lists of items ── */

static const struct term *over(struct lowering *lowering, const struct doc_node *node,
                               enum term_op op, enum fact list, const struct term *predicate)
{
    return predicate
               ? lowering_2(lowering, node, op, lowering_slot(lowering, node, list), predicate)
               : NULL;
}

static const struct term *has(struct lowering *lowering, const struct doc_node *node,
                              enum fact list)
{
    return over(lowering, node, TERM_EXISTS, list, lower_item_block(lowering, node, false));
}

static const struct term *lower_cart_has(struct lowering *lowering, const struct doc_node *node,
                                         int where)
{
    (void) where;
    return has(lowering, node, FACT_CART_ITEMS);
}

static const struct term *lower_cart_lacks(struct lowering *lowering, const struct doc_node *node,
                                           int where)
{
    (void) where;
    return lowering_1(lowering, node, TERM_NOT, has(lowering, node, FACT_CART_ITEMS));
}

static const struct term *lower_trigger_item(struct lowering *lowering, const struct doc_node *node,
                                             int where)
{
    (void) where;
    return has(lowering, node, FACT_TRIGGER_ITEMS);
}

static const struct term *lower_owns(struct lowering *lowering, const struct doc_node *node,
                                     int where)
{
    (void) where;
    return has(lowering, node, FACT_OWNED_ITEMS);
}

static const struct term *lower_not_owns(struct lowering *lowering, const struct doc_node *node,
                                         int where)
{
    (void) where;
    return lowering_1(lowering, node, TERM_NOT, has(lowering, node, FACT_OWNED_ITEMS));
}

/* The member `where` of @node; NULL after a diag. */
static const struct term *lower_where(struct lowering *lowering, const struct doc_node *node)
{
    const struct doc_node *where = doc_get(node, "where");
    if (where)
        return lower_item_block(lowering, where, false);
    lowering_fault(lowering, node->key_place, DIAG_COND_WHERE, node->key, nothing(), nothing());
    return NULL;
}

/* {where: {…}, at_least: 2}: everything but `where` is a matcher of the count. */
static const struct term *lower_cart_count(struct lowering *lowering, const struct doc_node *node,
                                           int where)
{
    (void) where;
    if (!lowering_is_mapping(lowering, node, "{where: {category: lens}, at_least: 2}"))
        return NULL;
    const struct term *predicate = lower_where(lowering, node);
    const struct subject subject = { .word = node->key,
                                     .type = TYPE_NUMBER,
                                     .term = over(lowering, node, TERM_COUNT, FACT_CART_ITEMS,
                                                  predicate) };
    struct doc_node members[BLOCK_MAX], matcher = *node;
    matcher.first = NULL;
    matcher.n_children = 0;
    for (const struct doc_node *member = node->first; member && matcher.n_children < BLOCK_MAX;
         member = member->next) {
        if (str_is(member->key, "where"))
            continue;
        struct doc_node *copy = &members[matcher.n_children++];
        *copy = *member;
        copy->next = NULL;
        if (matcher.first)
            copy[-1].next = copy;
        else
            matcher.first = copy;
    }
    if (!matcher.first) {
        lowering_fault(lowering, node->key_place, DIAG_COND_COUNT, nothing(), nothing(), nothing());
        return NULL;
    }
    return subject.term ? lower_matcher(lowering, &subject, &matcher) : NULL;
}

/* {where: {…}, within: 90d}, and nothing else. */
static const struct term *lower_bought_within(struct lowering *lowering,
                                              const struct doc_node *node, int where)
{
    static const char *const words[] = { "where", "within", NULL };
    const struct subject bought = { .word = node->key,
                                    .type = TYPE_TIME,
                                    .slot = FACT_ITEM_BOUGHT_AT };
    const struct doc_node *within = NULL;
    bool fine = true;

    (void) where;
    if (!lowering_is_mapping(lowering, node, "{where: {category: coffee-beans}, within: 30d}"))
        return NULL;
    for (const struct doc_node *member = node->first; member; member = member->next) {
        if (str_is(member->key, "within"))
            within = member;
        else if (!str_is(member->key, "where")) {
            lowering_guess(lowering, member->key_place, DIAG_COND_WORD, member->key, words);
            fine = false;
        }
    }
    const struct term *predicate = lower_where(lowering, node);
    if (!within) {
        lowering_fault(lowering, node->key_place, DIAG_COND_WITHIN, nothing(), nothing(),
                       nothing());
        return NULL;
    }
    struct doc_node copy = *within, matcher = *node;
    copy.next = NULL;
    matcher.first = &copy;
    matcher.n_children = 1;
    const struct term *lately = lower_matcher(lowering, &bought, &matcher);
    if (!predicate || !lately || !fine)
        return NULL;
    return over(lowering, node, TERM_EXISTS, FACT_OWNED_ITEMS,
                lowering_2(lowering, node, TERM_AND, predicate, lately));
}

/* ── plain facts ── */

static const struct term *lower_fact(struct lowering *lowering, const struct doc_node *node,
                                     enum fact fact)
{
    const struct subject subject = { .word = node->key, .type = fact_type(fact), .slot = fact };
    return lower_matcher(lowering, &subject, node);
}

/* A list of consents asks for all of them: the customer must have agreed to each. */
static const struct term *lower_consent_list(struct lowering *lowering, const struct doc_node *node,
                                             int where)
{
    struct doc_node all = *node, matcher = *node;

    (void) where;
    if (node->kind != DOC_SEQUENCE)
        return lower_fact(lowering, node, FACT_CUSTOMER_CONSENT);
    all.key = STR("all_of");
    all.next = NULL;
    matcher.kind = DOC_MAPPING;
    matcher.first = &all;
    matcher.n_children = 1;
    return lower_fact(lowering, &matcher, FACT_CUSTOMER_CONSENT);
}

static const struct {
    const char *word;
    int where;
    const struct term *(*lower)(struct lowering *lowering, const struct doc_node *node, int where);
    enum fact fact; /* when there is no function */
} conditions[] = {
    { "any", ANYWHERE, lower_any, FACTS },
    { "none", ANYWHERE, lower_none, FACTS },
    { "all", ANYWHERE, lower_all, FACTS },
    { "expr", ANYWHERE, lower_expr, FACTS },
    { "cart.has", IN_WHEN, lower_cart_has, FACTS },
    { "cart.lacks", IN_WHEN, lower_cart_lacks, FACTS },
    { "cart.count", IN_WHEN, lower_cart_count, FACTS },
    { "cart.total", IN_WHEN, NULL, FACT_CART_TOTAL },
    { "cart.quantity", IN_WHEN, NULL, FACT_CART_QUANTITY },
    { "trigger.item", IN_WHEN, lower_trigger_item, FACTS },
    { "order.total", IN_WHEN, NULL, FACT_ORDER_TOTAL },
    { "context.channel", IN_WHEN, NULL, FACT_CONTEXT_CHANNEL },
    { "context.country", ANYWHERE, NULL, FACT_CONTEXT_COUNTRY },
    { "context.language", ANYWHERE, NULL, FACT_CONTEXT_LANGUAGE },
    { "session.device", IN_WHEN, NULL, FACT_SESSION_DEVICE },
    { "customer.orders", ANYWHERE, NULL, FACT_CUSTOMER_ORDERS },
    { "customer.spend", ANYWHERE, NULL, FACT_CUSTOMER_SPEND },
    { "customer.new", ANYWHERE, NULL, FACT_CUSTOMER_NEW },
    { "customer.tenure_days", ANYWHERE, NULL, FACT_CUSTOMER_TENURE_DAYS },
    { "customer.last_order_at", ANYWHERE, NULL, FACT_CUSTOMER_LAST_ORDER_AT },
    { "customer.consent", ANYWHERE, lower_consent_list, FACTS },
    { "owns", ANYWHERE, lower_owns, FACTS },
    { "not_owns", ANYWHERE, lower_not_owns, FACTS },
    { "bought_within", ANYWHERE, lower_bought_within, FACTS },
    { "new_customer", IN_AUDIENCE, NULL, FACT_CUSTOMER_NEW },
    { "consent", IN_AUDIENCE, lower_consent_list, FACTS },
    { "country", IN_AUDIENCE, NULL, FACT_CONTEXT_COUNTRY },
    { "language", IN_AUDIENCE, NULL, FACT_CONTEXT_LANGUAGE },
};
enum { CONDITIONS = sizeof conditions / sizeof *conditions };

/*
 * Words of the language that no fact stands behind yet; those with a dot at the end are beginnings.
 */
static const char *const later[] = {
    "segments",
    "loyalty",
    "rfm",
    "ltv",
    "plan",
    "churn_risk",
    "exclude",
    "cart.benefits",
    "order.number",
    "context.weather",
    "customer.open_tickets",
    "customer.days_overdue",
    "customer.cancel_reason",
    "customer.points",
    "session.page_views",
    "session.idle_seconds",
    "quota.",
    "subscription.",
    "support.",
};

static bool is_for_later(struct str word)
{
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        struct str one = str_of(later[i]);
        if (str_ends_with(one, STR(".")) ? str_starts_with(word, one) : str_eq(word, one))
            return true;
    }
    return false;
}

static const struct term *unknown_word(struct lowering *lowering, const struct doc_node *member,
                                       int where)
{
    const char *words[CONDITIONS + 2];
    size_t n = 0;
    enum fact fact;

    for (size_t i = 0; i < CONDITIONS; i++)
        if (conditions[i].where & where)
            words[n++] = conditions[i].word;
    words[n++] = "use";
    words[n] = NULL;
    if (is_for_later(member->key))
        return lowering_not_yet(lowering, member, words);
    if (str_starts_with(member->key, STR("item.")) && fact_of(member->key, &fact))
        lowering_fault(lowering, member->key_place, DIAG_COND_ITEM, member->key, nothing(),
                       nothing());
    else
        lowering_guess(lowering, member->key_place, DIAG_COND_WORD, member->key, words);
    return NULL;
}

const struct term *lower_member(struct lowering *lowering, const struct doc_node *member, int where)
{
    for (size_t i = 0; i < CONDITIONS; i++) {
        if (!str_is(member->key, conditions[i].word))
            continue;
        if (!(conditions[i].where & where)) {
            lowering_fault(lowering, member->key_place, DIAG_COND_ELSEWHERE, member->key,
                           where == IN_WHEN ? STR("audience") : STR("when"), nothing());
            return NULL;
        }
        return conditions[i].lower ? conditions[i].lower(lowering, member, where)
                                   : lower_fact(lowering, member, conditions[i].fact);
    }
    return unknown_word(lowering, member, where);
}
