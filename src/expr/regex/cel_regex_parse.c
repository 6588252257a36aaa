/* SPDX-License-Identifier: Apache-2.0 */
#include "base/out.h"
#include "expr/regex/cel_regex_parser.h"

/*
 * Pattern to tree, by recursive descent: choice, sequence, repetition, atom; only parentheses
 * descend, and so many levels only as REGEX_MAX_DEPTH says. What is an error and what is a literal
 * follows RE2 with its Perl flags: "{" that starts no repetition is a literal, "**" is an error, a
 * flag group holds until its parenthesis closes.
 */

static struct regex_node *parse_choice(struct regex_parser *p);

void *regex_fail(struct regex_parser *p, const char *what, size_t from, size_t to)
{
    struct out out;
    if (p->failed)
        return NULL;
    p->failed = true;
    while (to > from && to < p->text.len && (p->text.at[to] & 0xc0) == 0x80)
        to++; /* a whole character */
    out_init(&out, p->arena, 64);
    out_text(&out, str_of(what));
    if (to > from) {
        out_text(&out, STR(": `"));
        out_bytes(&out, p->text.at + from, to - from);
        out_char(&out, '`');
    }
    if (!out.failed)
        p->report->error = out_str(&out);
    return NULL;
}

struct regex_node *regex_new_node(struct regex_parser *p, enum regex_kind kind, uint32_t value)
{
    if (p->failed)
        return NULL;
    if (++p->n_nodes > 2 * CEL_REGEX_MAX_CODE)
        return regex_fail(p, "pattern too large", 0, 0);
    struct regex_node *node = arena_take(p->arena, sizeof *node);
    if (!node) {
        p->failed = true;
        return NULL;
    }
    *node = (struct regex_node){ .kind = kind, .value = value, .repeats = 1 };
    return node;
}

struct regex_node *regex_set_node(struct regex_parser *p, struct regex_class *class)
{
    uint32_t set = p->failed ? 0 : regex_class_finish(p, class);
    return regex_new_node(p, REGEX_SET, set);
}

static struct regex_node *rune_node(struct regex_parser *p, uint32_t rune)
{
    struct regex_class class = { 0 };
    if (!(p->flags & REGEX_FOLD) || !regex_has_forms(rune))
        return regex_new_node(p, REGEX_RUNE, rune);
    regex_class_add(p, &class, rune, rune);
    regex_class_fold(p, &class);
    return regex_set_node(p, &class);
}

/* Behind "(?P<" or "(?<". A name may come twice: nothing is captured under it. */
static bool parse_name(struct regex_parser *p)
{
    size_t from = p->at;
    struct str name = regex_take_until(p, ">");
    bool ok = name.len > 0;
    for (size_t i = 0; i < name.len; i++)
        ok = ok && ((name.at[i] >= '0' && name.at[i] <= '9') || name.at[i] == '_' ||
                    ((name.at[i] | 0x20) >= 'a' && (name.at[i] | 0x20) <= 'z'));
    if (!ok) {
        regex_fail(p, "invalid named capture", from, name.at ? p->at : p->text.len);
        return false;
    }
    return true;
}

/* Behind "(?": sets the flags. *ret_opens: a group follows. */
static bool parse_flags(struct regex_parser *p, bool *ret_opens)
{
    static const char letters[] = "imsU";
    static const unsigned bits[] = { REGEX_FOLD, REGEX_LINES, REGEX_DOT_NEWLINE, REGEX_LAZY };
    unsigned flags = p->flags;
    size_t from = p->at - 2;
    bool minus = false, any = false;
    for (char c; regex_more(p) && (c = p->text.at[p->at]) != 0; any = c != '-') {
        const char *letter = strchr(letters, c);
        p->at++;
        if (c == ')' || c == ':') {
            p->flags = flags;
            *ret_opens = c == ':';
            if (minus && !any)
                break;
            return true;
        }
        if (letter)
            flags = minus ? flags & ~bits[letter - letters] : flags | bits[letter - letters];
        else if (c == '-' && !minus)
            minus = true;
        else
            break;
    }
    regex_fail(p, "invalid or unsupported Perl syntax", from, p->at);
    return false;
}

