/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "rules/diag.h"
#include "rules/doc.h"

/*
 * YAML doc
 *
 * Reads the text of one rule file, YAML or JSON, into the tree of rules/doc.h, strictly: what
 * other readers of YAML would silently take for something else is refused, with its place and a
 * hint. Uses libyaml's events with a bound on depth, size and number of nodes, so that no file
 * can hold it up. Pure: the caller brings the bytes.
 */
enum {
    YAML_DEPTH_MAX = 16,
    YAML_BYTES_MAX = 4 << 20,
    YAML_NODES_MAX = 1000000,
};

/*
 * @file has its name and text (which must outlive the tree); sets its root. A name that ends in
 * ".json" may be indented with tabs. ERR_INPUT: there are errors in @diags, the root is NULL.
 * ERR_LIMIT: @arena is full, ERR_NOMEM: no memory.
 */
MUST_CHECK enum err yaml_doc_read(struct doc_file *file, struct arena *arena, struct diags *diags);
