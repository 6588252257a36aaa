/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Kept file
 *
 * A file of the data directory that only saves time: read as a whole when it is there, replaced
 * durably, all or nothing. Whoever finds it missing or damaged makes its content again.
 */

/*
 * *ret_bytes until kept_file_close. False when it cannot be had: then *ret_why says why (static
 * text). An empty file counts as unreadable.
 */
bool kept_file_open(const char *directory, const char *name, struct str *ret_bytes,
                    const char **ret_why);
void kept_file_close(struct str bytes);

/*
 * Written beside it, fsynced, renamed over it; the directory is fsynced so that the name holds:
 * whoever reads it sees the old one or the new one, never a part. ERR_UNAVAILABLE with a note.
 */
MUST_CHECK enum err kept_file_write(const char *path, struct str bytes, struct err_note *note);
MUST_CHECK enum err kept_file_replace(const char *directory, const char *name, struct str bytes,
                                      struct err_note *note);
