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
    struct decision *d =
        (struct decision *) ((char *) waiter - offsetof(struct decision, who.waiter));
    d->who.wake(d->who.owner);
}

bool decision_may_wait(struct decision *d)
{
    struct clock *clock = d->worker->serve->clock;
    int64_t until = d->started_us + d->request.budget_us - RESERVE_US;
    if (!d->who.wake || clock->mono_us(clock) >= until)
        return false;
    d->deadline_us = until; /* while waiting; the whole budget again afterwards */
    return true;
}

enum err profile_run(struct decision *d)
{
    struct profile_store *store = d->worker->serve->profiles;
    d->who.waiting = false;
    d->deadline_us = d->started_us + d->request.budget_us;
    if (!store || !d->request.customer_id.at)
        return OK;

    const struct profile *profile = NULL;
    if (!d->who.waiter
             .asked) /* else the deadline came, and another thread may just be telling it */
        d->who.waiter.ready = ready;
    enum profile_answer answer =
        store->find(store, d->worker->reader, d->request.customer_id, &d->who.waiter, &profile);
    if (answer == PROFILE_COMING) {
        d->who.waiting = true;
        if (decision_may_wait(d))
            return OK;
        store->forget(store, &d->who.waiter);
        d->who.waiting = false;
    }
    if (answer != PROFILE_HERE) {
        d->who.profile_lost = true;
        d->degraded |= DEGRADED_PROFILE;
        return OK;
    }
    d->who.memory = profile;
    if (profile && profile->consent & CONSENT_PERSONALIZATION)
        d->who.person = profile;
    return OK;
}
