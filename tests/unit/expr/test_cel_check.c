/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "expr/check/cel_checked.h"
#include "suite.h"

/*
 * Each test is a table of expressions over the environment of shop_env(), with the type that the checker finds, or the
 * column and the words of the fault.
 */
static struct arena *arena;
static struct cel_env *env;

static struct cel_field item_fields[] = { { .name = { "sku", 3 } },
                                          { .name = { "price", 5 } },
                                          { .name = { "tags", 4 } } };
static struct cel_field cart_fields[] = { { .name = { "total", 5 } },
                                          { .name = { "items", 5 } },
                                          { .name = { "coupon", 6 } } };
static const struct cel_class item_class = { .name = { "item", 4 },
                                             .fields = item_fields,
                                             .n_fields = 3 };
static const struct cel_class cart_class = { .name = { "cart", 4 },
                                             .fields = cart_fields,
                                             .n_fields = 3 };

static const struct cel_type *type(const char *text)
{
    struct err_note note = { "" };
    const struct cel_type *found = cel_env_type(env, str_of(text), &note);
    ck_assert_msg(found, "%s", note.text);
    return found;
}

static void variable(const char *name, const char *of)
{
    struct err_note note = { "" };
    ck_assert_msg(cel_env_variable(env, str_of(name), type(of), NULL, &note) == OK, "%s",
                  note.text);
}

static void function(const char *signature)
{
    struct err_note note = { "" };
    ck_assert_msg(cel_env_function(env, signature, NULL, 1, &note) == OK, "%s", note.text);
}

static struct cel_value parsed(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    (void) run, (void) n_args;
    return args[0];
}

static void shop_env(void)
{
    arena = arena_new(1 << 16, 64 << 20);
    env = cel_env_new(arena);
    ck_assert_ptr_nonnull(env);
    item_fields[0].type = type("string");
    item_fields[1].type = type("int");
    item_fields[2].type = type("list(string)");
    ck_assert_int_eq(cel_env_class(env, &item_class, NULL), OK);
    cart_fields[0].type = type("int");
    cart_fields[1].type = type("list(item)");
    cart_fields[2].type = type("wrapper(string)");
    ck_assert_int_eq(cel_env_class(env, &cart_class, NULL), OK);
    variable("cart", "cart");
    variable("now", "timestamp");
    variable("wait", "duration");
    variable("stock", "map(string, int)");
    variable("any", "dyn");
    variable("maybe", "wrapper(int)");
    variable("request.time", "timestamp");
    variable("visitor.segment", "string");
    variable("visitor", "map(string, int)");
    variable("session", "session(int)");
    function("quantity(list(item)) -> int");
    function("pair(A, B) -> pair(A, B)");
    function("first(pair(A, B)) -> A");
    function("item.costs(int) -> bool");
    function("shop.rate(string) -> double");
    function("either(int) -> int");
    function("either(string) -> string");
    function("sum(double...) -> double");
    function("both(list(int), string) -> int");
    function("both(list(string), int) -> string");
    function("optional.of(T) -> optional_type(T)");
    function("optional.none() -> optional_type(T)");
    ck_assert_int_eq(cel_env_function(env, "parsed(string) -> T", parsed, 1, NULL), OK);
}

static void end(void)
{
    env = NULL;
    arena = arena_free(arena);
}

static const struct cel_checked *check(const char *text, bool lenient, const struct cel_type *want,
                                       struct cel_faults *faults)
{
    struct cel_options options = { .lenient = lenient, .want = want };
    cel_faults_init(faults, arena, str_of(text));
    const struct cel_ast *ast = cel_parse(str_of(text), cel_env_limits_of(env), arena, faults);
    ck_assert_msg(ast, "%s is not even CEL", text);
    return cel_check(env, ast, &options, arena, faults);
}

static const char *type_text(const struct cel_type *of)
{
    struct out out;
    out_init(&out, arena, 64);
    cel_type_print(of, &out);
    out_char(&out, '\0');
    return out.at;
}

static void expect_type(const char *text, const char *of)
{
    struct cel_faults faults;
    const struct cel_checked *checked = check(text, false, NULL, &faults);
    ck_assert_msg(checked, "%s: %.*s", text, STR_ARG(faults.list[0].what[CEL_ENGLISH]));
    ck_assert_msg(str_is(str_of(type_text(checked->type)), of), "%s is %s, not %s", text,
                  type_text(checked->type), of);
}

