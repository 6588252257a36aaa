/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that are too slow. */
#include <unistd.h>

#include "http_bench.h"
#include "suite.h"

static char answer[65536];

static void no_slow_requests(struct http_settings *settings)
{
    settings->slow_request_s = 1;
}

static void no_quiet_connections(struct http_settings *settings)
{
    settings->idle_timeout_s = 1;
}

START_TEST(a_body_that_does_not_arrive_is_told_so_and_cut)
{
    struct http_bench bench;
    http_bench_start(&bench, no_slow_requests);
    int fd = client_connect(&bench);

    client_say(fd, "POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");

    ck_assert_int_eq(client_answer(fd, answer, sizeof answer), 408);
    ck_assert(client_sees_end(fd));
    ck_assert_int_eq(ask(&bench, "POST", "/offers", "", "{}", answer, sizeof answer), 200);
    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

START_TEST(a_quiet_connection_is_closed)
{
    struct http_bench bench;
    http_bench_start(&bench, no_quiet_connections);
    int fd = client_connect(&bench);

    ck_assert(client_sees_end(fd));

    (void) close(fd);
    http_bench_stop(&bench);
}
END_TEST

SUITE_MAIN("http/line", a_body_that_does_not_arrive_is_told_so_and_cut,
           a_quiet_connection_is_closed)
