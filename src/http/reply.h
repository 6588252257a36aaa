/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/out.h"
#include "base/str.h"

/*
 * Reply
 *
 * How an answer leaves: status, headers, and problem+json (RFC 9457) for whatever went
 * wrong. The table of problems in reply.c is the only place where a failure gets its
 * status code. Bodies are borrowed until the exchange ends: take them from its arena.
 * Worker's thread only; one reply an exchange.
 */
struct exchange;

enum problem {
    PROBLEM_NONE,
    PROBLEM_MALFORMED,       /* 400 */
    PROBLEM_NO_KEY,          /* 401, with WWW-Authenticate */
    PROBLEM_SCOPE,           /* 403 */
    PROBLEM_NOT_FOUND,       /* 404 */
    PROBLEM_METHOD,          /* 405, with Allow */
    PROBLEM_OVER,            /* 409 */
    PROBLEM_USED_UP,         /* 409 */
    PROBLEM_LENGTH_REQUIRED, /* 411 */
    PROBLEM_TOO_LARGE,       /* 413 */
    PROBLEM_MEDIA_TYPE,      /* 415 */
    PROBLEM_UNACCEPTABLE,    /* 422 */
    PROBLEM_RATE,            /* 429, with Retry-After */
    PROBLEM_BUSY,            /* 503, with Retry-After */
    PROBLEM_UNAVAILABLE,     /* 503, with Retry-After */
    PROBLEM_INTERNAL,        /* 500 */
    PROBLEMS
};

/* @is_value: ERR_INPUT of well-formed JSON whose value is not acceptable. */
enum problem problem_of(enum err err, bool is_value);

void reply_json(struct exchange *exchange, unsigned status, struct str json);
void reply_text(struct exchange *exchange, unsigned status, const char *type, struct str text);

/* @detail (English, may be NULL) and @pointer (a JSON Pointer, may be absent) are copied. */
void reply_problem(struct exchange *exchange, enum problem problem, const char *detail,
                   struct str pointer);

/* The same in two halves, for further members in between. */
void reply_problem_begin(struct exchange *exchange, enum problem problem, const char *detail,
                         struct str pointer, struct out *out);
void reply_problem_end(struct exchange *exchange, enum problem problem, struct out *out);
