/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/check/cel_check_parts.h"

/*
 * Operators are overloads too, of fixed types, so they are a table: a letter for each operand, then
 * one for the result. b bool, i int, u uint, d double, s string, y bytes, t timestamp, r duration;
 * A and B open types, L list(A), M map(A, B).
 */
static const struct {
    enum cel_op op;
    const char *overloads; /* a space between two */
} operators[] = {
    { CEL_OP_IF, "bAAA" },
    { CEL_OP_EQ, "AAb" },
    { CEL_OP_NE, "AAb" },
    { CEL_OP_LT, "iib uub ddb ssb bbb yyb ttb rrb iub uib idb dib udb dub" },
    { CEL_OP_LE, "iib uub ddb ssb bbb yyb ttb rrb iub uib idb dib udb dub" },
    { CEL_OP_GT, "iib uub ddb ssb bbb yyb ttb rrb iub uib idb dib udb dub" },
    { CEL_OP_GE, "iib uub ddb ssb bbb yyb ttb rrb iub uib idb dib udb dub" },
    { CEL_OP_IN, "ALb AMb" },
    { CEL_OP_ADD, "yyy ddd rrr rtt trt iii LLL sss uuu" },
    { CEL_OP_SUB, "ddd rrr iii trt ttr uuu" },
    { CEL_OP_MUL, "ddd iii uuu" },
    { CEL_OP_DIV, "ddd iii uuu" },
    { CEL_OP_MOD, "iii uuu" },
    { CEL_OP_NOT, "bb" },
    { CEL_OP_NEG, "dd ii" },
    { CEL_OP_INDEX, "LiA MAB" },
};

enum { MAX_OPERANDS = 3 };

static const struct cel_type *letter_type(struct checker *c, struct cel_unify_names *open, char l)
{
    switch (l) {
    case 'b': return cel_type_simple(CEL_TYPE_BOOL);
    case 'i': return cel_type_simple(CEL_TYPE_INT);
    case 'u': return cel_type_simple(CEL_TYPE_UINT);
    case 'd': return cel_type_simple(CEL_TYPE_DOUBLE);
    case 's': return cel_type_simple(CEL_TYPE_STRING);
    case 'y': return cel_type_simple(CEL_TYPE_BYTES);
    case 't': return cel_type_simple(CEL_TYPE_TIMESTAMP);
    case 'r': return cel_type_simple(CEL_TYPE_DURATION);
    case 'L': return unify_list(&c->unify, letter_type(c, open, 'A'));
    case 'M': return unify_map(&c->unify, letter_type(c, open, 'A'), letter_type(c, open, 'B'));
    default: break;
    }
    const struct cel_type **type = &open->types[l - 'A'];
    if (!*type)
        *type = unify_fresh(&c->unify);
    return *type;
}

/* The result's type when this overload fits, else NULL. */
static const struct cel_type *try_letters(struct checker *c, const char *letters,
                                          const struct cel_type *const *args, uint32_t n)
{
    struct cel_unify_names open = { .count = 0 };
    const struct cel_type *params[MAX_OPERANDS];
    for (uint32_t i = 0; i < n; i++)
        params[i] = letter_type(c, &open, letters[i]);
    if (!unify_assignable_all(&c->unify, args, params, n))
        return NULL;
    return unify_resolve(&c->unify, letter_type(c, &open, letters[n]), false);
}

static const char *overloads_of(enum cel_op op)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (operators[i].op == op)
            return operators[i].overloads;
    return "";
}

static const struct cel_type *resolve(struct checker *c, const struct cel_node *node,
                                      const struct cel_type *const *args)
{
    const struct cel_type *type = NULL;
    for (const char *at = overloads_of(node->op); *at;
         at += node->n_args + 1 + (at[node->n_args + 1] == ' ')) {
        const struct cel_type *result = try_letters(c, at, args, node->n_args);
        if (result)
            type = !type || cel_type_same(type, result) ? result : check_dyn();
    }
    return type;
}

