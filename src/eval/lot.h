/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/str.h"

/*
 * Lot
 *
 * Draws that come out the same in every program and language, by MD5 (RFC 1321): which orders
 * are tested, which line of an order is hidden. Not for secrets. The first 12 hexadecimal
 * digits of the digest as a number: 48 bits.
 */
uint64_t lot_of(struct str text);
