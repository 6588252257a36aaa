/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_text.h"
#include "suite.h"

struct fault {
    const char *text;
    enum diag_code code;
    uint32_t line, column;
};

static void each_is_refused(const struct fault *faults, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct rule_text text;
        rule_text_begin(&text);
        ck_assert_msg(rule_text_add(&text, "x.yaml", str_of(faults[i].text)) == ERR_INPUT,
                      "taken: %s", faults[i].text);
        ck_assert_ptr_null(text.files[0].root);
        rule_text_expect(&text, faults[i].code, faults[i].line, faults[i].column);
        rule_text_free(&text);
    }
}

#define EACH_IS_REFUSED(...)                                        \
    do {                                                            \
        const struct fault faults_[] = { __VA_ARGS__ };             \
        each_is_refused(faults_, sizeof faults_ / sizeof *faults_); \
    } while (0)

static const struct doc_node *read_good(struct rule_text *text, const char *name, const char *yaml)
{
    rule_text_begin(text);
    enum err err = rule_text_add(text, name, str_of(yaml));
    ck_assert_msg(err == OK, "%s", rule_text_told(text));
    return text->files[0].root;
}

START_TEST(makes_a_tree_that_remembers_its_places)
{
    struct rule_text text;
    const struct doc_node *root =
        read_good(&text, "a.yaml", "# 注\nrules:\n  - id: a\n    名前: \"日本 {x}\"\n  - [1, b]\n");

    const struct doc_node *rules = doc_get(root, "rules");
    ck_assert_int_eq(rules->kind, DOC_SEQUENCE);
    ck_assert_uint_eq(rules->n_children, 2);
    const struct doc_node *name = doc_get(rules->first, "名前");
    ck_assert(str_is(name->text, "日本 {x}"));
    ck_assert(name->quoted);
    ck_assert_uint_eq(name->place.line, 4);
    ck_assert_uint_eq(name->place.column, 9);
    ck_assert_uint_eq(name->key_place.column, 5);
    ck_assert_uint_eq(rules->first->next->first->next->place.column, 9);
    rule_text_free(&text);
}
END_TEST

static bool is_of_file(const struct rule_text *text, struct str part)
{
    struct str all = text->files[0].text;
    return part.at >= all.at && part.at + part.len <= all.at + all.len;
}

/* Long texts are not kept twice; what the file says in another way is. */
START_TEST(borrows_the_texts_that_stand_in_the_file_as_they_are)
{
    struct rule_text text;
    const struct doc_node *root = read_good(
        &text, "a.yaml",
        "# 注記 😀\r\n鍵: {a: 値, \"b\": '単語', c: , d: \"x\\ty\"}\r\nfolded: one\r\n  two\r\n"
        "block: |\r\n  三\r\n  四\r\nlast: 終わり # 。\r\n");
    const struct doc_node *key = doc_get(root, "鍵");
    const struct {
        const struct doc_node *node;
        const char *text;
        bool borrowed;
    } texts[] = { { doc_get(key, "a"), "値", true },
                  { doc_get(key, "b"), "単語", true },
                  { doc_get(key, "c"), "", true },
                  { doc_get(key, "d"), "x\ty", false },
                  { doc_get(root, "folded"), "one two", false },
                  { doc_get(root, "block"), "三\n四\n", false },
                  { doc_get(root, "last"), "終わり", true } };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_msg(str_is(texts[i].node->text, texts[i].text), "%s", texts[i].text);
        ck_assert_msg(is_of_file(&text, texts[i].node->text) == texts[i].borrowed, "%s",
                      texts[i].text);
    }
    ck_assert(is_of_file(&text, key->key));
    rule_text_free(&text);
}
END_TEST

START_TEST(reads_json_with_tabs_and_without_blanks)
{
    struct rule_text text;
    const struct doc_node *root =
        read_good(&text, "a.json", "{\n\t\"a\":[1,true],\n\t\"b\":{\"c\":\"x\\/y \\u3042\"}\n}\n");

    ck_assert_uint_eq(doc_get(root, "a")->n_children, 2);
    ck_assert(str_is(doc_get(doc_get(root, "b"), "c")->text, "x/y あ"));
    rule_text_free(&text);
}
END_TEST