/* One fault and no other, there and in these words; @hint NULL: whichever. */
static void expect_fault(const char *text, uint32_t column, const char *what, const char *hint)
{
    struct cel_faults faults;
    const struct cel_checked *checked = check(text, false, NULL, &faults);
    ck_assert_msg(!checked, "%s has no fault", text);
    ck_assert_msg(str_is(faults.list[0].what[CEL_ENGLISH], what), "%s: %.*s", text,
                  STR_ARG(faults.list[0].what[CEL_ENGLISH]));
    ck_assert_msg(faults.list[0].column == column, "%s: column %u", text, faults.list[0].column);
    ck_assert_msg(faults.count == 1, "%s: %u faults", text, faults.count);
    if (hint)
        ck_assert_msg(str_is(faults.list[0].hint[CEL_ENGLISH], hint), "%s: hint '%.*s'", text,
                      STR_ARG(faults.list[0].hint[CEL_ENGLISH]));
}

struct typed {
    const char *text, *type;
};

#define EXPECT_TYPES(...)                                              \
    do {                                                               \
        const struct typed table_[] = { __VA_ARGS__ };                 \
        shop_env();                                                    \
        for (size_t i_ = 0; i_ < sizeof table_ / sizeof *table_; i_++) \
            expect_type(table_[i_].text, table_[i_].type);             \
        end();                                                         \
    } while (0)

struct faulty {
    const char *text;
    uint32_t column;
    const char *what, *hint;
};

#define EXPECT_FAULTS(...)                                                                      \
    do {                                                                                        \
        const struct faulty table_[] = { __VA_ARGS__ };                                         \
        shop_env();                                                                             \
        for (size_t i_ = 0; i_ < sizeof table_ / sizeof *table_; i_++)                          \
            expect_fault(table_[i_].text, table_[i_].column, table_[i_].what, table_[i_].hint); \
        end();                                                                                  \
    } while (0)

START_TEST(literals_lists_and_maps_have_the_type_of_what_is_in_them)
{
    EXPECT_TYPES({ "1", "int" }, { "1u", "uint" }, { "1.5", "double" }, { "'a'", "string" },
                 { "b'a'", "bytes" }, { "true", "bool" }, { "null", "null" },
                 { "[1, 2]", "list(int)" }, { "[1, 'a']", "list(dyn)" }, { "[]", "list(dyn)" },
                 { "[1, any]", "list(dyn)" }, { "[[], [1]]", "list(list(int))" },
                 { "{'a': 1}", "map(string, int)" }, { "{}", "map(dyn, dyn)" },
                 { "{'a': 1, 2: 'b'}", "map(dyn, dyn)" },
                 { "{'a': 1, 'b': 'b'}", "map(string, dyn)" },
                 { "[[], [[]], [[[]]]]", "list(list(list(list(dyn))))" },
                 { "[[[[]]], [], [[]]]", "list(list(list(list(dyn))))" });
}
END_TEST

START_TEST(the_common_type_of_elements_admits_each_of_them)
{
    EXPECT_TYPES({ "[now, null]", "list(timestamp)" }, { "[null, now]", "list(timestamp)" },
                 { "[maybe, 1]", "list(wrapper(int))" }, { "[1, maybe]", "list(wrapper(int))" },
                 { "[maybe, null]", "list(wrapper(int))" }, { "[1, null]", "list(dyn)" },
                 { "[session, null]", "list(session(int))" },
                 { "[pair(1, 2), pair(any, any)]", "list(pair(dyn, dyn))" },
                 { "[{'a': any}, {any: 1}]", "list(map(dyn, dyn))" },
                 { "[[{any: 1}], [{'a': any}]]", "list(list(map(dyn, dyn)))" });
}
END_TEST

