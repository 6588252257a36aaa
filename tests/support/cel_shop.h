/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <check.h>
#include <string.h>

#include "expr/cel.h"

/*
 * A host for tests of CEL: a cart of the class "cart" with items of the class "item" that are asked for one by one, plain
 * variables beside it, and functions of the host's own. cel_shop_open before a test, cel_shop_close after; what an
 * expression yields is compared as text, as cel_value_print() writes it.
 *
 *     cart: cart   cart.total int, .currency string, .items list(item), .note string (never known), .codes list(string)
 *     item         .sku string, .price int, .quantity int
 *     n: int   d: dyn   name: string   names: list(string)   ages: map(string, int)
 *     host.twice(int) -> int, string.shout() -> string, host.calls() -> int (how often it was called)
 */
enum { CEL_SHOP_ITEMS = 3, CEL_SHOP_ARENA = 1 << 22 };

struct cel_shop_item {
    const char *sku;
    int64_t price, quantity;
};

struct cel_shop {
    struct arena *arena, *run_arena;
    struct cel_env *env;
    struct cel_list items;
    struct cel_shop_item item[CEL_SHOP_ITEMS];
    struct cel_value values[8];
    struct cel_run run;
    struct cel_faults faults;
    const struct cel_program *program;
    char text[4096];
};

static struct cel_field cel_shop_item_fields[3], cel_shop_cart_fields[5];
static int64_t cel_shop_calls;

static inline struct cel_value cel_shop_item_load(const struct cel_value *object, uint32_t field)
{
    const struct cel_shop_item *item = object->object.self;
    if (field == 0)
        return cel_string(str_of(item->sku));
    return cel_int(field == 1 ? item->price : item->quantity);
}

static struct cel_class cel_shop_item_class = {
    .name = { "item", 4 }, .fields = cel_shop_item_fields, .n_fields = 3, .load = cel_shop_item_load
};

static inline struct cel_value cel_shop_item_at(const struct cel_value *list, uint32_t index)
{
    struct cel_shop *shop =
        (struct cel_shop *) ((char *) list->list - offsetof(struct cel_shop, items));
    return (struct cel_value){
        .kind = CEL_OBJECT, .object = { &cel_shop_item_class, &shop->item[index % CEL_SHOP_ITEMS] }
    };
}

static inline struct cel_value cel_shop_cart_load(const struct cel_value *object, uint32_t field)
{
    struct cel_shop *shop = object->object.self;
    int64_t total = 0;
    for (int i = 0; i < CEL_SHOP_ITEMS; i++)
        total += shop->item[i].price * shop->item[i].quantity;
    switch (field) {
    case 0: return cel_int(total);
    case 1: return cel_string(STR("EUR"));
    case 2: return (struct cel_value){ .kind = CEL_LIST, .list = &shop->items };
    case 3: return cel_unknown((struct str){ 0 });
    default: return shop->values[4];
    }
}

static struct cel_class cel_shop_cart_class = {
    .name = { "cart", 4 }, .fields = cel_shop_cart_fields, .n_fields = 5, .load = cel_shop_cart_load
};

static inline struct cel_value cel_shop_twice(struct cel_run *run, const struct cel_value *args,
                                              uint32_t n_args)
{
    (void) run, (void) n_args;
    return cel_int(args[0].integer * 2);
}

static inline struct cel_value cel_shop_shout(struct cel_run *run, const struct cel_value *args,
                                              uint32_t n_args)
{
    (void) n_args;
    size_t len = args[0].string.len;
    if (!cel_charge_bytes(run, len))
        return cel_stop(run);
    char *made = cel_take(run, len + 1, 1);
    if (!made)
        return cel_stop(run);
    memcpy(made, args[0].string.at, len);
    made[len] = '!';
    return cel_string((struct str){ made, len + 1 });
}

static inline struct cel_value cel_shop_count(struct cel_run *run, const struct cel_value *args,
                                              uint32_t n_args)
{
    (void) run, (void) args, (void) n_args;
    return cel_int(++cel_shop_calls);
}

static inline const struct cel_type *cel_shop_type(struct cel_shop *shop, const char *text)
{
    struct err_note note = { "" };
    const struct cel_type *type = cel_env_type(shop->env, str_of(text), &note);
    ck_assert_msg(type, "%s: %s", text, note.text);
    return type;
}

static inline void cel_shop_variable(struct cel_shop *shop, const char *name, const char *type,
                                     struct cel_value value)
{
    uint32_t slot;
    struct err_note note = { "" };
    const struct cel_type *found = cel_shop_type(shop, type);
    ck_assert_msg(cel_env_variable(shop->env, str_of(name), found, &slot, &note) == OK, "%s",
                  note.text);
    ck_assert_uint_lt(slot, 8);
    shop->values[slot] = value;
}

