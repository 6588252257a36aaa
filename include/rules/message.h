/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/out.h"
#include "base/str.h"
#include "shop/locale.h"

/*
 * Message
 *
 * A marketer's sentence with placeholders, cut into pieces when it is loaded so that rendering is
 * copying: "+{price_gap} で {offer.spec_gain}". What is copied is escaped for JSON by then. A
 * placeholder may say what to write when its value is unknown: "{customer.first_name ?? お客様}";
 * one without is an error to the reader when the value can be unknown, and at run time a text that
 * still lacks a value is not shown at all. "{{" and "}}" are braces.
 */
enum placeholder {
#define PLACEHOLDER(id, name) PLACE_##id,
#include "rules/placeholders.inc"
#undef PLACEHOLDER
    PLACEHOLDERS
};

struct message_piece {
    struct str text; /* escaped: a literal, or the fallback of a placeholder (absent: none) */
    int placeholder; /* enum placeholder, or -1 for literal text */
};

struct message_text {
    const struct message_piece *pieces;
    uint32_t n_pieces;
    uint32_t uses, needs; /* placeholders: bit 1u << enum placeholder; needs: without a fallback */
};

/*
 * Borrows @text, which must live as long as the arena. ERR_INPUT: *ret_at = offset of the fault in
 * @text, @ret_bad = the placeholder's name as written, a part of @text (absent for a brace without
 * its other), note in English.
 */
MUST_CHECK enum err message_compile(struct str text, struct arena *arena,
                                    const struct message_text **ret_text, size_t *ret_at,
                                    struct str *ret_bad, struct err_note *note);

/* The values of one offer, rendered and escaped already; absent = unknown. */
struct message_values {
    struct str values[PLACEHOLDERS];
};

/* Appends to @out as the escaped inside of a JSON string. All that @text needs is known. */
void message_render(const struct message_text *text, const struct message_values *values,
                    struct out *out);

/* NULL-terminated, for guesses. */
const char *const *message_placeholder_names(void);
