/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * Cgroup memory
 *
 * How much memory the control group of this process (version 2: a container's, a unit's) has
 * left: limit less use, the least of the group's own and of those above it that can be seen.
 * Pages of files that nobody has used lately do not count as used: the kernel gives them back
 * before it ends a process, and Kubernetes' figure, the working set, leaves them out too.
 */

/*
 * @root is "" but for tests: a directory in the place of '/'. False, and *ret_bytes as it was,
 * without a limit, or without one that can be read.
 */
bool cgroup_memory_left(const char *root, uint64_t *ret_bytes);