static inline void cel_shop_classes(struct cel_shop *shop)
{
    cel_shop_item_fields[0] =
        (struct cel_field){ .name = STR("sku"), .type = cel_shop_type(shop, "string"), 20 };
    cel_shop_item_fields[1] =
        (struct cel_field){ .name = STR("price"), .type = cel_shop_type(shop, "int") };
    cel_shop_item_fields[2] =
        (struct cel_field){ .name = STR("quantity"), .type = cel_shop_type(shop, "int") };
    ck_assert_int_eq(cel_env_class(shop->env, &cel_shop_item_class, NULL), OK);
    cel_shop_cart_fields[0] =
        (struct cel_field){ .name = STR("total"), .type = cel_shop_type(shop, "int") };
    cel_shop_cart_fields[1] =
        (struct cel_field){ .name = STR("currency"), .type = cel_shop_type(shop, "string"), 3 };
    cel_shop_cart_fields[2] =
        (struct cel_field){ .name = STR("items"), .type = cel_shop_type(shop, "list(item)"), 200 };
    cel_shop_cart_fields[3] =
        (struct cel_field){ .name = STR("note"), .type = cel_shop_type(shop, "string"), 100 };
    cel_shop_cart_fields[4] =
        (struct cel_field){ .name = STR("codes"), .type = cel_shop_type(shop, "list(string)") };
    ck_assert_int_eq(cel_env_class(shop->env, &cel_shop_cart_class, NULL), OK);
}

static inline void cel_shop_open(struct cel_shop *shop)
{
    static struct cel_value names[2];
    static struct cel_entry ages[2];
    uint32_t bad;
    memset(shop, 0, sizeof *shop);
    cel_shop_calls = 0;
    names[0] = cel_string(STR("ann"));
    names[1] = cel_string(STR("bob"));
    ages[0] = (struct cel_entry){ names[0], cel_int(31) };
    ages[1] = (struct cel_entry){ names[1], cel_int(13) };
    shop->arena = arena_new(1 << 16, 1 << 26);
    shop->run_arena = arena_new(1 << 16, CEL_SHOP_ARENA);
    ck_assert(shop->arena && shop->run_arena);
    shop->env = cel_env_new(shop->arena);
    ck_assert_ptr_nonnull(shop->env);
    shop->items = (struct cel_list){ .count = CEL_SHOP_ITEMS, .at = cel_shop_item_at };
    shop->item[0] = (struct cel_shop_item){ "A-1", 1000, 2 };
    shop->item[1] = (struct cel_shop_item){ "B-2", 250, 1 };
    shop->item[2] = (struct cel_shop_item){ "C-3", 40, 10 };
    cel_shop_classes(shop);
    struct cel_value list = { .kind = CEL_LIST, .list = cel_list_of(shop->arena, names, 2) };
    struct cel_value map = { .kind = CEL_MAP, .map = cel_map_of(shop->arena, ages, 2, &bad) };
    cel_shop_variable(
        shop, "cart", "cart",
        (struct cel_value){ .kind = CEL_OBJECT, .object = { &cel_shop_cart_class, shop } });
    cel_shop_variable(shop, "n", "int", cel_int(7));
    cel_shop_variable(shop, "d", "dyn", cel_int(7));
    cel_shop_variable(shop, "name", "string", cel_string(STR("ann")));
    cel_shop_variable(shop, "names", "list(string)", list);
    cel_shop_variable(shop, "ages", "map(string, int)", map);
    ck_assert_int_eq(cel_env_function(shop->env, "host.twice(int) -> int", cel_shop_twice, 1, NULL),
                     OK);
    ck_assert_int_eq(
        cel_env_function(shop->env, "string.shout() -> string", cel_shop_shout, 5, NULL), OK);
    ck_assert_int_eq(cel_env_function(shop->env, "host.calls() -> int", cel_shop_count, 1, NULL),
                     OK);
}

static inline void cel_shop_close(struct cel_shop *shop)
{
    arena_free(shop->arena);
    arena_free(shop->run_arena);
}

/* The program of @text, or NULL with shop->faults. */
static inline const struct cel_program *cel_shop_compile(struct cel_shop *shop, const char *text)
{
    cel_faults_init(&shop->faults, shop->arena, str_of(text));
    shop->program = cel_compile(shop->env, str_of(text), &(struct cel_options){ 0 }, shop->arena,
                                &shop->faults);
    return shop->program;
}

/* What @text yields. */
static inline struct cel_value cel_shop_value(struct cel_shop *shop, const char *text)
{
    const struct cel_program *program = cel_shop_compile(shop, text);
    ck_assert_msg(program, "%s: %.*s", text, STR_ARG(shop->faults.list[0].what[CEL_ENGLISH]));
    shop->run = (struct cel_run){ .arena = shop->run_arena, .limit = shop->run.limit };
    return cel_eval(program, shop->values, &shop->run);
}

/* … as text: "[1, 2]", "error: …", "unknown: …"; an error has its line and column behind it. */
static inline const char *cel_shop_eval(struct cel_shop *shop, const char *text)
{
    struct cel_value value = cel_shop_value(shop, text);
    struct out out;
    out_init(&out, shop->arena, 256);
    cel_value_print(&value, &out);
    if (value.kind == CEL_ERROR) {
        uint32_t line, column;
        cel_program_place(shop->program, value.offset, &line, &column);
        out_printf(&out, " at %u:%u", line, column);
    }
    ck_assert(!out.failed);
    size_t len = out.len < sizeof shop->text ? out.len : sizeof shop->text - 1;
    memcpy(shop->text, out.at, len);
    shop->text[len] = '\0';
    return shop->text;
}

#define ck_yields(shop, expression, expected) \
    ck_assert_str_eq(cel_shop_eval((shop), (expression)), (expected))
