/* SPDX-License-Identifier: Apache-2.0 */
#include "app/jobs/rebuilding_counts.h"

#include <stdlib.h>

#include "base/arena.h"
#include "ports/budget_store.h"
#include "ports/event_log.h"

enum { LOOKS = 4 }; /* at counts that change while they are compared */

static enum err note_count(void *self, struct str rule, int64_t accepted)
{
    struct counts *counts = self;
    struct count *grown = realloc(counts->at, (counts->n + 1) * sizeof *grown);
    if (!grown)
        return ERR_NOMEM;
    counts->at = grown;
    grown[counts->n] = (struct count){ arena_copy(counts->arena, rule), accepted };
    return grown[counts->n++].rule.at ? OK : ERR_NOMEM;
}

static int by_rule(const void *a, const void *b)
{
    return str_cmp(((const struct count *) a)->rule, ((const struct count *) b)->rule);
}

enum err counts_read(const struct rebuild_wishes *wishes, struct counts *counts,
                     struct err_note *note)
{
    struct event_log *log = wishes->log;
    counts->n = 0;
    TRY(log->read_budgets(log, wishes->shop, counts, note_count, note));
    if (counts->n > 0)
        qsort(counts->at, counts->n, sizeof *counts->at, by_rule);
    return OK;
}

static enum err take_count(void *self, struct str rule, int64_t accepted)
{
    struct count *count = self;
    if (str_eq(rule, count->rule))
        count->accepted = accepted;
    return OK;
}

/* What the log says of the rule by now. */
static enum err count_again(const struct rebuild_wishes *wishes, struct count *count,
                            struct err_note *note)
{
    struct event_log *log = wishes->log;
    count->accepted = 0;
    return log->read_budgets(log, wishes->shop, count, take_count, note);
}

/*
 * The store is told after the log, so more than the log says later is more than it ever
 * said: it was restored from a backup, or what took its place had lost some. An acceptance
 * that comes while the store is lowered is told after it, or is in the log when that is read again.
 */
static enum err lower(const struct rebuild_wishes *wishes, struct str rule, int64_t believed,
                      struct err_note *note)
{
    struct budget_store *store = wishes->budgets;
    struct count now = { .rule = rule };
    TRY(count_again(wishes, &now, note));
    if (now.accepted < believed) {
        TRY(store->lower(store, rule, believed, now.accepted, note));
        TRY(count_again(wishes, &now, note));
    }
    return store->restore(store, rule, now.accepted, note);
}

/* What the store does not know, it asks the log for when a rule with a budget needs it. */
static enum err rebuild(const struct rebuild_wishes *wishes, const struct count *count,
                        struct rebuilt_kind *kind, struct err_note *note)
{
    struct budget_store *store = wishes->budgets;
    int64_t accepted = 0;
    bool known = false;
    TRY(store->read(store, count->rule, &accepted, &known, note));
    if (!known)
        kind->missing++;
    else if (accepted == count->accepted)
        kind->equal++;
    else if (wishes->check)
        kind->different++;
    else {
        TRY(accepted > count->accepted ? lower(wishes, count->rule, accepted, note)
                                       : store->restore(store, count->rule, count->accepted, note));
        kind->written++;
    }
    return OK;
}

/* Acceptances go on meanwhile: what differs is looked at again before it is called different. */
enum err counts_rebuild(const struct rebuild_wishes *wishes, struct counts *counts,
                        struct rebuilt_kind *ret_kind, bool *ret_unknown, struct err_note *note)
{
    struct budget_store *store = wishes->budgets;
    *ret_unknown = !store || !store->read;
    for (int looks = 1;; looks++) {
        *ret_kind = (struct rebuilt_kind){ .n = counts->n };
        for (uint32_t i = 0; i < counts->n && !*ret_unknown; i++)
            TRY(rebuild(wishes, &counts->at[i], ret_kind, note));
        if (ret_kind->different == 0 || looks == LOOKS)
            return OK;
        TRY(counts_read(wishes, counts, note));
    }
}
