/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ports/shared_profiles.h promises of links, asked of the fake, of a real Redis and of a Redis
 * Cluster alike (shared_ground.h): what a fetch finds, how it may end, and that nobody goes on
 * believing what was written over. Without the servers only the fake is asked.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake_shared_profiles.h"
#include "shared_ground.h"

enum { KEYS = 64 };

/* ── fetches, and what is heard of them ── */

START_TEST(a_fetch_finds_a_body_a_floor_or_nothing)
{
    GROUND(g);
    ground_put(&g, SHARED_COMMIT, "known", 12, "twelve");
    ground_put(&g, SHARED_COMMIT, "owed", 13, NULL);

    ground_fetch_and_wait(&g, "known");
    ck_assert_int_eq(g.told.answer, SHARED_BODY);
    ck_assert_uint_eq(g.told.position, 12);
    ck_assert_str_eq(g.told.body, "twelve");
    ck_assert_str_eq(g.told.customer, "known");
    ground_fetch_and_wait(&g, "owed");
    ck_assert_int_eq(g.told.answer, SHARED_FLOOR);
    ck_assert_uint_eq(g.told.position, 13);
    ground_fetch_and_wait(&g, "never");
    ck_assert_int_eq(g.told.answer, SHARED_ABSENT);
    ck_assert_str_eq(g.told.customer, "never");
    ground_end(&g);
}
END_TEST

START_TEST(a_link_is_told_when_a_value_it_fetched_is_written)
{
    GROUND(g);
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");
    ground_fetch_and_wait(&g, "c");
    ground_fetch_and_wait(&g, "absent");
    ck_assert_int_eq(g.told.changed, 0);

    ground_put(&g, SHARED_COMMIT, "c", 2, "two");
    RUN_UNTIL(&g, g.told.changed == 1);
    ck_assert_str_eq(g.told.last_changed, "c");

    ground_put(&g, SHARED_CLAIM, "absent", 0, NULL);
    RUN_UNTIL(&g, g.told.changed == 2);
    ck_assert_str_eq(g.told.last_changed, "absent");
    ground_end(&g);
}
END_TEST

START_TEST(a_link_hears_nothing_of_what_was_not_taken_or_never_fetched)
{
    GROUND(g);
    ground_put(&g, SHARED_COMMIT, "c", 5, "five");
    ground_fetch_and_wait(&g, "c");

    ground_put(&g, SHARED_COMMIT, "c", 4, "four");
    ground_put(&g, SHARED_COMMIT, "other", 1, "one");
    ground_put(&g, SHARED_COMMIT, "c", 6, "six"); /* heard after whatever the others would cause */
    RUN_UNTIL(&g, g.told.changed > 0);

    ground_fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.changed, 1);
    ck_assert_str_eq(g.told.body, "six");
    ground_end(&g);
}
END_TEST

START_TEST(an_answer_that_was_overtaken_by_a_change_is_followed_by_the_word)
{
    GROUND(g);
    struct asked asked;
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");
    if (_i == FAKE)
        fake_shared_profiles_slow((struct fake_shared_profiles *) g.shared, true);
    ground_fetch(&g, &asked, "c");
    uv_run(&g.loop, UV_RUN_NOWAIT); /* it leaves */

    ground_put(&g, SHARED_COMMIT, "c", 2, "two");
    if (_i == FAKE) {
        RUN_UNTIL(&g, g.told.changed == 1);
        fake_shared_profiles_slow((struct fake_shared_profiles *) g.shared, false);
    }
    RUN_UNTIL(&g, g.told.answers == 1);

    if (g.told.position == 1)
        RUN_UNTIL(&g, g.told.changed > 0);
    ground_fetch_and_wait(&g, "c");
    ck_assert_str_eq(g.told.body, "two");
    ground_end(&g);
}
END_TEST

START_TEST(a_cancelled_fetch_is_never_done)
{
    GROUND(g);
    struct asked gone, kept;
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");
    ground_fetch(&g, &gone, "c");
    ground_fetch(&g, &kept, "other");

    g.shared->cancel(g.link, &gone.fetch);
    RUN_UNTIL(&g, g.told.answers == 1);

    ck_assert_str_eq(g.told.customer, "other");
    g.shared->cancel(g.link, &kept.fetch); /* harmless after done */
    ground_fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answers, 2);
    ground_end(&g);
}
END_TEST

static void ask_again(struct asked *asked)
{
    asked->then = NULL;
    ck_assert(asked->ground->shared->fetch(asked->ground->link, STR("second"), &asked->fetch));
}

START_TEST(a_fetch_may_be_issued_again_while_it_is_being_answered)
{
    GROUND(g);
    struct asked asked;
    ground_fetch(&g, &asked, "first");
    asked.then = ask_again;

    RUN_UNTIL(&g, g.told.answers == 2);

    ck_assert_str_eq(g.told.customer, "second");
    ground_end(&g);
}
END_TEST

START_TEST(what_is_under_way_when_a_link_is_freed_ends_as_away)
{
    GROUND(g);
    struct asked asked;
    ground_fetch(&g, &asked, "c");

    g.shared->link_free(g.shared, g.link);
    g.link = NULL;

    ck_assert_int_eq(g.told.answers, 1);
    ck_assert_int_eq(g.told.answer, SHARED_AWAY);
    ck_assert_int_eq(g.told.doubts, 0);
    ground_end(&g);
}
END_TEST

static void free_the_link(struct asked *asked)
{
    struct shared_link *link = asked->ground->link;
    asked->ground->link = NULL; /* the other's end is told meanwhile */
    if (link)
        asked->ground->shared->link_free(asked->ground->shared, link);
}

