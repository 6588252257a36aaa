/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/cel_env.h"

#include "expr/check/cel_checked.h"
#include "expr/check/cel_names.h"
#include "expr/check/cel_type_text.h"
#include "expr/library/cel_library.h"
#include "suite.h"

static struct arena *arena;

static struct cel_env *new_env(void)
{
    arena = arena_new(1 << 16, 64 << 20);
    struct cel_env *env = cel_env_new(arena);
    ck_assert_ptr_nonnull(env);
    return env;
}

static void end(void)
{
    arena = arena_free(arena);
}

static struct str printed(const struct cel_type *type)
{
    struct out out;
    out_init(&out, arena, 64);
    cel_type_print(type, &out);
    return out_str(&out);
}

static const struct cel_field item_fields[] = { { .name = { "sku", 3 } } };
static const struct cel_class nameless_field = { .name = { "item", 4 },
                                                 .fields = item_fields,
                                                 .n_fields = 1 };
static const struct cel_class item = { .name = { "shop.item", 9 } };

START_TEST(every_signature_of_the_library_is_understood)
{
    const struct cel_definition *(*const tables[])(void) = {
        cel_library_standard, cel_library_convert, cel_library_time, cel_library_regex,
        cel_library_strings,  cel_library_format,  cel_library_math,
    };
    struct cel_env *env = new_env();
    size_t n = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct cel_definition *d = tables[i](); d->signature; d++, n++) {
            struct cel_overload overload;
            struct err_note note = { "" };
            enum err err = cel_signature_read(env, arena, str_of(d->signature), &overload, &note);
            ck_assert_msg(err == OK, "%s: %s", d->signature, note.text);
            const struct cel_overload *const *list = NULL;
            ck_assert_uint_gt(
                cel_env_overloads(env, overload.name, overload.is_member, overload.n_params, &list),
                0);
        }
    ck_assert_uint_gt(n, 100);
    end();
}
END_TEST

START_TEST(types_are_read_and_printed_alike)
{
    static const char *const same[] = {
        "dyn",
        "null",
        "bool",
        "int",
        "uint",
        "double",
        "string",
        "bytes",
        "timestamp",
        "duration",
        "type",
        "type(int)",
        "list(int)",
        "map(string, dyn)",
        "list(map(string, list(int)))",
        "wrapper(int)",
        "wrapper(string)",
        "T",
        "A1",
        "list(T)",
        "shop.item",
        "list(shop.item)",
        "pair(int, string)",
        "session()",
        "optional_type(wrapper(bool))",
    };
    static const char *const other[][2] = {
        { "list", "list(dyn)" },
        { "map", "map(dyn, dyn)" },
        { " map( string ,int ) ", "map(string, int)" },
        { "google.protobuf.Timestamp", "timestamp" },
        { "google.protobuf.Duration", "duration" },
        { "google.protobuf.Value", "dyn" },
        { "google.protobuf.Int32Value", "wrapper(int)" },
        { "google.protobuf.UInt64Value", "wrapper(uint)" },
        { "google.protobuf.StringValue", "wrapper(string)" },
        { "null_type", "null" },
        { "any", "dyn" },
        { "wrapper(wrapper(int))", "wrapper(int)" },
        { "wrapper(dyn)", "dyn" },
    };
    struct cel_env *env = new_env();
    ck_assert_int_eq(cel_env_class(env, &item, NULL), OK);
    struct err_note note = { "" };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const struct cel_type *type = cel_env_type(env, str_of(same[i]), &note);
        ck_assert_msg(type, "%s: %s", same[i], note.text);
        ck_assert_msg(str_is(printed(type), same[i]), "%s: %.*s", same[i], STR_ARG(printed(type)));
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        const struct cel_type *type = cel_env_type(env, str_of(other[i][0]), &note);
        ck_assert_msg(type, "%s: %s", other[i][0], note.text);
        ck_assert_msg(str_is(printed(type), other[i][1]), "%s: %.*s", other[i][0],
                      STR_ARG(printed(type)));
    }
    end();
}
END_TEST

