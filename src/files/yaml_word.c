/* SPDX-License-Identifier: Apache-2.0 */
#include "files/yaml_source.h"

/*
 * Full-width characters that are typed for an ASCII one; Unicode has them in its order from U+FF01.
 */
static char ascii_of_wide(struct str rest, size_t *ret_len)
{
    const unsigned char *at = (const unsigned char *) rest.at;
    *ret_len = 3;
    if (str_starts_with(rest, STR("\xe3\x80\x80")))
        return ' ';
    if (str_starts_with(rest, STR("\xe3\x80\x81")))
        return ',';
    if (rest.len >= 3 && at[0] == 0xef && at[1] == 0xbc && at[2] >= 0x81 && at[2] <= 0xbf)
        return (char) ('!' + (at[2] - 0x81));
    if (rest.len >= 3 && at[0] == 0xef && at[1] == 0xbd && at[2] >= 0x80 && at[2] <= 0x9e)
        return (char) ('`' + (at[2] - 0x80));
    *ret_len = 1;
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_' || c == '.';
}

static bool is_word_char(char c)
{
    return is_letter(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '%';
}

static struct doc_place at_offset(const struct yaml_word *word, size_t offset)
{
    struct doc_place place = word->place;
    for (size_t i = 0; i < offset; i++)
        place.column += ((unsigned char) word->text.at[i] & 0xc0) != 0x80;
    return place;
}

static void add(struct yaml_source *source, struct doc_place place, enum diag_code code,
                struct str arg0, struct str arg1)
{
    diag_add(source->diags, source->file, place, code, arg0, arg1, (struct str){ 0 });
}

/* A key is ASCII words; full-width punctuation or digits in it were meant as structure. */
static bool wide_in_key(struct yaml_source *source, const struct yaml_word *word)
{
    for (size_t i = 0, len; i < word->text.len; i += len) {
        char meant = ascii_of_wide((struct str){ word->text.at + i, word->text.len - i }, &len);
        bool indentation = i == 0 && meant == ' ' && !word->in_flow; /* reported as such */
        if (!meant || indentation)
            continue;
        add(source, at_offset(word, i), DIAG_YAML_WIDE_IN_KEY,
            (struct str){ word->text.at + i, len }, (struct str){ &meant, 1 });
        return true;
    }
    return false;
}

/* "８０", "１０％", "７d": digits and what goes with them, at least one of them full-width. */
static bool wide_digits(struct yaml_source *source, const struct yaml_word *word)
{
    char meant[32];
    size_t n = 0;
    bool any_digit = false, any_wide = false;
    for (size_t i = 0, len; i < word->text.len; i += len) {
        char wide = ascii_of_wide((struct str){ word->text.at + i, word->text.len - i }, &len);
        char c = wide ? wide : word->text.at[i];
        bool fits = is_digit(c) || c == '.' || c == ',' || c == '%' || c == '-' || c == ':' ||
                    c == 'd' || c == 'h' || c == 'm' || c == 's' || c == 'T';
        if (!fits || n == sizeof meant)
            return false;
        any_digit |= is_digit(c);
        any_wide |= wide != 0;
        if (c != ',')
            meant[n++] = c;
    }
    if (!any_digit || !any_wide)
        return false;
    add(source, word->place, DIAG_YAML_WIDE_DIGIT, word->text, (struct str){ meant, n });
    return true;
}

/* "cart.total：5000": a word of the language, then a full-width colon. */
static bool wide_colon(struct yaml_source *source, const struct yaml_word *word)
{
    size_t i = 0, len;
    while (i < word->text.len && is_letter(word->text.at[i]))
        i++;
    if (i == 0 || ascii_of_wide((struct str){ word->text.at + i, word->text.len - i }, &len) != ':')
        return false;
    add(source, at_offset(word, i), DIAG_YAML_WIDE_COLON, (struct str){ 0 }, (struct str){ 0 });
    return true;
}

/* "[add_to_cart，cart_view]": between two ASCII words, so it is no Japanese sentence. */
static bool wide_comma(struct yaml_source *source, const struct yaml_word *word)
{
    if (!word->in_flow)
        return false;
    for (size_t i = 0, len; i < word->text.len; i += len) {
        struct str rest = { word->text.at + i, word->text.len - i };
        size_t after = i;
        if (ascii_of_wide(rest, &len) != ',' || i == 0 || !is_word_char(word->text.at[i - 1]))
            continue;
        after += len;
        while (after < word->text.len && word->text.at[after] == ' ')
            after++;
        if (after < word->text.len && !is_word_char(word->text.at[after]))
            continue;
        add(source, at_offset(word, i), DIAG_YAML_WIDE_COMMA, (struct str){ rest.at, len },
            (struct str){ 0 });
        return true;
    }
    return false;
}

static bool is_yes_no(struct str text)
{
    static const char *const words[] = { "yes", "no", "on", "off" };
    char small[4];
    if (text.len < 2 || text.len > 3)
        return false;
    for (size_t i = 0; i < text.len; i++)
        small[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? (char) (text.at[i] + 32) : text.at[i];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is((struct str){ small, text.len }, words[i]))
            return true;
    return false;
}

/* "50,000" outside a flow, where the comma is part of the word: after each comma three digits. */
static bool thousands(struct yaml_source *source, const struct yaml_word *word)
{
    char meant[32], last = 0;
    size_t n = 0, group = 0;
    bool comma = false;
    for (size_t i = 0; i <= word->text.len; i++) {
        char c = i < word->text.len ? word->text.at[i] : '%';
        if (!is_digit(c) && c != ',' && c != '.' && c != '%')
            return false;
        if (!is_digit(c) && (group == 0 ? last != '%' : last == ',' && group != 3))
            return false;
        if (!is_digit(c))
            last = c;
        group = is_digit(c) ? group + 1 : 0;
        comma |= c == ',';
        if (i < word->text.len && c != ',') {
            if (n == sizeof meant)
                return false;
            meant[n++] = c;
        }
    }
    if (comma)
        add(source, word->place, DIAG_YAML_THOUSANDS, word->text, (struct str){ meant, n });
    return comma;
}

static bool is_ascii(struct str text)
{
    unsigned char all = 0;
    for (size_t i = 0; i < text.len; i++)
        all |= (unsigned char) text.at[i];
    return all < 0x80;
}

void yaml_word_check(struct yaml_source *source, const struct yaml_word *word)
{
    if (!word->plain || word->text.len == 0)
        return;
    if (is_yes_no(word->text)) {
        add(source, word->place, DIAG_YAML_YES_NO, word->text, (struct str){ 0 });
        return;
    }
    bool ascii = is_ascii(word->text);
    if (word->key) {
        if (str_is(word->text, "<<"))
            add(source, word->place, DIAG_YAML_MERGE, (struct str){ 0 }, (struct str){ 0 });
        else if (!ascii)
            (void) wide_in_key(source, word);
        return;
    }
    if (!ascii &&
        (wide_digits(source, word) || wide_colon(source, word) || wide_comma(source, word)))
        return;
    (void) thousands(source, word);
}

static bool all_digits(struct str text, size_t min, size_t max)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_digit(text.at[i]))
            return false;
    return text.len >= min && text.len <= max;
}

bool yaml_is_thousands(struct str before, struct str after)
{
    return all_digits(before, 1, 3) && all_digits(after, 3, 3);
}

void yaml_thousands(struct yaml_source *source, struct doc_place place, struct str before,
                    struct str after)
{
    char written[8], meant[8];
    struct out w = { .at = written, .cap = sizeof written },
               m = { .at = meant, .cap = sizeof meant };
    out_text(&w, before);
    out_char(&w, ',');
    out_text(&w, after);
    out_text(&m, before);
    out_text(&m, after);
    add(source, place, DIAG_YAML_THOUSANDS, out_str(&w), out_str(&m));
}
