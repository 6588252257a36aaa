/* SPDX-License-Identifier: Apache-2.0 */
/* The server as its clients see it, with fakes in place of the flows. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fake_flows.h"
#include "http_bench.h"
#include "shop/offer_token.h"
#include "suite.h"

static char answer[65536];

static bool says(const char *part)
{
    return strstr(answer, part) != NULL;
}

/* Until the journal has @n batches; bounded by the test's own time limit. */
static void wait_for_batches(int n)
{
    while (atomic_load(&fake_flows()->batches) < n)
        (void) usleep(1000);
}

START_TEST(answers_many_decisions_on_one_connection)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    int fd = client_connect(&bench);

    for (int i = 0; i < 100; i++) {
        client_post(fd, "/offers", "{}");
        ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 200);
        ck_assert(says("\r\n\r\n{\"offers\":[]}"));
    }

    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(answers_requests_that_were_sent_ahead_in_their_order)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    int fd = client_connect(&bench);

    client_post(fd, "/offers", "wait:ready");
    client_post(fd, "/offers", "bad:value");
    client_post(fd, "/events", "{}");

    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 200);
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 422);
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 202);
    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_decision_that_waits_goes_on_when_its_profile_is_there)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    int fd = client_connect(&bench);

    for (int i = 0; i < 50; i++) {
        client_post(fd, "/offers", "wait:ready");
        ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 200);
    }

    ck_assert_int_eq(atomic_load(&fake_flows()->waits), 50);
    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(decisions_that_their_own_loop_wakes_go_on_together_each_to_its_own_answer)
{
    enum { CLIENTS = 40 };
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    int clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = client_connect(&bench);

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CLIENTS; i++)
            client_post(clients[i], "/offers", i % 4 ? "loop:twice" : "loop:bad");
        for (int i = 0; i < CLIENTS; i++)
            ck_assert_int_eq(client_answer(clients[i], answer, sizeof answer), i % 4 ? 200 : 400);
    }

    ck_assert_int_eq(atomic_load(&fake_flows()->waits), 3 * CLIENTS * 2);
    for (int i = 0; i < CLIENTS; i++)
        (void) close(clients[i]);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_server_stops_while_its_loop_wakes_decisions)
{
    for (int round = 0; round < 5; round++) {
        struct http_bench bench;
        int clients[8];
        http_bench_start(&bench, NULL);
        for (int i = 0; i < 8; i++) {
            clients[i] = client_connect(&bench);
            client_post(clients[i], "/offers", "loop:twice");
        }
        while (atomic_load(&fake_flows()->waits) < 8 + round)
            (void) usleep(100);
        http_bench_stop(&bench);
        for (int i = 0; i < 8; i++)
            (void) close(clients[i]);
    }
}
END_TEST

START_TEST(a_decision_whose_profile_never_comes_is_answered_at_its_deadline)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);

    ck_assert_int_eq(ask(&bench, "POST", "/offers", "", "wait:deadline", answer, sizeof answer),
                     200);

    http_bench_stop(&bench);
}
END_TEST

START_TEST(others_are_answered_while_some_wait)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    int waiting[8];
    for (int i = 0; i < 8; i++) {
        waiting[i] = client_connect(&bench);
        client_post(waiting[i], "/events", "hold");
    }

    wait_for_batches(8);

    ck_assert_int_eq(ask(&bench, "POST", "/offers", "", "{}", answer, sizeof answer), 200);

    fake_journal_release();
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(client_answer(waiting[i], answer, sizeof answer), 202);
        (void) close(waiting[i]);
    }
    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_client_that_leaves_while_it_waits_harms_nobody)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    for (int i = 0; i < 8; i++) {
        int fd = client_connect(&bench);
        client_post(fd, i % 2 ? "/events" : "/offers", i % 2 ? "hold" : "wait:deadline");
        (void) close(fd);
    }
    wait_for_batches(4);

    fake_journal_release();

    ck_assert_int_eq(ask(&bench, "POST", "/events", "", "{}", answer, sizeof answer), 202);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(says_where_a_decision_request_is_wrong)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);

    ck_assert_int_eq(ask(&bench, "POST", "/offers", "", "bad:input", answer, sizeof answer), 400);
    ck_assert(says("Content-Type: application/problem+json\r\n"));
    ck_assert(says("\"detail\":\"expected something else\",\"pointer\":\"/cart/items/0\""));
    ck_assert_int_eq(ask(&bench, "POST", "/offers", "", "bad:value", answer, sizeof answer), 422);
    ck_assert_int_eq(ask(&bench, "POST", "/offers", "", "bad:limit", answer, sizeof answer), 413);

    http_bench_stop(&bench);
}
END_TEST

