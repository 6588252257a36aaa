/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/out.h"
#include "base/str.h"
#include "ports/shared_profiles.h"

/*
 * Redis value
 *
 * How profiles and commands look on the wire. A key is "offerd:<life>:{<shop>/<customer>}:p"; a
 * value is 16 hex digits of the position, then '-' (a floor; behind it what lua/shared_put.lua
 * keeps there, its token first) or 'p' and the profile's bytes. What is not of this form counts as
 * absent. In a cluster the stamp of the node that wrote it comes first (redis_hello.h), and what
 * another wrote counts as absent. Pure.
 */
enum { REDIS_LIFE_BYTES = 8, REDIS_VALUE_HEAD = 17 };

/* What stands behind the stamp; absent when there is another. */
struct str redis_value_behind(struct str bytes, struct str stamp);

/* SHARED_BODY (*ret_body is borrowed from @bytes), SHARED_FLOOR or SHARED_ABSENT. */
enum shared_answer redis_value_read(struct str bytes, uint64_t *ret_position, struct str *ret_body);
uint64_t redis_value_token(struct str bytes); /* a floor's; 0: none */

/* 16 digits and '-' or 'p'. */
void redis_value_head(uint64_t position, bool has_body, char ret_head[REDIS_VALUE_HEAD]);

/* The part of a customer's key before the customer's id. */
void redis_value_prefix(struct out *out, const char *life, struct str shop);

/* The customer whose key @key is; absent for a key that does not begin with @prefix. */
struct str redis_value_customer(struct str key, struct str prefix);

/* A command of @n words: its head, then each word. */
void redis_print_head(struct out *out, unsigned n);
void redis_print_word(struct out *out, struct str word);
void redis_print_word2(struct out *out, struct str head, struct str tail); /* one word */
void redis_print_word3(struct out *out, struct str head, struct str middle, struct str tail);
void redis_print_int(struct out *out, int64_t number);
void redis_print_hex(struct out *out, uint64_t number); /* 16 digits */

/*
 * A write that changes nothing and is sent on to no replica (EXPIRE of a key that is never there): a
 * server that has become a replica answers READONLY, where it would go on answering GET and PING.
 */
void redis_print_probe(struct out *out);
