/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "base/str.h"

/*
 * Trained file
 *
 * A trained model on disk: <data>/trained.bin, or where it was asked for. Whoever reads it sees the old one or the
 * new one, never a part, also after a power cut.
 */
#define TRAINED_FILE_NAME "trained.bin"

/* Written beside it, fsynced, renamed over it, the directory fsynced. ERR_UNAVAILABLE with a note. */
MUST_CHECK enum err trained_file_save(const char *path, struct str bytes, struct err_note *note);
