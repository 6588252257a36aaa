/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Strays
 *
 * Variables of the environment that are spelled nearly like a setting's and are none:
 * OFFERD_REDIS_ULR would be passed over, and nobody the wiser. A warning, not an error, for others
 * may own such names: a container platform makes OFFERD_PORT of a service's name, tools have
 * OFFERD_TEST_DATA. So only a name is told that is one or two slips of the pen from a known one, or
 * that is a flag's short name ("OFFERD_DATA", for OFFERD_DATA_DIR). Values are not shown.
 */

/* Logs a line for each, once the log is set up. */
void strays_tell(void);
