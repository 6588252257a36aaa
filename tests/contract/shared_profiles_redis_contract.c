/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only a real Redis has, while nothing is wrong with it: how long its values stay, which users
 * it lets in, what is counted, and where it may be: at a name, a socket or nowhere. It is that of
 * OFFERD_TEST_REDIS_URL (shared_ground.h); without it only the last is asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metric.h"
#include "redis_at.h"
#include "shared_ground.h"

/* Seconds that the customer's key still has. */
static int64_t ttl_of(const struct ground *g, const char *id)
{
    static const char script[] =
        "return tostring(redis.call('TTL', redis.call('KEYS', ARGV[1])[1]))";
    char pattern[128];
    int64_t ttl;
    snprintf(pattern, sizeof pattern, "offerd:*{%s/%s}:p", g->shop, id);
    const char *answer = ground_tell_server("EVAL %s 0 %s", script, pattern);
    ck_assert_msg(str_to_int64(str_of(answer), &ttl), "%s: %s", id, answer);
    return ttl;
}

START_TEST(every_value_has_an_end_and_a_profile_a_late_one)
{
    enum { HOUR_S = 3600, DAY_S = 86400, PROFILE_S = 30 * DAY_S, PATIENCE_S = PATIENCE_MS / 1000 };
    static const struct {
        const char *id;
        int64_t ttl_s;
    } wanted[] = { { "committed", PROFILE_S }, { "filled", PROFILE_S }, { "applied", PROFILE_S },
                   { "mended", PROFILE_S },    { "floor", HOUR_S },     { "claimed", HOUR_S },
                   { "stranger", HOUR_S },     { "late", HOUR_S },      { "settled", HOUR_S },
                   { "spooled", DAY_S },       { "twice", DAY_S } };
    REDIS_GROUND(g);
    ground_put(&g, SHARED_COMMIT, "committed", 1, "one");
    ground_put(&g, SHARED_CLAIM, "filled", 0, NULL);
    ground_put(&g, SHARED_FILL, "filled", 7, "seven");
    ground_put(&g, SHARED_COMMIT, "applied", 7, "seven");
    ground_put_with(&g, SHARED_APPLY, "applied", 8, 0, 7);
    ground_put(&g, SHARED_COMMIT, "mended", 7, "gibberish");
    ground_put_with(&g, SHARED_MEND, "mended", 7, 0, 7);
    ground_put(&g, SHARED_COMMIT, "floor", 7, NULL);
    ground_put(&g, SHARED_CLAIM, "claimed", 0, NULL);
    ground_put(&g, SHARED_CLAIM, "stranger", 0, NULL);
    ground_put(&g, SHARED_FILL, "stranger", 0, "nobody");
    ground_put_with(&g, SHARED_APPLY, "late", 9, 0, 8);
    ground_put(&g, SHARED_COMMIT, "settled", PROVISIONAL | 5, NULL);
    ground_settle(&g, "settled", 9, PROVISIONAL | 5);
    ground_put(&g, SHARED_COMMIT, "spooled", PROVISIONAL | 5, NULL);
    ground_put(&g, SHARED_COMMIT, "twice", PROVISIONAL | 5, NULL);
    ground_put(&g, SHARED_COMMIT, "twice", PROVISIONAL | 6, NULL);
    ground_settle(&g, "twice", 9, PROVISIONAL | 6);

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        int64_t ttl_s = ttl_of(&g, wanted[i].id);
        ck_assert_msg(ttl_s <= wanted[i].ttl_s && ttl_s >= wanted[i].ttl_s - PATIENCE_S,
                      "%s ends in %lld s", wanted[i].id, (long long) ttl_s);
    }
    ground_end(&g);
}
END_TEST

START_TEST(an_acl_user_with_an_encoded_password_is_let_in_and_a_wrong_one_is_not)
{
    struct ground g;
    char text[512];
    if (ground_is_skipped(REDIS))
        return;
    ground_tell_server(
        "ACL SETUSER shop-user on >p@ss:/w%%rd ~offerd:* &__redis__:invalidate +@all");
    redis_at_url(text, sizeof text, "shop-user:p%40ss%3A%2Fw%25rd@", NULL, 0);
    ground_begin_at(&g, text);
    RUN_UNTIL(&g, ground_is_trusted(&g));
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");
    ground_fetch_and_wait(&g, "c");
    ck_assert_str_eq(g.told.body, "one");
    ground_end(&g);

    struct shared_value value;
    struct str ids[] = { STR("c") };
    struct err_note note = { "" };
    redis_at_url(text, sizeof text, "shop-user:secret-word@", NULL, 0);
    ground_begin_at(&g, text);
    ck_assert_int_eq(g.shared->get(g.writer, ids, 1, g.arena, &value, &note), ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(note.text, "WRONGPASS"));
    ck_assert_ptr_null(strstr(note.text, "secret-word"));
    ground_end(&g);
}
END_TEST

/* docs/decisions/redis_profiles.md has the list. */
START_TEST(a_user_who_may_do_what_the_documents_say_and_no_more_will_do)
{
    struct ground g;
    char text[512];
    if (ground_is_skipped(REDIS))
        return;
    ck_assert_str_eq(
        ground_tell_server(
            "ACL SETUSER least-user on >pw ~offerd:* &__redis__:invalidate +auth +client "
            "+select +info +ping +get +getrange +set +ttl +expire +evalsha +script "
            "+subscribe +zadd +zrem +zscore +zcard +zremrangebyscore"),
        "OK");
    redis_at_url(text, sizeof text, "least-user:pw@", NULL, 0);
    ground_begin_at(&g, text);
    RUN_UNTIL(&g, ground_is_trusted(&g));
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");
    ground_put(&g, SHARED_COMMIT, "c", PROVISIONAL | 5, NULL);
    ground_put(&g, SHARED_COMMIT, "c", PROVISIONAL | 6, NULL);
    ground_settle(&g, "c", 9, PROVISIONAL | 6);
    ground_settle(&g, "c", 9, PROVISIONAL | 5);
    ground_fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answer, SHARED_FLOOR);
    ground_end(&g);
}
END_TEST

