/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout, before base64url: 8 bytes of SipHash-2-4 over what follows and the decision id;
 * then a version, the kind, the instant, and the texts and numbers as varints (LEB128). A
 * text is its length plus one and its bytes; zero is an absent text. The numbers of
 * enum rule_kind may be added to, never changed: ids outlive a deployment by minutes. So an id of
 * version 1, which ended before relevance and propensity, is opened too; and an offer without a
 * budget is sealed as before there was version 3, which replicas of before open as well.
 *
 * Sealing happens up to thirty times an answer, so all of it runs on the stack, and the
 * base64url is our own: libsodium's is written to be constant-time, which nothing here needs.
 */
#include "shop/offer_token.h"

#include <endian.h>
#include <sodium.h>

enum {
    TOKEN_VERSION_BUDGET = 3, /* with the rule's budget at its end */
    TOKEN_VERSION = 2,
    TOKEN_VERSION_SHORT = 1, /* without relevance and propensity */
    TEXT_MAX_BYTES = 128,    /* ids */
    MAC_BYTES = crypto_shorthash_BYTES,
    /* version, kind, instant, 6 texts, 30 items, 2 shares, a budget, each at its longest */
    TOKEN_MAX_BYTES = 1 + 5 + 10 + 6 * (2 + TEXT_MAX_BYTES) + 10 + 1 +
                      OFFER_TOKEN_MAX_ITEMS * (2 + TEXT_MAX_BYTES + 10) + 2 * 5 + 10,
    SIGNED_MAX_BYTES = 2 + TEXT_MAX_BYTES + TOKEN_MAX_BYTES,
    OFFER_ID_MAX_BYTES = (MAC_BYTES + TOKEN_MAX_BYTES + 2) / 3 * 4,
};

_Static_assert(OFFER_TOKEN_KEY_BYTES == crypto_shorthash_KEYBYTES, "the key is SipHash's");

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* ── sealing ─────────────────────────────────────────────────────────────────────────────── */

/* Each writes at @to and says where the next one goes on. */
static uint8_t *pack_number(uint8_t *to, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *to++ = (uint8_t) (number | 0x80);
    *to = (uint8_t) number;
    return to + 1;
}

static uint8_t *pack_text(uint8_t *to, struct str text, bool *failed)
{
    if (!text.at) {
        *to = 0;
        return to + 1;
    }
    if (text.len > TEXT_MAX_BYTES) {
        *failed = true;
        return to;
    }
    to = pack_number(to, text.len + 1);
    memcpy(to, text.at, text.len);
    return to + text.len;
}

static uint8_t *pack_token(uint8_t *to, const struct offer_token *token, bool *failed)
{
    *to++ = token->redemptions ? TOKEN_VERSION_BUDGET : TOKEN_VERSION;
    to = pack_number(to, (uint32_t) token->kind);
    to = pack_number(to, (uint64_t) token->made_us);
    to = pack_text(to, token->rule, failed);
    to = pack_text(to, token->variant, failed);
    to = pack_text(to, token->group, failed);
    to = pack_text(to, token->customer_id, failed);
    to = pack_text(to, token->session_id, failed);
    to = pack_text(to, token->replaces, failed);
    if (token->replaces.at)
        to = pack_number(to, (uint64_t) token->replaces_quantity);
    *to++ = (uint8_t) token->n_items;
    for (uint32_t i = 0; i < token->n_items; i++) {
        to = pack_text(to, token->items[i].sku, failed);
        to = pack_number(to, (uint64_t) token->items[i].quantity);
    }
    to = pack_number(to, token->relevance_bp);
    to = pack_number(to, token->propensity_bp);
    return token->redemptions ? pack_number(to, (uint64_t) token->redemptions) : to;
}

static char *put_four(char *to, uint64_t three_bytes)
{
    to[0] = digits[three_bytes >> 18 & 63];
    to[1] = digits[three_bytes >> 12 & 63];
    to[2] = digits[three_bytes >> 6 & 63];
    to[3] = digits[three_bytes & 63];
    return to + 4;
}

/* @to has room for four digits for each three bytes begun; how many were written. */
static size_t encode(const uint8_t *from, size_t n, char *to)
{
    char *start = to;
    size_t i = 0;
    for (; i + 8 <= n; i += 6) { /* read together, and two of the next */
        uint64_t eight;
        memcpy(&eight, from + i, sizeof eight);
        eight = be64toh(eight);
        to = put_four(to, eight >> 40);
        to = put_four(to, eight >> 16);
    }
    for (; i + 3 <= n; i += 3)
        to = put_four(to, (uint32_t) from[i] << 16 | (uint32_t) from[i + 1] << 8 | from[i + 2]);
    if (i < n) {
        uint32_t rest = (uint32_t) from[i] << 16 | (i + 1 < n ? (uint32_t) from[i + 1] << 8 : 0);
        *to++ = digits[rest >> 18];
        *to++ = digits[rest >> 12 & 63];
        if (i + 1 < n)
            *to++ = digits[rest >> 6 & 63];
    }
    return (size_t) (to - start);
}

void offer_token_seal(const struct offer_token *token, struct str decision_id,
                      const uint8_t key[OFFER_TOKEN_KEY_BYTES], struct out *out)
{
    uint8_t bytes[MAC_BYTES + SIGNED_MAX_BYTES]; /* MAC | token | decision id */
    bool failed = token->n_items > OFFER_TOKEN_MAX_ITEMS;
    uint8_t *end = failed ? bytes + MAC_BYTES : pack_token(bytes + MAC_BYTES, token, &failed);
    size_t n = (size_t) (end - bytes);
    end = pack_text(end, decision_id, &failed);
    if (failed || !out_reserve(out, (n + 2) / 3 * 4)) {
        out->failed = true;
        return;
    }
    crypto_shorthash(bytes, bytes + MAC_BYTES, (size_t) (end - bytes) - MAC_BYTES, key);
    out->len += encode(bytes, n, out->at + out->len);
}

