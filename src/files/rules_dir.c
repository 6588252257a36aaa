/* SPDX-License-Identifier: Apache-2.0 */
#include "files/rules_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/tz_file.h"
#include "files/yaml_doc.h"
#include "files/yaml_docs.h"

static const size_t reading_limit_bytes = (size_t) 1 << 30;

struct rules_reading *rules_reading_free(struct rules_reading *reading)
{
    if (!reading)
        return NULL;
    ruleset_unref(reading->ruleset);
    for (uint32_t i = 0; reading->trees && i < reading->n_files; i++)
        arena_free(reading->trees[i]);
    arena_free(reading->arena);
    free(reading);
    return NULL;
}

bool rules_dir_is_rule_file(struct str name)
{
    bool dropping = name.len == 0 || name.at[0] == '.' || name.at[0] == '#';
    return !dropping && (str_ends_with(name, STR(".yaml")) || str_ends_with(name, STR(".yml")) ||
                         str_ends_with(name, STR(".json")));
}

/*
 * A name that can be shown and logged: UTF-8 without control
 * characters, whatever the file system holds.
 */
static struct str shown(struct arena *arena, const char *name)
{
    struct str copy = arena_copy(arena, str_of(name));
    size_t bad;
    while (copy.at && !str_is_utf8(copy, &bad))
        ((char *) copy.at)[bad] = '?';
    for (size_t i = 0; i < copy.len; i++)
        if ((unsigned char) copy.at[i] < 0x20 || copy.at[i] == 0x7f)
            ((char *) copy.at)[i] = '?';
    return copy;
}

static struct str joined(struct arena *arena, const char *dir, struct str name)
{
    struct out path;
    out_init(&path, arena, 64);
    out_text(&path, shown(arena, dir));
    if (path.len && path.at[path.len - 1] != '/')
        out_char(&path, '/');
    out_text(&path, name);
    return out_str(&path);
}

static void complain(struct rules_reading *reading, const struct doc_file *file,
                     enum diag_code code, const char *why)
{
    diag_add(&reading->diags, file, (struct doc_place){ 1, 1 }, code, str_of(why),
             (struct str){ 0 }, (struct str){ 0 });
}

/* The directory itself as the file of a diag. */
static enum err complain_of_dir(struct rules_reading *reading, const char *dir, enum diag_code code,
                                const char *why)
{
    struct doc_file *file = arena_take(reading->arena, sizeof *file);
    if (!file)
        return ERR_LIMIT;
    file->name = file->path = shown(reading->arena, dir);
    complain(reading, file, code, why);
    return OK;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(char *const *) left, *(char *const *) right);
}

static enum err list_names(struct rules_reading *reading, DIR *dir, char ***ret_names,
                           uint32_t *ret_n)
{
    char **names = arena_take_array(reading->arena, char *, RULES_FILES_MAX);
    uint32_t n = 0;
    if (!names)
        return ERR_LIMIT;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (!rules_dir_is_rule_file(str_of(entry->d_name)))
            continue;
        if (n == RULES_FILES_MAX)
            return ERR_LIMIT;
        names[n] = (char *) arena_copy(reading->arena, str_of(entry->d_name)).at;
        if (!names[n++])
            return ERR_LIMIT;
    }
    qsort(names, n, sizeof *names, by_name);
    *ret_names = names;
    *ret_n = n;
    return OK;
}

/* Its bytes, one more than may be when it is larger; absent and *ret_error set when that fails. */
static enum err load_bytes(struct arena *arena, int dir_fd, const char *name, struct str *ret_text,
                           int *ret_error)
{
    struct stat st;
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *ret_error = 0;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        *ret_error = fd < 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        if (fd >= 0)
            close(fd);
        return OK;
    }
    size_t most = YAML_BYTES_MAX + 1, len = 0;
    size_t room = (size_t) st.st_size < most ? (size_t) st.st_size + 1 : most;
    char *bytes = arena_take_raw(arena, room);
    ssize_t n = bytes ? 1 : 0;
    while (bytes && len < room && (n = read(fd, bytes + len, room - len)) > 0)
        len += (size_t) n;
    if (n < 0)
        *ret_error = errno;
    close(fd);
    *ret_text = (struct str){ bytes, len };
    return bytes ? OK : ERR_LIMIT;
}

