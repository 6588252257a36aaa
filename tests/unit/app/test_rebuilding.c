/* SPDX-License-Identifier: Apache-2.0 */
#include "app/jobs/rebuilding.h"

#include <stdio.h>
#include <string.h>

#include "fake_event_log.h"
#include "fake_shared_profiles.h"
#include "ports/budget_store.h"
#include "shop/customer.h"
#include "shop/event.h"
#include "shop/profile_bytes.h"
#include "suite.h"

static struct err_note note;
static struct event_log *log_;
static struct fake_shared_profiles *fake;
static struct rebuilt rebuilt;

static void append(const char *id, enum event_type type, const char *customer, const char *payload)
{
    struct event event = { .event_id = str_of(id),
                           .type = type,
                           .shop = STR("main"),
                           .customer_id = str_of(customer),
                           .at_us = 1700000000000000,
                           .payload = str_of(payload) };
    const struct event *events[] = { &event };
    struct append_outcome outcome;
    if (type == EVENT_OFFER_ACCEPTED)
        event.offer.rule = STR("gift");
    ck_assert_int_eq(log_->append(log_, events, 1, 5, &outcome, &note), OK);
}

static void view(const char *id, const char *customer)
{
    append(id, EVENT_PRODUCT_VIEWED, customer,
           "{\"type\":\"product_viewed\",\"at\":\"2023-11-14T22:13:20Z\",\"sku\":\"PH-1\"}");
}

static void set_up(void)
{
    ck_assert_int_eq(fake_event_log_new(&log_), OK);
    fake = fake_shared_profiles_new();
    view("e1", "anna");
    view("e2", "ben");
    view("e3", "anna");
}

static void tear_down(void)
{
    log_->free(log_);
    fake = fake_shared_profiles_free(fake);
}

static enum err rebuild(bool check)
{
    const struct rebuild_wishes wishes = { .log = log_,
                                           .shop = STR("main"),
                                           .shared = fake_shared_profiles_port(fake),
                                           .check = check,
                                           .quiet = true };
    return rebuild_run(&wishes, &rebuilt, &note);
}

static void check_profiles(uint64_t equal, uint64_t missing, uint64_t different)
{
    ck_assert_int_eq(rebuild(true), OK);
    ck_assert_uint_eq(rebuilt.profiles.equal, equal);
    ck_assert_uint_eq(rebuilt.profiles.missing, missing);
    ck_assert_uint_eq(rebuilt.profiles.different, different);
    ck_assert_uint_eq(rebuilt.profiles.n, equal + missing + different);
}

START_TEST(what_it_has_written_is_equal_then)
{
    set_up();
    check_profiles(0, 2, 0);

    ck_assert_int_eq(rebuild(false), OK);

    ck_assert_uint_eq(rebuilt.profiles.written, 2);
    check_profiles(2, 0, 0);
    struct shared_value value;
    ck_assert_int_eq(fake_shared_profiles_look(fake, STR("anna"), &value), SHARED_BODY);
    ck_assert_uint_eq(value.position, 3);
    struct profile *profile = NULL;
    ck_assert_int_eq(profile_parse(STR("anna"), value.body, &profile), OK);
    ck_assert_uint_eq(profile->position, 3);
    profile_free(profile);
    tear_down();
}
END_TEST

START_TEST(checking_changes_nothing)
{
    set_up();

    check_profiles(0, 2, 0);

    ck_assert_uint_eq(fake_shared_profiles_counts(fake).puts, 0);
    tear_down();
}
END_TEST

START_TEST(a_profile_with_one_other_byte_is_named)
{
    set_up();
    ck_assert_int_eq(rebuild(false), OK);
    struct shared_value value;
    fake_shared_profiles_look(fake, STR("ben"), &value);
    char bytes[4096];
    memcpy(bytes, value.body.at, value.body.len);
    bytes[value.body.len - 1] ^= 1;
    value.body.at = bytes;
    value.customer_id = STR("ben");
    fake_shared_profiles_change(fake, &value);

    check_profiles(1, 0, 1);

    ck_assert_uint_eq(rebuilt.n_named, 1);
    ck_assert_str_eq(rebuilt.named[0], "ben");
    tear_down();
}
END_TEST

