/* SPDX-License-Identifier: Apache-2.0 */
#include "http/api_keys.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* Shared by all versions of the file that know the key. */
struct key_bucket {
    struct rate_limit limit;
    atomic_int refs;
};

static void bucket_unref(struct key_bucket *bucket)
{
    if (bucket && atomic_fetch_sub_explicit(&bucket->refs, 1, memory_order_acq_rel) == 1)
        free(bucket);
}

struct api_keys *api_keys_free(struct api_keys *keys)
{
    for (uint32_t i = 0; keys && i < keys->n; i++)
        bucket_unref(keys->key[i].bucket);
    free(keys);
    return NULL;
}

static void snapshot_gone(struct snapshot *snapshot)
{
    (void) api_keys_free((struct api_keys *) snapshot);
}

/* ── reading ── */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of @rest, which is cut off; absent at the end of the line or at a comment. */
static struct str next_word(struct str *rest)
{
    while (rest->len && is_blank(*rest->at))
        *rest = (struct str){ rest->at + 1, rest->len - 1 };
    struct str word = { rest->at, 0 };
    if (rest->len == 0 || *rest->at == '#')
        return (struct str){ 0 };
    while (word.len < rest->len && !is_blank(word.at[word.len]))
        word.len++;
    *rest = (struct str){ rest->at + word.len, rest->len - word.len };
    return word;
}

static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.'))
            return false;
    }
    return name.len > 0 && name.len <= API_KEY_NAME_MAX;
}

static bool read_hash(struct str hex, uint8_t hash[API_KEY_HASH_BYTES])
{
    size_t n = 0;
    return hex.len == 2 * API_KEY_HASH_BYTES &&
           sodium_hex2bin(hash, API_KEY_HASH_BYTES, hex.at, hex.len, NULL, &n, NULL) == 0 &&
           n == API_KEY_HASH_BYTES;
}

static bool read_rate(struct str word, uint32_t *ret_rate)
{
    int64_t rate;
    if (!str_starts_with(word, STR("rate=")) ||
        !str_to_int64((struct str){ word.at + 5, word.len - 5 }, &rate) || rate < 1 ||
        rate > RATE_LIMIT_MAX)
        return false;
    *ret_rate = (uint32_t) rate;
    return true;
}

/* *ret_any false: a line without a key. What stands in it is named, unless it may be secret. */
static enum err read_line(struct str line, unsigned number, struct api_key *key, bool *ret_any,
                          struct err_note *note)
{
    struct str name = next_word(&line), scopes = next_word(&line), hash = next_word(&line);
    struct str rate = next_word(&line), more = next_word(&line);
    *ret_any = name.at != NULL;
    if (!name.at)
        return OK;
    if (!is_name(name))
        return err_fail(note, ERR_INPUT,
                        "line %u: a name is up to %d letters, digits, '-', '_' and '.'", number,
                        API_KEY_NAME_MAX);
    (void) snprintf(key->name, sizeof key->name, "%.*s", STR_ARG(name));
    if (scopes.len == 0)
        return err_fail(note, ERR_INPUT,
                        "line %u: after the name a list of storefront, events, metrics, admin is "
                        "expected",
                        number);
    key->scopes = scopes_of(scopes);
    if (!key->scopes)
        return err_fail(
            note, ERR_INPUT, "line %u: '%.*s' is not a list of storefront, events, metrics, admin",
            number, scopes.len > 60 ? 60 : (int) scopes.len, scopes.at ? scopes.at : "");
    if (!read_hash(hash, key->hash))
        return err_fail(note, ERR_INPUT,
                        "line %u: after the scopes the key's SHA-256 is expected, 64 hex digits",
                        number);
    if ((rate.at && !read_rate(rate, &key->rate)) || more.at)
        return err_fail(note, ERR_INPUT,
                        "line %u: after the hash only rate=N is understood, N from 1 to %d", number,
                        RATE_LIMIT_MAX);
    return OK;
}

static const struct api_key *key_of_hash(const struct api_keys *keys, const uint8_t *hash)
{
    for (uint32_t i = 0; keys && i < keys->n; i++)
        if (memcmp(keys->key[i].hash, hash, API_KEY_HASH_BYTES) == 0)
            return &keys->key[i];
    return NULL;
}

static bool give_bucket(struct api_key *key, const struct api_keys *before)
{
    const struct api_key *known = key_of_hash(before, key->hash);
    if (known) {
        key->bucket = known->bucket;
        (void) atomic_fetch_add_explicit(&key->bucket->refs, 1, memory_order_relaxed);
    } else if ((key->bucket = calloc(1, sizeof *key->bucket))) {
        atomic_init(&key->bucket->refs, 1);
    }
    return key->bucket != NULL;
}

static enum err add_line(struct api_keys *keys, struct str line, unsigned number,
                         const struct api_keys *before, struct err_note *note)
{
    struct api_key key = { 0 };
    bool any;
    TRY(read_line(line, number, &key, &any, note));
    if (!any)
        return OK;
    const struct api_key *same = key_of_hash(keys, key.hash);
    if (same)
        return err_fail(note, ERR_INPUT, "line %u: the key of '%s' stands here a second time",
                        number, same->name);
    if (keys->n == API_KEYS_MAX)
        return err_fail(note, ERR_INPUT, "line %u: more than %d keys", number, API_KEYS_MAX);
    if (!give_bucket(&key, before))
        return ERR_NOMEM;
    keys->key[keys->n++] = key;
    return OK;
}

enum err api_keys_read(struct str text, const struct api_keys *before, struct api_keys **ret_keys,
                       struct err_note *note)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.at[i] == '\n';
    const size_t room = lines < API_KEYS_MAX ? lines : API_KEYS_MAX;
    AUTO(api_keys_free)
    struct api_keys *keys = calloc(1, sizeof *keys + room * sizeof keys->key[0]);
    if (!keys)
        return ERR_NOMEM;
    snapshot_init(&keys->snapshot, snapshot_gone);
    for (unsigned number = 1; text.len; number++) {
        const char *end = memchr(text.at, '\n', text.len);
        struct str line = { text.at, end ? (size_t) (end - text.at) : text.len };
        TRY(add_line(keys, line, number, before, note));
        size_t used = end ? line.len + 1 : line.len;
        text = (struct str){ text.at + used, text.len - used };
    }
    if (keys->n == 0)
        return err_fail(note, ERR_INPUT, "line 1: there is no key in it");
    *ret_keys = MOVE(keys);
    return OK;
}

/* ── asking ── */

void api_key_hash(struct str key, uint8_t ret_hash[API_KEY_HASH_BYTES])
{
    (void) crypto_hash_sha256(ret_hash, (const unsigned char *) key.at, key.len);
}

const struct api_key *api_keys_find(const struct api_keys *keys, struct str presented)
{
    uint8_t hash[API_KEY_HASH_BYTES];
    uint32_t at = 0; /* from 1 */
    if (presented.len == 0 || presented.len > API_KEY_BYTES_MAX)
        return NULL;
    api_key_hash(presented, hash);
    for (uint32_t i = 0; i < keys->n; i++) {
        uint32_t same = (uint32_t) sodium_memcmp(hash, keys->key[i].hash, sizeof hash) + 1;
        at |= (i + 1) * same; /* sodium_memcmp is 0 or -1 */
    }
    return at ? &keys->key[at - 1] : NULL;
}

bool api_key_take(const struct api_key *key, int64_t now_us, int64_t *ret_wait_us)
{
    return key->rate == 0 || rate_limit_take(&key->bucket->limit, key->rate, now_us, ret_wait_us);
}
