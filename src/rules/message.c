/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/message.h"

static const char *const names[] = {
#define PLACEHOLDER(id, name) name,
#include "rules/placeholders.inc"
#undef PLACEHOLDER
    NULL,
};

_Static_assert(PLACEHOLDERS <= 32, "message_uses has a bit for each");

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
    struct message_piece *pieces;
    uint32_t n;
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

static void add_literal(struct cutter *cutter, size_t from, size_t to)
{
    if (to > from)
        cutter->pieces[cutter->n++] =
            (struct message_piece){ .text = part(cutter->text, from, to), .placeholder = -1 };
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
            cutter->pieces[cutter->n++] = (struct message_piece){ fallback, i };
            return OK;
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
        add_literal(cutter, *from, *i + 1);
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
    add_literal(cutter, *from, *i);
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
    struct cutter cutter = { .text = text,
                             .pieces =
                                 arena_take_array(arena, struct message_piece, 2 * braces + 1),
                             .ret_at = ret_at,
                             .ret_bad = ret_bad,
                             .note = note };
    if (!self || !cutter.pieces)
        return err_fail(note, ERR_LIMIT, "no room for another message");

    size_t from = 0, i = 0;
    while (i < text.len)
        if (text.at[i] == '{' || text.at[i] == '}')
            TRY(cut_at_brace(&cutter, &from, &i));
        else
            i++;
    add_literal(&cutter, from, text.len);

    *self = (struct message_text){ cutter.pieces, cutter.n };
    *ret_text = self;
    return OK;
}

/* What a piece says; absent when its value is unknown and it has no fallback. */
static struct str piece_text(const struct message_piece *piece, const struct message_values *values)
{
    if (piece->placeholder < 0)
        return piece->text;
    struct str value = values->values[piece->placeholder];
    return value.at ? value : piece->text;
}

bool message_render(const struct message_text *text, const struct message_values *values,
                    struct out *out)
{
    for (uint32_t i = 0; i < text->n_pieces; i++)
        if (!piece_text(&text->pieces[i], values).at)
            return false;
    for (uint32_t i = 0; i < text->n_pieces; i++)
        out_json_escaped(out, piece_text(&text->pieces[i], values));
    return true;
}

uint32_t message_uses(const struct message_text *text)
{
    uint32_t uses = 0;
    for (uint32_t i = 0; i < text->n_pieces; i++)
        if (text->pieces[i].placeholder >= 0)
            uses |= 1u << text->pieces[i].placeholder;
    return uses;
}
