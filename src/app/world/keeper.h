/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/*
 * Keeper
 *
 * The thread that keeps the world current: it watches the rules' directory and has it read when
 * files change, and runs the periodic tasks it was given, one thing at a time.
 */
struct keeper;
struct reload;

struct keeper_task {
    const char *name;
    int64_t every_us;
    void (*run)(void *self);
    void *self;
};

/* @tasks are copied; what they point to, and @reload, must live until keeper_stop has returned. */
MUST_CHECK enum err keeper_start(struct reload *reload, const struct keeper_task *tasks,
                                 uint32_t n_tasks, struct keeper **ret_keeper,
                                 struct err_note *note);
/* waits for what is running; NULL in, NULL out */
struct keeper *keeper_stop(struct keeper *keeper);

/* Read the rules now (SIGHUP). Any thread, async-signal-safe. */
void keeper_wake(struct keeper *keeper);
