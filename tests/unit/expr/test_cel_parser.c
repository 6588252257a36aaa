/* SPDX-License-Identifier: Apache-2.0 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "expr/cel_ast.h"
#include "expr/cel_env.h"
#include "suite.h"

enum { ROOM = 64 << 20 };

static struct arena *arena;
static struct cel_faults faults;

static struct cel_ast *parse(struct str text, const struct cel_limits *limits)
{
    if (!arena)
        arena = arena_new(1 << 16, ROOM);
    arena_reset(arena);
    cel_faults_init(&faults, arena, text);
    return cel_parse(text, limits, arena, &faults);
}

static void print_node(const struct cel_node *node, struct out *out);

static void print_args(const struct cel_node *node, struct out *out)
{
    for (uint32_t i = 0; i < node->n_args; i++) {
        out_char(out, ' ');
        if (node->names) {
            out_text(out, node->names[i]);
            out_char(out, '=');
        }
        print_node(node->args[i], out);
    }
    out_char(out, ')');
}

/* (+ 1 (f a.b)): operators, functions and what else there is, with their operands. */
static void print_node(const struct cel_node *node, struct out *out)
{
    static const char *const kinds[] = {
        [CEL_NODE_SELECT] = "select", [CEL_NODE_CALL] = "call", [CEL_NODE_LIST] = "list",
        [CEL_NODE_MAP] = "map",       [CEL_NODE_BIND] = "bind",
    };
    if (node->kind == CEL_NODE_CONST) {
        cel_value_print(&node->constant, out);
        return;
    }
    if (node->kind != CEL_NODE_NAME)
        out_char(out, '(');
    if (node->kind == CEL_NODE_OPERATOR)
        out_text(out, str_of(cel_op_text(node->op)));
    else if (node->kind == CEL_NODE_MACRO)
        out_printf(out, "@%s", cel_macro_name(node->macro));
    else if (node->kind != CEL_NODE_NAME && node->kind != CEL_NODE_STRUCT)
        out_printf(out, "%s%s ",
                   node->is_test     ? "has-"
                   : node->is_member ? "member-"
                                     : "",
                   kinds[node->kind]);
    out_printf(out, "%s%.*s", node->absolute ? "." : "", STR_ARG(node->name));
    if (node->variable.at)
        out_printf(out, "%s%.*s", node->kind == CEL_NODE_BIND ? "" : " ", STR_ARG(node->variable));
    if (node->variable2.at)
        out_printf(out, ",%.*s", STR_ARG(node->variable2));
    if (node->kind != CEL_NODE_NAME)
        print_args(node, out);
}

static const char *tree_of(struct cel_ast *ast)
{
    struct out out;
    out_init(&out, arena, 256);
    if (ast)
        print_node(ast->root, &out);
    else
        cel_faults_print(&faults, (struct str){ 0 }, CEL_ENGLISH, &out);
    out_char(&out, '\0');
    return out.at;
}

struct reading {
    const char *text, *tree;
};

static void check_all(const struct reading *readings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *tree = tree_of(parse(str_of(readings[i].text), NULL));
        ck_assert_msg(str_is(str_of(tree), readings[i].tree), "%s\n  is %s\n  not %s",
                      readings[i].text, tree, readings[i].tree);
    }
}

#define CHECK_ALL(readings) check_all(readings, sizeof(readings) / sizeof *(readings))

START_TEST(reads_operators_by_their_precedence)
{
    static const struct reading readings[] = {
        { "a || b && c == d + e * -f", "(|| a (&& b (== c (+ d (* e (- f))))))" },
        { "-f * e + d == c && b || a", "(|| (&& (== (+ (* (- f) e) d) c) b) a)" },
        { "(a + b) * c", "(* (+ a b) c)" },
        { "!a == b", "(== (! a) b)" },
        { "!a.b[c]", "(! ([] (select b a) c))" },
        { "a + 1 in b", "(in (+ a 1) b)" },
        { "a ? b || c : d", "(?: a (|| b c) d)" },
        { "a < b || a <= b || a > b || a >= b || a != b",
          "(|| (|| (|| (< a b) (<= a b)) (> a b)) (|| (>= a b) (!= a b)))" },
        { "a % b / c", "(/ (% a b) c)" },
        { "1in[1]", "(in 1 (list  1))" },
    };
    CHECK_ALL(readings);
}
END_TEST

START_TEST(groups_operators_to_the_left_and_conditions_to_the_right)
{
    static const struct reading readings[] = {
        { "a - b - c", "(- (- a b) c)" },
        { "a / b * c", "(* (/ a b) c)" },
        { "a < b < c", "(< (< a b) c)" },
        { "a ? b : c ? d : e", "(?: a b (?: c d e))" },
        { "a ? (b ? c : d) : e", "(?: a (?: b c d) e)" },
        { "!!a", "(! (! a))" },
        { "--a", "(- (- a))" },
        { "!(-a)", "(! (- a))" },
        { "a--b", "(- a (- b))" },
        { "a.b.c[0][1].d", "(select d ([] ([] (select c (select b a)) 0) 1))" },
    };
    CHECK_ALL(readings);
}
END_TEST

