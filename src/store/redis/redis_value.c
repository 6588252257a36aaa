/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_value.h"

static const char digits[] = "0123456789abcdef";

enum { HEX_BYTES = 16 };

static bool read_hex(const char *at, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (int i = 0; i < HEX_BYTES; i++) {
        unsigned digit = at[i] >= '0' && at[i] <= '9'   ? (unsigned) (at[i] - '0')
                         : at[i] >= 'a' && at[i] <= 'f' ? (unsigned) (at[i] - 'a' + 10)
                                                        : 16;
        if (digit == 16)
            return false;
        number = number << 4 | digit;
    }
    *ret_number = number;
    return true;
}

static void print_hex(uint64_t number, char ret_digits[HEX_BYTES])
{
    for (int i = HEX_BYTES - 1; i >= 0; i--, number >>= 4)
        ret_digits[i] = digits[number & 15];
}

struct str redis_value_behind(struct str bytes, struct str stamp)
{
    if (stamp.len == 0)
        return bytes;
    if (!str_starts_with(bytes, stamp))
        return (struct str){ 0 };
    return (struct str){ bytes.at + stamp.len, bytes.len - stamp.len };
}

enum shared_answer redis_value_read(struct str bytes, uint64_t *ret_position, struct str *ret_body)
{
    uint64_t position;
    if (bytes.len < REDIS_VALUE_HEAD || !read_hex(bytes.at, &position))
        return SHARED_ABSENT;
    char kind = bytes.at[REDIS_VALUE_HEAD - 1];
    if (kind != 'p' && !(kind == '-' && (bytes.len - REDIS_VALUE_HEAD) % HEX_BYTES == 0))
        return SHARED_ABSENT;
    *ret_position = position;
    *ret_body = (struct str){ 0 };
    if (kind == '-')
        return SHARED_FLOOR;
    *ret_body = (struct str){ bytes.at + REDIS_VALUE_HEAD, bytes.len - REDIS_VALUE_HEAD };
    return SHARED_BODY;
}

uint64_t redis_value_token(struct str bytes)
{
    uint64_t token = 0;
    bool is_floor =
        bytes.len >= REDIS_VALUE_HEAD + HEX_BYTES && bytes.at[REDIS_VALUE_HEAD - 1] == '-';
    return is_floor && read_hex(bytes.at + REDIS_VALUE_HEAD, &token) ? token : 0;
}

void redis_value_head(uint64_t position, bool has_body, char ret_head[REDIS_VALUE_HEAD])
{
    print_hex(position, ret_head);
    ret_head[REDIS_VALUE_HEAD - 1] = has_body ? 'p' : '-';
}

void redis_value_prefix(struct out *out, const char *life, struct str shop)
{
    out_text(out, STR("offerd:"));
    out_bytes(out, life, REDIS_LIFE_BYTES);
    out_text(out, STR(":{"));
    out_text(out, shop);
    out_char(out, '/');
}

struct str redis_value_customer(struct str key, struct str prefix)
{
    struct str tail = STR("}:p");
    if (key.len <= prefix.len + tail.len || !str_starts_with(key, prefix) ||
        !str_ends_with(key, tail))
        return (struct str){ 0 };
    return (struct str){ key.at + prefix.len, key.len - prefix.len - tail.len };
}

/* @mark, @number, line end. */
static void print_count(struct out *out, char mark, size_t number)
{
    char text[24];
    size_t at = sizeof text;
    text[--at] = '\n';
    text[--at] = '\r';
    do
        text[--at] = (char) ('0' + number % 10);
    while (number /= 10);
    text[--at] = mark;
    out_bytes(out, text + at, sizeof text - at);
}

void redis_print_head(struct out *out, unsigned n)
{
    print_count(out, '*', n);
}

void redis_print_word3(struct out *out, struct str head, struct str middle, struct str tail)
{
    print_count(out, '$', head.len + middle.len + tail.len);
    out_text(out, head);
    out_text(out, middle);
    out_text(out, tail);
    out_text(out, STR("\r\n"));
}

void redis_print_word2(struct out *out, struct str head, struct str tail)
{
    redis_print_word3(out, head, tail, STR(""));
}

void redis_print_word(struct out *out, struct str word)
{
    redis_print_word3(out, word, STR(""), STR(""));
}

void redis_print_int(struct out *out, int64_t number)
{
    char text[24];
    size_t at = sizeof text;
    uint64_t left = number < 0 ? -(uint64_t) number : (uint64_t) number;
    do
        text[--at] = (char) ('0' + left % 10);
    while (left /= 10);
    if (number < 0)
        text[--at] = '-';
    redis_print_word(out, (struct str){ text + at, sizeof text - at });
}

void redis_print_hex(struct out *out, uint64_t number)
{
    char text[HEX_BYTES];
    print_hex(number, text);
    redis_print_word(out, (struct str){ text, sizeof text });
}

void redis_print_probe(struct out *out)
{
    redis_print_head(out, 3);
    redis_print_word(out, STR("EXPIRE"));
    redis_print_word(out, STR("offerd:probe"));
    redis_print_word(out, STR("1"));
}
