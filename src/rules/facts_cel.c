/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts, in CEL
 *
 * A class for each word before a dot, its fields the facts behind it; loading one asks the same scope that
 * structured conditions ask. An item is a list's number and a place in it: loading a field makes that
 * element current first, so that lists need no copies and `exists` inside `exists` reads the right one.
 */
#include "rules/facts_cel.h"

#include <math.h>

#include "shop/event.h"

enum { GROUPS = 7, FIELDS_MAX = 24, VARIABLES_MAX = GROUPS + 3, TEXT_BYTES = 256 };
enum { PART_SHIFT = 16, PART_OFFERED = 0xff };
enum { FIELD_ATTR = FACTS, FIELD_ATTR_TEXT };

/* "Cart" and "cart."; the last, of an item, is a variable only in scores. */
static const struct {
    const char *class, *variable;
} groups[GROUPS] = {
    { "Cart", "cart" },       { "Customer", "customer" }, { "Order", "order" },
    { "Context", "context" }, { "Session", "session" },   { "Trigger", "trigger" },
    { "Item", "item" },
};
enum { ITEM = GROUPS - 1 };

struct facts_class {
    struct cel_class class; /* first */
    struct cel_field fields[FIELDS_MAX];
    uint32_t slots[FIELDS_MAX]; /* enum fact, or FIELD_… */
};

struct facts_cel {
    struct cel_env *env;
    struct arena *arena;
    bool of_scores;
    uint32_t n_groups; /* that are variables: without the item, but in scores */
    struct facts_class classes[GROUPS];
    const struct cel_type *words, *items, *attrs, *attr_texts;
    const struct cel_class *offer;
    uint32_t n_variables;
};

/* ── from facts to values ── */

static struct cel_value item_value(const struct facts *facts, uint32_t which, uint32_t index)
{
    return (struct cel_value){ .kind = CEL_OBJECT,
                               .part = which << PART_SHIFT | index,
                               .object = { &facts->cel->classes[ITEM].class,
                                           (void *) (uintptr_t) facts } };
}

static struct cel_value consent_at(const struct facts *facts, uint32_t index)
{
    static const char *const words[] = { "personalization", "marketing", "profiling" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (facts->person->consent & consent_of(str_of(words[i])) && index-- == 0)
            return cel_string(str_of(words[i]));
    return cel_unknown(STR("customer.consent"));
}

static struct cel_value list_at(const struct cel_value *value, uint32_t index)
{
    const struct facts_list *list = (const struct facts_list *) value->list;
    if (list->which == LIST_TAGS)
        return cel_string(list->product->tags[index]);
    if (list->which == LIST_CONSENT)
        return consent_at(list->facts, index);
    return item_value(list->facts, list->which, index);
}

static uint32_t count_of(const struct facts *facts, enum fact_list which)
{
    switch (which) {
    case LIST_CART: return facts->cart->n_lines;
    case LIST_TRIGGER: return 1;
    case LIST_OWNED:
        return facts->person->n_owned < PROFILE_MAX_OWNED ? facts->person->n_owned
                                                          : PROFILE_MAX_OWNED;
    case LIST_TAGS: return facts->item->n_tags;
    case LIST_CONSENT:
        return (uint32_t) __builtin_popcount(
            facts->person->consent &
            (CONSENT_PERSONALIZATION | CONSENT_MARKETING | CONSENT_PROFILING));
    }
    return 0;
}

/* A list that needs no room, but for tags: there may be many at once. */
static struct cel_value list_value(struct facts *facts, enum fact_list which)
{
    struct facts_list *list = which == LIST_TAGS && facts->scratch
                                  ? arena_take(facts->scratch, sizeof *list)
                                  : &facts->lists[which];
    if (!list)
        return cel_unknown(STR("item.tag"));
    *list = (struct facts_list){
        { .count = count_of(facts, which), .at = list_at }, facts, which, facts->item
    };
    return (struct cel_value){ .kind = CEL_LIST, .list = &list->list };
}

static struct cel_value timestamp_of(int64_t us)
{
    int64_t seconds = us / 1000000, rest = us % 1000000;
    return rest < 0 ? cel_timestamp(seconds - 1, (uint32_t) (rest + 1000000) * 1000)
                    : cel_timestamp(seconds, (uint32_t) rest * 1000);
}

static struct cel_value value_of(struct facts *facts, uint32_t slot, struct str name)
{
    struct value value = facts->scope.load(&facts->scope, slot);
    switch (value.kind) {
    case VALUE_BOOL: return cel_bool(value.boolean);
    case VALUE_INT: return cel_int(value.integer);
    case VALUE_DOUBLE: return cel_double(value.real);
    case VALUE_STRING: return cel_string(value.string);
    case VALUE_TIMESTAMP: return timestamp_of(value.integer);
    case VALUE_DURATION: break; /* no fact is one */
    case VALUE_LIST: return list_value(facts, (enum fact_list) value.list);
    case VALUE_UNKNOWN: break;
    }
    return cel_unknown(name);
}

static struct cel_value load_fact(const struct cel_value *object, uint32_t field)
{
    const struct facts_class *class = (const struct facts_class *) object->object.class;
    return value_of(object->object.self, class->slots[field], class->fields[field].name);
}

/* Makes the item of @part current; false when there is none. */
static bool select_item(struct facts *facts, uint32_t part)
{
    int64_t weight;
    if (part >> PART_SHIFT != PART_OFFERED)
        return facts->scope.element(&facts->scope, part >> PART_SHIFT,
                                    part & ((1u << PART_SHIFT) - 1), &weight);
    if (facts->offered)
        facts_candidate(facts, facts->offered);
    return facts->offered != NULL;
}

static struct cel_value find_attr(const struct cel_value *map, const struct cel_value *key)
{
    const struct facts_map *attrs = (const struct facts_map *) map->map;
    struct facts *facts = attrs->facts;

