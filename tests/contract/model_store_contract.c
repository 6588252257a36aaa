/* SPDX-License-Identifier: Apache-2.0 */
/* What ports/model_store.h promises, asked of PostgreSQL. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/out.h"
#include "ports/model_store.h"
#include "scratch_schema.h"
#include "store/postgresql/pg_models.h"
#include "store/postgresql/pg_schema.h"
#include "suite.h"

static struct err_note note;

static struct model_store *open_store(void)
{
    const struct pg_settings settings = { .url = scratch_url(), .read_ms = 20000 };
    struct model_store *store = NULL;
    ck_assert_msg(pg_models_new(&settings, &store, &note) == OK, "%s", note.text);
    return store;
}

static void set_up(void)
{
    const struct pg_settings settings = { .url = scratch_url(), .read_ms = 20000 };
    scratch_make();
    ck_assert_msg(pg_schema_migrate(&settings, NULL, NULL, &note) == OK, "%s", note.text);
}

static void tear_down(void)
{
    scratch_drop();
}

static enum err append(void *self, struct str piece)
{
    out_bytes(self, piece.at, piece.len);
    return OK;
}

static enum err refuse(void *self, struct str piece)
{
    (void) piece;
    ++*(int *) self;
    return ERR_LIMIT;
}

static uint64_t version_of(struct model_store *store, const char *shop)
{
    uint64_t version = 99;
    ck_assert_msg(store->version(store, str_of(shop), &version, &note) == OK, "%s", note.text);
    return version;
}

/* Bytes that no text is: a model has zeros and all else. */
static void make_bytes(struct out *out, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1103515245u + 12345u;
        out_char(out, (char) (seed >> 16));
    }
    ck_assert(!out->failed);
}

static void check_fetches(struct model_store *store, const char *shop, const struct out *wanted,
                          uint64_t version)
{
    struct out got;
    uint64_t got_version = 0;
    out_init(&got, NULL, 0);
    ck_assert_msg(store->fetch(store, str_of(shop), &got, append, &got_version, &note) == OK, "%s",
                  note.text);
    ck_assert_uint_eq(got_version, version);
    ck_assert_uint_eq(got.len, wanted->len);
    ck_assert(got.len == 0 || memcmp(got.at, wanted->at, got.len) == 0);
    out_deinit(&got);
}

START_TEST(a_shop_without_a_model_has_version_0_and_gives_nothing)
{
    struct model_store *store = open_store();
    struct out nothing;
    out_init(&nothing, NULL, 0);
    ck_assert_uint_eq(version_of(store, "main"), 0);
    check_fetches(store, "main", &nothing, 0);
    store->free(store);
}
END_TEST

START_TEST(another_connection_fetches_the_bytes_that_were_published)
{
    static const size_t sizes[] = { 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3500000 };
    struct model_store *store = open_store(), *other = open_store();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct out bytes;
        out_init(&bytes, NULL, 0);
        make_bytes(&bytes, sizes[i], (unsigned) i);
        ck_assert_msg(store->publish(store, STR("main"), out_str(&bytes), &note) == OK, "%s",
                      note.text);
        ck_assert_uint_eq(version_of(other, "main"), i + 1);
        check_fetches(other, "main", &bytes, i + 1);
        out_deinit(&bytes);
    }
    ck_assert_uint_eq(version_of(other, "elsewhere"), 0);
    store->free(store);
    other->free(other);
}
END_TEST

START_TEST(a_reader_that_stops_is_obeyed_and_the_store_goes_on)
{
    struct model_store *store = open_store();
    struct out bytes;
    uint64_t version;
    int asked = 0;
    out_init(&bytes, NULL, 0);
    make_bytes(&bytes, 2500000, 7);
    ck_assert_int_eq(store->publish(store, STR("main"), out_str(&bytes), &note), OK);
    ck_assert_int_eq(store->fetch(store, STR("main"), &asked, refuse, &version, &note), ERR_LIMIT);
    ck_assert_int_eq(asked, 1);
    check_fetches(store, "main", &bytes, 1);
    out_deinit(&bytes);
    store->free(store);
}
END_TEST

START_TEST(one_of_several_may_train_until_it_lets_go_or_is_gone)
{
    struct model_store *a = open_store(), *b = open_store();
    bool mine;
    ck_assert_int_eq(a->claim(a, STR("main"), &mine, &note), OK);
    ck_assert(mine);
    ck_assert_int_eq(b->claim(b, STR("main"), &mine, &note), OK);
    ck_assert(!mine);
    ck_assert_int_eq(b->claim(b, STR("elsewhere"), &mine, &note), OK);
    ck_assert(mine);
    a->release(a, STR("main"));
    ck_assert_int_eq(b->claim(b, STR("main"), &mine, &note), OK);
    ck_assert(mine);
    b->free(b);
    for (int tries = 0; tries < 1000; tries++) { /* the server notices that the other is gone */
        ck_assert_int_eq(a->claim(a, STR("main"), &mine, &note), OK);
        if (mine)
            break;
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    }
    ck_assert(mine);
    a->free(a);
}
END_TEST

static Suite *contract(void)
{
    const TTest *const all[] = {
        a_shop_without_a_model_has_version_0_and_gives_nothing,
        another_connection_fetches_the_bytes_that_were_published,
        a_reader_that_stops_is_obeyed_and_the_store_goes_on,
        one_of_several_may_train_until_it_lets_go_or_is_gone,
    };
    Suite *suite = suite_create("contract/model_store");
    TCase *tests = tcase_create("contract/model_store");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tcase_add_test(tests, all[i]);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(contract());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
