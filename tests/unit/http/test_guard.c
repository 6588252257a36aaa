/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in, and what the others are told. */
#include <stdio.h>
#include <unistd.h>

#include "fake_flows.h"
#include "http_bench.h"
#include "suite.h"

/* The keys are "abc" and "offerd-test", by their SHA-256. */
#define OF_ABC  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OF_TEST "52524219ba061a7c3455a4647f58b533d35f1d44ae142d13de9e074471feb312"
#define SHOP    "shop storefront " OF_ABC "\n"
#define ROOT    "root admin " OF_TEST "\n"
#define OTHER   "other events 00000000000000000000000000000000000000000000000000000000000000ff\n"

static char answer[65536];

static bool says(const char *part)
{
    return strstr(answer, part) != NULL;
}

static int post(const struct http_bench *bench, const char *path, const char *headers)
{
    return ask(bench, "POST", path, headers, "{}", answer, sizeof answer);
}

static int get(const struct http_bench *bench, const char *path, const char *headers)
{
    return ask(bench, "GET", path, headers, NULL, answer, sizeof answer);
}

START_TEST(asks_for_a_key_and_lets_in_who_has_it_under_each_header)
{
    struct http_bench bench;
    http_bench_start_guarded(&bench, SHOP, NULL);

    ck_assert_int_eq(post(&bench, "/offers", ""), 401);
    ck_assert(says("\r\nWWW-Authenticate: Bearer realm=\"offerd\"\r\n"));
    ck_assert(says("application/problem+json"));
    ck_assert_int_eq(post(&bench, "/offers", "Authorization: Bearer abc\r\n"), 200);
    ck_assert_int_eq(post(&bench, "/offers", "authorization: bearer  abc\r\n"), 200);
    ck_assert_int_eq(post(&bench, "/offers", "X-Api-Key: abc\r\n"), 200);
    ck_assert_int_eq(post(&bench, "/offers", "Authorization: Basic eDp5\r\nX-Api-Key: abc\r\n"),
                     200);

    ck_assert_int_eq(atomic_load(&fake_flows()->decisions), 4);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_key_that_nobody_has_is_refused_however_it_is_written)
{
    static const char *const headers[] = { "Authorization: Bearer abd\r\n",
                                           "Authorization: Bearer \r\n",
                                           "Authorization: abc\r\n",
                                           "Authorization: Basic abc\r\n",
                                           "Authorization: Bearer abc abc\r\n",
                                           "X-Api-Key: " OF_ABC "\r\n",
                                           "X-Api-Key:\r\n",
                                           "Authorization: Bearer wrong\r\nX-Api-Key: abc\r\n" };
    struct http_bench bench;
    http_bench_start_guarded(&bench, SHOP ROOT, NULL);

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        ck_assert_msg(post(&bench, "/offers", headers[i]) == 401, "let in: %s", headers[i]);

    ck_assert_int_eq(post(&bench, "/offers", headers[0]), 401);
    ck_assert(says("error=\"invalid_token\""));
    ck_assert_int_eq(atomic_load(&fake_flows()->decisions), 0);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_key_is_good_for_its_scopes_only)
{
    struct http_bench bench;
    http_bench_start_guarded(&bench, SHOP ROOT, NULL);

    ck_assert_int_eq(post(&bench, "/events", "X-Api-Key: abc\r\n"), 403);
    ck_assert(says("scope 'events'"));
    ck_assert_int_eq(post(&bench, "/-/reload", "X-Api-Key: abc\r\n"), 403);
    ck_assert_int_eq(get(&bench, "/rules", "X-Api-Key: abc\r\nAccept-Language: ja\r\n"), 403);
    ck_assert(says("このAPIキーでは利用できません"));
    ck_assert_int_eq(get(&bench, "/metrics", "X-Api-Key: abc\r\n"), 403);

    ck_assert_int_eq(post(&bench, "/offers", "X-Api-Key: offerd-test\r\n"), 200);
    ck_assert_int_eq(post(&bench, "/events", "X-Api-Key: offerd-test\r\n"), 202);
    ck_assert_int_eq(get(&bench, "/rules", "X-Api-Key: offerd-test\r\n"), 200);
    ck_assert_int_eq(get(&bench, "/metrics", "X-Api-Key: offerd-test\r\n"), 200);
    ck_assert(says("offerd_http_refused_total{reason=\"scope\"} 4\n"));
    ck_assert_int_eq(atomic_load(&fake_flows()->batches), 1);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(health_readiness_and_the_document_are_open_and_what_is_missing_stays_missing)
{
    struct http_bench bench;
    http_bench_start_guarded(&bench, ROOT, NULL);

    ck_assert_int_eq(get(&bench, "/healthz", ""), 200);
    ck_assert_int_eq(get(&bench, "/readyz", "X-Api-Key: wrong\r\n"), 200);
    ck_assert_int_eq(get(&bench, "/openapi.json", ""), 200);
    ck_assert_int_eq(get(&bench, "/nowhere", ""), 404);
    ck_assert_int_eq(get(&bench, "/offers", ""), 405);
    ck_assert_int_eq(get(&bench, "/metrics", ""), 401);

    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_refused_request_leaves_its_connection_open)
{
    struct http_bench bench;
    http_bench_start_guarded(&bench, SHOP, NULL);
    int fd = client_connect(&bench);

    client_post(fd, "/offers", "{\"a stranger's\":\"body\"}");
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 401);
    client_say(fd, "POST /offers HTTP/1.1\r\nHost: x\r\nX-Api-Key: abc\r\nContent-Length: "
                   "2\r\n\r\n{}");
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 200);

    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_stranger_is_not_told_to_send_its_body)
{
    struct http_bench bench;
    http_bench_start_guarded(&bench, SHOP, NULL);
    int fd = client_connect(&bench);

    client_say(fd, "POST /offers HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
                   "2\r\n\r\n");

    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 401);
    ck_assert(client_sees_end(fd));
    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_key_is_answered_no_more_often_than_its_rate_whatever_the_connection)
{
    struct http_bench bench;
    int good = 0, told = 0;
    http_bench_start_guarded(&bench, "slow storefront,events " OF_ABC " rate=3\n" ROOT, NULL);

    for (int i = 0; i < 6; i++) {
        int status = post(&bench, i % 2 ? "/offers" : "/events", "X-Api-Key: abc\r\n");
        good += status < 300;
        told += status == 429 && says("\r\nRetry-After: 1\r\n") && says("at most 3 requests");
    }

    ck_assert_int_eq(good + told, 6);
    ck_assert_int_ge(good, 3);
    ck_assert_int_le(good, 5); /* the machine may be slow: a third of a second brings one more */
    ck_assert_int_eq(post(&bench, "/offers", "X-Api-Key: offerd-test\r\n"), 200);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(keys_change_while_connections_stay)
{
    static const char request[] = "POST /offers HTTP/1.1\r\nHost: x\r\nX-Api-Key: abc\r\n"
                                  "Content-Length: 2\r\n\r\n{}";
    struct http_bench bench;
    http_bench_start_guarded(&bench, SHOP, NULL);
    int fd = client_connect(&bench);
    client_say(fd, request);
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 200);

    http_bench_set_keys(&bench, ROOT);
    client_say(fd, request);
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 401);
    http_bench_set_keys(&bench, ROOT SHOP);
    client_say(fd, request);
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 200);

    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