START_TEST(takes_an_empty_file_and_one_of_comments_as_nothing)
{
    struct rule_text text;
    ck_assert_ptr_null(read_good(&text, "a.yaml", ""));
    rule_text_free(&text);
    ck_assert_ptr_null(read_good(&text, "a.yaml", "# nothing yet\n---\n"));
    rule_text_free(&text);
}
END_TEST

START_TEST(refuses_bytes_that_hide_something)
{
    EACH_IS_REFUSED({ "\xef\xbb\xbf"
                      "a: 1\n",
                      DIAG_FILE_BOM, 1, 1 },
                    { "a: 1\nb: \x93\xfa\n", DIAG_FILE_UTF8, 2, 4 },
                    { "a: \x01\n", DIAG_FILE_CONTROL, 1, 4 },
                    { "a: \x1b[31m\n", DIAG_FILE_CONTROL, 1, 4 },
                    { "a: 1\rb: 2\n", DIAG_FILE_LINE_BREAK, 1, 5 },
                    { "あ: x\xe2\x80\xa8y\n", DIAG_FILE_LINE_BREAK, 1, 5 },
                    { "a: \xef\xbb\xbf\n", DIAG_FILE_CONTROL, 1, 4 },
                    { "a: \xc2\x80\n", DIAG_FILE_CONTROL, 1, 4 });
}
END_TEST

START_TEST(refuses_a_nul_byte)
{
    struct rule_text text;
    rule_text_begin(&text);
    ck_assert_int_eq(rule_text_add(&text, "x.yaml", (struct str){ "a: 1\n\0", 6 }), ERR_INPUT);
    rule_text_expect(&text, DIAG_FILE_CONTROL, 2, 1);
    rule_text_free(&text);
}
END_TEST

START_TEST(refuses_indentation_by_tabs_and_wide_blanks)
{
    EACH_IS_REFUSED({ "rules:\n\t- id: a\n", DIAG_YAML_TAB, 2, 1 },
                    { "a: [b,\n  \tc]\n", DIAG_YAML_TAB, 2, 3 },
                    { "rules:\n  - id: a\n  　name: b\n", DIAG_YAML_WIDE_SPACE, 3, 3 },
                    { "a: foo\n　b: bar\n", DIAG_YAML_WIDE_SPACE, 2, 1 },
                    { "a:\n  b: foo\n     　続き\n", DIAG_YAML_WIDE_SPACE, 3, 6 },
                    { "a:\n\xc2\xa0 b: 1\n", DIAG_YAML_WIDE_SPACE, 2, 1 });
}
END_TEST

START_TEST(takes_wide_blanks_and_tabs_as_content_of_texts)
{
    struct rule_text text;
    const struct doc_node *root =
        read_good(&text, "a.yaml", "a: |\n  　段落\n  \tx\nb: \"x\n  　y\"\nc: 一　二\n");
    ck_assert(str_is(doc_get(root, "a")->text, "　段落\n\tx\n"));
    ck_assert(str_is(doc_get(root, "c")->text, "一　二"));
    rule_text_free(&text);
}
END_TEST

START_TEST(refuses_full_width_characters_where_structure_is_meant)
{
    EACH_IS_REFUSED({ "- id: a\n  status：active\n  kind: x\n", DIAG_YAML_WIDE_COLON, 2, 9 },
                    { "a:\n  - max：3\n", DIAG_YAML_WIDE_COLON, 2, 8 },
                    { "rank: {priority：80}\n", DIAG_YAML_WIDE_IN_KEY, 1, 16 },
                    { "a: {max３: 1}\n", DIAG_YAML_WIDE_IN_KEY, 1, 8 },
                    { "t: [add_to_cart，cart_view]\n", DIAG_YAML_WIDE_COMMA, 1, 16 },
                    { "t: [add_to_cart、cart_view]\n", DIAG_YAML_WIDE_COMMA, 1, 16 },
                    { "a: ８０\n", DIAG_YAML_WIDE_DIGIT, 1, 4 },
                    { "a: １０％\n", DIAG_YAML_WIDE_DIGIT, 1, 4 },
                    { "a: 7.５d\n", DIAG_YAML_WIDE_DIGIT, 1, 4 });
}
END_TEST

