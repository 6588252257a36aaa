/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/out.h"
#include "rules/doc.h"

/*
 * Diag source
 *
 * Shows a line of a rule file with a caret under one place, so that it lines up in a terminal:
 * East Asian characters are two cells wide, a tab is shown as one blank, what a terminal would
 * obey is shown as "?", and of a long line only the part around the place is shown.
 */
void source_print_line(struct out *out, const struct doc_file *file, struct doc_place place,
                       struct str wrong, bool color);

/* Text as it is, but nothing that a terminal would obey. */
void source_print_plain(struct out *out, struct str text);