/* @first and @second, then keys of nobody's, so that it is a block that malloc gives again at once. */
static const char *many_keys(const char *first, const char *second)
{
    static char text[8192];
    size_t len = (size_t) snprintf(text, sizeof text, "%s%s", first, second);
    for (unsigned i = 1; i <= 30; i++)
        len += (size_t) snprintf(text + len, sizeof text - len, "spare-%u events %064x\n", i, i);
    return text;
}

START_TEST(a_withdrawn_key_does_not_become_the_one_that_took_its_place_in_memory)
{
    static const char withdrawn[] = "X-Api-Key: abc\r\n";
    struct http_bench bench;
    http_bench_start_guarded(&bench, ROOT, NULL);

    for (int i = 0; i < 10; i++) {
        http_bench_set_keys(&bench, many_keys(SHOP, ROOT));
        ck_assert_int_eq(get(&bench, "/rules", withdrawn), 403);
        http_bench_set_keys(&bench, ROOT);
        ck_assert_int_eq(get(&bench, "/rules", ""), 401); /* here the former keys are freed */
        http_bench_set_keys(&bench, many_keys(ROOT, OTHER));

        ck_assert_int_eq(get(&bench, "/rules", withdrawn), 401);
        ck_assert_int_eq(get(&bench, "/rules", "X-Api-Key: offerd-test\r\n"), 200);
    }

    http_bench_stop(&bench);
}
END_TEST

SUITE_MAIN("http/guard", asks_for_a_key_and_lets_in_who_has_it_under_each_header,
           a_key_that_nobody_has_is_refused_however_it_is_written,
           a_key_is_good_for_its_scopes_only,
           health_readiness_and_the_document_are_open_and_what_is_missing_stays_missing,
           a_refused_request_leaves_its_connection_open, a_stranger_is_not_told_to_send_its_body,
           a_key_is_answered_no_more_often_than_its_rate_whatever_the_connection,
           keys_change_while_connections_stay,
           a_withdrawn_key_does_not_become_the_one_that_took_its_place_in_memory)