START_TEST(wrong_types_are_refused_with_the_place)
{
    static const char *const wrong[][2] = {
        { "", "a type is missing at character 1 of ''" },
        { "lst(", "a type is missing at character 5 of 'lst('" },
        { "itn", "there is no such type or class at character 1 of 'itn'" },
        { "list(int", "',' or ')' is missing at character 9 of 'list(int'" },
        { "list(int, int)", "a wrong number of parameters at character 1 of 'list(int, int)'" },
        { "map(int)", "a wrong number of parameters at character 1 of 'map(int)'" },
        { "int(int)", "a wrong number of parameters at character 1 of 'int(int)'" },
        { "list()", "a wrong number of parameters at character 1 of 'list()'" },
        { "int int", "too much at character 5 of 'int int'" },
        { "pair(int, int, int, int, int)",
          "too many parameters at character 25 of 'pair(int, int, int, int, int)'" },
        { "wrapper(timestamp)", "wrapper() is of one of bool, int, uint, double, string, bytes at "
                                "character 1 of 'wrapper(timestamp)'" },
        { "3", "a type is missing at character 1 of '3'" },
    };
    struct cel_env *env = new_env();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct err_note note = { "" };
        ck_assert_ptr_null(cel_env_type(env, str_of(wrong[i][0]), &note));
        ck_assert_str_eq(note.text, wrong[i][1]);
    }

    char deep[400] = "";
    for (int i = 0; i < 50; i++)
        strcat(deep, "list(");
    struct err_note note = { "" };
    ck_assert_ptr_null(cel_env_type(env, str_of(deep), &note));
    ck_assert_ptr_nonnull(strstr(note.text, "too deep"));
    end();
}
END_TEST

START_TEST(signatures_are_read_and_printed_alike)
{
    static const char *const good[] = {
        "size2(list(T)) -> int",
        "string.has_part(string) -> bool",
        "stats.largest(int...) -> int",
        "list(T).flatten() -> list(T)",
        "timestamp.year() -> int",
        "shop.item.price(string) -> int",
        "f() -> dyn",
        "f4(int, uint, double, map(K, V)) -> V",
        "T.self() -> T",
    };
    struct cel_env *env = new_env();
    ck_assert_int_eq(cel_env_class(env, &item, NULL), OK);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct cel_overload overload;
        struct err_note note = { "" };
        enum err err = cel_signature_read(env, arena, str_of(good[i]), &overload, &note);
        ck_assert_msg(err == OK, "%s: %s", good[i], note.text);
        struct out out;
        out_init(&out, arena, 64);
        cel_signature_print(&overload, &out);
        ck_assert_msg(str_is(out_str(&out), good[i]), "%s: %.*s", good[i], (int) out.len, out.at);
    }

    struct cel_overload overload;
    ck_assert_int_eq(
        cel_signature_read(env, arena, STR("shop.rate(string) -> int"), &overload, NULL), OK);
    ck_assert(!overload.is_member);
    ck_assert(str_is(overload.name, "shop.rate"));
    ck_assert_int_eq(cel_signature_read(env, arena, STR("google.protobuf.Timestamp.f() -> int"),
                                        &overload, NULL),
                     OK);
    ck_assert(overload.is_member);
    ck_assert(str_is(overload.name, "f"));
    ck_assert_uint_eq(overload.n_params, 1);
    ck_assert_uint_eq(overload.kinds[0], 1u << CEL_TIMESTAMP);
    end();
}
END_TEST

START_TEST(wrong_signatures_are_refused_with_the_place)
{
    static const char *const wrong[][2] = {
        { "f", "'(' is missing at character 2 of 'f'" },
        { "f(int", "',' or ')' is missing at character 6 of 'f(int'" },
        { "f(int) int", "'->' and what is returned are missing at character 8 of 'f(int) int'" },
        { "f(int) ->", "a type is missing at character 10 of 'f(int) ->'" },
        { "f(int..., int) -> int",
          "only the last argument may be repeated at character 10 of 'f(int..., int) -> int'" },
        { "f(int, int, int, int, int) -> int",
          "too many arguments at character 22 of 'f(int, int, int, int, int) -> int'" },
        { "(int) -> int", "the name of the function is missing at character 1 of '(int) -> int'" },
        { "list(T).() -> int",
          "the name of the function is missing at character 9 of 'list(T).() -> int'" },
        { "f(itn) -> int", "there is no such type or class at character 3 of 'f(itn) -> int'" },
    };
    struct cel_env *env = new_env();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct err_note note = { "" };
        ck_assert_int_eq(cel_env_function(env, wrong[i][0], NULL, 1, &note), ERR_INPUT);
        ck_assert_str_eq(note.text, wrong[i][1]);
    }
    end();
}
END_TEST

