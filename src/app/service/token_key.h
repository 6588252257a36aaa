/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "shop/offer_token.h"

/*
 * Token key
 *
 * Signs offer ids (shop/offer_token.h). Every replica of a deployment needs the same one: set
 * it as token_key (32 hex digits, `openssl rand -hex 16`). Without it one is made at the first
 * start and kept in <data_dir>/token.key, readable by the owner only.
 */
MUST_CHECK enum err token_key_read(const char *hex, const char *data_dir,
                                   uint8_t ret_key[OFFER_TOKEN_KEY_BYTES], struct err_note *note);