START_TEST(takes_full_width_characters_in_japanese_texts)
{
    struct rule_text text;
    (void) read_good(&text, "a.yaml",
                     "a: {b: 安い，早い、うまい, c: Pro：上位, d: ［期間限定］10％引き, e: "
                     "\"８０\"}\nf: 今だけ：半額\n");
    rule_text_free(&text);
}
END_TEST

START_TEST(refuses_a_thousands_comma)
{
    EACH_IS_REFUSED({ "a: {at_least: 50,000}\n", DIAG_YAML_THOUSANDS, 1, 15 },
                    { "a: {at_least: 1,000,000}\n", DIAG_YAML_THOUSANDS, 1, 15 },
                    { "a: [1, 80,000]\n", DIAG_YAML_THOUSANDS, 1, 8 },
                    { "a: 50,000\n", DIAG_YAML_THOUSANDS, 1, 4 },
                    { "a: 1,234.5\n", DIAG_YAML_THOUSANDS, 1, 4 });
}
END_TEST

START_TEST(takes_commas_that_separate)
{
    struct rule_text text;
    const struct doc_node *root =
        read_good(&text, "a.yaml", "a: [80, 000]\nb: 1,2\nc: 10, 20 or 30\n");
    ck_assert_uint_eq(doc_get(root, "a")->n_children, 2);
    rule_text_free(&text);
}
END_TEST

START_TEST(refuses_yes_and_no_unless_quoted)
{
    EACH_IS_REFUSED({ "a: yes\n", DIAG_YAML_YES_NO, 1, 4 }, { "a: No\n", DIAG_YAML_YES_NO, 1, 4 },
                    { "a: [OFF]\n", DIAG_YAML_YES_NO, 1, 5 },
                    { "on: 1\n", DIAG_YAML_YES_NO, 1, 1 });
    struct rule_text text;
    (void) read_good(&text, "a.yaml", "a: \"no\"\nb: 'yes'\nc: none\nd: No thanks\n");
    rule_text_free(&text);
}
END_TEST

START_TEST(refuses_the_parts_of_yaml_that_surprise)
{
    EACH_IS_REFUSED({ "a: &x 1\n", DIAG_YAML_ANCHOR, 1, 4 }, { "a: *x\n", DIAG_YAML_ALIAS, 1, 4 },
                    { "a: !!str 1\n", DIAG_YAML_TAG, 1, 4 }, { "a: !x [1]\n", DIAG_YAML_TAG, 1, 4 },
                    { "a: {<<: 1}\n", DIAG_YAML_MERGE, 1, 5 },
                    { "a: 1\n---\nb: 2\n", DIAG_YAML_DOCUMENTS, 2, 1 },
                    { "%YAML 1.1\n---\na: 1\n", DIAG_YAML_DIRECTIVE, 1, 1 },
                    { "? [a, b]\n: 1\n", DIAG_YAML_KEY_NOT_TEXT, 1, 3 },
                    { "a: 1\nb: 2\na: 3\n", DIAG_YAML_DUPLICATE_KEY, 3, 1 });
}
END_TEST

START_TEST(finds_a_duplicate_among_very_many_keys)
{
    struct rule_text text;
    struct out yaml;
    out_init(&yaml, NULL, 1 << 20);
    for (int i = 0; i < 50000; i++)
        out_printf(&yaml, "k%d: 1\n", i);
    out_text(&yaml, STR("k77: 2\n"));

    rule_text_begin(&text);
    ck_assert_int_eq(rule_text_add(&text, "x.yaml", out_str(&yaml)), ERR_INPUT);
    rule_text_expect(&text, DIAG_YAML_DUPLICATE_KEY, 50001, 1);
    ck_assert(str_is(text.diags.list[0].args[1], "78"));
    rule_text_free(&text);
    out_deinit(&yaml);
}
END_TEST

