/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <getopt.h>

#include "base/err.h"

/*
 * Flag fault
 *
 * What is wrong with a flag that getopt_long refused, said the same way by every command. It must
 * have been called with opterr 0 and short options that begin with ':'; @answer is what it returned
 * ('?' or ':'), @argv and @options are what it was given.
 */

/* Always ERR_INPUT: "there is no flag '--rulez'; did you mean '--rules'?" */
MUST_CHECK enum err flag_fault(int answer, char **argv, const struct option *options,
                               struct err_note *note);

/* The same as a line of @command's on standard error. */
void flag_fault_tell(const char *command, int answer, char **argv, const struct option *options);
