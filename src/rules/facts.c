/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts
 *
 * One switch from a slot to its value. What belongs to the current item reads the item_… fields,
 * which element() sets line by line; everything else reads what the caller told.
 */
#include "rules/facts.h"

#include "rules/facts_cel.h"
#include "shop/event.h"

enum { OWNED_AT_ONCE = 32 }; /* products that are looked up together */

#define DAY_US (INT64_C(86400) * 1000000)

static const struct {
    const char *name;
    enum fact_type type;
} words[FACTS] = {
#define FACT(id, name, type, unit) [FACT_##id] = { name, type },
#include "rules/fact_words.inc"
#undef FACT
};

static struct value whole_days(int64_t since_us, int64_t now_us)
{
    return since_us > 0 ? value_int((now_us - since_us) / DAY_US) : value_unknown();
}

static struct value instant_or_unknown(int64_t at_us)
{
    return at_us > 0 ? value_timestamp(at_us) : value_unknown();
}

static struct value load_attr(const struct facts *facts, uint32_t slot)
{
    bool as_text = slot >= FACT_ATTR_TEXT_FIRST;
    uint32_t n = slot - (as_text ? FACT_ATTR_TEXT_FIRST : FACT_ATTR_FIRST);
    if (!facts->item)
        return value_unknown();

    const struct attr *attr = product_attr(facts->item, facts->attr_names[n]);
    if (!attr)
        return value_unknown();
    return attr->is_number && !as_text ? value_double(attr->number) : value_string(attr->text);
}

/* The cart's price when the item is in it, else the catalogue's; -1 when neither is known. */
static int64_t unit_price(const struct facts *facts)
{
    if (facts->item_line)
        return facts->item_line->unit_price_minor;
    return facts->item ? facts->item->price_minor : -1;
}

static struct value load_item_price(const struct facts *facts, enum fact fact)
{
    int64_t price = unit_price(facts), margin;

    if (fact == FACT_ITEM_UNIT_PRICE)
        return price >= 0 ? value_int(price) : value_unknown();
    if (facts->item && product_margin_bp(facts->item, price, &margin))
        return value_int(margin);
    return value_unknown();
}

static struct value load_product(const struct product *product, enum fact fact)
{
    switch (fact) {
    case FACT_ITEM_CATEGORY: return value_string(product->category);
    case FACT_ITEM_SUBCATEGORY: return value_string(product->subcategory);
    case FACT_ITEM_BRAND: return value_string(product->brand);
    case FACT_ITEM_MODEL: return value_string(product->model);
    case FACT_ITEM_TAG: return value_list(LIST_TAGS);
    case FACT_ITEM_LIST_PRICE: return value_int(product->price_minor);
    case FACT_ITEM_IN_STOCK: return value_bool(product_in_stock(product));
    case FACT_ITEM_STOCK:
        return product->stock == STOCK_UNKNOWN ? value_unknown() : value_int(product->stock);
    case FACT_ITEM_RATING:
        return product->rating > 0 ? value_double(product->rating) : value_unknown();
    default: return value_unknown();
    }
}

static struct value load_item(const struct facts *facts, enum fact fact)
{
    switch (fact) {
    case FACT_ITEM_SKU: return value_string(facts->item_sku);
    case FACT_ITEM_UNIT_PRICE:
    case FACT_ITEM_MARGIN: return load_item_price(facts, fact);
    case FACT_ITEM_QUANTITY:
        return facts->item_quantity > 0 ? value_int(facts->item_quantity) : value_unknown();
    case FACT_ITEM_AGE_DAYS: return whole_days(facts->item_bought_us, facts->now_us);
    case FACT_ITEM_BOUGHT_AT: return instant_or_unknown(facts->item_bought_us);
    default: return facts->item ? load_product(facts->item, fact) : value_unknown();
    }
}

static struct value load_person(const struct facts *facts, enum fact fact)
{
    const struct profile *person = facts->person;
    if (!person)
        return value_unknown();

    switch (fact) {
    case FACT_OWNED_ITEMS: return value_list(LIST_OWNED);
    case FACT_CUSTOMER_ORDERS: return value_int(person->orders);
    case FACT_CUSTOMER_SPEND: return value_int(person->spend_minor);
    case FACT_CUSTOMER_NEW: return value_bool(person->orders == 0);
    case FACT_CUSTOMER_TENURE_DAYS: return whole_days(person->first_seen_us, facts->now_us);
    case FACT_CUSTOMER_LAST_ORDER_AT: return instant_or_unknown(person->last_order_us);
    case FACT_CUSTOMER_CONSENT: return value_list(LIST_CONSENT);
    default: return value_unknown();
    }
}

