/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/delivery.h"

#include <stdlib.h>

#include "learn/marks.h"

struct delivery {
    struct marks *next, *now;
    uint32_t n_done; /* of now */
};

struct delivery *delivery_new(void)
{
    AUTO(delivery_free) struct delivery *delivery = calloc(1, sizeof *delivery);
    if (!delivery || !(delivery->next = marks_new()) || !(delivery->now = marks_new()))
        return NULL;
    return MOVE(delivery);
}

struct delivery *delivery_free(struct delivery *delivery)
{
    if (!delivery)
        return NULL;
    (void) marks_free(delivery->next);
    (void) marks_free(delivery->now);
    free(delivery);
    return NULL;
}

enum err delivery_raise(struct delivery *delivery, struct str customer_id, uint64_t position)
{
    return marks_raise(delivery->next, customer_id, position);
}

uint32_t delivery_count(const struct delivery *delivery)
{
    uint32_t n_next, n_now;
    (void) marks_all(delivery->next, &n_next);
    (void) marks_all(delivery->now, &n_now);
    return n_next + n_now - delivery->n_done;
}

const struct mark *delivery_part(struct delivery *delivery, uint32_t most, uint32_t *ret_n)
{
    uint32_t n;
    const struct mark *all = marks_all(delivery->now, &n);
    if (n == 0) {
        struct marks *empty = delivery->now;
        delivery->now = delivery->next;
        delivery->next = empty;
        all = marks_all(delivery->now, &n);
    }
    uint32_t left = n - delivery->n_done;
    *ret_n = left < most ? left : most;
    return left ? all + delivery->n_done : NULL;
}

void delivery_done(struct delivery *delivery, uint32_t n)
{
    uint32_t n_now;
    (void) marks_all(delivery->now, &n_now);
    delivery->n_done += n;
    if (delivery->n_done < n_now)
        return;
    marks_clear(delivery->now);
    delivery->n_done = 0;
}
