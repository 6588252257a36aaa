/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_pending.h"

#include <string.h>

#include "suite.h"

static struct redis_question *ask(struct redis_pending *pending, const char *id)
{
    struct redis_question *question = redis_pending_add(pending);
    ck_assert_ptr_nonnull(question);
    question->id_len = (uint8_t) strlen(id);
    memcpy(question->id, id, question->id_len);
    question->hash = str_hash(str_of(id));
    return question;
}

static char popped(struct redis_pending *pending)
{
    struct redis_question *question = redis_pending_pop(pending);
    return question ? question->id[0] : '-';
}

START_TEST(the_oldest_comes_first_also_when_the_ring_grows)
{
    struct redis_pending pending = { 0 };
    char id[2] = "";
    ck_assert_int_eq(popped(&pending), '-');
    for (int i = 0; i < 40; i++) /* the ring's middle is its beginning now */
        ask(&pending, "x");
    for (int i = 0; i < 40; i++)
        popped(&pending);
    for (int i = 0; i < 100; i++) {
        id[0] = (char) ('!' + i % 90);
        ask(&pending, id);
    }

    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(popped(&pending), '!' + i % 90);

    ck_assert(redis_pending_is_empty(&pending));
    redis_pending_deinit(&pending);
}
END_TEST

START_TEST(a_question_is_found_by_its_number_until_it_is_answered)
{
    struct redis_pending pending = { 0 };
    ask(&pending, "a");
    uint64_t number = pending.end;
    ask(&pending, "b");

    ck_assert_int_eq(redis_pending_at(&pending, number)->id[0], 'b');
    ck_assert_ptr_null(redis_pending_at(&pending, number + 1));
    popped(&pending);
    ck_assert_int_eq(redis_pending_at(&pending, number)->id[0], 'b');
    popped(&pending);
    ck_assert_ptr_null(redis_pending_at(&pending, number));
    redis_pending_deinit(&pending);
}
END_TEST

START_TEST(a_change_marks_every_question_for_the_customer_and_no_other)
{
    struct redis_pending pending = { 0 };
    ask(&pending, "a");
    ask(&pending, "b");
    redis_pending_add(&pending)->is_heartbeat = true;
    ask(&pending, "a");

    redis_pending_mark(&pending, STR("a"));

    static const bool changed[] = { true, false, false, true };
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(redis_pending_pop(&pending)->changed, changed[i]);
    ask(&pending, "a");
    ck_assert(!redis_pending_pop(&pending)->changed); /* asked after the change */
    redis_pending_deinit(&pending);
}
END_TEST

SUITE_MAIN("store/redis_pending", the_oldest_comes_first_also_when_the_ring_grows,
           a_question_is_found_by_its_number_until_it_is_answered,
           a_change_marks_every_question_for_the_customer_and_no_other)
