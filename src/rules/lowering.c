/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering: conditions
 *
 * A table says for each word of `when` and `audience` how it is lowered; what the table does not
 * have is a plain fact, a word of a later version, or a mistake. `use` puts the named conditions'
 * members in its place, so that a failed condition always names the line it was written on.
 */
#include "rules/lowering.h"

#include "rules/lowering_parts.h"

enum { IN_WHEN = 1, IN_AUDIENCE = 2, ANYWHERE = IN_WHEN | IN_AUDIENCE };

struct lowering_use {
    struct str name;
    const struct lowering_use *outer;
};

static bool lower_block(struct lowering *lowering, const struct doc_node *mapping, int where,
                        struct block *block);

/* ── any, none, all ── */

static const struct expr *lower_each(struct lowering *lowering, const struct doc_node *node,
                                     int where, enum expr_op op)
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
    return parts.n == 1 ? parts.exprs[0] : lowering_node(lowering, node, op, parts.exprs, parts.n);
}

static const struct expr *lower_any(struct lowering *lowering, const struct doc_node *node,
                                    int where)
{
    return lower_each(lowering, node, where, EXPR_OR);
}

static const struct expr *lower_none(struct lowering *lowering, const struct doc_node *node,
                                     int where)
{
    return lowering_1(lowering, node, EXPR_NOT, lower_each(lowering, node, where, EXPR_OR));
}

static const struct expr *lower_all(struct lowering *lowering, const struct doc_node *node,
                                    int where)
{
    return lower_each(lowering, node, where, EXPR_AND);
}

/* ── lists of items ── */

static const struct expr *over(struct lowering *lowering, const struct doc_node *node,
                               enum expr_op op, enum fact list, const struct expr *predicate)
{
    return predicate
               ? lowering_2(lowering, node, op, lowering_slot(lowering, node, list), predicate)
               : NULL;
}

static const struct expr *has(struct lowering *lowering, const struct doc_node *node,
                              enum fact list)
{
    return over(lowering, node, EXPR_EXISTS, list, lower_item_block(lowering, node, false));
}

static const struct expr *lower_cart_has(struct lowering *lowering, const struct doc_node *node,
                                         int where)
{
    (void) where;
    return has(lowering, node, FACT_CART_ITEMS);
}

static const struct expr *lower_cart_lacks(struct lowering *lowering, const struct doc_node *node,
                                           int where)
{
    (void) where;
    return lowering_1(lowering, node, EXPR_NOT, has(lowering, node, FACT_CART_ITEMS));
}

static const struct expr *lower_trigger_item(struct lowering *lowering, const struct doc_node *node,
                                             int where)
{
    (void) where;
    return has(lowering, node, FACT_TRIGGER_ITEMS);
}

static const struct expr *lower_owns(struct lowering *lowering, const struct doc_node *node,
                                     int where)
{
    (void) where;
    return has(lowering, node, FACT_OWNED_ITEMS);
}

static const struct expr *lower_not_owns(struct lowering *lowering, const struct doc_node *node,
                                         int where)
{
    (void) where;
    return lowering_1(lowering, node, EXPR_NOT, has(lowering, node, FACT_OWNED_ITEMS));
}

/* The member `where` of @node; NULL after a diag. */
static const struct expr *lower_where(struct lowering *lowering, const struct doc_node *node)
{
    const struct doc_node *where = doc_get(node, "where");
    if (where)
        return lower_item_block(lowering, where, false);
    lowering_fault(lowering, node->key_place, DIAG_COND_WHERE, node->key, nothing(), nothing());
    return NULL;
}

