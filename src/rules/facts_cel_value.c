/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts, in CEL: values
 *
 * Loading a field asks the same scope that structured conditions ask. An item is a list's
 * number and a place in it: loading a field makes that element current first, so that lists
 * need no copies and `exists` inside `exists` reads the right one.
 */
#include "rules/facts_cel_parts.h"
#include "shop/event.h"

enum { PART_SHIFT = 16 };

static struct cel_value item_value(const struct facts *facts, uint32_t which, uint32_t index)
{
    return (struct cel_value){ .kind = CEL_OBJECT,
                               .part = which << PART_SHIFT | index,
                               .object = { &facts->cel->classes[FACTS_CEL_ITEM].class,
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

struct cel_value facts_cel_timestamp(int64_t us)
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
    case VALUE_TIMESTAMP: return facts_cel_timestamp(value.integer);
    case VALUE_DURATION: break; /* no fact is one */
    case VALUE_LIST: return list_value(facts, (enum fact_list) value.list);
    case VALUE_UNKNOWN: break;
    }
    return cel_unknown(name);
}

struct cel_value facts_cel_load(const struct cel_value *object, uint32_t field)
{
    const struct facts_class *class = (const struct facts_class *) object->object.class;
    return value_of(object->object.self, class->slots[field], class->fields[field].name);
}

/* Makes the item of @part current; false when there is none. */
static bool select_item(struct facts *facts, uint32_t part)
{
    int64_t weight;
    if (part != FACTS_CEL_OFFERED)
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

struct cel_value facts_cel_load_item(const struct cel_value *object, uint32_t field)
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
struct cel_value facts_cel_quantity(struct cel_run *run, const struct cel_value *args,
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
        if (item.kind != CEL_OBJECT || item.object.class->load != facts_cel_load_item)
            return cel_fail(run, "quantity() adds up items");
        struct facts *facts = item.object.self;
        bool told = select_item(facts, item.part) && facts->item_quantity > 0;
        if (__builtin_add_overflow(sum, told ? facts->item_quantity : 1, &sum))
            return cel_unknown(STR("quantity"));
    }
    return cel_int(sum);
}

/*
 * Whether an item's product has an attribute:
 * has(item.attr.NAME) for names that are no identifiers.
 */
struct cel_value facts_cel_has_attr(struct cel_run *run, const struct cel_value *args,
                                    uint32_t n_args)
{
    (void) n_args;
    if (args[0].object.class->load != facts_cel_load_item)
        return cel_fail(run, "has_attr() is of an item");
    struct facts *facts = args[0].object.self;
    return cel_bool(select_item(facts, args[0].part) && facts->item &&
                    product_attr(facts->item, args[1].string));
}