START_TEST(reads_numbers)
{
    static const struct reading readings[] = {
        { "0", "0" },
        { "007", "7" },
        { "9223372036854775807", "9223372036854775807" },
        { "0x7fffffffffffffff", "9223372036854775807" },
        { "0xAbCd", "43981" },
        { "18446744073709551615u", "18446744073709551615u" },
        { "0xFFFFFFFFFFFFFFFFU", "18446744073709551615u" },
        { "0u", "0u" },
        { "1.5", "1.5" },
        { ".5", "0.5" },
        { "1e3", "1000.0" },
        { "1.25E-2", "0.0125" },
        { ".5e+1", "5.0" },
        { "1.7976931348623157e308", "1.7976931348623157e+308" },
        { "1e-400", "0.0" },
        { "true", "true" },
        { "false", "false" },
        { "null", "null" },
    };
    CHECK_ALL(readings);
}
END_TEST

START_TEST(folds_a_minus_into_the_number_behind_it)
{
    static const struct reading readings[] = {
        { "-1", "-1" },
        { "- 1", "-1" },
        { "-9223372036854775808", "-9223372036854775808" },
        { "-0x8000000000000000", "-9223372036854775808" },
        { "-1.5", "-1.5" },
        { "--1", "(- -1)" },
        { "a-1", "(- a 1)" },
        { "a - -1", "(- a -1)" },
        { "-1u", "(- 1u)" },
        { "-(1)", "(- 1)" },
        { "-1.f()", "(member-call f -1)" },
        { "!-1", "(! -1)" },
    };
    CHECK_ALL(readings);
}
END_TEST

START_TEST(reads_strings_in_any_quotes)
{
    static const struct reading readings[] = {
        { "'a'", "\"a\"" },
        { "\"a\"", "\"a\"" },
        { "''", "\"\"" },
        { "''''''", "\"\"" },
        { "'''it's ''two''.'''", "\"it's ''two''.\"" },
        { "\"\"\"a\nb\"\"\"", "\"a\\nb\"" },
        { "r'a\\n'", "\"a\\\\n\"" },
        { "R\"\\\"", "\"\\\\\"" },
        { "r'''\\' '''", "\"\\\\' \"" },
        { "b'a'", "b\"a\"" },
        { "br'\\x'", "b\"\\\\x\"" },
        { "BR\"\"\"\\u\"\"\"", "b\"\\\\u\"" },
        { "'\xE3\x81\x82'", "\"\xE3\x81\x82\"" },
    };
    CHECK_ALL(readings);
}
END_TEST

/* @text has a constant of exactly these bytes. */
static void check_bytes(struct str text, struct str bytes)
{
    struct cel_ast *ast = parse(text, NULL);
    ck_assert_msg(ast, "%.*s: %s", STR_ARG(text), ast ? "" : tree_of(NULL));
    ck_assert_uint_eq(ast->root->kind, CEL_NODE_CONST);
    ck_assert_msg(str_eq(ast->root->constant.string, bytes), "%.*s", STR_ARG(text));
}

START_TEST(reads_every_escape)
{
    check_bytes(STR("'\\a\\b\\f\\n\\r\\t\\v\\\\\\?\\\"\\'\\`'"), STR("\a\b\f\n\r\t\v\\?\"'`"));
    check_bytes(STR("'\\x41\\X7f\\xff'"), STR("A\x7f\xC3\xBF"));
    check_bytes(STR("'\\101\\377'"), STR("A\xC3\xBF"));
    check_bytes(STR("'\\u3042\\U0001F600\\U0010FFFF'"),
                STR("\xE3\x81\x82\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF"));
    check_bytes(STR("b'\\x41\\xff\\377\\000'"), STR("A\xff\xff\0"));
    check_bytes(STR("'''\\'''a'''"), STR("'''a"));
    check_bytes(STR("'\\ud7ff\\ue000'"), STR("\xED\x9F\xBF\xEE\x80\x80"));
}
END_TEST

START_TEST(keeps_line_ends_and_nul_bytes_as_they_are_written)
{
    check_bytes(STR("'''a\r\nb\rc'''"), STR("a\r\nb\rc"));
    check_bytes(STR("r\"\"\"\r\n\"\"\""), STR("\r\n"));
    check_bytes(STR("'a\0b'"), STR("a\0b"));
    check_bytes(STR("'\\000'"), STR("\0"));
    check_bytes(STR("b'\0'"), STR("\0"));
}
END_TEST

START_TEST(reads_names_fields_and_calls)
{
    static const struct reading readings[] = {
        { "a", "a" },
        { "_a1", "_a1" },
        { ".a", ".a" },
        { ".a.b", "(select b .a)" },
        { "a . b\n.c", "(select c (select b a))" },
        { "a.`b-c/d e.f`", "(select b-c/d e.f a)" },
        { "a.`in`", "(select in a)" },
        { "f()", "(call f)" },
        { ".f(a)", "(call .f a)" },
        { "a.f(b, c.g())", "(member-call f a b (member-call g c))" },
        { "a.b.f()[0]", "([] (member-call f (select b a)) 0)" },
        { "'a'.size()", "(member-call size \"a\")" },
        { "{'a': 1}.a", "(select a (map  \"a\" 1))" },
        { "inner && trueish && nullable", "(&& (&& inner trueish) nullable)" },
    };
    CHECK_ALL(readings);
}
END_TEST

