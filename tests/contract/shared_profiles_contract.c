/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ports/shared_profiles.h promises of what is written, asked of the fake, of a real Redis and
 * of a Redis Cluster alike (shared_ground.h); without the servers only the fake is asked. What it
 * promises of links: shared_profiles_links_contract.c. Of a real Redis alone:
 * shared_profiles_redis_contract.c (nothing is wrong with it), shared_profiles_faults_contract.c,
 * shared_profiles_wires_contract.c (the network to it). What befalls a cluster's nodes:
 * cluster_contract.c.
 */
#include <stdio.h>
#include <string.h>

#include "shared_ground.h"

START_TEST(what_was_committed_is_got_byte_for_byte_and_the_rest_is_absent)
{
    GROUND(g);
    struct shared_put put = { { STR("c\"}1 いい"), 42, { "a\0\r\n\xff%s", 7 } }, SHARED_COMMIT };
    struct str ids[] = { STR("never"), put.value.customer_id };
    struct shared_value values[2];
    struct err_note note;
    bool taken = false;

    ck_assert_int_eq(g.shared->put(g.writer, &put, 1, &taken, &note), OK);
    ck_assert_int_eq(g.shared->get(g.writer, ids, 2, g.arena, values, &note), OK);

    ck_assert(taken);
    ck_assert_uint_eq(values[0].position, 0);
    ck_assert_ptr_null(values[0].body.at);
    ck_assert(str_eq(values[0].customer_id, ids[0]));
    ck_assert_uint_eq(values[1].position, 42);
    ck_assert(str_eq(values[1].body, put.value.body));
    ground_end(&g);
}
END_TEST

START_TEST(a_commit_goes_over_what_is_older_and_over_a_floor_of_its_position)
{
    GROUND(g);

    ck_assert(ground_put(&g, SHARED_COMMIT, "c", 5, "five"));
    ck_assert(!ground_put(&g, SHARED_COMMIT, "c", 5, "again"));
    ck_assert(!ground_put(&g, SHARED_COMMIT, "c", 5, NULL));
    ck_assert(!ground_put(&g, SHARED_COMMIT, "c", 4, "four"));
    ck_assert_str_eq(ground_shown(&g, "c"), "5:five");
    ck_assert(ground_put(&g, SHARED_COMMIT, "c", 6, NULL));
    ck_assert_str_eq(ground_shown(&g, "c"), "6-");
    ck_assert(!ground_put(&g, SHARED_COMMIT, "c", 5, "five"));
    ck_assert(ground_put(&g, SHARED_COMMIT, "c", 6, "six"));
    ck_assert_str_eq(ground_shown(&g, "c"), "6:six");
    ground_end(&g);
}
END_TEST

START_TEST(an_empty_body_is_no_floor)
{
    GROUND(g);

    ck_assert(ground_put(&g, SHARED_COMMIT, "c", 5, ""));

    ck_assert_str_eq(ground_shown(&g, "c"), "5:");
    ck_assert(!ground_put(&g, SHARED_COMMIT, "c", 5, "five"));
    ground_fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answer, SHARED_BODY);
    ground_end(&g);
}
END_TEST

START_TEST(a_claim_is_taken_only_where_nothing_is)
{
    GROUND(g);

    ck_assert(ground_put(&g, SHARED_CLAIM, "new", 9, "not a body"));
    ck_assert(!ground_put(&g, SHARED_CLAIM, "new", 0, NULL));
    ground_fetch_and_wait(&g, "new");
    ck_assert_int_eq(g.told.answer, SHARED_FLOOR);
    ck_assert_uint_eq(g.told.position, 0);
    ground_put(&g, SHARED_COMMIT, "old", 3, "three");
    ck_assert(!ground_put(&g, SHARED_CLAIM, "old", 0, NULL));
    ck_assert_str_eq(ground_shown(&g, "old"), "3:three");
    ground_end(&g);
}
END_TEST

