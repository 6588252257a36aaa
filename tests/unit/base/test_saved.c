/* SPDX-License-Identifier: Apache-2.0 */
#include "base/saved.h"

#include <string.h>

#include "support/suite.h"

#define MAGIC "testSAVE"

/* A header of a mark and one number, and a text. */
struct head {
    struct saved_mark mark;
    uint32_t number;
};

static struct str sealed(struct out *out)
{
    const struct head head = { .mark = saved_mark(MAGIC, 3), .number = 7 };
    out_init(out, NULL, 64);
    out_bytes(out, &head, sizeof head);
    out_text(out, STR("body"));
    ck_assert_int_eq(saved_seal(out, 0), OK);
    return out_str(out);
}

START_TEST(opens_what_it_has_sealed_and_leaves_the_header_in_front)
{
    struct out out;
    struct head head;
    struct str bytes = sealed(&out);

    ck_assert(saved_open(&bytes, MAGIC, 3));
    ck_assert(str_take(&bytes, &head, sizeof head));
    ck_assert_uint_eq(head.number, 7);
    ck_assert(str_is(bytes, "body"));
    out_deinit(&out);
}
END_TEST

START_TEST(refuses_another_magic_version_or_byte_order)
{
    struct out out;
    struct str bytes = sealed(&out);
    struct str other_magic = bytes, other_version = bytes;
    ck_assert(!saved_open(&other_magic, "testSAVD", 3));
    ck_assert(!saved_open(&other_version, MAGIC, 4));
    out_deinit(&out);

    struct head foreign = { .mark = saved_mark(MAGIC, 3) };
    foreign.mark.byte_order = 0x04030201;
    out_init(&out, NULL, 64);
    out_bytes(&out, &foreign, sizeof foreign);
    ck_assert_int_eq(saved_seal(&out, 0), OK);
    bytes = out_str(&out);
    ck_assert(!saved_open(&bytes, MAGIC, 3));
    out_deinit(&out);
}
END_TEST

START_TEST(refuses_every_changed_byte_and_every_cut)
{
    struct out out;
    const struct str whole = sealed(&out);
    for (size_t i = 0; i < whole.len; i++) {
        struct str bytes = whole, cut = { whole.at, i };
        out.at[i] ^= 1;
        ck_assert_msg(!saved_open(&bytes, MAGIC, 3), "byte %zu", i);
        out.at[i] ^= 1;
        ck_assert_msg(!saved_open(&cut, MAGIC, 3), "cut to %zu", i);
    }
    out_deinit(&out);
}
END_TEST

SUITE_MAIN("base/saved", opens_what_it_has_sealed_and_leaves_the_header_in_front,
           refuses_another_magic_version_or_byte_order, refuses_every_changed_byte_and_every_cut)