START_TEST(operators_yield_what_their_operands_say)
{
    EXPECT_TYPES(
        { "1 + 2", "int" }, { "1u * 2u", "uint" }, { "'a' + 'b'", "string" },
        { "[1] + [2]", "list(int)" }, { "[] + [2]", "list(int)" }, { "now + wait", "timestamp" },
        { "wait + now", "timestamp" }, { "now - now", "duration" }, { "now - wait", "timestamp" },
        { "-1.0", "double" }, { "!true", "bool" }, { "1 < 2.5", "bool" }, { "1u >= 2", "bool" },
        { "any + any", "dyn" }, { "any + 1", "int" }, { "any == 1", "bool" },
        { "any + [1]", "list(dyn)" }, { "[1] + any", "list(dyn)" },
        { "[any['a'], 1]", "list(dyn)" }, { "any['a'] + any['b']", "dyn" },
        { "[[any[0]], [1]]", "list(list(dyn))" }, { "[[], [1], [any]]", "list(list(dyn))" },
        { "any ? 1 : 2", "int" }, { "1 in [1]", "bool" }, { "'a' in stock", "bool" },
        { "any in any", "bool" }, { "[1][0]", "int" }, { "stock['a']", "int" },
        { "any['a']", "dyn" }, { "[[]][0]", "list(dyn)" }, { "maybe + 1", "int" },
        { "maybe == null", "bool" }, { "cart.coupon == null", "bool" }, { "now == null", "bool" },
        { "true ? maybe : 1", "wrapper(int)" }, { "true ? maybe : null", "wrapper(int)" },
        { "true ? any : 1", "dyn" }, { "any && true", "bool" },
        { "pair(any, 1u) == pair(1, 2u)", "bool" });
}
END_TEST

START_TEST(operands_that_do_not_go_together_are_faults)
{
    EXPECT_FAULTS(
        { "1 + 'a'", 3, "no such overload: int + string", "string(…) makes a string of it" },
        { "1 == 1u", 3, "no such overload: int == uint",
          "convert one of them: int(…), uint(…) or double(…)" },
        { "1 == null", 3, "no such overload: int == null", "it is never null" },
        { "!1", 1, "no such overload: ! int", NULL },
        { "1 && true", 1, "'&&' wants a bool, not int", NULL },
        { "true || (1 + 2)", 12, "'||' wants a bool, not int", NULL },
        { "1 ? 2 : 3", 1, "'?' wants a bool, not int", NULL },
        { "true ? 1 : 'a'", 6, "no such overload: bool ? int : string", NULL },
        { "[1]['a']", 4, "no such overload: list(int)[string]", NULL },
        { "1 in 2", 3, "no such overload: int in int", NULL },
        { "'a' in [1]", 5, "no such overload: string in list(int)", NULL },
        { "5 % 2.0", 3, "no such overload: int % double", NULL },
        { "{[1]: 2}", 2, "a key of a map is a bool, int, uint or string, not list(int)", NULL },
        { "(1 + 'a') + 2", 4, "no such overload: int + string", NULL });
}
END_TEST

START_TEST(functions_resolve_by_the_types_of_their_arguments)
{
    EXPECT_TYPES({ "size('a')", "int" }, { "'a'.size()", "int" }, { "size(any)", "int" },
                 { "quantity(cart.items)", "int" }, { "cart.items[0].costs(3)", "bool" },
                 { "first(pair('a', 1))", "string" }, { "first(pair(any, 1))", "dyn" },
                 { "[first(any), 1]", "list(dyn)" }, { "both([], 1)", "string" },
                 { "[optional.of(1), optional.of(any)]", "list(optional_type(dyn))" },
                 { "[optional.none(), optional.of(1)]", "list(optional_type(int))" },
                 { "[parsed('1'), 1]", "list(dyn)" }, { "pair(1, [])", "pair(int, list(dyn))" },
                 { "either(any)", "dyn" }, { "either(1)", "int" }, { "either(maybe)", "int" },
                 { "sum(1.0)", "double" }, { "sum(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)", "double" },
                 { "shop.rate('a')", "double" }, { ".shop.rate('a')", "double" },
                 { "math.greatest(1, 2)", "int" }, { "math.greatest(1, 2.0)", "dyn" },
                 { "math.greatest(any)", "dyn" }, { "math.greatest([1.5])", "double" },
                 { "string(1)", "string" }, { "timestamp('2026-01-01T00:00:00Z') < now", "bool" },
                 { "now.getHours()", "int" }, { "'a,b'.split(',')", "list(string)" });
}
END_TEST

