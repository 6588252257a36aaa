/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "app/jobs/rebuilding.h"

/*
 * Rebuilding's counts
 *
 * How often each rule was accepted: what the log says, and the budget store made to say the same,
 * or compared with it. One thread; services may go on beside it.
 */
struct arena;

struct count {
    struct str rule;
    int64_t accepted;
};

struct counts {
    struct count *at; /* the caller's: free */
    uint32_t n;
    struct arena *arena; /* the caller's; of the rules' names */
};

/* Of all rules that ever were accepted, by name. What was read before is replaced. */
MUST_CHECK enum err counts_read(const struct rebuild_wishes *wishes, struct counts *counts,
                                struct err_note *note);

/*
 * @counts as read; read again when something differs. *ret_unknown: there is no
 * store, or it cannot tell its counts.
 */
MUST_CHECK enum err counts_rebuild(const struct rebuild_wishes *wishes, struct counts *counts,
                                   struct rebuilt_kind *ret_kind, bool *ret_unknown,
                                   struct err_note *note);
