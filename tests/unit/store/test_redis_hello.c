/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_hello.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "store/redis/redis_url.h"
#include "suite.h"

#define RUN_ID "0123456789abcdef0123456789abcdef01234567"

static struct redis_url *url;
static struct redis_hello hello;
static struct err_note note;
static struct out out;

static void begin(const char *text)
{
    ck_assert_int_eq(redis_url_parse(text, &url, &note), OK);
    out_init(&out, NULL, 256);
    redis_hello_begin(&hello, url, &out);
    note.text[0] = '\0';
}

static void end(void)
{
    redis_url_free(url);
    out_deinit(&out);
}

static enum err take(int type, const char *text)
{
    redisReply reply = { .type = type, .str = (char *) text, .len = strlen(text) };
    return redis_hello_take(&hello, &reply, &out, &note);
}

/* Name and database taken; then @server and @replication. */
static enum err greet(const char *server, const char *replication)
{
    TRY(take(REDIS_REPLY_STATUS, "OK"));
    TRY(take(REDIS_REPLY_STATUS, "OK"));
    TRY(take(REDIS_REPLY_STRING, server));
    return take(REDIS_REPLY_STRING, replication);
}

START_TEST(a_master_of_today_is_greeted_and_its_life_known)
{
    begin("redis://h");
    ck_assert_int_eq(greet("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n"
                           "run_id:" RUN_ID "\r\n",
                           "# Replication\r\nrole:master\r\n"),
                     OK);
    ck_assert(redis_hello_is_done(&hello));
    ck_assert_str_eq(hello.run_id, RUN_ID);
    ck_assert(!hello.is_cluster);
    ck_assert_str_eq(hello.life, "01234567");
    ck_assert_str_eq(hello.stamp, "");
    ck_assert(!str_contains(out_str(&out), STR("CLUSTER")));
    ck_assert(!str_contains(out_str(&out), STR("AUTH")));
    end();
}
END_TEST

START_TEST(who_has_a_password_says_it_first)
{
    begin("redis://shop:pw@h/3");
    ck_assert(
        str_starts_with(out_str(&out), STR("*3\r\n$4\r\nAUTH\r\n$4\r\nshop\r\n$2\r\npw\r\n")));
    ck_assert(str_contains(out_str(&out), STR("SELECT\r\n$1\r\n3\r\n")));

    ck_assert_int_eq(take(REDIS_REPLY_ERROR, "WRONGPASS invalid"), ERR_UNAVAILABLE);

    ck_assert_ptr_nonnull(strstr(note.text, "WRONGPASS"));
    end();
}
END_TEST

START_TEST(what_cannot_serve_us_is_refused_with_a_reason)
{
    static const struct {
        const char *server, *replication, *reason;
    } bad[] = {
        { "redis_version:5.0.7\r\nrun_id:" RUN_ID "\r\n", "role:master\r\n", "5.0.7" },
        { "redis_version:7.0.0\r\n", "role:master\r\n", "run_id" },
        { "redis_version:7.0.0\r\nrun_id:" RUN_ID "\r\n", "role:slave\r\n", "replica" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin("redis://h");
        ck_assert_int_eq(greet(bad[i].server, bad[i].replication), ERR_UNAVAILABLE);
        ck_assert_msg(strstr(note.text, bad[i].reason), "%s", note.text);
        end();
    }
    begin("redis://h");
    ck_assert_int_eq(take(REDIS_REPLY_ERROR, "NOPERM name"), OK); /* a name is not needed */
    ck_assert_int_eq(take(REDIS_REPLY_ERROR, "NOAUTH Authentication required."), ERR_UNAVAILABLE);
    end();
}
END_TEST

START_TEST(a_node_of_a_cluster_is_asked_for_its_epoch_which_is_in_its_stamp)
{
    char first[16];
    for (int i = 0; i < 2; i++) {
        begin("redis://h");
        ck_assert_int_eq(greet("redis_version:7.0.0\r\nredis_mode:cluster\r\nrun_id:" RUN_ID "\r\n",
                               "role:slave\r\n"),
                         OK);
        ck_assert(!redis_hello_is_done(&hello));
        ck_assert(str_ends_with(out_str(&out), STR("CLUSTER\r\n$4\r\nINFO\r\n")));

        ck_assert_int_eq(
            take(REDIS_REPLY_STRING, i ? "cluster_my_epoch:8\r\n" : "cluster_my_epoch:7\r\n"), OK);

        ck_assert(redis_hello_is_done(&hello));
        ck_assert(hello.is_cluster);
        ck_assert_uint_eq(hello.epoch, 7 + (unsigned) i);
        ck_assert_str_eq(hello.life, "cluster0");
        ck_assert_uint_eq(strlen(hello.stamp), REDIS_STAMP_BYTES);
        if (i)
            ck_assert_str_ne(hello.stamp, first);
        strcpy(first, hello.stamp);
        end();
    }
    begin("redis://h");
    ck_assert_int_eq(
        greet("redis_version:7.0.0\r\nredis_mode:cluster\r\nrun_id:" RUN_ID "\r\n", ""), OK);
    ck_assert_int_eq(take(REDIS_REPLY_STRING, "cluster_state:ok\r\n"), ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(note.text, "epoch"));
    end();
}
END_TEST

START_TEST(a_version_of_two_digits_is_newer_than_six)
{
    begin("redis://h");
    ck_assert_int_eq(greet("redis_version:10.1.0\r\nrun_id:" RUN_ID "\r\n", "role:master"), OK);
    end();
}
END_TEST

SUITE_MAIN("store/redis_hello", a_master_of_today_is_greeted_and_its_life_known,
           who_has_a_password_says_it_first, what_cannot_serve_us_is_refused_with_a_reason,
           a_node_of_a_cluster_is_asked_for_its_epoch_which_is_in_its_stamp,
           a_version_of_two_digits_is_newer_than_six)
