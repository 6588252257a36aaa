/* SPDX-License-Identifier: Apache-2.0 */
#include "app/service/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "http/api_keys.h"

enum { FILE_BYTES_MAX = 1024 * 1024 };

/* What changes when a file is written or another put into its place. All zero: there is none. */
struct stamp {
    dev_t device;
    ino_t number;
    off_t size;
    struct timespec written, changed;
};

struct key_file {
    char *path;
    struct snapshot_slot slot;
    struct stamp seen, read;
    atomic_bool broken;
    struct metrics *metrics;
    metric_id successful, count;
};

static struct stamp look_at(const char *path)
{
    struct stat about;
    struct stamp stamp;
    memset(&stamp, 0, sizeof stamp); /* compared as bytes */
    if (stat(path, &about) != 0)
        return stamp;
    stamp.device = about.st_dev;
    stamp.number = about.st_ino;
    stamp.size = about.st_size;
    stamp.written = about.st_mtim;
    stamp.changed = about.st_ctim;
    return stamp;
}

static bool same(const struct stamp *a, const struct stamp *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* The whole file into @text, which has room for FILE_BYTES_MAX. */
static enum err slurp(const char *path, char *text, size_t *ret_len, struct err_note *note)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    size_t len = 0;
    while (n > 0 && len < FILE_BYTES_MAX) {
        n = read(fd, text + len, FILE_BYTES_MAX - len);
        len += n > 0 ? (size_t) n : 0;
    }
    int wrong = errno;
    if (fd >= 0)
        (void) close(fd);
    if (n < 0)
        return err_fail(note, ERR_INPUT, "cannot be read: %s", strerror(wrong));
    if (n > 0)
        return err_fail(note, ERR_INPUT, "is larger than %d bytes", FILE_BYTES_MAX);
    *ret_len = len;
    return OK;
}

static enum err read_and_publish(struct key_file *file, struct err_note *note)
{
    struct api_keys *keys, *before = (struct api_keys *) snapshot_now(&file->slot);
    char *text = malloc(FILE_BYTES_MAX);
    size_t len = 0;
    enum err err = text ? slurp(file->path, text, &len, note) : ERR_NOMEM;
    if (err == OK)
        err = api_keys_read((struct str){ text, len }, before, &keys, note);
    if (err == OK) {
        metric_set(file->metrics, file->count, keys->n);
        log_line(LOG_INFO, "keys", "in force: %u keys of '%s'", keys->n, file->path);
        snapshot_publish(&file->slot, &keys->snapshot);
    }
    metric_set(file->metrics, file->successful, err == OK);
    atomic_store(&file->broken, err != OK);
    if (before)
        (void) snapshot_unref(&before->snapshot);
    free(text);
    return err;
}

enum err key_file_open(const char *path, struct metrics *metrics, struct key_file **ret_file,
                       struct err_note *note)
{
    AUTO(key_file_free) struct key_file *file = calloc(1, sizeof *file);
    if (!file)
        return ERR_NOMEM;
    snapshot_slot_init(&file->slot);
    file->metrics = metrics;
    file->successful =
        metric_register(metrics, METRIC_GAUGE, "offerd_api_keys_last_read_successful",
                        "1: the keys in force are those of the file.", (struct str){ 0 });
    file->count = metric_register(metrics, METRIC_GAUGE, "offerd_api_keys", "API keys in force.",
                                  (struct str){ 0 });
    if (!(file->path = strdup(path)))
        return ERR_NOMEM;
    file->seen = file->read = look_at(path);
    struct err_note why = { "" };
    enum err err = read_and_publish(file, &why);
    if (err != OK)
        return err_fail(note, err, "api_keys_file: %.120s: %.120s", path,
                        why.text[0] ? why.text : err_name(err));
    *ret_file = MOVE(file);
    return OK;
}

struct key_file *key_file_free(struct key_file *file)
{
    if (!file)
        return NULL;
    snapshot_slot_deinit(&file->slot);
    free(file->path);
    free(file);
    return NULL;
}

struct snapshot_slot *key_file_slot(struct key_file *file)
{
    return file ? &file->slot : NULL;
}

void key_file_look(void *self)
{
    struct key_file *file = self;
    struct err_note note = { "" };
    struct stamp now = look_at(file->path);
    bool still = same(&now, &file->seen);
    file->seen = now;
    if (!still || same(&now, &file->read))
        return;
    file->read = now;
    enum err err = read_and_publish(file, &note);
    if (err != OK)
        log_line(LOG_ERROR, "keys", "the last good keys stay in force: '%s': %s", file->path,
                 note.text[0] ? note.text : err_name(err));
}

void key_file_state_print(const struct key_file *file, struct out *out)
{
    if (file && atomic_load(&file->broken))
        out_text(out, STR("; the API keys' file has an error, the last good keys stay in force"));
}
