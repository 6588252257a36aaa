/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping the last good rules: files into a new directory, synced; the directory renamed to its
 * version; a symbolic link turned to it by rename, which is atomic. Only then are older versions
 * removed, so that at any moment the link leads to a whole set.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/rules_dir.h"

#define BEING_WRITTEN RULES_LAST_GOOD ".new"
#define NEXT_LINK     RULES_LAST_GOOD ".link"

/* Files only: nothing here is deeper. */
static void remove_dir(int data_fd, const char *name)
{
    int fd = openat(data_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return;
    for (const struct dirent *entry; (entry = readdir(dir));)
        (void) unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    (void) unlinkat(data_fd, name, AT_REMOVEDIR);
}

static bool write_file(int dir_fd, const struct doc_file *file)
{
    char name[256];
    if (snprintf(name, sizeof name, "%.*s", STR_ARG(file->name)) >= (int) sizeof name)
        return false;
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    size_t done = 0;
    ssize_t n = 0;
    while (done < file->text.len &&
           (n = write(fd, file->text.at + done, file->text.len - done)) > 0)
        done += (size_t) n;
    bool good = done == file->text.len && fsync(fd) == 0;
    return close(fd) == 0 && good;
}

static bool write_files(int data_fd, const struct rules_reading *reading)
{
    remove_dir(data_fd, BEING_WRITTEN);
    if (mkdirat(data_fd, BEING_WRITTEN, 0755) != 0)
        return false;
    int fd = openat(data_fd, BEING_WRITTEN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0;
    for (uint32_t i = 0; good && i < reading->n_files; i++)
        good = write_file(fd, &reading->files[i]);
    good = good && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* Every other version, once the link leads to @kept. */
static void remove_older(int data_fd, const char *kept)
{
    int fd = openat(data_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return;
    for (const struct dirent *entry; (entry = readdir(dir));)
        if (str_starts_with(str_of(entry->d_name), STR(RULES_LAST_GOOD ".")) &&
            strcmp(entry->d_name, kept) != 0)
            remove_dir(data_fd, entry->d_name);
    closedir(dir);
}

static bool turn_link(int data_fd, const char *version)
{
    (void) unlinkat(data_fd, NEXT_LINK, 0);
    return symlinkat(version, data_fd, NEXT_LINK) == 0 &&
           renameat(data_fd, NEXT_LINK, data_fd, RULES_LAST_GOOD) == 0 && fsync(data_fd) == 0;
}

static bool keep(int data_fd, const struct rules_reading *reading)
{
    char version[64], linked[64];
    (void) snprintf(version, sizeof version, RULES_LAST_GOOD ".%s", reading->version);
    ssize_t len = readlinkat(data_fd, RULES_LAST_GOOD, linked, sizeof linked);
    if (len == (ssize_t) strlen(version) && memcmp(linked, version, (size_t) len) == 0)
        return true;

    if (!write_files(data_fd, reading))
        return false;
    remove_dir(data_fd, version);
    if (renameat(data_fd, BEING_WRITTEN, data_fd, version) != 0 || !turn_link(data_fd, version))
        return false;
    remove_older(data_fd, version);
    return true;
}

enum err rules_dir_keep(const struct rules_reading *reading, const char *data_dir,
                        struct err_note *note)
{
    int fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_fail(note, ERR_UNAVAILABLE, "%s: %s", data_dir, strerror(errno));
    bool good = keep(fd, reading);
    int error = errno;
    close(fd);
    return good ? OK
                : err_fail(note, ERR_UNAVAILABLE, "%s/" RULES_LAST_GOOD ": %s", data_dir,
                           strerror(error));
}
