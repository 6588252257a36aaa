/* SPDX-License-Identifier: Apache-2.0 */
#include "app/model_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "learn.h"
#include "model/copurchase.h"
#include "ports/event_log.h"

enum { ORDER_BYTES = 256 * 1024, ORDER_LIMIT_BYTES = 16 * 1024 * 1024 };

/* ── the log ────────────────────────────────────────────────────────────────────────────── */

struct tail {
    struct copurchase *counts;
    struct arena *arena;
    uint64_t folded;
};

static enum err count_order(void *self, const struct logged_event *logged)
{
    struct tail *tail = self;
    struct event event;
    arena_reset(tail->arena);
    if (intake_recall(logged->payload, tail->arena, &event) != OK) {
        log_line(LOG_ERROR, "model", "an order in the log cannot be read: '%.*s' at position %llu",
                 STR_ARG(logged->event_id), (unsigned long long) logged->position);
        return OK;
    }
    struct str *skus = arena_take_array(tail->arena, struct str, event.order.n_lines);
    if (!skus)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < event.order.n_lines; i++)
        skus[i] = event.order.lines[i].sku;
    TRY(copurchase_add(tail->counts, logged->position, logged->at_us, skus, event.order.n_lines));
    tail->folded++;
    return OK;
}

enum err model_file_tail(struct copurchase *counts, struct event_log *log, struct str shop,
                         uint64_t *ret_folded, struct err_note *note)
{
    AUTO(arena_free) struct arena *arena = arena_new(ORDER_BYTES, ORDER_LIMIT_BYTES);
    if (!arena)
        return ERR_NOMEM;
    struct tail tail = { .counts = counts, .arena = arena };
    enum err err =
        log->read_orders(log, shop, copurchase_position(counts), &tail, count_order, note);
    *ret_folded = tail.folded;
    return err;
}

/* ── the file ───────────────────────────────────────────────────────────────────────────── */

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

/* NULL, and why, when there is no usable file. */
static struct copurchase *read_file(const char *directory, const char **ret_why)
{
    char path[PATH_MAX];
    struct copurchase *counts = NULL;
    struct stat stat_;
    *ret_why = "there is none yet";
    if (!path_of(path, directory, "model.bin"))
        return NULL;
    AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return NULL;
    *ret_why = "it cannot be read";
    if (fd < 0 || fstat(fd, &stat_) != 0 || stat_.st_size <= 0)
        return NULL;
    size_t len = (size_t) stat_.st_size;
    char *bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (bytes == MAP_FAILED)
        return NULL;
    *ret_why = "it is damaged or of another version";
    if (copurchase_load((struct str){ bytes, len }, &counts, NULL) == OK)
        *ret_why = NULL;
    (void) munmap(bytes, len);
    return counts;
}

enum err model_file_load(const char *directory, struct event_log *log, struct str shop,
                         struct copurchase **ret_counts, uint64_t *ret_folded, const char **ret_why,
                         struct err_note *note)
{
    uint64_t last = 0;
    TRY(log->last_position(log, &last, note));
    AUTO(copurchase_free) struct copurchase *counts = read_file(directory, ret_why);
    if (counts && copurchase_position(counts) > last) {
        *ret_why = "it is of another event log";
        counts = copurchase_free(counts);
    }
    if (!counts && !(counts = copurchase_new()))
        return ERR_NOMEM;
    TRY(model_file_tail(counts, log, shop, ret_folded, note));
    *ret_counts = MOVE(counts);
    return OK;
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

/* Written beside it, fsynced, renamed over it; the directory is fsynced so that the name holds. */
static bool replace_file(const char *directory, struct str bytes)
{
    char path[PATH_MAX], next[PATH_MAX], name[64];
    (void) snprintf(name, sizeof name, "model.bin.%ld", (long) getpid());
    if (!path_of(path, directory, "model.bin") || !path_of(next, directory, name)) {
        errno = ENAMETOOLONG;
        return false;
    }
    AUTO(close_fd) int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO(close_fd) int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (dir < 0 || fd < 0)
        return false;
    if (write_all(fd, bytes) && fsync(fd) == 0 && rename(next, path) == 0)
        return fsync(dir) == 0;
    int error = errno;
    (void) unlink(next);
    errno = error;
    return false;
}

enum err model_file_save(const char *directory, const struct copurchase *counts,
                         struct err_note *note)
{
    struct out bytes;
    out_init(&bytes, NULL, 0);
    enum err err = copurchase_save(counts, &bytes);
    if (err == OK && !replace_file(directory, out_str(&bytes)))
        err = err_fail(note, ERR_UNAVAILABLE, "cannot write model.bin in %s: %s", directory,
                       strerror(errno));
    out_deinit(&bytes);
    return err;
}
