/* SPDX-License-Identifier: Apache-2.0 */
#include "model/trained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "model/trained_format.h"
#include "suite.h"

enum { SKUS = 4 };
static const struct str skus[SKUS] = { STR("tea"), STR("カップ"), STR("a-very-long-name-of-a-SKU"),
                                       STR("x") };
static const float popularity[SKUS] = { 3, 2.5F, 0, 1 };
static const float dense[SKUS * SKUS] = { 0,   .5F, -.25F, .1F, .4F, 0, 0,  -.3F,
                                          .2F, 0,   0,     .7F, 1,   0, -1, 0 };
static const uint64_t first[SKUS + 1] = { 0, 2, 3, 3, 4 };
static const struct trained_edge edges[] = { { 1, .5F }, { 2, -.25F }, { 0, .4F }, { 0, 1 } };

static struct trained_parts parts_of(enum trained_form form)
{
    return (struct trained_parts){
        .facts = { .form = form,
                   .n_skus = SKUS,
                   .top = 2,
                   .n_orders = 9,
                   .n_lines = 20,
                   .position = 77,
                   .first_us = 5,
                   .last_us = 6,
                   .trained_us = 7,
                   .parameters = { .half_life_days = 90,
                                   .size_power = .5F,
                                   .ridge = 3,
                                   .support = 50,
                                   .history_weight = .2F,
                                   .recent_weight = .1F },
                   .figures = { .cases = 100, .hit10 = .25F, .mrr20 = .125F } },
        .skus = skus,
        .popularity = popularity,
        .weights = dense,
        .first = first,
        .edges = edges,
    };
}

static void write_it(enum trained_form form, struct out *file)
{
    struct trained_parts parts = parts_of(form);
    out_init(file, NULL, 0);
    ck_assert_int_eq(trained_write(&parts, file), OK);
}

static enum err open_it(const struct out *file, struct trained **ret_trained)
{
    return trained_open(out_str(file), NULL, NULL, ret_trained, NULL);
}

/* Makes size and checksum right again, as one who forges a file would. */
static void reseal(struct out *file)
{
    struct trained_head *head = (struct trained_head *) (void *) file->at;
    head->total_bytes = file->len;
    head->checksum = XXH64(file->at + TRAINED_SUMMED_FROM, file->len - TRAINED_SUMMED_FROM, 0);
}

static void check_refused(struct out *file)
{
    struct trained *trained = NULL;
    reseal(file);
    ck_assert_int_eq(open_it(file, &trained), ERR_CORRUPT);
    ck_assert_ptr_null(trained);
}

static void *in_section(struct out *file, enum trained_section section)
{
    struct trained_head *head = (struct trained_head *) (void *) file->at;
    return file->at + head->sections[section].at;
}

START_TEST(what_is_written_is_read_back)
{
    struct out file;
    AUTO(trained_unref) struct trained *trained = NULL;
    write_it(TRAINED_DENSE, &file);
    ck_assert_int_eq(open_it(&file, &trained), OK);

    struct trained_facts expected = parts_of(TRAINED_DENSE).facts;
    const struct trained_facts *facts = trained_facts(trained);
    ck_assert_uint_eq(facts->n_orders, expected.n_orders);
    ck_assert_uint_eq(facts->position, expected.position);
    ck_assert_int_eq(facts->trained_us, expected.trained_us);
    ck_assert_mem_eq(&facts->parameters, &expected.parameters, sizeof expected.parameters);
    ck_assert_mem_eq(&facts->figures, &expected.figures, sizeof expected.figures);
    for (uint32_t i = 0; i < SKUS; i++) {
        ck_assert(str_eq(trained_sku(trained, i), skus[i]));
        ck_assert(trained_popularity(trained, i) == popularity[i]);
        ck_assert_mem_eq(trained_row(trained, i), dense + (size_t) i * SKUS, SKUS * sizeof *dense);
    }
    uint32_t n = 99;
    ck_assert_ptr_null(trained_edges(trained, 0, &n));
    trained = trained_unref(trained);
    out_deinit(&file);
}
END_TEST

START_TEST(lists_are_read_back)
{
    struct out file;
    AUTO(trained_unref) struct trained *trained = NULL;
    write_it(TRAINED_LISTS, &file);
    ck_assert_int_eq(open_it(&file, &trained), OK);

    ck_assert_ptr_null(trained_row(trained, 0));
    for (uint32_t i = 0; i < SKUS; i++) {
        uint32_t n = 99;
        const struct trained_edge *list = trained_edges(trained, i, &n);
        ck_assert_uint_eq(n, first[i + 1] - first[i]);
        ck_assert_mem_eq(list, edges + first[i], n * sizeof *edges);
    }
    trained = trained_unref(trained);
    out_deinit(&file);
}
END_TEST

