/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/journal_budgets.h"

#include "fake_event_log.h"
#include "ports/budget_store.h"
#include "rule_text.h"
#include "shop/event.h"
#include "suite.h"
#include "world/world.h"

/* Writes down what it is told: "settle few 7 1; ". */
struct told {
    struct budget_store store;
    char text[512];
    uint64_t mark; /* of what is settled */
    bool wanting, failing;
    int tends;
};

static void note_down(struct told *told, const char *word, struct str rule, int64_t number)
{
    size_t len = strlen(told->text);
    (void) snprintf(told->text + len, sizeof told->text - len, "%s %.*s %lld; ", word,
                    STR_ARG(rule), (long long) number);
}

static enum err settle(struct budget_store *store, struct str rule, uint64_t mark, int64_t accepted,
                       struct err_note *why)
{
    struct told *told = (struct told *) store;
    (void) why;
    ck_assert_uint_eq(mark, told->mark);
    note_down(told, "settle", rule, accepted);
    return told->failing ? ERR_UNAVAILABLE : OK;
}

static enum err release(struct budget_store *store, struct str rule, uint64_t mark,
                        struct err_note *why)
{
    (void) why;
    note_down((struct told *) store, "release", rule, (int64_t) mark);
    return OK;
}

static enum err restore(struct budget_store *store, struct str rule, int64_t accepted,
                        struct err_note *why)
{
    struct told *told = (struct told *) store;
    note_down(told, "restore", rule, accepted);
    return told->failing ? err_fail(why, ERR_UNAVAILABLE, "away") : OK;
}

static bool wants_restore(struct budget_store *store)
{
    struct told *told = (struct told *) store;
    bool wanting = told->wanting;
    told->wanting = false;
    return wanting;
}

static void tend(struct budget_store *store, int64_t now_us)
{
    (void) now_us;
    ((struct told *) store)->tends++;
}

/* ── the ground ──────────────────────────────────────────────────────────────────────────── */

#define RULE(id, more)                                                                           \
    "- {id: " id ", name: n, kind: cross_sell, status: active, owner: o, trigger: [login], "     \
    "placement: [page], " more "offer: {pick: {skus: [A]}}, rank: {priority: 1}, message: {ja: " \
    "{title: t, cta: c, decline: d}, en: {title: t, cta: c, decline: d}}}\n"
#define RULES                                                                       \
    RULE_HEAD "rules:\n" RULE("few", "budget: {redemptions: 2}, ") RULE("many", "") \
        RULE("new", "budget: {redemptions: 9}, ")

static struct rule_text text;
static struct world world;
static struct event_log *journal_log;
static struct told told;
static struct journal_budgets budgets;

static void set_up(void)
{
    rule_text_begin(&text);
    (void) rule_text_add(&text, "shop.yaml", STR(RULES));
    rule_text_read(&text, 0);
    ck_assert_msg(text.err == OK, "%s", rule_text_told(&text));
    world.rules = text.ruleset;
    ck_assert_int_eq(fake_event_log_new(&journal_log), OK);
    told = (struct told){ .store = { .settle = settle,
                                     .release = release,
                                     .restore = restore,
                                     .wants_restore = wants_restore,
                                     .tend = tend },
                          .mark = 7 };
    budgets = (struct journal_budgets){ .store = &told.store, .shop = STR("main") };
}

static void tear_down(void)
{
    journal_log->free(journal_log);
    rule_text_free(&text);
}

static struct event event_of(enum event_type type, const char *id, const char *rule)
{
    return (struct event){ .type = type,
                           .event_id = str_of(id),
                           .shop = STR("main"),
                           .customer_id = STR("C1"),
                           .payload = STR("{}"),
                           .offer = { .rule = str_of(rule), .mark = 7 } };
}

static enum append_result commit_event(struct event event)
{
    struct err_note why;
    const struct event *events[] = { &event };
    struct append_outcome outcome;
    journal_budgets_limit(&world, &event);
    ck_assert_int_eq(journal_log->append(journal_log, events, 1, 1, &outcome, &why), OK);
    journal_budgets_settle(&budgets, &world, &event, &outcome);
    return outcome.result;
}

static enum append_result commit(enum event_type type, const char *id, const char *rule)
{
    return commit_event(event_of(type, id, rule));
}

/* Of an offer that was made under a budget of so many. */
static enum append_result commit_made(const char *id, const char *rule, int64_t redemptions)
{
    struct event event = event_of(EVENT_OFFER_ACCEPTED, id, rule);
    event.offer.redemptions = redemptions;
    return commit_event(event);
}

