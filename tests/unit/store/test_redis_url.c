/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_url.h"

#include <stdio.h>
#include <string.h>

#include "store/redis/redis_tls.h"
#include "suite.h"

static struct redis_url *parsed(const char *text)
{
    struct redis_url *url = NULL;
    struct err_note note = { "" };
    ck_assert_msg(redis_url_parse(text, &url, &note) == OK, "%s: %s", text, note.text);
    return url;
}

/* The refusal; fails when @text is taken. */
static const char *refusal(const char *text)
{
    static struct err_note note;
    struct redis_url *url = NULL;
    note.text[0] = '\0';
    ck_assert_msg(redis_url_parse(text, &url, &note) == ERR_INPUT, "%s is taken", text);
    ck_assert_ptr_null(url);
    return note.text;
}

START_TEST(reads_host_port_and_database)
{
    struct redis_url *url = parsed("redis://cache.example:6380/2");
    ck_assert_str_eq(url->host, "cache.example");
    ck_assert_int_eq(url->port, 6380);
    ck_assert_int_eq(url->db, 2);
    ck_assert_ptr_null(url->user);
    ck_assert_ptr_null(url->password);
    ck_assert_ptr_null(url->path);
    ck_assert_str_eq(url->shown, "cache.example:6380/2");
    redis_url_free(url);
}
END_TEST

START_TEST(port_and_database_have_defaults)
{
    static const char *const urls[] = { "redis://h", "redis://h/", "redis://h:6379",
                                        "redis://h/0" };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct redis_url *url = parsed(urls[i]);
        ck_assert_str_eq(url->shown, "h:6379/0");
        redis_url_free(url);
    }
}
END_TEST

START_TEST(decodes_user_and_password_and_never_shows_them)
{
    struct redis_url *url = parsed("redis://sh%6fp:p%40s%3A%2F%25s:x@h:1/3");
    ck_assert_str_eq(url->user, "shop");
    ck_assert_str_eq(url->password, "p@s:/%s:x");
    ck_assert_str_eq(url->shown, "h:1/3");
    redis_url_free(url);

    url = parsed("redis://:secret@h");
    ck_assert_ptr_null(url->user);
    ck_assert_str_eq(url->password, "secret");
    redis_url_free(url);

    url = parsed("redis://u:a@b@h"); /* the last @ ends it */
    ck_assert_str_eq(url->password, "a@b");
    ck_assert_str_eq(url->host, "h");
    redis_url_free(url);
}
END_TEST

START_TEST(an_ipv6_address_stands_in_brackets)
{
    struct redis_url *url = parsed("redis://:p@[2001:db8::1]:6381/1");
    ck_assert_str_eq(url->host, "2001:db8::1");
    ck_assert_int_eq(url->port, 6381);
    ck_assert_str_eq(url->shown, "[2001:db8::1]:6381/1");
    redis_url_free(url);
    url = parsed("redis://[::1]");
    ck_assert_str_eq(url->host, "::1");
    ck_assert_int_eq(url->port, 6379);
    redis_url_free(url);
}
END_TEST

START_TEST(a_unix_socket_is_a_path)
{
    struct redis_url *url = parsed("unix:///run/redis/my%20redis.sock?db=4");
    ck_assert_ptr_null(url->host);
    ck_assert_str_eq(url->path, "/run/redis/my redis.sock");
    ck_assert_int_eq(url->db, 4);
    redis_url_free(url);
    url = parsed("unix://shop:pw@/run/redis.sock");
    ck_assert_str_eq(url->user, "shop");
    ck_assert_str_eq(url->password, "pw");
    ck_assert_str_eq(url->path, "/run/redis.sock");
    redis_url_free(url);
}
END_TEST

