/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts, in CEL: the environment
 *
 * A class for each word before a dot, its fields the facts behind it. facts_cel_value.c loads them.
 */
#include "rules/facts_cel.h"

#include <math.h>

#include "expr/cel_ast.h"
#include "rules/facts_cel_parts.h"

enum { VARIABLES_MAX = FACTS_CEL_GROUPS + 3, TEXT_BYTES = 256 };

/* "Cart" and "cart."; the last, of an item, is a variable only in scores. */
static const struct {
    const char *class, *variable;
} groups[FACTS_CEL_GROUPS] = {
    { "Cart", "cart" },       { "Customer", "customer" }, { "Order", "order" },
    { "Context", "context" }, { "Session", "session" },   { "Trigger", "trigger" },
    { "Item", "item" },
};

/* ── offers, for scores ── */

static const struct {
    const char *name;
    size_t offset;
} offer_words[] = {
    { "price", offsetof(struct offer_facts, price) },
    { "was", offsetof(struct offer_facts, was) },
    { "saving", offsetof(struct offer_facts, saving) },
    { "price_gap", offsetof(struct offer_facts, price_gap) },
    { "margin", offsetof(struct offer_facts, margin) },
    { "quantity", offsetof(struct offer_facts, quantity) },
    { "relevance", offsetof(struct offer_facts, relevance) },
};
enum { OFFER_WORDS = sizeof offer_words / sizeof *offer_words };

static struct cel_value number_or_unknown(double number, const char *name)
{
    return isnan(number) ? cel_unknown(str_of(name)) : cel_double(number);
}

static struct cel_value load_offer(const struct cel_value *object, uint32_t field)
{
    double number;
    memcpy(&number, (const char *) object->object.self + offer_words[field].offset, sizeof number);
    return number_or_unknown(number, offer_words[field].name);
}

/* ── the environment ── */

static const struct cel_type *type_of_fact(const struct facts_cel *cel, enum fact fact)
{
    switch (fact_type(fact)) {
    case TYPE_BOOL: return cel_type_simple(CEL_TYPE_BOOL);
    case TYPE_NUMBER:
        return cel_type_simple(fact == FACT_ITEM_RATING ? CEL_TYPE_DOUBLE : CEL_TYPE_INT);
    case TYPE_MONEY:
    case TYPE_PERCENT: return cel_type_simple(CEL_TYPE_INT);
    case TYPE_STRING: return cel_type_simple(CEL_TYPE_STRING);
    case TYPE_WORDS: return cel->words;
    case TYPE_TIME: return cel_type_simple(CEL_TYPE_TIMESTAMP);
    case TYPE_LIST: return cel->items;
    case TYPE_ATTR: break; /* no word of the table is one */
    }
    return NULL;
}

static uint32_t most_of(enum fact fact)
{
    switch (fact) {
    case FACT_CART_ITEMS: return CART_MAX_LINES;
    case FACT_TRIGGER_ITEMS: return 1;
    case FACT_OWNED_ITEMS: return PROFILE_MAX_OWNED;
    case FACT_ITEM_TAG: return PRODUCT_MAX_TAGS;
    case FACT_CUSTOMER_CONSENT: return 3;
    default: return fact_type(fact) == TYPE_STRING ? TEXT_BYTES : 0;
    }
}

static void add_field(struct facts_class *class, struct str name, const struct cel_type *type,
                      uint32_t most, uint32_t slot)
{
    uint32_t n = class->class.n_fields++;
    bool holds = type->kind == CEL_TYPE_LIST || type->kind == CEL_TYPE_MAP;
    class->fields[n] = (struct cel_field){ name, type, most, holds ? TEXT_BYTES : 0 };
    class->slots[n] = slot;
}

