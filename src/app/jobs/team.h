/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/*
 * Team
 *
 * Threads for a piece of work that is cut into parts: the caller and @threads - 1
 * more, each taking the next part that nobody has. When one cannot be started the
 * others do its work. They are gone when it returns.
 */
enum { TEAM_MOST = 64 };

unsigned team_processors(void); /* of this machine that we may use, at most TEAM_MOST */
void team_run(unsigned threads, uint32_t n, void (*work)(void *context, uint32_t i), void *context);