START_TEST(finds_its_skus_and_no_others)
{
    struct out file;
    AUTO(trained_unref) struct trained *trained = NULL;
    write_it(TRAINED_DENSE, &file);
    ck_assert_int_eq(open_it(&file, &trained), OK);

    for (uint32_t i = 0; i < SKUS; i++)
        ck_assert_uint_eq(trained_find(trained, skus[i]), i);
    ck_assert_uint_eq(trained_find(trained, STR("te")), UINT32_MAX);
    ck_assert_uint_eq(trained_find(trained, STR("")), UINT32_MAX);
    trained = trained_unref(trained);
    out_deinit(&file);
}
END_TEST

static void count_release(void *owner, struct str bytes)
{
    ck_assert_uint_gt(bytes.len, 0);
    ++*(int *) owner;
}

START_TEST(its_bytes_are_let_go_with_the_last_reference_and_not_when_refused)
{
    struct out file;
    struct trained *trained = NULL;
    int released = 0;
    write_it(TRAINED_LISTS, &file);
    ck_assert_int_eq(trained_open(out_str(&file), count_release, &released, &trained, NULL), OK);
    ck_assert_ptr_eq(trained_ref(trained), trained);
    (void) trained_unref(trained);
    ck_assert_int_eq(released, 0);
    (void) trained_unref(trained);
    ck_assert_int_eq(released, 1);

    file.at[file.len - 1] ^= 1;
    trained = NULL;
    ck_assert_int_eq(trained_open(out_str(&file), count_release, &released, &trained, NULL),
                     ERR_CORRUPT);
    ck_assert_int_eq(released, 1);
    ck_assert_ptr_null(trained_unref(NULL));
    ck_assert_ptr_null(trained_ref(NULL));
    out_deinit(&file);
}
END_TEST

START_TEST(every_changed_byte_and_every_cut_is_noticed)
{
    for (int form = TRAINED_DENSE; form <= TRAINED_LISTS; form++) {
        struct out file;
        struct trained *trained = NULL;
        write_it((enum trained_form) form, &file);
        for (size_t at = 0; at < file.len; at++) {
            file.at[at] ^= 0x10;
            ck_assert_int_eq(open_it(&file, &trained), ERR_CORRUPT);
            file.at[at] ^= 0x10;
            ck_assert_int_eq(trained_open((struct str){ file.at, at }, NULL, NULL, &trained, NULL),
                             ERR_CORRUPT);
        }
        ck_assert_int_eq(open_it(&file, &trained), OK);
        trained = trained_unref(trained);
        out_deinit(&file);
    }
}
END_TEST

START_TEST(numbers_that_point_outside_are_refused_under_a_good_checksum)
{
    struct out file;
    write_it(TRAINED_LISTS, &file);
    ((struct trained_edge *) in_section(&file, EDGES))[1].sku = SKUS;
    check_refused(&file);
    out_deinit(&file);

    write_it(TRAINED_LISTS, &file);
    ((uint64_t *) in_section(&file, FIRST))[2] = 1; /* before the one before */
    check_refused(&file);
    out_deinit(&file);

    write_it(TRAINED_LISTS, &file);
    ((uint64_t *) in_section(&file, FIRST))[1] = 3; /* more than top */
    check_refused(&file);
    out_deinit(&file);

    write_it(TRAINED_LISTS, &file);
    ((uint32_t *) in_section(&file, SKU_ENDS))[3] = 4000;
    check_refused(&file);
    out_deinit(&file);

    write_it(TRAINED_LISTS, &file);
    memset(in_section(&file, SLOTS), 0,
           8 * sizeof(uint32_t)); /* no free one: a search would not end */
    check_refused(&file);
    out_deinit(&file);
}
END_TEST

START_TEST(a_head_that_lies_is_refused_under_a_good_checksum)
{
    for (int what = 0; what < 8; what++) {
        struct out file;
        write_it(TRAINED_DENSE, &file);
        struct trained_head *head = (struct trained_head *) (void *) file.at;
        switch (what) {
        case 0: head->form = 2; break;
        case 1: head->n_skus = SKUS + 1; break;
        case 2: head->n_slots = 7; break;
        case 3: head->sections[DENSE].n--; break;
        case 4: head->sections[DENSE].at = file.len - 8; break;
        case 5: head->sections[POPULARITY].at += 4; break;
        case 6: head->sections[SKU_TEXT].n = UINT64_MAX; break;
        default: head->parameters.history_weight = 1.5F; break;
        }
        check_refused(&file);
        out_deinit(&file);
    }
}
END_TEST

