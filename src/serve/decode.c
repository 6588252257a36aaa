/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decode: the JSON body -> cart, trigger, placement. One pass over the one schema it knows;
 * unknown members are skipped. Ids are borrowed from the body. Whatever cannot be meant is
 * refused here, with its JSON Pointer, so that no later stage has to doubt a number.
 */
#include "rules/words.h"
#include "serve/decision.h"
#include "shop/catalog.h"
#include "shop/customer.h"
#include "shop/event.h"
#include "shop/money.h"

static bool key_is(struct str key, const char *name, size_t len)
{
    return key.len == len && memcmp(key.at, name, len) == 0;
}
#define KEY(name) key_is(key, name, sizeof(name) - 1)

static struct str read_id(struct json_scan *scan)
{
    return json_null(scan) ? (struct str){ 0 } : json_string(scan, 1, ID_MAX_BYTES);
}

static void read_line(struct json_scan *scan, struct cart_line *line)
{
    struct str key;
    *line = (struct cart_line){ .quantity = 1, .unit_price_minor = -1, .product = PRODUCT_NONE };
    for (json_object(scan); json_next_key(scan, &key);) {
        if (KEY("sku"))
            line->sku = json_string(scan, 1, ID_MAX_BYTES);
        else if (KEY("quantity"))
            line->quantity = json_int(scan, 1, QUANTITY_MAX);
        else if (KEY("unit_price"))
            line->unit_price_minor = json_int(scan, 0, MONEY_MAX);
        else
            (void) json_skip(scan);
    }
    if (!scan->fault && !line->sku.at)
        json_fault_value(scan, "a cart item needs a \"sku\"");
}

static void read_lines(struct decision *d, struct json_scan *scan)
{
    uint32_t room = 0;
    for (json_array(scan); json_next_item(scan);) {
        if (d->request.cart.n_lines == CART_MAX_LINES) {
            json_fault_value(scan, "a cart holds at most 500 lines");
            return;
        }
        if (d->request.cart.n_lines == room) {
            uint32_t more = room ? room * 2 : 16;
            struct cart_line *lines = arena_grow(d->arena, d->request.cart.lines,
                                                 room * sizeof *lines, more * sizeof *lines);
            if (!lines) {
                scan->fault_is_limit = true;
                json_fault(scan, "the request needs more memory than one may have");
                return;
            }
            d->request.cart.lines = lines;
            room = more;
        }
        read_line(scan, &d->request.cart.lines[d->request.cart.n_lines++]);
    }
}

static void read_cart(struct decision *d, struct json_scan *scan)
{
    struct str key;
    for (json_object(scan); json_next_key(scan, &key);) {
        if (KEY("currency")) {
            d->request.cart.currency = json_string(scan, 3, 3);
            if (!scan->fault && money_decimals(d->request.cart.currency) < 0)
                json_fault_value(scan, "an ISO 4217 currency code was expected, such as \"JPY\"");
        } else if (KEY("items")) {
            d->request.cart.n_lines = 0;
            d->request.cart.lines = NULL;
            read_lines(d, scan);
        } else {
            (void) json_skip(scan);
        }
    }
}

static void read_order(struct decision *d, struct json_scan *scan)
{
    struct str key;
    for (json_object(scan); json_next_key(scan, &key);) {
        if (KEY("total"))
            d->request.order_total_minor = json_int(scan, 0, MONEY_MAX);
        else
            (void) json_skip(scan);
    }
}

static void read_context(struct decision *d, struct json_scan *scan)
{
    struct str key;
    for (json_object(scan); json_next_key(scan, &key);) {
        if (KEY("channel"))
            d->request.channel = read_id(scan);
        else if (KEY("country"))
            d->request.country = read_id(scan);
        else if (KEY("device"))
            d->request.device = read_id(scan);
        else
            (void) json_skip(scan);
    }
}

static void read_trigger(struct decision *d, struct json_scan *scan, bool *ret_told)
{
    struct str word = json_string(scan, 1, ID_MAX_BYTES);
    int trigger = scan->fault ? -1 : words_find(words_triggers(), word);
    if (!scan->fault && trigger < 0)
        json_fault_value(scan, "no such trigger; known are add_to_cart, cart_view, product_view, "
                               "checkout, post_purchase, and the others of /openapi.json");
    d->request.trigger = trigger < 0 ? TRIGGER_ADD_TO_CART : (enum trigger) trigger;
    *ret_told = true;
}

static void read_budget(struct decision *d, struct json_scan *scan)
{
    d->request.budget_us = json_int(scan, 1, DECISION_MAX_BUDGET_MS) * 1000;
}

static void read_locale(struct decision *d, struct json_scan *scan)
{
    d->request.locale = locale_of(json_string(scan, 1, 35), LOCALE_JA);
}

static void read_member(struct decision *d, struct json_scan *scan, struct str key,
                        bool *ret_trigger, bool *ret_cart)
{
    if (KEY("placement")) {
        d->request.placement = json_string(scan, 1, ID_MAX_BYTES);
    } else if (KEY("trigger")) {
        read_trigger(d, scan, ret_trigger);
    } else if (KEY("customer_id")) {
        d->request.customer_id = read_id(scan);
    } else if (KEY("session_id")) {
        d->request.session_id = read_id(scan);
    } else if (KEY("locale")) {
        read_locale(d, scan);
    } else if (KEY("limit")) {
        d->request.limit = (uint32_t) json_int(scan, 1, DECISION_MAX_OFFERS);
    } else if (KEY("budget_ms")) {
        read_budget(d, scan);
    } else if (KEY("item")) {
        d->request.item_sku = read_id(scan);
    } else if (KEY("cart")) {
        read_cart(d, scan);
        *ret_cart = true;
    } else if (KEY("explain")) {
        d->request.explain = json_bool(scan);
    } else if (KEY("order")) {
        read_order(d, scan);
    } else if (KEY("context")) {
        read_context(d, scan);
    } else {
        (void) json_skip(scan);
    }
}

