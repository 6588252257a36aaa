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

/* Says a head of @bytes, nearly all of it in the header that begins with @start; its status. */
static int answer_to_a_head_of(const struct http_bench *bench, size_t bytes, const char *start)
{
    static char text[64 * 1024];
    int len = snprintf(text, sizeof text, "GET /healthz HTTP/1.1\r\nHost: x\r\n%s", start);
    size_t n = (size_t) len;
    for (; n + 4 < bytes; n++)
        text[n] = n % 200 ? 'a' : strchr(start, ';') ? ';' : 'b';
    memcpy(text + n, "\r\n\r\n", 5);
    int fd = client_connect(bench);
    client_say(fd, text);
    int status = client_answer(fd, answer, sizeof answer);
    (void) close(fd);
    return status;
}

START_TEST(a_head_of_the_promised_size_is_taken_though_most_of_it_be_cookies)
{
    static const struct {
        const char *start;
        unsigned sixteenths; /* of max_head_bytes */
    } heads[] = { { "X-Long: ", 16 }, { "Cookie: a=", 15 }, { "Cookie: a=b; c=", 12 } };
    struct http_bench bench;
    struct http_settings settings;
    http_settings_default(&settings);
    http_bench_start(&bench, NULL);

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        size_t bytes = settings.max_head_bytes / 16 * heads[i].sixteenths;
        int status = answer_to_a_head_of(&bench, bytes, heads[i].start);
        ck_assert_msg(status == 200, "%d: %zu bytes of %s", status, bytes, heads[i].start);
        status = answer_to_a_head_of(&bench, 2 * settings.max_head_bytes, heads[i].start);
        ck_assert_msg(status == 431 || status == 413 || status == 0, "%d", status);
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

/* What the server says to @request with @headers and a body that is complete by either length. */
static int answer_to_lengths(const struct http_bench *bench, const char *request,
                             const char *headers)
{
    int fd = client_connect(bench);
    char text[512];
    (void) snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\n%s\r\n2\r\n{}\r\n0\r\n\r\n",
                    request, headers);
    client_say(fd, text);
    int status = client_answer(fd, answer, sizeof answer);
    ck_assert_msg(client_sees_end(fd), "still open: %s, %s", request, headers);
    (void) close(fd);
    return status;
}

START_TEST(a_body_whose_end_is_in_doubt_is_refused_and_the_connection_closed_whatever_is_asked)
{
    static const char *const requests[] = { "POST /offers", "POST /nowhere", "PUT /offers",
                                            "GET /healthz", "DELETE /none" };
    static const char *const headers[] = {
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 12\r\n",
        "Content-Length: 2\r\nContent-Length: 12\r\n",
        "Content-Length: 12\r\nContent-Length: 12\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding:\r\n"
    };
    struct http_bench bench;
    http_bench_start(&bench, NULL);

    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        for (size_t j = 0; j < sizeof headers / sizeof *headers; j++) {
            int status = answer_to_lengths(&bench, requests[i], headers[j]);
            ck_assert_msg(status == 400, "%d: %s, %s", status, requests[i], headers[j]);
            ck_assert_msg(says("Connection: close\r\n"), "%s, %s", requests[i], headers[j]);
        }

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
           a_head_of_the_promised_size_is_taken_though_most_of_it_be_cookies,
           a_body_over_the_limit_is_refused_also_in_chunks,
           a_body_far_over_the_limit_is_not_even_read,
           a_client_that_asks_first_is_told_before_it_sends,
           a_body_whose_end_is_in_doubt_is_refused_and_the_connection_closed_whatever_is_asked,
           echoes_the_trace_of_a_request_and_names_it_in_problems)
