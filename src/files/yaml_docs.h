/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "rules/diag.h"
#include "rules/doc.h"

/*
 * YAML docs
 *
 * All rule files of a directory as trees, each in an arena of its own so that it can go on its own.
 * A large directory is read by a few threads side by side, which have ended when this returns;
 * what comes out is the same: what is wrong is told in the order of the files.
 */

/*
 * @trees has a place for each file: its arena, or NULL for one without text; the caller frees
 * them, also after an error. OK also when files are at fault: their root is NULL and @diags says
 * why. ERR_LIMIT: they would take more than about @limit_bytes.
 */
MUST_CHECK enum err yaml_docs_read(struct doc_file *files, uint32_t n_files, size_t limit_bytes,
                                   struct arena **trees, struct diags *diags);