START_TEST(what_is_no_such_url_is_refused_with_a_reason)
{
    static const struct {
        const char *url, *reason;
    } bad[] = {
        { "rediss://", "no host" },
        { "rediss://?sni=a", "no host" },
        { "rediss://h?ca=x", "only cacert=" },
        { "rediss://h?cacert", "only cacert=" },
        { "rediss://h?&sni=x", "only cacert=" },
        { "rediss://h?db=1", "only cacert=" },
        { "rediss://h?cacert=", "cacert= names nothing" },
        { "rediss://h?sni=a&sni=b", "sni= stands twice" },
        { "rediss://h?sni=%0", "two hex digits" },
        { "rediss://h?cert=c", "belong together" },
        { "rediss://h?key=k", "belong together" },
        { "rediss://h/1?sni=a#x", "%23" },
        { "redis://h?sni=a", "no host" },
        { "", "begins with redis://" },
        { "localhost:6379", "begins with redis://" },
        { "http://h", "begins with redis://" },
        { "redis://", "no host" },
        { "redis://:6379", "no host" },
        { "redis://h:port", "the port" },
        { "redis://h:65536", "the port" },
        { "redis://h:", "the port" },
        { "redis://h/x", "the database" },
        { "redis://h/-1", "the database" },
        { "redis://h/1?x=2", "the database" },
        { "redis://[::1", "IPv6" },
        { "redis://[::1]x", "IPv6" },
        { "redis://user@h", "user:password" },
        { "redis://user:@h", "user:password" },
        { "redis://:p%4@h", "two hex digits" },
        { "redis://:p%zz@h", "two hex digits" },
        { "redis://:p%00@h", "two hex digits" },
        { "redis://h#1", "%23" },
        { "unix://redis.sock", "whole path" },
        { "unix:///", "whole path" },
        { "unix:///a?name=1", "db=" },
        { "unix:///a?db=x", "the database" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *said = refusal(bad[i].url);
        ck_assert_msg(strstr(said, bad[i].reason), "'%s': %s", bad[i].url, said);
    }
    char long_path[256] = "unix:///";
    memset(long_path + 8, 'a', 200);
    ck_assert_ptr_nonnull(strstr(refusal(long_path), "too long"));
}
END_TEST

START_TEST(a_refusal_never_has_the_password_in_it)
{
    static const char *const urls[] = {
        "redis://u:hunter2@h:port", "redis://u:hunter2@h/x", "redis://u:hunter2%@h",
        "redis://u:hunter2/@h",     "redis://u:hunter2@",    "unix://u:hunter2@relative",
        "rediss://u:hunter2?@h",    "redis://u:hunter2@h#x", "redis//u:hunter2@h",
        "redis://u:hunter2?x@h:y",  "redis://hunter2@h",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        ck_assert_msg(!strstr(refusal(urls[i]), "hunter2"), "%s", urls[i]);
}
END_TEST

START_TEST(rediss_says_whom_to_trust_and_by_which_name)
{
    struct redis_url *url = parsed("rediss://shop:p%3Fw@h:6380/2?cacert=/etc/a%26b.pem&cert=c.pem&"
                                   "key=k@/x.pem&sni=redis.example.net");
    ck_assert(url->is_tls);
    ck_assert_str_eq(url->user, "shop");
    ck_assert_str_eq(url->password, "p?w");
    ck_assert_str_eq(url->host, "h");
    ck_assert_int_eq(url->port, 6380);
    ck_assert_int_eq(url->db, 2);
    ck_assert_str_eq(url->cacert, "/etc/a&b.pem");
    ck_assert_str_eq(url->cert, "c.pem");
    ck_assert_str_eq(url->key, "k@/x.pem");
    ck_assert_str_eq(url->sni, "redis.example.net");
    ck_assert_str_eq(url->shown, "h:6380/2, TLS");
    ck_assert_ptr_null(url->trust);
    redis_url_free(url);
}
END_TEST

START_TEST(rediss_needs_no_more_than_a_host)
{
    static const char *const urls[] = { "rediss://h", "rediss://h/", "rediss://h?",
                                        "rediss://h:6379/0?" };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct redis_url *url = parsed(urls[i]);
        ck_assert(url->is_tls);
        ck_assert_str_eq(url->shown, "h:6379/0, TLS");
        ck_assert(!url->cacert && !url->cert && !url->key && !url->sni);
        redis_url_free(url);
    }
    struct redis_url *plain = parsed("redis://h");
    ck_assert(!plain->is_tls);
    redis_url_free(plain);
}
END_TEST

START_TEST(where_tls_is_not_built_in_opening_is_refused_with_the_way_round)
{
    struct redis_url *url = NULL;
    struct err_note note = { "" };
    enum err err = redis_url_open("rediss://u:hunter2@h:6380", &url, &note);
    if (redis_tls_is_built()) {
        ck_assert_msg(err == OK && url->trust, "%s", note.text);
        redis_url_free(url);
        return;
    }
    ck_assert_int_eq(err, ERR_INPUT);
    ck_assert_ptr_null(url);
    ck_assert_ptr_nonnull(strstr(note.text, "not built in"));
    ck_assert_ptr_nonnull(strstr(note.text, "stunnel"));
    ck_assert_ptr_null(strstr(note.text, "hunter2"));
}
END_TEST

START_TEST(files_that_cannot_be_read_are_refused_by_name)
{
    static const struct {
        const char *url, *reason;
    } bad[] = {
        { "rediss://h?cacert=/nowhere/ca.pem", "cacert=/nowhere/ca.pem" },
        { "rediss://h?cacert=/dev/null", "cacert=/dev/null" },
        { "rediss://h?cert=/nowhere/c.pem&key=/nowhere/k.pem", "cert=/nowhere/c.pem" },
    };
    struct redis_url *url = NULL;
    struct err_note note;
    if (!redis_tls_is_built()) {
        fprintf(stderr, "skipped: TLS to Redis is not built in\n");
        return;
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(redis_url_open(bad[i].url, &url, &note), ERR_INPUT);
        ck_assert_ptr_null(url);
        ck_assert_msg(strstr(note.text, bad[i].reason), "%s: %s", bad[i].url, note.text);
    }
}
END_TEST

SUITE_MAIN("store/redis_url", reads_host_port_and_database, port_and_database_have_defaults,
           decodes_user_and_password_and_never_shows_them, an_ipv6_address_stands_in_brackets,
           a_unix_socket_is_a_path, what_is_no_such_url_is_refused_with_a_reason,
           a_refusal_never_has_the_password_in_it, rediss_says_whom_to_trust_and_by_which_name,
           rediss_needs_no_more_than_a_host,
           where_tls_is_not_built_in_opening_is_refused_with_the_way_round,
           files_that_cannot_be_read_are_refused_by_name)