START_TEST(the_store_hears_what_became_of_an_offer_with_a_budget_and_of_no_other)
{
    set_up();
    ck_assert_int_eq(commit(EVENT_OFFER_ACCEPTED, "e1", "few"), APPEND_ACCEPTED);
    ck_assert_int_eq(commit(EVENT_OFFER_ACCEPTED, "e1", "few"), APPEND_DUPLICATE);
    ck_assert_int_eq(commit(EVENT_OFFER_DECLINED, "e2", "few"), APPEND_ACCEPTED);
    ck_assert_int_eq(commit(EVENT_OFFER_SHOWN, "e3", "few"), APPEND_ACCEPTED);
    ck_assert_int_eq(commit(EVENT_OFFER_ACCEPTED, "e4", "many"), APPEND_ACCEPTED);
    ck_assert_int_eq(commit(EVENT_OFFER_ACCEPTED, "e5", "gone from the rules"), APPEND_ACCEPTED);
    ck_assert_int_eq(commit(EVENT_OFFER_ACCEPTED, "e6", "few"), APPEND_ACCEPTED);
    ck_assert_int_eq(commit(EVENT_OFFER_ACCEPTED, "e7", "few"), APPEND_REFUSED);
    ck_assert_str_eq(told.text, "settle few 1; release few 7; settle few 2; settle few 2; ");
    tear_down();
}
END_TEST

START_TEST(of_a_rule_that_is_not_in_the_world_counts_what_it_said_when_the_offer_was_made)
{
    set_up();
    ck_assert_int_eq(commit_made("e1", "gone", 1), APPEND_ACCEPTED);
    ck_assert_int_eq(commit_made("e2", "gone", 1), APPEND_REFUSED);
    ck_assert_str_eq(told.text, "settle gone 1; settle gone 1; ");
    tear_down();
}
END_TEST

START_TEST(of_a_rule_that_is_in_the_world_counts_what_it_says_now)
{
    set_up();
    ck_assert_int_eq(commit_made("e1", "few", 1), APPEND_ACCEPTED);
    ck_assert_int_eq(commit_made("e2", "few", 1), APPEND_ACCEPTED); /* it was raised to 2 */
    ck_assert_int_eq(commit_made("e3", "few", 9), APPEND_REFUSED);
    ck_assert_str_eq(told.text, "settle few 1; settle few 2; settle few 2; ");
    tear_down();
}
END_TEST

/* A replica that reads the rule file later than the one that made the offer. */
START_TEST(of_a_rule_without_a_budget_here_counts_what_it_said_when_the_offer_was_made)
{
    set_up();
    ck_assert_int_eq(commit_made("e1", "many", 1), APPEND_ACCEPTED);
    ck_assert_int_eq(commit_made("e2", "many", 1), APPEND_REFUSED);
    ck_assert_int_eq(commit_made("e3", "many", 0), APPEND_ACCEPTED); /* made without */
    ck_assert_str_eq(told.text, "settle many 1; settle many 1; ");
    tear_down();
}
END_TEST

/* Else it would offer the last one for ever, and each who takes it would be refused. */
START_TEST(a_store_that_believes_there_is_one_left_hears_of_a_refusal_that_there_is_none)
{
    set_up();
    budgets.store = NULL; /* it does not hear of these */
    (void) commit(EVENT_OFFER_ACCEPTED, "e1", "few");
    (void) commit(EVENT_OFFER_ACCEPTED, "e2", "few");
    budgets.store = &told.store;
    ck_assert_int_eq(commit(EVENT_OFFER_ACCEPTED, "e3", "few"), APPEND_REFUSED);
    ck_assert_str_eq(told.text, "settle few 2; ");
    tear_down();
}
END_TEST

/* Its rule may have got a budget since; what is drained brings neither that nor a mark. */
START_TEST(the_store_hears_of_an_acceptance_that_was_in_a_spool)
{
    set_up();
    struct event event = event_of(EVENT_OFFER_ACCEPTED, "e1", "few");
    event.offer.mark = told.mark = 0;
    journal_budgets_settle(&budgets, &world, &event,
                           &(struct append_outcome){ .result = APPEND_ACCEPTED, .accepted = 6 });
    ck_assert_str_eq(told.text, "settle few 6; ");
    tear_down();
}
END_TEST

