/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "rules/diag.h"
#include "rules/doc.h"
#include "rules/ruleset.h"

/*
 * Rules dir
 *
 * A directory of rule files as one whole: its *.yaml, *.yml and *.json by name, without what
 * editors leave lying about; symbolic links are followed. Loading takes the bytes and their hash
 * (BLAKE2b), of which the first 12 hex digits are the ruleset's version; checking makes a ruleset
 * of them, or says what is wrong. A reading owns the bytes, the trees and the diags.
 */
enum { RULES_HASH_BYTES = 32, RULES_VERSION_CHARS = 12, RULES_FILES_MAX = 2000 };

struct rules_reading {
    struct arena *arena;
    struct doc_file *files;
    struct arena **trees; /* of each file, while it is checked; NULL: gone */
    uint32_t n_files;
    struct diags diags;
    struct ruleset *ruleset; /* one reference; NULL before the check, or when there are errors */
    uint8_t hash[RULES_HASH_BYTES];
    char version[RULES_VERSION_CHARS + 1];
};

/*
 * What cannot be read becomes an error in the diags (its file then is the directory or file that
 * could not be read, at 1:1); ERR_NOMEM, ERR_LIMIT only for lack of room.
 */
MUST_CHECK enum err rules_dir_load(const char *dir, struct rules_reading **ret_reading);
struct rules_reading *rules_reading_free(struct rules_reading *reading);
DEFINE_AUTO(struct rules_reading, rules_reading_free)

/*
 * Parses and compiles what was loaded; diags are sorted. ERR_INPUT: errors in the diags. @now_us
 * only for the warning that a schedule is over, 0 for none.
 */
MUST_CHECK enum err rules_reading_check(struct rules_reading *reading, int64_t now_us);

/* The two in turn. ERR_INPUT comes with a reading, the others without. */
MUST_CHECK enum err rules_dir_read(const char *dir, int64_t now_us,
                                   struct rules_reading **ret_reading);

/* Is this a name of a rule file? */
bool rules_dir_is_rule_file(struct str name);

/*
 * The last good rules on disk: DATA/rules-last-good, a symbolic link to a directory of its
 * version, replaced in one step and durable when this returns. Read it again with rules_dir_read.
 */
MUST_CHECK enum err rules_dir_keep(const struct rules_reading *reading, const char *data_dir,
                                   struct err_note *note);
#define RULES_LAST_GOOD "rules-last-good"
