/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/world/composer.h"
#include "base/log.h"
#include "fake_clock.h"
#include "model/model.h"
#include "rules/ruleset.h"
#include "shop/catalog.h"
#include "suite.h"

/* ── a composer that has no memory for the next few worlds, in the place of the real one ── */

static struct world *live;
static int refusals;

struct world *composer_world(struct composer *composer)
{
    (void) composer;
    return (struct world *) snapshot_ref(&live->snapshot);
}

enum err composer_set(struct composer *composer, struct ruleset *rules, struct catalog *catalog,
                      struct model *model)
{
    struct world *next = NULL;
    (void) composer, (void) catalog, (void) model;
    if (refusals > 0) {
        refusals--;
        return ERR_NOMEM;
    }
    TRY(world_with(live, rules, NULL, NULL, &next));
    (void) world_unref(live);
    live = next;
    return OK;
}

static void first_world(void)
{
    const struct world_settings settings = { .shop = STR("main") };
    AUTO(ruleset_unref) struct ruleset *rules = ruleset_empty();
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    AUTO(catalog_unref) struct catalog *catalog = NULL;
    AUTO(model_unref) struct model *model = NULL;
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    ck_assert_int_eq(model_new(catalog, NULL, NULL, &model), OK);
    ck_assert_int_eq(world_new(rules, catalog, model, &settings, &live), OK);
}

/* ── a directory of rules ── */

static char directory[64], file[128];
static struct fake_clock now;
static struct metrics *metrics;
static struct reload *reload;
static int uncounted_told;

static void look_for_uncounted(struct log_sink *sink, struct str line)
{
    (void) sink;
    uncounted_told += str_contains(line, STR("are not counted"));
}
static struct log_sink listener = { look_for_uncounted };

static void save(int n_rules)
{
    FILE *to = fopen(file, "w");
    ck_assert_ptr_nonnull(to);
    (void) fputs("version: 1\ncurrency: JPY\ntimezone: UTC\nlocales: [en]\nrules:\n", to);
    for (int i = 0; i < n_rules; i++)
        (void) fprintf(
            to,
            "  - {id: rule-%d, name: n, kind: cross_sell, status: active, owner: o, "
            "trigger: [cart_view], placement: [page], rank: {priority: 1}, message: {en: "
            "{title: t, cta: c, decline: d}}, offer: {pick: {skus: [A]}}}\n",
            i);
    ck_assert_int_eq(fclose(to), 0);
}

static void set_up(void)
{
    char nowhere[128]; /* nothing is kept */
    struct err_note note = { "" };
    (void) snprintf(directory, sizeof directory, "/tmp/offerd-reload-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void) snprintf(file, sizeof file, "%s/shop.yaml", directory);
    (void) snprintf(nowhere, sizeof nowhere, "%s/nowhere", directory);
    log_setup(LOG_WARNING, false);
    log_to(&listener);
    uncounted_told = refusals = 0;
    fake_clock_init(&now, 1000000);
    metrics = metrics_new();
    first_world();
    ck_assert_int_eq(reload_new(directory, nowhere, NULL, metrics, &now.clock, &reload, &note), OK);
}

static void tear_down(void)
{
    (void) reload_free(reload);
    (void) world_unref(live);
    metrics_free(metrics);
    log_to(NULL);
    (void) unlink(file);
    (void) rmdir(directory);
}

static uint64_t readings(const char *result)
{
    char label[64];
    (void) snprintf(label, sizeof label, "result=\"%s\"", result);
    return metric_value(metrics, metric_register(metrics, METRIC_COUNTER,
                                                 "offerd_rules_reloads_total", "", str_of(label)));
}

START_TEST(files_are_read_once_while_they_stay_as_they_are)
{
    save(2);
    for (int i = 0; i < 5; i++)
        reload_look(reload);
    ck_assert_uint_eq(readings("live"), 1);
    ck_assert_uint_eq(ruleset_count(live->rules), 2);
}
END_TEST

START_TEST(files_there_was_no_memory_for_are_live_at_the_next_look)
{
    save(2);
    refusals = 2;
    reload_look(reload);
    reload_look(reload);
    ck_assert_uint_eq(readings("failed"), 2);
    ck_assert_uint_eq(ruleset_count(live->rules), 0);

    reload_look(reload);

    ck_assert_uint_eq(readings("live"), 1);
    ck_assert_uint_eq(ruleset_count(live->rules), 2);
}
END_TEST

START_TEST(rules_that_find_no_place_to_be_counted_are_told_once)
{
    char label[32];
    int n = 0;
    do
        (void) snprintf(label, sizeof label, "rule=\"%d\"", n++);
    while (metric_register_many(metrics, METRIC_COUNTER, "offerd_offers_total", "", str_of(label)));
    save(2);
    reload_look(reload);
    reload_asked(reload);
    ck_assert_int_eq(uncounted_told, 1);
    ck_assert_uint_eq(ruleset_count(live->rules), 2);
    ck_assert_uint_ne(metric_register(metrics, METRIC_COUNTER, "others_total", "", STR("")),
                      METRIC_NONE);
    save(3);
    reload_look(reload);
    ck_assert_int_eq(uncounted_told, 2);
}
END_TEST

static Suite *reloads(void)
{
    Suite *suite = suite_create("app/reload");
    TCase *tests = tcase_create("app/reload");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, files_are_read_once_while_they_stay_as_they_are);
    tcase_add_test(tests, files_there_was_no_memory_for_are_live_at_the_next_look);
    tcase_add_test(tests, rules_that_find_no_place_to_be_counted_are_told_once);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(reloads());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