/* The answer to the first may have been lost on its way: then nobody was told. */
START_TEST(a_repeated_acceptance_has_the_counts_restored_and_no_hold_then_but_not_each_time)
{
    set_up();
    int64_t second_us = 1000000;
    journal_budgets_tend(&budgets, journal_log, &world, second_us);
    (void) commit(EVENT_OFFER_ACCEPTED, "e1", "few");
    told.text[0] = '\0';
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(commit(EVENT_OFFER_ACCEPTED, "e1", "few"), APPEND_DUPLICATE);
        journal_budgets_tend(&budgets, journal_log, &world, 2 * second_us + i);
    }
    ck_assert_str_eq(told.text, "restore few 1; restore new 0; release few 7; ");
    told.text[0] = '\0';
    journal_budgets_tend(&budgets, journal_log, &world, 3 * second_us);
    ck_assert_str_eq(told.text, "restore few 1; restore new 0; release few 7; release few 7; ");
    told.text[0] = '\0';
    for (int i = 4; i < 9; i++)
        journal_budgets_tend(&budgets, journal_log, &world, i * second_us);
    ck_assert_str_eq(told.text, "");
    tear_down();
}
END_TEST

START_TEST(an_acceptance_that_is_put_off_keeps_its_hold)
{
    set_up();
    struct event event = event_of(EVENT_OFFER_ACCEPTED, "e1", "few");
    journal_budgets_limit(&world, &event);
    ck_assert_int_eq(event.offer.budget_max, 2);
    journal_budgets_settle(&budgets, &world, &event,
                           &(struct append_outcome){ .result = APPEND_LATER });
    ck_assert_str_eq(told.text, "");
    tear_down();
}
END_TEST

START_TEST(each_rule_with_a_budget_is_restored_once_for_its_rules_and_when_it_is_wanted)
{
    set_up();
    (void) commit(EVENT_OFFER_ACCEPTED, "e1", "few");
    (void) commit(EVENT_OFFER_ACCEPTED, "e2", "many");
    told.text[0] = '\0';
    for (int i = 0; i < 3; i++)
        journal_budgets_tend(&budgets, journal_log, &world, 1);
    ck_assert_str_eq(told.text, "restore few 1; restore new 0; ");
    ck_assert_int_eq(told.tends, 3);
    told.wanting = true;
    journal_budgets_tend(&budgets, journal_log, &world, 1);
    ck_assert_str_eq(told.text, "restore few 1; restore new 0; restore few 1; restore new 0; ");
    tear_down();
}
END_TEST

START_TEST(a_restoration_that_failed_is_tried_again)
{
    set_up();
    fake_event_log_fail(journal_log, true);
    journal_budgets_tend(&budgets, journal_log, &world, 1);
    ck_assert_str_eq(told.text, "");
    fake_event_log_fail(journal_log, false);
    told.failing = true;
    journal_budgets_tend(&budgets, journal_log, &world, 1);
    ck_assert_str_eq(told.text, "restore few 0; ");
    told.failing = false;
    journal_budgets_tend(&budgets, journal_log, &world, 1);
    ck_assert_str_eq(told.text, "restore few 0; restore few 0; restore new 0; ");
    tear_down();
}
END_TEST

START_TEST(a_store_that_did_not_hear_of_an_acceptance_is_told_the_count_again)
{
    set_up();
    journal_budgets_tend(&budgets, journal_log, &world, 1);
    told.failing = true;
    (void) commit(EVENT_OFFER_ACCEPTED, "e1", "few");
    told.failing = false;
    told.text[0] = '\0';
    journal_budgets_tend(&budgets, journal_log, &world, 1);
    ck_assert_str_eq(told.text, "restore few 1; restore new 0; release few 7; ");
    tear_down();
}
END_TEST

SUITE_MAIN("learn/journal_budgets",
           the_store_hears_what_became_of_an_offer_with_a_budget_and_of_no_other,
           of_a_rule_that_is_not_in_the_world_counts_what_it_said_when_the_offer_was_made,
           of_a_rule_that_is_in_the_world_counts_what_it_says_now,
           of_a_rule_without_a_budget_here_counts_what_it_said_when_the_offer_was_made,
           a_store_that_believes_there_is_one_left_hears_of_a_refusal_that_there_is_none,
           the_store_hears_of_an_acceptance_that_was_in_a_spool,
           a_repeated_acceptance_has_the_counts_restored_and_no_hold_then_but_not_each_time,
           an_acceptance_that_is_put_off_keeps_its_hold,
           each_rule_with_a_budget_is_restored_once_for_its_rules_and_when_it_is_wanted,
           a_restoration_that_failed_is_tried_again,
           a_store_that_did_not_hear_of_an_acceptance_is_told_the_count_again)
