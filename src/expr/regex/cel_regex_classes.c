/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/regex/cel_regex_program.h"
#include "expr/values/cel_rune.h"

/*
 * Classes of characters: by name, by case, negated, as sorted ranges.
 *
 * The tables of Unicode (cel_regex_unicode.inc) go through all code points in order. A number holds
 * a stretch: its length above, its category (5 bits) or script (8 bits) below; length 0 means that
 * it stands in the two numbers that follow, the high one first. The category after the last is for
 * stretches where Lu and Ll take turns; the script after the last is none.
 */
#include "expr/regex/cel_regex_unicode.inc"

#define COUNT(array) ((uint32_t) (sizeof(array) / sizeof *(array)))

static void no_room(struct regex_parser *parser)
{
    parser->failed = true;
}

void regex_class_add(struct regex_parser *parser, struct regex_class *class, uint32_t first,
                     uint32_t last)
{
    struct regex_range *newest = class->count ? &class->ranges[class->count - 1] : NULL;
    if (parser->failed)
        return;
    if (newest && first >= newest->first && first <= newest->last + 1) {
        newest->last = last > newest->last ? last : newest->last;
        return;
    }
    if (++parser->n_ranges > REGEX_MAX_RANGES) {
        regex_fail(parser, "pattern too large", 0, 0);
        return;
    }
    if (class->count == class->room) {
        uint32_t room = class->room ? 2 * class->room : 8;
        struct regex_range *grown = arena_grow(parser->arena, class->ranges,
                                               class->room * sizeof *grown, room * sizeof *grown);
        if (!grown) {
            no_room(parser);
            return;
        }
        class->ranges = grown;
        class->room = room;
    }
    class->ranges[class->count++] = (struct regex_range){ first, last };
}

/* Downwards through a heap whose root is @at. */
static void sift(struct regex_range *ranges, uint32_t at, uint32_t count)
{
    struct regex_range moved = ranges[at];
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && ranges[child].first < ranges[child + 1].first)
            child++;
        if (ranges[child].first <= moved.first)
            break;
        ranges[at] = ranges[child];
    }
    ranges[at] = moved;
}

/* In order and without touching; already so is the usual case. */
static void tidy(struct regex_class *class)
{
    struct regex_range *ranges = class->ranges;
    uint32_t sorted = 1, kept = 0;
    while (sorted < class->count && ranges[sorted - 1].first <= ranges[sorted].first)
        sorted++;
    if (sorted < class->count) {
        for (uint32_t i = class->count / 2; i-- > 0;)
            sift(ranges, i, class->count);
        for (uint32_t end = class->count; --end > 0;) {
            struct regex_range greatest = ranges[0];
            ranges[0] = ranges[end];
            ranges[end] = greatest;
            sift(ranges, 0, end);
        }
    }
    for (uint32_t i = 1; i < class->count; i++) {
        if (ranges[i].first > ranges[kept].last + 1)
            ranges[++kept] = ranges[i];
        else if (ranges[i].last > ranges[kept].last)
            ranges[kept].last = ranges[i].last;
    }
    class->count = class->count ? kept + 1 : 0;
}

void regex_class_negate(struct regex_parser *parser, struct regex_class *class)
{
    struct regex_class rest = { 0 };
    uint32_t from = 0;
    tidy(class);
    for (uint32_t i = 0; i < class->count; i++) {
        if (class->ranges[i].first > from)
            regex_class_add(parser, &rest, from, class->ranges[i].first - 1);
        from = class->ranges[i].last + 1;
    }
    if (from <= CEL_RUNE_MAX)
        regex_class_add(parser, &rest, from, CEL_RUNE_MAX);
    *class = rest;
}

/* Two bytes are a range; two NULs are the end. */
static void add_ascii(struct regex_parser *parser, struct regex_class *class, const char *pairs)
{
    for (; *pairs || pairs[1]; pairs += 2)
        regex_class_add(parser, class, (unsigned char) pairs[0], (unsigned char) pairs[1]);
}