START_TEST(numbers_that_are_none_are_refused)
{
    struct out file;
    write_it(TRAINED_DENSE, &file);
    ((float *) in_section(&file, DENSE))[5] = NAN;
    check_refused(&file);
    out_deinit(&file);

    write_it(TRAINED_LISTS, &file);
    ((struct trained_edge *) in_section(&file, EDGES))[0].weight = INFINITY;
    check_refused(&file);
    out_deinit(&file);

    write_it(TRAINED_LISTS, &file);
    ((char *) in_section(&file, SKU_TEXT))[0] = (char) 0xff; /* no UTF-8 */
    check_refused(&file);
    out_deinit(&file);
}
END_TEST

static struct calibration some_calibration(void)
{
    struct calibration calibration = { .moments = 60, .candidates = 600, .error = .01F };
    for (int told = 0; told < 2; told++)
        for (int size = 0; size < CALIBRATION_SIZES; size++)
            calibration.curves[told][size] =
                (struct calibration_curve){ .n = 2, .knots = { { .1F, .02F }, { .5F, .25F } } };
    return calibration;
}

START_TEST(how_likely_its_finds_are_wanted_is_read_back)
{
    const struct calibration calibration = some_calibration();
    for (int form = TRAINED_DENSE; form <= TRAINED_LISTS; form++) {
        struct out file;
        AUTO(trained_unref) struct trained *trained = NULL;
        struct trained_parts parts = parts_of((enum trained_form) form);
        parts.calibration = &calibration;
        out_init(&file, NULL, 0);
        ck_assert_int_eq(trained_write(&parts, &file), OK);
        ck_assert_int_eq(open_it(&file, &trained), OK);
        ck_assert_mem_eq(trained_calibration(trained), &calibration, sizeof calibration);
        ck_assert_uint_eq(trained_find(trained, skus[1]), 1);
        trained = trained_unref(trained);

        ((struct calibration *) in_section(&file, CALIBRATION))->curves[0][1].knots[0].chance = 2;
        check_refused(&file);
        out_deinit(&file);
    }
}
END_TEST

/* Its head ends before the calibration's place. */
START_TEST(version_1_is_read_and_has_no_such_chances)
{
    struct out file;
    AUTO(trained_unref) struct trained *trained = NULL;
    write_it(TRAINED_LISTS, &file);
    enum { OLD_HEAD = offsetof(struct trained_head, sections[CALIBRATION]) };
    const size_t shorter = sizeof(struct trained_head) - OLD_HEAD;
    struct trained_head *head = (struct trained_head *) (void *) file.at;
    head->version = 1;
    for (int i = 0; i < CALIBRATION; i++)
        head->sections[i].at -= shorter;
    memmove(file.at + OLD_HEAD, file.at + sizeof *head, file.len - sizeof *head);
    file.len -= shorter;
    reseal(&file);

    ck_assert_int_eq(open_it(&file, &trained), OK);
    ck_assert_ptr_null(trained_calibration(trained));
    for (uint32_t i = 0; i < SKUS; i++) {
        uint32_t n;
        ck_assert_uint_eq(trained_find(trained, skus[i]), i);
        ck_assert_mem_eq(trained_edges(trained, i, &n), edges + first[i],
                         (first[i + 1] - first[i]) * sizeof *edges);
    }
    trained = trained_unref(trained);
    out_deinit(&file);
}
END_TEST

START_TEST(another_version_is_told_as_such)
{
    struct out file;
    struct trained *trained = NULL;
    struct err_note note = { "" };
    write_it(TRAINED_DENSE, &file);
    ((struct trained_head *) (void *) file.at)->version = 9;
    reseal(&file);
    ck_assert_int_eq(trained_open(out_str(&file), NULL, NULL, &trained, &note), ERR_CORRUPT);
    ck_assert_ptr_nonnull(strstr(note.text, "version 9"));
    out_deinit(&file);
}
END_TEST

SUITE_MAIN("model/trained", what_is_written_is_read_back, lists_are_read_back,
           finds_its_skus_and_no_others,
           its_bytes_are_let_go_with_the_last_reference_and_not_when_refused,
           every_changed_byte_and_every_cut_is_noticed,
           numbers_that_point_outside_are_refused_under_a_good_checksum,
           a_head_that_lies_is_refused_under_a_good_checksum, numbers_that_are_none_are_refused,
           how_likely_its_finds_are_wanted_is_read_back, version_1_is_read_and_has_no_such_chances,
           another_version_is_told_as_such)
