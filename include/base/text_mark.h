/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/str.h"

/*
 * Text mark
 *
 * One of 64 for each text: texts of two marks differ, texts of one mark may be the same. So one word
 * of bits stands for a set of texts, and most of what is not in it is known at once.
 */
enum { TEXT_MARKS = 64 };

/* From a few bytes and the length. */
static inline uint32_t text_mark(struct str text)
{
    if (text.len == 0)
        return 0;
    const unsigned char *at = (const unsigned char *) text.at;
    uint32_t mixed = at[0] | (uint32_t) at[text.len / 2] << 8 | (uint32_t) at[text.len - 1] << 16 |
                     (uint32_t) text.len << 24;
    return mixed * UINT32_C(0x9e3779b1) >> 26;
}
