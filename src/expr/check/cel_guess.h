/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/str.h"

/*
 * CEL guess
 *
 * Which of many names was meant by one that does not exist: the nearest by edits (a letter changed,
 * left out, put in, or two swapped), if it is near enough to be worth saying. Borrowed names, no
 * allocation.
 */
struct cel_guess {
    struct str wanted;
    struct str best; /* absent: nothing is near */
    unsigned edits;  /* of the best */
};

struct cel_guess cel_guess_begin(struct str wanted);
void cel_guess_try(struct cel_guess *guess, struct str name);
