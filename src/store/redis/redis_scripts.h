/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Redis scripts
 *
 * The scripts of lua/, built in. They are loaded when a writer connects and called by their digest;
 * a Redis that has forgotten them (SCRIPT FLUSH) is given them again.
 */
enum redis_script {
    REDIS_SHARED_PUT,
    REDIS_BUDGET_RESERVE,
    REDIS_BUDGET_GIVE_BACK,
    REDIS_BUDGET_SETTLE,
    REDIS_BUDGET_LOWER,
    REDIS_SCRIPTS
};

const char *redis_script_text(enum redis_script script);