START_TEST(lets_reserved_words_name_fields_and_methods_but_not_variables)
{
    static const char *const words[] = { "as",   "break",    "const",  "continue",  "else",
                                         "for",  "function", "if",     "import",    "let",
                                         "loop", "package",  "return", "namespace", "var",
                                         "void", "while" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char text[80];
        const struct {
            const char *head, *tail;
            bool fits;
        } uses[] = {
            { "a.", "", true }, { "a.", "()", true },  { "A{", ": 1}", true },
            { "", "", false },  { "", "(1)", false },  { ".", "", false },
            { "", "_", true },  { "1 + ", "", false },
        };
        for (size_t u = 0; u < sizeof uses / sizeof *uses; u++) {
            (void) snprintf(text, sizeof text, "%s%s%s", uses[u].head, words[i], uses[u].tail);
            ck_assert_msg(!parse(str_of(text), NULL) == !uses[u].fits, "%s", text);
            ck_assert_uint_eq(faults.count, uses[u].fits ? 0 : 1);
        }
    }
}
END_TEST

START_TEST(reads_lists_maps_and_structs)
{
    static const struct reading readings[] = {
        { "[]", "(list )" },
        { "[,]", "(list )" },
        { "{,}", "(map )" },
        { "A{,}", "(A)" },
        { "for.package.A{}", "(for.package.A)" },
        { ".if{}", "(.if)" },
        { "[1]", "(list  1)" },
        { "[1, 2,]", "(list  1 2)" },
        { "{}", "(map )" },
        { "{1: 2, 'a': [b],}", "(map  1 2 \"a\" (list  b))" },
        { "{a ? b : c: d}", "(map  (?: a b c) d)" },
        { "A{}", "(A)" },
        { "a.b.C{d: 1, `e-f`: 2,}", "(a.b.C d=1 e-f=2)" },
        { ".a . b . C { d : 1 } . d", "(select d (.a.b.C d=1))" },
        { "A{b: B{c: 1}}.b.c", "(select c (select b (A b=(B c=1))))" },
    };
    CHECK_ALL(readings);
}
END_TEST

START_TEST(ignores_blanks_and_comments)
{
    static const struct reading readings[] = {
        { " \t\r\n\f1 // one\n + // and \r 3 \n 2", "(+ 1 2)" },
        { "1 // to the end", "1" },
        { "1//", "1" },
        { "'// no comment'", "\"// no comment\"" },
        { "a//\n.b", "(select b a)" },
    };
    CHECK_ALL(readings);
}
END_TEST

START_TEST(recognises_macros)
{
    static const struct reading readings[] = {
        { "has(a.b)", "(has-select b a)" },
        { "has(a.b.c)", "(has-select c (select b a))" },
        { "has((a.`b-c`))", "(has-select b-c a)" },
        { "l.all(x, x > 0)", "(@all x l (> x 0))" },
        { "l.exists(x, p)", "(@exists x l p)" },
        { "l.exists_one(x, p)", "(@exists_one x l p)" },
        { "l.existsOne(x, p)", "(@exists_one x l p)" },
        { "l.map(x, t)", "(@map x l t)" },
        { "l.map(x, p, t)", "(@map x l p t)" },
        { "l.filter(x, p)", "(@filter x l p)" },
        { "m.all(k, v, p)", "(@all k,v m p)" },
        { "m.exists(k, v, p)", "(@exists k,v m p)" },
        { "m.existsOne(k, v, p)", "(@exists_one k,v m p)" },
        { "m.transformList(k, v, t)", "(@transformList k,v m t)" },
        { "m.transformList(_, v, p, t)", "(@transformList _,v m p t)" },
        { "m.transformMap(k, v, t)", "(@transformMap k,v m t)" },
        { "m.transformMap(k, v, p, t)", "(@transformMap k,v m p t)" },
        { "m.transformMapEntry(k, v, {v: k})", "(@transformMapEntry k,v m (map  v k))" },
        { "m.transformMapEntry(k, v, p, {v: k})", "(@transformMapEntry k,v m p (map  v k))" },
        { "cel.bind(x, a.b, x + x)", "(bind x (select b a) (+ x x))" },
        { "[1].map(x, [x].filter(y, y > x))", "(@map x (list  1) (@filter y (list  x) (> y x)))" },
        { "l.map(x, x)[0].all(x, x)", "(@all x ([] (@map x l x) 0) x)" },
    };
    CHECK_ALL(readings);
}
END_TEST

START_TEST(leaves_calls_that_only_look_like_macros_as_they_are)
{
    static const struct reading readings[] = {
        { "has()", "(call has)" },
        { "has(a.b, c)", "(call has (select b a) c)" },
        { "x.has(a.b)", "(member-call has x (select b a))" },
        { ".has(a.b)", "(call .has (select b a))" },
        { "all(x, p)", "(call all x p)" },
        { "l.all(1)", "(member-call all l 1)" },
        { "l.map(1)", "(member-call map l 1)" },
        { "l.map(a, b, c, d)", "(member-call map l a b c d)" },
        { "l.filter(1, 2, 3)", "(member-call filter l 1 2 3)" },
        { "l.transformList(1, 2)", "(member-call transformList l 1 2)" },
        { "a.bind(1, 2, 3)", "(member-call bind a 1 2 3)" },
        { ".cel.bind(1, 2, 3)", "(member-call bind .cel 1 2 3)" },
        { "cel.bind(1, 2)", "(member-call bind cel 1 2)" },
        { "bind(x, 1, x)", "(call bind x 1 x)" },
    };
    CHECK_ALL(readings);
}
END_TEST