    if (key->kind != CEL_STRING || !select_item(facts, map->part) || !facts->item)
        return cel_unknown(STR("attr"));
    const struct attr *attr = product_attr(facts->item, key->string);
    if (!attr)
        return cel_unknown(STR("attr"));
    return attr->is_number && !attrs->as_text ? cel_double(attr->number) : cel_string(attr->text);
}

static struct cel_value load_item(const struct cel_value *object, uint32_t field)
{
    const struct facts_class *class = (const struct facts_class *) object->object.class;
    struct facts *facts = object->object.self;
    uint32_t slot = class->slots[field];

    if (slot >= FACTS) {
        struct facts_map *attrs = &facts->attrs[slot - FIELD_ATTR];
        *attrs = (struct facts_map){ { .find = find_attr }, facts, slot == FIELD_ATTR_TEXT };
        return (struct cel_value){ .kind = CEL_MAP, .part = object->part, .map = &attrs->map };
    }
    if (!select_item(facts, object->part))
        return cel_unknown(class->fields[field].name);
    return value_of(facts, slot, class->fields[field].name);
}

/* ── functions ── */

/* The pieces of a list of items; one where nobody said how many. */
static struct cel_value call_quantity(struct cel_run *run, const struct cel_value *args,
                                      uint32_t n_args)
{
    int64_t sum = 0;
    (void) n_args;
    if (!cel_charge(run, args[0].list->count))
        return cel_stop(run);
    for (uint32_t i = 0; i < args[0].list->count; i++) {
        struct cel_value item = cel_list_at(&args[0], i);
        if (!cel_is_plain(&item))
            return item;
        if (item.kind != CEL_OBJECT || item.object.class->load != load_item)
            return cel_fail(run, "quantity() adds up items");
        struct facts *facts = item.object.self;
        bool told = select_item(facts, item.part) && facts->item_quantity > 0;
        if (__builtin_add_overflow(sum, told ? facts->item_quantity : 1, &sum))
            return cel_unknown(STR("quantity"));
    }
    return cel_int(sum);
}

/* Whether an item's product has an attribute: has(item.attr.NAME) for names that are no identifiers. */
static struct cel_value call_has_attr(struct cel_run *run, const struct cel_value *args,
                                      uint32_t n_args)
{
    (void) n_args;
    if (args[0].object.class->load != load_item)
        return cel_fail(run, "has_attr() is of an item");
    struct facts *facts = args[0].object.self;
    return cel_bool(select_item(facts, args[0].part) && facts->item &&
                    product_attr(facts->item, args[1].string));
}

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
                                       .load = group == ITEM ? load_item : load_fact };
    for (enum fact fact = 0; fact < FACTS; fact++) {
        struct str name = str_of(fact_name(fact));
        if (name.len <= before.len || !str_starts_with(name, before) || name.at[before.len] != '.')
            continue;
        name = (struct str){ name.at + before.len + 1, name.len - before.len - 1 };
        if (class->class.n_fields < FIELDS_MAX)
            add_field(class, name, type_of_fact(cel, fact), most_of(fact), fact);
    }
    if (group == ITEM) {
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
    if (!cel->words || !cel->attrs || !cel->attr_texts || !add_class(cel, ITEM))
        return false;
    cel->items = cel_env_type(cel->env, STR("list(Item)"), NULL);
    for (uint32_t group = 0; group < ITEM; group++)
        if (!cel->items || !add_class(cel, group))
            return false;
    for (uint32_t group = 0; group < cel->n_groups; group++)
        if (!add_variable(cel, groups[group].variable,
                          cel_env_type(cel->env, cel->classes[group].class.name, NULL)))
            return false;
    return add_variable(cel, "now", cel_type_simple(CEL_TYPE_TIMESTAMP)) &&
           cel_env_function(cel->env, "quantity(list(Item)) -> int", call_quantity, 1, NULL) ==
               OK &&
           cel_env_function(cel->env, "Item.has_attr(string) -> bool", call_has_attr, 1, NULL) ==
               OK &&
           (!cel->of_scores || add_offer(cel));
}

