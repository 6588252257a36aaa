/* SPDX-License-Identifier: Apache-2.0 */
#include "files/yaml_docs.h"

#include <stdlib.h>

#include "suite.h"

/* Together enough text that threads are asked for: files of little but a long comment. */
enum { FILES = 40, FILE_BYTES = 1 << 20, NO_TEXT = 11 };

struct pile {
    struct arena *arena;
    struct doc_file files[FILES];
    struct arena *trees[FILES];
    struct diags diags;
};

static bool is_at_fault(uint32_t i)
{
    return i == 3 || i == 7 || i == 8 || i == FILES - 1;
}

static void pile_begin(struct pile *pile)
{
    *pile = (struct pile){ .arena = arena_new(1 << 20, SIZE_MAX) };
    diags_init(&pile->diags, pile->arena);
    for (uint32_t i = 0; i < FILES; i++) {
        struct out text;
        out_init(&text, pile->arena, FILE_BYTES + 256);
        out_printf(&text, "number: %u\n%s#", i, is_at_fault(i) ? "twice: 1\ntwice: 2\n" : "");
        while (text.len < FILE_BYTES)
            out_text(&text, STR(" a comment that goes on and on"));
        out_printf(&text, "\nlast: [x, y%u]\n", i);
        pile->files[i] = (struct doc_file){ .name = STR("a.yaml"), .text = out_str(&text) };
    }
    pile->files[NO_TEXT].text = (struct str){ 0 };
}

static void pile_end(struct pile *pile)
{
    for (uint32_t i = 0; i < FILES; i++)
        arena_free(pile->trees[i]);
    arena_free(pile->arena);
}

START_TEST(a_large_directory_comes_out_as_if_read_file_by_file)
{
    struct pile pile;
    pile_begin(&pile);

    ck_assert_int_eq(yaml_docs_read(pile.files, FILES, SIZE_MAX, pile.trees, &pile.diags), OK);

    for (uint32_t i = 0; i < FILES; i++) {
        const struct doc_node *number = doc_get(pile.files[i].root, "number");
        int64_t said = -1;
        ck_assert_msg((number != NULL) == (i != NO_TEXT && !is_at_fault(i)), "file %u", i);
        ck_assert(!number || (str_to_int64(number->text, &said) && said == i));
        ck_assert(!number || doc_get(pile.files[i].root, "last")->n_children == 2);
    }
    const uint32_t told[] = { 3, 7, 8, FILES - 1 };
    ck_assert_uint_eq(pile.diags.errors, 4);
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert_int_eq(pile.diags.list[i].code, DIAG_YAML_DUPLICATE_KEY);
        ck_assert_ptr_eq(pile.diags.list[i].file, &pile.files[told[i]]);
    }
    pile_end(&pile);
}
END_TEST

START_TEST(the_trees_of_all_files_share_one_limit)
{
    struct pile pile;
    pile_begin(&pile);
    ck_assert_int_eq(yaml_docs_read(pile.files, FILES, 64 << 10, pile.trees, &pile.diags),
                     ERR_LIMIT);
    pile_end(&pile);
}
END_TEST

SUITE_MAIN("files/yaml_docs", a_large_directory_comes_out_as_if_read_file_by_file,
           the_trees_of_all_files_share_one_limit)