static uint32_t check_numbers(const struct cel_node *node, uint32_t next)
{
    for (uint32_t i = 0; i < node->n_args; i++)
        next = check_numbers(node->args[i], next);
    ck_assert_uint_eq(node->id, next);
    return next + 1;
}

START_TEST(numbers_nodes_without_gaps_and_children_first)
{
    static const char *const texts[] = {
        "1",
        "a.b.c(1, [2, 3], {4: 5}).all(x, y, has(x.z) && cel.bind(v, 1, v + y) > 0 ? A{b: c} : -d)",
        "a && b && c && d || e || f || g || !h",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cel_ast *ast = parse(str_of(texts[i]), NULL);
        ck_assert_ptr_nonnull(ast);
        ck_assert_uint_eq(check_numbers(ast->root, 0), ast->n_nodes);
    }
}
END_TEST

START_TEST(points_at_the_operator_the_name_or_the_bracket)
{
    static const struct {
        const char *text;
        uint32_t offset;
    } places[] = {
        { "aa + b", 3 },      { "aa.bb", 3 },       { "aa.f(b)", 3 },
        { "f(b)", 0 },        { ".aa", 1 },         { "aa[b]", 2 },
        { "aa ? b : c", 3 },  { " [1]", 1 },        { " {1: 2}", 1 },
        { " a.b.C{}", 1 },    { " 'x'", 1 },        { " - 5", 1 },
        { "a.map(x, x)", 2 }, { "has(a.b)", 6 },    { "cel.bind(x, 1, x)", 4 },
        { "!a", 0 },          { "a && b && c", 7 }, { "(a) * (b)", 4 },
        { "a in b", 2 },
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct cel_ast *ast = parse(str_of(places[i].text), NULL);
        ck_assert_ptr_nonnull(ast);
        ck_assert_msg(ast->root->offset == places[i].offset, "%s: %u", places[i].text,
                      ast->root->offset);
    }
}
END_TEST

START_TEST(owes_nothing_to_the_text_it_was_given)
{
    char text[] = "abc.def == 'text' + f(g{hhh: xy})";
    struct cel_ast *ast = parse(str_of(text), NULL);
    ck_assert_ptr_nonnull(ast);

    memset(text, '#', sizeof text - 1);

    ck_assert_str_eq(tree_of(ast), "(== (select def abc) (+ \"text\" (call f (g hhh=xy))))");
}
END_TEST

/* @head, then @n times @part, then @tail. */
static struct str repeated(const char *head, const char *part, size_t n, const char *tail)
{
    static struct out out;
    if (!out.at)
        out_init(&out, NULL, 1 << 20);
    out.len = 0;
    out_text(&out, str_of(head));
    for (size_t i = 0; i < n; i++)
        out_text(&out, str_of(part));
    out_text(&out, str_of(tail));
    return out_str(&out);
}

/* @n brackets or other openings, and as many ends. */
static struct str nested(const char *open, const char *middle, const char *close, size_t n)
{
    char *inner = str_dup(repeated("", close, n, ""));
    struct str head = repeated("", open, n, middle);
    char *outer = str_dup(head);
    struct str all = repeated(outer, inner, 1, "");
    free(inner);
    free(outer);
    return all;
}

START_TEST(balances_long_chains_of_and_and_or)
{
    struct cel_ast *ast = parse(repeated("a", " && a", 999, ""), NULL);
    ck_assert_ptr_nonnull(ast);
    ck_assert_uint_eq(ast->n_nodes, 1999);
    ck_assert_uint_le(ast->depth, 11);

    ast = parse(repeated("a", " || a && b", 9999, ""), NULL);
    ck_assert_ptr_nonnull(ast);
    ck_assert_uint_le(ast->depth, 16);
}
END_TEST

START_TEST(allows_nesting_up_to_the_limit_and_names_it_behind)
{
    static const struct {
        const char *open, *middle, *close;
    } ways[] = {
        { "(", "1", ")" },    { "[", "1", "]" },         { "a[", "1", "]" },
        { "!", "a", "" },     { "-", "a", "" },          { "f(", "1", ")" },
        { "{1:", "1", "}" },  { "A{a:", "1", "}" },      { "", "a", ".b" },
        { "", "a", "[0]" },   { "", "a", ".f()" },       { "", "1", " + 1" },
        { "", "1", " * 1" },  { "", "1", " < 1" },       { "a ? 1 : ", "1", "" },
        { "a.f(", "1", ")" }, { "has(a[", "0", "].b)" }, { "1 + (", "1", ")" },
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const char *open = ways[i].open, *middle = ways[i].middle, *close = ways[i].close;
        ck_assert_msg(parse(nested(open, middle, close, 100), NULL), "%s%s%s: %s", open, middle,
                      close, tree_of(NULL));
        bool has_two =
            str_is(str_of(open), "has(a[") || str_is(str_of(open), "1 + ("); /* levels each */
        if (!has_two)
            ck_assert_msg(parse(nested(open, middle, close, 250), NULL), "%s%s%s: %s", open, middle,
                          close, tree_of(NULL));
        const struct cel_limits limits = { .text_bytes = UINT32_MAX };
        for (size_t n = 251; n < 20000; n += 7000) {
            ck_assert_msg(!parse(nested(open, middle, close, n), &limits), "%s%s%s", open, middle,
                          close);
            ck_assert_uint_eq(faults.count, 1);
            ck_assert(str_contains(faults.list[0].what[CEL_ENGLISH], STR("limit: depth")));
        }
    }
}
END_TEST

