/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notation is that of rules/blame.c and rules/schedule_words.c. A word of it
 * stands where theirs do, with what they put behind it, so that a SKU or a
 * category that is called "unknown parts" keeps its name.
 */
#include "app/explain/receipt_seen.h"

#include <string.h>

enum { NUMBER_BYTES_MAX = 20 };

static struct str skip(struct str text, size_t n)
{
    return (struct str){ text.at + n, text.len - n };
}

static size_t digits(struct str text)
{
    size_t n = 0;
    while (n < text.len && n < NUMBER_BYTES_MAX && text.at[n] >= '0' && text.at[n] <= '9')
        n++;
    return n;
}

/* Does a word that is @len long end there, with nothing or one of @marks behind it? */
static bool ends(struct str text, size_t len, const char *marks)
{
    return len == text.len || (len < text.len && strchr(marks, text.at[len]));
}

/* "3 of 4", "4 lines": how much of @text was said; 0: neither stands here. */
static size_t print_number(struct str text, struct out *out)
{
    size_t first = digits(text);
    struct str rest = skip(text, first);
    if (first == 0)
        return 0;
    if (str_starts_with(rest, STR(" lines")) && ends(rest, 6, ",;")) {
        out_printf(out, "%.*s 行", (int) first, text.at);
        return first + 6;
    }
    size_t second = str_starts_with(rest, STR(" of ")) ? digits(skip(rest, 4)) : 0;
    if (second == 0 || !ends(rest, 4 + second, ":;"))
        return 0;
    out_printf(out, "%.*s 件中 %.*s 件", (int) second, rest.at + 4, (int) first, text.at);
    return first + 4 + second;
}

/* The same of a single word. @begins: nothing of its part stands before it. @inside: of an item. */
static size_t print_word(struct str text, bool begins, bool inside, struct out *out)
{
    static const struct {
        struct str word, ja;
        const char *marks;
    } words[] = {
        { { "true", 4 }, STR("成り立つ"), ":" },
        { { "false", 5 }, STR("成り立たない"), ":" },
        { { "unknown", 7 }, STR("不明"), ",;:" },
    };
    if (inside && str_starts_with(text, STR("unknown")) && ends(text, 7, ",)")) {
        out_text(out, STR("不明"));
        return 7;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words && !inside; i++) {
        bool is_call = *words[i].marks == ':';
        if (!str_starts_with(text, words[i].word) ||
            !ends(text, words[i].word.len, words[i].marks) ||
            (is_call && (!begins || words[i].word.len == text.len))) /* a plain true is a value */
            continue;
        out_text(out, words[i].ja);
        return words[i].word.len;
    }
    return 0;
}

void receipt_seen_print_ja(struct str seen, struct out *out)
{
    bool begins = true, word = true; /* of a part, of a word */
    int depth = 0;
    for (size_t i = 0; i < seen.len;) {
        struct str rest = skip(seen, i);
        size_t said = !word || depth > 0 ? 0 : print_number(rest, out);
        if (said == 0 && word)
            said = print_word(rest, begins, depth > 0, out);
        begins = word = false;
        if (said > 0) {
            i += said;
            continue;
        }
        char c = seen.at[i++];
        out_char(out, c);
        depth += c == '(' ? 1 : c == ')' && depth > 0 ? -1 : 0;
        word = c == ' ';
        begins = c == ' ' && i > 1 && seen.at[i - 2] == ';';
    }
}

/* ── schedules ───────────────────────────────────────────────────────────────────────────────── */

static const struct {
    const char *en, *ja;
} weekdays[] = { { "mon", "月" }, { "tue", "火" }, { "wed", "水" }, { "thu", "木" },
                 { "fri", "金" }, { "sat", "土" }, { "sun", "日" } };

static const char *weekday(struct str text)
{
    for (size_t i = 0; i < sizeof weekdays / sizeof *weekdays; i++)
        if (str_starts_with(text, str_of(weekdays[i].en)))
            return weekdays[i].ja;
    return NULL;
}

void receipt_time_print_ja(struct str seen, struct out *out)
{
    enum { DAY = 4, DATE = 10 }; /* "mon ", "2026-11-23" */
    const char *day = weekday(seen);
    if (!day || seen.len < DAY + DATE) {
        out_text(out, seen);
        return;
    }
    out_printf(out, "%.*s (%s)", DATE, seen.at + DAY, day);
    out_text(out, skip(seen, DAY + DATE));
}

static void print_days(struct str days, struct out *out)
{
    for (size_t i = 0; i + 3 <= days.len; i += sizeof "mon, " - 1) {
        const char *day = weekday(skip(days, i));
        out_text(out, i > 0 ? STR("・") : STR(""));
        out_text(out, str_of(day ? day : "?"));
    }
    out_text(out, STR("曜日"));
}

void receipt_schedule_print_ja(struct str wanted, struct out *out)
{
    const char *and = memmem(wanted.at, wanted.len, " and ", 5);
    if (str_starts_with(wanted, STR("from "))) {
        out_text(out, skip(wanted, 5));
        out_text(out, STR(" から"));
    } else if (str_starts_with(wanted, STR("until "))) {
        out_text(out, skip(wanted, 6));
        out_text(out, STR(" まで"));
    } else if (str_starts_with(wanted, STR("on "))) {
        print_days(skip(wanted, 3), out);
    } else if (str_starts_with(wanted, STR("between ")) && and) {
        size_t at = (size_t) (and-wanted.at);
        out_bytes(out, wanted.at + 8, at - 8);
        out_text(out, STR(" から "));
        out_text(out, skip(wanted, at + 5));
        out_text(out, STR(" まで"));
    } else if (str_starts_with(wanted, STR("a day that is not"))) {
        out_text(out, STR("`except` にない日"));
    } else {
        out_text(out, wanted);
    }
}
