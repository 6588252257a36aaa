/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demo shop's rule files, broken at random in 2,000 ways: bytes flipped, the end cut off,
 * lines swapped, left out or written twice. A file is either taken, or refused with places.
 * And the fuzzer's corpus, whose files are named by what is to become of them.
 */
#include <stdlib.h>

#include "files/rules_dir.h"
#include "rule_text.h"
#include "suite.h"

enum { MUTATIONS = 2000, FILES_MAX = 64 };

static uint64_t chance_state = 20261121;

static uint32_t chance(uint32_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (uint32_t) (chance_state >> 32) % below;
}

struct shop {
    struct doc_file files[FILES_MAX]; /* with their trees */
    uint32_t n;
    struct arena *arena;
};

static void load_shop(struct shop *shop)
{
    const char *root = getenv("SOURCE_ROOT");
    struct rules_reading *reading;
    char path[1024];
    (void) snprintf(path, sizeof path, "%s/config/rules", root ? root : ".");
    ck_assert_int_eq(rules_dir_load(path, &reading), OK);
    ck_assert_uint_gt(reading->n_files, 5);

    *shop = (struct shop){ .arena = reading->arena };
    for (uint32_t i = 0; i < reading->n_files && i < FILES_MAX; i++) {
        shop->files[shop->n] = reading->files[i];
        ck_assert_int_eq(yaml_doc_read(&shop->files[shop->n++], shop->arena, &reading->diags), OK);
    }
    free(reading); /* its arena lives on */
}

/* Where line @n begins, counting from 0. */
static size_t line_at(const char *text, size_t len, uint32_t n)
{
    size_t at = 0;
    while (n-- && at < len) {
        const char *feed = memchr(text + at, '\n', len - at);
        at = feed ? (size_t) (feed + 1 - text) : len;
    }
    return at;
}

static uint32_t count_lines(const char *text, size_t len)
{
    uint32_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    return n;
}

/* One line written in place of another, beside it, or not at all. */
static struct str move_lines(struct str text, char *to)
{
    uint32_t n = count_lines(text.at, text.len), a = chance(n), b = chance(n), how = chance(3);
    size_t a0 = line_at(text.at, text.len, a), a1 = line_at(text.at, text.len, a + 1);
    size_t len = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = how == 0 && i == a ? b : how == 0 && i == b ? a : i;
        size_t begin = line_at(text.at, text.len, from), end = line_at(text.at, text.len, from + 1);
        if (how == 1 && i == a)
            continue;
        memcpy(to + len, text.at + begin, end - begin);
        len += end - begin;
        if (how == 2 && i == b) {
            memcpy(to + len, text.at + a0, a1 - a0);
            len += a1 - a0;
        }
    }
    return (struct str){ to, len };
}

/* A broken copy of @text in @to, which has twice the room. */
static struct str mutate(struct str text, char *to)
{
    static const char likely[] = "{}[]:,\"' \t\n\r#&*!|>%@`0-\\\0\x80\xe3\xff";
    size_t len = text.len;
    uint32_t how = chance(4);

    if (how == 0)
        return move_lines(text, to);
    memcpy(to, text.at, len);
    if (how == 1)
        return (struct str){ to, chance((uint32_t) len) };
    for (uint32_t flips = 1 + chance(8); flips > 0; flips--) {
        char *at = &to[chance((uint32_t) len)];
        *at = how == 2 ? (char) (*at ^ (1 << chance(8))) : likely[chance(sizeof likely - 1)];
    }
    return (struct str){ to, len };
}

static void check_refusal(struct rule_text *text, const char *what)
{
    ck_assert_msg(text->diags.errors > 0, "%s: refused without an error", what);
    ck_assert_uint_gt(text->diags.count, 0);
    ck_assert_ptr_null(text->ruleset);
    for (uint32_t i = 0; i < text->diags.count; i++) {
        const struct diag *diag = &text->diags.list[i];
        ck_assert_ptr_nonnull(diag->file);
        ck_assert_uint_gt(diag->file->name.len, 0);
        ck_assert_uint_ge(diag->place.line, 1);
        ck_assert_uint_ge(diag->place.column, 1);
    }
    (void) rule_text_told(text);
}

START_TEST(a_broken_file_is_refused_with_places_or_taken_whole)
{
    struct ruleset_settings settings = { .zone = rule_text_zone, .version = STR("0123456789ab") };
    struct shop shop;
    uint32_t refused = 0, taken = 0;
    load_shop(&shop);

    for (int i = 0; i < MUTATIONS; i++) {
        uint32_t which = chance(shop.n);
        struct doc_file whole = shop.files[which];
        char *room = malloc(whole.text.len * 2 + 1);
        struct rule_text text;
        rule_text_begin(&text);
        struct str broken = mutate(whole.text, room);
        enum err err = rule_text_add(&text, "broken.yaml", broken);
        if (err == OK) {
            shop.files[which] = text.files[0];
            err = ruleset_read(shop.files, shop.n, &settings, &text.diags, &text.ruleset);
            shop.files[which] = whole;
        }
        ck_assert(err == OK || err == ERR_INPUT);
        if (err == OK)
            ck_assert_ptr_nonnull(text.ruleset);
        else
            check_refusal(&text, "broken.yaml");
        refused += err != OK;
        taken += err == OK;
        rule_text_free(&text);
        free(room);
    }
    printf("# of %d broken files %u refused, %u harmless\n", MUTATIONS, refused, taken);
    ck_assert_uint_gt(refused, MUTATIONS / 2);
    ck_assert_uint_gt(taken, 0);
    arena_free(shop.arena);
}
END_TEST

START_TEST(the_corpus_is_taken_and_refused_as_its_names_say)
{
    const char *root = getenv("SOURCE_ROOT");
    struct rules_reading *corpus;
    char path[1024];
    (void) snprintf(path, sizeof path, "%s/tests/fuzz/corpus/rule_file", root ? root : ".");
    ck_assert_int_eq(rules_dir_load(path, &corpus), OK);
    ck_assert_uint_gt(corpus->n_files, 50);

    for (uint32_t i = 0; i < corpus->n_files; i++) {
        const struct doc_file *file = &corpus->files[i];
        bool accept = str_starts_with(file->name, STR("accept_"));
        struct rule_text text;
        rule_text_begin(&text);
        if (accept || str_starts_with(file->name, STR("reject_"))) {
            (void) rule_text_add(&text, file->name.at, file->text);
            rule_text_read(&text, 0);
            ck_assert_msg((text.err == OK) == accept, "%s: %s", file->name.at,
                          rule_text_told(&text));
        }
        rule_text_free(&text);
    }
    rules_reading_free(corpus);
}
END_TEST

SUITE_MAIN("files/rule_mutations", the_corpus_is_taken_and_refused_as_its_names_say,
           a_broken_file_is_refused_with_places_or_taken_whole)
