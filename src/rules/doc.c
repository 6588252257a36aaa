/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/doc.h"

#include <string.h>

const struct doc_node *doc_get(const struct doc_node *mapping, const char *key)
{
    if (!mapping || mapping->kind != DOC_MAPPING)
        return NULL;
    const struct str wanted = str_of(key);
    for (const struct doc_node *node = mapping->first; node; node = node->next)
        if (str_eq(node->key, wanted))
            return node;
    return NULL;
}

const char *doc_kind_name(const struct doc_node *node)
{
    static const char *const names[] = { "text", "a list", "a mapping" };
    return node ? names[node->kind] : "nothing";
}

/* Bytes 10xxxxxx continue a character; every other byte begins one. */
static bool begins_character(char c)
{
    return ((unsigned char) c & 0xc0) != 0x80;
}

struct str doc_line(const struct doc_file *file, uint32_t line)
{
    const char *at = file->text.at, *end = at ? at + file->text.len : NULL;
    for (uint32_t n = 1; at && n < line; n++) {
        const char *feed = memchr(at, '\n', (size_t) (end - at));
        at = feed ? feed + 1 : NULL;
    }
    if (!at)
        return STR("");
    const char *feed = memchr(at, '\n', (size_t) (end - at));
    size_t len = (size_t) ((feed ? feed : end) - at);
    if (len && at[len - 1] == '\r')
        len--;
    return (struct str){ at, len };
}

struct doc_place doc_place_of(const struct doc_file *file, size_t offset)
{
    struct doc_place place = { 1, 1 };
    if (offset > file->text.len)
        offset = file->text.len;
    for (size_t i = 0; i < offset; i++) {
        if (file->text.at[i] == '\n')
            place = (struct doc_place){ place.line + 1, 1 };
        else if (begins_character(file->text.at[i]))
            place.column++;
    }
    /* In the middle of a character: that character's own column. */
    bool inside = offset > 0 && offset < file->text.len &&
                  !begins_character(file->text.at[offset]) &&
                  (unsigned char) file->text.at[offset - 1] >= 0x80;
    if (inside && place.column > 1)
        place.column--;
    return place;
}

size_t doc_offset_of(const struct doc_file *file, struct doc_place place)
{
    struct str line = doc_line(file, place.line);
    if (!file->text.at || line.at < file->text.at || line.at > file->text.at + file->text.len)
        return file->text.len;
    size_t i = 0;
    for (uint32_t column = 1; i < line.len && column < place.column; column++)
        do
            i++;
        while (i < line.len && !begins_character(line.at[i]));
    return (size_t) (line.at - file->text.at) + i;
}

struct doc_place doc_place_in(const struct doc_file *file, const struct doc_node *scalar,
                              size_t offset, struct str part)
{
    if (part.len == 0 || offset > scalar->text.len)
        return scalar->place;

    /* The part may occur before @offset too: count, then find that one in the file. */
    size_t nth = 0;
    for (size_t i = 0; i < offset; i++)
        nth += str_starts_with((struct str){ scalar->text.at + i, scalar->text.len - i }, part);

    size_t from = doc_offset_of(file, scalar->place);
    size_t last = from + 4 * scalar->text.len + 1024; /* escapes and indentation */
    for (size_t i = from; i < file->text.len && i < last; i++) {
        if (!str_starts_with((struct str){ file->text.at + i, file->text.len - i }, part))
            continue;
        if (nth-- == 0)
            return doc_place_of(file, i);
    }
    return scalar->place;
}