static struct value load_request(const struct facts *facts, enum fact fact)
{
    switch (fact) {
    case FACT_TRIGGER_ITEMS:
        return facts->trigger || facts->trigger_line ? value_list(LIST_TRIGGER) : value_unknown();
    case FACT_ORDER_TOTAL:
        return facts->order_total_minor >= 0 ? value_int(facts->order_total_minor)
                                             : value_unknown();
    case FACT_CONTEXT_CHANNEL: return value_string(facts->channel);
    case FACT_CONTEXT_COUNTRY: return value_string(facts->country);
    case FACT_CONTEXT_LANGUAGE: return value_string(facts->language);
    case FACT_SESSION_DEVICE: return value_string(facts->device);
    case FACT_NOW: return value_timestamp(facts->now_us);
    default: break;
    }
    if (!facts->cart)
        return value_unknown();
    switch (fact) {
    case FACT_CART_ITEMS: return value_list(LIST_CART);
    case FACT_CART_TOTAL: return value_int(facts->cart->total_minor);
    case FACT_CART_QUANTITY: return value_int(facts->cart->quantity);
    default: return value_unknown();
    }
}

static struct value load(struct term_scope *scope, uint32_t slot)
{
    const struct facts *facts = (const struct facts *) scope;

    if (slot >= FACT_ATTR_FIRST)
        return load_attr(facts, slot);
    if (slot >= FACT_ITEM_SKU && slot <= FACT_ITEM_BOUGHT_AT)
        return load_item(facts, (enum fact) slot);
    if (slot == FACT_OWNED_ITEMS || (slot >= FACT_CUSTOMER_ORDERS && slot <= FACT_CUSTOMER_CONSENT))
        return load_person(facts, (enum fact) slot);
    return load_request(facts, (enum fact) slot);
}

static void set_line(struct facts *facts, const struct cart_line *line,
                     const struct product *product)
{
    facts->item_line = line;
    facts->item = product;
    facts->item_sku = line->sku;
    facts->item_bought_us = 0;
    facts->item_quantity = line->quantity;
}

static const struct product *product_of(const struct facts *facts, uint32_t number)
{
    bool known = facts->catalog && number != PRODUCT_NONE;
    return known ? catalog_product(facts->catalog, number) : NULL;
}

static bool cart_element(struct facts *facts, uint32_t index)
{
    if (index >= facts->cart->n_lines)
        return false;
    const struct cart_line *line = &facts->cart->lines[index];
    set_line(facts, line, product_of(facts, line->product));
    return true;
}

static bool trigger_element(struct facts *facts, uint32_t index)
{
    if (index > 0)
        return false;
    if (facts->trigger_line)
        set_line(facts, facts->trigger_line, facts->trigger);
    else
        facts_candidate(facts, facts->trigger);
    return true;
}

/* Those of what is owned of which no hint was right. */
struct unhinted {
    uint32_t n, places[OWNED_AT_ONCE];
    struct str skus[OWNED_AT_ONCE];
};

static void find_unhinted(struct facts *facts, struct unhinted *some)
{
    uint32_t products[OWNED_AT_ONCE];
    catalog_find_many(facts->catalog, some->skus, some->n, products);
    for (uint32_t i = 0; i < some->n; i++) {
        facts->owned_products[some->places[i]] = products[i];
        profile_set_hint(facts->person, some->places[i], products[i]);
    }
    some->n = 0;
}

/* As str_eq: most SKUs have 4 to 16 bytes, of which both ends say it. */
static inline bool is_sku(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    size_t last = a.len >= 8 ? a.len - 8 : a.len - 4;
    if (a.len >= 8 && a.len <= 16)
        return memcmp(a.at, b.at, 8) == 0 && memcmp(a.at + last, b.at + last, 8) == 0;
    if (a.len >= 4 && a.len < 8)
        return memcmp(a.at, b.at, 4) == 0 && memcmp(a.at + last, b.at + last, 4) == 0;
    return str_eq(a, b);
}

/* A hint of a customer's last decision saves looking the SKU up; of another catalogue it is another's product. */
static void resolve_owned(struct facts *facts)
{
    const struct profile *person = facts->person;
    uint32_t n = person->n_owned < PROFILE_MAX_OWNED ? person->n_owned : PROFILE_MAX_OWNED;
    uint32_t n_products = catalog_count(facts->catalog);
    const struct product *products = n_products > 0 ? catalog_product(facts->catalog, 0) : NULL;
    struct unhinted some;

    some.n = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct str sku = person->owned[i].sku;
        uint32_t hint = profile_hint(person, i);
        if (hint < n_products && is_sku(products[hint].sku, sku)) {
            facts->owned_products[i] = hint;
            continue;
        }
        some.places[some.n] = i;
        some.skus[some.n++] = sku;
        if (some.n == OWNED_AT_ONCE)
            find_unhinted(facts, &some);
    }
    if (some.n > 0)
        find_unhinted(facts, &some);
    facts->resolved = person;
}

