/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What evaluating an expression costs: twenty conditions that a shop writes, over a cart of ten items that stays where the
 * host has it (fields loaded by a function, the items a list that is asked by index).
 *
 *     cel_speed                    nanoseconds each: the median of several turns
 *     cel_speed --instructions     and instructions, counted by valgrind's callgrind, which runs this program again
 *     cel_speed --json             the same as JSON
 *     cel_speed --print N          the program of expression N
 *
 * Every result is compared with what it must be, so nothing is timed that is wrong. The last column is what the evaluator
 * itself counts (steps), the measure of its limit. One file, though of over 400 lines: the host that is measured stands beside
 * what measures it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "expr/cel.h"

enum { ITEMS = 10, TURNS = 9, TURN_NS = 4000000, COUNTED = 200 };

struct item {
    struct str sku, category, brand;
    int64_t unit_price, quantity;
};

struct cart {
    struct cel_list items; /* of the host: by item_at */
    struct item item[ITEMS];
    int64_t total, count;
    struct str currency;
};

struct customer {
    struct cel_list tags; /* an array */
    struct cel_value tag[3];
    int64_t orders, lifetime;
    struct str country;
    bool consented;
};

/* One expression, and whether it holds for this cart and customer. */
static const struct {
    const char *text;
    bool holds;
} expressions[] = {
    { "cart.total >= 5000", true },
    { "cart_total >= 5000", true },
    { "cart.currency == \"EUR\"", true },
    { "cart.total >= 5000 && cart.total < 20000000", true },
    { "cart.count >= 3 && cart.currency == \"EUR\" && customer.orders > 0", true },
    { "customer.country in [\"DE\", \"AT\", \"CH\", \"FR\", \"JP\"]", true },
    { "customer.country in [\"AA\", \"AB\", \"AC\", \"AD\", \"AE\", \"AF\", \"AG\", \"AH\", "
      "\"JP\", \"AJ\"]",
      true },
    { "\"vip\" in customer.tags", true },
    { "has(customer.country) && customer.country != \"US\"", true },
    { "customer.orders == 0 || customer.lifetime >= 100000 && customer.consented", true },
    { "cart.items.exists(i, i.sku == \"SKU-9\")", true },
    { "cart.items.exists(i, i.category == \"camera\" && i.unit_price >= 50000)", true },
    { "!cart.items.exists(i, i.category == \"tripod\")", true },
    { "cart.items.all(i, i.unit_price < 100000)", true },
    { "cart.items.exists_one(i, i.category == \"camera\")", true },
    { "cart.items.exists(i, i.brand in [\"Zeta\", \"Yota\", \"Xeno\"])", false },
    { "cart.items.filter(i, i.category == \"lens\").size() >= 2", true },
    { "cart.items.map(i, i.unit_price * i.quantity).exists(v, v > 100000)", true },
    { "cart.items[0].sku.startsWith(\"SKU-\") && cart.items.size() == 10", true },
    { "now > timestamp(\"2026-11-01T00:00:00Z\") && now < timestamp(\"2026-12-01T00:00:00Z\") ? "
      "cart.total * 10 / 100 > 500 : false",
      true },
};

enum { EXPRESSIONS = sizeof expressions / sizeof *expressions };

enum { ITEM_SKU, ITEM_CATEGORY, ITEM_BRAND, ITEM_UNIT_PRICE, ITEM_QUANTITY };

static struct cel_value item_load(const struct cel_value *object, uint32_t field)
{
    const struct item *item = object->object.self;
    switch (field) {
    case ITEM_SKU: return cel_string(item->sku);
    case ITEM_CATEGORY: return cel_string(item->category);
    case ITEM_BRAND: return cel_string(item->brand);
    case ITEM_UNIT_PRICE: return cel_int(item->unit_price);
    default: return cel_int(item->quantity);
    }
}

static struct cel_class item_class = { .name = { "item", 4 }, .load = item_load };

static struct cel_value item_at(const struct cel_value *list, uint32_t index)
{
    struct cart *cart = (struct cart *) list->list; /* its first member */
    return (struct cel_value){ .kind = CEL_OBJECT, .object = { &item_class, &cart->item[index] } };
}

enum { CART_TOTAL, CART_COUNT, CART_CURRENCY, CART_ITEMS };

