/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <string.h>
#include <unistd.h>

#include "suite.h"

/* What one line looks like on standard error. */
static const char *logged(bool json, const char *text)
{
    static char line[2048];
    int ends[2], before = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    log_setup(LOG_INFO, json);
    log_line(LOG_INFO, "area", "%s", text);
    ck_assert_int_ge(dup2(before, STDERR_FILENO), 0);
    ssize_t n = read(ends[0], line, sizeof line - 1);
    ck_assert_int_gt(n, 0);
    line[n] = '\0';
    (void) close(ends[0]);
    (void) close(ends[1]);
    (void) close(before);
    return line;
}

START_TEST(writes_one_line_that_commands_no_terminal)
{
    const char *line = logged(false, "a\nb\033[2Jc\rd\177e\tf 日本");
    ck_assert_ptr_nonnull(strstr(line, " info    area: a b [2Jc d e f 日本\n"));
}
END_TEST

START_TEST(escapes_what_json_cannot_hold)
{
    const char *line = logged(true, "a\n\033\"b");
    ck_assert_ptr_nonnull(strstr(line, "\"message\":\"a\\n\\u001b\\\"b\"}\n"));
}
END_TEST

START_TEST(cuts_no_character_in_half)
{
    char text[1100];
    memset(text, 'x', 1022);
    (void) strcpy(text + 1022, "日本");
    const char *line = logged(false, text);
    ck_assert_ptr_nonnull(strstr(line, "xxx\n"));
}
END_TEST

SUITE_MAIN("base/log", writes_one_line_that_commands_no_terminal, escapes_what_json_cannot_hold,
           cuts_no_character_in_half)