START_TEST(a_name_is_declared_once)
{
    struct cel_env *env = new_env();
    struct err_note note = { "" };
    const struct cel_type *number = cel_type_simple(CEL_TYPE_INT);
    uint32_t slot = 99;
    ck_assert_int_eq(cel_env_variable(env, STR("a.b"), number, &slot, &note), OK);
    ck_assert_uint_eq(slot, 0);
    ck_assert_int_eq(cel_env_variable(env, STR("a"), number, &slot, &note), OK);
    ck_assert_uint_eq(slot, 1);
    ck_assert_int_eq(cel_env_variable(env, STR("a.b"), number, &slot, &note), ERR_INPUT);
    ck_assert_str_eq(note.text, "variable 'a.b' is declared twice");
    ck_assert_int_eq(cel_env_variable(env, STR("1a"), number, NULL, NULL), ERR_INPUT);
    ck_assert_int_eq(cel_env_variable(env, STR("a..b"), number, NULL, NULL), ERR_INPUT);
    ck_assert_int_eq(cel_env_variable(env, STR("a."), number, NULL, NULL), ERR_INPUT);
    ck_assert_int_eq(
        cel_env_variable(env, STR("t"), cel_env_type(env, STR("list(T)"), NULL), NULL, NULL),
        ERR_INPUT);
    ck_assert_uint_eq(cel_env_variables(env), 2);

    ck_assert_int_eq(cel_env_class(env, &item, &note), OK);
    ck_assert_int_eq(cel_env_class(env, &item, &note), ERR_INPUT);
    ck_assert_int_eq(cel_env_class(env, &nameless_field, &note), ERR_INPUT);
    ck_assert_str_eq(note.text, "class 'item': field 'sku' has no type");
    const struct cel_class taken = { .name = STR("int") };
    ck_assert_int_eq(cel_env_class(env, &taken, &note), ERR_INPUT);
    end();
}
END_TEST

static struct cel_value one(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    (void) run, (void) args, (void) n_args;
    return cel_int(1);
}

static struct cel_value two(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    (void) run, (void) args, (void) n_args;
    return cel_int(2);
}

START_TEST(overloads_that_no_call_can_tell_apart_are_refused)
{
    struct cel_env *env = new_env();
    ck_assert_int_eq(cel_env_function(env, "f(int) -> int", one, 1, NULL), OK);
    ck_assert_int_eq(cel_env_function(env, "f(string) -> int", two, 1, NULL), OK);
    ck_assert_int_eq(cel_env_function(env, "int.f() -> int", two, 1, NULL), OK);
    ck_assert_int_eq(cel_env_function(env, "f(int, int) -> int", two, 1, NULL), OK);
    ck_assert_int_eq(cel_env_function(env, "f(list(int)) -> int", one, 1, NULL), OK);
    ck_assert_int_eq(cel_env_function(env, "f(list(uint)) -> uint", one, 1, NULL), OK);

    struct err_note note = { "" };
    ck_assert_int_eq(cel_env_function(env, "f(int) -> uint", two, 1, &note), ERR_INPUT);
    ck_assert_str_eq(note.text, "function 'f(int) -> uint': another of that name takes the same");
    ck_assert_int_eq(cel_env_function(env, "f(list(string)) -> int", two, 1, NULL), ERR_INPUT);
    ck_assert_int_eq(cel_env_function(env, "size(string) -> int", two, 1, NULL), ERR_INPUT);
    end();
}
END_TEST

START_TEST(overloads_are_found_by_the_number_of_arguments)
{
    struct cel_env *env = new_env();
    ck_assert_int_eq(cel_env_function(env, "f(int) -> int", one, 0, NULL), OK);
    ck_assert_int_eq(cel_env_function(env, "f(int, string...) -> int", two, 7, NULL), OK);
    const struct cel_overload *const *list = NULL;
    ck_assert_uint_eq(cel_env_overloads(env, STR("f"), false, 0, &list), 0);
    ck_assert_uint_eq(cel_env_overloads(env, STR("f"), false, 1, &list), 1);
    ck_assert_uint_eq(list[0]->cost, 1);
    ck_assert_uint_eq(cel_env_overloads(env, STR("f"), false, 2, &list), 1);
    ck_assert_ptr_eq(list[0]->call, two);
    ck_assert_uint_eq(list[0]->cost, 7);
    ck_assert_uint_eq(cel_env_overloads(env, STR("f"), false, 900, &list), 1);
    ck_assert_uint_eq(cel_env_overloads(env, STR("f"), true, 2, &list), 0);
    ck_assert_uint_eq(cel_env_overloads(env, STR("g"), false, 1, &list), 0);
    end();
}
END_TEST

