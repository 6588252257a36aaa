/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each worker's ring has one writer and one reader, so two counters are all the order it needs.
 * The reader sleeps when all rings are empty, and a worker rings its bell only then: under load
 * it comes by itself every few milliseconds and takes what has gathered.
 */
#include "http/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/out.h"

enum {
    RING_LINES = 4096,
    GATHER_MS = 10,
    PATIENCE_MS = 100,  /* between two looks whether to give up a pipe nobody reads */
    PIECE_BYTES = 4096, /* a pipe with room takes so many without blocking: PIPE_BUF */
    FILE_PIECE_BYTES = 64 * 1024,
    WARN_EVERY = 10000,
};

struct ring {
    _Alignas(64) _Atomic uint64_t filled; /* the worker's */
    _Alignas(64) _Atomic uint64_t taken;  /* the reader's */
    struct access_line line[RING_LINES];
};

struct access_log {
    char *path; /* NULL: standard output */
    int fd, bell;
    bool is_file, is_socket;
    unsigned n_rings;
    struct ring **ring;
    atomic_bool asleep, reopen, stopping;
    bool running;
    pthread_t thread;
    metric_id lost;
    struct metric_shard *shard; /* the reader's */
    struct out text;
    unsigned n_lines;  /* in text */
    bool torn;         /* the file ends within a line */
    bool gave_up;      /* at the end, on a pipe that nobody reads */
    unsigned failures; /* since it last worked */
};

/* ── the workers' side ── */

struct access_line *access_log_line(struct access_log *log, unsigned worker,
                                    struct metric_shard *shard)
{
    struct ring *ring = log->ring[worker];
    uint64_t filled = atomic_load_explicit(&ring->filled, memory_order_relaxed);
    if (filled - atomic_load_explicit(&ring->taken, memory_order_acquire) == RING_LINES) {
        metric_add(shard, log->lost, 1);
        return NULL;
    }
    return &ring->line[filled % RING_LINES];
}

static void ring_bell(struct access_log *log)
{
    const uint64_t one = 1;
    ssize_t n = write(log->bell, &one, sizeof one);
    (void) n; /* full means it rings already */
}

void access_log_done(struct access_log *log, unsigned worker)
{
    struct ring *ring = log->ring[worker];
    uint64_t filled = atomic_load_explicit(&ring->filled, memory_order_relaxed);
    /* In one order with asleep: either the reader sees the line, or we see that it sleeps. */
    atomic_store(&ring->filled, filled + 1);
    if (atomic_load(&log->asleep) && atomic_exchange(&log->asleep, false))
        ring_bell(log);
}

void access_log_reopen(struct access_log *log)
{
    atomic_store(&log->reopen, true);
    ring_bell(log);
}

/* ── the file ── */

static bool take_fd(struct access_log *log, int fd)
{
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0)
        return false;
    if (log->fd >= 0)
        (void) close(log->fd);
    log->fd = fd;
    log->is_file = S_ISREG(about.st_mode);
    log->is_socket = S_ISSOCK(about.st_mode);
    return true;
}

/* Not blocking: a pipe without a reader would hold up the start. */
static bool open_target(struct access_log *log)
{
    int fd = log->path
                 ? open(log->path,
                        O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640)
                 : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    return take_fd(log, fd);
}

static void reopen(struct access_log *log)
{
    if (!log->path)
        return;
    if (open_target(log))
        log_line(LOG_INFO, "access_log", "opened again: '%s'", log->path);
    else
        log_line(LOG_ERROR, "access_log", "'%s' cannot be opened again, the one before is kept: %s",
                 log->path, strerror(errno));
}

/* A pipe or a terminal that nobody reads must not keep the process from ending. */
static bool wait_for_room(struct access_log *log)
{
    struct pollfd room = { .fd = log->fd, .events = POLLOUT };
    while (!log->is_file && !log->gave_up && poll(&room, 1, PATIENCE_MS) == 0)
        log->gave_up = atomic_load(&log->stopping);
    return !log->gave_up;
}

static ssize_t put_some(struct access_log *log, const char *at, size_t len)
{
    if (!wait_for_room(log)) {
        errno = EAGAIN;
        return -1;
    }
    return log->is_socket ? send(log->fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL)
                          : write(log->fd, at, len);
}

static bool put_all(struct access_log *log, const char *at, size_t len)
{
    for (log->torn = false; len;) {
        ssize_t n = put_some(log, at, len);
        if (n < 0 && (errno == EINTR || (errno == EAGAIN && !atomic_load(&log->stopping))))
            continue;
        if (n < 0)
            return false;
        log->torn = (size_t) n < len;
        at += n;
        len -= (size_t) n;
    }
    return true;
}

/* Writes what has gathered; a failure is told once, and again only after many. */
static void flush(struct access_log *log)
{
    if (log->n_lines && put_all(log, log->text.at, log->text.len)) {
        log->failures = 0;
    } else if (log->n_lines) {
        if (log->failures++ % WARN_EVERY == 0)
            log_line(LOG_WARNING, "access_log", "lines are lost, '%s' cannot be written: %s",
                     log->path ? log->path : "standard output", strerror(errno));
        metric_add(log->shard, log->lost, log->n_lines);
    }
    log->text.len = 0;
    log->n_lines = 0;
}

/* ── the reader's thread ── */

/* A client may send any bytes as a method. */
static void print_method(const struct access_line *line, struct out *out)
{
    char method[ACCESS_METHOD_BYTES];
    for (size_t i = 0; i < line->method_len; i++)
        method[i] =
            (char) (line->method[i] >= 'A' && line->method[i] <= 'Z' ? line->method[i] : '?');
    out_json_str(out, (struct str){ method, line->method_len });
}

