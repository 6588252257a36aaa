/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"
#include "base/str.h"
#include "http/rate_limit.h"
#include "http/scope.h"

/*
 * API keys
 *
 * Who may knock: the keys of one file, immutable once read, published as a whole through
 * base/snapshot.h so that keys change while the service runs. A line each:
 *
 *   NAME SCOPE[,SCOPE…] SHA256 [rate=N]     # a comment
 *
 * SHA256 is the key's hash in 64 hex digits: the keys themselves are kept nowhere. They are
 * long and random, so a plain hash is enough. A name may stand twice, while a client moves
 * from one key to the next; a hash may not. Any thread may read; only the rate limits change.
 */
enum {
    API_KEY_NAME_MAX = 64,
    API_KEY_HASH_BYTES = 32,
    API_KEY_BYTES_MAX = 256,
    API_KEYS_MAX = 1000
};

struct api_key {
    char name[API_KEY_NAME_MAX + 1];
    uint8_t hash[API_KEY_HASH_BYTES];
    unsigned scopes; /* bits */
    uint32_t rate;   /* requests a second; 0: no limit */
    struct key_bucket *bucket;
};

struct api_keys {
    struct snapshot snapshot; /* first: see base/snapshot.h */
    uint32_t n;
    struct api_key key[];
};

/*
 * All of @text or nothing: ERR_INPUT, with a note that begins "line N: ", for any line that is
 * not as above, and for a file without a single key. A key that @before (may be NULL) has too
 * goes on with its bucket: reading again gives nobody a fresh burst.
 */
MUST_CHECK enum err api_keys_read(struct str text, const struct api_keys *before,
                                  struct api_keys **ret_keys, struct err_note *note);
struct api_keys *api_keys_free(struct api_keys *keys); /* for one that was never published */
DEFINE_AUTO(struct api_keys, api_keys_free)

void api_key_hash(struct str key, uint8_t ret_hash[API_KEY_HASH_BYTES]);

/* Which key @presented is, or NULL. How long it takes does not tell how near it came. */
const struct api_key *api_keys_find(const struct api_keys *keys, struct str presented);

/* One request with this key: true, or when to come again. Always true for one without a rate. */
bool api_key_take(const struct api_key *key, int64_t now_us, int64_t *ret_wait_us);