/* The class of @group: every fact whose name begins with its variable and a dot. */
static bool add_class(struct facts_cel *cel, uint32_t group)
{
    struct facts_class *class = &cel->classes[group];
    struct str before = str_of(groups[group].variable);

    class->class = (struct cel_class){ .name = str_of(groups[group].class),
                                       .fields = class->fields,
                                       .load = group == FACTS_CEL_ITEM ? facts_cel_load_item
                                                                       : facts_cel_load };
    for (enum fact fact = 0; fact < FACTS; fact++) {
        struct str name = str_of(fact_name(fact));
        if (name.len <= before.len || !str_starts_with(name, before) || name.at[before.len] != '.')
            continue;
        name = (struct str){ name.at + before.len + 1, name.len - before.len - 1 };
        if (class->class.n_fields < FACTS_CEL_FIELDS_MAX)
            add_field(class, name, type_of_fact(cel, fact), most_of(fact), fact);
    }
    if (group == FACTS_CEL_ITEM) {
        add_field(class, STR("attr"), cel->attrs, PRODUCT_MAX_ATTRS, FIELD_ATTR);
        add_field(class, STR("attr_text"), cel->attr_texts, PRODUCT_MAX_ATTRS, FIELD_ATTR_TEXT);
    }
    return cel_env_class(cel->env, &class->class, NULL) == OK;
}

static bool add_variable(struct facts_cel *cel, const char *name, const struct cel_type *type)
{
    uint32_t slot;
    return type && cel_env_variable(cel->env, str_of(name), type, &slot, NULL) == OK &&
           slot == cel->n_variables++;
}

static bool add_offer(struct facts_cel *cel)
{
    struct cel_class *class = arena_take(cel->arena, sizeof *class);
    struct cel_field *fields = arena_take_array(cel->arena, struct cel_field, OFFER_WORDS);
    if (!class || !fields)
        return false;
    for (uint32_t i = 0; i < OFFER_WORDS; i++)
        fields[i] = (struct cel_field){ .name = str_of(offer_words[i].name),
                                        .type = cel_type_simple(CEL_TYPE_DOUBLE) };
    *class = (struct cel_class){ STR("Offer"), fields, OFFER_WORDS, load_offer };
    cel->offer = class;
    return cel_env_class(cel->env, class, NULL) == OK &&
           add_variable(cel, "offer", cel_env_type(cel->env, STR("Offer"), NULL)) &&
           add_variable(cel, "propensity", cel_type_simple(CEL_TYPE_DOUBLE));
}

/* In the order in which evaluate() fills them in. */
static bool add_words(struct facts_cel *cel)
{
    cel->words = cel_env_type(cel->env, STR("list(string)"), NULL);
    cel->attrs = cel_env_type(cel->env, STR("map(string, dyn)"), NULL);
    cel->attr_texts = cel_env_type(cel->env, STR("map(string, string)"), NULL);
    if (!cel->words || !cel->attrs || !cel->attr_texts || !add_class(cel, FACTS_CEL_ITEM))
        return false;
    cel->items = cel_env_type(cel->env, STR("list(Item)"), NULL);
    for (uint32_t group = 0; group < FACTS_CEL_ITEM; group++)
        if (!cel->items || !add_class(cel, group))
            return false;
    for (uint32_t group = 0; group < cel->n_groups; group++)
        if (!add_variable(cel, groups[group].variable,
                          cel_env_type(cel->env, cel->classes[group].class.name, NULL)))
            return false;
    return add_variable(cel, "now", cel_type_simple(CEL_TYPE_TIMESTAMP)) &&
           cel_env_function(cel->env, "quantity(list(Item)) -> int", facts_cel_quantity, 1, NULL) ==
               OK &&
           cel_env_function(cel->env, "Item.has_attr(string) -> bool", facts_cel_has_attr, 1,
                            NULL) == OK &&
           (!cel->of_scores || add_offer(cel));
}

static const struct cel_limits limits = {
    .text_bytes = EXPR_MAX_BYTES,
    .depth = EXPR_MAX_DEPTH,
    .nested_macros = EXPR_MAX_NESTED_MACROS,
    .estimated_cost = EXPR_MAX_STEPS,
    .cost = EXPR_MAX_STEPS,
};