START_TEST(an_event_batch_is_answered_by_what_became_of_it)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);

    ck_assert_int_eq(ask(&bench, "POST", "/events", "", "{}", answer, sizeof answer), 202);
    ck_assert(says("{\"results\":[{\"event_id\":\"e-1\",\"status\":\"accepted\"}]}"));
    ck_assert_int_eq(ask(&bench, "POST", "/events", "", "rejected", answer, sizeof answer), 422);
    ck_assert(says("\"pointer\":\"/at\""));
    ck_assert_int_eq(ask(&bench, "POST", "/events", "", "bad:input", answer, sizeof answer), 400);
    ck_assert_int_eq(ask(&bench, "POST", "/events", "", "full", answer, sizeof answer), 503);
    ck_assert(says("Retry-After: 1\r\n"));
    ck_assert_int_eq(ask(&bench, "POST", "/events", "", "away", answer, sizeof answer), 503);

    http_bench_stop(&bench);
}
END_TEST

START_TEST(rules_are_not_sent_again_to_who_has_them)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);

    ck_assert_int_eq(ask(&bench, "GET", "/rules", "", NULL, answer, sizeof answer), 200);
    ck_assert(says("ETag: \"4f1c09ab77d2\"\r\n"));
    ck_assert_int_eq(ask(&bench, "GET", "/rules", "If-None-Match: \"x\", \"4f1c09ab77d2\"\r\n",
                         NULL, answer, sizeof answer),
                     304);
    ck_assert_int_eq(
        ask(&bench, "GET", "/rules", "If-None-Match: \"x\"\r\n", NULL, answer, sizeof answer), 200);

    http_bench_stop(&bench);
}
END_TEST

START_TEST(reload_hands_on_force_language_status_and_text)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);

    ck_assert_int_eq(ask(&bench, "POST", "/-/reload?force=true", "Accept-Language: ja\r\n", "",
                         answer, sizeof answer),
                     200);
    ck_assert(says("{\"locale\":\"ja\"}"));
    ck_assert_int_eq(ask(&bench, "POST", "/-/reload", "", NULL, answer, sizeof answer), 422);

    http_bench_stop(&bench);
}
END_TEST

START_TEST(counts_what_it_answers)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    (void) ask(&bench, "POST", "/offers", "", "{}", answer, sizeof answer);
    (void) ask(&bench, "POST", "/v1/offers", "", "bad:input", answer, sizeof answer);

    ck_assert_int_eq(ask(&bench, "GET", "/metrics", "", NULL, answer, sizeof answer), 200);

    ck_assert(says("offerd_http_responses_total{operation=\"offers\",status=\"2xx\"} 1\n"));
    ck_assert(says("offerd_http_responses_total{operation=\"offers\",status=\"4xx\"} 1\n"));
    ck_assert(says("offerd_http_request_duration_seconds_count{operation=\"offers\"} 2\n"));
    ck_assert(says("offerd_http_requests_in_flight 1\n"));
    http_bench_stop(&bench);
}
END_TEST