bool regex_class_add_perl(struct regex_parser *parser, struct regex_class *class, char letter)
{
    const char *pairs = letter == 'd'   ? "09\0"
                        : letter == 's' ? "\t\n\f\r  \0"
                        : letter == 'w' ? "09AZ__az\0"
                                        : NULL;
    if (pairs)
        add_ascii(parser, class, pairs);
    return pairs != NULL;
}

bool regex_class_add_posix(struct regex_parser *parser, struct regex_class *class, struct str name)
{
    static const struct {
        const char *name, *pairs;
    } table[] = {
        { "alnum", "09AZaz\0" },
        { "alpha", "AZaz\0" },
        { "ascii", "\0\x7F\0" },
        { "blank", "\t\t  \0" },
        { "cntrl", "\0\x1F\x7F\x7F\0" },
        { "digit", "09\0" },
        { "graph", "!~\0" },
        { "lower", "az\0" },
        { "print", " ~\0" },
        { "punct", "!/:@[`{~\0" },
        { "space", "\t\r  \0" },
        { "upper", "AZ\0" },
        { "word", "09AZ__az\0" },
        { "xdigit", "09AFaf\0" },
    };
    for (uint32_t i = 0; i < COUNT(table); i++) {
        if (str_is(name, table[i].name)) {
            add_ascii(parser, class, table[i].pairs);
            return true;
        }
    }
    return false;
}

/* The next stretch of a table; false behind the last. */
static bool next_stretch(const uint16_t *runs, uint32_t count, unsigned bits, uint32_t *at,
                         uint32_t *ret_length, uint32_t *ret_value)
{
    if (*at >= count)
        return false;
    uint32_t number = runs[(*at)++];
    *ret_value = number & ((1u << bits) - 1);
    *ret_length = number >> bits;
    if (*ret_length == 0) {
        *ret_length = (uint32_t) runs[*at] << 16 | runs[*at + 1];
        *at += 2;
    }
    return true;
}

/* Code points of a category, or of all that start with that letter when @name is one. */
static bool add_category(struct regex_parser *parser, struct regex_class *class, struct str name)
{
    uint32_t wanted = 0, at = 0, rune = 0, length, category, upper = 0, lower = 0;
    for (uint32_t i = 0; i < COUNT(regex_categories); i++) {
        struct str known = str_of(regex_categories[i]);
        if (str_eq(known, name) || (name.len == 1 && str_starts_with(known, name)))
            wanted |= 1u << i;
        upper = str_is(known, "Lu") ? i : upper;
        lower = str_is(known, "Ll") ? i : lower;
    }
    if (!wanted)
        return false;
    for (;
         next_stretch(regex_category_runs, COUNT(regex_category_runs), 5, &at, &length, &category);
         rune += length) {
        if (category < COUNT(regex_categories)) {
            if (wanted >> category & 1)
                regex_class_add(parser, class, rune, rune + length - 1);
            continue;
        }
        for (uint32_t i = 0; i < length; i++)
            if (wanted >> (i % 2 ? lower : upper) & 1)
                regex_class_add(parser, class, rune + i, rune + i);
    }
    return true;
}

static bool add_script(struct regex_parser *parser, struct regex_class *class, struct str name)
{
    uint32_t wanted = 0, at = 0, rune = 0, length, script;
    while (wanted < COUNT(regex_scripts) && !str_is(name, regex_scripts[wanted]))
        wanted++;
    if (wanted == COUNT(regex_scripts))
        return false;
    for (; next_stretch(regex_script_runs, COUNT(regex_script_runs), 8, &at, &length, &script);
         rune += length)
        if (script == wanted)
            regex_class_add(parser, class, rune, rune + length - 1);
    return true;
}

bool regex_class_add_unicode(struct regex_parser *parser, struct regex_class *class,
                             struct str name)
{
    if (!str_is(name, "Any"))
        return add_category(parser, class, name) || add_script(parser, class, name);
    regex_class_add(parser, class, 0, CEL_RUNE_MAX);
    return true;
}

