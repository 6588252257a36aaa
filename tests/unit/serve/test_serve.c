/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "answers.h"
#include "shop/cart.h"
#include "suite.h"

#define SHOP                                                                          \
    "rules:\n" RULE("together", "cross_sell", 5,                                      \
                    "offer: {pick: {relation: bought_together, of: cart, limit: 3}}") \
        RULE("step", "upsell", 9, "offer: {pick: {relation: upgrade_of, of: trigger_item}}")

START_TEST(gives_the_same_bytes_for_the_same_request_world_profile_and_clock)
{
    AUTO(small_world_free) struct small_world *one = small_world_new(SHOP);
    AUTO(small_world_free) struct small_world *two = small_world_new(SHOP);
    for (int i = 0; i < 100; i++) {
        const char *a = small_world_decide(one, ADD("CAM-1", "\"customer_id\": \"C1\", "));
        const char *b = small_world_decide(two, ADD("CAM-1", "\"customer_id\": \"C1\", "));
        ck_assert_str_eq(a, b);
    }
}
END_TEST

START_TEST(gives_every_decision_an_id_of_its_own_that_sorts_by_time)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    char before[64] = "";
    for (int i = 0; i < 1000; i++) {
        cJSON *answer = decided(small, ADD("CAM-1", ""));
        const char *id = text(answer, "decision_id");
        ck_assert_uint_eq(strlen(id), 36);
        ck_assert_int_eq(id[14], '7');
        ck_assert_int_gt(strcmp(id, before), 0);
        (void) snprintf(before, sizeof before, "%s", id);
        cJSON_Delete(answer);
        small->wall_us += 1000;
    }
}
END_TEST

START_TEST(answers_with_what_it_has_when_the_budget_is_spent)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    small->tick_us = 2000; /* every look at the clock costs 2 ms */
    cJSON *answer = decided(small, ADD("CAM-1", "\"budget_ms\": 5, "));
    ck_assert_str_eq(text(answer, "degraded/0"), "deadline");
    ck_assert_int_eq(offers(answer), 0);
    ck_assert_str_eq(result_of(answer, "step"), "deadline");
    ck_assert_int_gt(number(answer, "took_us"), 5000);
    cJSON_Delete(answer);
}
END_TEST

START_TEST(says_deadline_when_a_rule_was_left_out_for_it_and_only_then)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    int late = 0, whole = 0;
    for (small->tick_us = 50; small->tick_us < 3000; small->tick_us += 10) {
        cJSON *answer = decided(small, ADD("CAM-1", "\"budget_ms\": 5, "));
        bool left_out = strcmp(result_of(answer, "step"), "deadline") == 0 ||
                        strcmp(result_of(answer, "together"), "deadline") == 0;
        bool told = strcmp(text(answer, "degraded/0"), "deadline") == 0;
        ck_assert_msg(told == left_out, "%lld us a look: told %d, left out %d",
                      (long long) small->tick_us, told, left_out);
        *(left_out ? &late : &whole) += 1;
        cJSON_Delete(answer);
    }
    ck_assert(late > 10 && whole > 10);
}
END_TEST

#define TEN     "1, 1, 1, 1, 1, 1, 1, 1, 1, 1"
#define HUNDRED TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN
/* False, after some looks at the clock and after hundreds of thousands of steps with the largest cart. */
#define LONG "[" HUNDRED "].exists(x, [" HUNDRED "].exists(y, x + y == cart.quantity + cart.total))"
#define DEAR "cart.items.exists(i, [" HUNDRED ", " HUNDRED "].exists(x, x * i.quantity == 0))"
#define WITH_SCORE(id, priority, score)                                                           \
    "  - {id: " id ", name: n, kind: cross_sell, status: active, owner: o, trigger: [cart_view, " \
    "add_to_cart], placement: [page], rank: {priority: " #priority ", score: \"" score            \
    " ? 1 : 2\"}, " TEXTS ", offer: {pick: {skus: [CAM-2, CAM-3, LENS-1, LENS-2, CARD-64, "       \
    "CARD-128, CARD-256, BAG-1]}}}\n"

