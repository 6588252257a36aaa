/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a request by its head and its body. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "http_bench.h"
#include "suite.h"

static char answer[65536];

static bool says(const char *part)
{
    return strstr(answer, part) != NULL;
}

START_TEST(speaks_japanese_to_whoever_prefers_it)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);

    (void) ask(&bench, "GET", "/none", "Accept-Language: ja, en;q=0.5\r\n", NULL, answer,
               sizeof answer);

    ck_assert(says("見つかりません"));
    http_bench_stop(&bench);
}
END_TEST

START_TEST(refuses_by_the_head_alone_and_keeps_the_connection)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    int fd = client_connect(&bench);

    client_post(fd, "/nowhere", "{}");
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 404);
    client_say(fd, "DELETE /offers HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 405);
    ck_assert(says("Allow: POST\r\n"));
    client_say(fd, "POST /offers HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 411);
    client_say(fd, "POST /offers HTTP/1.1\r\nHost: x\r\nContent-Type: "
                   "text/plain\r\nContent-Length: 2\r\n\r\n{}");
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 415);
    client_say(fd, "POST /offers HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: "
                   "2\r\n\r\n{}");
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 415);

    client_post(fd, "/offers", "{}");
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 200);
    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(takes_json_under_each_of_its_names)
{
    static const char *const types[] = { "application/json", "Application/JSON ; charset=utf-8",
                                         "application/cloudevents+json",
                                         "application/cloudevents-batch+json" };
    struct http_bench bench;
    http_bench_start(&bench, NULL);

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char header[128];
        (void) snprintf(header, sizeof header, "Content-Type: %s\r\n", types[i]);
        ck_assert_int_eq(ask(&bench, "POST", "/events", header, "{}", answer, sizeof answer), 202);
    }

    http_bench_stop(&bench);
}
END_TEST

static void small_bodies(struct http_settings *settings)
{
    settings->max_offers_bytes = 1000;
}

START_TEST(a_body_over_the_limit_is_refused_also_in_chunks)
{
    struct http_bench bench;
    char body[2001];
    memset(body, ' ', 2000);
    body[2000] = '\0';
    http_bench_start(&bench, small_bodies);
    int fd = client_connect(&bench);

    client_post(fd, "/offers", body);
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 413);
    client_say(fd, "POST /offers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 4; i++) {
        client_say(fd, "1f4\r\n");
        client_send(fd, body, 500);
        client_say(fd, "\r\n");
    }
    client_say(fd, "0\r\n\r\n");
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 413);
    client_say(fd, "POST /offers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                   "chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 200);

    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_body_far_over_the_limit_is_not_even_read)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    int fd = client_connect(&bench);

    client_say(fd, "POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");

    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 413);
    ck_assert(client_sees_end(fd));
    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_client_that_asks_first_is_told_before_it_sends)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    int fd = client_connect(&bench);

    client_say(fd, "POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\nExpect: "
                   "100-continue\r\n\r\n");

    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 413);
    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(two_lengths_in_one_request_are_refused_and_the_connection_closed)
{
    struct http_bench bench;
    http_bench_start(&bench, NULL);
    int fd = client_connect(&bench);

    client_say(fd, "POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");

    int status = client_answer(fd, answer, sizeof answer);
    ck_assert_msg(status == 400 || status == 0, "%d", status);
    ck_assert(client_sees_end(fd));
    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(echoes_the_trace_of_a_request_and_names_it_in_problems)
{
    static const char header[] =
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    struct http_bench bench;
    http_bench_start(&bench, NULL);

    (void) ask(&bench, "GET", "/none", header, NULL, answer, sizeof answer);
    ck_assert(says("traceparent: 00-0af7651916cd43dd8448eb211c80319c-"));
    ck_assert(!says("b7ad6b7169203331"));
    ck_assert(says("\"request_id\":\"0af7651916cd43dd8448eb211c80319c\""));

    (void) ask(&bench, "POST", "/offers", "", "{}", answer, sizeof answer);
    ck_assert(!says("traceparent"));
    http_bench_stop(&bench);
}
END_TEST

SUITE_MAIN("http/exchange", speaks_japanese_to_whoever_prefers_it,
           refuses_by_the_head_alone_and_keeps_the_connection, takes_json_under_each_of_its_names,
           a_body_over_the_limit_is_refused_also_in_chunks,
           a_body_far_over_the_limit_is_not_even_read,
           a_client_that_asks_first_is_told_before_it_sends,
           two_lengths_in_one_request_are_refused_and_the_connection_closed,
           echoes_the_trace_of_a_request_and_names_it_in_problems)
