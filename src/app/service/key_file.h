/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/metric.h"
#include "base/out.h"
#include "base/snapshot.h"

/*
 * Key file
 *
 * Keeps the API keys (http/api_keys.h) that are in force those of the file. A changed file is read
 * once it has stood still from one look to the next, so that one being written is not taken for
 * finished. A file that is broken, empty or gone changes nothing: the last good keys stay, the log
 * says so once and /readyz as long as it lasts. At the start it must be good: a service that was
 * told to ask for keys never runs without.
 */
struct key_file;

enum { KEY_FILE_EVERY_US = 400000 };

/* ERR_INPUT with a note that begins with @path. */
MUST_CHECK enum err key_file_open(const char *path, struct metrics *metrics,
                                  struct key_file **ret_file, struct err_note *note);
struct key_file *key_file_free(struct key_file *file); /* NULL in, NULL out */
DEFINE_AUTO(struct key_file, key_file_free)

/* The keys in force, for readers on any thread; lives as long as the file. NULL for NULL. */
struct snapshot_slot *key_file_slot(struct key_file *file);

/* A keeper's task, every KEY_FILE_EVERY_US; one thread at a time. */
void key_file_look(void *file);

/* Says nothing while all is well, also for NULL; else "; …", a part of a sentence. Any thread. */
void key_file_state_print(const struct key_file *file, struct out *out);
