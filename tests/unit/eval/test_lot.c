/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/lot.h"

#include "suite.h"

/* The digests of RFC 1321, appendix A.5, and of texts that just fill or just miss a block. */
START_TEST(a_lot_is_the_first_twelve_digits_of_the_digest)
{
    ck_assert_uint_eq(lot_of(STR("")), UINT64_C(0xd41d8cd98f00));
    ck_assert_uint_eq(lot_of((struct str){ 0 }), UINT64_C(0xd41d8cd98f00));
    ck_assert_uint_eq(lot_of(STR("a")), UINT64_C(0x0cc175b9c0f1));
    ck_assert_uint_eq(lot_of(STR("abc")), UINT64_C(0x900150983cd2));
    ck_assert_uint_eq(lot_of(STR("0123456789012345678901234567890123456789012345678901234")),
                      UINT64_C(0x6e7a4fc92eb1));
    ck_assert_uint_eq(
        lot_of(STR("0123456789012345678901234567890123456789012345678901234567890123")),
        UINT64_C(0x7f7bfd348709));
}
END_TEST

SUITE_MAIN("eval/lot", a_lot_is_the_first_twelve_digits_of_the_digest)