const uint32_t *facts_owned_products(struct facts *facts)
{
    if (facts->resolved == facts->person)
        return facts->owned_products;
    if (facts->catalog) {
        resolve_owned(facts);
    } else {
        memset(facts->owned_products, 0xff, sizeof facts->owned_products);
        facts->resolved = facts->person;
    }
    return facts->owned_products;
}

static bool owned_element(struct facts *facts, uint32_t index)
{
    const struct profile *person = facts->person;
    if (index >= person->n_owned || index >= PROFILE_MAX_OWNED)
        return false;

    facts->item_line = NULL;
    facts->item = product_of(facts, facts_owned_products(facts)[index]);
    facts->item_sku = person->owned[index].sku;
    facts->item_bought_us = person->owned[index].last_us;
    facts->item_quantity = person->owned[index].quantity;
    return true;
}

static bool element(struct term_scope *scope, uint32_t list, uint32_t index, int64_t *ret_weight)
{
    struct facts *facts = (struct facts *) scope;
    bool is_there = list == LIST_CART      ? cart_element(facts, index)
                    : list == LIST_TRIGGER ? trigger_element(facts, index)
                    : list == LIST_OWNED   ? owned_element(facts, index)
                                           : false;
    if (is_there)
        *ret_weight = facts->item_quantity > 0 ? facts->item_quantity : 1;
    return is_there;
}

static bool has_word(struct term_scope *scope, uint32_t list, struct str word)
{
    const struct facts *facts = (const struct facts *) scope;

    if (list == LIST_CONSENT)
        return (facts->person->consent & consent_of(word)) != 0;
    return product_has_tag(facts->item, word);
}

void facts_init(struct facts *facts)
{
    facts->scope = (struct term_scope){
        .load = load, .element = element, .has_word = has_word, .call = facts_cel_call
    };
    facts->resolved = NULL;
}

void facts_candidate(struct facts *facts, const struct product *product)
{
    facts->item_line = NULL;
    facts->item = product;
    facts->item_sku = product->sku;
    facts->item_bought_us = 0;
    facts->item_quantity = 0;
}

const char *fact_name(uint32_t slot)
{
    return slot < FACTS ? words[slot].name : "attr";
}

enum fact_type fact_type(uint32_t slot)
{
    if (slot < FACTS)
        return words[slot].type;
    return slot >= FACT_ATTR_TEXT_FIRST ? TYPE_STRING : TYPE_ATTR;
}

bool fact_of(struct str name, enum fact *ret_fact)
{
    for (enum fact fact = 0; fact < FACTS; fact++)
        if (str_is(name, words[fact].name)) {
            *ret_fact = fact;
            return true;
        }
    return false;
}

static bool is_identifier(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.len > 0 && !str_is(name, "in") && !str_is(name, "true") && !str_is(name, "false") &&
           !str_is(name, "null");
}

static void print_name(const struct term_names *names, uint32_t slot, bool of_element,
                       struct out *out)
{
    const struct fact_names *self = (const struct fact_names *) names;
    const char *item = of_element ? TERM_ELEMENT : "item";

    if (slot >= FACT_ATTR_FIRST) {
        bool as_text = slot >= FACT_ATTR_TEXT_FIRST;
        uint32_t n = slot - (as_text ? FACT_ATTR_TEXT_FIRST : FACT_ATTR_FIRST);
        struct str attr = self->attr_name(self->self, n);
        out_text(out, str_of(item));
        out_text(out, as_text ? STR(".attr_text") : STR(".attr"));
        if (is_identifier(attr)) {
            out_char(out, '.');
            out_text(out, attr);
        } else {
            out_char(out, '[');
            value_print(value_string(attr), out);
            out_char(out, ']');
        }
    } else if (slot >= FACT_ITEM_SKU && slot <= FACT_ITEM_BOUGHT_AT) {
        out_text(out, str_of(item));
        out_text(out, str_of(fact_name(slot) + sizeof "item" - 1));
    } else {
        out_text(out, str_of(fact_name(slot)));
    }
}

static bool is_whole(const struct term_names *names, uint32_t slot)
{
    (void) names;
    enum fact_type type = fact_type(slot);
    return slot != FACT_ITEM_RATING &&
           (type == TYPE_NUMBER || type == TYPE_MONEY || type == TYPE_PERCENT);
}

struct fact_names fact_names(struct str (*attr_name)(const void *self, uint32_t n),
                             const void *self)
{
    return (struct fact_names){ { print_name, "quantity", is_whole }, attr_name, self };
}

static struct str name_in_array(const void *self, uint32_t n)
{
    return ((const struct str *) self)[n];
}

struct fact_names fact_names_of(const struct str *attr_names)
{
    return fact_names(name_in_array, attr_names);
}
