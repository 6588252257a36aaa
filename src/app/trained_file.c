/* SPDX-License-Identifier: Apache-2.0 */
#include "app/trained_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static void close_fd_at(int *fd)
{
    if (*fd >= 0)
        (void) close(*fd);
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

enum err trained_file_save(const char *path, struct str bytes, struct err_note *note)
{
    if (replace(path, bytes))
        return OK;
    return err_fail(note, ERR_UNAVAILABLE, "cannot write %s: %s", path, strerror(errno));
}