START_TEST(what_is_asked_and_written_is_counted)
{
    static const struct {
        const char *name, *labels;
        uint64_t count;
    } counted[] = { { "offerd_redis_fetches_total", "answer=\"body\"", 2 },
                    { "offerd_redis_fetches_total", "answer=\"floor\"", 1 },
                    { "offerd_redis_fetches_total", "answer=\"absent\"", 1 },
                    { "offerd_redis_puts_total", "outcome=\"taken\"", 2 },
                    { "offerd_redis_puts_total", "outcome=\"refused\"", 1 },
                    { "offerd_redis_timeouts_total", "use=\"profiles\"", 0 } };
    struct ground g;
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    if (ground_is_skipped(REDIS))
        return;
    ground_begin_with(&g, REDIS, (struct ground_wish){ .metrics = metrics });
    RUN_UNTIL(&g, ground_is_trusted(&g));
    ground_put(&g, SHARED_COMMIT, "c", 2, "two");
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");
    ground_put(&g, SHARED_COMMIT, "owed", 3, NULL);
    ground_fetch_and_wait(&g, "c");
    ground_fetch_and_wait(&g, "c");
    ground_fetch_and_wait(&g, "owed");
    ground_fetch_and_wait(&g, "never");

    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        metric_id id = metric_register(metrics, METRIC_COUNTER, counted[i].name, "",
                                       str_of(counted[i].labels));
        ck_assert_msg(metric_value(metrics, id) == counted[i].count, "%s{%s} is %llu",
                      counted[i].name, counted[i].labels,
                      (unsigned long long) metric_value(metrics, id));
    }
    ground_end(&g);
}
END_TEST

/*
 * Names are looked up by a thread of glibc's own (getaddrinfo_a), which ThreadSanitizer does not
 * know: its malloc crashes there.
 */
#if defined(__SANITIZE_THREAD__)
#define LOOKS_UP_NAMES false
#elif defined(__has_feature)
#define LOOKS_UP_NAMES (!__has_feature(thread_sanitizer))
#else
#define LOOKS_UP_NAMES true
#endif

/* "localhost" may name ::1 first, where nobody listens: then the next address is tried. */
START_TEST(a_host_may_have_a_name)
{
    struct ground g;
    struct err_note note = { "" };
    struct shared_put put = ground_put_of(SHARED_COMMIT, "c", 1, "one");
    bool taken;
    char text[512];
    if (ground_is_skipped(REDIS))
        return;
    if (!LOOKS_UP_NAMES) {
        fprintf(stderr, "skipped: a name of a host, under ThreadSanitizer\n");
        return;
    }
    redis_at_url(text, sizeof text, "", "localhost", 0);
    ground_begin_at(&g, text);

    RUN_UNTIL(&g, g.shared->put(g.writer, &put, 1, &taken, &note) == OK);
    RUN_UNTIL(&g, ground_is_trusted(&g));

    ground_fetch_and_wait(&g, "c");
    ck_assert_str_eq(g.told.body, "one");
    ground_end(&g);
}
END_TEST

START_TEST(a_unix_socket_will_do)
{
    struct ground g;
    const char *url = getenv("OFFERD_TEST_REDIS_SOCKET_URL");
    if (!url)
        return;
    ground_begin_at(&g, url);
    RUN_UNTIL(&g, ground_is_trusted(&g));
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");
    ground_fetch_and_wait(&g, "c");
    ck_assert_str_eq(g.told.body, "one");
    ground_end(&g);
}
END_TEST

START_TEST(nobody_there_is_away_and_no_harm)
{
    struct ground g;
    struct asked asked;
    struct shared_value value;
    struct str ids[] = { STR("c") };
    struct err_note note = { "" };
    ground_begin_at(&g, "redis://no-such-host.invalid:1"); /* a name that never resolves */
    asked = ground_asked(&g);
    for (int i = 0; i < 50; i++)
        ground_turn(&g);
    ck_assert(!g.shared->fetch(g.link, STR("c"), &asked.fetch));
    ck_assert(!ground_is_trusted(&g));
    ground_end(&g);

    ground_begin_at(&g, "redis://127.0.0.1:1");
    for (int i = 0; i < 200; i++)
        ground_turn(&g);
    ck_assert_int_eq(g.shared->get(g.writer, ids, 1, g.arena, &value, &note), ERR_UNAVAILABLE);
    ck_assert(!g.shared->fetch(g.link, STR("c"), &asked.fetch));
    ground_end(&g);
}
END_TEST

int main(void)
{
    const TTest *const all[] = {
        every_value_has_an_end_and_a_profile_a_late_one,
        an_acl_user_with_an_encoded_password_is_let_in_and_a_wrong_one_is_not,
        a_user_who_may_do_what_the_documents_say_and_no_more_will_do,
        what_is_asked_and_written_is_counted,
        a_host_may_have_a_name,
        a_unix_socket_will_do,
        nobody_there_is_away_and_no_harm,
    };
    return ground_main("contract/shared_profiles_redis", all, sizeof all / sizeof *all, 1);
}
