/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CEL text from anywhere, checked, compiled and evaluated over variables of every kind. Besides
 * crashes it looks for a refusal without a reason, an evaluation that passes its limit of cost or of
 * memory, a second evaluation that yields something else, a type that the value does not have, and a
 * value that cannot be printed. The first byte says how: bit 0 lenient, bit 1 little room.
 */
#include <stdint.h>
#include <stdlib.h>

#include "expr/cel.h"

enum { LIMIT = 200000, SLACK = 4096, ROOM = 16 << 20, LITTLE_ROOM = 64 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* ── the host: an item with a price, a brand that is sometimes unknown, and a list of three ── */

static struct cel_value load_item(const struct cel_value *item, uint32_t field)
{
    if (field == 0)
        return cel_int(100 * (int64_t) item->part);
    if (field == 1)
        return item->part == 1 ? cel_unknown(STR("item.brand")) : cel_string(STR("brändé"));
    return cel_double(.5 * item->part);
}

static struct cel_field item_fields[] = { { .name = { "price", 5 } },
                                          { .name = { "brand", 5 }, .max_count = 40 },
                                          { .name = { "rating", 6 } } };
static const struct cel_class item_class = {
    .name = { "item", 4 }, .fields = item_fields, .n_fields = 3, .load = load_item
};

static struct cel_value item_at(const struct cel_value *list, uint32_t index)
{
    (void) list;
    return (struct cel_value){ .kind = CEL_OBJECT, .part = index, .object = { &item_class, NULL } };
}

static const struct cel_list items = { .count = 3, .at = item_at };

enum { VARIABLES = 9 };

static const struct {
    const char *name, *type;
} declared[VARIABLES] = { { "i", "int" },
                          { "u", "uint" },
                          { "s", "string" },
                          { "l", "list(int)" },
                          { "m", "map(string, dyn)" },
                          { "d", "dyn" },
                          { "t", "timestamp" },
                          { "items", "list(item)" },
                          { "nobody", "string" } };

static void fill(struct cel_value *values, struct arena *arena)
{
    static const struct cel_value numbers[] = { { .kind = CEL_INT, .integer = -1 },
                                                { .kind = CEL_INT, .integer = 0 },
                                                { .kind = CEL_INT, .integer = INT64_MAX } };
    static struct cel_entry entries[2];
    uint32_t bad;
    entries[0] = (struct cel_entry){ cel_string(STR("a")), cel_int(1) };
    entries[1] = (struct cel_entry){ cel_string(STR("b")), cel_null() };
    const struct cel_map *map = cel_map_of(arena, entries, 2, &bad);
    const struct cel_list *list = cel_list_of(arena, numbers, 3);
    must(map && list);
    values[0] = cel_int(42);
    values[1] = cel_uint(UINT64_MAX);
    values[2] = cel_string(STR("Grüße, 世界"));
    values[3] = (struct cel_value){ .kind = CEL_LIST, .list = list };
    values[4] = (struct cel_value){ .kind = CEL_MAP, .map = map };
    values[5] = cel_double(-0.0);
    values[6] = cel_timestamp(1790000000, 5);
    values[7] = (struct cel_value){ .kind = CEL_LIST, .list = &items };
    values[8] = cel_unknown(STR("nobody"));
}

static struct cel_env *make_env(struct arena *arena)
{
    struct cel_env *env = cel_env_new(arena);
    struct err_note note;
    must(env);
    item_fields[0].type = cel_type_simple(CEL_TYPE_INT);
    item_fields[1].type = cel_type_simple(CEL_TYPE_STRING);
    item_fields[2].type = cel_type_simple(CEL_TYPE_DOUBLE);
    must(cel_env_class(env, &item_class, &note) == OK);
    for (uint32_t i = 0; i < VARIABLES; i++) {
        uint32_t slot = VARIABLES;
        const struct cel_type *type = cel_env_type(env, str_of(declared[i].type), &note);
        must(type && cel_env_variable(env, str_of(declared[i].name), type, &slot, &note) == OK);
        must(slot == i);
    }
    cel_env_limits(env, (struct cel_limits){ .text_bytes = 8192, .depth = 100, .cost = LIMIT });
    return env;
}

static struct str evaluate(const struct cel_program *program, const struct cel_value *variables,
                           bool is_lenient, struct arena *room, struct out *out)
{
    struct cel_run run = { .arena = room };
    struct cel_value value = cel_eval(program, variables, &run);
    must(run.cost <= LIMIT + SLACK);
    must(!run.stopped || value.kind == CEL_ERROR);
    must(value.kind < CEL_KINDS);
    if (!is_lenient && cel_is_plain(&value))
        must(cel_type_kinds(cel_program_type(program)) & 1u << value.kind);
    out->len = 0;
    cel_value_print(&value, out);
    must(!out->failed && out->len > 0);
    return out_str(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *kept;
    static struct cel_env *env;
    static struct cel_value variables[VARIABLES];
    if (size == 0)
        return 0;
    if (!env) {
        kept = arena_new(256 << 10, 64 << 20);
        env = make_env(kept);
        fill(variables, kept);
    }
    struct str text = { (const char *) data + 1, size - 1 };
    const struct cel_options options = { .lenient = data[0] & 1 };
    size_t room_bytes = data[0] & 2 ? LITTLE_ROOM : ROOM;
    struct arena *arena = arena_new(64 << 10, 64 << 20), *room = arena_new(16 << 10, room_bytes);
    struct cel_faults faults;
    must(arena && room);
    cel_faults_init(&faults, arena, text);
    const struct cel_program *program = cel_compile(env, text, &options, arena, &faults);
    must(!program == (faults.count > 0));
    if (program) {
        struct out first, second;
        out_init(&first, NULL, 4096);
        out_init(&second, NULL, 4096);
        struct str once = evaluate(program, variables, options.lenient, room, &first);
        arena_reset(room);
        must(str_eq(once, evaluate(program, variables, options.lenient, room, &second)));
        out_deinit(&first);
        out_deinit(&second);
    }
    arena_free(room);
    arena_free(arena);
    return 0;
}
