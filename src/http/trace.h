/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Trace
 *
 * A request's name across services: W3C Trace Context's traceparent header,
 * "00-<32 hex trace id>-<16 hex parent id>-<2 hex flags>". What a client sends is
 * taken over only when it is valid; our answer carries the same trace id and a parent
 * id of our own. Plain data, no memory owned.
 */
enum { TRACE_ID_BYTES = 32, TRACE_PARENT_BYTES = 55 };

struct trace {
    char id[TRACE_ID_BYTES];
    char flags[2];
    bool sent; /* by the client; else made up here, and not worth echoing */
};

/* False for anything that Trace Context calls invalid; *ret_trace is then untouched. */
bool trace_read(struct str header, struct trace *ret_trace);

/* A new id from two random numbers. */
struct trace trace_make(uint64_t high, uint64_t low);

/* The header to answer with; @parent is our own span, not 0. Ends with a NUL. */
void trace_write(const struct trace *trace, uint64_t parent, char ret_text[TRACE_PARENT_BYTES + 1]);
