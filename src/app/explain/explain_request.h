/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/out.h"
#include "shop/locale.h"

struct rules_reading;
struct settings;

/*
 * Explain a request
 *
 * What would be decided for the JSON that a storefront posts to /offers, and of every rule of that
 * trigger and placement why it is shown or not. The decision is made by app/explain/offline.c.
 */
struct explain_style {
    enum locale locale;
    bool json;      /* the answer as POST /offers gives it; else text for people */
    bool color;     /* of the text */
    int64_t now_us; /* wall clock of the decision */
};

/*
 * @path: a file, or "-" for standard input. @reading: of rules without errors. ERR_INPUT for a
 * request that cannot be read, with the file and the place in the note; nothing is printed then.
 * What could not be looked up (a profile, a budget) is told on standard error.
 */
MUST_CHECK enum err explain_request_print(const char *path, const struct settings *settings,
                                          const struct rules_reading *reading,
                                          const struct explain_style *style, struct out *out,
                                          struct err_note *note);
