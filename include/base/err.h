/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Errors
 *
 * A call that can fail returns an enum err; zero is success. The set is closed
 * and small: each value answers "what may the caller do about it?". Which HTTP
 * status a value becomes is decided in one table, in http/reply.c.
 */
enum err {
    OK = 0,
    ERR_INPUT,       /* the caller's data is wrong: tell them where, do not retry */
    ERR_LIMIT,       /* a declared bound was reached: refuse, count it */
    ERR_UNAVAILABLE, /* a neighbour is down or late: degrade, maybe retry */
    ERR_CORRUPT,     /* our own data is wrong: stop using it, page someone */
    ERR_NOMEM,
};

/* Room for one sentence about a failure. The caller owns it; NULL is welcome. */
struct err_note {
    char text[256];
};

#define MUST_CHECK __attribute__((warn_unused_result))

MUST_CHECK enum err err_fail(struct err_note *note, enum err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same failure, its note now beginning with where it was: "orders.csv: …". OK stays OK. */
MUST_CHECK enum err err_in(enum err err, const char *where, struct err_note *note);
const char *err_name(enum err code);

#define TRY(call)                   \
    do {                            \
        enum err try_err_ = (call); \
        if (try_err_ != OK)         \
            return try_err_;        \
    } while (0)
