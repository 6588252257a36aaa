/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/message.h"

#include "base/json_text.h"

static const char *const names[] = {
#define PLACEHOLDER(id, name) name,
#include "rules/placeholders.inc"
#undef PLACEHOLDER
    NULL,
};

_Static_assert(PLACEHOLDERS <= 32, "message_text has a bit for each");

const char *const *message_placeholder_names(void)
{
    return names;
}

static struct str trim(struct str s)
{
    while (s.len > 0 && s.at[0] == ' ')
        s.at++, s.len--;
    while (s.len > 0 && s.at[s.len - 1] == ' ')
        s.len--;
    return s;
}

static struct str part(struct str s, size_t from, size_t to)
{
    return (struct str){ s.at + from, to - from };
}

/* One message being cut; faults leave through ret_at and ret_bad. */
struct cutter {
    struct str text;
    struct arena *arena;
    struct message_text made;
    struct message_piece *pieces; /* made's */
    size_t *ret_at;
    struct str *ret_bad;
    struct err_note *note;
};

static enum err fault(struct cutter *cutter, size_t at, struct str bad, const char *what)
{
    *cutter->ret_at = at;
    *cutter->ret_bad = bad;
    return err_fail(cutter->note, ERR_INPUT, "%s", what);
}

/* A piece of the text; a fallback may be absent. */
static enum err add_piece(struct cutter *cutter, struct str text, int placeholder)
{
    struct str escaped = json_escaped(cutter->arena, text);
    if (text.at && !escaped.at)
        return err_fail(cutter->note, ERR_LIMIT, "no room for another message");
    cutter->pieces[cutter->made.n_pieces++] = (struct message_piece){ escaped, placeholder };
    return OK;
}

static enum err add_literal(struct cutter *cutter, size_t from, size_t to)
{
    return to > from ? add_piece(cutter, part(cutter->text, from, to), -1) : OK;
}

/* @inside is what stands between the braces. */
static enum err add_placeholder(struct cutter *cutter, struct str inside)
{
    struct str name = inside, fallback = { 0 };

    for (size_t i = 0; i + 1 < inside.len; i++)
        if (inside.at[i] == '?' && inside.at[i + 1] == '?') {
            name = part(inside, 0, i);
            fallback = trim(part(inside, i + 2, inside.len));
            break;
        }
    name = trim(name);
    for (int i = 0; names[i]; i++)
        if (str_is(name, names[i])) {
            cutter->made.uses |= 1u << i;
            cutter->made.needs |= fallback.at ? 0 : 1u << i;
            return add_piece(cutter, fallback, i);
        }
    return fault(cutter, (size_t) (name.at - cutter->text.at), name,
                 "there is no placeholder of that name");
}

/* *from: where the text after the last piece begins; *i: at a brace, then past what it opened. */
static enum err cut_at_brace(struct cutter *cutter, size_t *from, size_t *i)
{
    struct str text = cutter->text;
    char brace = text.at[*i];

    if (*i + 1 < text.len && text.at[*i + 1] == brace) {
        TRY(add_literal(cutter, *from, *i + 1));
        *from = *i += 2;
        return OK;
    }
    if (brace == '}')
        return fault(cutter, *i, (struct str){ 0 },
                     "a '}' that closes nothing; write '}}' for a brace");

    size_t close = *i + 1;
    while (close < text.len && text.at[close] != '}' && text.at[close] != '{')
        close++;
    if (close == text.len || text.at[close] == '{')
        return fault(cutter, *i, (struct str){ 0 },
                     "a '{' that is not closed; write '{{' for a brace");
    TRY(add_literal(cutter, *from, *i));
    TRY(add_placeholder(cutter, part(text, *i + 1, close)));
    *from = *i = close + 1;
    return OK;
}

enum err message_compile(struct str text, struct arena *arena, const struct message_text **ret_text,
                         size_t *ret_at, struct str *ret_bad, struct err_note *note)
{
    size_t braces = 0;
    for (size_t i = 0; i < text.len; i++)
        braces += text.at[i] == '{' || text.at[i] == '}';

    struct message_text *self = arena_take(arena, sizeof *self);
    struct message_piece *pieces = arena_take_array(arena, struct message_piece, 2 * braces + 1);
    if (!self || !pieces)
        return err_fail(note, ERR_LIMIT, "no room for another message");

    struct cutter cutter = { .text = text,
                             .arena = arena,
                             .made.pieces = pieces,
                             .pieces = pieces,
                             .ret_at = ret_at,
                             .ret_bad = ret_bad,
                             .note = note };
    size_t from = 0, i = 0;
    while (i < text.len)
        if (text.at[i] == '{' || text.at[i] == '}')
            TRY(cut_at_brace(&cutter, &from, &i));
        else
            i++;
    TRY(add_literal(&cutter, from, text.len));

    *self = cutter.made;
    *ret_text = self;
    return OK;
}

void message_render(const struct message_text *text, const struct message_values *values,
                    struct out *out)
{
    for (uint32_t i = 0; i < text->n_pieces; i++) {
        const struct message_piece *piece = &text->pieces[i];
        bool known = piece->placeholder >= 0 && values->values[piece->placeholder].at;
        out_text(out, known ? values->values[piece->placeholder] : piece->text);
    }
}