START_TEST(no_limit_lets_a_text_exhaust_the_stack)
{
    const struct cel_limits limits = { .depth = UINT32_MAX, .text_bytes = UINT32_MAX };
    static const char *const openings[] = { "(", "[", "{1:", "f(", "a[", "a ? 1 : ", "!", "-" };

    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        ck_assert_ptr_null(parse(repeated("", openings[i], 100000, "1"), &limits));
        ck_assert_uint_eq(faults.count, 1);
        ck_assert_msg(str_contains(faults.list[0].what[CEL_ENGLISH], STR("more than 1000 levels")),
                      "%s: %.*s", openings[i], STR_ARG(faults.list[0].what[CEL_ENGLISH]));
    }
    ck_assert_ptr_nonnull(parse(nested("(", "1", ")", 1000), &limits));
    ck_assert_ptr_nonnull(parse(nested("[", "1", "]", 999), &limits));
}
END_TEST

START_TEST(bounds_the_text_and_the_macros_in_macros)
{
    const struct cel_limits limits = { .text_bytes = 10, .nested_macros = 2 };
    ck_assert_ptr_nonnull(parse(STR("1234567890"), &limits));
    ck_assert_ptr_null(parse(STR("1234567890 "), &limits));
    ck_assert(str_contains(faults.list[0].what[CEL_ENGLISH], STR("limit: text_bytes")));
    ck_assert_ptr_null(parse(repeated("", " ", 100001, "1"), NULL));

    struct cel_ast *ast = parse(nested("a.map(x, ", "x", ")", 12), NULL);
    ck_assert_ptr_nonnull(ast);
    ck_assert_uint_eq(ast->nested_macros, 12);
    ck_assert_ptr_null(parse(nested("a.map(x, ", "x", ")", 13), NULL));
    ck_assert(str_contains(faults.list[0].what[CEL_ENGLISH], STR("limit: nested_macros")));

    ast = parse(repeated("a", ".map(x, x)", 100, ""), NULL); /* one behind the other */
    ck_assert_ptr_nonnull(ast);
    ck_assert_uint_eq(ast->nested_macros, 1);
}
END_TEST

START_TEST(says_so_when_memory_is_short)
{
    struct str text = repeated("[", "a.b + 'x\\n' && f(1.5, {a: b}) || -c, ", 50, "]");
    for (size_t room = 256; room < (1 << 17); room += 997) {
        struct arena *small = arena_new(256, room);
        struct cel_faults told;
        cel_faults_init(&told, small, text);
        struct cel_ast *ast = cel_parse(text, NULL, small, &told);
        ck_assert(ast ? told.count == 0 : told.count == 1);
        arena_free(small);
    }
}
END_TEST

struct mistake {
    const char *text;
    uint32_t column, length;
    const char *what, *hint; /* parts of them */
};

static void check_mistake(const struct mistake *mistake)
{
    struct cel_ast *ast = parse(str_of(mistake->text), NULL);
    const struct cel_fault *fault = &faults.list[0];
    ck_assert_msg(!ast && faults.count == 1, "%s: %u faults, not one\n%s", mistake->text,
                  faults.count, ast ? "" : tree_of(NULL));
    ck_assert_msg(fault->column == mistake->column && fault->length == mistake->length,
                  "%s: at %u, %u bytes\n%s", mistake->text, fault->column, fault->length,
                  tree_of(NULL));
    ck_assert_msg(str_contains(fault->what[CEL_ENGLISH], str_of(mistake->what)), "%s:\n%s\n%s",
                  mistake->text, tree_of(NULL), mistake->what);
    ck_assert_msg(
        !mistake->hint == !fault->hint[CEL_ENGLISH].at &&
            (!mistake->hint || str_contains(fault->hint[CEL_ENGLISH], str_of(mistake->hint))),
        "%s:\n%s\n%s", mistake->text, tree_of(NULL), mistake->hint ? mistake->hint : "");
}

static void check_mistakes(const struct mistake *mistakes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_mistake(&mistakes[i]);
}

#define CHECK_MISTAKES(mistakes) check_mistakes(mistakes, sizeof(mistakes) / sizeof *(mistakes))

