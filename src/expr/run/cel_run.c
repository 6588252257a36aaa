/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one evaluation costs. The usual case of cel_charge is one addition and one comparison; a run
 * without a limit of its own asks its environment, and one that has somebody to ask for more does
 * so. A sentence about an error holds at most ERROR_BYTES bytes, so that errors that are absorbed
 * one after the other fill the arena slowly.
 */
#include "expr/cel_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "expr/check/cel_checked.h"

enum { ERROR_BYTES = 240, DEFAULT_COST = 1000000 };

static uint64_t limit_of(const struct cel_run *run)
{
    if (run->limit)
        return run->limit;
    return run->env ? cel_env_limits_of(run->env)->cost : DEFAULT_COST;
}

static bool is_raised(struct cel_run *run)
{
    return run->go_on && run->go_on(run) && run->cost <= run->limit;
}

/* Work that is refused is not done, so it is not counted either: the cost stays just past the
 * limit. */
bool cel_charge(struct cel_run *run, uint64_t steps)
{
    uint64_t before = run->cost;
    if (__builtin_add_overflow(before, steps, &run->cost))
        run->cost = UINT64_MAX;
    if (run->cost <= run->limit || run->cost <= limit_of(run) || is_raised(run))
        return true;
    uint64_t limit = limit_of(run);
    run->cost = before > limit ? before : limit + 1;
    return false;
}

bool cel_charge_bytes(struct cel_run *run, size_t bytes)
{
    return cel_charge(run, bytes / 16);
}

struct cel_value cel_stop(struct cel_run *run)
{
    run->stopped = true;
    return cel_error(run->cost > limit_of(run) ? STR("the expression costs more than its limit")
                                               : STR("no room left to evaluate"));
}

/* A sentence that was cut must not end within a character. */
static size_t whole_characters(const char *at, size_t len)
{
    while (len > 0 && (at[len] & 0xc0) == 0x80)
        len--;
    return len;
}

struct cel_value cel_fail(struct cel_run *run, const char *fmt, ...)
{
    if (!strchr(fmt, '%'))
        return cel_error(str_of(fmt));
    char text[ERROR_BYTES + 1];
    va_list ap;
    va_start(ap, fmt);
    int need = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    size_t len = need < 0 ? 0 : (size_t) need;
    if (len > ERROR_BYTES)
        len = whole_characters(text, ERROR_BYTES - 1);
    struct str sentence = arena_copy(run->arena, (struct str){ text, len });
    return sentence.at ? cel_error(sentence) : cel_stop(run);
}

void *cel_take(struct cel_run *run, size_t n, size_t size_bytes)
{
    size_t total;
    return __builtin_mul_overflow(n, size_bytes, &total) ? NULL : arena_take_raw(run->arena, total);
}