static const struct facts_cel *environment(struct arena *arena, struct cel_zones zones,
                                           bool of_scores)
{
    struct facts_cel *cel = arena_take(arena, sizeof *cel);
    if (!cel)
        return NULL;
    *cel = (struct facts_cel){ .env = cel_env_new(arena),
                               .arena = arena,
                               .of_scores = of_scores,
                               .n_groups = of_scores ? FACTS_CEL_GROUPS : FACTS_CEL_ITEM };
    if (!cel->env || !add_words(cel))
        return NULL;
    cel->zones = zones;
    cel_env_zones(cel->env, zones);
    cel_env_limits(cel->env, limits);
    return cel;
}

const struct facts_cel *facts_cel_of_conditions(struct arena *arena, struct cel_zones zones)
{
    return environment(arena, zones, false);
}

const struct facts_cel *facts_cel_of_scores(struct arena *arena, struct cel_zones zones)
{
    return environment(arena, zones, true);
}

/* ── expressions ── */

static bool is_number(const struct cel_type *type)
{
    return type->kind == CEL_TYPE_INT || type->kind == CEL_TYPE_UINT ||
           type->kind == CEL_TYPE_DOUBLE || type->kind == CEL_TYPE_DYN;
}

static void unknown_zone(struct cel_faults *faults, uint32_t offset, struct str zone)
{
    const struct str hint[CEL_LANGUAGES] = {
        [CEL_ENGLISH] = STR("write a name of the tz database, such as Asia/Tokyo"),
        [CEL_JAPANESE] = STR("Asia/Tokyo のような tz データベースの名前で書きます"),
    };
    struct str what[CEL_LANGUAGES];
    for (int language = 0; language < CEL_LANGUAGES; language++) {
        struct out out;
        out_init(&out, faults->arena, 64);
        out_text(&out, language == CEL_JAPANESE ? STR("知らないタイムゾーンです: ")
                                                : STR("unknown time zone: "));
        out_text(&out, zone);
        what[language] = out.failed ? zone : out_str(&out);
    }
    cel_fault_add_own(faults, offset, (uint32_t) zone.len + 2, what, hint);
}

/* now.getHours("Asia/Tokio"): a zone that nobody knows is told of now, not when it is asked for. */
static void check_zones(const struct facts_cel *cel, const struct cel_node *node,
                        struct cel_faults *faults)
{
    for (uint32_t i = 0; i < node->n_args; i++)
        check_zones(cel, node->args[i], faults);
    if (node->kind != CEL_NODE_CALL || !node->is_member || node->n_args != 2 ||
        !str_starts_with(node->name, STR("get")) || node->args[1]->kind != CEL_NODE_CONST)
        return;
    const struct cel_value *zone = &node->args[1]->constant;
    if (zone->kind != CEL_STRING || str_is(zone->string, "UTC") ||
        str_contains(zone->string, STR(":")) /* +09:00 */)
        return;
    if (!cel->zones.find || !cel->zones.find(cel->zones.self, zone->string))
        unknown_zone(faults, node->args[1]->offset, zone->string);
}

static bool zones_are_known(const struct facts_cel *cel, struct str text, struct cel_faults *faults)
{
    if (!str_contains(text, STR("get")))
        return true;
    AUTO(arena_free) struct arena *scratch = arena_new(8 << 10, 4 << 20);
    struct cel_ast *ast = scratch ? cel_parse(text, &limits, scratch, faults) : NULL;
    if (ast)
        check_zones(cel, ast->root, faults);
    return ast && faults->count == 0;
}

const struct facts_expr *facts_cel_compile(const struct facts_cel *cel, struct str text,
                                           struct arena *arena, struct cel_faults *faults)
{
    struct cel_options options = { .want = cel->of_scores ? NULL : cel_type_simple(CEL_TYPE_BOOL) };
    struct facts_expr *expr = arena_take(arena, sizeof *expr);
    const struct cel_program *program =
        expr ? cel_compile(cel->env, text, &options, arena, faults) : NULL;