START_TEST(a_profile_that_lags_behind_the_log_is_different)
{
    set_up();
    ck_assert_int_eq(rebuild(false), OK);
    view("e4", "ben");

    check_profiles(1, 0, 1);
    ck_assert_str_eq(rebuilt.named[0], "ben");

    ck_assert_int_eq(rebuild(false), OK);
    check_profiles(2, 0, 0);
    tear_down();
}
END_TEST

START_TEST(a_floor_is_missing_not_different)
{
    set_up();
    ck_assert_int_eq(rebuild(false), OK);
    fake_shared_profiles_change(fake,
                                &(struct shared_value){ .customer_id = STR("ben"), .position = 4 });

    check_profiles(1, 1, 0);
    tear_down();
}
END_TEST

START_TEST(what_is_newer_than_the_log_was_is_left_alone)
{
    set_up();
    fake_shared_profiles_change(
        fake, &(struct shared_value){ .customer_id = STR("ben"), .position = 99 });

    ck_assert_int_eq(rebuild(false), OK);

    ck_assert_uint_eq(rebuilt.profiles.written, 1);
    ck_assert_uint_eq(rebuilt.profiles.newer, 1);
    struct shared_value value;
    ck_assert_int_eq(fake_shared_profiles_look(fake, STR("ben"), &value), SHARED_FLOOR);
    tear_down();
}
END_TEST

START_TEST(the_same_log_gives_the_same_digest_and_another_one_another)
{
    struct rebuilt first;
    set_up();
    ck_assert_int_eq(rebuild(true), OK);
    first = rebuilt;
    ck_assert_int_eq(rebuild(true), OK);
    ck_assert_mem_eq(rebuilt.digest, first.digest, sizeof first.digest);

    view("e4", "cleo");

    ck_assert_int_eq(rebuild(true), OK);
    ck_assert_mem_ne(rebuilt.digest, first.digest, sizeof first.digest);
    first = rebuilt;
    append("e5", EVENT_OFFER_ACCEPTED, NULL,
           "{\"type\":\"offer_accepted\",\"at\":\"2023-11-14T22:13:20Z\"}");
    ck_assert_int_eq(rebuild(true), OK); /* a guest's: only the budget's count changes */
    ck_assert_mem_ne(rebuilt.digest, first.digest, sizeof first.digest);
    ck_assert_uint_eq(rebuilt.profiles.n, 3);
    tear_down();
}
END_TEST

START_TEST(more_customers_than_a_batch_each_once)
{
    set_up();
    for (int i = 0; i < 300; i++) {
        char id[16], customer[16];
        snprintf(id, sizeof id, "more-%d", i);
        snprintf(customer, sizeof customer, "c%d", i);
        view(id, customer);
    }

    ck_assert_int_eq(rebuild(false), OK);

    ck_assert_uint_eq(rebuilt.profiles.written, 302);
    check_profiles(302, 0, 0);
    ck_assert_uint_gt(rebuilt.median, 0);
    ck_assert_uint_ge(rebuilt.largest, rebuilt.p99);
    ck_assert_uint_ge(rebuilt.bytes, 302 * rebuilt.median / 2);
    tear_down();
}
END_TEST

START_TEST(an_event_that_cannot_be_read_back_is_counted)
{
    set_up();
    append("e9", EVENT_FEEDBACK, "anna", "not JSON");

    ck_assert_int_eq(rebuild(true), OK);

    ck_assert_uint_eq(rebuilt.unreadable, 1);
    tear_down();
}
END_TEST

START_TEST(a_store_that_is_away_is_told)
{
    set_up();
    fake_shared_profiles_away(fake, true);
    ck_assert_int_eq(rebuild(true), ERR_UNAVAILABLE);
    fake_shared_profiles_away(fake, false);
    fake_event_log_fail(log_, true);
    ck_assert_int_eq(rebuild(true), ERR_UNAVAILABLE);
    tear_down();
}
END_TEST