START_TEST(a_fill_needs_something_there_that_is_not_newer)
{
    GROUND(g);

    ck_assert(!ground_put(&g, SHARED_FILL, "flushed", 7, "seven"));
    ck_assert_str_eq(ground_shown(&g, "flushed"), "0");

    ck_assert(ground_put(&g, SHARED_CLAIM, "c", 0, NULL));
    ck_assert(ground_put(&g, SHARED_FILL, "c", 7, "seven"));
    ck_assert(!ground_put(&g, SHARED_FILL, "c", 7, "another"));
    ck_assert_str_eq(ground_shown(&g, "c"), "7:seven");

    ground_put(&g, SHARED_COMMIT, "c", 9, NULL); /* an event came while it was folded */
    ck_assert(!ground_put(&g, SHARED_FILL, "c", 8, "eight"));
    ck_assert_str_eq(ground_shown(&g, "c"), "9-");
    ck_assert(ground_put(&g, SHARED_FILL, "c", 9, "nine"));
    ck_assert_str_eq(ground_shown(&g, "c"), "9:nine");

    ck_assert(ground_put(&g, SHARED_CLAIM, "stranger", 0, NULL));
    ck_assert(ground_put(&g, SHARED_FILL, "stranger", 0, "nobody"));
    ground_fetch_and_wait(&g, "stranger");
    ck_assert_int_eq(g.told.answer, SHARED_BODY);
    ground_end(&g);
}
END_TEST

START_TEST(a_settled_floor_goes_over_a_provisional_one_and_over_nothing_newer)
{
    GROUND(g);

    ck_assert(ground_put(&g, SHARED_COMMIT, "c", PROVISIONAL | 3, NULL));
    ck_assert(!ground_put(&g, SHARED_COMMIT, "c", 500, "real"));
    ck_assert(!ground_put(&g, SHARED_FILL, "c", 500, "real"));
    ck_assert(ground_settle(&g, "c", 501, PROVISIONAL | 3));
    ck_assert_str_eq(ground_shown(&g, "c"), "501-");
    ck_assert(ground_put(&g, SHARED_COMMIT, "c", 502, "real"));
    ck_assert(!ground_put(&g, SHARED_SETTLE, "c", 502, NULL));
    ck_assert_str_eq(ground_shown(&g, "c"), "502:real");
    ck_assert(ground_put(&g, SHARED_SETTLE, "c", 503, NULL));
    ck_assert_str_eq(ground_shown(&g, "c"), "503-");
    ck_assert(ground_put(&g, SHARED_SETTLE, "new", 1, NULL));
    ck_assert_str_eq(ground_shown(&g, "new"), "1-");
    ground_end(&g);
}
END_TEST

START_TEST(floors_of_several_spools_end_one_by_one)
{
    GROUND(g);
    const uint64_t one = PROVISIONAL | 0x3fffffffffffffff, two = PROVISIONAL | 2,
                   three = PROVISIONAL;

    ck_assert(ground_put(&g, SHARED_COMMIT, "c", 500, "real"));
    ck_assert(ground_put(&g, SHARED_COMMIT, "c", one, NULL));
    ck_assert(ground_put(&g, SHARED_COMMIT, "c", two, NULL)); /* lower, and another's */
    ck_assert(ground_put(&g, SHARED_COMMIT, "c", three, NULL));
    ck_assert(!ground_put(&g, SHARED_COMMIT, "c", two,
                          NULL)); /* it stands once, however often it is put */

    ck_assert(ground_settle(&g, "c", 502, two));
    ck_assert_uint_ge(ground_get(&g, "c").position, PROVISIONAL);
    ck_assert(!ground_settle(&g, "c", 502, two));
    ck_assert(!ground_settle(&g, "c", 502, PROVISIONAL | 77));
    ck_assert(!ground_put(&g, SHARED_COMMIT, "c", 503, "real"));
    ck_assert(!ground_put(&g, SHARED_CLAIM, "c", 0, NULL));
    ck_assert(ground_settle(&g, "c", 504, one));
    ck_assert_uint_ge(ground_get(&g, "c").position, PROVISIONAL);
    ck_assert(ground_put(&g, SHARED_COMMIT, "c", two, NULL)); /* it spools again */
    ck_assert(ground_settle(&g, "c", 501, three));
    ck_assert_uint_ge(ground_get(&g, "c").position, PROVISIONAL);
    ck_assert(!ground_get(&g, "c").body.at);
    ck_assert(ground_settle(&g, "c", 505, two));
    ck_assert_str_eq(ground_shown(&g, "c"), "505-");
    ck_assert(ground_put(&g, SHARED_FILL, "c", 505, "folded"));
    ground_end(&g);
}
END_TEST