static struct cel_value cart_load(const struct cel_value *object, uint32_t field)
{
    const struct cart *cart = object->object.self;
    switch (field) {
    case CART_TOTAL: return cel_int(cart->total);
    case CART_COUNT: return cel_int(cart->count);
    case CART_CURRENCY: return cel_string(cart->currency);
    default: return (struct cel_value){ .kind = CEL_LIST, .list = &cart->items };
    }
}

enum { CUSTOMER_ORDERS, CUSTOMER_LIFETIME, CUSTOMER_COUNTRY, CUSTOMER_CONSENTED, CUSTOMER_TAGS };

static struct cel_value customer_load(const struct cel_value *object, uint32_t field)
{
    const struct customer *customer = object->object.self;
    switch (field) {
    case CUSTOMER_ORDERS: return cel_int(customer->orders);
    case CUSTOMER_LIFETIME: return cel_int(customer->lifetime);
    case CUSTOMER_COUNTRY: return cel_string(customer->country);
    case CUSTOMER_CONSENTED: return cel_bool(customer->consented);
    default: return (struct cel_value){ .kind = CEL_LIST, .list = &customer->tags };
    }
}

static struct cel_class cart_class = { .name = { "cart", 4 }, .load = cart_load };
static struct cel_class customer_class = { .name = { "customer", 8 }, .load = customer_load };

static void die(const char *what, const char *why)
{
    fprintf(stderr, "cel_speed: %s: %s\n", what, why);
    exit(2);
}

static struct cel_field field(struct cel_env *env, const char *name, const char *type,
                              uint32_t max_count)
{
    struct err_note note = { "" };
    const struct cel_type *found = cel_env_type(env, str_of(type), &note);
    if (!found)
        die(type, note.text);
    return (struct cel_field){ str_of(name), found, max_count };
}

static void declare_class(struct cel_env *env, struct cel_class *class, struct cel_field *fields,
                          uint32_t n_fields)
{
    struct err_note note = { "" };
    class->fields = fields;
    class->n_fields = n_fields;
    if (cel_env_class(env, class, &note) != OK)
        die("class", note.text);
}

static void declare_variable(struct cel_env *env, const char *name, const char *type)
{
    struct err_note note = { "" };
    uint32_t slot;
    const struct cel_type *found = cel_env_type(env, str_of(type), &note);
    if (!found || cel_env_variable(env, str_of(name), found, &slot, &note) != OK)
        die(name, note.text);
}

/* The shop's words: classes item, cart, customer; variables in the order of struct shop's values. */
static struct cel_env *shop_env(struct arena *arena)
{
    static struct cel_field items[5], carts[4], customers[5];
    struct cel_env *env = cel_env_new(arena);
    if (!env)
        die("environment", "no room");
    items[ITEM_SKU] = field(env, "sku", "string", 64);
    items[ITEM_CATEGORY] = field(env, "category", "string", 64);
    items[ITEM_BRAND] = field(env, "brand", "string", 64);
    items[ITEM_UNIT_PRICE] = field(env, "unit_price", "int", 0);
    items[ITEM_QUANTITY] = field(env, "quantity", "int", 0);
    declare_class(env, &item_class, items, 5);
    carts[CART_TOTAL] = field(env, "total", "int", 0);
    carts[CART_COUNT] = field(env, "count", "int", 0);
    carts[CART_CURRENCY] = field(env, "currency", "string", 3);
    carts[CART_ITEMS] = field(env, "items", "list(item)", 200);
    declare_class(env, &cart_class, carts, 4);
    customers[CUSTOMER_ORDERS] = field(env, "orders", "int", 0);
    customers[CUSTOMER_LIFETIME] = field(env, "lifetime", "int", 0);
    customers[CUSTOMER_COUNTRY] = field(env, "country", "string", 2);
    customers[CUSTOMER_CONSENTED] = field(env, "consented", "bool", 0);
    customers[CUSTOMER_TAGS] = field(env, "tags", "list(string)", 64);
    declare_class(env, &customer_class, customers, 5);
    declare_variable(env, "cart", "cart");
    declare_variable(env, "customer", "customer");
    declare_variable(env, "cart_total", "int");
    declare_variable(env, "now", "timestamp");
    return env;
}

