/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects and prints what is wrong with rule files. Nothing here fails: what the arena has no room
 * for is counted but not kept, and a list with a count is as bad as one with a text.
 */
#include "rules/diag.h"

#include <stdlib.h>
#include <string.h>

#include "rules/diag_source.h"
#include "rules/diag_texts.h"

enum { WORD_BYTES_MAX = 64 };

void diags_init(struct diags *diags, struct arena *arena)
{
    *diags = (struct diags){ .arena = arena };
}

/* Room for one more, or NULL: past DIAG_MAX or past the arena's limit. */
static struct diag *next_diag(struct diags *diags)
{
    if (diags->count == DIAG_MAX)
        return NULL;
    if (diags->count == diags->room) {
        uint32_t room = diags->room ? diags->room * 2 : 8;
        struct diag *list = arena_take_array(diags->arena, struct diag, room);
        if (!list)
            return NULL;
        if (diags->count)
            memcpy(list, diags->list, diags->count * sizeof *list);
        diags->list = list;
        diags->room = room;
    }
    return &diags->list[diags->count++];
}

void diag_add_args(struct diags *diags, const struct doc_file *file, struct doc_place place,
                   enum diag_code code, const struct str args[DIAG_ARGS])
{
    if (diag_level(code) == DIAG_ERROR)
        diags->errors++;
    else
        diags->warnings++;

    struct diag *diag = next_diag(diags);
    if (!diag)
        return;
    *diag = (struct diag){ .code = code, .file = file, .place = place };
    for (size_t i = 0; i < DIAG_ARGS; i++)
        if (args[i].at)
            diag->args[i] = arena_copy(diags->arena, args[i]);
}

void diag_add(struct diags *diags, const struct doc_file *file, struct doc_place place,
              enum diag_code code, struct str arg0, struct str arg1, struct str arg2)
{
    const struct str args[DIAG_ARGS] = { arg0, arg1, arg2 };
    diag_add_args(diags, file, place, code, args);
}

struct str diag_words(struct diags *diags, const char *const *words)
{
    struct out out;
    if (!diags->arena || diags->count >= DIAG_MAX) /* no message will be made of it */
        return (struct str){ 0 };
    out_init(&out, diags->arena, 256);
    for (size_t i = 0; words[i]; i++)
        out_printf(&out, "%s%s", i ? ", " : "", words[i]);
    if (!words[0])
        out_char(&out, '-');
    return out.failed ? (struct str){ 0 } : out_str(&out);
}

void diag_add_guess(struct diags *diags, const struct doc_file *file, struct doc_place place,
                    enum diag_code code, struct str wrong, const char *const *words)
{
    uint32_t before = diags->count;
    diag_add(diags, file, place, code, wrong, diag_words(diags, words), (struct str){ 0 });
    struct str guess = diag_closest(wrong, words);
    if (diags->count > before && guess.at)
        diags->list[before].guess = arena_copy(diags->arena, guess);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours; capitals cost nothing. */
static uint32_t distance(struct str a, struct str b)
{
    uint32_t rows[3][WORD_BYTES_MAX + 1];
    uint32_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (uint32_t j = 0; j <= b.len; j++)
        last[j] = j;
    for (uint32_t i = 1; i <= a.len; i++) {
        now[0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            bool same = lower(a.at[i - 1]) == lower(b.at[j - 1]);
            now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + !same);
            if (i > 1 && j > 1 && lower(a.at[i - 1]) == lower(b.at[j - 2]) &&
                lower(a.at[i - 2]) == lower(b.at[j - 1]))
                now[j] = least(now[j], before[j - 2] + 1);
        }
        uint32_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[b.len];
}

/* "total" for "cart.total". */
static bool is_last_part(struct str word, struct str wrong)
{
    return word.len > wrong.len && wrong.len >= 3 && str_ends_with(word, wrong) &&
           word.at[word.len - wrong.len - 1] == '.';
}

struct str diag_closest(struct str wrong, const char *const *words)
{
    return diag_closest_within(wrong, words, UINT32_MAX);
}

struct str diag_closest_within(struct str wrong, const char *const *words, uint32_t edits)
{
    struct str best = { 0 };
    uint32_t best_distance = UINT32_MAX;
    if (!words || wrong.len == 0 || wrong.len > WORD_BYTES_MAX)
        return best;

    for (; *words; words++) {
        struct str word = str_of(*words);
        if (word.len > WORD_BYTES_MAX)
            continue;
        size_t longer = word.len > wrong.len ? word.len : wrong.len;
        uint32_t d = is_last_part(word, wrong) ? 1 : distance(wrong, word);
        bool close = d <= longer / 3 || is_last_part(word, wrong);
        if (close && d <= edits && d < best_distance) {
            best = word;
            best_distance = d;
        }
    }
    return best;
}

static struct str shown_name(const struct diag *diag)
{
    if (!diag->file)
        return STR("-");
    return diag->file->path.at ? diag->file->path : diag->file->name;
}

static int by_place(const void *left, const void *right)
{
    const struct diag *a = left, *b = right;
    int names = str_cmp(shown_name(a), shown_name(b));
    if (names)
        return names;
    if (a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    if (a->place.column != b->place.column)
        return a->place.column < b->place.column ? -1 : 1;
    if (a->code != b->code)
        return a->code < b->code ? -1 : 1;
    return str_cmp(a->args[0], b->args[0]);
}

void diags_sort(struct diags *diags)
{
    if (diags->count > 1)
        qsort(diags->list, diags->count, sizeof *diags->list, by_place);
}

/* @text with {0}… replaced. */
static void fill(struct out *out, struct str text, const struct str *args, size_t n_args)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_arg = text.at[i] == '{' && i + 2 < text.len && text.at[i + 2] == '}' &&
                      text.at[i + 1] >= '0' && (size_t) (text.at[i + 1] - '0') < n_args;
        if (is_arg) {
            source_print_plain(out, args[text.at[i + 1] - '0']); /* from the file: anything */
            i += 2;
        } else {
            out_char(out, text.at[i]);
        }
    }
}