START_TEST(a_link_is_told_the_floor_of_a_spool_as_one)
{
    GROUND(g);

    ground_put(&g, SHARED_COMMIT, "c", PROVISIONAL | 5, NULL);
    ground_put(&g, SHARED_COMMIT, "c", PROVISIONAL | 6, NULL);
    ground_fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answer, SHARED_FLOOR);
    ck_assert_uint_ge(g.told.position, PROVISIONAL);
    ground_settle(&g, "c", 5, PROVISIONAL | 6);
    RUN_UNTIL(&g, g.told.changed > 0);
    ground_fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answer, SHARED_FLOOR);
    ck_assert_uint_ge(g.told.position, PROVISIONAL);
    ground_end(&g);
}
END_TEST

START_TEST(a_fold_fills_only_the_floor_that_it_saw)
{
    GROUND(g);

    ck_assert(ground_put_with(&g, SHARED_CLAIM, "c", 0, 71, 0));
    ck_assert_uint_eq(ground_get(&g, "c").token, 71);
    ck_assert(
        !ground_put_with(&g, SHARED_CLAIM, "c", 0, 72, 0)); /* another fold of the same floor */
    ck_assert(!ground_put_with(&g, SHARED_FILL, "c", 7, 72, 0));
    ck_assert(ground_put(&g, SHARED_COMMIT, "c", 6, NULL)); /* raised, and still the same */
    ck_assert_uint_eq(ground_get(&g, "c").token, 71);
    ck_assert(ground_put_with(&g, SHARED_FILL, "c", 7, 71, 0));
    ck_assert_uint_eq(ground_get(&g, "c").token, 0);
    ck_assert(ground_put(&g, SHARED_COMMIT, "c", 8, NULL)); /* made anew */
    uint64_t token = ground_get(&g, "c").token;
    ck_assert_uint_ne(token, 0);
    ck_assert_uint_ne(token, 71);
    ck_assert(!ground_put_with(&g, SHARED_FILL, "c", 8, 71, 0));
    ck_assert(ground_put_with(&g, SHARED_FILL, "c", 8, 0, 0)); /* who asks not */
    ground_end(&g);
}
END_TEST

START_TEST(a_fold_that_began_before_a_spool_was_used_fills_nothing)
{
    GROUND(g);

    ck_assert(ground_put_with(&g, SHARED_CLAIM, "c", 0, 71, 0));
    ground_put(&g, SHARED_COMMIT, "c", PROVISIONAL | 5, NULL);
    ground_put(&g, SHARED_COMMIT, "c", PROVISIONAL | 6, NULL);
    ground_settle(&g, "c", 9, PROVISIONAL | 5);
    ground_settle(&g, "c", 8,
                  PROVISIONAL | 6); /* the later settled the lower: nine is not known here */
    ck_assert(!ground_put_with(&g, SHARED_FILL, "c", 8, 71, 0));
    uint64_t token = ground_get(&g, "c").token;
    ck_assert_uint_ne(token, 0);
    ck_assert(ground_put_with(&g, SHARED_FILL, "c", 9, token, 0));
    ground_end(&g);
}
END_TEST

START_TEST(what_was_applied_to_a_body_goes_over_that_body_and_is_a_floor_elsewhere)
{
    GROUND(g);

    ground_put(&g, SHARED_COMMIT, "c", 7, "seven");
    ck_assert(ground_put_with(&g, SHARED_APPLY, "c", 8, 0, 7));
    ck_assert_str_eq(ground_shown(&g, "c"), "8:folded");
    ck_assert(!ground_put_with(&g, SHARED_APPLY, "c", 8, 0, 7));
    ck_assert(ground_put_with(&g, SHARED_APPLY, "c", 10, 0, 9));
    ck_assert_str_eq(ground_shown(&g, "c"), "10-");
    ck_assert(ground_put_with(&g, SHARED_APPLY, "c", 11, 0, 10));
    ck_assert_str_eq(ground_shown(&g, "c"), "11-");
    ck_assert(ground_put_with(&g, SHARED_APPLY, "flushed", 11, 0, 10));
    ck_assert_str_eq(ground_shown(&g, "flushed"), "11-");
    ck_assert_uint_ne(ground_get(&g, "flushed").token, 0);
    ck_assert(ground_put_with(&g, SHARED_APPLY, "new", 1, 0, 0));
    ck_assert_str_eq(ground_shown(&g, "new"), "1-");
    ground_put(&g, SHARED_COMMIT, "spooled", PROVISIONAL | 5, NULL);
    ck_assert(!ground_put_with(&g, SHARED_APPLY, "spooled", 8, 0, PROVISIONAL | 5));
    ground_end(&g);
}
END_TEST

