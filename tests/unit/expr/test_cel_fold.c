/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_shop.h"
#include "suite.h"

#include <stdio.h>

/*
 * An expression means the same whether its values are written in it, and folded when it is compiled, or come as
 * variables: twenty thousand random ones, of all operators and macros, with errors among their parts. And none costs
 * more than was estimated for it.
 */
enum { CASES = 20000, DEPTH = 5 };

enum kind { INT, BOOL, TEXT, LIST, KINDS };

struct pool { /* literals, each with the variable that holds the same */
    const char *literal;
    enum kind kind;
};

static const struct pool pool[] = {
    { "0", INT },
    { "1", INT },
    { "7", INT },
    { "-3", INT },
    { "100", INT },
    { "9223372036854775807", INT },
    { "true", BOOL },
    { "false", BOOL },
    { "''", TEXT },
    { "'a'", TEXT },
    { "'b'", TEXT },
    { "'äöü'", TEXT },
    { "'a longer text of many characters'", TEXT },
    { "[7, 7]", LIST },
    { "[1]", LIST },
    { "[3, 1, 7]", LIST },
    { "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]", LIST },
};

enum { POOL = sizeof pool / sizeof *pool };

struct writer {
    struct out written, named; /* the same expression with literals, and with variables */
    uint64_t random;
    int locals;
};

static uint32_t dice(struct writer *w, uint32_t sides)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (w->random >> 33) % sides;
}

static void put(struct writer *w, const char *text)
{
    out_text(&w->written, str_of(text));
    out_text(&w->named, str_of(text));
}

static void put_local(struct writer *w, int local)
{
    out_printf(&w->written, "x%d", local);
    out_printf(&w->named, "x%d", local);
}

static void write_leaf(struct writer *w, enum kind kind)
{
    if (kind == INT && w->locals && dice(w, 2)) {
        put_local(w, (int) dice(w, (uint32_t) w->locals));
        return;
    }
    uint32_t i;
    do {
        i = dice(w, POOL);
    } while (pool[i].kind != kind);
    out_text(&w->written, str_of(pool[i].literal));
    out_printf(&w->named, "v%u", i);
}

static void write_any(struct writer *w, enum kind kind, int depth);

/* A form: $I $B $T $L stand for parts, $X for a new local that is an int, $Y for its end; $N and $O for the same in two steps, its name and its beginning. All else is text. */
static void write_form(struct writer *w, const char *form, int depth)
{
    for (; *form; form++) {
        const char text[2] = { *form, '\0' };
        if (*form != '$') {
            put(w, text);
            continue;
        }
        switch (*++form) {
        case 'I': write_any(w, INT, depth - 1); break;
        case 'B': write_any(w, BOOL, depth - 1); break;
        case 'T': write_any(w, TEXT, depth - 1); break;
        case 'L': write_any(w, LIST, depth - 1); break;
        case 'X': put_local(w, w->locals++); break;
        case 'N': put_local(w, w->locals); break;
        case 'O': w->locals++; break;
        default: w->locals--; break;
        }
    }
}

static const char *const forms[KINDS][20] = {
    [INT] = { "($I + $I)", "($I - $I)", "($I * $I)", "($I / $I)", "($I % $I)", "($B ? $I : $I)",
              "$T.size()", "size($L)", "$L[$I]", "int(string($I))", "{$I: $I, 50: 2}[$I]",
              "cel.bind($N, $I, $O$I$Y)", "$T.indexOf($T)", "{'k': $I}.k", "math.greatest($I, $I)",
              "-($I)" },
    [BOOL] = { "($B && $B)",
               "($B || $B)",
               "($B && $B && $B)",
               "($B || $B || $B)",
               "!$B",
               "($I == $I)",
               "($I < $I)",
               "($I >= $I)",
               "($T != $T)",
               "($T < $T)",
               "($I in $L)",
               "$L.exists($X, $B$Y)",
               "$L.all($X, $B$Y)",
               "$L.exists_one($X, $B$Y)",
               "($B ? $B : $B)",
               "$T.contains($T)",
               "($L == $L)",
               "$T.matches('^a|ö')",
               "has({'a': $I}.a)",
               "($T in ['a', 'c', $T])" },
    [TEXT] = { "($T + $T)", "($B ? $T : $T)", "string($I)", "$T.substring(1)",
               "$T.replace('a', $T)", "$T.upperAscii()", "'%d %s'.format([$I, $T])", "[$T, $T][$I]",
               "$T.charAt(0)" },
    [LIST] = { "[$I, $I]", "($L + $L)", "$L.map($X, $I$Y)", "$L.filter($X, $B$Y)",
               "$L.map($X, $B, $I$Y)", "($B ? $L : $L)", "[$I, $I, $I, $I, $I, $I, $I, $I, $I]",
               "cel.bind($N, $I, $O$L$Y)", "$L.transformList($X, $X, $I$Y$Y)" },
};

