/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random small expressions against a reference that is slow and obvious: truth as 0, ½ and 1, AND as
 * the least, OR as the most, numbers as long double (which holds every int64 and every double).
 */
#include <stdio.h>

#include "rules/term.h"
#include "suite.h"
#include "table_scope.h"

enum { ROUNDS = 200000, SEED = 20261121 };
_Static_assert(__LDBL_MANT_DIG__ >= 64, "long double holds every int64");

static uint64_t state = SEED;

static uint32_t dice(uint32_t sides)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (state >> 33) % sides;
}

static struct value random_value(void)
{
    static const char *const texts[] = { "", "a", "ab", "b", "aba" };
    static const int64_t integers[] = { 0, 1, 2, -1, INT64_MAX, INT64_MIN, (INT64_C(1) << 53) + 1 };
    static const double reals[] = { 0, 1, 1.5, -1, 0x1p53, 0x1p63, -0x1p63, 0.5 };

    switch (dice(7)) {
    case 0: return value_unknown();
    case 1: return value_bool(dice(2));
    case 2: return value_int(integers[dice(7)]);
    case 3: return value_double(reals[dice(8)]);
    case 4: return value_string(str_of(texts[dice(5)]));
    case 5: return value_timestamp((int64_t) dice(3));
    default: return value_duration((int64_t) dice(3));
    }
}

/* Slot 0 is the list (or unknown), slot 1 the words (or unknown), the others anything. */
static struct table_scope random_scope(void)
{
    static const char *const words[] = { "a", "ab", NULL };
    struct table_scope scope = table_scope_of(NULL, 0);

    scope.words = words;
    scope.slots[0] = dice(8) ? value_list(0) : value_unknown();
    scope.slots[1] = dice(8) ? value_list(1) : value_unknown();
    for (int i = 2; i < TABLE_SLOTS; i++)
        scope.slots[i] = random_value();
    scope.n_rows = dice(TABLE_ROWS + 1);
    for (int i = 0; i < TABLE_ROWS; i++) {
        scope.weights[i] = (int64_t) dice(4) + 1;
        for (int j = 0; j < TABLE_FIELDS; j++)
            scope.rows[i][j] = random_value();
    }
    return scope;
}

/* ── random expressions ── */

static const struct term *random_operand(struct arena *arena, bool in_list)
{
    switch (dice(in_list ? 4 : 3)) {
    case 0: return term_const(arena, random_value());
    case 1:
    case 2: return term_slot(arena, 2 + dice(TABLE_SLOTS - 2));
    default: return term_slot(arena, TABLE_ELEMENT + dice(TABLE_FIELDS));
    }
}

static const struct term *random_number(struct arena *arena, int depth, bool in_list);

static const struct term *random_truth(struct arena *arena, int depth, bool in_list)
{
    const struct term *parts[4];
    uint32_t n = 1 + dice(3);

    switch (depth == 0 ? 5 + dice(5) : dice(11)) {
    case 0:
    case 1:
        for (uint32_t i = 0; i < n; i++)
            parts[i] = random_truth(arena, depth - 1, in_list);
        return term_node(arena, TERM_AND, parts, dice(n + 1));
    case 2:
        for (uint32_t i = 0; i < n; i++)
            parts[i] = random_truth(arena, depth - 1, in_list);
        return term_node(arena, TERM_OR, parts, dice(n + 1));
    case 3: return term_1(arena, TERM_NOT, random_truth(arena, depth - 1, in_list));
    case 4:
    case 5:
        return term_2(arena, TERM_EQ + dice(6), random_number(arena, depth, in_list),
                      random_operand(arena, in_list));
    case 6:
        for (uint32_t i = 0; i < 4; i++)
            parts[i] = i ? term_const(arena, random_value()) : random_operand(arena, in_list);
        return term_node(arena, TERM_IN, parts, 1 + dice(4));
    case 7:
        return term_2(arena, dice(2) ? TERM_CONTAINS : TERM_STARTS_WITH,
                      random_operand(arena, in_list), random_operand(arena, in_list));
    case 8:
        return term_2(arena, TERM_HAS_WORD, term_slot(arena, 1), random_operand(arena, in_list));
    case 9: return random_operand(arena, in_list);
    default:
        if (in_list)
            return term_1(arena, TERM_HAS, term_slot(arena, TABLE_ELEMENT));
        return term_2(arena, TERM_EXISTS, term_slot(arena, 0),
                      random_truth(arena, depth - 1, true));
    }
}