START_TEST(a_link_may_be_freed_while_it_answers)
{
    GROUND(g);
    struct asked first, second;
    ground_fetch(&g, &first, "first");
    ground_fetch(&g, &second, "second");
    first.then = second.then = free_the_link; /* whichever is answered first */

    RUN_UNTIL(&g, g.told.answers == 2);

    ck_assert_int_eq(g.told.answer, SHARED_AWAY);
    ground_end(&g);
}
END_TEST

START_TEST(five_thousand_fetches_of_one_turn_are_all_answered)
{
    enum { N = 5000 };
    GROUND(g);
    static struct asked asked[N];
    char id[32];
    struct told last = { 0 }; /* asked, not necessarily answered */
    ground_put(&g, SHARED_COMMIT, "c4999", 9, "the last");
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "c%d", i);
        ground_fetch(&g, &asked[i], id);
    }
    asked[N - 1].told = &last;

    RUN_UNTIL(&g, g.told.answers + last.answers == N);

    ck_assert_str_eq(last.body, "the last");
    ground_end(&g);
}
END_TEST

/* ── a cache that only does as it is told is never wrong for long ── */

struct cached {
    struct asked asked;
    uint64_t position;
    bool here, fetching;
    struct cache *cache;
};

struct cache {
    _Atomic uint32_t answers;
    struct ground g;
    struct cached of[KEYS];
    _Atomic bool stop;
};

static void cache_done(struct shared_fetch *fetch, enum shared_answer answer,
                       const struct shared_value *value)
{
    struct cached *cached = (struct cached *) fetch;
    cached->fetching = false;
    cached->cache->answers++;
    cached->here = answer == SHARED_BODY;
    cached->position = value->position;
}

static void cache_changed(void *self, struct str customer_id)
{
    struct cache *cache = self;
    int64_t number;
    ck_assert(str_to_int64(customer_id, &number));
    cache->of[number].here = false;
}

static void cache_doubt(void *self)
{
    struct cache *cache = self;
    for (int i = 0; i < KEYS; i++)
        cache->of[i].here = false;
}

static void *write_on(void *arg)
{
    struct cache *cache = arg;
    struct shared_profiles *shared = cache->g.shared;
    struct shared_writer *writer = shared->writer_new(shared);
    struct err_note note;
    char id[16];
    unsigned seed = 1;
    for (uint64_t position = 1; position <= 5000 || cache->answers < 500; position++) {
        bool taken;
        snprintf(id, sizeof id, "%d", rand_r(&seed) % KEYS);
        struct shared_put put = ground_put_of(SHARED_COMMIT, id, position, "x");
        if (shared->put(writer, &put, 1, &taken, &note) != OK || !taken)
            abort();
    }
    shared->writer_free(shared, writer);
    cache->stop = true;
    return NULL;
}

static void fetch_missing(struct cache *cache)
{
    char id[16];
    for (int i = 0; i < KEYS; i++) {
        struct cached *cached = &cache->of[i];
        if (cached->here || cached->fetching)
            continue;
        snprintf(id, sizeof id, "%d", i);
        cached->asked.fetch.done = cache_done;
        cached->cache = cache;
        cached->fetching = cache->g.shared->fetch(cache->g.link, str_of(id), &cached->asked.fetch);
    }
}

START_TEST(a_cache_that_drops_what_was_changed_ends_with_the_last_values)
{
    struct cache cache = { .stop = false };
    pthread_t thread;
    char id[16];
    if (ground_is_skipped(_i))
        return;
    ground_begin(&cache.g, _i);
    cache.g.shared->link_free(cache.g.shared, cache.g.link);
    struct shared_listener listener = { &cache, cache_changed, cache_doubt };
    ck_assert_int_eq(
        cache.g.shared->link_new(cache.g.shared, &cache.g.loop, &listener, &cache.g.link), OK);
    RUN_UNTIL(&cache.g, ground_is_trusted(&cache.g));

    ck_assert_int_eq(pthread_create(&thread, NULL, write_on, &cache), 0);
    while (!cache.stop) {
        fetch_missing(&cache);
        ground_turn(&cache.g);
    }
    pthread_join(thread, NULL);
    int64_t after = ground_now_us() + 50000; /* trusted later: all was heard */
    RUN_UNTIL(&cache.g, ground_now_us() > after && ground_is_trusted(&cache.g));

    for (int i = 0; i < KEYS; i++) {
        snprintf(id, sizeof id, "%d", i);
        if (cache.of[i].here)
            ck_assert_uint_eq(cache.of[i].position, ground_get(&cache.g, id).position);
    }
    ground_end(&cache.g);
}
END_TEST

int main(void)
{
    const TTest *const all[] = {
        a_fetch_finds_a_body_a_floor_or_nothing,
        a_link_is_told_when_a_value_it_fetched_is_written,
        a_link_hears_nothing_of_what_was_not_taken_or_never_fetched,
        an_answer_that_was_overtaken_by_a_change_is_followed_by_the_word,
        a_cancelled_fetch_is_never_done,
        a_fetch_may_be_issued_again_while_it_is_being_answered,
        what_is_under_way_when_a_link_is_freed_ends_as_away,
        a_link_may_be_freed_while_it_answers,
        five_thousand_fetches_of_one_turn_are_all_answered,
        a_cache_that_drops_what_was_changed_ends_with_the_last_values,
    };
    return ground_main("contract/shared_profiles_links", all, sizeof all / sizeof *all, STORES);
}