struct shop {
    struct cart cart;
    struct customer customer;
    struct cel_value values[4];
};

/* What an expression looks for is the ninth item, so that it goes through most of the cart. */
static void shop_fill(struct shop *shop)
{
    static const char *const categories[ITEMS] = { "bag",  "lens", "strap", "filter", "card",
                                                   "lens", "case", "cloth", "camera", "book" };
    static const char *const skus[ITEMS] = { "SKU-1", "SKU-2", "SKU-3", "SKU-4", "SKU-5",
                                             "SKU-6", "SKU-7", "SKU-8", "SKU-9", "SKU-10" };
    struct cart *cart = &shop->cart;
    *cart = (struct cart){ .items = { .count = ITEMS, .at = item_at },
                           .count = ITEMS,
                           .currency = STR("EUR") };
    for (uint32_t i = 0; i < ITEMS; i++) {
        cart->item[i] = (struct item){ str_of(skus[i]), str_of(categories[i]), STR("Acme"),
                                       1000 + 500 * i, 1 + i % 3 };
        if (i == 8)
            cart->item[i].unit_price = 75000;
        cart->total += cart->item[i].unit_price * cart->item[i].quantity;
    }
    struct customer *customer = &shop->customer;
    *customer = (struct customer){ .tag = { cel_string(STR("newsletter")), cel_string(STR("b2c")),
                                            cel_string(STR("vip")) },
                                   .orders = 7,
                                   .lifetime = 250000,
                                   .country = STR("JP"),
                                   .consented = true };
    customer->tags = (struct cel_list){ .count = 3, .items = customer->tag };
    shop->values[0] =
        (struct cel_value){ .kind = CEL_OBJECT, .object = { &cart_class, &shop->cart } };
    shop->values[1] =
        (struct cel_value){ .kind = CEL_OBJECT, .object = { &customer_class, &shop->customer } };
    shop->values[2] = cel_int(cart->total);
    shop->values[3] = cel_timestamp(1795305600, 0); /* 2026-11-22 */
}

struct bench {
    struct shop shop;
    struct arena *programs, *run;
    struct cel_env *env;
    const struct cel_program *program[EXPRESSIONS];
    double ns[EXPRESSIONS], instructions[EXPRESSIONS];
    uint64_t steps[EXPRESSIONS];
};

static void compile_all(struct bench *bench)
{
    for (size_t i = 0; i < EXPRESSIONS; i++) {
        struct str text = str_of(expressions[i].text);
        struct cel_faults faults;
        cel_faults_init(&faults, bench->programs, text);
        const struct cel_options options = { .want = cel_type_simple(CEL_TYPE_BOOL) };
        bench->program[i] = cel_compile(bench->env, text, &options, bench->programs, &faults);
        if (!bench->program[i])
            die(expressions[i].text,
                faults.count ? cel_message_name(faults.list[0].code) : "no room");
        struct cel_run run = { .arena = bench->run };
        struct cel_value value = cel_eval(bench->program[i], bench->shop.values, &run);
        if (value.kind != CEL_BOOL || value.boolean != expressions[i].holds)
            die(expressions[i].text, value.kind == CEL_ERROR ? "an error" : "not what it must be");
        bench->steps[i] = run.cost;
    }
}

/* callgrind collects in here only. */
static __attribute__((noinline)) void measured_evaluations(const struct bench *bench, size_t which,
                                                           uint64_t times)
{
    for (uint64_t n = 0; n < times; n++) {
        struct cel_run run = { .arena = bench->run };
        struct cel_value value = cel_eval(bench->program[which], bench->shop.values, &run);
        __asm__ volatile("" : : "r"(value.boolean) : "memory");
        if (arena_used(bench->run))
            arena_reset(bench->run);
    }
}

