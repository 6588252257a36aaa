/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/md5.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

static const char *hex(const char *text)
{
    static char shown[2 * MD5_BYTES + 1];
    uint8_t digest[MD5_BYTES];
    md5_of(str_of(text), digest);
    for (int i = 0; i < MD5_BYTES; i++)
        (void) snprintf(shown + 2 * i, 3, "%02x", digest[i]);
    return shown;
}

/* The test suite of RFC 1321, appendix A.5. */
START_TEST(gives_the_digests_of_the_standard)
{
    ck_assert_str_eq(hex(""), "d41d8cd98f00b204e9800998ecf8427e");
    ck_assert_str_eq(hex("a"), "0cc175b9c0f1b6a831c399e269772661");
    ck_assert_str_eq(hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
    ck_assert_str_eq(hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    ck_assert_str_eq(hex("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
                     "d174ab98d277d9f5a5611c2c9f419d9f");
    ck_assert_str_eq(hex("1234567890123456789012345678901234567890123456789012345678901234567890"
                         "1234567890"),
                     "57edf4a22be3c955ac49da2e2107b67a");
}
END_TEST

START_TEST(pads_texts_that_just_fill_or_just_miss_a_block)
{
    ck_assert_str_eq(hex("0123456789012345678901234567890123456789012345678901234"),
                     "6e7a4fc92eb1c3f6e652425bcc8d44b5");
    ck_assert_str_eq(hex("01234567890123456789012345678901234567890123456789012345"),
                     "8af270b2847610e742b0791b53648c09");
    ck_assert_str_eq(hex("0123456789012345678901234567890123456789012345678901234567890123"),
                     "7f7bfd348709deeaace19e3f535f8c54");
}
END_TEST

START_TEST(a_lot_is_the_first_twelve_digits)
{
    ck_assert_uint_eq(md5_lot(STR("abc")), UINT64_C(0x900150983cd2));
    ck_assert_uint_eq(md5_lot(STR("")), UINT64_C(0xd41d8cd98f00));
}
END_TEST

SUITE_MAIN("eval/md5", gives_the_digests_of_the_standard,
           pads_texts_that_just_fill_or_just_miss_a_block, a_lot_is_the_first_twelve_digits)
