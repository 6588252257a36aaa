/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "expr/regex/cel_regex_program.h"
#include "expr/values/cel_rune.h"

/*
 * A program as a table: what cel_regex_run.c would do, worked out beforehand for every set of
 * instructions that can be alive and every kind of character (the subset construction). A character
 * costs one look into the table then. Made for patterns that are constants, when it stays small:
 * few states, few kinds of characters, little work; else there is none and the program runs as it
 * is.
 *
 * Kinds of characters: two are of one kind when no instruction tells them apart. A state is what is
 * alive before the next character, and, for the looks, what came before it. Whether a state matches
 * is known when the next character is seen, so the end of the text counts as one more kind.
 */
enum {
    MAX_CODE = 192,
    MAX_STATES = 250,
    MAX_KINDS = 120,
    MAX_TESTS = 60,
    MAX_BOUNDS = 2048,
    MAX_BYTES = 16384,
    MAX_WORK = 60000, /* instructions followed, states compared, and a few for each entry */
};

enum { DEAD, MATCHED, FIRST_STATE };                   /* in the table */
enum { AT_START = 1, AFTER_LINE = 2, AFTER_WORD = 4 }; /* what came before */

struct state {
    uint64_t alive[MAX_CODE / 64];
    unsigned before;
};

/* What an instruction asks of a character: bits of a kind's mask. */
struct test {
    enum regex_op op;
    uint32_t x;
};

struct builder {
    const struct cel_regex *regex;
    struct test tests[MAX_TESTS];
    uint32_t n_tests;
    uint8_t test_of[MAX_CODE];
    unsigned looks; /* bits of what came before that some look asks for */
    uint64_t line_bit, word_bit;
    uint64_t masks[MAX_KINDS];
    uint32_t n_kinds;
    struct state states[MAX_STATES];
    uint32_t n_states, work;
    uint32_t bounds[MAX_BOUNDS], n_bounds;
    bool too_much;
};

