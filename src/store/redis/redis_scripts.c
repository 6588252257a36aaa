/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_scripts.h"

static const char *const texts[] = {
#include "store/redis/redis_lua.inc"
};

_Static_assert(sizeof texts / sizeof *texts == REDIS_SCRIPTS, "one text a script, in order");

const char *redis_script_text(enum redis_script script)
{
    return texts[script];
}
