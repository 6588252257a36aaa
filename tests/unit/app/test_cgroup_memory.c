/* SPDX-License-Identifier: Apache-2.0 */
#include "app/service/cgroup_memory.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

#define MB UINT64_C(1048576)

static char root[PATH_MAX];

/* Writes @text into @path of the made-up root, with the directories it takes. */
static void put(const char *path, const char *text)
{
    char full[PATH_MAX];
    ck_assert_int_lt(snprintf(full, sizeof full, "%s/%s", root, path), PATH_MAX);
    for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')); *at++ = '/') {
        *at = '\0';
        (void) mkdir(full, 0700);
    }
    FILE *file = fopen(full, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void begin(const char *own)
{
    (void) snprintf(root, sizeof root, "%s/offerd-cgroup-XXXXXX",
                    getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(root));
    put("proc/self/cgroup", own);
}

static void end(void)
{
    char command[PATH_MAX + 16];
    (void) snprintf(command, sizeof command, "rm -r '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(a_container_has_left_its_limit_less_its_working_set)
{
    uint64_t left = 1;
    begin("0::/\n");
    put("sys/fs/cgroup/memory.max", "1073741824\n");
    put("sys/fs/cgroup/memory.current", "838860800\n"); /* 800 MB */
    put("sys/fs/cgroup/memory.stat", "anon 1\nfile 2\nactive_file 3\ninactive_file 104857600\n");
    ck_assert(cgroup_memory_left(root, &left));
    ck_assert_uint_eq(left, 1024 * MB - 700 * MB);
    end();
}
END_TEST

START_TEST(the_tightest_of_the_groups_above_counts)
{
    uint64_t left = 1;
    begin("4:memory:/elsewhere\n0::/system.slice/offerd.service\n");
    put("sys/fs/cgroup/system.slice/offerd.service/memory.max", "max\n");
    put("sys/fs/cgroup/system.slice/offerd.service/memory.current", "1048576\n");
    put("sys/fs/cgroup/system.slice/memory.max", "4194304\n");
    put("sys/fs/cgroup/system.slice/memory.current", "1048576\n");
    ck_assert(cgroup_memory_left(root, &left));
    ck_assert_uint_eq(left, 3 * MB);
    put("sys/fs/cgroup/system.slice/offerd.service/memory.max", "3145728\n");
    ck_assert(cgroup_memory_left(root, &left));
    ck_assert_uint_eq(left, 2 * MB);
    end();
}
END_TEST

START_TEST(a_group_that_holds_more_than_its_limit_has_nothing_left)
{
    uint64_t left = 1;
    begin("0::/\n");
    put("sys/fs/cgroup/memory.max", "1048576\n");
    put("sys/fs/cgroup/memory.current", "2097152\n");
    ck_assert(cgroup_memory_left(root, &left));
    ck_assert_uint_eq(left, 0);
    end();
}
END_TEST

START_TEST(without_a_limit_nothing_is_said)
{
    uint64_t left = 1;
    begin("0::/user.slice\n");
    ck_assert(!cgroup_memory_left(root, &left)); /* no control groups at all */
    put("sys/fs/cgroup/user.slice/memory.max", "max\n");
    put("sys/fs/cgroup/user.slice/memory.current", "1048576\n");
    ck_assert(!cgroup_memory_left(root, &left));
    put("proc/self/cgroup", "4:memory:/user.slice\n"); /* version 1 alone */
    put("sys/fs/cgroup/user.slice/memory.max", "1048576\n");
    ck_assert(!cgroup_memory_left(root, &left));
    ck_assert_uint_eq(left, 1);
    end();
}
END_TEST

SUITE_MAIN("app/cgroup_memory", a_container_has_left_its_limit_less_its_working_set,
           the_tightest_of_the_groups_above_counts,
           a_group_that_holds_more_than_its_limit_has_nothing_left, without_a_limit_nothing_is_said)