static struct str filled(struct arena *arena, struct str text, const struct str *args,
                         size_t n_args)
{
    struct out out;
    out_init(&out, arena, text.len + 64);
    fill(&out, text, args, n_args);
    return out.failed ? text : out_str(&out);
}

struct str diag_message(const struct diag *diag, enum locale locale, struct arena *arena,
                        struct str *ret_help)
{
    struct str text = str_of(diag_text(diag->code, locale));
    struct str help = { 0 };
    const char *feed = memchr(text.at, '\n', text.len);
    if (feed) {
        help = (struct str){ feed + 1, text.len - (size_t) (feed + 1 - text.at) };
        text.len = (size_t) (feed - text.at);
    }
    if (ret_help)
        *ret_help = help.at ? filled(arena, help, diag->args, DIAG_ARGS) : help;
    return filled(arena, text, diag->args, DIAG_ARGS);
}

static void print_help(struct out *out, enum locale locale, bool color, struct str help)
{
    out_printf(out, "       %s= %s:%s ", color ? "\033[1;36m" : "", diag_word(WORD_HELP, locale),
               color ? "\033[0m" : "");
    out_text(out, help);
    out_char(out, '\n');
}

static void print_one(const struct diag *diag, struct arena *arena, enum locale locale, bool color,
                      struct out *out)
{
    bool error = diag_level(diag->code) == DIAG_ERROR;
    struct str help;
    struct str message = diag_message(diag, locale, arena, &help);

    out_text(out, color ? STR("\033[1m") : STR(""));
    source_print_plain(out, shown_name(diag));
    out_printf(out, ":%u:%u: %s%s:%s ", diag->place.line, diag->place.column,
               !color  ? ""
               : error ? "\033[31m"
                       : "\033[33m",
               diag_word(error ? WORD_ERROR : WORD_WARNING, locale), color ? "\033[0m" : "");
    out_text(out, message);
    out_char(out, '\n');
    if (diag->file && diag->file->text.at)
        source_print_line(out, diag->file, diag->place, diag->args[0], color);
    if (diag->guess.at) {
        struct str text = str_of(diag_word(WORD_DID_YOU_MEAN, locale));
        print_help(out, locale, color, filled(arena, text, &diag->guess, 1));
    }
    if (help.at)
        print_help(out, locale, color, help);
}

void diags_print(const struct diags *diags, enum locale locale, bool color, struct out *out)
{
    for (uint32_t i = 0; i < diags->count; i++)
        print_one(&diags->list[i], diags->arena, locale, color, out);

    uint32_t more = diags->errors + diags->warnings - diags->count;
    if (more) {
        char digits[16];
        struct out number = { .at = digits, .cap = sizeof digits };
        out_int(&number, more);
        struct str arg = out_str(&number);
        fill(out, str_of(diag_word(WORD_MORE, locale)), &arg, 1);
        out_char(out, '\n');
    }
}

static void print_json(const struct diag *diag, struct arena *arena, enum locale locale,
                       struct out *out)
{
    struct str help;
    struct str message = diag_message(diag, locale, arena, &help);
    struct out text;
    out_init(&text, arena, 256);
    print_one(diag, arena, locale, false, &text);

    out_json_open(out, '{');
    out_json_key(out, STR("file"));
    out_json_str(out, shown_name(diag));
    out_json_key(out, STR("line"));
    out_json_int(out, diag->place.line);
    out_json_key(out, STR("column"));
    out_json_int(out, diag->place.column);
    out_json_key(out, STR("level"));
    out_json_str(out, diag_level(diag->code) == DIAG_ERROR ? STR("error") : STR("warning"));
    out_json_key(out, STR("code"));
    out_json_str(out, str_of(diag_code_name(diag->code)));
    out_json_key(out, STR("message"));
    out_json_str(out, message);
    out_json_key(out, STR("help"));
    out_json_str(out, help);
    out_json_key(out, STR("guess"));
    out_json_str(out, diag->guess);
    out_json_key(out, STR("text"));
    out_json_str(out, text.failed ? message : out_str(&text));
    out_json_close(out, '}');
}

void diags_print_json(const struct diags *diags, enum locale locale, struct out *out)
{
    out_json_open(out, '[');
    for (uint32_t i = 0; i < diags->count; i++)
        print_json(&diags->list[i], diags->arena, locale, out);
    out_json_close(out, ']');
}
