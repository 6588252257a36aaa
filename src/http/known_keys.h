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
 * right keys are remembered, and all are forgotten when the keys in force change: told by their
 * generation, for the next ones may stand where the former stood in memory.
 */
enum { KNOWN_KEYS_PLACES = 16, KNOWN_KEYS_MAC_BYTES = 16 };

struct known_keys {
    uint8_t secret[16];
    uint64_t generation; /* of the keys that are remembered */
    struct {
        uint8_t mac[KNOWN_KEYS_MAC_BYTES];
        const struct api_key *key;
    } place[KNOWN_KEYS_PLACES];
};

void known_keys_init(struct known_keys *known);

/*
 * To be called after every look at which keys are in force, whether or not one is then searched:
 * the look may have freed those that are remembered. @generation is the snapshot_view's.
 */
void known_keys_follow(struct known_keys *known, uint64_t generation);

/* The same answer as api_keys_find. @keys are those of the generation that was followed last. */
const struct api_key *known_keys_find(struct known_keys *known, const struct api_keys *keys,
                                      struct str presented);
