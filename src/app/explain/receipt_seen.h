/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/out.h"
#include "base/str.h"

/*
 * Receipt seen
 *
 * What a receipt says that it saw, in Japanese. Answers hold it in a notation that is the same for
 * every reader: "0 of 2: CAM-A7 (category camera)", "cart.items 3 lines", "unknown". The words
 * around values, names and SKUs are said in Japanese here, those are left as they are; what is no
 * such notation is copied. Nothing fails but for room in @out.
 */
void receipt_seen_print_ja(struct str seen, struct out *out);

/* Of a schedule: "mon 2026-11-23 10:00 Asia/Tokyo"; "on fri, sat, sun", "until 2026-12-25". */
void receipt_time_print_ja(struct str seen, struct out *out);
void receipt_schedule_print_ja(struct str wanted, struct out *out);