void regex_class_merge(struct regex_parser *parser, struct regex_class *class,
                       struct regex_class *more, bool fold, bool negated)
{
    if (fold)
        regex_class_fold(parser, more);
    if (negated)
        regex_class_negate(parser, more);
    for (uint32_t i = 0; i < more->count; i++)
        regex_class_add(parser, class, more->ranges[i].first, more->ranges[i].last);
}

/* The first fold that ends at or behind @rune. */
static uint32_t fold_from(uint32_t rune)
{
    uint32_t low = 0, high = COUNT(regex_folds);
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (regex_folds[middle].last < rune)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool regex_has_forms(uint32_t rune)
{
    uint32_t at = fold_from(rune);
    return at < COUNT(regex_folds) && regex_folds[at].first <= rune;
}

static void add_forms(struct regex_parser *parser, struct regex_class *class,
                      struct regex_range range)
{
    for (uint32_t i = fold_from(range.first); i < COUNT(regex_folds); i++) {
        const struct regex_fold *fold = &regex_folds[i];
        if (fold->first > range.last)
            return;
        uint32_t first = fold->first > range.first ? fold->first : range.first;
        uint32_t last = fold->last < range.last ? fold->last : range.last;
        if (fold->step == REGEX_EVEN)
            regex_class_add(parser, class, first & ~1u, last | 1u);
        else if (fold->step == REGEX_ODD)
            regex_class_add(parser, class, (first - 1) | 1u, (last + 1) & ~1u);
        else
            regex_class_add(parser, class, (uint32_t) ((int32_t) first + fold->step),
                            (uint32_t) ((int32_t) last + fold->step));
    }
}

/* A letter has at most four forms, each one a step from another: three rounds find them all. */
void regex_class_fold(struct regex_parser *parser, struct regex_class *class)
{
    tidy(class);
    for (int round = 0; round < 3 && !parser->failed; round++) {
        uint32_t known = class->count;
        struct regex_class more = { 0 };
        for (uint32_t i = 0; i < known; i++)
            add_forms(parser, &more, class->ranges[i]);
        for (uint32_t i = 0; i < more.count; i++)
            regex_class_add(parser, class, more.ranges[i].first, more.ranges[i].last);
        tidy(class);
    }
}

static bool same_set(const struct regex_set *a, const struct regex_set *b)
{
    return a->hash == b->hash && a->count == b->count &&
           (a->count == 0 || memcmp(a->ranges, b->ranges, a->count * sizeof *a->ranges) == 0);
}

uint32_t regex_class_finish(struct regex_parser *parser, struct regex_class *class)
{
    tidy(class);
    struct regex_set set = { .ranges = class->ranges, .count = class->count };
    set.hash =
        set.count
            ? str_hash((struct str){ (const char *) set.ranges, set.count * sizeof *set.ranges })
            : 0;
    for (uint32_t i = 0; i < set.count && set.ranges[i].first < 128; i++)
        for (uint32_t c = set.ranges[i].first; c <= set.ranges[i].last && c < 128; c++)
            set.ascii[c >> 6] |= 1ull << (c & 63);
    for (uint32_t i = 0; i < parser->n_sets; i++)
        if (same_set(&parser->sets[i], &set))
            return i;
    if (parser->n_sets == REGEX_MAX_SETS) {
        regex_fail(parser, "pattern too large", 0, 0);
        return 0;
    }
    if (parser->n_sets == parser->sets_room) {
        uint32_t room = parser->sets_room ? 2 * parser->sets_room : 4;
        struct regex_set *grown = arena_grow(parser->arena, parser->sets,
                                             parser->sets_room * sizeof set, room * sizeof set);
        if (!grown) {
            no_room(parser);
            return 0;
        }
        parser->sets = grown;
        parser->sets_room = room;
    }
    parser->sets[parser->n_sets] = set;
    return parser->n_sets++;
}
