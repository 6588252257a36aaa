/* SPDX-License-Identifier: Apache-2.0 */
#include "http/known_keys.h"

#include <sodium.h>
#include <string.h>

_Static_assert((int) KNOWN_KEYS_MAC_BYTES == (int) crypto_shorthash_siphashx24_BYTES,
               "SipHash gives another number of bytes");

void known_keys_init(struct known_keys *known)
{
    *known = (struct known_keys){ .generation = 0 };
    randombytes_buf(known->secret, sizeof known->secret);
}

void known_keys_follow(struct known_keys *known, uint64_t generation)
{
    if (known->generation == generation)
        return;
    memset(known->place, 0, sizeof known->place);
    known->generation = generation;
}

const struct api_key *known_keys_find(struct known_keys *known, const struct api_keys *keys,
                                      struct str presented)
{
    uint8_t mac[KNOWN_KEYS_MAC_BYTES];
    if (presented.len > API_KEY_BYTES_MAX)
        return NULL;
    (void) crypto_shorthash_siphashx24(mac, (const unsigned char *) presented.at, presented.len,
                                       known->secret);
    const unsigned at = mac[0] % KNOWN_KEYS_PLACES;
    if (known->place[at].key && sodium_memcmp(known->place[at].mac, mac, sizeof mac) == 0)
        return known->place[at].key;
    const struct api_key *key = api_keys_find(keys, presented);
    if (key) {
        known->place[at].key = key;
        memcpy(known->place[at].mac, mac, sizeof mac);
    }
    return key;
}
