/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <microhttpd.h>
#include <stdbool.h>

#include "base/str.h"

/*
 * Exchange head
 *
 * The headers of a request that we look at, absent when not sent, and what they tell of its body:
 * of what type it is, and whether anybody can say where it ends. All of it borrows from
 * libmicrohttpd and lives as long as the request.
 */
struct exchange_head {
    struct str content_type, content_length, content_encoding, transfer_encoding;
    struct str accept_language, traceparent, if_none_match, expect;
    struct str authorization, x_api_key;
    const char *twice; /* a header of the body's length came twice: which, in words; else NULL */
};

void exchange_head_read(struct exchange_head *head, struct MHD_Connection *connection);

/*
 * What makes it doubtful where the body ends, in words, else NULL. With such a doubt the connection
 * must be closed, whatever was asked for: what comes next on it may be the rest of this body, and a
 * proxy before us may have thought so (RFC 9112, 6.1 and 6.3).
 */
const char *exchange_head_doubt(const struct exchange_head *head);

/* By its Content-Type, which was sent. */
bool exchange_head_is_json(const struct exchange_head *head);