static void print_line(const struct access_line *line, unsigned worker, struct out *out)
{
    out_json_open(out, '{');
    out_json_key(out, STR("time"));
    out_char(out, '"');
    out_instant(out, line->at_us, true);
    out_char(out, '"');
    out->comma = true;
    out_json_key(out, STR("method"));
    print_method(line, out);
    out_json_key(out, STR("path"));
    out_json_str(out, str_of(line->path));
    out_json_key(out, STR("status"));
    out_json_int(out, line->status);
    out_json_key(out, STR("bytes"));
    out_json_int(out, (int64_t) line->bytes);
    out_json_key(out, STR("took_us"));
    out_json_int(out, line->took_us);
    out_json_key(out, STR("key"));
    out_json_str(out, (struct str){ line->key_len ? line->key : NULL, line->key_len });
    out_json_key(out, STR("trace_id"));
    out_json_str(out, (struct str){ line->trace_id, TRACE_ID_BYTES });
    out_json_key(out, STR("worker"));
    out_json_int(out, worker);
    out_json_close(out, '}');
    out_char(out, '\n');
    out->comma = false;
}

/* The line goes into the text, which stays short enough to be written in one piece. */
static void gather(struct access_log *log, const struct access_line *line, unsigned worker)
{
    const size_t most = log->is_file ? FILE_PIECE_BYTES : PIECE_BYTES;
    if (log->torn && log->text.len == 0)
        out_char(&log->text, '\n');
    size_t before = log->text.len;
    print_line(line, worker, &log->text);
    if (log->text.len > most && before) {
        size_t len = log->text.len - before;
        log->text.len = before;
        flush(log);
        memmove(log->text.at, log->text.at + before, len);
        log->text.len = len;
    }
    log->n_lines++;
}

/* All that was there when it came; true if there was any. */
static bool take_all(struct access_log *log)
{
    bool any = false;
    for (unsigned i = 0; i < log->n_rings; i++) {
        struct ring *ring = log->ring[i];
        uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
        const uint64_t filled = atomic_load(&ring->filled);
        any |= taken != filled;
        for (; taken != filled; taken++) {
            gather(log, &ring->line[taken % RING_LINES], i);
            atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
        }
    }
    flush(log);
    return any;
}

static void wait_for_bell(struct access_log *log, int most_ms)
{
    struct pollfd bell = { .fd = log->bell, .events = POLLIN };
    uint64_t rings;
    (void) poll(&bell, 1, most_ms);
    ssize_t n = read(log->bell, &rings, sizeof rings);
    (void) n;
}

static void *read_rings(void *self)
{
    struct access_log *log = self;
    for (;;) {
        /* Asked before the rings are looked at: what came until then is still written. */
        bool last = atomic_load(&log->stopping), moved = atomic_exchange(&log->reopen, false);
        bool any = take_all(log);
        if (moved)
            reopen(log);
        if (last)
            return NULL;
        if (!any && !atomic_load(&log->asleep)) {
            atomic_store(&log->asleep, true); /* then looks once more */
            continue;
        }
        wait_for_bell(log, any ? GATHER_MS : -1);
        atomic_store(&log->asleep, false);
    }
}

/* ── building and tearing down ── */

static enum err build(struct access_log *log, const char *target, unsigned n_workers,
                      struct err_note *note)
{
    const bool is_stdout = strcmp(target, "-") == 0;
    log->ring = calloc(n_workers, sizeof(struct ring *));
    if (!log->ring || (!is_stdout && !(log->path = strdup(target))))
        return ERR_NOMEM;
    for (; log->n_rings < n_workers; log->n_rings++) {
        struct ring *ring = aligned_alloc(_Alignof(struct ring), sizeof *ring);
        if (!ring)
            return ERR_NOMEM;
        atomic_init(&ring->filled, 0);
        atomic_init(&ring->taken, 0);
        log->ring[log->n_rings] = ring;
    }
    out_init(&log->text, NULL, FILE_PIECE_BYTES + 2 * PIECE_BYTES);
    if (log->text.failed)
        return ERR_NOMEM;
    if (!open_target(log))
        return err_fail(note, ERR_INPUT, "access_log: '%.150s' cannot be opened: %s", target,
                        strerror(errno));
    return OK;
}

enum err access_log_start(const char *target, unsigned n_workers, struct metrics *metrics,
                          struct access_log **ret_log, struct err_note *note)
{
    AUTO(access_log_stop) struct access_log *log = calloc(1, sizeof *log);
    if (!log)
        return ERR_NOMEM;
    log->fd = -1;
    log->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    log->lost = metric_register(metrics, METRIC_COUNTER, "offerd_access_log_lost_total",
                                "Lines the access log had no room for.", (struct str){ 0 });
    log->shard = metric_shard_new(metrics);
    TRY(build(log, target, n_workers, note));
    if (log->bell < 0 || !log->shard || pthread_create(&log->thread, NULL, read_rings, log) != 0)
        return err_fail(note, ERR_UNAVAILABLE, "access_log: no thread or descriptor for it");
    log->running = true;
    (void) pthread_setname_np(log->thread, "access-log");
    *ret_log = MOVE(log);
    return OK;
}

struct access_log *access_log_stop(struct access_log *log)
{
    if (!log)
        return NULL;
    if (log->running) {
        atomic_store(&log->stopping, true);
        ring_bell(log);
        (void) pthread_join(log->thread, NULL);
    }
    for (unsigned i = 0; i < log->n_rings; i++)
        free(log->ring[i]);
    if (log->fd >= 0)
        (void) close(log->fd);
    if (log->bell >= 0)
        (void) close(log->bell);
    out_deinit(&log->text);
    free(log->ring);
    free(log->path);
    free(log);
    return NULL;
}
