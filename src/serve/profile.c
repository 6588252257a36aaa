/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profile: the customer's id -> who is asking. The store either has the profile at hand, or
 * fetches it while this decision waits, bounded by its deadline, or has lost it; then the
 * decision goes on without and says so.
 *
 * Consent: without the customer's consent to personalization only the cart is used. The
 * memory of what was shown and declined is kept apart and always honoured, because it can
 * only take offers away (docs/decisions/consent.md).
 */
#include "serve/decision.h"
#include "shop/customer.h"
#include "shop/event.h"

/*
 * Of the budget, left for the stages after this one. A whole
 * number of the milliseconds that timers count.
 */
enum { RESERVE_US = 1000 };

static void ready(struct profile_waiter *waiter)
{
    struct decision *d = (struct decision *) ((char *) waiter - offsetof(struct decision, waiter));
    d->wake(d->owner);
}

bool decision_may_wait(struct decision *d)
{
    struct clock *clock = d->worker->serve->clock;
    int64_t until = d->started_us + d->budget_us - RESERVE_US;
    if (!d->wake || clock->mono_us(clock) >= until)
        return false;
    d->deadline_us = until; /* while waiting; the whole budget again afterwards */
    return true;
}

enum err profile_run(struct decision *d)
{
    struct profile_store *store = d->worker->serve->profiles;
    d->waiting = false;
    d->deadline_us = d->started_us + d->budget_us;
    if (!store || !d->customer_id.at)
        return OK;

    const struct profile *profile = NULL;
    if (!d->waiter.asked) /* else the deadline came, and another thread may just be telling it */
        d->waiter.ready = ready;
    enum profile_answer answer =
        store->find(store, d->worker->reader, d->customer_id, &d->waiter, &profile);
    if (answer == PROFILE_COMING) {
        d->waiting = true;
        if (decision_may_wait(d))
            return OK;
        store->forget(store, &d->waiter);
        d->waiting = false;
    }
    if (answer != PROFILE_HERE) {
        d->profile_lost = true;
        d->degraded |= DEGRADED_PROFILE;
        return OK;
    }
    d->memory = profile;
    if (profile && profile->consent & CONSENT_PERSONALIZATION)
        d->person = profile;
    return OK;
}
