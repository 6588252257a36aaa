/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two buffers take turns: one is filled under a lock that is never
 * held while anything is written, the other one is being written.
 */
#include "app/service/log_writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

enum { ROOM_BYTES = 256 * 1024, PATIENCE_MS = 100, FAREWELL_S = 2 };

struct log_writer {
    struct log_sink sink;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t bell, rest;
    char *filling, *writing; /* ROOM_BYTES each */
    size_t filled;
    uint64_t lost; /* lines since the last that found room */
    bool is_writing, ending;
};

/* On the thread that logs. */
static void put(struct log_sink *sink, struct str line)
{
    struct log_writer *writer = (struct log_writer *) sink;
    (void) pthread_mutex_lock(&writer->lock);
    if (line.len > ROOM_BYTES - writer->filled) {
        writer->lost++;
    } else {
        memcpy(writer->filling + writer->filled, line.at, line.len);
        writer->filled += line.len;
    }
    (void) pthread_cond_signal(&writer->bell);
    (void) pthread_mutex_unlock(&writer->lock);
}

static void write_all(const char *at, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, at, len);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
            (void) poll(&room, 1, PATIENCE_MS);
        } else if (n < 0 && errno != EINTR) {
            return; /* nowhere left to say it */
        } else if (n > 0) {
            at += n;
            len -= (size_t) n;
        }
    }
}

/* Until when somebody waits for what is not written yet. */
static struct timespec farewell(void)
{
    struct timespec end;
    (void) clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += FAREWELL_S;
    return end;
}

/* Waits for lines and takes them to ->writing; 0: there will be no more. */
static size_t take(struct log_writer *writer, uint64_t *ret_lost)
{
    (void) pthread_mutex_lock(&writer->lock);
    writer->is_writing = false;
    if (!writer->filled)
        (void) pthread_cond_broadcast(&writer->rest);
    while (!writer->filled && !writer->ending)
        (void) pthread_cond_wait(&writer->bell, &writer->lock);
    writer->is_writing = true;
    char *taken = writer->filling;
    size_t len = writer->filled;
    writer->filling = writer->writing;
    writer->writing = taken;
    writer->filled = 0;
    *ret_lost = writer->lost;
    writer->lost = 0;
    (void) pthread_mutex_unlock(&writer->lock);
    return len;
}

static void *run(void *self)
{
    struct log_writer *writer = self;
    (void) pthread_setname_np(pthread_self(), "log");
    log_itself();
    uint64_t lost;
    for (size_t len; (len = take(writer, &lost)) > 0;) {
        write_all(writer->writing, len);
        if (lost)
            log_line(LOG_WARNING, "log", "%llu lines were lost: standard error took none",
                     (unsigned long long) lost);
    }
    return NULL;
}

static struct log_writer *release(struct log_writer *writer)
{
    if (!writer)
        return NULL;
    (void) pthread_cond_destroy(&writer->bell);
    (void) pthread_cond_destroy(&writer->rest);
    (void) pthread_mutex_destroy(&writer->lock);
    free(writer->filling);
    free(writer->writing);
    free(writer);
    return NULL;
}

enum err log_writer_new(struct log_writer **ret_writer)
{
    struct log_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return ERR_NOMEM;
    writer->sink.put = put;
    (void) pthread_mutex_init(&writer->lock, NULL);
    (void) pthread_cond_init(&writer->bell, NULL);
    (void) pthread_cond_init(&writer->rest, NULL);
    writer->filling = malloc(ROOM_BYTES);
    writer->writing = malloc(ROOM_BYTES);
    if (!writer->filling || !writer->writing ||
        pthread_create(&writer->thread, NULL, run, writer) != 0) {
        (void) release(writer);
        return ERR_NOMEM;
    }
    log_to(&writer->sink);
    *ret_writer = writer;
    return OK;
}

void log_writer_flush(struct log_writer *writer)
{
    const struct timespec end = farewell();
    int wrong = 0;
    if (!writer)
        return;
    (void) pthread_mutex_lock(&writer->lock);
    while ((writer->filled || writer->is_writing) && wrong == 0)
        wrong = pthread_cond_timedwait(&writer->rest, &writer->lock, &end);
    (void) pthread_mutex_unlock(&writer->lock);
}

struct log_writer *log_writer_free(struct log_writer *writer)
{
    if (!writer)
        return NULL;
    log_to(NULL);
    (void) pthread_mutex_lock(&writer->lock);
    writer->ending = true;
    (void) pthread_cond_signal(&writer->bell);
    (void) pthread_mutex_unlock(&writer->lock);
    const struct timespec end = farewell();
    /* Who cannot write yet keeps the memory: the process is about to end. */
    return pthread_timedjoin_np(writer->thread, NULL, &end) == 0 ? release(writer) : NULL;
}