static const struct regex_range word_ranges[] = {
    { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' }
};
static const struct regex_set word_set = { .ranges = word_ranges,
                                           .count = 4,
                                           .ascii = { 0x03FF000000000000, 0x07FFFFFE87FFFFFE } };

static uint8_t add_test(struct builder *b, enum regex_op op, uint32_t x)
{
    uint32_t i = 0;
    while (i < b->n_tests && (b->tests[i].op != op || b->tests[i].x != x))
        i++;
    if (i == MAX_TESTS)
        b->too_much = true;
    else if (i == b->n_tests)
        b->tests[b->n_tests++] = (struct test){ op, x };
    return (uint8_t) i;
}

/* OP_LOOK as a test: the characters of words. */
static const struct regex_set *set_of(const struct builder *b, const struct test *test)
{
    return test->op == REGEX_OP_LOOK ? &word_set : &b->regex->sets[test->x];
}

static bool passes(const struct builder *b, const struct test *test, uint32_t rune)
{
    if (test->op == REGEX_OP_RUNE)
        return rune == test->x;
    return test->op == REGEX_OP_ANY_NOT_NEWLINE ? rune != '\n'
                                                : regex_set_has(set_of(b, test), rune);
}

static void find_tests(struct builder *b)
{
    for (uint32_t pc = 0; pc < b->regex->n_code && !b->too_much; pc++) {
        const struct regex_code *code = &b->regex->code[pc];
        switch (code->op) {
        case REGEX_OP_RUNE:
        case REGEX_OP_SET: b->test_of[pc] = add_test(b, code->op, code->x); break;
        case REGEX_OP_ANY_NOT_NEWLINE: b->test_of[pc] = add_test(b, code->op, 0); break;
        case REGEX_OP_LOOK:
            if (code->x == REGEX_LINE_START || code->x == REGEX_LINE_END)
                b->line_bit = 1ull << add_test(b, REGEX_OP_RUNE, '\n');
            if (code->x == REGEX_WORD_EDGE || code->x == REGEX_NO_WORD_EDGE)
                b->word_bit = 1ull << add_test(b, REGEX_OP_LOOK, 0);
            b->looks |= code->x == REGEX_TEXT_START   ? AT_START
                        : code->x == REGEX_LINE_START ? AT_START | AFTER_LINE
                        : code->x >= REGEX_WORD_EDGE  ? AFTER_WORD
                                                      : 0;
            break;
        default: break;
        }
    }
}

static void add_bounds(struct builder *b, uint32_t first, uint32_t last)
{
    if (b->n_bounds + 2 > MAX_BOUNDS) {
        b->too_much = true;
        return;
    }
    b->bounds[b->n_bounds++] = first;
    b->bounds[b->n_bounds++] = last + 1;
}

/* In order, none twice (Shell's sort: mostly they are in order already). */
static void tidy_bounds(struct builder *b)
{
    uint32_t *at = b->bounds, kept = 0;
    for (uint32_t gap = MAX_BOUNDS / 2; gap > 0; gap /= 2)
        for (uint32_t i = gap; i < b->n_bounds; i++) {
            uint32_t bound = at[i], j = i;
            for (; j >= gap && at[j - gap] > bound; j -= gap)
                at[j] = at[j - gap];
            at[j] = bound;
        }
    for (uint32_t i = 0; i < b->n_bounds; i++)
        if (kept == 0 || at[i] != at[kept - 1])
            at[kept++] = at[i];
    b->n_bounds = kept;
}

static void find_bounds(struct builder *b)
{
    add_bounds(b, 0, CEL_RUNE_MAX);
    for (uint32_t i = 0; i < b->n_tests && !b->too_much; i++) {
        const struct test *test = &b->tests[i];
        if (test->op == REGEX_OP_RUNE || test->op == REGEX_OP_ANY_NOT_NEWLINE) {
            uint32_t rune = test->op == REGEX_OP_RUNE ? test->x : '\n';
            add_bounds(b, rune, rune);
            continue;
        }
        const struct regex_set *set = set_of(b, test);
        for (uint32_t r = 0; r < set->count && !b->too_much; r++)
            add_bounds(b, set->ranges[r].first, set->ranges[r].last);
    }
    tidy_bounds(b);
}

static uint8_t kind_of(struct builder *b, uint32_t rune)
{
    uint64_t mask = 0;
    uint32_t kind = 0;
    for (uint32_t i = 0; i < b->n_tests; i++)
        mask |= (uint64_t) passes(b, &b->tests[i], rune) << i;
    while (kind < b->n_kinds && b->masks[kind] != mask)
        kind++;
    if (kind == MAX_KINDS) {
        b->too_much = true;
        return 0;
    }
    if (kind == b->n_kinds)
        b->masks[b->n_kinds++] = mask;
    return (uint8_t) kind;
}

/* Kinds of all characters: a stretch from each bound, neighbours of one kind as one. */
static bool find_kinds(struct builder *b, struct arena *arena, struct regex_table *table)
{
    uint8_t kinds[MAX_BOUNDS];
    uint32_t count = 0;
    for (uint32_t i = 0; i + 1 < b->n_bounds && !b->too_much; i++) {
        uint8_t kind = kind_of(b, b->bounds[i]);
        if (count && kinds[count - 1] == kind)
            continue;
        b->bounds[count] = b->bounds[i];
        kinds[count++] = kind;
    }
    uint32_t *firsts = b->too_much ? NULL : arena_take_array(arena, uint32_t, count);
    uint8_t *kept = b->too_much ? NULL : arena_take(arena, count);
    if (!firsts || !kept)
        return false;
    memcpy(firsts, b->bounds, count * sizeof *firsts);
    memcpy(kept, kinds, count);
    table->firsts = firsts;
    table->kinds = kept;
    table->n_stretches = count;
    for (uint32_t c = 0, stretch = 0; c < 128; c++) {
        stretch += stretch + 1 < count && firsts[stretch + 1] <= c;
        table->ascii[c] = kept[stretch];
    }
    return true;
}

static bool look_holds(const struct builder *b, enum regex_look look, unsigned before,
                       uint64_t mask, bool end)
{
    switch (look) {
    case REGEX_TEXT_START: return before & AT_START;
    case REGEX_TEXT_END: return end;
    case REGEX_LINE_START: return before & (AT_START | AFTER_LINE);
    case REGEX_LINE_END: return end || (mask & b->line_bit);
    default:
        return (((before & AFTER_WORD) != 0) != ((mask & b->word_bit) != 0)) ==
               (look == REGEX_WORD_EDGE);
    }
}

static bool has(const uint64_t *bits, uint32_t i)
{
    return bits[i >> 6] >> (i & 63) & 1;
}

static void add(uint64_t *bits, uint32_t i)
{
    bits[i >> 6] |= 1ull << (i & 63);
}

/* What is alive behind a character of @mask; true: a match was passed. */
static bool follow(struct builder *b, const struct state *from, uint64_t mask, bool end,
                   struct state *to)
{
    uint64_t seen[MAX_CODE / 64];
    uint32_t todo[2 * MAX_CODE], n_todo = 0;
    memcpy(seen, from->alive, sizeof seen);
    for (uint32_t i = 0; i < MAX_CODE / 64; i++)
        for (uint64_t bits = seen[i]; bits; bits &= bits - 1)
            todo[n_todo++] = 64 * i + (uint32_t) __builtin_ctzll(bits);
    b->work += 4;
    while (n_todo > 0) {
        uint32_t pc = todo[--n_todo], ways[2], n_ways = 0;
        const struct regex_code *code = &b->regex->code[pc];
        b->work++;
        if (code->op == REGEX_OP_MATCH)
            return true;
        if (code->op == REGEX_OP_SPLIT)
            ways[n_ways++] = code->y;
        if (code->op == REGEX_OP_SPLIT || code->op == REGEX_OP_JUMP)
            ways[n_ways++] = code->x;
        else if (code->op == REGEX_OP_LOOK) {
            if (look_holds(b, code->x, from->before, mask, end))
                ways[n_ways++] = pc + 1;
        } else if (!end && (code->op == REGEX_OP_ANY || mask >> b->test_of[pc] & 1))
            add(to->alive, pc + 1);
        while (n_ways > 0)
            if (!has(seen, ways[--n_ways])) {
                add(seen, ways[n_ways]);
                todo[n_todo++] = ways[n_ways];
            }
    }
    return false;
}

static uint8_t number_of(struct builder *b, const struct state *state)
{
    uint32_t i = 0;
    while (i < b->n_states && memcmp(&b->states[i], state, sizeof *state) != 0)
        i++;
    b->work += i / 4;
    if (i == MAX_STATES) {
        b->too_much = true;
        return DEAD;
    }
    if (i == b->n_states)
        b->states[b->n_states++] = *state;
    return (uint8_t) (i + FIRST_STATE);
}

/* Where a state leads by a kind; the kind behind the last is the end of the text. */
static uint8_t leads_to(struct builder *b, uint32_t from, uint32_t kind)
{
    static const struct state nothing;
    bool end = kind == b->n_kinds;
    uint64_t mask = end ? 0 : b->masks[kind];
    struct state state, to;
    memset(&to, 0, sizeof to);
    memcpy(&state, &b->states[from], sizeof state);
    if (follow(b, &state, mask, end, &to))
        return MATCHED;
    if (b->work > MAX_WORK)
        b->too_much = true;
    if (!b->regex->anchored)
        add(to.alive, 0);
    if (end || memcmp(to.alive, nothing.alive, sizeof to.alive) == 0)
        return DEAD;
    to.before =
        b->looks & ((mask & b->line_bit ? AFTER_LINE : 0) | (mask & b->word_bit ? AFTER_WORD : 0));
    return number_of(b, &to);
}

const struct regex_table *regex_table_new(struct arena *arena, const struct cel_regex *regex)
{
    struct builder b;
    struct state start;
    if (regex->n_code > MAX_CODE)
        return NULL;
    memset(&b, 0, sizeof b);
    memset(&start, 0, sizeof start);
    b.regex = regex;
    find_tests(&b);
    if (!b.too_much)
        find_bounds(&b);
    struct regex_table *table = b.too_much ? NULL : arena_take(arena, sizeof *table);
    if (!table || !find_kinds(&b, arena, table))
        return NULL;
    add(start.alive, 0);
    start.before = b.looks & AT_START;
    (void) number_of(&b, &start);
    uint32_t width = b.n_kinds + 1;
    uint8_t *next = NULL;
    for (uint32_t from = 0; from < b.n_states && !b.too_much; from++) {
        size_t bytes = (from + 1) * (size_t) width;
        next = bytes <= MAX_BYTES ? arena_grow(arena, next, bytes - width, bytes) : NULL;
        if (!next)
            return NULL;
        for (uint32_t kind = 0; kind < width; kind++)
            next[from * (size_t) width + kind] = leads_to(&b, from, kind);
    }
    table->next = next;
    table->width = width;
    return b.too_much ? NULL : table;
}

/* Characters of one script come together: @last is looked at first. */
static uint32_t stretch_of(const struct regex_table *table, uint32_t rune, uint32_t last)
{
    const uint32_t *firsts = table->firsts;
    uint32_t low = 0, high = table->n_stretches;
    if (firsts[last] <= rune && (last + 1 == high || rune < firsts[last + 1]))
        return last;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        *(firsts[middle] <= rune ? &low : &high) = middle;
    }
    return low;
}

bool regex_table_matches(const struct regex_table *table, struct str text, size_t *ret_read)
{
    const uint8_t *next = table->next;
    uint32_t state = FIRST_STATE, width = table->width, stretch = 0;
    size_t at = 0, bytes;
    while (at < text.len && state >= FIRST_STATE) {
        unsigned char c = (unsigned char) text.at[at];
        uint8_t kind;
        if (c < 128) {
            kind = table->ascii[c];
            at++;
        } else {
            uint32_t rune = cel_rune_at(text, at, &bytes);
            stretch = stretch_of(table, rune, stretch);
            kind = table->kinds[stretch];
            at += bytes;
        }
        state = next[(state - FIRST_STATE) * width + kind];
    }
    *ret_read = at;
    if (state < FIRST_STATE)
        return state == MATCHED;
    return next[(state - FIRST_STATE) * width + width - 1] == MATCHED;
}