static enum err refuse(struct decision *d, const char *what, struct str pointer, bool is_value)
{
    d->problem = (struct decide_problem){
        .err = ERR_INPUT, .is_value = is_value, .what = what, .pointer = pointer
    };
    return ERR_INPUT;
}

static enum err read_body(struct decision *d)
{
    struct json_scan scan;
    struct str key;
    bool trigger = false, cart = false;

    json_scan_init(&scan, d->body, d->arena);
    for (json_object(&scan); json_next_key(&scan, &key);)
        read_member(d, &scan, key, &trigger, &cart);
    json_end(&scan);

    if (scan.fault) {
        struct str pointer = arena_copy(d->arena, str_of(scan.pointer));
        if (scan.fault_is_limit || !pointer.at)
            return decision_no_room(d);
        return refuse(d, scan.fault, pointer, scan.fault_is_value);
    }
    if (!d->request.placement.at)
        return refuse(d, "\"placement\" is missing: where the offer would be shown",
                      STR("/placement"), true);
    if (!trigger)
        return refuse(d, "\"trigger\" is missing: what has just happened", STR("/trigger"), true);
    if (!cart)
        return refuse(d, "\"cart\" is missing: {\"currency\": …, \"items\": []} when it is empty",
                      STR("/cart"), true);
    return OK;
}

/*
 * Prices that the storefront left out are the catalogue's. A line's sum fits by the bounds above.
 */
static enum err complete_lines(struct decision *d)
{
    const struct catalog *catalog = d->request.world->catalog;
    for (uint32_t i = 0; i < d->request.cart.n_lines; i++) {
        struct cart_line *line = &d->request.cart.lines[i];
        line->product = catalog_find(catalog, line->sku);
        if (line->unit_price_minor < 0)
            line->unit_price_minor = line->product == PRODUCT_NONE
                                         ? 0
                                         : catalog_product(catalog, line->product)->price_minor;
        d->request.cart.total_minor += line->quantity * line->unit_price_minor;
        d->request.cart.quantity += line->quantity;
        if (d->request.cart.total_minor > CART_TOTAL_MAX)
            return refuse(d, "the cart's total is more than 10^15", STR("/cart/items"), true);
    }
    return OK;
}

/*
 * The item just added: a line of the cart; else a line of its
 * own; a cart of one line is its own item.
 */
static enum err find_trigger_line(struct decision *d)
{
    if (!d->request.item_sku.at) {
        if (d->request.cart.n_lines == 1 && d->request.trigger == TRIGGER_ADD_TO_CART)
            d->request.trigger_line = &d->request.cart.lines[0];
        return OK;
    }
    for (uint32_t i = d->request.cart.n_lines; i-- > 0;)
        if (str_eq(d->request.cart.lines[i].sku, d->request.item_sku)) {
            d->request.trigger_line = &d->request.cart.lines[i];
            return OK;
        }
    struct cart_line *line = arena_take(d->arena, sizeof *line);
    if (!line)
        return decision_no_room(d);
    uint32_t product = catalog_find(d->request.world->catalog, d->request.item_sku);
    *line = (struct cart_line){
        .sku = d->request.item_sku,
        .quantity = 1,
        .product = product,
        .unit_price_minor = product == PRODUCT_NONE
                                ? 0
                                : catalog_product(d->request.world->catalog, product)->price_minor
    };
    d->request.trigger_line = line;
    return OK;
}

/*
 * A guest's session stands in for the customer; one whose id
 * is too long for that is not remembered.
 */
static enum err name_guest(struct decision *d)
{
    size_t prefix = sizeof SESSION_CUSTOMER - 1;
    if (d->request.customer_id.at || !d->request.session_id.at ||
        d->request.session_id.len + prefix > ID_MAX_BYTES)
        return OK;
    char *id = arena_take_raw(d->arena, prefix + d->request.session_id.len);
    if (!id)
        return decision_no_room(d);
    memcpy(id, SESSION_CUSTOMER, prefix);
    memcpy(id + prefix, d->request.session_id.at, d->request.session_id.len);
    d->request.customer_id = (struct str){ id, prefix + d->request.session_id.len };
    return OK;
}

enum err decode_run(struct decision *d)
{
    d->request.limit = 3;
    d->request.locale = LOCALE_JA;
    d->request.order_total_minor = -1;
    d->request.budget_us = d->request.world->settings.default_budget_us;
    d->deadline_us = d->started_us + d->request.budget_us;
    TRY(read_body(d));
    d->deadline_us = d->started_us + d->request.budget_us;
    d->request.explain |= d->request.always_explain;

    struct str currency = catalog_currency(d->request.world->catalog);
    if (!d->request.cart.currency.at)
        d->request.cart.currency = currency;
    else if (!str_eq(d->request.cart.currency, currency) &&
             catalog_count(d->request.world->catalog) > 0)
        return refuse(d, "the shop sells in another currency than this cart's",
                      STR("/cart/currency"), true);
    TRY(name_guest(d));
    TRY(complete_lines(d));
    return find_trigger_line(d);
}
