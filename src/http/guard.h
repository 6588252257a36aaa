/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/reply.h"

/*
 * Guard
 *
 * Who asks, and may they? Looks at the head alone (Authorization: Bearer KEY, else X-Api-Key:
 * KEY), so that nothing is done for a stranger, and takes one request from the key's rate.
 * Without keys to ask for, and for open routes, it costs a look at a pointer. Takes no lock,
 * except once after the keys have changed. Worker's thread.
 */
struct exchange;

/*
 * PROBLEM_NONE: come in. The exchange then has its key_name; a refusal sets what its answer needs
 * (retry_after_s) and *ret_detail.
 */
enum problem guard_check(struct exchange *exchange, const char **ret_detail);
