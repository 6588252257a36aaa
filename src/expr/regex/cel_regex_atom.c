/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/regex/cel_regex_parser.h"

/*
 * The part of the parser that reads what stands for one character: escapes, named classes,
 * brackets. As RE2 has it: "]" is literal where a class starts and "-" where no range can be; the
 * forms by case of (?i) are added to each part before it is negated.
 */
/* What is left, up to @end; absent when that does not come. Moves behind it. */
struct str regex_take_until(struct regex_parser *p, const char *end)
{
    struct str rest = { p->text.at + p->at, p->text.len - p->at };
    const char *found = memmem(rest.at, rest.len, end, strlen(end));
    if (!found)
        return (struct str){ 0 };
    rest.len = (size_t) (found - rest.at);
    p->at += rest.len + strlen(end);
    return rest;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* Behind "\x": two digits, or as many as wanted in braces. */
static bool parse_hex(struct regex_parser *p, uint32_t *ret_rune)
{
    bool braces = regex_take(p, '{');
    size_t first = p->at;
    uint32_t rune = 0;
    while (regex_more(p) && hex_digit(regex_peek(p, 0)) >= 0 && (braces || p->at < first + 2)) {
        rune = rune * 16 + (uint32_t) hex_digit(p->text.at[p->at++]);
        if (rune > CEL_RUNE_MAX)
            return false;
    }
    *ret_rune = rune;
    return braces ? p->at > first && regex_take(p, '}') : p->at == first + 2;
}

/* A single character behind a backslash that was taken; false: no such escape. */
bool regex_parse_escape(struct regex_parser *p, uint32_t *ret_rune)
{
    static const char letters[] = "aftnrv", controls[] = "\a\f\t\n\r\v";
    if (!regex_more(p))
        return false;
    uint32_t rune = regex_take_rune(p);
    const char *letter = rune && rune < 128 ? strchr(letters, (int) rune) : NULL;
    if (letter) {
        *ret_rune = (uint32_t) controls[letter - letters];
        return true;
    }
    if (rune == 'x')
        return parse_hex(p, ret_rune);
    if (rune >= '0' && rune <= '7') {
        if (rune != '0' && (regex_peek(p, 0) < '0' || regex_peek(p, 0) > '7'))
            return false; /* a back reference */
        uint32_t octal = rune - '0';
        for (int i = 0; i < 2 && regex_peek(p, 0) >= '0' && regex_peek(p, 0) <= '7'; i++)
            octal = octal * 8 + (uint32_t) (p->text.at[p->at++] - '0');
        *ret_rune = octal;
        return true;
    }
    *ret_rune = rune;
    return rune < 128 && !(rune >= '0' && rune <= '9') &&
           !((rune | 0x20) >= 'a' && (rune | 0x20) <= 'z');
}

/* Behind "\p": one letter, or a name in braces, perhaps after "^"; absent when that is cut off. */
static struct str take_property(struct regex_parser *p, bool *negated)
{
    struct str name = { 0 };
    if (regex_take(p, '{')) {
        name = regex_take_until(p, "}");
    } else if (regex_more(p)) {
        size_t start = p->at;
        (void) regex_take_rune(p);
        name = (struct str){ p->text.at + start, p->at - start };
    }
    if (name.len && name.at[0] == '^') {
        *negated = !*negated;
        name = (struct str){ name.at + 1, name.len - 1 };
    }
    return name;
}

/* "\d", "\pL", "\P{Greek}" here? Adds it. False: something else stands here. */
bool regex_parse_named_class(struct regex_parser *p, struct regex_class *class)
{
    struct regex_class found = { 0 };
    size_t from = p->at;
    char letter = regex_peek(p, 1);
    bool negated = letter < 'a';
    if (regex_peek(p, 0) != '\\')
        return false;
    if (letter == 'p' || letter == 'P') {
        p->at += 2;
        struct str name = take_property(p, &negated);
        if (!regex_class_add_unicode(p, &found, name))
            regex_fail(p, "invalid character class range", from, name.at ? p->at : p->text.len);
    } else if (regex_class_add_perl(p, &found, (char) (letter | 0x20))) {
        p->at += 2;
    } else {
        return false;
    }
    regex_class_merge(p, class, &found, p->flags & REGEX_FOLD, negated);
    return true;
}

/* "[:word:]", "[:^word:]" inside of brackets; "[:" without an end is the two characters. */
static bool parse_posix_class(struct regex_parser *p, struct regex_class *class)
{
    struct regex_class found = { 0 };
    size_t from = p->at;
    if (regex_peek(p, 0) != '[' || regex_peek(p, 1) != ':')
        return false;
    p->at += 2;
    bool negated = regex_take(p, '^');
    struct str name = regex_take_until(p, ":]");
    if (!name.at) {
        p->at = from;
        return false;
    }
    if (!regex_class_add_posix(p, &found, name))
        regex_fail(p, "invalid character class range", from, p->at);
    regex_class_merge(p, class, &found, p->flags & REGEX_FOLD, negated);
    return true;
}

static bool parse_class_rune(struct regex_parser *p, uint32_t *ret_rune)
{
    size_t from = p->at;
    if (!regex_more(p))
        return false;
    if (!regex_take(p, '\\')) {
        *ret_rune = regex_take_rune(p);
        return true;
    }
    if (regex_parse_escape(p, ret_rune))
        return true;
    regex_fail(p, "invalid escape sequence", from, p->at);
    return false;
}

/* Behind "[". */
struct regex_node *regex_parse_brackets(struct regex_parser *p)
{
    struct regex_class class = { 0 };
    size_t from = p->at - 1;
    bool negated = regex_take(p, '^');
    for (bool first = true; !p->failed && (first || regex_peek(p, 0) != ']'); first = false) {
        size_t start = p->at;
        uint32_t low, high;
        if (parse_posix_class(p, &class) || regex_parse_named_class(p, &class))
            continue;
        bool ok = parse_class_rune(p, &low);
        high = low;
        if (ok && regex_peek(p, 0) == '-' && p->at + 1 < p->text.len && regex_peek(p, 1) != ']') {
            p->at++;
            ok = parse_class_rune(p, &high);
        }
        if (!ok)
            return regex_fail(p, "missing closing ]", from, p->text.len);
        if (high < low)
            return regex_fail(p, "invalid character class range", start, p->at);
        struct regex_class range = { 0 };
        regex_class_add(p, &range, low, high);
        regex_class_merge(p, &class, &range, p->flags & REGEX_FOLD, false);
    }
    if (!regex_take(p, ']'))
        return regex_fail(p, "missing closing ]", from, p->text.len);
    if (negated)
        regex_class_negate(p, &class);
    return regex_set_node(p, &class);
}