/* {where: {…}, at_least: 2}: everything but `where` is a matcher of the count. */
static const struct expr *lower_cart_count(struct lowering *lowering, const struct doc_node *node,
                                           int where)
{
    (void) where;
    if (!lowering_is_mapping(lowering, node, "{where: {category: lens}, at_least: 2}"))
        return NULL;
    const struct expr *predicate = lower_where(lowering, node);
    const struct subject subject = { .word = node->key,
                                     .type = TYPE_NUMBER,
                                     .expr = over(lowering, node, EXPR_COUNT, FACT_CART_ITEMS,
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
    return subject.expr ? lower_matcher(lowering, &subject, &matcher) : NULL;
}

/* {where: {…}, within: 90d}, and nothing else. */
static const struct expr *lower_bought_within(struct lowering *lowering,
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
    const struct expr *predicate = lower_where(lowering, node);
    if (!within) {
        lowering_fault(lowering, node->key_place, DIAG_COND_WITHIN, nothing(), nothing(),
                       nothing());
        return NULL;
    }
    struct doc_node copy = *within, matcher = *node;
    copy.next = NULL;
    matcher.first = &copy;
    matcher.n_children = 1;
    const struct expr *lately = lower_matcher(lowering, &bought, &matcher);
    if (!predicate || !lately || !fine)
        return NULL;
    return over(lowering, node, EXPR_EXISTS, FACT_OWNED_ITEMS,
                lowering_2(lowering, node, EXPR_AND, predicate, lately));
}

/* ── plain facts ── */

static const struct expr *lower_fact(struct lowering *lowering, const struct doc_node *node,
                                     enum fact fact)
{
    const struct subject subject = { .word = node->key, .type = fact_type(fact), .slot = fact };
    return lower_matcher(lowering, &subject, node);
}

/* A list of consents asks for all of them: the customer must have agreed to each. */
static const struct expr *lower_consent_list(struct lowering *lowering, const struct doc_node *node,
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
    const struct expr *(*lower)(struct lowering *lowering, const struct doc_node *node, int where);
    enum fact fact; /* when there is no function */
} conditions[] = {
    { "any", ANYWHERE, lower_any, FACTS },
    { "none", ANYWHERE, lower_none, FACTS },
    { "all", ANYWHERE, lower_all, FACTS },
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

/* Words of the language that no fact stands behind yet; those with a dot at the end are beginnings. */
static const char *const later[] = {
    "segments",
    "loyalty",
    "rfm",
    "ltv",
    "plan",
    "churn_risk",
    "exclude",
    "expr",
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

static void unknown_word(struct lowering *lowering, const struct doc_node *member, int where)
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
        lowering_fault(lowering, member->key_place, DIAG_COND_NOT_YET, member->key,
                       lowering_join(lowering, words), nothing());
    else if (str_starts_with(member->key, STR("item.")) && fact_of(member->key, &fact))
        lowering_fault(lowering, member->key_place, DIAG_COND_ITEM, member->key, nothing(),
                       nothing());
    else
        lowering_guess(lowering, member->key_place, DIAG_COND_WORD, member->key, words);
}

static const struct expr *lower_member(struct lowering *lowering, const struct doc_node *member,
                                       int where)
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
    unknown_word(lowering, member, where);
    return NULL;
}

/* ── use ── */

static bool in_circle(struct lowering *lowering, const struct doc_node *name)
{
    const struct lowering_use *use = lowering->uses;
    while (use && !str_eq(use->name, name->text))
        use = use->outer;
    if (!use && lowering->use_depth < LOWERING_MAX_USE_DEPTH)
        return false;
    lowering_fault(lowering, name->place, DIAG_USE_CIRCLE, name->text, nothing(), nothing());
    return true;
}

/* The members of the named condition, in the place of its name. */
static bool lower_named(struct lowering *lowering, const struct doc_node *name, struct block *block)
{
    static const char *const none[] = { NULL };
    const struct doc_file *file = lowering->file;

    if (!lowering_is_scalar(lowering, name) || in_circle(lowering, name))
        return false;
    const struct doc_node *node =
        lowering->named ? lowering->named(lowering->self, name->text, &file) : NULL;
    if (!node) {
        lowering_guess(lowering, name->place, DIAG_USE_UNKNOWN, name->text,
                       lowering->named_words ? lowering->named_words : none);
        return false;
    }
    const struct doc_file *outer_file = lowering->file;
    const struct lowering_use use = { name->text, lowering->uses };
    lowering->file = file;
    lowering->uses = &use;
    lowering->use_depth++;
    bool fine = lower_block(lowering, node, ANYWHERE, block);
    lowering->use_depth--;
    lowering->uses = use.outer;
    lowering->file = outer_file;
    return fine;
}

static bool is_repeated(struct lowering *lowering, const struct doc_node *list,
                        const struct doc_node *name)
{
    for (const struct doc_node *before = list->first; before != name; before = before->next)
        if (before->kind == DOC_SCALAR && name->kind == DOC_SCALAR &&
            str_eq(before->text, name->text)) {
            lowering_fault(lowering, name->place, DIAG_USE_TWICE, name->text, nothing(), nothing());
            return true;
        }
    return false;
}

static void lower_use(struct lowering *lowering, const struct doc_node *node, struct block *block)
{
    if (node->kind == DOC_SCALAR) {
        block->failed |= !lower_named(lowering, node, block);
        return;
    }
    if (!lowering_is_list(lowering, node, "[name]")) {
        block->failed = true;
        return;
    }
    for (const struct doc_node *name = node->first; name; name = name->next)
        block->failed |= is_repeated(lowering, node, name) || !lower_named(lowering, name, block);
}

/* ── blocks of conditions ── */

static bool lower_block(struct lowering *lowering, const struct doc_node *mapping, int where,
                        struct block *block)
{
    if (!lowering_is_mapping(lowering, mapping, "cart.total: {at_least: 5000}"))
        return false;
    for (const struct doc_node *member = mapping->first; member; member = member->next)
        if (str_is(member->key, "use"))
            lower_use(lowering, member, block);
        else
            block_add(lowering, block, member, lower_member(lowering, member, where));
    return !block->failed;
}

static bool fill_condition(struct lowering *lowering, const struct block *block, uint32_t i,
                           struct condition *condition)
{
    struct fact_names names = fact_names(lowering_attr_name, lowering);
    struct out text;

    *condition = (struct condition){
        .expr = block->exprs[i],
        .key = arena_copy(lowering->arena, block->members[i]->key),
        .file = arena_copy(lowering->arena, block->files[i]->name),
        .line = block->members[i]->key_place.line,
    };
    out_init(&text, lowering->arena, 64);
    expr_print(block->exprs[i], &names.names, &text);
    condition->text = out_str(&text);
    return !text.failed && condition->key.at && condition->file.at;
}

int lower_conditions(struct lowering *lowering, const struct doc_node *mapping, bool audience,
                     struct condition *list, int room)
{
    struct block block = { .n = 0 };

    lowering->nodes = 0;
    if (!lower_block(lowering, mapping, audience ? IN_AUDIENCE : IN_WHEN, &block))
        return -1;
    bool fits = block.n <= (uint32_t) (room > 0 ? room : 0);
    for (uint32_t i = 0; i < block.n && fits; i++)
        fits = fill_condition(lowering, &block, i, &list[i]);
    if (!fits) {
        lowering_too_big(lowering, mapping);
        return -1;
    }
    return (int) block.n;
}
