/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/trained_source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/world/kept_file.h"
#include "base/log.h"
#include "base/out.h"
#include "model/trained.h"
#include "ports/clock.h"
#include "ports/model_store.h"

enum { STORE_EVERY_US = 5000000, FULL_DISK_US = 60000000 };
static const size_t BYTES_MAX = (size_t) 8 << 30;

struct stamp { /* what a file was when it was looked at; all 0: it was not there */
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct trained_source {
    char path[PATH_MAX];
    struct str shop;
    struct model_store *models;
    struct clock *clock;
    uint64_t version; /* of the store's that is at hand, or no good */
    int64_t store_next_us;
    struct stamp seen;
    struct trained *now;
    struct metrics *metrics;
    struct metric_shard *shard;
    metric_id orders, age, failures;
    bool again;   /* the file seen may be good: it could not be read */
    bool failing; /* said once */
};

static void register_metrics(struct trained_source *source)
{
    source->orders =
        metric_register(source->metrics, METRIC_GAUGE, "offerd_model_trained_orders",
                        "Orders that the live model was trained on; 0: not trained.", STR(""));
    source->age = metric_register(source->metrics, METRIC_GAUGE, "offerd_model_trained_age_seconds",
                                  "Since the live model was trained; 0: not trained.", STR(""));
    source->failures = metric_register(
        source->metrics, METRIC_COUNTER, "offerd_model_trained_failures_total",
        "Trained models that could not be read; the last good one stayed.", STR(""));
}

enum err trained_source_new(const char *data_dir, struct str shop, struct model_store *models,
                            struct clock *clock, struct metrics *metrics,
                            struct trained_source **ret_source)
{
    struct trained_source *source = calloc(1, sizeof *source);
    if (!source) {
        if (models)
            models->free(models);
        return ERR_NOMEM;
    }
    source->models = models;
    source->shop = shop;
    source->clock = clock;
    source->metrics = metrics;
    int len = snprintf(source->path, PATH_MAX, "%s/%s", data_dir, TRAINED_FILE_NAME);
    if (len < 0 || len >= PATH_MAX) {
        (void) trained_source_free(source);
        return ERR_INPUT;
    }
    register_metrics(source);
    source->shard = metric_shard_new(metrics);
    *ret_source = source;
    return OK;
}

struct trained_source *trained_source_free(struct trained_source *source)
{
    if (!source)
        return NULL;
    if (source->models)
        source->models->free(source->models);
    (void) trained_unref(source->now);
    free(source);
    return NULL;
}

struct trained *trained_source_now(const struct trained_source *source)
{
    return source->now;
}

static void failed(struct trained_source *source, const char *what, enum err err,
                   const struct err_note *note)
{
    if (source->shard)
        metric_add(source->shard, source->failures, 1);
    if (!source->failing)
        log_line(LOG_WARNING, "model", "%s: %s; %s", what,
                 note->text[0] ? note->text : err_name(err),
                 source->now ? "the last good one stays" : "decisions go on without");
    source->failing = true;
}

/* ── the fleet's store ──────────────────────────────────────────────────────────────────── */

static enum err take_piece(void *bytes, struct str piece)
{
    struct out *out = bytes;
    out_text(out, piece);
    return out->failed ? ERR_NOMEM : OK;
}

/* Puts the store's newest where the file is looked for, if it is a good one. */
static enum err fetch(struct trained_source *source, struct out *bytes, struct err_note *note)
{
    uint64_t version = 0;
    AUTO(trained_unref) struct trained *trained = NULL;
    TRY(source->models->version(source->models, source->shop, &version, note));
    if (version == 0 || version == source->version)
        return OK;
    TRY(source->models->fetch(source->models, source->shop, bytes, take_piece, &version, note));
    if (version == 0)
        return OK;
    enum err err = trained_open(out_str(bytes), NULL, NULL, &trained, note);
    bool is_at_hand =
        err == OK && source->now && str_eq(trained_bytes(trained), trained_bytes(source->now));
    if (err == OK && !is_at_hand &&
        (err = kept_file_write(source->path, out_str(bytes), note)) != OK)
        source->store_next_us += FULL_DISK_US; /* it is long: not at each look */
    if (err == OK || err == ERR_CORRUPT)       /* a bad one is not fetched again and again */
        source->version = version;
    return err;
}

static void look_at_store(struct trained_source *source)
{
    struct clock *clock = source->clock;
    struct err_note note = { "" };
    struct out bytes;
    if (!source->models || clock->mono_us(clock) < source->store_next_us)
        return;
    source->store_next_us = clock->mono_us(clock) + STORE_EVERY_US;
    out_init(&bytes, NULL, 0);
    enum err err = fetch(source, &bytes, &note);
    out_deinit(&bytes);
    if (err != OK)
        failed(source, "the trained model of the database is not taken over", err, &note);
}

/* ── the file ───────────────────────────────────────────────────────────────────────────── */

static void close_fd_at(int *fd)
{
    if (*fd >= 0)
        (void) close(*fd);
}

static void unmap(void *owner, struct str bytes)
{
    (void) owner;
    (void) munmap((void *) bytes.at, bytes.len);
}

static bool read_all(int fd, char *to, size_t len)
{
    while (len > 0) {
        ssize_t n = read(fd, to, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        len -= (size_t) n;
    }
    return true;
}

static enum err read_file(int fd, size_t len, struct trained **ret_trained, struct err_note *note)
{
    if (len == 0 || len > BYTES_MAX)
        return err_fail(note, ERR_CORRUPT, "it is empty or too large");
    char *bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return ERR_NOMEM;
    enum err err = read_all(fd, bytes, len)
                       ? trained_open((struct str){ bytes, len }, unmap, NULL, ret_trained, note)
                       : err_fail(note, ERR_UNAVAILABLE, "it cannot be read");
    if (err != OK)
        (void) munmap(bytes, len);
    return err;
}

/* True: *@source->now is another one. */
static bool look_at_file(struct trained_source *source)
{
    struct stat stat_;
    struct err_note note = { "" };
    struct stamp stamp = { 0 };
    AUTO(close_fd) int fd = open(source->path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &stat_) == 0) {
        stamp.inode = stat_.st_ino;
        stamp.size = stat_.st_size;
        stamp.changed = stat_.st_mtim;
    }
    bool is_same = memcmp(&stamp, &source->seen, sizeof stamp) == 0;
    if (is_same && !source->again)
        return false;
    source->seen = stamp;
    source->again = false;
    source->failing &= is_same; /* another file, another word */
    if (stamp.inode == 0) /* taken away: what it said stays until another one comes, or a restart */
        return false;
    struct trained *trained = NULL;
    enum err err = read_file(fd, (size_t) stamp.size, &trained, &note);
    if (err != OK) {
        source->again = err != ERR_CORRUPT;
        failed(source, "trained.bin is not used", err, &note);
        return false;
    }
    (void) trained_unref(source->now);
    source->now = trained;
    return true;
}

static void tell(const struct trained_source *source, const struct trained_facts *facts)
{
    log_line(LOG_INFO, "model", "a trained model is at hand: %u SKUs of %llu orders, HR@10 %.3f%s",
             facts->n_skus, (unsigned long long) facts->n_orders, (double) facts->figures.hit10,
             source->models ? ", of the fleet" : "");
}

bool trained_source_look(struct trained_source *source)
{
    struct clock *clock = source->clock;
    look_at_store(source);
    bool changed = look_at_file(source);
    if (!source->now)
        return false;
    const struct trained_facts *facts = trained_facts(source->now);
    int64_t age_us = clock->wall_us(clock) - facts->trained_us;
    metric_set(source->metrics, source->orders, (int64_t) facts->n_orders);
    metric_set(source->metrics, source->age, age_us > 0 ? age_us / 1000000 : 0);
    if (changed)
        tell(source, facts);
    return changed;
}