static const struct term *random_number(struct arena *arena, int depth, bool in_list)
{
    if (depth > 0 && dice(4) == 0)
        return term_2(arena, TERM_SUB, random_operand(arena, in_list),
                      random_operand(arena, in_list));
    if (depth > 0 && !in_list && dice(4) == 0)
        return term_2(arena, TERM_COUNT, term_slot(arena, 0), random_truth(arena, depth - 1, true));
    return random_operand(arena, in_list);
}

/* ── the reference ── */

static struct value refer(const struct term *term, const struct table_scope *scope, int row);

/* 0, 1, 2 for no, unknown, yes. */
static int level(struct value value)
{
    return value.kind != VALUE_BOOL ? 1 : value.boolean ? 2 : 0;
}

static struct value of_level(int level)
{
    return level == 1 ? value_unknown() : value_bool(level == 2);
}

static bool is_number(struct value value)
{
    return value.kind == VALUE_INT || value.kind == VALUE_DOUBLE;
}

static long double number(struct value value)
{
    switch (value.kind) {
    case VALUE_DOUBLE: return (long double) value.real;
    case VALUE_BOOL: return value.boolean;
    default: return (long double) value.integer;
    }
}

static struct value refer_compare(enum term_op op, struct value a, struct value b)
{
    long double difference;

    if (a.kind == VALUE_UNKNOWN || b.kind == VALUE_UNKNOWN ||
        (a.kind == VALUE_LIST && b.kind == VALUE_LIST))
        return value_unknown();
    if (a.kind != b.kind && !(is_number(a) && is_number(b)))
        return op == TERM_EQ || op == TERM_NE ? value_bool(op == TERM_NE) : value_unknown();
    difference = a.kind == VALUE_STRING ? str_cmp(a.string, b.string)
                                        : (number(a) > number(b)) - (number(a) < number(b));
    switch (op) {
    case TERM_EQ: return value_bool(difference == 0);
    case TERM_NE: return value_bool(difference != 0);
    case TERM_LT: return value_bool(difference < 0);
    case TERM_LE: return value_bool(difference <= 0);
    case TERM_GT: return value_bool(difference > 0);
    default: return value_bool(difference >= 0);
    }
}

static struct value refer_sub(struct value a, struct value b)
{
    if (is_number(a) && is_number(b) && (a.kind == VALUE_DOUBLE || b.kind == VALUE_DOUBLE))
        return value_double((double) number(a) - (double) number(b));
    long double exact = number(a) - number(b);
    bool fits = exact >= (long double) INT64_MIN && exact <= (long double) INT64_MAX;
    bool time = a.kind == VALUE_TIMESTAMP || a.kind == VALUE_DURATION;
    if (!fits || !((a.kind == b.kind && (time || a.kind == VALUE_INT)) ||
                   (a.kind == VALUE_TIMESTAMP && b.kind == VALUE_DURATION)))
        return value_unknown();
    struct value result = value_int(a.integer - b.integer);
    result.kind = a.kind == VALUE_TIMESTAMP && b.kind == VALUE_TIMESTAMP ? VALUE_DURATION : a.kind;
    return result;
}

static struct value refer_walk(const struct term *term, const struct table_scope *scope)
{
    int most = 0;
    bool unknown = false;
    int64_t sum = 0;

    if (scope->slots[term->children[0]->slot].kind != VALUE_LIST)
        return value_unknown();
    for (uint32_t i = 0; i < scope->n_rows; i++) {
        int one = level(refer(term->children[1], scope, (int) i));
        most = one > most ? one : most;
        unknown |= one == 1;
        sum += one == 2 ? scope->weights[i] : 0;
    }
    if (term->op == TERM_EXISTS)
        return of_level(most);
    return unknown ? value_unknown() : value_int(sum);
}

static struct value refer_text(const struct term *term, struct value a, struct value b)
{
    char hay[8], needle[8];

    if (b.kind != VALUE_STRING || a.kind == VALUE_UNKNOWN)
        return value_unknown();
    snprintf(needle, sizeof needle, "%.*s", STR_ARG(b.string));
    if (term->op == TERM_HAS_WORD)
        return value_bool(!strcmp(needle, "a") || !strcmp(needle, "ab"));
    if (a.kind != VALUE_STRING)
        return value_unknown();
    snprintf(hay, sizeof hay, "%.*s", STR_ARG(a.string));
    const char *found = strstr(hay, needle);
    return value_bool(term->op == TERM_CONTAINS ? found != NULL : found == hay);
}

