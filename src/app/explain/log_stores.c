/* SPDX-License-Identifier: Apache-2.0 */
#include "app/explain/log_stores.h"

#include <stddef.h>

#include "learn/replay.h"
#include "ports/event_log.h"
#include "shop/customer.h"

enum { SCRATCH_BYTES = 1 << 16, SCRATCH_LIMIT_BYTES = 1 << 23 };

#define STORES_OF(pointer, member) \
    ((struct log_stores *) (void *) ((char *) (pointer) -offsetof(struct log_stores, member)))

/* ── profiles ────────────────────────────────────────────────────────────────────────────────── */

static void *profile_reader_new(struct profile_store *store, struct uv_loop_s *loop)
{
    (void) loop;
    return store;
}

static void profile_reader_free(struct profile_store *store, void *reader)
{
    (void) store;
    (void) reader;
}

static void read_begin_or_end(struct profile_store *store, void *reader)
{
    (void) store;
    (void) reader;
}

static enum profile_answer find(struct profile_store *store, void *reader, struct str customer_id,
                                struct profile_waiter *waiter, const struct profile **ret_profile)
{
    struct log_stores *self = STORES_OF(store, profiles);
    _Atomic uint64_t unreadable = 0;
    (void) reader;
    (void) waiter;
    self->found = profile_free(self->found);
    if (self->log) {
        arena_reset(self->arena);
        if (replay_customer(self->log, self->shop, customer_id, self->arena, &unreadable,
                            &self->found, &self->failed) != OK)
            return PROFILE_LOST;
    }
    *ret_profile = self->found;
    return PROFILE_HERE;
}

static void forget_profile(struct profile_store *store, struct profile_waiter *waiter)
{
    (void) store;
    (void) waiter;
}

/* ── budgets ─────────────────────────────────────────────────────────────────────────────────── */

static void *budget_reader_new(struct budget_store *store, struct uv_loop_s *loop)
{
    (void) loop;
    return store;
}

static void budget_reader_free(struct budget_store *store, void *reader)
{
    (void) store;
    (void) reader;
}

struct claims {
    struct budget_claim *at;
    uint32_t n;
};

static enum err count_acceptances(void *self, struct str rule, int64_t accepted)
{
    struct claims *claims = self;
    for (uint32_t i = 0; i < claims->n; i++)
        if (str_eq(claims->at[i].rule, rule))
            claims->at[i].taken = accepted;
    return OK;
}

/* What the claims before it were granted is taken as well. */
static void grant(struct budget_claim *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t before = 0; before < i; before++)
            list[i].taken += list[before].granted && str_eq(list[before].rule, list[i].rule);
        list[i].granted = list[i].taken < list[i].redemptions;
    }
}

static enum budget_answer reserve(struct budget_store *store, void *reader,
                                  struct budget_claim *list, uint32_t n, int64_t now_us,
                                  struct budget_waiter *waiter)
{
    struct log_stores *self = STORES_OF(store, budgets);
    struct claims claims = { list, n };
    (void) reader;
    (void) now_us;
    (void) waiter;
    for (uint32_t i = 0; i < n; i++)
        list[i].taken = 0;
    if (self->log && self->log->read_budgets(self->log, self->shop, &claims, count_acceptances,
                                             &self->failed) != OK)
        return BUDGET_LOST;
    grant(list, n);
    return BUDGET_ANSWERED;
}

static void forget_budget(struct budget_store *store, struct budget_waiter *waiter)
{
    (void) store;
    (void) waiter;
}

/* ── both ────────────────────────────────────────────────────────────────────────────────────── */

enum err log_stores_init(struct log_stores *stores, struct event_log *log, struct str shop)
{
    *stores = (struct log_stores){
        .profiles = { .reader_new = profile_reader_new,
                      .reader_free = profile_reader_free,
                      .read_begin = read_begin_or_end,
                      .read_end = read_begin_or_end,
                      .find = find,
                      .forget = forget_profile },
        .budgets = { .reader_new = budget_reader_new,
                     .reader_free = budget_reader_free,
                     .reserve = reserve,
                     .forget = forget_budget },
        .log = log,
        .shop = shop,
        .arena = arena_new(SCRATCH_BYTES, SCRATCH_LIMIT_BYTES),
    };
    return stores->arena ? OK : ERR_NOMEM;
}

void log_stores_deinit(struct log_stores *stores)
{
    stores->found = profile_free(stores->found);
    arena_free(stores->arena);
    stores->arena = NULL;
}