/* Behind "(". NULL without failure: only flags. */
static struct regex_node *parse_group(struct regex_parser *p)
{
    unsigned outer = p->flags;
    size_t from = p->at - 1;
    bool opens = true;
    if (regex_peek(p, 0) == '?') {
        size_t name =
            regex_peek(p, 1) == 'P' && regex_peek(p, 2) == '<'                              ? 3
            : regex_peek(p, 1) == '<' && regex_peek(p, 2) != '=' && regex_peek(p, 2) != '!' ? 2
                                                                                            : 0;
        p->at += name ? name : 1;
        if (name ? !parse_name(p) : !parse_flags(p, &opens))
            return NULL;
        if (!opens)
            return NULL;
    }
    if (++p->depth > REGEX_MAX_DEPTH)
        return regex_fail(p, "expression nests too deeply", 0, 0);
    struct regex_node *inside = parse_choice(p);
    p->depth--;
    p->flags = outer;
    if (!p->failed && !regex_take(p, ')'))
        return regex_fail(p, "missing closing )", from, p->text.len);
    return inside;
}

/* Behind a backslash outside of brackets. */
static struct regex_node *parse_backslash(struct regex_parser *p)
{
    struct regex_class class = { 0 };
    size_t from = p->at - 1;
    uint32_t rune = 0;
    switch (regex_peek(p, 0)) {
    case 'A': p->at++; return regex_new_node(p, REGEX_LOOK, REGEX_TEXT_START);
    case 'z': p->at++; return regex_new_node(p, REGEX_LOOK, REGEX_TEXT_END);
    case 'b': p->at++; return regex_new_node(p, REGEX_LOOK, REGEX_WORD_EDGE);
    case 'B': p->at++; return regex_new_node(p, REGEX_LOOK, REGEX_NO_WORD_EDGE);
    default: break;
    }
    p->at--;
    if (regex_parse_named_class(p, &class))
        return regex_set_node(p, &class);
    p->at++;
    if (!regex_more(p))
        return regex_fail(p, "trailing backslash at end of expression", from, p->at);
    if (!regex_parse_escape(p, &rune))
        return regex_fail(p, "invalid escape sequence", from, p->at);
    return rune_node(p, rune);
}

/* One atom, its first character taken and not special otherwise. NULL without failure: it makes no
 * node. */
static struct regex_node *parse_atom(struct regex_parser *p, uint32_t rune)
{
    switch (rune) {
    case '.':
        return regex_new_node(p, p->flags & REGEX_DOT_NEWLINE ? REGEX_ANY : REGEX_ANY_NOT_NEWLINE,
                              0);
    case '^':
        return regex_new_node(p, REGEX_LOOK,
                              p->flags & REGEX_LINES ? REGEX_LINE_START : REGEX_TEXT_START);
    case '$':
        return regex_new_node(p, REGEX_LOOK,
                              p->flags & REGEX_LINES ? REGEX_LINE_END : REGEX_TEXT_END);
    case '[': return regex_parse_brackets(p);
    case '(': return parse_group(p);
    case '\\': return parse_backslash(p);
    default: return rune_node(p, rune);
    }
}

/* A number up to the limit, without zeros before it; false: none stands here. */
static bool parse_count(struct regex_parser *p, uint32_t *ret_count)
{
    uint32_t count = 0;
    size_t from = p->at;
    if (regex_peek(p, 0) == '0' && regex_peek(p, 1) >= '0' && regex_peek(p, 1) <= '9')
        return false;
    for (; regex_peek(p, 0) >= '0' && regex_peek(p, 0) <= '9'; p->at++)
        if (count <= REGEX_MAX_REPEAT)
            count = count * 10 + (uint32_t) (regex_peek(p, 0) - '0');
    *ret_count = count;
    return p->at > from;
}

/* "*", "+?", "{2,}" here? False, and not moved: no. */
static bool parse_repeat(struct regex_parser *p, uint32_t *ret_min, uint32_t *ret_max)
{
    size_t from = p->at;
    char c = regex_peek(p, 0);
    if (c != '*' && c != '+' && c != '?' && c != '{')
        return false;
    p->at++;
    *ret_min = c == '+';
    *ret_max = c == '?' ? 1 : REGEX_FOREVER;
    if (c == '{') {
        bool ok = parse_count(p, ret_min);
        *ret_max = *ret_min;
        if (ok && regex_take(p, ',')) {
            *ret_max = REGEX_FOREVER;
            ok = regex_peek(p, 0) == '}' || parse_count(p, ret_max);
        }
        if (!ok || !regex_take(p, '}')) {
            p->at = from;
            return false;
        }
        if (*ret_min > REGEX_MAX_REPEAT ||
            (*ret_max != REGEX_FOREVER && (*ret_max > REGEX_MAX_REPEAT || *ret_max < *ret_min)))
            regex_fail(p, "invalid repeat count", from, p->at);
    }
    (void) regex_take(p, '?'); /* lazy */
    return true;
}