START_TEST(calls_that_fit_no_overload_name_those_there_are)
{
    EXPECT_FAULTS(
        { "quantity(1)", 1, "no such overload: quantity(int)",
          "there is quantity(list(item)) -> int" },
        { "quantity()", 1, "no such overload: quantity()", NULL },
        { "quantity(cart.items, 1)", 1, "no such overload: quantity(list(item), int)", NULL },
        { "'a'.quantity()", 5, "no such overload: string.quantity()", NULL },
        { "either(true)", 1, "no such overload: either(bool)",
          "there is either(int) -> int; either(string) -> string" },
        { "sum(1.0, 'a')", 1, "no such overload: sum(double, string)",
          "there is sum(double...) -> double" },
        { "sum()", 1, "no such overload: sum()", NULL },
        { "shop.rate(1)", 6, "no such overload: shop.rate(int)",
          "there is shop.rate(string) -> double" },
        { "quantty(cart.items)", 1, "undeclared function 'quantty'", "did you mean 'quantity'?" },
        { "'a'.startWith('b')", 5, "undeclared function 'startWith'",
          "did you mean 'startsWith'?" },
        { "shop.rtae('a')", 6, "undeclared function 'shop.rtae'", "did you mean 'shop.rate'?" },
        { "shpo.rate('a')", 6, "undeclared function 'shpo.rate'", "did you mean 'shop.rate'?" },
        { "nowhere.of(1)", 9, "undeclared function 'nowhere.of'", "" },
        { "nowhere.size()", 1, "undeclared name 'nowhere'", "" });
}
END_TEST

START_TEST(names_and_fields_that_do_not_exist_are_guessed)
{
    EXPECT_FAULTS(
        { "carts", 1, "undeclared name 'carts'", "did you mean 'cart'?" },
        { "cart.totl > 1", 6, "'cart' has no field 'totl'", "did you mean 'cart.total'?" },
        { "cart.items[0].prise", 15, "'item' has no field 'prise'", "did you mean 'price'?" },
        { "cart.colour", 6, "'cart' has no field 'colour'", NULL },
        { "request.tiem < now", 1, "undeclared name 'request'", "did you mean 'request.time'?" },
        { "time < now", 1, "undeclared name 'time'", "did you mean 'request.time'?" },
        { "wholly.unlike", 1, "undeclared name 'wholly'", "" },
        { "size", 1, "undeclared name 'size'",
          "there is a function of that name: call it with ()" },
        { "cart.total.x", 12, "int has no fields, so no 'x'", NULL },
        { "has(cart.totl)", 10, "'cart' has no field 'totl'", NULL },
        { "cart{total: 1}", 1, "a 'cart' cannot be made in an expression", NULL },
        { "what.Ever{a: 1}", 1, "undeclared type 'what.Ever'", NULL },
        { "cart.items.map(i, j)", 19, "undeclared name 'j'", "" });
}
END_TEST

START_TEST(selections_follow_maps_classes_and_dyn)
{
    EXPECT_TYPES({ "cart.total", "int" }, { "stock.tea", "int" }, { "any.a.b.c", "dyn" },
                 { "cart.items[0].tags[0]", "string" }, { "has(cart.coupon)", "bool" },
                 { "has(any.x)", "bool" }, { "has(stock.x)", "bool" },
                 { "cart.coupon", "wrapper(string)" }, { "request.time", "timestamp" },
                 { "visitor.segment", "string" }, { "visitor.other", "int" },
                 { ".visitor.segment", "string" });
}
END_TEST

START_TEST(macros_give_their_variables_the_type_of_the_range)
{
    EXPECT_TYPES({ "cart.items.all(i, i.price > 1)", "bool" },
                 { "cart.items.exists_one(i, i.sku == 'a')", "bool" },
                 { "cart.items.map(i, i.price)", "list(int)" },
                 { "cart.items.map(i, i.price > 1, i.sku)", "list(string)" },
                 { "cart.items.filter(i, i.price > 1)", "list(item)" },
                 { "stock.filter(k, k != 'a')", "list(string)" },
                 { "any.filter(x, x.y)", "list(dyn)" },
                 { "cart.items.all(n, i, n + i.price > 1)", "bool" },
                 { "stock.exists(k, v, k == 'a' && v > 1)", "bool" },
                 { "[1.5].transformList(i, v, i)", "list(int)" },
                 { "stock.transformList(k, v, v > 1, k)", "list(string)" },
                 { "stock.transformMap(k, v, double(v))", "map(string, double)" },
                 { "['a'].transformMap(i, v, v)", "map(int, string)" },
                 { "stock.transformMapEntry(k, v, {v: k})", "map(int, string)" },
                 { "any.transformMapEntry(k, v, any)", "map(dyn, dyn)" },
                 { "[].map(x, x)", "list(dyn)" }, { "([].map(x, x))[0].foo", "dyn" },
                 { "[1].map(x, [x].map(y, string(y)))", "list(list(string))" },
                 { "[1].map(x, ['a'].map(x, x))", "list(list(string))" },
                 { "cel.bind(x, cart.total, [x, x])", "list(int)" },
                 { "[].map(x, cel.bind(y, [x, [any]], true ? x : y))", "list(dyn)" },
                 { "cel.bind(x, 1, cel.bind(x, 'a', x))", "string" });
}
END_TEST