static void write_any(struct writer *w, enum kind kind, int depth)
{
    if (depth <= 0 || dice(w, 6) == 0) {
        write_leaf(w, kind);
        return;
    }
    uint32_t n = 0;
    while (n < 20 && forms[kind][n])
        n++;
    write_form(w, forms[kind][dice(w, n)], depth);
}

static struct cel_env *env_of(struct arena *arena, struct cel_value *values)
{
    static const char *const types[KINDS] = { "int", "bool", "string", "list(int)" };
    struct cel_env *env = cel_env_new(arena);
    for (uint32_t i = 0; i < POOL; i++) {
        struct cel_faults faults;
        struct str text = str_of(pool[i].literal);
        cel_faults_init(&faults, arena, text);
        const struct cel_program *program = cel_compile(env, text, NULL, arena, &faults);
        ck_assert_ptr_nonnull(program);
        struct cel_run run = { .arena = arena };
        values[i] = cel_eval(program, NULL, &run);
    }
    for (uint32_t i = 0, slot; i < POOL; i++) {
        char name[8];
        snprintf(name, sizeof name, "v%u", i);
        const struct cel_type *type = cel_env_type(env, str_of(types[pool[i].kind]), NULL);
        ck_assert_int_eq(cel_env_variable(env, str_of(name), type, &slot, NULL), OK);
        ck_assert_uint_eq(slot, i);
    }
    return env;
}

/* What @text yields, as text; *ret_cost and, with literals only, *ret_estimate. */
static struct str result_of(const struct cel_env *env, struct str text,
                            const struct cel_value *values, struct arena *arena, uint64_t *ret_cost,
                            uint64_t *ret_estimate)
{
    struct cel_faults faults;
    struct out out;
    cel_faults_init(&faults, arena, text);
    out_init(&out, arena, 128);
    const struct cel_program *program = cel_compile(env, text, NULL, arena, &faults);
    ck_assert_msg(program, "%.*s: %.*s", STR_ARG(text), STR_ARG(faults.list[0].what[CEL_ENGLISH]));
    struct cel_run run = { .arena = arena };
    struct cel_value value = cel_eval(program, values, &run);
    cel_value_print(&value, &out);
    *ret_cost = run.cost;
    *ret_estimate = cel_program_cost(program);
    return out_str(&out);
}

START_TEST(constants_mean_what_variables_of_their_value_mean)
{
    struct cel_value values[POOL];
    struct arena *kept = arena_new(1 << 17, 1 << 24), *arena = arena_new(1 << 20, 1 << 26);
    struct cel_env *env = env_of(kept, values);
    struct writer w = { .random = 20261122 };
    unsigned errors = 0;
    for (int n = 0; n < CASES; n++) {
        out_init(&w.written, arena, 1 << 12);
        out_init(&w.named, arena, 1 << 12);
        w.locals = 0;
        write_any(&w, (enum kind) dice(&w, KINDS), 2 + (int) dice(&w, DEPTH - 1));
        ck_assert(!w.written.failed && !w.named.failed);
        uint64_t folded_cost, cost, estimate, unbounded;
        struct str folded =
            result_of(env, out_str(&w.written), values, arena, &folded_cost, &estimate);
        struct str plain = result_of(env, out_str(&w.named), values, arena, &cost, &unbounded);
        ck_assert_msg(str_eq(folded, plain), "%.*s\nyields %.*s\n%.*s\nyields %.*s",
                      STR_ARG(out_str(&w.written)), STR_ARG(folded), STR_ARG(out_str(&w.named)),
                      STR_ARG(plain));
        ck_assert_msg(cost <= estimate && folded_cost <= cost,
                      "%.*s: %lu, folded %lu, estimated %lu", STR_ARG(out_str(&w.written)),
                      (unsigned long) cost, (unsigned long) folded_cost, (unsigned long) estimate);
        errors += str_starts_with(plain, STR("error"));
        arena_reset(arena);
    }
    ck_assert_uint_gt(errors, CASES / 20);
    ck_assert_uint_lt(errors, CASES / 2);
    arena_free(kept);
    arena_free(arena);
}
END_TEST

SUITE_MAIN("expr/cel_fold", constants_mean_what_variables_of_their_value_mean)
