/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/spooled_customers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "learn/marks.h"

struct spooled_customers {
    atomic_bool any; /* there are some, or some were forgotten */
    pthread_mutex_t lock;
    struct marks *marks; /* written under lock */
    bool forgot;         /* under lock: one of them, for lack of memory */
};

struct spooled_customers *spooled_customers_new(void)
{
    struct spooled_customers *spooled = calloc(1, sizeof *spooled);
    if (!spooled)
        return NULL;
    (void) pthread_mutex_init(&spooled->lock, NULL);
    spooled->marks = marks_new();
    return spooled->marks ? spooled : spooled_customers_free(spooled);
}

struct spooled_customers *spooled_customers_free(struct spooled_customers *spooled)
{
    if (!spooled)
        return NULL;
    (void) marks_free(spooled->marks);
    (void) pthread_mutex_destroy(&spooled->lock);
    free(spooled);
    return NULL;
}

enum err spooled_customers_raise(struct spooled_customers *spooled, struct str customer_id,
                                 uint64_t position)
{
    (void) pthread_mutex_lock(&spooled->lock);
    atomic_store(&spooled->any, true);
    enum err err = marks_raise(spooled->marks, customer_id, position);
    spooled->forgot |= err != OK;
    (void) pthread_mutex_unlock(&spooled->lock);
    return err;
}

void spooled_customers_clear(struct spooled_customers *spooled)
{
    (void) pthread_mutex_lock(&spooled->lock);
    marks_clear(spooled->marks);
    spooled->forgot = false;
    atomic_store(&spooled->any, false);
    (void) pthread_mutex_unlock(&spooled->lock);
}

const struct mark *spooled_customers_all(const struct spooled_customers *spooled, uint32_t *ret_n)
{
    return marks_all(spooled->marks, ret_n);
}

bool spooled_customers_has(struct spooled_customers *spooled, struct str customer_id)
{
    if (!atomic_load_explicit(&spooled->any, memory_order_acquire))
        return false;
    (void) pthread_mutex_lock(&spooled->lock);
    bool has = spooled->forgot || marks_find(spooled->marks, customer_id);
    (void) pthread_mutex_unlock(&spooled->lock);
    return has;
}