START_TEST(tells_what_to_write_instead_of_foreign_operators)
{
    static const struct mistake mistakes[] = {
        { "a = b", 3, 1, "'='", "did you mean '=='?" },
        { "a === b", 3, 3, "'==='", "'=='" },
        { "a !== b", 3, 3, "'!=='", "'!='" },
        { "a <> b", 3, 2, "'<>'", "'!='" },
        { "a => b", 3, 2, "'=>'", "'>='" },
        { "a =< b", 3, 2, "'=<'", "'<='" },
        { "a & b", 3, 1, "'&'", "'&&'" },
        { "a &&& b", 3, 3, "'&&&'", "'&&'" },
        { "a | b", 3, 1, "'|'", "'||'" },
        { "a and b", 3, 3, "'and'", "'&&'" },
        { "a OR b", 3, 2, "'OR'", "'||'" },
        { "not a", 5, 1, "unexpected 'a'", "'!'" },
        { "a not in b", 3, 3, "unexpected 'not'", "!(a in b)" },
        { "a is b", 3, 2, "unexpected 'is'", "'=='" },
        { "a mod b", 3, 3, "unexpected 'mod'", "'%'" },
        { "a contains b", 3, 8, "unexpected 'contains'", "a.contains(b)" },
        { "a if b else c", 3, 2, "unexpected 'if'", "condition ? one : other" },
        { "if(a, b, c)", 1, 2, "reserved", "condition ? one : other" },
        { "a ** 2", 4, 1, "unexpected '*'", "powers" },
        { "a++", 3, 1, "unexpected '+'", "'++'" },
        { "a + + b", 5, 1, "unexpected '+'", "has no '+'" },
        { "+1", 1, 1, "unexpected '+'", "has no '+'" },
        { "a; ", 2, 1, "unexpected ';'", "has no ';'" },
        { "a ^ b", 3, 1, "unexpected '^'", "bits" },
        { "$a", 1, 1, "unexpected '$'", "its name alone" },
        { "a # b", 3, 1, "unexpected '#'", "//" },
        { "a /* b */ + c", 3, 2, "/* comments */", "//" },
        { "a\x01", 2, 1, "U+0001", NULL },
    };
    CHECK_MISTAKES(mistakes);
}
END_TEST

START_TEST(tells_what_is_missing_and_where)
{
    static const struct mistake mistakes[] = {
        { "", 1, 0, "the expression ends, but a value is expected", NULL },
        { "a +", 4, 0, "the expression ends, but a value is expected", NULL },
        { "a + )", 5, 1, "unexpected ')': a value is expected", NULL },
        { "(a", 3, 0, "')' is expected", "the '(' of 1:1 is not closed" },
        { "f(a, b", 7, 0, "',' or ')' is expected", "the '(' of 1:2 is not closed" },
        { "[a, b)", 6, 1, "unexpected ')': ',' or ']' is expected",
          "the '[' of 1:1 is not closed" },
        { "{a: b", 6, 0, "'}'", "the '{' of 1:1 is not closed" },
        { "{a, b}", 3, 1, "unexpected ',': ':' and the value", "a list is written [a, b]" },
        { "{a}", 3, 1, "':' and the value", "a list is written [a, b]" },
        { "a)", 2, 1, "unexpected ')'", "none open" },
        { "a b", 3, 1, "unexpected 'b': an operator or the end is expected",
          "operator is missing" },
        { "[a b]", 4, 1, "',' or ']'", "operator is missing" },
        { "a ? b", 6, 0, "':' of '?:' is expected", NULL },
        { "a ? b ? c : d : e", 7, 1, "unexpected '?'", "parentheses" },
        { "!-a", 2, 1, "no '-' stands directly behind '!'", "!(-…)" },
        { "-!-!a", 2, 1, "no '!' stands directly behind '-'", "-(!…)" },
        { "a.", 3, 0, "the name of a field or function is expected", NULL },
        { "a.1", 2, 2, "unexpected '.1'", "a[1]" },
        { "a.?b", 3, 1, "unexpected '?'", "has(a.b)" },
        { "a?.b", 2, 2, "no optional fields", "has(a.b)" },
        { "a[?b]", 3, 1, "optional", "has(a.b)" },
        { "f(a,)", 4, 1, "behind the last argument", "leave it out" },
        { "f(,)", 3, 1, "a value is expected", NULL },
        { "[,,]", 2, 1, "a value is expected", NULL },
        { "[,1]", 2, 1, "a value is expected", NULL },
        { "[1,,]", 4, 1, "a value is expected", NULL },
        { "a in (1, 2)", 8, 1, "')' is expected", "[a, b]" },
        { "a > 1,000", 6, 1, "operator or the end", "grouped" },
        { "a ?? b", 4, 1, "a value is expected", "has(a.b)" },
        { "for.a", 1, 3, "reserved", NULL },
        { "A{1: 2}", 3, 1, "the name of a field is expected", NULL },
        { "A{b 2}", 5, 1, "':' and the value of this field", NULL },
        { "f(){a: 1}", 4, 1, "unexpected '{'", NULL },
        { "a.true", 3, 4, "keyword", "a.`true`" },
        { "`a-b`", 1, 5, "a value is expected", "behind a dot" },
        { "a.`b-c`()", 3, 5, "does not stand in backticks", NULL },
        { "a.`b", 3, 1, "no end", "`" },
        { "a.`b@c`", 3, 5, "backticks", "x[\"the key\"]" },
        { "a.``", 3, 2, "backticks", "x[\"the key\"]" },
    };
    CHECK_MISTAKES(mistakes);
}
END_TEST