static bool is_left_out(const cJSON *answer, const char *rule)
{
    return strcmp(result_of(answer, rule), "deadline") == 0;
}

START_TEST(a_rule_whose_expression_or_score_ran_into_the_deadline_is_left_out)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new("rules:\n" WITH_SCORE("scored", 9, LONG) RULE(
        "asks", "cross_sell", 5,
        "offer: {pick: {skus: [BAG-1]}}, when: {none: [{expr: \"" LONG
        "\"}]}") RULE("plain", "cross_sell", 1, "offer: {pick: {skus: [CARD-64]}}"));
    int by_score = 0, by_condition = 0, whole = 0;
    for (small->tick_us = 20; small->tick_us < 1500; small->tick_us += 20) {
        cJSON *answer = decided(small, ADD("CAM-1", "\"budget_ms\": 10, "));
        bool scored = is_left_out(answer, "scored"), asks = is_left_out(answer, "asks");
        bool left_out = scored || asks || is_left_out(answer, "plain");
        bool told = strcmp(text(answer, "degraded/0"), "deadline") == 0;
        ck_assert_msg(told == left_out, "%lld us a look", (long long) small->tick_us);
        ck_assert_str_ne(result_of(answer, "asks"), "condition_unknown");
        by_score += scored && !asks;
        by_condition += asks;
        whole += !left_out;
        cJSON_Delete(answer);
    }
    ck_assert_msg(by_score && by_condition && whole, "%d, %d, %d", by_score, by_condition, whole);
    metric_id stopped = metric_register(small->metrics, METRIC_COUNTER,
                                        "offerd_rule_expressions_stopped_total", "", STR(""));
    ck_assert_uint_eq(metric_value(small->metrics, stopped), 0); /* that counts mistakes */
}
END_TEST

START_TEST(times_the_stages_of_one_decision_each_millisecond)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    metric_id decode =
        metric_register(small->metrics, METRIC_HISTOGRAM, "offerd_stage_duration_seconds", "",
                        STR("stage=\"decode\""));
    metric_id all =
        metric_register(small->metrics, METRIC_COUNTER, "offerd_decisions_total", "", STR(""));
    for (int i = 0; i < 10; i++)
        cJSON_Delete(decided(small, ADD("CAM-1", "")));
    ck_assert_uint_eq(metric_value(small->metrics, decode), 1);
    small->tick_us = 1000; /* every look at the clock costs one */
    for (int i = 0; i < 10; i++)
        cJSON_Delete(decided(small, ADD("CAM-1", "\"budget_ms\": 100, ")));
    ck_assert_uint_eq(metric_value(small->metrics, decode), 11);
    ck_assert_uint_eq(metric_value(small->metrics, all), 20);
}
END_TEST

/* Of this thread alone: what else the machine does is not judged. */
static int64_t cpu_us(struct clock *clock)
{
    struct timespec now;
    (void) clock;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static const char *largest_cart(const char *explain)
{
    static char body[1 << 16];
    size_t n = (size_t) sprintf(body,
                                "{\"placement\": \"page\", \"trigger\": \"cart_view\", "
                                "\"budget_ms\": 10, \"explain\": %s, \"cart\": {\"items\": [",
                                explain);
    for (int i = 0; i < CART_MAX_LINES; i++)
        n += (size_t) sprintf(body + n, "%s{\"sku\": \"X-%03d\", \"unit_price\": 1}", i ? ", " : "",
                              i);
    (void) sprintf(body + n, "]}}");
    return body;
}

/* Ten milliseconds it has, ten more it may take to say so: by far not the second that all of them would. */
static void answers_in_time(const char *rules, const char *explain)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(rules);
    small->clock.mono_us = cpu_us;
    const char *body = largest_cart(explain);
    int64_t began_us = cpu_us(NULL);
    const char *answer = small_world_decide(small, body);
    int64_t took_us = cpu_us(NULL) - began_us;
    ck_assert_ptr_nonnull(answer);
    ck_assert_ptr_nonnull(strstr(answer, "\"degraded\":[\"deadline\"]"));
    const char *patience = getenv("TEST_PATIENCE");
    ck_assert_msg(took_us < 20000 * (patience ? atoi(patience) : 1), "%lld us",
                  (long long) took_us);
}