START_TEST(macros_refuse_other_ranges_and_predicates)
{
    EXPECT_FAULTS({ "1.map(x, x)", 3, "'map' wants a list or a map, not int", NULL },
                  { "[1].all(x, x)", 12, "a predicate wants a bool, not int", NULL },
                  { "[1].filter(x, x + 1)", 17, "a predicate wants a bool, not int", NULL },
                  { "[1].map(x, x, x)", 12, "a filter wants a bool, not int", NULL },
                  { "[1].transformMapEntry(i, v, v)", 29,
                    "'transformMapEntry' wants a map for each element, not int", NULL });
}
END_TEST

START_TEST(names_of_types_are_values)
{
    EXPECT_TYPES({ "int", "type(int)" }, { "type(1)", "type(int)" }, { "type(1) == int", "bool" },
                 { "type(1) == type('a')", "bool" }, { "list", "type(list(dyn))" },
                 { "google.protobuf.Timestamp", "type(timestamp)" },
                 { "type(now) == google.protobuf.Timestamp", "bool" },
                 { "type(null) == null_type", "bool" }, { "type(type)", "type(type(type))" },
                 { "type(any)", "type(dyn)" });
}
END_TEST

START_TEST(the_container_is_tried_from_the_inside_out)
{
    shop_env();
    variable("com.example.x", "int");
    variable("com.x", "string");
    variable("x", "bool");
    variable("com.example.a.b", "double");
    function("com.example.f(int) -> uint");
    function("f(int) -> int");
    expect_type("x", "bool");
    ck_assert_int_eq(cel_env_container(env, STR("com.example")), OK);
    expect_type("x", "int");
    expect_type(".x", "bool");
    expect_type("com.x", "string");
    expect_type("a.b", "double");
    expect_type("example.x", "int");
    expect_type("f(1)", "uint");
    expect_type(".f(1)", "int");
    expect_type("cart.total", "int");
    expect_type("cel.bind(x, 'a', x)", "string");
    expect_type("cel.bind(x, 'a', .x)", "bool");
    expect_type("[{'b': 1}].map(a, a.b)", "list(int)");
    end();
}
END_TEST

static const struct cel_reference *root_reference(const struct cel_checked *checked)
{
    return &checked->references[checked->ast->root->id];
}

START_TEST(references_say_what_a_name_stands_for)
{
    struct cel_faults faults;
    shop_env();

    const struct cel_checked *checked = check("visitor.segment", false, NULL, &faults);
    ck_assert_int_eq(root_reference(checked)->kind, CEL_REFERENCE_VARIABLE);
    uint32_t slot;
    ck_assert_ptr_nonnull(cel_env_variable_of(env, STR("visitor.segment"), &slot));
    ck_assert_uint_eq(root_reference(checked)->index, slot);

    checked = check("cart.items", false, NULL, &faults);
    ck_assert_int_eq(root_reference(checked)->kind, CEL_REFERENCE_FIELD);
    ck_assert_uint_eq(root_reference(checked)->index, 1);

    checked = check("shop.rate('a')", false, NULL, &faults);
    ck_assert_int_eq(root_reference(checked)->kind, CEL_REFERENCE_CALL);
    ck_assert(root_reference(checked)->qualified);
    ck_assert_uint_eq(root_reference(checked)->n_overloads, 1);

    checked = check("cart.items[0].costs(1)", false, NULL, &faults);
    ck_assert(!root_reference(checked)->qualified);

    checked = check("either(any)", false, NULL, &faults);
    ck_assert_uint_eq(root_reference(checked)->n_overloads, 2);

    checked = check("[1].map(x, [2].map(y, x + y)) + [[1].all(i, v, i == v) ? [3] : []]", false,
                    NULL, &faults);
    ck_assert_uint_eq(checked->n_locals, 2);
    end();
}
END_TEST

