/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pick: what is like the item at hand, and what the customer has looked at lately.
 */
#include "model/content.h"
#include "serve/decision.h"
#include "serve/pick_parts.h"
#include "shop/catalog.h"
#include "shop/customer.h"

/* An item that nobody has bought yet has these from its first day. */
void pick_similar(struct search *s)
{
    struct decision *d = s->d;
    if (!d->facts.trigger) {
        s->from->reason = RECEIPT_NO_TRIGGER_ITEM;
        return;
    }
    uint32_t n;
    const struct alike *list =
        content_alike(d->request.world->content, d->request.trigger_line->product, &n);
    for (uint32_t i = 0; i < n; i++)
        if (!pick_take(s, list[i].product, (double) list[i].score, 0, 0))
            return;
}

/* With consent only; the newest first. What was bought since is no longer wanted. */
void pick_viewed(struct search *s)
{
    struct decision *d = s->d;
    for (uint32_t i = 0; d->who.person && i < d->who.person->n_viewed; i++) {
        uint32_t number = catalog_find(d->request.world->catalog, d->who.person->viewed[i]);
        if (number == PRODUCT_NONE || profile_owned(d->who.person, d->who.person->viewed[i]))
            continue;
        if (!pick_take(s, number, -(double) i, 0, 0))
            return;
    }
}