START_TEST(dear_expressions_and_the_largest_cart_make_no_decision_late)
{
    static char rules[1 << 20];
    static const int counts[] = { 40, 400 }; /* gone through one by one; with an index */
    for (int i = 0; i < 2; i++) {
        size_t n = (size_t) sprintf(rules, "rules:\n");
        for (int rule = 0; rule < counts[i]; rule++)
            n += (size_t) sprintf(
                rules + n,
                "  - {id: r%03d, name: n, kind: cross_sell, status: active, owner: o, trigger: "
                "[cart_view], placement: [page], rank: {priority: 9}, " TEXTS
                ", when: {expr: \"cart.quantity > -%d && " DEAR
                "\"}, offer: {pick: {skus: [BAG-1]}}}\n",
                rule, rule + 1);
        answers_in_time(rules, "false");
        answers_in_time(rules, "true");
    }
    size_t n = (size_t) sprintf(rules, "rules:\n");
    for (int rule = 0; rule < 16; rule++)
        n += (size_t) sprintf(rules + n, WITH_SCORE("s%03d", 5, DEAR), rule);
    answers_in_time(rules, "false");
    answers_in_time(rules, "true");
}
END_TEST

static void woken(void *owner)
{
    *(int *) owner += 1;
}

START_TEST(waits_for_a_profile_and_goes_on_when_it_comes)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    small->answer = PROFILE_COMING;
    struct str answer, body = STR(ADD("CAM-1", "\"customer_id\": \"C1\", "));
    struct decide_problem problem;
    int wakes = 0;
    struct decision *decision = decision_new(small->worker, small->arena, body, woken, &wakes);

    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_WAIT);
    ck_assert_int_gt(decision_deadline_us(decision), small->mono_us);
    ck_assert_int_lt(decision_deadline_us(decision), small->mono_us + 20000);
    small_world_publish(small,
                        "rules:\n" RULE("new", "cross_sell", 5, "offer: {pick: {skus: [BAG-1]}}"));
    small->waiter->ready(small->waiter);
    ck_assert_int_eq(wakes, 1);
    small->answer = PROFILE_HERE;
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_DONE);

    /* and with the world it began with */
    ck_assert(str_contains(answer, STR("\"rule\":\"step\"")));
    ck_assert(str_contains(answer, STR("\"degraded\":[]")));
}
END_TEST

static void told_by_another_thread(struct profile_waiter *waiter)
{
    (void) waiter;
}

START_TEST(goes_on_without_the_profile_at_the_deadline)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    small->answer = PROFILE_COMING;
    struct str answer, body = STR(ADD("CAM-1", "\"customer_id\": \"C1\", "));
    struct decide_problem problem;
    int wakes = 0;
    struct decision *decision = decision_new(small->worker, small->arena, body, woken, &wakes);

    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_WAIT);
    small->mono_us = decision_deadline_us(decision);
    small->waiter->ready = told_by_another_thread; /* which may be reading it just now */
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_DONE);

    ck_assert_ptr_eq(small->waiter->ready, told_by_another_thread);
    ck_assert(str_contains(answer, STR("\"degraded\":[\"profile\"]")));
    ck_assert(str_contains(answer, STR("\"rule\":\"step\"")));
    ck_assert_int_eq(small->forgets, 1); /* nobody may wake what has been answered */
}
END_TEST