uint64_t offer_token_mark(const struct offer_token *token, struct str decision_id)
{
    uint8_t bytes[TOKEN_MAX_BYTES];
    bool is_known = token->customer_id.len > 0 || token->session_id.len > 0, left_out;
    uint8_t *end = pack_text(bytes, is_known ? (struct str){ 0 } : decision_id, &left_out);
    end = pack_text(end, token->rule, &left_out);
    end = pack_text(end, token->customer_id.len > 0 ? token->customer_id : token->session_id,
                    &left_out);
    end = pack_text(end, token->replaces, &left_out);
    for (uint32_t i = 0; i < token->n_items && i < OFFER_TOKEN_MAX_ITEMS; i++) {
        end = pack_text(end, token->items[i].sku, &left_out);
        end = pack_number(end, (uint64_t) token->items[i].quantity);
    }
    uint64_t mark = str_hash((struct str){ (const char *) bytes, (size_t) (end - bytes) });
    return mark ? mark : 1;
}

/* ── opening ─────────────────────────────────────────────────────────────────────────────── */

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* False for a foreign character, a length that cannot be, or bits left over at the end. */
static bool decode(struct str text, uint8_t *to, size_t *ret_n)
{
    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = digit_value(text.at[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t) value;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            to[n++] = (uint8_t) (bits >> n_bits);
            bits &= (1u << n_bits) - 1;
        }
    }
    *ret_n = n;
    return n_bits < 6 && bits == 0;
}

/* Reads on until something does not fit; then everything after is zero. */
struct reader {
    const uint8_t *at, *end;
    struct arena *arena;
    enum err err;
};

static uint8_t read_byte(struct reader *reader)
{
    if (reader->err == OK && reader->at < reader->end)
        return *reader->at++;
    if (reader->err == OK)
        reader->err = ERR_INPUT;
    return 0;
}

static uint64_t read_number(struct reader *reader)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = read_byte(reader);
        number |= (uint64_t) (byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return number;
    }
    reader->err = ERR_INPUT;
    return 0;
}

static struct str read_text(struct reader *reader)
{
    uint64_t len = read_number(reader);
    if (reader->err != OK || len-- == 0)
        return (struct str){ 0 };
    if (len > TEXT_MAX_BYTES || len > (uint64_t) (reader->end - reader->at)) {
        reader->err = ERR_INPUT;
        return (struct str){ 0 };
    }
    struct str text =
        arena_copy(reader->arena, (struct str){ (const char *) reader->at, (size_t) len });
    if (!text.at)
        reader->err = ERR_LIMIT;
    reader->at += len;
    return text;
}

static void read_token(struct reader *reader, struct offer_token *token)
{
    uint8_t version = read_byte(reader);
    if (version < TOKEN_VERSION_SHORT || version > TOKEN_VERSION_BUDGET)
        reader->err = ERR_INPUT;
    token->kind = (int) (uint32_t) read_number(reader);
    token->made_us = (int64_t) read_number(reader);
    token->rule = read_text(reader);
    token->variant = read_text(reader);
    token->group = read_text(reader);
    token->customer_id = read_text(reader);
    token->session_id = read_text(reader);
    token->replaces = read_text(reader);
    if (token->replaces.at)
        token->replaces_quantity = (int64_t) read_number(reader);
    token->n_items = read_byte(reader);
    if (token->n_items > OFFER_TOKEN_MAX_ITEMS) {
        reader->err = ERR_INPUT;
        token->n_items = 0;
    }
    for (uint32_t i = 0; i < token->n_items; i++) {
        token->items[i].sku = read_text(reader);
        token->items[i].quantity = (int64_t) read_number(reader);
    }
    if (version != TOKEN_VERSION_SHORT) {
        token->relevance_bp = (uint32_t) read_number(reader);
        token->propensity_bp = (uint32_t) read_number(reader);
    }
    if (version == TOKEN_VERSION_BUDGET)
        token->redemptions = (int64_t) read_number(reader);
    if (reader->err == OK && reader->at != reader->end)
        reader->err = ERR_INPUT;
}

enum err offer_token_open(struct str offer_id, struct str decision_id,
                          const uint8_t key[OFFER_TOKEN_KEY_BYTES], struct arena *arena,
                          struct offer_token *ret_token)
{
    uint8_t bytes[OFFER_ID_MAX_BYTES + 2 + TEXT_MAX_BYTES];
    size_t n;
    if (offer_id.len > OFFER_ID_MAX_BYTES || decision_id.len > TEXT_MAX_BYTES ||
        !decode(offer_id, bytes, &n) || n < MAC_BYTES)
        return ERR_INPUT;

    uint8_t mac[MAC_BYTES];
    bool failed = false; /* the length was looked at above */
    const uint8_t *end = pack_text(bytes + n, decision_id, &failed);
    crypto_shorthash(mac, bytes + MAC_BYTES, (size_t) (end - bytes) - MAC_BYTES, key);
    if (sodium_memcmp(mac, bytes, MAC_BYTES) != 0)
        return ERR_INPUT;

    struct reader reader = { .at = bytes + MAC_BYTES, .end = bytes + n, .arena = arena };
    struct offer_token token = { 0 };
    read_token(&reader, &token);
    if (reader.err == OK)
        *ret_token = token;
    return reader.err;
}