START_TEST(tells_what_is_wrong_with_a_literal)
{
    static const struct mistake mistakes[] = {
        { "9223372036854775808", 1, 19, "does not fit an int", "1e30" },
        { "-9223372036854775809", 2, 19, "ends at -9223372036854775808", "1e30" },
        { "18446744073709551616u", 1, 21, "does not fit a uint", "1e30" },
        { "0x10000000000000000", 1, 19, "does not fit an int", "1e30" },
        { "1e400", 1, 5, "does not fit a double", NULL },
        { "1.", 2, 1, "stands a digit", "1.0" },
        { "1. + 2", 2, 1, "stands a digit", "1.0" },
        { "0b1", 1, 3, "'0b1' is not a number", "0x0a" },
        { "0X1f", 1, 4, "'0X1f' is not a number", "0x" },
        { "0x", 1, 2, "'0x' is not a number", "0x" },
        { "0xfg", 1, 4, "'0xfg' is not a number", "a to f" },
        { "1_000", 1, 5, "'1_000' is not a number", "1000" },
        { "1e", 1, 2, "'1e' is not a number", "1e3" },
        { "1e+", 1, 3, "'1e+' is not a number", "1e3" },
        { "12px", 1, 4, "'12px' is not a number", "quotes" },
        { "1.5u", 1, 4, "'1.5u' is not a number", "quotes" },
        { "'a", 1, 1, "no end", "the same quote" },
        { "'a\nb'", 1, 1, "no end", "the same quote" },
        { "'a\\\nb'", 1, 1, "no end", "the same quote" },
        { "f('''a'')", 3, 3, "no end", "three" },
        { "'it's'", 5, 1, "unexpected 's'", "\\'" },
        { "u'a'", 2, 3, "unexpected ''a''", "r, b and br" },
        { "rb'a'", 3, 3, "unexpected ''a''", "r, b and br" },
        { "'\\q'", 2, 2, "means nothing", "\\\\" },
        { "'\\8'", 2, 2, "means nothing", "\\\\" },
        { "'\\400'", 2, 2, "means nothing", "\\\\" },
        { "'\\12'", 2, 3, "three digits", "\\101" },
        { "'\\xg0'", 2, 2, "hexadecimal digits", "\\x41" },
        { "'\\u12'", 2, 4, "hexadecimal digits", "\\u3042" },
        { "'\\ud83d\\u0041'", 2, 6, "surrogate", "\\U0001F600" },
        { "'\\ud800'", 2, 6, "surrogate", "\\U0001F600" },
        { "'\\U0000dfff'", 2, 10, "surrogate", "\\U0001F600" },
        { "'\\U00110000'", 2, 10, "no such character", "\\U0010FFFF" },
        { "b'\\u0041'", 3, 6, "bytes have no \\u", "\\xff" },
        { "'''\\'''", 1, 3, "no end", "three" },
        { "\xE2\x80\x9C"
          "abc\xE2\x80\x9D == a",
          1, 3, "not a quote", "\"" },
        { "'a\xff'", 3, 1, "not UTF-8: byte 0xff", "\\xff" },
        { "'\xED\xA0\x80'", 2, 1, "not UTF-8", "\\xff" },
    };
    CHECK_MISTAKES(mistakes);
}
END_TEST

START_TEST(tells_what_is_wrong_with_a_macro)
{
    static const struct mistake mistakes[] = {
        { "has(a)", 5, 1, "has() asks for a field", "has(a.b)" },
        { "has(a['b'])", 5, 6, "has() asks for a field", "in map" },
        { "has(has(a.b))", 9, 3, "has() asks for a field", "has(a.b)" },
        { "l.all(a.b, true)", 7, 3, "a variable of all()", "like x" },
        { "l.map(.x, true)", 7, 2, "a variable of map()", "like x" },
        { "l.filter(1 + 2, true)", 10, 5, "a variable of filter()", "like x" },
        { "l.exists(x, 'y', true)", 13, 3, "a variable of exists()", "like x" },
        { "l.all(x, x, true)", 10, 1, "the same name", "another" },
        { "cel.bind('x', 1, 2)", 10, 3, "a variable of cel.bind()", "like x" },
    };
    CHECK_MISTAKES(mistakes);
}
END_TEST

START_TEST(knows_the_characters_of_japanese_typing)
{
    static const struct mistake mistakes[] = {
        { "a \xEF\xBC\x9D 1", 3, 3, "not written in ASCII", "'=='" },
        { "a \xEF\xBC\x9D\xEF\xBC\x9D 1", 3, 6, "not written in ASCII", "write '=='" },
        { "a \xEF\xBC\x9E= 1", 3, 4, "not written in ASCII", "write '>='" },
        { "a\xE3\x80\x80== 1", 2, 3, "U+3000 is not a blank", "plain blank" },
        { "f(a\xE3\x80\x81"
          "b)",
          4, 3, "not written in ASCII", "','" },
        { "\xEF\xBC\x88"
          "a)",
          1, 3, "not written in ASCII", "'('" },
        { "a > \xEF\xBC\x91\xEF\xBC\x92", 5, 6, "not written in ASCII", "write '12'" },
        { "\xEF\xBD\x81\xEF\xBD\x82 == 1", 1, 6, "not written in ASCII", "write 'ab'" },
        { "a == \xE3\x80\x8Cx\xE3\x80\x8D", 6, 3, "not a quote", "\"" },
        { "a > 5\xE5\x86\x86", 6, 3, "is no name", "quotes" },
        { "\xE5\x90\x88\xE8\xA8\x88 > 5", 1, 6, "is no name", "quotes" },
        { "a \xE2\x89\xA4 b", 3, 3, "not written in ASCII", "write '<='" },
        { "a \xE2\x88\x92 b", 3, 3, "not written in ASCII", "write '-'" },
        { "\xEF\xBB\xBF"
          "a",
          1, 3, "U+FEFF is not a blank", "plain blank" },
    };
    CHECK_MISTAKES(mistakes);
}
END_TEST

