/* SPDX-License-Identifier: Apache-2.0 */
/* inotify tells of a change before the call that made it returns, so nothing here waits. */
#include "files/watch.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

static char base[64], rules[96];

static const char *path_of(const char *name)
{
    static char paths[2][256];
    static int which;
    char *path = paths[which ^= 1];
    (void) snprintf(path, sizeof paths[0], "%s/%s", base, name);
    return path;
}

static void begin(void)
{
    (void) snprintf(base, sizeof base, "/tmp/offerd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    (void) snprintf(rules, sizeof rules, "%s/rules", base);
    (void) mkdir(rules, 0755);
}

static void end(struct watch *watch)
{
    char command[128];
    watch_free(watch);
    (void) snprintf(command, sizeof command, "rm -rf '%s'", base);
    ck_assert_int_eq(system(command), 0);
}

static void write_text(const char *name)
{
    FILE *file = fopen(path_of(name), "wb");
    ck_assert_ptr_nonnull(file);
    (void) fputs("x", file);
    (void) fclose(file);
}

static bool has_input(struct watch *watch)
{
    struct pollfd fd = { .fd = watch_fd(watch), .events = POLLIN };
    return poll(&fd, 1, 0) == 1;
}

static const int64_t begun = 1000000;

START_TEST(a_saved_file_is_due_after_a_quiet_moment)
{
    begin();
    struct watch *watch = watch_new(rules, begun);
    write_text("rules/a.yaml");

    ck_assert(has_input(watch));
    ck_assert(watch_drain(watch, begun));
    ck_assert(!watch_is_due(watch, begun + WATCH_QUIET_US - 1));
    ck_assert_int_eq(watch_wait_us(watch, begun), WATCH_QUIET_US);
    ck_assert(watch_is_due(watch, begun + WATCH_QUIET_US));
    ck_assert(!watch_is_due(watch, begun + WATCH_QUIET_US)); /* once */
    end(watch);
}
END_TEST

START_TEST(a_change_that_never_rests_is_due_all_the_same)
{
    begin();
    struct watch *watch = watch_new(rules, begun);
    int64_t now = begun, due = 0;
    for (int i = 0; i < 100 && !due; i++, now += WATCH_QUIET_US / 2) {
        write_text("rules/a.yaml");
        (void) watch_drain(watch, now);
        due = watch_is_due(watch, now) ? now : 0;
    }
    ck_assert_int_ne(due, 0);
    ck_assert_int_le(due - begun, WATCH_LONGEST_US);
    end(watch);
}
END_TEST

START_TEST(an_editor_that_renames_is_seen)
{
    begin();
    struct watch *watch = watch_new(rules, begun);
    write_text("rules/4913");
    write_text("rules/.a.yaml.swp");
    ck_assert(!watch_drain(watch, begun)); /* not yet: nothing but droppings */
    (void) rename(path_of("rules/.a.yaml.swp"), path_of("rules/a.yaml"));
    ck_assert(watch_drain(watch, begun));
    end(watch);
}
END_TEST

START_TEST(a_removed_file_is_seen)
{
    begin();
    write_text("rules/a.yaml");
    struct watch *watch = watch_new(rules, begun);
    (void) unlink(path_of("rules/a.yaml"));
    ck_assert(watch_drain(watch, begun));
    end(watch);
}
END_TEST

START_TEST(the_swap_of_a_config_map_is_seen)
{
    begin();
    (void) mkdir(path_of("rules/..1"), 0755);
    (void) mkdir(path_of("rules/..2"), 0755);
    ck_assert_int_eq(symlink("..1", path_of("rules/..data")), 0);
    ck_assert_int_eq(symlink("..data/a.yaml", path_of("rules/a.yaml")), 0);
    struct watch *watch = watch_new(rules, begun);
    ck_assert_int_eq(symlink("..2", path_of("rules/..data_tmp")), 0);
    (void) rename(path_of("rules/..data_tmp"), path_of("rules/..data"));
    ck_assert(watch_drain(watch, begun));
    end(watch);
}
END_TEST

START_TEST(a_directory_that_is_replaced_is_seen_and_watched_from_then_on)
{
    begin();
    struct watch *watch = watch_new(rules, begun);
    (void) mkdir(path_of("next"), 0755);
    (void) rename(rules, path_of("old"));
    (void) rename(path_of("next"), rules);
    ck_assert(watch_drain(watch, begun));
    ck_assert(watch_is_due(watch, begun + WATCH_QUIET_US));
    (void) watch_drain(watch, begun + WATCH_QUIET_US);
    (void) watch_is_due(watch, begun + WATCH_LONGEST_US + WATCH_QUIET_US);

    write_text("rules/a.yaml");
    ck_assert(watch_drain(watch, begun + WATCH_POLL_US));
    end(watch);
}
END_TEST

START_TEST(a_link_that_is_turned_is_seen_and_followed)
{
    begin();
    (void) mkdir(path_of("v1"), 0755);
    (void) mkdir(path_of("v2"), 0755);
    ck_assert_int_eq(symlink("v1", path_of("live")), 0);
    struct watch *watch = watch_new(path_of("live"), begun);
    ck_assert_int_eq(symlink("v2", path_of("live.new")), 0);
    (void) rename(path_of("live.new"), path_of("live"));
    ck_assert(watch_drain(watch, begun));
    ck_assert(watch_is_due(watch, begun + WATCH_QUIET_US));
    write_text("v2/a.yaml");
    ck_assert(watch_drain(watch, begun + WATCH_POLL_US));
    end(watch);
}
END_TEST

START_TEST(a_directory_that_comes_later_is_seen)
{
    begin();
    struct watch *watch = watch_new(path_of("later"), begun);
    ck_assert_ptr_nonnull(watch);
    (void) mkdir(path_of("later"), 0755);
    ck_assert(watch_drain(watch, begun));
    ck_assert(watch_is_due(watch, begun + WATCH_QUIET_US));
    write_text("later/a.yaml");
    ck_assert(watch_drain(watch, begun + WATCH_POLL_US));
    end(watch);
}
END_TEST

START_TEST(it_asks_for_a_look_now_and_then_in_any_case)
{
    begin();
    struct watch *watch = watch_new(rules, begun);
    ck_assert_int_eq(watch_wait_us(watch, begun), WATCH_POLL_US);
    ck_assert(!watch_is_due(watch, begun + WATCH_POLL_US - 1));
    ck_assert(watch_is_due(watch, begun + WATCH_POLL_US));
    ck_assert_int_eq(watch_wait_us(watch, begun + WATCH_POLL_US), WATCH_POLL_US);
    end(watch);
}
END_TEST

START_TEST(what_happens_beside_the_directory_is_nobodys_business)
{
    begin();
    struct watch *watch = watch_new(rules, begun);
    write_text("other.yaml");
    (void) mkdir(path_of("rules2"), 0755);
    ck_assert(!watch_drain(watch, begun));
    end(watch);
}
END_TEST

SUITE_MAIN("files/watch", a_saved_file_is_due_after_a_quiet_moment,
           a_change_that_never_rests_is_due_all_the_same, an_editor_that_renames_is_seen,
           a_removed_file_is_seen, the_swap_of_a_config_map_is_seen,
           a_directory_that_is_replaced_is_seen_and_watched_from_then_on,
           a_link_that_is_turned_is_seen_and_followed, a_directory_that_comes_later_is_seen,
           it_asks_for_a_look_now_and_then_in_any_case,
           what_happens_beside_the_directory_is_nobodys_business)
