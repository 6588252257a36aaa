/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_bytes.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_scan.h"
#include "base/out.h"
#include "suite.h"

/* Sixteen bytes at a time must say what one at a time says: these are the ones at a time. */
enum { LONGEST = 70 };

static size_t plain_bytewise(const char *at, size_t len)
{
    size_t i = 0;
    while (i < len && (unsigned char) at[i] >= 0x20 && at[i] != '"' && at[i] != '\\')
        i++;
    return i;
}

static size_t escape_bytewise(const char *at, size_t len, char *to)
{
    char *w = to;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char) at[i];
        if (c == '"' || c == '\\')
            w += sprintf(w, "\\%c", c);
        else if (c == '\n' || c == '\r' || c == '\t')
            w += sprintf(w, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        else if (c < 0x20)
            w += sprintf(w, "\\u%04x", c);
        else
            *w++ = (char) c;
    }
    return (size_t) (w - to);
}

/* @exact begins and ends a block of the heap, so that a look past either is seen. */
static bool alike(const char *exact, size_t len, struct out *out)
{
    char to[LONGEST], escaped[6 * LONGEST];
    size_t plain = plain_bytewise(exact, len);
    if ((size_t) (json_plain_end(exact, exact + len) - exact) != plain ||
        json_copy_plain(to, exact, len) != plain || memcmp(to, exact, plain) != 0)
        return false;
    out->len = 0;
    out_json_escaped(out, (struct str){ exact, len });
    return out->len == escape_bytewise(exact, len, escaped) &&
           memcmp(out->at, escaped, out->len) == 0;
}

START_TEST(every_byte_at_every_place_of_every_length_is_found_as_one_by_one)
{
    struct out out;
    out_init(&out, NULL, 1);
    for (size_t len = 0; len <= LONGEST; len++) {
        char *text = malloc(len + !len);
        memset(text, 'x', len + !len);
        ck_assert(alike(text, len, &out));
        for (size_t i = 0; i < len; i++) {
            for (int c = 0; c < 256; c++) {
                text[i] = (char) c;
                if (!alike(text, len, &out)) /* not by ck_assert, which is slow */
                    ck_abort_msg("%d at %zu of %zu", c, i, len);
            }
            text[i] = (char) ('A' + i % 26);
        }
        free(text);
    }
    out_deinit(&out);
}
END_TEST

START_TEST(random_texts_with_few_and_many_escapes_are_found_as_one_by_one)
{
    unsigned seed = 11;
    for (int round = 0; round < 20000; round++) {
        size_t len = (size_t) rand_r(&seed) % (LONGEST + 1);
        int plain_of_100 = rand_r(&seed) % 101;
        char *text = malloc(len + !len);
        for (size_t i = 0; i < len; i++)
            text[i] = (char) (rand_r(&seed) % 100 < plain_of_100 ? 'a' + rand_r(&seed) % 26
                                                                 : rand_r(&seed));
        struct out out;
        out_init(&out, NULL, 1);
        if (!alike(text, len, &out))
            ck_abort_msg("round %d: %.*s", round, (int) len, text);
        out_deinit(&out);
        free(text);
    }
}
END_TEST

/* The end of the text at every distance behind the string. */
START_TEST(a_string_is_read_alike_wherever_the_text_ends)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 4096);
    for (size_t len = 0; len <= LONGEST; len++)
        for (size_t behind = 0; behind <= 20; behind++) {
            size_t n = len + 2 + behind;
            char *text = malloc(n);
            memset(text, ' ', n);
            memset(text + 1, 'k', len);
            text[0] = text[len + 1] = '"';
            struct json_scan scan;
            json_scan_init(&scan, (struct str){ text, n }, arena);
            struct str got = json_string(&scan, 0, LONGEST);
            json_end(&scan);
            ck_assert_ptr_null(scan.fault);
            ck_assert_ptr_eq(got.at, text + 1);
            ck_assert_uint_eq(got.len, len);

            text[len + 1] = 'k'; /* never closed */
            json_scan_init(&scan, (struct str){ text, len + 2 }, arena);
            (void) json_string(&scan, 0, LONGEST);
            ck_assert_str_eq(scan.fault, "a string is not closed");
            text[len + 1] = '\x1f';
            json_scan_init(&scan, (struct str){ text, n }, arena);
            (void) json_string(&scan, 0, LONGEST);
            ck_assert_str_eq(scan.fault, "a control character in a string must be escaped");
            free(text);
        }
}
END_TEST

SUITE_MAIN("base/json_bytes", every_byte_at_every_place_of_every_length_is_found_as_one_by_one,
           random_texts_with_few_and_many_escapes_are_found_as_one_by_one,
           a_string_is_read_alike_wherever_the_text_ends)
