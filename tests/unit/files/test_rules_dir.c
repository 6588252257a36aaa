/* SPDX-License-Identifier: Apache-2.0 */
#include "files/rules_dir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rule_text.h"
#include "suite.h"

#define GOOD                                                                                  \
    RULE_HEAD                                                                                 \
    "rules:\n- {id: rule-one, name: n, kind: cross_sell, status: active, owner: o, trigger: " \
    "[cart_view],\n   placement: [cart-page], offer: {pick: {skus: [A]}}, rank: {priority: "  \
    "1},"                                                                                     \
    "\n   message: {ja: {title: t, cta: c, decline: d}, en: {title: t, cta: c, decline: "     \
    "d}}}\n"

static char dir[64];

static void begin(void)
{
    (void) snprintf(dir, sizeof dir, "/tmp/offerd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static const char *path_of(const char *name)
{
    static char paths[2][256];
    static int which;
    char *path = paths[which ^= 1];
    (void) snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "wb");
    ck_assert_ptr_nonnull(file);
    (void) fputs(text, file);
    (void) fclose(file);
}

static void remove_tree(const char *path)
{
    DIR *stream = opendir(path);
    for (const struct dirent *entry; stream && (entry = readdir(stream));) {
        char inner[512];
        struct stat st;
        (void) snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (lstat(inner, &st) == 0 && S_ISDIR(st.st_mode))
            remove_tree(inner);
        else
            (void) unlink(inner);
    }
    if (stream)
        closedir(stream);
    (void) rmdir(path);
}

static void end(struct rules_reading *reading)
{
    rules_reading_free(reading);
    remove_tree(dir);
}

START_TEST(reads_rule_files_by_name_and_ignores_what_editors_leave)
{
    static const char *const droppings[] = { ".b.yaml.swp",  ".#b.yaml",  "#b.yaml#",
                                             "b.yaml~",      "4913",      "notes.txt",
                                             ".hidden.yaml", "b.yaml.bak" };
    struct rules_reading *reading = NULL;
    begin();
    for (size_t i = 0; i < sizeof droppings / sizeof *droppings; i++)
        write_text(droppings[i], "not: [yaml");
    write_text("c.json", "{\"groups\": {\"abc\": {\"max\": 1}}}");
    write_text("a.yaml", GOOD);
    write_text("b.yml", "# nothing\n");

    ck_assert_int_eq(rules_dir_read(dir, 0, &reading), OK);
    ck_assert_uint_eq(reading->n_files, 3);
    ck_assert(str_is(reading->files[0].name, "a.yaml"));
    ck_assert(str_is(reading->files[2].name, "c.json"));
    ck_assert(str_is(reading->files[0].path, path_of("a.yaml")));
    ck_assert_uint_eq(ruleset_count(reading->ruleset), 1);
    ck_assert(str_is(ruleset_version(reading->ruleset), reading->version));
    ck_assert_uint_eq(strlen(reading->version), 12);
    end(reading);
}
END_TEST

START_TEST(its_version_changes_with_any_byte_or_name_and_comes_back)
{
    struct rules_reading *first = NULL, *second = NULL, *third = NULL, *fourth = NULL;
    begin();
    write_text("a.yaml", GOOD);
    ck_assert_int_eq(rules_dir_load(dir, &first), OK);
    write_text("a.yaml", GOOD "#");
    ck_assert_int_eq(rules_dir_load(dir, &second), OK);
    write_text("a.yaml", GOOD);
    ck_assert_int_eq(rules_dir_load(dir, &third), OK);
    (void) rename(path_of("a.yaml"), path_of("b.yaml"));
    ck_assert_int_eq(rules_dir_load(dir, &fourth), OK);

    ck_assert_str_ne(first->version, second->version);
    ck_assert_str_eq(first->version, third->version);
    ck_assert_str_ne(first->version, fourth->version);
    rules_reading_free(first);
    rules_reading_free(second);
    rules_reading_free(fourth);
    end(third);
}
END_TEST

START_TEST(follows_links_as_a_config_map_makes_them)
{
    struct rules_reading *reading = NULL;
    begin();
    (void) mkdir(path_of("..2026_11_21"), 0755);
    write_text("..2026_11_21/a.yaml", GOOD);
    ck_assert_int_eq(symlink("..2026_11_21", path_of("..data")), 0);
    ck_assert_int_eq(symlink("..data/a.yaml", path_of("a.yaml")), 0);

    ck_assert_int_eq(rules_dir_read(dir, 0, &reading), OK);
    ck_assert_uint_eq(ruleset_count(reading->ruleset), 1);
    end(reading);
}
END_TEST

START_TEST(one_bad_file_refuses_all_and_is_named)
{
    struct rules_reading *reading = NULL;
    begin();
    write_text("a.yaml", GOOD);
    write_text("b.yaml", "rules: [\n");

    ck_assert_int_eq(rules_dir_read(dir, 0, &reading), ERR_INPUT);
    ck_assert_ptr_null(reading->ruleset);
    ck_assert(str_is(reading->diags.list[0].file->path, path_of("b.yaml")));
    end(reading);
}
END_TEST

START_TEST(says_what_it_cannot_read)
{
    struct rules_reading *reading = NULL;
    begin();
    ck_assert_int_eq(symlink("nowhere", path_of("a.yaml")), 0);
    (void) mkdir(path_of("b.yaml"), 0755);
    ck_assert_int_eq(rules_dir_read(dir, 0, &reading), ERR_INPUT);
    ck_assert_uint_eq(reading->diags.errors, 2);
    ck_assert_int_eq(reading->diags.list[0].code, DIAG_FILE_UNREADABLE);
    rules_reading_free(reading);

    ck_assert_int_eq(rules_dir_read(path_of("none"), 0, &reading), ERR_INPUT);
    ck_assert_int_eq(reading->diags.list[0].code, DIAG_DIR_UNREADABLE);
    ck_assert_uint_eq(reading->diags.list[0].place.line, 1);
    end(reading);
}
END_TEST

START_TEST(warns_of_a_directory_without_rule_files)
{
    struct rules_reading *reading = NULL;
    begin();
    ck_assert_int_eq(rules_dir_read(dir, 0, &reading), OK);
    ck_assert_uint_eq(reading->diags.warnings, 1);
    ck_assert_int_eq(reading->diags.list[0].code, DIAG_NO_RULE_FILES);
    ck_assert_uint_eq(ruleset_count(reading->ruleset), 0);
    end(reading);
}
END_TEST

START_TEST(does_not_read_a_huge_file_to_its_end)
{
    struct rules_reading *reading = NULL;
    begin();
    write_text("a.yaml", "#");
    ck_assert_int_eq(truncate(path_of("a.yaml"), (off_t) 1 << 33), 0); /* sparse */
    ck_assert_int_eq(rules_dir_read(dir, 0, &reading), ERR_INPUT);
    ck_assert_int_eq(reading->diags.list[0].code, DIAG_FILE_TOO_LARGE);
    end(reading);
}
END_TEST

static uint32_t count_entries(const char *path)
{
    uint32_t n = 0;
    DIR *stream = opendir(path);
    while (readdir(stream))
        n++;
    closedir(stream);
    return n - 2;
}

START_TEST(keeps_the_last_good_rules_and_reads_them_again)
{
    struct rules_reading *reading = NULL, *again = NULL;
    struct err_note note;
    begin();
    (void) mkdir(path_of("data"), 0755);
    char data[128];
    (void) snprintf(data, sizeof data, "%s", path_of("data"));
    write_text("a.yaml", GOOD);
    ck_assert_int_eq(rules_dir_read(dir, 0, &reading), OK);
    ck_assert_int_eq(rules_dir_keep(reading, data, &note), OK);
    ck_assert_int_eq(rules_dir_keep(reading, data, &note), OK);

    ck_assert_int_eq(rules_dir_read(path_of("data/" RULES_LAST_GOOD), 0, &again), OK);
    ck_assert_str_eq(again->version, reading->version);
    ck_assert_uint_eq(count_entries(data), 2); /* the link and what it leads to */
    rules_reading_free(again);
    end(reading);
}
END_TEST

START_TEST(keeping_replaces_older_ones_and_what_a_crash_left)
{
    struct rules_reading *reading = NULL, *newer = NULL, *again = NULL;
    begin();
    (void) mkdir(path_of("data"), 0755);
    char data[128];
    (void) snprintf(data, sizeof data, "%s", path_of("data"));
    write_text("a.yaml", GOOD);
    ck_assert_int_eq(rules_dir_read(dir, 0, &reading), OK);
    ck_assert_int_eq(rules_dir_keep(reading, data, NULL), OK);
    (void) mkdir(path_of("data/" RULES_LAST_GOOD ".new"), 0755);
    write_text("data/" RULES_LAST_GOOD ".new/half.yaml", "rules: [");
    ck_assert_int_eq(symlink("x", path_of("data/" RULES_LAST_GOOD ".link")), 0);

    write_text("b.yaml", "groups: {abc: {max: 1}}\n");
    ck_assert_int_eq(rules_dir_read(dir, 0, &newer), OK);
    ck_assert_int_eq(rules_dir_keep(newer, data, NULL), OK);
    ck_assert_int_eq(rules_dir_read(path_of("data/" RULES_LAST_GOOD), 0, &again), OK);
    ck_assert_str_eq(again->version, newer->version);
    ck_assert_uint_eq(count_entries(data), 2);
    rules_reading_free(again);
    rules_reading_free(newer);
    end(reading);
}
END_TEST

START_TEST(says_when_it_cannot_keep)
{
    struct rules_reading *reading = NULL;
    struct err_note note = { "" };
    begin();
    write_text("a.yaml", GOOD);
    ck_assert_int_eq(rules_dir_read(dir, 0, &reading), OK);
    ck_assert_int_eq(rules_dir_keep(reading, path_of("none"), &note), ERR_UNAVAILABLE);
    ck_assert_uint_gt(strlen(note.text), 0);
    end(reading);
}
END_TEST

SUITE_MAIN("files/rules_dir", reads_rule_files_by_name_and_ignores_what_editors_leave,
           its_version_changes_with_any_byte_or_name_and_comes_back,
           follows_links_as_a_config_map_makes_them, one_bad_file_refuses_all_and_is_named,
           says_what_it_cannot_read, warns_of_a_directory_without_rule_files,
           does_not_read_a_huge_file_to_its_end, keeps_the_last_good_rules_and_reads_them_again,
           keeping_replaces_older_ones_and_what_a_crash_left, says_when_it_cannot_keep)
