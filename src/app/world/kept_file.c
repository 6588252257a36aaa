/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/kept_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static bool path_of(char path[PATH_MAX], const char *directory, const char *name)
{
    int len = snprintf(path, PATH_MAX, "%s/%s", directory, name);
    return len > 0 && len < PATH_MAX;
}

static void close_fd_at(int *fd)
{
    if (*fd >= 0)
        (void) close(*fd);
}

bool kept_file_open(const char *directory, const char *name, struct str *ret_bytes,
                    const char **ret_why)
{
    char path[PATH_MAX];
    struct stat stat_;
    *ret_why = "there is none yet";
    if (!path_of(path, directory, name))
        return false;
    AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return false;
    *ret_why = "it cannot be read";
    if (fd < 0 || fstat(fd, &stat_) != 0 || stat_.st_size <= 0)
        return false;
    size_t len = (size_t) stat_.st_size;
    char *bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (bytes == MAP_FAILED)
        return false;
    *ret_bytes = (struct str){ bytes, len };
    return true;
}

void kept_file_close(struct str bytes)
{
    (void) munmap((void *) bytes.at, bytes.len);
}

static bool write_all(int fd, struct str bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.at, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes.at += n;
        bytes.len -= (size_t) n;
    }
    return true;
}

static int open_directory_of(const char *path)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int len = slash == path ? 1 : slash ? (int) (slash - path) : 0;
    (void) snprintf(directory, sizeof directory, "%.*s", slash ? len : 1, slash ? path : ".");
    return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool replace(const char *path, struct str bytes)
{
    char next[PATH_MAX];
    int len = snprintf(next, sizeof next, "%s.%ld", path, (long) getpid());
    if (len < 0 || len >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    AUTO(close_fd) int directory = open_directory_of(path);
    if (directory < 0)
        return false;
    AUTO(close_fd) int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    if (write_all(fd, bytes) && fsync(fd) == 0 && rename(next, path) == 0)
        return fsync(directory) == 0;
    int error = errno;
    (void) unlink(next);
    errno = error;
    return false;
}

enum err kept_file_write(const char *path, struct str bytes, struct err_note *note)
{
    if (replace(path, bytes))
        return OK;
    return err_fail(note, ERR_UNAVAILABLE, "cannot write %s: %s", path, strerror(errno));
}

enum err kept_file_replace(const char *directory, const char *name, struct str bytes,
                           struct err_note *note)
{
    char path[PATH_MAX];
    if (!path_of(path, directory, name))
        return err_fail(note, ERR_UNAVAILABLE, "cannot write %s in %s: %s", name, directory,
                        strerror(ENAMETOOLONG));
    return kept_file_write(path, bytes, note);
}
