/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "http/api_keys.h"

/*
 * Known keys
 *
 * One worker's memory of the keys that were right lately, for a client sends the same one with
 * each request and SHA-256 is a tenth of what a decision costs. What is kept of a key is a 128-bit
 * SipHash under a secret of this worker's: not the key, and nothing that another could make. Only
 * right keys are remembered, and all are forgotten when the keys in force change.
 */
enum { KNOWN_KEYS_PLACES = 16, KNOWN_KEYS_MAC_BYTES = 16 };

struct known_keys {
    uint8_t secret[16];
    const struct api_keys *of; /* only compared */
    struct {
        uint8_t mac[KNOWN_KEYS_MAC_BYTES];
        const struct api_key *key;
    } place[KNOWN_KEYS_PLACES];
};

void known_keys_init(struct known_keys *known);

/*
 * The same answer as api_keys_find. @keys stay alive until others are given: whoever looks through
 * a snapshot_view holds them so.
 */
const struct api_key *known_keys_find(struct known_keys *known, const struct api_keys *keys,
                                      struct str presented);