static struct value refer_each(const struct term *term, const struct table_scope *scope, int row)
{
    int least = 2, most = 0;
    for (uint32_t i = 0; i < term->n_children; i++) {
        int one = level(refer(term->children[i], scope, row));
        least = one < least ? one : least;
        most = one > most ? one : most;
    }
    return of_level(term->op == TERM_AND ? least : most);
}

static struct value refer_in(const struct term *term, struct value needle)
{
    int most = needle.kind == VALUE_UNKNOWN;
    for (uint32_t i = 1; i < term->n_children && needle.kind != VALUE_UNKNOWN; i++) {
        int one = level(refer_compare(TERM_EQ, needle, term->children[i]->constant));
        most = one > most ? one : most;
    }
    return of_level(most);
}

static struct value refer(const struct term *term, const struct table_scope *scope, int row)
{
    struct value a = value_unknown(), b = value_unknown();

    if (term->op == TERM_CONST)
        return term->constant;
    if (term->op == TERM_SLOT)
        return term->slot >= TABLE_ELEMENT ? scope->rows[row][term->slot - TABLE_ELEMENT]
                                           : scope->slots[term->slot];
    if (term->op == TERM_AND || term->op == TERM_OR)
        return refer_each(term, scope, row);
    if (term->op == TERM_EXISTS || term->op == TERM_COUNT)
        return refer_walk(term, scope);
    a = refer(term->children[0], scope, row);
    if (term->op == TERM_IN)
        return refer_in(term, a);
    if (term->n_children > 1)
        b = refer(term->children[1], scope, row);
    switch (term->op) {
    case TERM_NOT: return of_level(2 - level(a));
    case TERM_HAS: return value_bool(a.kind != VALUE_UNKNOWN);
    case TERM_SUB:
        return a.kind == VALUE_UNKNOWN || b.kind == VALUE_UNKNOWN || a.kind == VALUE_STRING ||
                       b.kind == VALUE_STRING
                   ? value_unknown()
                   : refer_sub(a, b);
    case TERM_STARTS_WITH:
    case TERM_CONTAINS:
    case TERM_HAS_WORD: return refer_text(term, a, b);
    default: return b.kind == VALUE_UNKNOWN ? value_unknown() : refer_compare(term->op, a, b);
    }
}

START_TEST(evaluation_equals_the_reference_for_random_expressions_and_values)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16, 1 << 22);
    size_t seen[3] = { 0 };

    for (int round = 0; round < ROUNDS; round++) {
        arena_reset(arena);
        const struct term *term = random_truth(arena, 1 + (int) dice(4), false);
        struct table_scope scope = random_scope();
        ck_assert_ptr_nonnull(term);

        enum truth got = term_test(term, &scope.scope);
        int wanted = level(refer(term, &scope, 0));
        ck_assert_msg(got == (wanted == 1 ? TRUTH_UNKNOWN : (enum truth)(wanted == 2)),
                      "round %d: got %d, wanted level %d", round, got, wanted);
        seen[got]++;
    }
    for (int i = 0; i < 3; i++) /* the test is worth something only when all answers occur */
        ck_assert_uint_gt(seen[i], ROUNDS / 20);
}
END_TEST

static bool asks_has(const struct term *term)
{
    bool found = term->op == TERM_HAS;
    for (uint32_t i = 0; i < term->n_children; i++)
        found |= asks_has(term->children[i]);
    return found;
}

START_TEST(a_definite_answer_stays_whatever_the_unknown_turns_out_to_be)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16, 1 << 22);
    size_t kept = 0;

    for (int round = 0; round < ROUNDS / 4; round++) {
        arena_reset(arena);
        const struct term *term = random_truth(arena, 1 + (int) dice(4), false);
        struct table_scope scope = random_scope();
        enum truth before = term_test(term, &scope.scope);
        if (before == TRUTH_UNKNOWN || asks_has(term))
            continue;
        for (int i = 0; i < TABLE_SLOTS; i++)
            if (scope.slots[i].kind == VALUE_UNKNOWN)
                scope.slots[i] = i < 2 ? value_list((uint32_t) i) : random_value();
        for (int i = 0; i < TABLE_ROWS; i++)
            for (int j = 0; j < TABLE_FIELDS; j++)
                if (scope.rows[i][j].kind == VALUE_UNKNOWN)
                    scope.rows[i][j] = random_value();
        ck_assert_int_eq(term_test(term, &scope.scope), before);
        kept++;
    }
    ck_assert_uint_gt(kept, ROUNDS / 40);
}
END_TEST

SUITE_MAIN("rules/term_property", evaluation_equals_the_reference_for_random_expressions_and_values,
           a_definite_answer_stays_whatever_the_unknown_turns_out_to_be)
