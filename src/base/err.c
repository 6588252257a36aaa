/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

enum err err_fail(struct err_note *note, enum err code, const char *fmt, ...)
{
    if (note) {
        va_list ap;
        va_start(ap, fmt);
        (void) vsnprintf(note->text, sizeof note->text, fmt, ap);
        va_end(ap);
    }
    return code;
}

enum err err_in(enum err err, const char *where, struct err_note *note)
{
    if (err == OK || !note)
        return err;
    struct err_note inner = *note;
    return err_fail(note, err, "%s: %.200s", where, inner.text[0] ? inner.text : err_name(err));
}

const char *err_name(enum err code)
{
    switch (code) {
    case OK: return "ok";
    case ERR_INPUT: return "input";
    case ERR_LIMIT: return "limit";
    case ERR_UNAVAILABLE: return "unavailable";
    case ERR_CORRUPT: return "corrupt";
    case ERR_NOMEM: return "nomem";
    }
    return "unknown";
}
