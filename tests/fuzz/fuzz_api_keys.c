/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keys file from anywhere. What is taken can be written down again and reads as the same keys;
 * what is refused names its line; and what was read before does not matter.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/out.h"
#include "http/api_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void print(const struct api_keys *keys, struct out *out)
{
    for (uint32_t i = 0; i < keys->n; i++) {
        const struct api_key *key = &keys->key[i];
        out_printf(out, "%s ", key->name);
        const char *comma = "";
        for (unsigned scope = 0; scope < SCOPE_OPEN; scope++)
            if (key->scopes & 1u << scope) {
                out_printf(out, "%s%s", comma, scope_word((enum scope) scope));
                comma = ",";
            }
        out_char(out, ' ');
        for (int j = 0; j < API_KEY_HASH_BYTES; j++)
            out_printf(out, "%02x", key->hash[j]);
        if (key->rate)
            out_printf(out, " rate=%u", key->rate);
        out_char(out, '\n');
    }
}

static void check_same(const struct api_keys *a, const struct api_keys *b)
{
    must(a->n == b->n && a->n > 0);
    for (uint32_t i = 0; i < a->n; i++) {
        must(strcmp(a->key[i].name, b->key[i].name) == 0 && a->key[i].name[0]);
        must(memcmp(a->key[i].hash, b->key[i].hash, API_KEY_HASH_BYTES) == 0);
        must(a->key[i].scopes == b->key[i].scopes && a->key[i].scopes);
        must(a->key[i].rate == b->key[i].rate && a->key[i].rate <= RATE_LIMIT_MAX);
        must(a->key[i].bucket == b->key[i].bucket);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err_note note = { "" };
    struct api_keys *keys, *again;
    enum err err = api_keys_read((struct str){ (const char *) data, size }, NULL, &keys, &note);
    must(err == OK || (err == ERR_INPUT && strncmp(note.text, "line ", 5) == 0));
    if (err != OK)
        return 0;
    struct out text;
    out_init(&text, NULL, 256);
    print(keys, &text);
    must(api_keys_read(out_str(&text), keys, &again, &note) == OK);
    check_same(keys, again);
    must(api_keys_find(again, STR("no key")) == NULL);
    (void) api_keys_free(keys);
    (void) api_keys_free(again);
    out_deinit(&text);
    return 0;
}
