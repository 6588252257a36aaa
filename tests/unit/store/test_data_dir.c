/* SPDX-License-Identifier: Apache-2.0 */
#include "store/data_dir.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

static char base[64], path[128];
static struct err_note note;

static void set_up(void)
{
    snprintf(base, sizeof base, "/tmp/offerd-data-dir-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    snprintf(path, sizeof path, "%s/a/b", base);
}

static void tear_down(void)
{
    char part[160];
    snprintf(part, sizeof part, "%s/a/b/offerd.lock", base);
    unlink(part);
    rmdir(path);
    snprintf(part, sizeof part, "%s/a", base);
    rmdir(part);
    unlink(part);
    rmdir(base);
}

static enum err open_dir(enum data_dir_use use, struct data_dir **ret_dir)
{
    return data_dir_open(path, use, ret_dir, &note);
}

START_TEST(makes_the_directory_for_its_owner_only)
{
    AUTO(data_dir_free) struct data_dir *dir = NULL;
    set_up();
    ck_assert_int_eq(open_dir(DATA_DIR_SERVE, &dir), OK);

    struct stat made;
    ck_assert_int_eq(stat(path, &made), 0);
    ck_assert_uint_eq(made.st_mode & 0777, 0700);
    tear_down();
}
END_TEST

START_TEST(one_service_holds_it_and_another_is_told_who)
{
    struct data_dir *first = NULL, *second = NULL, *importing = NULL;
    set_up();
    ck_assert_int_eq(open_dir(DATA_DIR_SERVE, &first), OK);

    ck_assert_int_eq(open_dir(DATA_DIR_SERVE, &second), ERR_UNAVAILABLE);
    char pid[16];
    snprintf(pid, sizeof pid, "(%ld)", (long) getpid());
    ck_assert_ptr_nonnull(strstr(note.text, pid));
    ck_assert_int_eq(open_dir(DATA_DIR_SHARE, &importing), OK);
    data_dir_free(first);
    ck_assert_int_eq(open_dir(DATA_DIR_SERVE, &second), OK);

    data_dir_free(second);
    data_dir_free(importing);
    tear_down();
}
END_TEST

START_TEST(the_hold_ends_with_the_process_however_it_dies)
{
    AUTO(data_dir_free) struct data_dir *dir = NULL;
    int ready[2];
    char byte;
    set_up();
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct data_dir *held = NULL;
        bool good = open_dir(DATA_DIR_SERVE, &held) == OK;
        (void) !write(ready[1], good ? "y" : "n", 1);
        pause();
        _exit(1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 'y');
    ck_assert_int_eq(open_dir(DATA_DIR_SERVE, &dir), ERR_UNAVAILABLE);

    kill(child, SIGKILL);
    waitpid(child, NULL, 0);

    ck_assert_int_eq(open_dir(DATA_DIR_SERVE, &dir), OK);
    close(ready[0]);
    close(ready[1]);
    tear_down();
}
END_TEST

START_TEST(says_so_when_it_cannot_be_made)
{
    struct data_dir *dir = NULL;
    set_up();
    char file[96];
    snprintf(file, sizeof file, "%s/a", base);
    FILE *in_the_way = fopen(file, "w");
    fclose(in_the_way);

    ck_assert_int_eq(open_dir(DATA_DIR_SERVE, &dir), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(note.text, path));
    ck_assert_int_eq(data_dir_open("", DATA_DIR_SHARE, &dir, &note), ERR_INPUT);
    ck_assert_ptr_null(dir);
    tear_down();
}
END_TEST

SUITE_MAIN("store/data_dir", makes_the_directory_for_its_owner_only,
           one_service_holds_it_and_another_is_told_who,
           the_hold_ends_with_the_process_however_it_dies, says_so_when_it_cannot_be_made)
