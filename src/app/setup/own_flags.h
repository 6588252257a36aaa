/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"

/*
 * Own flags
 *
 * A command that takes the settings of `serve` and some flags of its own takes its own out of
 * argv first; settings_read then sees only what it knows.
 */

/* Takes @flag ("--check") out of @argv wherever it stands; whether it was there. */
bool own_flag_take(int *argc, char **argv, const char *flag);

/*
 * The same for one with a value, "--at TIME" or "--at=TIME". *ret_value is
 * borrowed from @argv, left as it was without the flag. ERR_INPUT when the
 * value is missing, or the flag stands there twice.
 */
MUST_CHECK enum err own_flag_value(int *argc, char **argv, const char *flag, const char **ret_value,
                                   struct err_note *note);