START_TEST(goes_on_behind_a_slip_and_finds_the_next)
{
    ck_assert_ptr_null(
        parse(STR("a = 1 and b | '\\q' == \"\\z\" && while && has(c) && 0b1 > 1"), NULL));
    ck_assert_msg(faults.count == 8, "%s", tree_of(NULL));

    ck_assert_ptr_null(parse(repeated("a", " & a", 100, ""), NULL));
    ck_assert_uint_eq(faults.count, 100);
}
END_TEST

/* What base64 stands for; NULL in, absent out. */
static struct str from_base64(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *bytes = text ? malloc(strlen(text) + 1) : NULL;
    size_t len = 0, bits = 0;
    for (uint32_t word = 0; bytes && *text && *text != '='; text++) {
        word = word << 6 | (uint32_t) (strchr(digits, *text) - digits);
        bits += 6;
        if (bits >= 8)
            bytes[len++] = (char) (word >> (bits -= 8));
    }
    return (struct str){ bytes, len };
}

/* The file of conformance cases beside the test data, parsed; NULL with a word about it when there is none. */
static cJSON *conformance_cases(void)
{
    const char *data = getenv("OFFERD_TEST_DATA"), *root = getenv("SOURCE_ROOT");
    char path[4096];
    if (data)
        (void) snprintf(path, sizeof path, "%s/../cel/conformance.json", data);
    else
        (void) snprintf(path, sizeof path, "%s/../shared/cel/conformance.json", root ? root : ".");
    FILE *file = fopen(path, "r");
    if (!file) {
        printf("# skipped: there is no %s\n", path);
        return NULL;
    }
    struct out out;
    char piece[4096];
    out_init(&out, NULL, 1 << 20);
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;)
        out_bytes(&out, piece, n);
    fclose(file);
    cJSON *root_item = cJSON_ParseWithLength(out.at, out.len);
    out_deinit(&out);
    ck_assert_ptr_nonnull(root_item);
    return root_item;
}

static const char *text_of(const cJSON *item, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, name));
}

/* A text and its base64, the latter when there is one: (caller frees). */
static struct str member(const cJSON *item, const char *name, const char *base64)
{
    const char *encoded = text_of(item, base64);
    if (encoded)
        return from_base64(encoded);
    struct str text = str_of(text_of(item, name));
    return (struct str){ text.at ? str_dup(text) : NULL, text.len };
}

/* A case that is one literal of string or bytes: it has the value that is expected. */
static bool check_literal(const struct cel_ast *ast, const cJSON *value, const char *id)
{
    bool is_string = str_is(str_of(text_of(value, "type")), "string");
    if (ast->root->kind != CEL_NODE_CONST ||
        (!is_string && !str_is(str_of(text_of(value, "type")), "bytes")))
        return false;
    struct str wanted = member(value, "value", "base64");
    ck_assert_msg(ast->root->constant.kind == (is_string ? CEL_STRING : CEL_BYTES), "%s", id);
    ck_assert_msg(str_eq(ast->root->constant.string, wanted), "%s", id);
    free((char *) wanted.at);
    return true;
}

START_TEST(parses_what_the_conformance_cases_evaluate)
{
    cJSON *all = conformance_cases(), *item;
    uint32_t n = 0, literals = 0;
    if (!all)
        return;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(all, "tests"))
    {
        const cJSON *expect = cJSON_GetObjectItemCaseSensitive(item, "expect");
        struct str text = member(item, "expr", "expr_base64");
        struct cel_ast *ast = parse(text, NULL);
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(expect, "value");
        if (value) {
            ck_assert_msg(ast, "%s: %s", text_of(item, "id"), ast ? "" : tree_of(NULL));
            literals += check_literal(ast, value, text_of(item, "id"));
            n++;
        }
        free((char *) text.at);
    }
    printf("# %u cases, %u of them one literal\n", n, literals);
    cJSON_Delete(all);
}
END_TEST

SUITE_MAIN("expr/cel_parser", reads_operators_by_their_precedence,
           groups_operators_to_the_left_and_conditions_to_the_right, reads_numbers,
           folds_a_minus_into_the_number_behind_it, reads_strings_in_any_quotes, reads_every_escape,
           keeps_line_ends_and_nul_bytes_as_they_are_written, reads_names_fields_and_calls,
           lets_reserved_words_name_fields_and_methods_but_not_variables,
           reads_lists_maps_and_structs, ignores_blanks_and_comments, recognises_macros,
           leaves_calls_that_only_look_like_macros_as_they_are,
           numbers_nodes_without_gaps_and_children_first,
           points_at_the_operator_the_name_or_the_bracket, owes_nothing_to_the_text_it_was_given,
           balances_long_chains_of_and_and_or, allows_nesting_up_to_the_limit_and_names_it_behind,
           no_limit_lets_a_text_exhaust_the_stack, bounds_the_text_and_the_macros_in_macros,
           says_so_when_memory_is_short, tells_what_to_write_instead_of_foreign_operators,
           tells_what_is_missing_and_where, tells_what_is_wrong_with_a_literal,
           tells_what_is_wrong_with_a_macro, knows_the_characters_of_japanese_typing,
           goes_on_behind_a_slip_and_finds_the_next, parses_what_the_conformance_cases_evaluate)
