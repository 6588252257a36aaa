/* SPDX-License-Identifier: Apache-2.0 */
/* What pg_db.h promises when there is no server, or one that says nothing. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "store/postgresql/pg_db.h"
#include "suite.h"

enum { CONNECT_MS = 100, LONG_MS = 500, SHORTEST_PAUSE_MS = 25 };
enum { SLACK_MS = 5000 }; /* a busy machine may be late, not that late */

static struct err_note note;

/* A socket on loopback that takes connections (by its backlog) and never answers. */
static int silent_server(uint16_t *ret_port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(server, (struct sockaddr *) &at, sizeof at), 0);
    ck_assert_int_eq(listen(server, 64), 0);
    ck_assert_int_eq(getsockname(server, (struct sockaddr *) &at, &len), 0);
    *ret_port = ntohs(at.sin_port);
    return server;
}

static struct pg_db *open_patient(const char *url, int connect_ms)
{
    struct pg_db *db = NULL;
    const struct pg_settings settings = { .url = url, .connect_ms = connect_ms };
    const struct pg_db_use use = { .statement_ms = 100 };
    ck_assert_msg(pg_db_new(&settings, &use, &db, &note) == OK, "%s", note.text);
    return db;
}

static struct pg_db *open_db(const char *url)
{
    return open_patient(url, CONNECT_MS);
}

static struct pg_db *open_port_patient(uint16_t port, int connect_ms)
{
    char url[128];
    snprintf(url, sizeof url, "postgresql://user:s3cret@127.0.0.1:%u/shop", port);
    return open_patient(url, connect_ms);
}

static struct pg_db *open_port(uint16_t port)
{
    return open_port_patient(port, CONNECT_MS);
}