static const struct facts_cel *environment(struct arena *arena, struct cel_zones zones,
                                           bool of_scores)
{
    struct facts_cel *cel = arena_take(arena, sizeof *cel);
    if (!cel)
        return NULL;
    *cel = (struct facts_cel){ .env = cel_env_new(arena),
                               .arena = arena,
                               .of_scores = of_scores,
                               .n_groups = of_scores ? GROUPS : ITEM };
    if (!cel->env || !add_words(cel))
        return NULL;
    cel_env_zones(cel->env, zones);
    cel_env_limits(cel->env, (struct cel_limits){ .text_bytes = EXPR_MAX_BYTES,
                                                  .depth = EXPR_MAX_DEPTH,
                                                  .nested_macros = EXPR_MAX_NESTED_MACROS,
                                                  .estimated_cost = EXPR_MAX_STEPS,
                                                  .cost = EXPR_MAX_STEPS });
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

const struct facts_expr *facts_cel_compile(const struct facts_cel *cel, struct str text,
                                           struct arena *arena, struct cel_faults *faults)
{
    struct cel_options options = { .want = cel->of_scores ? NULL : cel_type_simple(CEL_TYPE_BOOL) };
    struct facts_expr *expr = arena_take(arena, sizeof *expr);
    const struct cel_program *program =
        expr ? cel_compile(cel->env, text, &options, arena, faults) : NULL;

    if (program && cel->of_scores && !is_number(cel_program_type(program))) {
        cel_fault_add(faults, 0, (uint32_t) text.len, (struct str){ 0 }, "a score is a number");
        return NULL;
    }
    if (!program)
        return NULL;
    *expr = (struct facts_expr){ program, cel };
    return expr;
}

static struct cel_value evaluate(const struct facts_expr *expr, struct facts *facts,
                                 const struct offer_facts *offer)
{
    const struct facts_cel *cel = expr->cel;
    struct cel_value variables[VARIABLES_MAX];
    struct cel_run run = { .arena = facts->scratch };
    uint32_t n = 0;

    if (!facts->scratch)
        return cel_error(STR("no memory to evaluate in"));
    facts->cel = cel;
    for (uint32_t group = 0; group < cel->n_groups; group++)
        variables[n++] = (struct cel_value){ .kind = CEL_OBJECT,
                                             .part = PART_OFFERED << PART_SHIFT,
                                             .object = { &cel->classes[group].class, facts } };
    variables[n++] = timestamp_of(facts->now_us);
    if (cel->of_scores) {
        variables[n++] = (struct cel_value){ .kind = CEL_OBJECT,
                                             .object = { cel->offer, (void *) (uintptr_t) offer } };
        variables[n++] = number_or_unknown(offer->propensity, "propensity");
    }
    return cel_eval(expr->program, variables, &run);
}

enum truth facts_cel_test(const struct facts_expr *expr, struct facts *facts)
{
    struct cel_value value = evaluate(expr, facts, NULL);
    facts->stopped += value.kind == CEL_ERROR;
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
    facts->stopped += !isfinite(score);
    if (isfinite(score))
        *ret_score = score;
    return isfinite(score);
}