static double ns_of(const struct bench *bench, size_t which, uint64_t times)
{
    struct timespec from, to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    measured_evaluations(bench, which, times);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return ((double) (to.tv_sec - from.tv_sec) * 1e9 + (double) (to.tv_nsec - from.tv_nsec)) /
           (double) times;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static double median_ns(const struct bench *bench, size_t which)
{
    double turns[TURNS];
    double first = ns_of(bench, which, 1000);
    uint64_t times = (uint64_t) (TURN_NS / (first > 1 ? first : 1)) + 1;
    for (int turn = 0; turn < TURNS; turn++)
        turns[turn] = ns_of(bench, which, times);
    qsort(turns, TURNS, sizeof *turns, by_size);
    return turns[TURNS / 2];
}

/* This program again, under callgrind, with one expression; what it collected for one evaluation. */
static double instructions_of(size_t which)
{
    char self[4096], command[5000], line[256];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0)
        die("/proc/self/exe", "cannot be read");
    self[len] = '\0';
    snprintf(command, sizeof command,
             "valgrind --tool=callgrind --callgrind-out-file=/dev/null "
             "--toggle-collect='measured_evaluations*' '%s' --count %zu 2>&1",
             self, which);
    FILE *out = popen(command, "r");
    double collected = -1;
    while (out && fgets(line, sizeof line, out)) {
        const char *at = strstr(line, "Collected :");
        if (at)
            collected = strtod(at + strlen("Collected :"), NULL);
    }
    if (!out || pclose(out) != 0 || collected < 0)
        die("valgrind", "it is not here, or counted nothing");
    return collected / COUNTED;
}

static void print_table(const struct bench *bench, bool counted)
{
    printf("%9s %13s %6s  expression\n", "ns", counted ? "instructions" : "", "steps");
    for (size_t i = 0; i < EXPRESSIONS; i++) {
        printf("%9.1f ", bench->ns[i]);
        if (counted)
            printf("%13.0f ", bench->instructions[i]);
        else
            printf("%13s ", "");
        printf("%6llu  %s\n", (unsigned long long) bench->steps[i], expressions[i].text);
    }
}

static void print_json(const struct bench *bench, bool counted)
{
    struct out out;
    out_init(&out, NULL, 4096);
    out_json_open(&out, '[');
    for (size_t i = 0; i < EXPRESSIONS; i++) {
        char number[32];
        out_json_open(&out, '{');
        out_json_key(&out, STR("expression"));
        out_json_str(&out, str_of(expressions[i].text));
        out_json_key(&out, STR("ns"));
        snprintf(number, sizeof number, "%.1f", bench->ns[i]);
        out_json_raw(&out, str_of(number));
        if (counted) {
            out_json_key(&out, STR("instructions"));
            out_json_int(&out, (int64_t) bench->instructions[i]);
        }
        out_json_key(&out, STR("steps"));
        out_json_int(&out, (int64_t) bench->steps[i]);
        out_json_close(&out, '}');
    }
    out_json_close(&out, ']');
    printf("%.*s\n", STR_ARG(out_str(&out)));
    out_deinit(&out);
}

static void print_program(const struct bench *bench, size_t which)
{
    struct out out;
    out_init(&out, NULL, 1024);
    cel_program_print(bench->program[which], &out);
    printf("%s\n%.*s", expressions[which].text, STR_ARG(out_str(&out)));
    out_deinit(&out);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    bool count = false, json = false;
    long only = -1, print = -1;
    for (int i = 1; i < argc; i++) {
        count |= strcmp(argv[i], "--instructions") == 0;
        json |= strcmp(argv[i], "--json") == 0;
        if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
            only = strtol(argv[++i], NULL, 10);
        if (strcmp(argv[i], "--print") == 0 && i + 1 < argc)
            print = strtol(argv[++i], NULL, 10);
    }
    AUTO(arena_free) struct arena *programs = arena_new(1 << 20, 1 << 26);
    AUTO(arena_free) struct arena *run = arena_new(1 << 16, 1 << 20);
    if (!programs || !run)
        die("arena", "no memory");
    bench.programs = programs;
    bench.run = run;
    bench.env = shop_env(programs);
    shop_fill(&bench.shop);
    compile_all(&bench);
    if (only >= EXPRESSIONS || print >= EXPRESSIONS)
        die("number", "there is no such expression");
    if (print >= 0) {
        print_program(&bench, (size_t) print);
        return 0;
    }
    if (only >= 0) {
        measured_evaluations(&bench, (size_t) only, COUNTED);
        return 0;
    }
    for (size_t i = 0; i < EXPRESSIONS; i++) {
        bench.ns[i] = median_ns(&bench, i);
        if (count)
            bench.instructions[i] = instructions_of(i);
    }
    if (json)
        print_json(&bench, count);
    else
        print_table(&bench, count);
    return 0;
}
