/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/str.h"

/*
 * MD5
 *
 * The digest of RFC 1321, for drawing lots that come out the same in every program and language:
 * which orders are tested, which line of an order is hidden. Not for secrets.
 */
enum { MD5_BYTES = 16 };

void md5_of(struct str text, uint8_t ret_digest[MD5_BYTES]);

/* The first 12 hexadecimal digits of the digest as a number: 48 bits. */
uint64_t md5_lot(struct str text);