static enum err ready(struct pg_db *db)
{
    return pg_db_ready(db, pg_now_us() + SLACK_MS * INT64_C(1000), &note);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

START_TEST(an_address_that_is_none_is_refused_without_being_shown)
{
    static const char *const bad[] = { "",
                                       "s3cret",
                                       "mysql://u:s3cret@host/db",
                                       "postgresql://u:s3cret@host/db?no_such=1",
                                       "host=h password=s3cret no_such=1",
                                       "postgresql://u:s3cret@[::1/db" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pg_db *db = NULL;
        const struct pg_settings settings = { .url = bad[i] };
        const struct pg_db_use use = { .statement_ms = 100 };
        ck_assert_int_eq(pg_db_new(&settings, &use, &db, &note), ERR_INPUT);
        ck_assert_ptr_null(strstr(note.text, "s3cret"));
    }
}
END_TEST

static void expect_refused(const char *url, const char *expected)
{
    struct pg_db *db = NULL;
    const struct pg_settings settings = { .url = url };
    const struct pg_db_use use = { .statement_ms = 100 };
    note.text[0] = '\0';
    ck_assert_msg(pg_db_new(&settings, &use, &db, &note) == ERR_INPUT, "%s", url);
    ck_assert_msg(strstr(note.text, expected), "'%s' does not say '%s'", note.text, expected);
    ck_assert_ptr_null(strstr(note.text, "cret"));
    ck_assert_ptr_null(strchr(note.text, '\n'));
}

START_TEST(what_libpq_refuses_is_told_in_its_words_before_anybody_waits_for_a_server)
{
    expect_refused("postgresql://u:s3cret@127.0.0.1:1/x?sslmode=foo",
                   "database_url: invalid sslmode value: \"foo\"; disable, allow, prefer, require, "
                   "verify-ca or verify-full was expected");
    expect_refused("host=no-such-host.invalid password=s3cret channel_binding=maybe",
                   "disable, prefer or require was expected");
    expect_refused("host=a,b hostaddr=1.2.3.4", "could not match 2 host names to 1 hostaddr");
    expect_refused("host=a,b port=1,2,3", "could not match 3 port numbers to 2 hosts");
    expect_refused("service=no-such", "service \"no-such\" not found");
    expect_refused("host=h keepalives_idle=soon", "keepalives_idle='soon' is not a whole number");
    expect_refused("postgresql://u@h:99999/x", "the port is not a number from 1 to 65535");
    expect_refused("postgresql://u:s3/cret@h/x", "of a password are written %2F");
    ck_assert_int_eq(setenv("PGSSLMODE", "foo", 1), 0);
    expect_refused("postgresql://u@h/x", "PGSSLMODE: invalid sslmode");
    ck_assert_int_eq(unsetenv("PGSSLMODE"), 0);
}
END_TEST

START_TEST(an_address_that_cannot_be_read_is_told_with_the_nearest_option_or_with_why)
{
    expect_refused("postgresql://u:s3cret@h/x?sslmod=require", "did you mean 'sslmode'?");
    expect_refused("host=h password=s3 cret=1", "an option that PostgreSQL does not know");
    expect_refused("host=h password=s3 cret", "(missing \"=\" after)");
    expect_refused("host=h password='s3cret", "(unterminated quoted string");
    expect_refused("postgresql://u:%zzcret@h/x", "(invalid percent-encoded token)");
}
END_TEST

START_TEST(what_may_come_good_by_waiting_is_no_mistake)
{
    static const char *const good[] = { "postgresql:///db?host=/no/such/directory",
                                        "host=no-such-host.invalid",
                                        "postgresql://u@a,b:1,[::1]/db",
                                        "host=a,b,c port=5433 sslmode=verify-full",
                                        "hostaddr=192.0.2.1 keepalives=0",
                                        "dbname=db" };
    ck_assert_int_eq(setenv("PGHOST", "a,b", 1), 0);
    ck_assert_int_eq(setenv("PGPORT", "1,2", 1), 0);
    pg_db_free(open_db("postgresql:///db"));
    ck_assert_int_eq(unsetenv("PGHOST") + unsetenv("PGPORT"), 0);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        pg_db_free(open_db(good[i]));
}
END_TEST

START_TEST(both_ways_to_write_an_address_are_taken_though_no_server_is_there)
{
    static const char *const good[] = { "postgresql://u@h:5432/db", "postgres:///db?host=/run",
                                        "host=h dbname=db user=u" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        pg_db_free(open_db(good[i]));
}
END_TEST

START_TEST(a_server_that_nobody_is_is_unavailable_and_its_reason_has_no_password)
{
    uint16_t port;
    close(silent_server(&port));
    struct pg_db *db = open_port(port);

    ck_assert_int_eq(ready(db), ERR_UNAVAILABLE);

    ck_assert_ptr_nonnull(strstr(note.text, "refused"));
    ck_assert_ptr_null(strstr(note.text, "s3cret"));
    ck_assert_ptr_null(strchr(note.text, '\n'));
    ck_assert_int_eq(pg_db_fd(db), -1);
    pg_db_free(db);
}
END_TEST

START_TEST(a_server_that_says_nothing_is_waited_for_once_and_then_hardly)
{
    uint16_t port;
    int server = silent_server(&port);
    struct pg_db *db = open_port(port);
    int64_t began = now_ms();

    ck_assert_int_eq(ready(db), ERR_UNAVAILABLE);

    ck_assert_ptr_nonnull(strstr(note.text, "in time"));
    ck_assert_int_ge(now_ms() - began, CONNECT_MS - 1);
    ck_assert_int_lt(now_ms() - began, CONNECT_MS + SLACK_MS);
    began = now_ms();
    for (int i = 0; i < 1000; i++) /* most within a pause, some give 10 ms to an attempt */
        ck_assert_int_eq(ready(db), ERR_UNAVAILABLE);
    ck_assert_int_lt(now_ms() - began, 1000 * CONNECT_MS / 4);
    pg_db_free(db);
    close(server);
}
END_TEST

START_TEST(whoever_looks_in_does_not_wait_for_a_connection)
{
    uint16_t port;
    int server = silent_server(&port);
    struct pg_db *db = open_port_patient(port, SLACK_MS);
    int64_t began = now_ms();

    ck_assert_int_eq(pg_db_ready_now(db, &note), ERR_UNAVAILABLE);

    ck_assert_ptr_nonnull(strstr(note.text, "being made"));
    ck_assert_int_lt(now_ms() - began, SLACK_MS);
    pg_db_free(db);
    close(server);
}
END_TEST

START_TEST(a_host_that_nobody_knows_is_asked_for_no_longer_than_a_connection_may_take)
{
    struct pg_db *db = open_db("postgresql://u:s3cret@no-such-host.invalid/shop");
    int64_t began = now_ms();

    ck_assert_int_eq(ready(db), ERR_UNAVAILABLE);

    ck_assert_msg(strstr(note.text, "not known") || strstr(note.text, "in time"), "%s", note.text);
    ck_assert_ptr_null(strstr(note.text, "s3cret"));
    ck_assert_int_lt(now_ms() - began, CONNECT_MS + SLACK_MS);
    pg_db_free(db);
}
END_TEST

START_TEST(every_host_of_an_address_is_tried)
{
    uint16_t gone, silent;
    char url[160];
    close(silent_server(&gone));
    int server = silent_server(&silent);
    snprintf(url, sizeof url, "postgresql://u@127.0.0.1:%u,localhost:%u/shop", gone, silent);
    struct pg_db *db = open_db(url);

    ck_assert_int_eq(ready(db), ERR_UNAVAILABLE);

    ck_assert_msg(strstr(note.text, "in time"), "%s", note.text); /* the second took it */
    int taken = accept(server, NULL, NULL);
    ck_assert_int_ge(taken, 0);
    close(taken);
    close(server);
    pg_db_free(db);
}
END_TEST

START_TEST(a_call_waits_for_a_connection_no_longer_than_its_own_bound)
{
    uint16_t port;
    int server = silent_server(&port);
    struct pg_db *db = open_port_patient(port, LONG_MS);
    int64_t began = pg_now_us();

    ck_assert_int_eq(pg_db_ready(db, began + 1000, &note), ERR_UNAVAILABLE);

    ck_assert_ptr_nonnull(strstr(note.text, "being made")); /* it goes on */
    ck_assert_int_eq(pg_db_hope(db, &note), OK);
    int64_t last = began;
    while (strstr(note.text, "being made")) {
        last = pg_now_us();
        ck_assert_int_lt(last, began + (LONG_MS + SLACK_MS) * INT64_C(1000));
        ck_assert_int_eq(ready(db), ERR_UNAVAILABLE);
    }
    ck_assert_int_ge(pg_now_us(), began + LONG_MS * 1000);
    ck_assert_ptr_nonnull(strstr(note.text, "in time"));
    /* No hope during the pause, unless the machine held us up for as long. */
    ck_assert(pg_db_hope(db, &note) == ERR_UNAVAILABLE ||
              pg_now_us() >= last + SHORTEST_PAUSE_MS * 1000);
    pg_db_free(db);
    close(server);
}
END_TEST

START_TEST(settings_that_are_left_out_have_defaults)
{
    struct pg_settings copy;
    ck_assert_int_eq(pg_settings_copy(&(struct pg_settings){ .url = "x", .read_ms = 7 }, &copy),
                     OK);
    ck_assert_int_eq(copy.connect_ms, 1000);
    ck_assert_int_eq(copy.append_ms, 1000);
    ck_assert_int_eq(copy.read_ms, 7);
    ck_assert_int_gt(copy.bulk_ms, 0);
    ck_assert_int_eq(copy.retention_days, 0);
    pg_settings_deinit(&copy);
}
END_TEST

SUITE_MAIN("store/pg_db", an_address_that_is_none_is_refused_without_being_shown,
           what_libpq_refuses_is_told_in_its_words_before_anybody_waits_for_a_server,
           an_address_that_cannot_be_read_is_told_with_the_nearest_option_or_with_why,
           what_may_come_good_by_waiting_is_no_mistake,
           both_ways_to_write_an_address_are_taken_though_no_server_is_there,
           a_server_that_nobody_is_is_unavailable_and_its_reason_has_no_password,
           a_server_that_says_nothing_is_waited_for_once_and_then_hardly,
           whoever_looks_in_does_not_wait_for_a_connection,
           a_host_that_nobody_knows_is_asked_for_no_longer_than_a_connection_may_take,
           every_host_of_an_address_is_tried,
           a_call_waits_for_a_connection_no_longer_than_its_own_bound,
           settings_that_are_left_out_have_defaults)
