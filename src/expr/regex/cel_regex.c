/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/regex/cel_regex.h"

#include "expr/library/cel_library.h"
#include "expr/regex/cel_regex_program.h"
#include "expr/values/cel_rune.h"

/*
 * Tree to program, and the function `matches`. A repetition that is counted becomes copies: x{2,4}
 * is x x (x (x)?)?; the parser has seen to it that these are at most 1000 of one thing, and here
 * the program ends at its limit.
 */
struct compiler {
    struct arena *arena;
    struct regex_code *code;
    uint32_t count, room;
    bool full, no_room;
};

static uint32_t put(struct compiler *c, enum regex_op op, uint32_t x, uint32_t y)
{
    c->full = c->full || c->count == CEL_REGEX_MAX_CODE;
    if (c->count == c->room && !c->full) {
        uint32_t room = c->room + c->room / 2 + 16;
        struct regex_code *grown =
            arena_grow(c->arena, c->code, c->room * sizeof *grown, room * sizeof *grown);
        c->full = c->no_room = !grown;
        c->code = grown ? grown : c->code;
        c->room = grown ? room : c->room;
    }
    if (c->full)
        return 0;
    c->code[c->count] = (struct regex_code){ op, x, y };
    return c->count++;
}

static void put_node(struct compiler *c, const struct regex_node *node);

static void put_choice(struct compiler *c, const struct regex_node *node)
{
    uint32_t jumps = 0; /* the last jump to the end + 1; each holds the one before in y */
    for (const struct regex_node *child = node->child; child && !c->full; child = child->next) {
        if (!child->next) {
            put_node(c, child);
            break;
        }
        uint32_t split = put(c, REGEX_OP_SPLIT, c->count + 1, 0);
        put_node(c, child);
        jumps = put(c, REGEX_OP_JUMP, 0, jumps) + 1;
        if (!c->full)
            c->code[split].y = c->count;
    }
    while (jumps && !c->full) {
        struct regex_code *jump = &c->code[jumps - 1];
        jump->x = c->count;
        jumps = jump->y;
    }
}

static void put_repeat(struct compiler *c, const struct regex_node *node)
{
    const struct regex_node *sub = node->child;
    bool forever = node->max == REGEX_FOREVER;
    uint32_t start = c->count, splits = 0;
    for (uint32_t i = 0; i < node->min && !c->full; i++) {
        start = c->count;
        put_node(c, sub);
    }
    if (forever && node->min > 0) { /* the last copy again and again */
        put(c, REGEX_OP_SPLIT, start, c->count + 1);
    } else if (forever) {
        uint32_t split = put(c, REGEX_OP_SPLIT, start + 1, 0);
        put_node(c, sub);
        put(c, REGEX_OP_JUMP, split, 0);
        if (!c->full)
            c->code[split].y = c->count;
    }
    for (uint32_t i = node->min; !forever && i < node->max && !c->full; i++) {
        splits = put(c, REGEX_OP_SPLIT, c->count + 1, splits) + 1;
        put_node(c, sub);
    }
    while (splits && !c->full) {
        struct regex_code *split = &c->code[splits - 1];
        splits = split->y;
        split->y = c->count;
    }
}

static void put_node(struct compiler *c, const struct regex_node *node)
{
    static const enum regex_op ops[] = {
        [REGEX_RUNE] = REGEX_OP_RUNE, [REGEX_ANY] = REGEX_OP_ANY,
        [REGEX_SET] = REGEX_OP_SET,   [REGEX_ANY_NOT_NEWLINE] = REGEX_OP_ANY_NOT_NEWLINE,
        [REGEX_LOOK] = REGEX_OP_LOOK,
    };
    switch (node->kind) {
    case REGEX_EMPTY: break;
    case REGEX_SEQUENCE:
        for (const struct regex_node *child = node->child; child && !c->full; child = child->next)
            put_node(c, child);
        break;
    case REGEX_CHOICE: put_choice(c, node); break;
    case REGEX_REPEAT: put_repeat(c, node); break;
    default: put(c, ops[node->kind], node->value, 0); break;
    }
}

/* What can be told of every match from how the pattern starts. */
static void find_start(struct cel_regex *regex)
{
    const struct regex_code *first = &regex->code[0];
    char bytes[CEL_RUNE_BYTES];
    regex->anchored = first->op == REGEX_OP_LOOK && first->x == REGEX_TEXT_START;
    regex->first_byte = -1;
    if (first->op == REGEX_OP_RUNE &&
        first->x != CEL_RUNE_BAD) { /* which broken bytes read as, too */
        (void) cel_rune_put(bytes, first->x);
        regex->first_byte = (unsigned char) bytes[0];
    }
}

static struct cel_regex *compile(struct regex_parser *parser)
{
    const struct regex_node *root = regex_parse(parser);
    if (!root)
        return NULL;
    struct cel_regex *regex = arena_take(parser->arena, sizeof *regex);
    struct compiler c = { .arena = parser->arena };
    if (!regex)
        return NULL;
    put_node(&c, root);
    put(&c, REGEX_OP_MATCH, 0, 0);
    if (c.no_room)
        return NULL;
    if (c.full)
        return regex_fail(parser, "pattern too large", 0, 0);
    *regex = (struct cel_regex){
        .code = c.code, .n_code = c.count, .sets = parser->sets, .n_sets = parser->n_sets
    };
    parser->report->work += c.count;
    find_start(regex);
    return regex;
}

static struct cel_regex *compile_with_report(struct arena *arena, struct str pattern,
                                             struct cel_regex_report *ret_report)
{
    struct regex_parser parser = { .arena = arena, .report = ret_report, .text = pattern };
    *ret_report = (struct cel_regex_report){ .work = pattern.len / 4 };
    struct cel_regex *regex = compile(&parser);
    ret_report->work += parser.n_nodes + parser.n_ranges;
    return regex;
}

const struct cel_regex *cel_regex_compile(struct arena *arena, struct str pattern,
                                          struct cel_regex_report *ret_report)
{
    struct cel_regex *regex = compile_with_report(arena, pattern, ret_report);
    if (regex)
        regex->table = regex_table_new(arena, regex);
    return regex;
}

const struct cel_regex *cel_regex_compile_once(struct arena *arena, struct str pattern,
                                               struct cel_regex_report *ret_report)
{
    return compile_with_report(arena, pattern, ret_report);
}

static struct cel_value matches(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    struct cel_regex_report report;
    struct str pattern = args[1].string;
    (void) n_args;
    const struct cel_regex *regex = cel_regex_compile_once(run->arena, pattern, &report);
    if (!cel_charge(run, report.work) || (!regex && !report.error.at))
        return cel_stop(run);
    if (!regex)
        return cel_fail(run, "error parsing regexp: %.*s", STR_ARG(report.error));
    return cel_regex_matches(run, regex, args[0].string);
}

bool cel_regex_is_matches(cel_function call)
{
    return call == matches;
}

const struct cel_definition *cel_library_regex(void)
{
    static const struct cel_definition table[] = {
        { "matches(string, string) -> bool", matches, 1 },
        { "string.matches(string) -> bool", matches, 1 },
        { 0 },
    };
    return table;
}