START_TEST(limits_of_zero_are_the_defaults)
{
    struct cel_env *env = new_env();
    ck_assert_uint_eq(cel_env_limits_of(env)->depth, 250);
    cel_env_limits(env, (struct cel_limits){ .depth = 10, .estimated_cost = 5 });
    const struct cel_limits *limits = cel_env_limits_of(env);
    ck_assert_uint_eq(limits->depth, 10);
    ck_assert_uint_eq(limits->estimated_cost, 5);
    ck_assert_uint_eq(limits->text_bytes, 100000);
    ck_assert_uint_eq(limits->nested_macros, 12);
    ck_assert_uint_eq(limits->cost, 1000000);
    end();
}
END_TEST

START_TEST(a_container_is_a_name_or_nothing)
{
    struct cel_env *env = new_env();
    ck_assert_int_eq(cel_env_container(env, STR("com.example")), OK);
    ck_assert(str_is(cel_env_container_of(env), "com.example"));
    ck_assert_int_eq(cel_env_container(env, STR("com.")), ERR_INPUT);
    ck_assert_int_eq(cel_env_container(env, STR("")), OK);
    ck_assert(str_is(cel_env_container_of(env), ""));
    end();
}
END_TEST

START_TEST(an_environment_without_room_is_none)
{
    for (size_t limit = 1000; limit < 200000; limit += 4000) {
        struct arena *small = arena_new(512, limit);
        struct cel_env *env = cel_env_new(small);
        if (env)
            ck_assert_uint_gt(limit, 20000);
        arena_free(small);
    }
}
END_TEST

START_TEST(names_are_found_by_the_thousand)
{
    arena = arena_new(1 << 16, 64 << 20);
    struct cel_names names;
    ck_assert(cel_names_init(&names, arena, 0));
    for (uint32_t i = 0; i < 5000; i++) {
        struct out out;
        out_init(&out, arena, 16);
        out_printf(&out, "name%u", i * 7);
        ck_assert(cel_names_put(&names, out_str(&out), i));
    }
    ck_assert_uint_eq(names.count, 5000);
    ck_assert_uint_eq(cel_names_get(&names, STR("name0")), 0);
    ck_assert_uint_eq(cel_names_get(&names, STR("name34993")), 4999);
    ck_assert_uint_eq(cel_names_get(&names, STR("name1")), CEL_NAMES_NONE);
    ck_assert(cel_names_put(&names, STR("name0"), 77));
    ck_assert_uint_eq(cel_names_get(&names, STR("name0")), 77);
    ck_assert_uint_eq(names.count, 5000);
    end();
}
END_TEST

START_TEST(kinds_of_a_type_are_those_of_its_values)
{
    struct cel_env *env = new_env();
    ck_assert_uint_eq(cel_type_kinds(cel_env_type(env, STR("wrapper(int)"), NULL)),
                      1u << CEL_INT | 1u << CEL_NULL);
    ck_assert_uint_eq(cel_type_kinds(cel_env_type(env, STR("list(int)"), NULL)), 1u << CEL_LIST);
    uint32_t all = cel_type_kinds(cel_env_type(env, STR("dyn"), NULL));
    ck_assert(all & 1u << CEL_OBJECT && all & 1u << CEL_NULL && all & 1u << CEL_TYPE);
    ck_assert(!(all & 1u << CEL_ERROR) && !(all & 1u << CEL_UNKNOWN));
    struct cel_value list = { .kind = CEL_LIST };
    ck_assert_ptr_eq(cel_type_of(&list), cel_type_simple(CEL_TYPE_LIST));
    end();
}
END_TEST

SUITE_MAIN("expr/cel_env", every_signature_of_the_library_is_understood,
           types_are_read_and_printed_alike, wrong_types_are_refused_with_the_place,
           signatures_are_read_and_printed_alike, wrong_signatures_are_refused_with_the_place,
           a_name_is_declared_once, overloads_that_no_call_can_tell_apart_are_refused,
           overloads_are_found_by_the_number_of_arguments, limits_of_zero_are_the_defaults,
           a_container_is_a_name_or_nothing, an_environment_without_room_is_none,
           names_are_found_by_the_thousand, kinds_of_a_type_are_those_of_its_values)