/* Puts a repetition around *slot. */
static void repeat_node(struct regex_parser *p, struct regex_node **slot, uint32_t min,
                        uint32_t max, size_t from)
{
    struct regex_node *sub = *slot, *node = regex_new_node(p, REGEX_REPEAT, 0);
    uint32_t times = max == REGEX_FOREVER ? min : max;
    if (!node)
        return;
    node->child = sub;
    node->min = min;
    node->max = max;
    node->repeats = (times > 1 ? times : 1) * sub->repeats;
    if (node->repeats > REGEX_MAX_REPEAT)
        regex_fail(p, "invalid repeat count", from, p->at);
    *slot = node;
}

/* A sequence being made: its last node may still be repeated. */
struct sequence {
    struct regex_node *node, **last;
};

static void append(struct sequence *sequence, struct regex_node *node)
{
    sequence->last = sequence->last ? &(*sequence->last)->next : &sequence->node->child;
    *sequence->last = node;
    if (node->repeats > sequence->node->repeats)
        sequence->node->repeats = node->repeats;
}

/* Behind "\Q": every character is itself, up to "\E" or the end. */
static void parse_literals(struct regex_parser *p, struct sequence *sequence)
{
    struct regex_parser ahead = *p;
    bool closed = regex_take_until(&ahead, "\\E").at;
    size_t end = closed ? ahead.at - 2 : p->text.len;
    while (p->at < end && !p->failed) {
        struct regex_node *node = rune_node(p, regex_take_rune(p));
        if (node)
            append(sequence, node);
    }
    p->at = closed ? end + 2 : end;
}

/* Atoms up to "|", ")" or the end. */
static struct regex_node *parse_sequence(struct regex_parser *p)
{
    struct sequence sequence = { .node = regex_new_node(p, REGEX_SEQUENCE, 0) };
    size_t repeated = SIZE_MAX; /* where the repetition before this place started */
    while (!p->failed && regex_more(p) && regex_peek(p, 0) != '|' && regex_peek(p, 0) != ')') {
        size_t from = p->at;
        uint32_t min, max;
        if (parse_repeat(p, &min, &max)) {
            if (repeated != SIZE_MAX)
                return regex_fail(p, "invalid nested repetition operator", repeated, p->at);
            if (!sequence.last)
                return regex_fail(p, "missing argument to repetition operator", from, p->at);
            repeat_node(p, sequence.last, min, max, from);
            if (!p->failed && (*sequence.last)->repeats > sequence.node->repeats)
                sequence.node->repeats = (*sequence.last)->repeats;
            repeated = from;
            continue;
        }
        repeated = SIZE_MAX;
        if (regex_peek(p, 0) == '\\' && regex_peek(p, 1) == 'Q') {
            p->at += 2;
            parse_literals(p, &sequence);
            continue;
        }
        struct regex_node *atom = parse_atom(p, regex_take_rune(p));
        if (atom) /* else flags only, or a failure */
            append(&sequence, atom);
    }
    return p->failed ? NULL : sequence.node;
}

static struct regex_node *parse_choice(struct regex_parser *p)
{
    struct regex_node *first = parse_sequence(p);
    if (!first || !regex_more(p) || regex_peek(p, 0) != '|')
        return first;
    struct regex_node *choice = regex_new_node(p, REGEX_CHOICE, 0), *last = first;
    if (!choice)
        return NULL;
    choice->child = first;
    choice->repeats = first->repeats;
    while (regex_take(p, '|')) {
        last = last->next = parse_sequence(p);
        if (!last)
            return NULL;
        if (last->repeats > choice->repeats)
            choice->repeats = last->repeats;
    }
    return choice;
}

struct regex_node *regex_parse(struct regex_parser *p)
{
    struct regex_node *root = parse_choice(p);
    if (!p->failed && regex_more(p))
        return regex_fail(p, "unexpected )", p->at, p->at + 1);
    return p->failed ? NULL : root;
}
