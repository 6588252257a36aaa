/* SPDX-License-Identifier: Apache-2.0 */
/* The constants are floor(2^32 * |sin(i + 1)|), as the RFC defines them. */
#include "eval/md5.h"

#include <string.h>

enum { BLOCK_BYTES = 64, LENGTH_AT = 56 };

static const uint32_t constants[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static const uint8_t turns[4][4] = {
    { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
};

static void take_block(uint32_t state[4], const uint8_t *block)
{
    uint32_t words[16], a = state[0], b = state[1], c = state[2], d = state[3];
    for (int i = 0; i < 16; i++)
        words[i] = (uint32_t) block[4 * i] | (uint32_t) block[4 * i + 1] << 8 |
                   (uint32_t) block[4 * i + 2] << 16 | (uint32_t) block[4 * i + 3] << 24;
    for (int i = 0; i < 64; i++) {
        uint32_t mixed, word;
        switch (i / 16) {
        case 0: mixed = (b & c) | (~b & d), word = (uint32_t) i; break;
        case 1: mixed = (d & b) | (~d & c), word = (uint32_t) (5 * i + 1) % 16; break;
        case 2: mixed = b ^ c ^ d, word = (uint32_t) (3 * i + 5) % 16; break;
        default: mixed = c ^ (b | ~d), word = (uint32_t) (7 * i) % 16; break;
        }
        uint32_t sum = a + mixed + constants[i] + words[word];
        int turn = turns[i / 16][i % 4];
        a = d;
        d = c;
        c = b;
        b += sum << turn | sum >> (32 - turn);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

void md5_of(struct str text, uint8_t ret_digest[MD5_BYTES])
{
    uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
    uint8_t tail[2 * BLOCK_BYTES] = { 0 };
    size_t whole = text.len / BLOCK_BYTES * BLOCK_BYTES, rest = text.len - whole;
    for (size_t at = 0; at < whole; at += BLOCK_BYTES)
        take_block(state, (const uint8_t *) text.at + at);
    if (rest)
        memcpy(tail, text.at + whole, rest);
    tail[rest] = 0x80;
    size_t length_at = rest < LENGTH_AT ? LENGTH_AT : BLOCK_BYTES + LENGTH_AT;
    for (size_t i = 0; i < 8; i++)
        tail[length_at + i] = (uint8_t) ((uint64_t) text.len * 8 >> (8 * i));
    for (size_t at = 0; at <= length_at; at += BLOCK_BYTES)
        take_block(state, tail + at);
    for (size_t i = 0; i < MD5_BYTES; i++)
        ret_digest[i] = (uint8_t) (state[i / 4] >> (8 * (i % 4)));
}

uint64_t md5_lot(struct str text)
{
    uint8_t digest[MD5_BYTES];
    uint64_t lot = 0;
    md5_of(text, digest);
    for (int i = 0; i < 6; i++)
        lot = lot << 8 | digest[i];
    return lot;
}