/* ── budgets ─────────────────────────────────────────────────────────────────────────────── */

static int64_t believed = -1; /* -1: not known */

static enum err read_belief(struct budget_store *store, struct str rule, int64_t *ret_accepted,
                            bool *ret_known, struct err_note *why)
{
    (void) store, (void) why;
    ck_assert(str_is(rule, "gift"));
    *ret_known = believed >= 0;
    *ret_accepted = believed;
    return OK;
}

/* As where replicas' words may overtake one another. */
static enum err restore_belief(struct budget_store *store, struct str rule, int64_t accepted,
                               struct err_note *why)
{
    (void) store, (void) why;
    ck_assert(str_is(rule, "gift"));
    if (believed < accepted)
        believed = accepted;
    return OK;
}

/* An event: its replica has told the store before it is lowered; or NULL. */
static const char *accepted_meanwhile;

static enum err lower_belief(struct budget_store *store, struct str rule, int64_t from, int64_t to,
                             struct err_note *why)
{
    (void) store, (void) why;
    ck_assert(str_is(rule, "gift"));
    if (accepted_meanwhile)
        append(accepted_meanwhile, EVENT_OFFER_ACCEPTED, NULL, "{}");
    if (believed == from)
        believed = to;
    return OK;
}

static const struct rebuilt_kind *budgets(int64_t belief, bool check)
{
    struct budget_store store = { .read = read_belief,
                                  .restore = restore_belief,
                                  .lower = lower_belief };
    const struct rebuild_wishes wishes = {
        .log = log_, .shop = STR("main"), .budgets = &store, .check = check, .quiet = true
    };
    believed = belief;
    ck_assert_int_eq(rebuild_run(&wishes, &rebuilt, &note), OK);
    return &rebuilt.budgets;
}

START_TEST(budgets_are_compared_with_the_logs_counts_and_put_right)
{
    set_up();
    append("a1", EVENT_OFFER_ACCEPTED, NULL, "{}");
    append("a2", EVENT_OFFER_ACCEPTED, NULL, "{}");

    ck_assert_uint_eq(budgets(2, true)->equal, 1);
    ck_assert_uint_eq(budgets(-1, true)->missing, 1);
    ck_assert_uint_eq(budgets(3, true)->different, 1);
    ck_assert_int_eq(believed, 3);
    ck_assert_uint_eq(budgets(3, false)->written, 1);
    ck_assert_int_eq(believed, 2);
    ck_assert_uint_eq(budgets(-1, false)->written, 0); /* asked for when a rule needs it */
    ck_assert_uint_eq(budgets(1, false)->written, 1);
    ck_assert_int_eq(believed, 2);
    tear_down();
}
END_TEST

START_TEST(a_budget_that_is_lowered_misses_no_acceptance_that_comes_meanwhile)
{
    set_up();
    append("a1", EVENT_OFFER_ACCEPTED, NULL, "{}");
    accepted_meanwhile = "a2";
    ck_assert_uint_eq(budgets(2, false)->written, 1);
    ck_assert_int_eq(believed, 2);
    accepted_meanwhile = NULL;
    ck_assert_uint_eq(budgets(2, true)->equal, 1);
    tear_down();
}
END_TEST

SUITE_MAIN("app/rebuilding", what_it_has_written_is_equal_then, checking_changes_nothing,
           a_profile_with_one_other_byte_is_named, a_profile_that_lags_behind_the_log_is_different,
           a_floor_is_missing_not_different, what_is_newer_than_the_log_was_is_left_alone,
           the_same_log_gives_the_same_digest_and_another_one_another,
           more_customers_than_a_batch_each_once, an_event_that_cannot_be_read_back_is_counted,
           a_store_that_is_away_is_told, budgets_are_compared_with_the_logs_counts_and_put_right,
           a_budget_that_is_lowered_misses_no_acceptance_that_comes_meanwhile)