START_TEST(draining_finishes_what_is_in_flight_and_takes_nobody_new)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    int busy = client_connect(&bench), quiet = client_connect(&bench);
    client_post(quiet, "/offers", "{}");
    ck_assert_int_eq(client_answer(quiet, answer, sizeof answer), 200);
    client_post(busy, "/events", "hold");
    wait_for_batches(1);

    http_drain(bench.http);
    ck_assert(client_sees_end(quiet));
    ck_assert(!http_drained(bench.http, 0));
    fake_journal_release();

    ck_assert_int_eq(client_answer(busy, answer, sizeof answer), 202);
    ck_assert(says("Connection: close\r\n"));
    ck_assert(client_sees_end(busy));
    ck_assert(http_drained(bench.http, 5000000));
    (void) close(busy);
    (void) close(quiet);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(draining_answers_everybody_who_had_connected_before_however_many)
{
    enum { CLIENTS = 150 };
    struct http_bench bench;
    int clients[CLIENTS];
    http_bench_start(&bench, NULL);
    int busy = client_connect(&bench);
    client_post(busy, "/offers", "stall");
    while (!atomic_load(&fake_flows()->stalled))
        (void) usleep(1000);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = client_connect(&bench); /* nobody accepts it yet */
        client_say(clients[i], "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    }

    http_drain(bench.http);
    fake_worker_release();

    int answered = 0;
    for (int i = 0; i < CLIENTS; i++) {
        answered += client_answer(clients[i], answer, sizeof answer) == 200;
        (void) close(clients[i]);
    }
    ck_assert_int_eq(answered, CLIENTS);
    (void) close(busy);
    http_bench_stop(&bench);
}
END_TEST

static void no_patience(struct http_settings *settings)
{
    settings->drain_s = 0;
}

START_TEST(stopping_ends_even_what_would_wait_for_long)
{
    struct http_bench bench;
    http_bench_start(&bench, no_patience);
    int fd = client_connect(&bench);
    client_post(fd, "/offers", "wait:long");
    while (atomic_load(&fake_flows()->waits) == 0)
        (void) usleep(1000);

    http_bench_stop(&bench);

    (void) close(fd);
}
END_TEST

static void two_workers(struct http_settings *settings)
{
    settings->workers = 2;
}

START_TEST(several_workers_share_the_port)
{
    struct http_bench bench;
    http_bench_start(&bench, two_workers);

    for (int i = 0; i < 40; i++)
        ck_assert_int_eq(
            ask(&bench, "POST", i % 2 ? "/events" : "/offers", "", "{}", answer, sizeof answer),
            i % 2 ? 202 : 200);

    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_port_in_use_is_an_error_and_not_shared_with_a_stranger)
{
    struct http_bench bench;
    struct http_settings settings;
    struct http *second = NULL;
    struct err_note note = { "" };
    http_bench_start(&bench, NULL);
    http_settings_default(&settings);
    settings.port = bench.port;

    enum err err = http_start(&settings, &(struct http_neighbours){ .metrics = bench.metrics },
                              &second, &note);

    ck_assert_int_eq(err, ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(note.text, "in use"));
    http_bench_stop(&bench);
}
END_TEST

static void for_an_hour(struct http_settings *settings)
{
    settings->offer_lifetime_us = INT64_C(3600) * 1000000;
}

/* What becomes of a guest's offer made so long ago. */
static int outcome_of_an_offer_made(const struct http_bench *bench, int minutes_ago,
                                    const char *word)
{
    static const uint8_t key[16] = { 1, 2, 3 }; /* as the bench has it */
    struct offer_token token = { .rule = STR("lens"),
                                 .items = { { STR("LENS-1"), 1 } },
                                 .n_items = 1,
                                 .made_us = ((int64_t) time(NULL) - minutes_ago * 60) * 1000000 };
    struct out id;
    out_init(&id, NULL, 256);
    offer_token_seal(&token, STR("d-1"), key, &id);
    char path[512];
    (void) snprintf(path, sizeof path, "/offers/d-1/%.*s/%s", (int) id.len, id.at, word);
    out_deinit(&id);
    return ask(bench, "POST", path, "", "", answer, sizeof answer);
}

START_TEST(an_offer_is_accepted_while_it_stands_and_declined_at_any_time)
{
    struct http_bench bench;
    http_bench_start(&bench, for_an_hour);

    ck_assert_int_eq(outcome_of_an_offer_made(&bench, 59, "accept"), 200);
    ck_assert(says("\"sku\":\"LENS-1\""));
    ck_assert_int_eq(outcome_of_an_offer_made(&bench, 61, "accept"), 409);
    ck_assert(says("/problems/offer-over"));
    ck_assert_int_eq(outcome_of_an_offer_made(&bench, 61, "decline"), 200);

    http_bench_stop(&bench);
}
END_TEST

SUITE_MAIN("http/server", answers_many_decisions_on_one_connection,
           answers_requests_that_were_sent_ahead_in_their_order,
           a_decision_that_waits_goes_on_when_its_profile_is_there,
           decisions_that_their_own_loop_wakes_go_on_together_each_to_its_own_answer,
           a_server_stops_while_its_loop_wakes_decisions,
           a_decision_whose_profile_never_comes_is_answered_at_its_deadline,
           others_are_answered_while_some_wait, a_client_that_leaves_while_it_waits_harms_nobody,
           says_where_a_decision_request_is_wrong, an_event_batch_is_answered_by_what_became_of_it,
           an_offer_is_accepted_while_it_stands_and_declined_at_any_time,
           rules_are_not_sent_again_to_who_has_them, reload_hands_on_force_language_status_and_text,
           counts_what_it_answers, draining_finishes_what_is_in_flight_and_takes_nobody_new,
           draining_answers_everybody_who_had_connected_before_however_many,
           stopping_ends_even_what_would_wait_for_long, several_workers_share_the_port,
           a_port_in_use_is_an_error_and_not_shared_with_a_stranger)