START_TEST(a_body_that_cannot_be_read_is_mended_and_no_other)
{
    GROUND(g);

    ck_assert(!ground_put_with(&g, SHARED_MEND, "c", 7, 0, 0));
    ground_put(&g, SHARED_COMMIT, "c", 7, "gibberish");
    ck_assert(!ground_put_with(&g, SHARED_MEND, "c", 7, 0, 6));
    ck_assert(!ground_put_with(&g, SHARED_MEND, "c", 6, 0, 7));
    ck_assert(ground_put_with(&g, SHARED_MEND, "c", 7, 0, 7));
    ck_assert_str_eq(ground_shown(&g, "c"), "7:folded");
    ck_assert(ground_put_with(&g, SHARED_MEND, "c", 8, 0, 7));
    ground_put(&g, SHARED_COMMIT, "c", 9, NULL);
    ck_assert(!ground_put_with(&g, SHARED_MEND, "c", 9, 0, 9));
    ground_end(&g);
}
END_TEST

START_TEST(positions_are_compared_to_the_last_of_their_62_bits)
{
    GROUND(g);
    static const uint64_t ascending[] = { 9,
                                          10,
                                          UINT64_C(0xfffffffe),
                                          UINT64_C(0xffffffff),
                                          UINT64_C(0x100000000),
                                          (UINT64_C(1) << 53) + 1,
                                          (UINT64_C(1) << 53) + 2,
                                          PROVISIONAL - 2,
                                          PROVISIONAL - 1 };
    for (size_t i = 0; i < sizeof ascending / sizeof *ascending; i++) {
        ck_assert(ground_put(&g, SHARED_COMMIT, "c", ascending[i], "x"));
        ck_assert(!ground_put(&g, SHARED_COMMIT, "c", ascending[i] - 1, "y"));
        ck_assert_uint_eq(ground_get(&g, "c").position, ascending[i]);
    }
    ground_end(&g);
}
END_TEST

START_TEST(two_thousand_values_go_and_come_at_once)
{
    enum { N = 2000 };
    GROUND(g);
    static char ids[N][16];
    static struct shared_put puts[N];
    static struct str asked[N];
    static struct shared_value values[N];
    static bool taken[N];
    char body[1000];
    struct err_note note = { "" };
    memset(body, 'b', sizeof body);
    for (uint32_t i = 0; i < N; i++) {
        snprintf(ids[i], sizeof ids[i], "c%u", i);
        asked[i] = str_of(ids[i]);
        puts[i] =
            (struct shared_put){ { asked[i], i + 1, { body, i % sizeof body } }, SHARED_COMMIT };
    }

    ck_assert_msg(g.shared->put(g.writer, puts, N, taken, &note) == OK, "%s", note.text);
    ck_assert_msg(g.shared->get(g.writer, asked, N, g.arena, values, &note) == OK, "%s", note.text);

    for (uint32_t i = 0; i < N; i++) {
        ck_assert(taken[i]);
        ck_assert_uint_eq(values[i].position, i + 1);
        ck_assert_uint_eq(values[i].body.len, i % sizeof body);
    }
    ck_assert_int_eq(g.shared->put(g.writer, puts, 0, taken, &note), OK);
    ground_end(&g);
}
END_TEST

int main(void)
{
    const TTest *const all[] = {
        what_was_committed_is_got_byte_for_byte_and_the_rest_is_absent,
        a_commit_goes_over_what_is_older_and_over_a_floor_of_its_position,
        an_empty_body_is_no_floor,
        a_claim_is_taken_only_where_nothing_is,
        a_fill_needs_something_there_that_is_not_newer,
        a_settled_floor_goes_over_a_provisional_one_and_over_nothing_newer,
        floors_of_several_spools_end_one_by_one,
        a_link_is_told_the_floor_of_a_spool_as_one,
        a_fold_fills_only_the_floor_that_it_saw,
        a_fold_that_began_before_a_spool_was_used_fills_nothing,
        a_body_that_cannot_be_read_is_mended_and_no_other,
        what_was_applied_to_a_body_goes_over_that_body_and_is_a_floor_elsewhere,
        positions_are_compared_to_the_last_of_their_62_bits,
        two_thousand_values_go_and_come_at_once,
    };
    return ground_main("contract/shared_profiles", all, sizeof all / sizeof *all, STORES);
}
