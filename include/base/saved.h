/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/out.h"
#include "base/str.h"

/*
 * Saved
 *
 * Bytes that this program keeps and reads back itself: a header that begins with a
 * mark, then whatever the owner puts there, then the XXH3 of all that. In this
 * machine's byte order, because the file is a shortcut: what was written by another
 * machine or version, or is damaged, is made again.
 */
struct saved_mark {
    char magic[8];
    uint32_t version, byte_order;
};

/* @magic: eight characters, without a NUL. */
struct saved_mark saved_mark(const char *magic, uint32_t version);

/* Appends the sum of what stands in @out from byte @begin on. ERR_NOMEM when @out has failed. */
MUST_CHECK enum err saved_seal(struct out *out, size_t begin);

/*
 * Takes the sum off the end; the header, mark and all, is what *@bytes begins with then. False, and
 * *@bytes is of no use, for what saved_seal has not sealed under that magic and version here.
 */
bool saved_open(struct str *bytes, const char *magic, uint32_t version);