START_TEST(says_in_its_own_words_what_the_parser_stumbled_over)
{
    EACH_IS_REFUSED(
        { "m:\n  title: {price_gap} でアップ\n  cta: x\n", DIAG_YAML_PLACEHOLDER, 2, 10 },
        { "ja: {title: {saving} お得, cta: x}\n", DIAG_YAML_PLACEHOLDER, 1, 13 },
        { "title: foo: bar\n", DIAG_YAML_COLON_IN_TEXT, 1, 11 },
        { "rank:\n  priority:80\n  x: 1\n", DIAG_YAML_COLON_SPACE, 2, 11 },
        { "rank: {priority:80}\n", DIAG_YAML_COLON_SPACE, 1, 8 },
        { "a: \"foo\nb: bar\n", DIAG_YAML_QUOTE_OPEN, 1, 4 },
        { "a: {b: 1\nc: 2\n", DIAG_YAML_BRACE_OPEN, 2, 2 },
        { "a: [1, 2\nb: 3\n", DIAG_YAML_BRACKET_OPEN, 2, 2 },
        { "a: @foo\n", DIAG_YAML_BAD_START, 1, 4 }, { "a: \"\\q\"\n", DIAG_YAML_ESCAPE, 1, 5 },
        { "- id: a\n  name: x\n kind: y\n", DIAG_YAML_INDENT, 3, 2 },
        { "a: - b\n", DIAG_YAML_LIST_ITEM, 1, 4 },
        { "a: 1\nfoo\nb: 2\n", DIAG_YAML_NO_COLON, 2, 1 });
}
END_TEST

START_TEST(bounds_depth_at_once)
{
    struct rule_text text;
    char *deep = malloc(100000);
    memset(deep, '[', 100000);

    rule_text_begin(&text);
    ck_assert_int_eq(rule_text_add(&text, "x.yaml", (struct str){ deep, 100000 }), ERR_INPUT);
    rule_text_expect(&text, DIAG_YAML_TOO_DEEP, 1, YAML_DEPTH_MAX + 1);
    rule_text_free(&text);
    free(deep);
}
END_TEST

START_TEST(bounds_size)
{
    struct rule_text text;
    size_t len = YAML_BYTES_MAX + 1;
    char *large = malloc(len);
    memset(large, '#', len);

    rule_text_begin(&text);
    ck_assert_int_eq(rule_text_add(&text, "x.yaml", (struct str){ large, len }), ERR_INPUT);
    rule_text_expect(&text, DIAG_FILE_TOO_LARGE, 1, 1);
    rule_text_free(&text);
    free(large);
}
END_TEST

START_TEST(counts_lines_that_end_in_crlf)
{
    EACH_IS_REFUSED({ "a: 1\r\nb: yes\r\n", DIAG_YAML_YES_NO, 2, 4 });
}
END_TEST

SUITE_MAIN("files/yaml_doc", makes_a_tree_that_remembers_its_places,
           borrows_the_texts_that_stand_in_the_file_as_they_are,
           reads_json_with_tabs_and_without_blanks,
           takes_an_empty_file_and_one_of_comments_as_nothing, refuses_bytes_that_hide_something,
           refuses_a_nul_byte, refuses_indentation_by_tabs_and_wide_blanks,
           takes_wide_blanks_and_tabs_as_content_of_texts,
           refuses_full_width_characters_where_structure_is_meant,
           takes_full_width_characters_in_japanese_texts, refuses_a_thousands_comma,
           takes_commas_that_separate, refuses_yes_and_no_unless_quoted,
           refuses_the_parts_of_yaml_that_surprise, finds_a_duplicate_among_very_many_keys,
           says_in_its_own_words_what_the_parser_stumbled_over, bounds_depth_at_once, bounds_size,
           counts_lines_that_end_in_crlf)