START_TEST(keeps_a_millisecond_of_the_smallest_budgets_for_itself)
{
    /* The timer that ends a wait counts whole milliseconds: nothing may be left to a fraction of one. */
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    small->answer = PROFILE_COMING;
    struct str answer, body = STR(ADD("CAM-1", "\"customer_id\": \"C1\", \"budget_ms\": 1, "));
    struct decide_problem problem;
    struct decision *decision = decision_new(small->worker, small->arena, body, woken, NULL);
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_DONE);
    ck_assert(str_contains(answer, STR("\"degraded\":[\"profile\"]")));
    ck_assert(str_contains(answer, STR("\"rule\":\"step\"")));

    body = STR(ADD("CAM-1", "\"customer_id\": \"C1\", \"budget_ms\": 2, "));
    decision = decision_new(small->worker, small->arena, body, woken, NULL);
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_WAIT);
    ck_assert_int_eq(decision_deadline_us(decision), small->mono_us + 1000);
    decision_cancel(decision);
}
END_TEST

START_TEST(lets_go_of_a_waiting_decision_whose_client_left)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    small->answer = PROFILE_COMING;
    struct str answer;
    struct decide_problem problem;
    int wakes = 0;
    struct decision *decision = decision_new(
        small->worker, small->arena, STR(ADD("CAM-1", "\"customer_id\": \"C1\", ")), woken, &wakes);
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_WAIT);
    decision_cancel(decision);
    ck_assert_int_eq(small->forgets, 1);
}
END_TEST

START_TEST(asks_nobody_about_a_guest)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    ck_assert_int_eq(small->finds, 0);
    ck_assert_int_eq(offers(answer), 3);
    cJSON_Delete(answer);
}
END_TEST

START_TEST(fits_the_first_chunk_of_its_arena)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    ck_assert_ptr_nonnull(small_world_decide(small, ADD("CAM-1", "\"customer_id\": \"C1\", ")));
    ck_assert_uint_lt(arena_used(small->arena), 65536);
}
END_TEST

START_TEST(takes_no_memory_for_rules_that_do_not_apply)
{
    static char rules[1 << 20];
    size_t n = (size_t) sprintf(rules, "rules:\n");
    for (int i = 0; i < 1000; i++)
        n += (size_t) sprintf(
            rules + n,
            "  - {id: r%03d, name: n, kind: cross_sell, status: active, owner: o, "
            "trigger: [cart_view], placement: [page], rank: {priority: 9}, " TEXTS
            ", when: {cart.total: {at_least: 900000}}, offer: {pick: {skus: [BAG-1]}}}\n",
            i);
    (void) sprintf(rules + n, "%s",
                   RULE("last", "cross_sell", 1, "offer: {pick: {skus: [CARD-64]}}"));
    AUTO(small_world_free) struct small_world *small = small_world_new(rules);
    const char *answer =
        small_world_decide(small, "{\"placement\": \"page\", \"trigger\": \"cart_view\", \"cart\": "
                                  "{\"items\": [{\"sku\": \"CAM-1\"}]}}");
    ck_assert_ptr_nonnull(strstr(answer, "\"rule\":\"last\""));
    ck_assert_uint_lt(arena_used(small->arena), 65536);
}
END_TEST

SUITE_MAIN("serve/serve", gives_the_same_bytes_for_the_same_request_world_profile_and_clock,
           gives_every_decision_an_id_of_its_own_that_sorts_by_time,
           answers_with_what_it_has_when_the_budget_is_spent,
           says_deadline_when_a_rule_was_left_out_for_it_and_only_then,
           a_rule_whose_expression_or_score_ran_into_the_deadline_is_left_out,
           dear_expressions_and_the_largest_cart_make_no_decision_late,
           waits_for_a_profile_and_goes_on_when_it_comes,
           goes_on_without_the_profile_at_the_deadline,
           keeps_a_millisecond_of_the_smallest_budgets_for_itself,
           lets_go_of_a_waiting_decision_whose_client_left, asks_nobody_about_a_guest,
           fits_the_first_chunk_of_its_arena, takes_no_memory_for_rules_that_do_not_apply,
           times_the_stages_of_one_decision_each_millisecond)