START_TEST(checking_leniently_finds_no_faults_but_keeps_what_it_knows)
{
    static const struct typed table[] = {
        { "1 + 'a'", "dyn" },
        { "nothing || true", "bool" },
        { "nothing.f(1)", "dyn" },
        { "unknown(17)", "dyn" },
        { "quantity(1)", "dyn" },
        { "'a'.charAt(true) == ''", "bool" },
        { "cart.nothing", "dyn" },
        { "{1.0: 2}[1.0]", "int" },
        { "1 == 1u", "bool" },
        { "true ? 1 : 'a'", "dyn" },
        { "!0", "bool" },
        { "[17, 'pancakes']", "list(dyn)" },
        { "no.Such{a: 1}", "dyn" },
        { "-(42u)", "dyn" },
        { "1.map(x, x)", "list(dyn)" },
    };
    struct cel_faults faults;
    shop_env();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct cel_checked *checked = check(table[i].text, true, type("bytes"), &faults);
        ck_assert_msg(checked && faults.count == 0, "%s", table[i].text);
        ck_assert_str_eq(type_text(checked->type), table[i].type);
    }

    const struct cel_checked *checked = check("unknown(17)", true, NULL, &faults);
    ck_assert_int_eq(root_reference(checked)->kind, CEL_REFERENCE_NONE);
    checked = check("nothing", true, NULL, &faults);
    ck_assert_int_eq(root_reference(checked)->kind, CEL_REFERENCE_NONE);
    checked = check("either(true)", true, NULL, &faults);
    ck_assert_int_eq(root_reference(checked)->kind, CEL_REFERENCE_CALL);
    ck_assert_uint_eq(root_reference(checked)->n_overloads, 2);
    end();
}
END_TEST

START_TEST(the_result_must_have_the_wanted_type)
{
    struct cel_faults faults;
    shop_env();
    ck_assert_ptr_nonnull(check("cart.total > 1", false, type("bool"), &faults));
    ck_assert_ptr_nonnull(check("any", false, type("bool"), &faults));
    ck_assert_ptr_nonnull(check("[]", false, type("list(int)"), &faults));
    ck_assert_ptr_null(check("cart.total", false, type("bool"), &faults));
    ck_assert(str_is(faults.list[0].what[CEL_ENGLISH], "the expression is of type int, not bool"));
    end();
}
END_TEST

/* Types that are of exponential size when written out: 60 times pair(v, v). */
START_TEST(types_that_double_with_each_binding_are_refused_soon)
{
    static char text[8192];
    size_t len = (size_t) snprintf(text, sizeof text, "cel.bind(v0, [], ");
    for (int i = 0; i < 60; i++)
        len += (size_t) snprintf(text + len, sizeof text - len, "cel.bind(v%d, pair(v%d, v%d), ",
                                 i + 1, i, i);
    len += (size_t) snprintf(text + len, sizeof text - len, "v60 == v60");
    memset(text + len, ')', 61);
    shop_env();
    expect_fault(text, 5, "the types in this expression are too large to check", NULL);
    end();
}
END_TEST

START_TEST(deep_lists_become_dyn_below_a_depth)
{
    char text[500];
    memset(text, '[', 200);
    memset(text + 200, ']', 200);
    text[400] = '\0';
    struct cel_faults faults;
    shop_env();
    cel_env_limits(env, (struct cel_limits){ .depth = 500 });
    const struct cel_checked *checked = check(text, false, NULL, &faults);
    ck_assert_ptr_nonnull(checked);
    ck_assert(strlen(type_text(checked->type)) < 65 * 6 + 10);

    char twice[1100];
    (void) snprintf(twice, sizeof twice, "%s == %s", text, text);
    checked = check(twice, false, NULL, &faults);
    ck_assert_ptr_nonnull(checked);
    end();
}
END_TEST

SUITE_MAIN("expr/cel_check", literals_lists_and_maps_have_the_type_of_what_is_in_them,
           the_common_type_of_elements_admits_each_of_them, operators_yield_what_their_operands_say,
           operands_that_do_not_go_together_are_faults,
           functions_resolve_by_the_types_of_their_arguments,
           calls_that_fit_no_overload_name_those_there_are,
           names_and_fields_that_do_not_exist_are_guessed, selections_follow_maps_classes_and_dyn,
           macros_give_their_variables_the_type_of_the_range,
           macros_refuse_other_ranges_and_predicates, names_of_types_are_values,
           the_container_is_tried_from_the_inside_out, references_say_what_a_name_stands_for,
           checking_leniently_finds_no_faults_but_keeps_what_it_knows,
           the_result_must_have_the_wanted_type,
           types_that_double_with_each_binding_are_refused_soon,
           deep_lists_become_dyn_below_a_depth)
