/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults are few and read by people: each is made once, with its place, and printed as a compiler
 * does. Nothing here fails: where there is no room for a sentence, a fault is counted and says so.
 */
#include "expr/cel_fault.h"

#include <stdbool.h>

#include "expr/values/cel_rune.h"

/* Characters shown of a long line, on either side of the caret. */
enum { SHOWN = 60, ARG_BYTES = 400 };

void cel_faults_init(struct cel_faults *faults, struct arena *arena, struct str text)
{
    faults->arena = arena;
    faults->text = text;
    faults->count = 0;
}

void cel_place(struct str text, uint32_t offset, uint32_t *ret_line, uint32_t *ret_column)
{
    uint32_t line = 1, column = 1;
    for (size_t i = 0; i < offset && i < text.len; i++) {
        unsigned char c = (unsigned char) text.at[i];
        if (c == '\n') {
            line++;
            column = 1;
        } else if ((c & 0xC0) != 0x80) {
            column++;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

/* No longer than a sentence may hold. */
static struct str shortened(struct str text)
{
    if (text.len <= ARG_BYTES)
        return text;
    text.len = ARG_BYTES;
    while (text.len > 0 && ((unsigned char) text.at[text.len] & 0xC0) == 0x80)
        text.len--;
    return text;
}

static bool tell(struct arena *arena, struct cel_said said, struct str sentences[CEL_LANGUAGES])
{
    for (size_t i = 0; i < CEL_MESSAGE_ARGS; i++)
        said.args[i] = shortened(said.args[i]);
    for (int language = 0; language < CEL_LANGUAGES; language++) {
        struct out out;
        out_init(&out, arena, 64);
        cel_said_print(&said, (enum cel_language) language, &out);
        if (out.failed)
            return false;
        sentences[language] = out_str(&out);
    }
    return true;
}

/* One more with its place; NULL: it is only counted. */
static struct cel_fault *next_fault(struct cel_faults *faults, uint32_t offset, uint32_t length)
{
    if (faults->count >= CEL_FAULTS_MAX) {
        faults->count++;
        return NULL;
    }
    struct cel_fault *fault = &faults->list[faults->count++];
    size_t len = faults->text.len;
    *fault = (struct cel_fault){ .offset = offset < len ? offset : (uint32_t) len };
    fault->length = length < len - fault->offset ? length : (uint32_t) (len - fault->offset);
    cel_place(faults->text, fault->offset, &fault->line, &fault->column);
    return fault;
}

static void no_room_to_tell(struct cel_fault *fault)
{
    fault->code = CEL_SAYS_NO_ROOM_TO_TELL;
    for (int language = 0; language < CEL_LANGUAGES; language++)
        fault->what[language] = cel_message_text(fault->code, (enum cel_language) language);
}

void cel_fault_add(struct cel_faults *faults, uint32_t offset, uint32_t length,
                   struct cel_said what, struct cel_said hint)
{
    struct cel_fault *fault = next_fault(faults, offset, length);
    if (!fault)
        return;
    bool room = tell(faults->arena, what, fault->what);
    fault->code = what.message;
    for (size_t i = 0; i < CEL_MESSAGE_ARGS && room; i++)
        if (what.args[i].at) {
            fault->args[i] = arena_copy(faults->arena, shortened(what.args[i]));
            room = fault->args[i].at != NULL;
        }
    if (!room) {
        no_room_to_tell(fault);
        return;
    }
    struct str sentences[CEL_LANGUAGES];
    if (hint.message == CEL_SAYS_NOTHING || !tell(faults->arena, hint, sentences))
        return;
    fault->hint_code = hint.message;
    memcpy(fault->hint, sentences, sizeof sentences);
}

void cel_fault_add_own(struct cel_faults *faults, uint32_t offset, uint32_t length,
                       const struct str what[CEL_LANGUAGES], const struct str hint[CEL_LANGUAGES])
{
    cel_fault_add(faults, offset, length, CEL_SAY(OF_HOST, what[CEL_ENGLISH], what[CEL_JAPANESE]),
                  hint ? CEL_SAY(OF_HOST, hint[CEL_ENGLISH], hint[CEL_JAPANESE])
                       : CEL_SAY(NOTHING));
}

/* How many columns of a terminal it takes. */
static uint32_t width_of(uint32_t code)
{
    static const struct {
        uint32_t first, last, width;
    } ranges[] = {
        { 0x0300, 0x036F, 0 },   { 0x1100, 0x115F, 2 },   { 0x200B, 0x200F, 0 },
        { 0x2E80, 0x303E, 2 },   { 0x3041, 0x3098, 2 },   { 0x3099, 0x309A, 0 },
        { 0x309B, 0x4DBF, 2 },   { 0x4E00, 0xA4CF, 2 },   { 0xAC00, 0xD7A3, 2 },
        { 0xF900, 0xFAFF, 2 },   { 0xFE00, 0xFE0F, 0 },   { 0xFE30, 0xFE4F, 2 },
        { 0xFF00, 0xFF60, 2 },   { 0xFFE0, 0xFFE6, 2 },   { 0x1F300, 0x1F64F, 2 },
        { 0x1F680, 0x1F6FF, 2 }, { 0x1F900, 0x1F9FF, 2 }, { 0x20000, 0x3FFFD, 2 },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges && code >= ranges[i].first; i++)
        if (code <= ranges[i].last)
            return ranges[i].width;
    return 1;
}

/* The part of the line that is shown: all of it, unless it is long. */
struct view {
    struct str text;
    size_t first, last; /* bytes: first one, and one past the last */
    size_t caret, caret_end;
    bool cut_before, cut_after;
};

static bool is_inside(struct str text, size_t at) /* of a sequence, not its first byte */
{
    return at < text.len && ((unsigned char) text.at[at] & 0xC0) == 0x80;
}

static struct view view_of(struct str text, const struct cel_fault *fault)
{
    struct view view = { .text = text, .caret = fault->offset };
    uint32_t characters = 0;

    for (view.first = view.caret; view.first > 0 && text.at[view.first - 1] != '\n'; view.first--)
        if (!is_inside(text, view.first - 1) && ++characters > SHOWN) {
            view.cut_before = true;
            break;
        }
    characters = 0;
    for (view.last = view.caret; view.last < text.len && text.at[view.last] != '\n'; view.last++)
        if (!is_inside(text, view.last) && ++characters > SHOWN) {
            view.cut_after = true;
            break;
        }
    if (!view.cut_after && view.last > view.caret && text.at[view.last - 1] == '\r')
        view.last--;
    view.caret_end = view.caret + fault->length;
    if (view.caret_end > view.last)
        view.caret_end = view.last;
    return view;
}

static void print_line(const struct view *view, struct out *out)
{
    out_text(out, view->cut_before ? STR("    …") : STR("    "));
    for (size_t at = view->first; at < view->last;) {
        size_t bytes;
        uint32_t code = cel_rune_at(view->text, at, &bytes);
        bool is_control = (code < 0x20 && code != '\t') || (code >= 0x7F && code < 0xA0) ||
                          (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
        if (is_control || (code == CEL_RUNE_BAD && bytes == 1))
            out_text(out, STR("\xEF\xBF\xBD"));
        else
            out_bytes(out, view->text.at + at, bytes);
        at += bytes;
    }
    out_text(out, view->cut_after ? STR("…\n") : STR("\n"));
}

/* Blanks as wide as what stands above them, then the caret and a tail as long as the fault. */
static void print_caret(const struct view *view, struct out *out)
{
    size_t bytes;
    uint32_t marks = 0;

    out_text(out, view->cut_before ? STR("     ") : STR("    "));
    for (size_t at = view->first; at < view->caret; at += bytes) {
        uint32_t code = cel_rune_at(view->text, at, &bytes);
        for (uint32_t i = code == '\t' ? 1 : width_of(code); i > 0; i--)
            out_char(out, code == '\t' ? '\t' : ' ');
    }
    for (size_t at = view->caret; at < view->caret_end; at += bytes)
        for (uint32_t i = width_of(cel_rune_at(view->text, at, &bytes)); i > 0; i--)
            out_char(out, marks++ ? '~' : '^');
    if (marks == 0)
        out_char(out, '^');
    out_char(out, '\n');
}

void cel_faults_print(const struct cel_faults *faults, struct str name, enum cel_language language,
                      struct out *out)
{
    static const char *const more[CEL_LANGUAGES] = { "and %u more\n", "ほかに %u 件あります\n" };
    uint32_t n = faults->count < CEL_FAULTS_MAX ? faults->count : CEL_FAULTS_MAX;
    for (uint32_t i = 0; i < n; i++) {
        const struct cel_fault *fault = &faults->list[i];
        struct view view = view_of(faults->text, fault);
        if (name.at) {
            out_text(out, name);
            out_char(out, ':');
        }
        out_printf(out, "%u:%u: ", fault->line, fault->column);
        out_text(out, fault->what[language]);
        out_char(out, '\n');
        print_line(&view, out);
        print_caret(&view, out);
        if (fault->hint[language].at) {
            out_text(out, STR("    "));
            out_text(out, fault->hint[language]);
            out_char(out, '\n');
        }
    }
    if (faults->count > n)
        out_printf(out, more[language], faults->count - n);
}
