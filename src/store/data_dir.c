/* SPDX-License-Identifier: Apache-2.0 */
#include "store/data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct data_dir {
    char *path;
    int lock; /* the open lock file, or -1 when shared */
};

/* Makes @path and what leads to it. */
static enum err make_directories(const char *path, struct err_note *note)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part)
        return err_fail(note, ERR_INPUT, "data directory: not a usable name: '%s'", path);
    memcpy(part, path, len + 1);
    for (char *p = part + 1; p <= part + len; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char ended_by = *p;
        *p = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return err_fail(note, ERR_INPUT, "data directory: '%s' cannot be made: %s", part,
                            strerror(errno));
        *p = ended_by;
    }
    if (access(path, R_OK | W_OK | X_OK) != 0)
        return err_fail(note, ERR_INPUT, "data directory: '%s' is not writable: %s", path,
                        strerror(errno));
    return OK;
}

/* Holds the directory until the lock file is closed, by us or by the kernel at our end. */
static enum err hold(struct data_dir *dir, struct err_note *note)
{
    char path[PATH_MAX], holder[32] = "";
    if (snprintf(path, sizeof path, "%s/offerd.lock", dir->path) >= (int) sizeof path)
        return err_fail(note, ERR_INPUT, "data directory: the name is too long: '%s'", dir->path);
    dir->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (dir->lock < 0)
        return err_fail(note, ERR_INPUT, "data directory: '%s': %s", path, strerror(errno));
    if (flock(dir->lock, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = read(dir->lock, holder, sizeof holder - 1);
        holder[n > 0 ? strcspn(holder, "\n") : 0] = '\0';
        return err_fail(note, ERR_UNAVAILABLE,
                        "data directory: '%s' is served by another process already (%s)", dir->path,
                        holder[0] ? holder : "unknown");
    }
    if (ftruncate(dir->lock, 0) == 0)
        dprintf(dir->lock, "%ld\n", (long) getpid()); /* for people: the lock itself is flock's */
    return OK;
}

enum err data_dir_open(const char *path, enum data_dir_use use, struct data_dir **ret_dir,
                       struct err_note *note)
{
    AUTO(data_dir_free) struct data_dir *dir = calloc(1, sizeof *dir);
    if (!dir)
        return ERR_NOMEM;
    dir->lock = -1;
    dir->path = strdup(path);
    if (!dir->path)
        return ERR_NOMEM;
    TRY(make_directories(path, note));
    if (use == DATA_DIR_SERVE)
        TRY(hold(dir, note));
    *ret_dir = MOVE(dir);
    return OK;
}

struct data_dir *data_dir_free(struct data_dir *dir)
{
    if (!dir)
        return NULL;
    if (dir->lock >= 0)
        close(dir->lock);
    free(dir->path);
    free(dir);
    return NULL;
}
