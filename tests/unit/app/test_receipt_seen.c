/* SPDX-License-Identifier: Apache-2.0 */
#include "app/explain/receipt_seen.h"
#include "suite.h"

struct pair {
    const char *said, *ja;
};

static void check_pairs(void (*print)(struct str, struct out *), const struct pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct out out;
        out_init(&out, NULL, 64);
        print(str_of(pairs[i].said), &out);
        ck_assert_msg(str_is(out_str(&out), pairs[i].ja), "%s: %.*s", pairs[i].said,
                      STR_ARG(out_str(&out)));
        out_deinit(&out);
    }
}

START_TEST(says_counts_lists_and_what_is_not_known)
{
    static const struct pair pairs[] = {
        { "0 of 2: CAM-A7 (category camera), SD-64 (category memory-card)",
          "2 件中 0 件: CAM-A7 (category camera), SD-64 (category memory-card)" },
        { "12 of 34: A (category unknown, unit_price 5), …",
          "34 件中 12 件: A (category 不明, unit_price 5), …" },
        { "2; 1 of 3: A (category lens)", "2; 3 件中 1 件: A (category lens)" },
        { "unknown", "不明" },
        { "0 of 0", "0 件中 0 件" },
        { "customer.orders unknown; customer.spend 300",
          "customer.orders 不明; customer.spend 300" },
        { "cart.items 0 of 1: A (brand x); context.channel web; …",
          "cart.items 1 件中 0 件: A (brand x); context.channel web; …" },
        { "false: cart.total 5000, cart.items 3 lines, customer.orders unknown",
          "成り立たない: cart.total 5000, cart.items 3 行, customer.orders 不明" },
        { "unknown: cart.total 5000", "不明: cart.total 5000" },
        { "cart.total 1; false: cart.items 2 lines",
          "cart.total 1; 成り立たない: cart.items 2 行" },
    };
    check_pairs(receipt_seen_print_ja, pairs, sizeof pairs / sizeof *pairs);
}
END_TEST

START_TEST(leaves_values_and_names_as_they_are)
{
    static const struct pair pairs[] = {
        { "", "" },
        { "198000", "198000" },
        { "true", "true" },
        { "customer.new false", "customer.new false" },
        { "0 of 1: unknown-sku (category unknown parts)",
          "1 件中 0 件: unknown-sku (category unknown parts)" },
        { "0 of 1: A (name 1 of 2)", "1 件中 0 件: A (name 1 of 2)" },
        { "カメラ", "カメラ" },
        { "12 of all", "12 of all" },
        { "3 linesmen", "3 linesmen" },
        { "99999999999999999999999 of 1", "99999999999999999999999 of 1" },
        { ")))((( of", ")))((( of" },
    };
    check_pairs(receipt_seen_print_ja, pairs, sizeof pairs / sizeof *pairs);
}
END_TEST

START_TEST(says_when_it_is_and_when_it_should_be)
{
    static const struct pair seen[] = {
        { "mon 2026-11-23 10:00 Asia/Tokyo", "2026-11-23 (月) 10:00 Asia/Tokyo" },
        { "sun", "sun" },
        { "later", "later" },
    };
    static const struct pair wanted[] = {
        { "from 2026-11-15", "2026-11-15 から" },
        { "until 2026-12-25 10:00", "2026-12-25 10:00 まで" },
        { "on fri, sat, sun", "金・土・日曜日" },
        { "on wed", "水曜日" },
        { "between 22:00 and 02:00", "22:00 から 02:00 まで" },
        { "a day that is not in `except`", "`except` にない日" },
        { "whenever", "whenever" },
    };
    check_pairs(receipt_time_print_ja, seen, sizeof seen / sizeof *seen);
    check_pairs(receipt_schedule_print_ja, wanted, sizeof wanted / sizeof *wanted);
}
END_TEST

SUITE_MAIN("app/receipt_seen", says_counts_lists_and_what_is_not_known,
           leaves_values_and_names_as_they_are, says_when_it_is_and_when_it_should_be)