    if (program && cel->of_scores && !is_number(cel_program_type(program))) {
        const struct str what[CEL_LANGUAGES] = {
            [CEL_ENGLISH] = STR("a score is a number"),
            [CEL_JAPANESE] = STR("score の式の結果は数値でなければなりません")
        };
        cel_fault_add_own(faults, 0, (uint32_t) text.len, what, NULL);
        return NULL;
    }
    if (!program || !zones_are_known(cel, text, faults))
        return NULL;
    *expr = (struct facts_expr){ program, cel };
    return expr;
}

/* A run that asks for the time. */
struct timed_run {
    struct cel_run run; /* first */
    struct facts *facts;
};

static bool go_on(struct cel_run *run)
{
    struct facts *facts = ((struct timed_run *) run)->facts;
    if (run->cost > EXPR_MAX_STEPS)
        return false;
    facts->late = facts->has_time && !facts->has_time(facts->owner);
    if (facts->late)
        return false;
    run->limit = run->cost + EXPR_LOOK_STEPS;
    if (run->limit > EXPR_MAX_STEPS)
        run->limit = EXPR_MAX_STEPS;
    return true;
}

/* What is left of a stretch between two looks is the next evaluation's. */
static struct cel_value run_timed(const struct facts_expr *expr, const struct cel_value *variables,
                                  struct facts *facts)
{
    struct timed_run timed = {
        .run = { .arena = facts->scratch,
                 .limit = facts->steps_left ? facts->steps_left : EXPR_LOOK_STEPS,
                 .go_on = go_on },
        .facts = facts,
    };
    const struct cel_run *run = &timed.run;
    struct cel_value value = cel_eval(expr->program, variables, &timed.run);
    facts->steps_left = run->cost < run->limit ? (uint32_t) (run->limit - run->cost) : 1;
    return value;
}

static struct cel_value evaluate(const struct facts_expr *expr, struct facts *facts,
                                 const struct offer_facts *offer)
{
    const struct facts_cel *cel = expr->cel;
    struct cel_value variables[VARIABLES_MAX];
    uint32_t n = 0;

    if (!facts->scratch)
        return cel_error(STR("no memory to evaluate in"));
    if (facts->late)
        return cel_error(STR("no time to evaluate in"));
    facts->cel = cel;
    for (uint32_t group = 0; group < cel->n_groups; group++)
        variables[n++] = (struct cel_value){ .kind = CEL_OBJECT,
                                             .part = FACTS_CEL_OFFERED,
                                             .object = { &cel->classes[group].class, facts } };
    variables[n++] = facts_cel_timestamp(facts->now_us);
    if (cel->of_scores) {
        variables[n++] = (struct cel_value){ .kind = CEL_OBJECT,
                                             .object = { cel->offer, (void *) (uintptr_t) offer } };
        variables[n++] = number_or_unknown(offer->propensity, "propensity");
    }
    return run_timed(expr, variables, facts);
}

enum truth facts_cel_test(const struct facts_expr *expr, struct facts *facts)
{
    struct cel_value value = evaluate(expr, facts, NULL);
    facts->stopped += value.kind == CEL_ERROR && !facts->late;
    if (facts->scratch)
        arena_reset(facts->scratch);
    return value.kind == CEL_BOOL ? (enum truth) value.boolean : TRUTH_UNKNOWN;
}

enum truth facts_cel_call(struct term_scope *scope, const void *callee)
{
    return facts_cel_test(callee, (struct facts *) scope);
}

bool facts_cel_score(const struct facts_expr *expr, struct facts *facts,
                     const struct product *offered, const struct offer_facts *offer,
                     double *ret_score)
{
    facts->offered = offered;
    struct cel_value value = evaluate(expr, facts, offer);
    double score = value.kind == CEL_DOUBLE ? value.real
                   : value.kind == CEL_INT  ? (double) value.integer
                   : value.kind == CEL_UINT ? (double) value.natural
                                            : NAN;
    if (facts->scratch)
        arena_reset(facts->scratch);
    facts->stopped += !isfinite(score) && !facts->late;
    if (isfinite(score))
        *ret_score = score;
    return isfinite(score);
}
