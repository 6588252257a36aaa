/* SPDX-License-Identifier: Apache-2.0 */
#include "http/access_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

static char dir[64];
static char path[256], text[8 * 1024 * 1024];

struct bench {
    struct metrics *metrics;
    struct metric_shard *shard;
    struct access_log *log;
};

static void bench_start(struct bench *bench, unsigned n_workers)
{
    struct err_note note = { "" };
    bench->metrics = metrics_new();
    bench->shard = metric_shard_new(bench->metrics);
    ck_assert_msg(access_log_start(path, n_workers, bench->metrics, &bench->log, &note) == OK, "%s",
                  note.text);
}

static uint64_t bench_stop(struct bench *bench)
{
    bench->log = access_log_stop(bench->log);
    uint64_t lost = metric_value(bench->metrics, metric_register(bench->metrics, METRIC_COUNTER,
                                                                 "offerd_access_log_lost_total", "",
                                                                 (struct str){ 0 }));
    bench->metrics = metrics_free(bench->metrics);
    return lost;
}

static bool put(struct bench *bench, unsigned worker, int64_t took_us)
{
    struct access_line *line = access_log_line(bench->log, worker, bench->shard);
    if (!line)
        return false;
    *line = (struct access_line){ .at_us = INT64_C(1795257000123000),
                                  .took_us = took_us,
                                  .bytes = 1830,
                                  .path = "/offers",
                                  .status = 200,
                                  .method_len = 4,
                                  .key_len = 4,
                                  .method = "POST",
                                  .key = "shop" };
    memcpy(line->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736", sizeof line->trace_id);
    access_log_done(bench->log, worker);
    return true;
}

static const char *read_text(const char *of)
{
    int fd = open(of, O_RDONLY);
    ck_assert_int_ge(fd, 0);
    ssize_t n = read(fd, text, sizeof text - 1);
    ck_assert_int_ge(n, 0);
    text[n] = '\0';
    (void) close(fd);
    return text;
}

static unsigned count_lines(const char *of)
{
    unsigned n = 0;
    for (const char *at = read_text(of); (at = strchr(at, '\n')); at++)
        n++;
    return n;
}

/* Whether took_us grows from line to line: none twice, none out of order. */
static bool is_in_order(const char *of)
{
    long before = -1;
    for (const char *at = read_text(of); (at = strstr(at, "\"took_us\":")); at++) {
        long took_us = strtol(at + 10, NULL, 10);
        if (took_us <= before)
            return false;
        before = took_us;
    }
    return true;
}

static void in_a_new_directory(void)
{
    (void) snprintf(dir, sizeof dir, "%s", "/tmp/offerd-access-log-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void) snprintf(path, sizeof path, "%s/access.log", dir);
}

static void remove_all(void)
{
    char aside[300];
    (void) snprintf(aside, sizeof aside, "%s.1", path);
    (void) unlink(aside);
    (void) unlink(path);
    (void) rmdir(dir);
}

START_TEST(writes_a_line_of_json_for_each_request)
{
    struct bench bench;
    in_a_new_directory();
    bench_start(&bench, 2);

    ck_assert(put(&bench, 1, 74));
    ck_assert_uint_eq(bench_stop(&bench), 0);

    ck_assert_str_eq(
        read_text(path),
        "{\"time\":\"2026-11-21T10:30:00.123Z\",\"method\":\"POST\",\"path\":\"/offers\","
        "\"status\":200,\"bytes\":1830,\"took_us\":74,\"key\":\"shop\",\"trace_id\":"
        "\"4bf92f3577b34da6a3ce929d0e0e4736\",\"worker\":1}\n");
    remove_all();
}
END_TEST

START_TEST(what_is_absent_is_null_and_a_method_of_odd_bytes_does_no_harm)
{
    struct bench bench;
    in_a_new_directory();
    bench_start(&bench, 1);
    struct access_line *line = access_log_line(bench.log, 0, bench.shard);
    *line = (struct access_line){ .method_len = 4, .method = "G\"\xff\n" };
    memset(line->trace_id, 'a', sizeof line->trace_id);
    access_log_done(bench.log, 0);
    (void) bench_stop(&bench);

    ck_assert_ptr_nonnull(
        strstr(read_text(path), "\"method\":\"G\?\?\?\",\"path\":null,\"status\":0"));
    ck_assert_ptr_nonnull(strstr(text, "\"key\":null"));
    remove_all();
}
END_TEST

START_TEST(loses_and_repeats_nothing_that_it_had_room_for)
{
    struct bench bench;
    unsigned put_n = 0;
    in_a_new_directory();
    bench_start(&bench, 1);

    for (int i = 0; i < 20000; i++)
        put_n += put(&bench, 0, i);
    uint64_t lost = bench_stop(&bench);

    ck_assert_uint_eq(put_n + lost, 20000);
    ck_assert_uint_eq(count_lines(path), put_n);
    ck_assert(is_in_order(path));
    remove_all();
}
END_TEST

START_TEST(does_not_wait_for_a_pipe_that_nobody_reads)
{
    struct bench bench;
    unsigned put_n = 0;
    in_a_new_directory();
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bench_start(&bench, 1);

    for (int i = 0; i < 20000; i++)
        put_n += put(&bench, 0, i);
    uint64_t lost = bench_stop(&bench);

    ck_assert_uint_lt(put_n, 20000);
    ck_assert_uint_gt(lost, 10000);
    (void) close(reader);
    remove_all();
}
END_TEST

START_TEST(goes_on_in_a_new_file_when_the_old_one_was_moved_away)
{
    struct bench bench;
    char aside[300];
    in_a_new_directory();
    (void) snprintf(aside, sizeof aside, "%s.1", path);
    bench_start(&bench, 1);

    for (int i = 0; i < 10; i++)
        ck_assert(put(&bench, 0, i));
    ck_assert_int_eq(rename(path, aside), 0);
    access_log_reopen(bench.log);
    while (access(path, F_OK) != 0)
        (void) usleep(1000); /* bounded by the test's own time limit */
    for (int i = 0; i < 5; i++)
        ck_assert(put(&bench, 0, i));
    ck_assert_uint_eq(bench_stop(&bench), 0);

    ck_assert_uint_eq(count_lines(aside), 10);
    ck_assert_uint_eq(count_lines(path), 5);
    remove_all();
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_an_error_with_its_name)
{
    struct err_note note = { "" };
    struct access_log *log = NULL;
    struct metrics *metrics = metrics_new();

    ck_assert_int_eq(access_log_start("/nowhere/access.log", 1, metrics, &log, &note), ERR_INPUT);

    ck_assert_ptr_nonnull(strstr(note.text, "/nowhere/access.log"));
    (void) metrics_free(metrics);
}
END_TEST

SUITE_MAIN("http/access_log", writes_a_line_of_json_for_each_request,
           what_is_absent_is_null_and_a_method_of_odd_bytes_does_no_harm,
           loses_and_repeats_nothing_that_it_had_room_for,
           does_not_wait_for_a_pipe_that_nobody_reads,
           goes_on_in_a_new_file_when_the_old_one_was_moved_away,
           a_file_that_cannot_be_opened_is_an_error_with_its_name)