static enum err load_files(struct rules_reading *reading, const char *dir, int dir_fd, char **names,
                           uint32_t n)
{
    reading->files = arena_take_array(reading->arena, struct doc_file, n);
    if (!reading->files)
        return ERR_LIMIT;
    for (uint32_t i = 0; i < n; i++) {
        struct doc_file *file = &reading->files[reading->n_files++];
        int error;
        file->name = shown(reading->arena, names[i]);
        file->path = joined(reading->arena, dir, file->name);
        if (!file->name.at || !file->path.at)
            return ERR_LIMIT;
        TRY(load_bytes(reading->arena, dir_fd, names[i], &file->text, &error));
        if (error)
            complain(reading, file, DIAG_FILE_UNREADABLE, strerror(error));
    }
    return OK;
}

static void hash_files(struct rules_reading *reading)
{
    crypto_generichash_state state;
    (void) crypto_generichash_init(&state, NULL, 0, sizeof reading->hash);
    for (uint32_t i = 0; i < reading->n_files; i++) {
        const struct doc_file *file = &reading->files[i];
        uint64_t lengths[] = { file->name.len, file->text.len };
        (void) crypto_generichash_update(&state, (const uint8_t *) lengths, sizeof lengths);
        (void) crypto_generichash_update(&state, (const uint8_t *) file->name.at, file->name.len);
        (void) crypto_generichash_update(&state, (const uint8_t *) file->text.at, file->text.len);
    }
    (void) crypto_generichash_final(&state, reading->hash, sizeof reading->hash);
    (void) sodium_bin2hex(reading->version, sizeof reading->version, reading->hash,
                          RULES_VERSION_CHARS / 2);
}

static enum err load(struct rules_reading *reading, const char *dir)
{
    char **names;
    uint32_t n;
    DIR *stream = opendir(dir);
    if (!stream)
        return complain_of_dir(reading, dir, DIAG_DIR_UNREADABLE, strerror(errno));
    enum err err = list_names(reading, stream, &names, &n);
    if (err == OK)
        err = load_files(reading, dir, dirfd(stream), names, n);
    closedir(stream);
    if (err == OK && n == 0)
        err = complain_of_dir(reading, dir, DIAG_NO_RULE_FILES, NULL);
    return err;
}

enum err rules_dir_load(const char *dir, struct rules_reading **ret_reading)
{
    AUTO(rules_reading_free) struct rules_reading *reading = calloc(1, sizeof *reading);
    if (!reading || sodium_init() < 0)
        return ERR_NOMEM;
    reading->arena = arena_new(256 << 10, reading_limit_bytes);
    if (!reading->arena)
        return ERR_NOMEM;
    diags_init(&reading->diags, reading->arena);
    TRY(load(reading, dir));
    hash_files(reading);
    *ret_reading = MOVE(reading);
    return OK;
}

static const struct civil_zone *find_zone(void *self, struct str name)
{
    const struct rules_reading *reading = self;
    const struct civil_zone *zone;
    return tz_file_read(name, reading->arena, &zone) == OK ? zone : NULL;
}

/* The tree of a file weighs ten times its text: each goes as soon as it was read. */
static void drop_tree(void *self, uint32_t file)
{
    struct rules_reading *reading = self;
    reading->files[file].root = NULL;
    reading->trees[file] = arena_free(reading->trees[file]);
}

enum err rules_reading_check(struct rules_reading *reading, int64_t now_us)
{
    struct ruleset_settings settings = { .zone = find_zone,
                                         .self = reading,
                                         .version = str_of(reading->version),
                                         .now_us = now_us,
                                         .done = drop_tree };
    reading->trees = arena_take_array(reading->arena, struct arena *, reading->n_files);
    if (!reading->trees)
        return ERR_LIMIT;
    TRY(yaml_docs_read(reading->files, reading->n_files, reading_limit_bytes, reading->trees,
                       &reading->diags));
    /* Of a file that is no YAML its readers can only say what follows from that. */
    enum err err = reading->diags.errors ? ERR_INPUT
                                         : ruleset_read(reading->files, reading->n_files, &settings,
                                                        &reading->diags, &reading->ruleset);
    diags_sort(&reading->diags);
    return err;
}

enum err rules_dir_read(const char *dir, int64_t now_us, struct rules_reading **ret_reading)
{
    AUTO(rules_reading_free) struct rules_reading *reading = NULL;
    TRY(rules_dir_load(dir, &reading));
    enum err err = rules_reading_check(reading, now_us);
    if (err == OK || err == ERR_INPUT)
        *ret_reading = MOVE(reading);
    return err;
}
