/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/doc.h"
#include "suite.h"

static const struct doc_file file = { .text = { "one\nあい{x}う{x}\r\n\nlast", 26 } };

START_TEST(finds_lines_without_their_line_breaks)
{
    ck_assert(str_is(doc_line(&file, 1), "one"));
    ck_assert(str_is(doc_line(&file, 2), "あい{x}う{x}"));
    ck_assert(str_is(doc_line(&file, 3), ""));
    ck_assert(str_is(doc_line(&file, 4), "last"));
    ck_assert(str_is(doc_line(&file, 5), ""));
}
END_TEST

START_TEST(counts_columns_in_characters)
{
    struct doc_place place =
        doc_place_of(&file, 4 + 6); /* the brace behind two characters of 3 bytes */
    ck_assert_uint_eq(place.line, 2);
    ck_assert_uint_eq(place.column, 3);
    place = doc_place_of(&file, 4 + 4); /* inside the second character */
    ck_assert_uint_eq(place.column, 2);
    place = doc_place_of(&file, 1000);
    ck_assert_uint_eq(place.line, 4);
    ck_assert_uint_eq(place.column, 5);
}
END_TEST

START_TEST(turns_places_back_into_offsets)
{
    for (size_t offset = 0; offset < file.text.len; offset++) {
        unsigned char c = (unsigned char) file.text.at[offset];
        if ((c & 0xc0) == 0x80 || c == '\n' || c == '\r')
            continue;
        ck_assert_uint_eq(doc_offset_of(&file, doc_place_of(&file, offset)), offset);
    }
    ck_assert_uint_eq(doc_offset_of(&file, (struct doc_place){ 1, 99 }), 3);
}
END_TEST

START_TEST(finds_the_second_of_two_parts_of_a_scalar)
{
    const struct doc_node scalar = { .text = STR("あい{x}う{x}"), .place = { 2, 1 } };
    struct doc_place first = doc_place_in(&file, &scalar, 6, STR("{x}"));
    struct doc_place second = doc_place_in(&file, &scalar, 12, STR("{x}"));
    ck_assert_uint_eq(first.column, 3);
    ck_assert_uint_eq(second.column, 7);
}
END_TEST

START_TEST(gives_the_scalar_when_the_part_is_written_otherwise)
{
    const struct doc_node scalar = { .text = STR("y{y}"), .place = { 2, 1 } };
    struct doc_place place = doc_place_in(&file, &scalar, 1, STR("{y}"));
    ck_assert_uint_eq(place.line, 2);
    ck_assert_uint_eq(place.column, 1);
}
END_TEST

START_TEST(gets_members_of_mappings_only)
{
    struct doc_node b = { .key = STR("b") }, a = { .key = STR("a"), .next = &b };
    const struct doc_node mapping = { .kind = DOC_MAPPING, .first = &a, .n_children = 2 };
    const struct doc_node list = { .kind = DOC_SEQUENCE, .first = &a, .n_children = 2 };
    ck_assert_ptr_eq(doc_get(&mapping, "b"), &b);
    ck_assert_ptr_null(doc_get(&mapping, "c"));
    ck_assert_ptr_null(doc_get(&list, "a"));
    ck_assert_ptr_null(doc_get(NULL, "a"));
}
END_TEST

SUITE_MAIN("rules/doc", finds_lines_without_their_line_breaks, counts_columns_in_characters,
           turns_places_back_into_offsets, finds_the_second_of_two_parts_of_a_scalar,
           gives_the_scalar_when_the_part_is_written_otherwise, gets_members_of_mappings_only)
