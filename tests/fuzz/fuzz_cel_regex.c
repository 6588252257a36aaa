/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern, a line break, a text. Besides crashes this looks for work that does not keep its bounds (the
 * text times the program, whatever the pattern) and for patterns that mean something else in a group,
 * beside themselves in a choice, or once more behind what matches nothing.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/out.h"
#include "expr/regex/cel_regex_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* With a table as without. '1', '0', 'E' refused, 'L' past a limit. */
static char outcome(struct arena *arena, struct str pattern, struct str text)
{
    struct cel_run run = { .arena = arena, .limit = 1000000 };
    struct cel_regex_report report;
    const struct cel_regex *regex = cel_regex_compile(arena, pattern, &report);
    must(report.work <=
         3 * (uint64_t) CEL_REGEX_MAX_CODE + REGEX_MAX_RANGES + 4 * pattern.len + 100);
    if (!regex)
        return report.error.at ? 'E' : 'L';
    must(regex->n_code <= CEL_REGEX_MAX_CODE);
    struct cel_regex slow = *regex;
    slow.table = NULL;
    struct cel_value value = cel_regex_matches(&run, &slow, text);
    must(run.cost <= (text.len + 2) * (regex->n_code + 8ull) / 8 + regex->n_code);
    if (value.kind == CEL_BOOL && regex->table)
        must(value.boolean == cel_regex_matches(&run, regex, text).boolean);
    if (value.kind == CEL_ERROR)
        return 'L';
    must(value.kind == CEL_BOOL);
    return value.boolean ? '1' : '0';
}

static char written(struct arena *arena, const char *before, struct str pattern,
                    const char *between, const char *after, struct str text)
{
    struct out out;
    out_init(&out, arena, 2 * pattern.len + 32);
    out_text(&out, str_of(before));
    out_text(&out, pattern);
    if (between) {
        out_text(&out, str_of(between));
        out_text(&out, pattern);
    }
    out_text(&out, str_of(after));
    return out.failed ? 'L' : outcome(arena, out_str(&out), text);
}

/* Another way to write it may be too large or nest too deep. */
static void same(char plain, char other)
{
    must(plain == other || other == 'L' || other == 'E');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t len = end ? (size_t) (end - data) : size;
    struct str pattern = { size ? (const char *) data : "", len };
    struct str text = { end ? (const char *) end + 1 : "", end ? size - len - 1 : 0 };
    struct arena *arena = arena_new(64 << 10, 64 << 20);
    if (!arena || size > 4000)
        return arena_free(arena), 0;
    char plain = outcome(arena, pattern, text);
    /* "\\Q" and "[:" look ahead for their end, which the pattern beside it may hold. */
    bool alone = !str_contains(pattern, STR("\\Q")) && !str_contains(pattern, STR("[:"));
    if (alone && (plain == '1' || plain == '0')) {
        same(plain, written(arena, "(?:", pattern, NULL, ")", text));
        same(plain, written(arena, "(?:", pattern, ")|(?:", ")", text));
        same(plain, written(arena, "[^\\x00-\\x{10FFFF}]|(", pattern, NULL, ")", text));
    }
    arena_free(arena);
    return 0;
}