static bool is_number(const struct cel_type *type)
{
    type = unify_look(type);
    return type->kind == CEL_TYPE_INT || type->kind == CEL_TYPE_UINT ||
           type->kind == CEL_TYPE_DOUBLE;
}

static struct cel_said hint_for(const struct cel_node *node, const struct cel_type *const *args)
{
    bool two = node->n_args == 2;
    bool has_null = two && (unify_look(args[0])->kind == CEL_TYPE_NULL ||
                            unify_look(args[1])->kind == CEL_TYPE_NULL);
    bool has_string = two && (unify_look(args[0])->kind == CEL_TYPE_STRING ||
                              unify_look(args[1])->kind == CEL_TYPE_STRING);
    if (node->op == CEL_OP_IF)
        return CEL_SAY(HINT_ONE_TYPE);
    if (two && is_number(args[0]) && is_number(args[1]) && node->op != CEL_OP_MOD)
        return CEL_SAY(HINT_CONVERT);
    if ((node->op == CEL_OP_EQ || node->op == CEL_OP_NE) && has_null)
        return CEL_SAY(HINT_NEVER_NULL);
    if (node->op == CEL_OP_ADD && has_string)
        return CEL_SAY(HINT_STRING_OF);
    return CEL_SAY(NOTHING);
}

/* "int + string", "list(int)[string]": the operation as it was written, in types. */
static struct str operation_text(struct checker *c, const struct cel_node *node,
                                 const struct cel_type *const *args)
{
    struct out out;
    out_init(&out, c->arena, 64);
    struct str first = check_type_text(c, args[node->op == CEL_OP_IF ? 1 : 0]);
    struct str last = check_type_text(c, args[node->n_args - 1]);
    if (node->op == CEL_OP_IF)
        out_printf(&out, "bool ? %.*s : %.*s", STR_ARG(first), STR_ARG(last));
    else if (node->op == CEL_OP_INDEX)
        out_printf(&out, "%.*s[%.*s]", STR_ARG(first), STR_ARG(last));
    else if (node->n_args == 1)
        out_printf(&out, "%s %.*s", cel_op_text(node->op), STR_ARG(last));
    else
        out_printf(&out, "%.*s %s %.*s", STR_ARG(first), cel_op_text(node->op), STR_ARG(last));
    return out.failed ? STR("?") : out_str(&out);
}

static void no_overload(struct checker *c, const struct cel_node *node,
                        const struct cel_type *const *args)
{
    if (c->lenient || c->unify.exhausted)
        return;
    struct str text = check_may_hint(c) ? operation_text(c, node, args) : STR("");
    check_fault(c, node, CEL_SAY(NO_OVERLOAD, text), hint_for(node, args));
}

const struct cel_type *check_operator(struct checker *c, const struct cel_node *node)
{
    const struct cel_type *args[MAX_OPERANDS] = { NULL };
    const struct cel_type *boolean = cel_type_simple(CEL_TYPE_BOOL);
    if (node->n_args > MAX_OPERANDS)
        return check_dyn();
    for (uint32_t i = 0; i < node->n_args; i++)
        args[i] = check_node(c, node->args[i]);
    if (node->op == CEL_OP_AND || node->op == CEL_OP_OR) {
        for (uint32_t i = 0; i < node->n_args; i++)
            check_wants_bool(c, node->args[i], CEL_SAY(WANTS_BOOL, str_of(cel_op_text(node->op))));
        return boolean;
    }
    if (node->op == CEL_OP_IF && !unify_assignable(&c->unify, args[0], boolean)) {
        check_wants_bool(c, node->args[0], CEL_SAY(WANTS_BOOL, STR("?")));
        args[0] = boolean;
    }
    const struct cel_type *type = resolve(c, node, args);
    if (type)
        return type;
    no_overload(c, node, args);
    bool is_test = (node->op >= CEL_OP_EQ && node->op <= CEL_OP_IN) || node->op == CEL_OP_NOT;
    return is_test ? boolean : check_dyn();
}
