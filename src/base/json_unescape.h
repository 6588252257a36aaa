/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>

/*
 * The inside of a JSON string, its escapes decoded (RFC 8259, section 7), into @to, which has room
 * for @end - @from bytes; every backslash is followed by a byte. The length written, or SIZE_MAX
 * for a bad escape: unknown letter, short or lone surrogate, U+0000.
 */
size_t json_unescape(const char *from, const char *end, char *to);
