/* SPDX-License-Identifier: Apache-2.0 */
#include "app/service/log_writer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "suite.h"

/* A pipe in the place of standard error. */
static int ends[2], before;

static struct log_writer *begin(void)
{
    before = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    log_setup(LOG_INFO, false);
    struct log_writer *writer = NULL;
    ck_assert_int_eq(log_writer_new(&writer), OK);
    return writer;
}

static void end(void)
{
    ck_assert_int_ge(dup2(before, STDERR_FILENO), 0);
    (void) close(before);
    (void) close(ends[0]);
    (void) close(ends[1]);
}

/* Reads lines until one holds @word; how many there were, that one included. */
static int lines_until(const char *word)
{
    static char text[8 << 20];
    size_t len = 0;
    for (;;) {
        ssize_t n = read(ends[0], text + len, sizeof text - 1 - len);
        ck_assert_int_gt(n, 0);
        len += (size_t) n;
        text[len] = '\0';
        if (text[len - 1] == '\n' && strstr(text, word))
            break;
    }
    int lines = 0;
    for (char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    return lines;
}

START_TEST(lines_arrive_whole_and_in_order)
{
    struct log_writer *writer = begin();
    for (int i = 1; i <= 20; i++)
        log_line(LOG_INFO, "area", "line %d", i);
    log_line(LOG_INFO, "area", "the last");
    ck_assert_int_eq(lines_until("the last"), 21);
    ck_assert_ptr_null(log_writer_free(writer));
    end();
}
END_TEST

START_TEST(who_logs_does_not_wait_for_a_reader_that_sleeps_and_what_is_lost_is_told)
{
    struct log_writer *writer = begin();
    char text[500] = { 0 };
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 5000;
         i++) /* far more than a pipe and the writer hold; would wait for ever */
        log_line(LOG_INFO, "area", "%s", text);
    int lines = lines_until("lines were lost");
    ck_assert_int_gt(lines, 100);
    ck_assert_int_lt(lines, 5000);
    ck_assert_int_gt(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20), 0); /* room for what still waits */
    ck_assert_ptr_null(log_writer_free(writer));
    end();
}
END_TEST

START_TEST(who_wants_it_written_waits_for_that_but_not_for_ever)
{
    struct log_writer *writer = begin();
    log_writer_flush(writer);
    log_line(LOG_INFO, "area", "the first");
    log_writer_flush(writer);
    char text[500] = { 0 };
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_gt(read(ends[0], text, sizeof text), 0); /* it is there already */
    ck_assert_ptr_nonnull(strstr(text, "the first\n"));
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, 0), 0);

    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 5000; i++)
        log_line(LOG_INFO, "area", "%s", text);
    log_writer_flush(writer); /* nobody reads: two seconds */

    (void) lines_until("lines were lost");
    ck_assert_int_gt(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20), 0);
    ck_assert_ptr_null(log_writer_free(writer));
    end();
}
END_TEST

START_TEST(what_waits_is_written_before_the_end)
{
    struct log_writer *writer = begin();
    log_line(LOG_INFO, "area", "nearly the last");
    ck_assert_ptr_null(log_writer_free(writer));
    log_line(LOG_INFO, "area", "directly");
    ck_assert_int_eq(lines_until("directly"), 2);
    end();
}
END_TEST

SUITE_MAIN("app/log_writer", lines_arrive_whole_and_in_order,
           who_logs_does_not_wait_for_a_reader_that_sleeps_and_what_is_lost_is_told,
           who_wants_it_written_waits_for_that_but_not_for_ever,
           what_waits_is_written_before_the_end)
