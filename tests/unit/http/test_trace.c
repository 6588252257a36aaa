/* SPDX-License-Identifier: Apache-2.0 */
#include "http/trace.h"

#include "suite.h"

static const char good[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

START_TEST(takes_over_a_valid_traceparent)
{
    struct trace trace = { 0 };

    ck_assert(trace_read(str_of(good), &trace));

    ck_assert_mem_eq(trace.id, "0af7651916cd43dd8448eb211c80319c", 32);
    ck_assert(trace.sent);
}
END_TEST

START_TEST(answers_with_the_same_trace_id_and_a_parent_id_of_its_own)
{
    struct trace trace;
    char text[TRACE_PARENT_BYTES + 1];
    ck_assert(trace_read(str_of(good), &trace));

    trace_write(&trace, 0x1234, text);

    ck_assert_str_eq(text, "00-0af7651916cd43dd8448eb211c80319c-0000000000001234-01");
}
END_TEST

START_TEST(ignores_a_traceparent_that_is_not_valid)
{
    static const char *const bad[] = {
        "",
        "00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "zz-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.x",
    };
    struct trace trace = { 0 };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!trace_read(str_of(bad[i]), &trace), "taken: %s", bad[i]);

    ck_assert(!trace.sent);
}
END_TEST

START_TEST(reads_a_later_version_that_says_more)
{
    struct trace trace;

    ck_assert(
        trace_read(STR("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"), &trace));
}
END_TEST

START_TEST(makes_an_id_of_two_numbers)
{
    struct trace trace = trace_make(0xfeed, 0xbeef);

    ck_assert_mem_eq(trace.id, "000000000000feed000000000000beef", 32);
    ck_assert(!trace.sent);
}
END_TEST

SUITE_MAIN("http/trace", takes_over_a_valid_traceparent,
           answers_with_the_same_trace_id_and_a_parent_id_of_its_own,
           ignores_a_traceparent_that_is_not_valid, reads_a_later_version_that_says_more,
           makes_an_id_of_two_numbers)
