/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_profile_store.h"

#include <stdlib.h>

enum { MAX_PROFILES = 16, MAX_WAITERS = 16 };

struct fake_profile_store {
    struct profile_store store;
    struct {
        struct profile *profile;
        enum fake_profile_when when;
    } seats[MAX_PROFILES];
    struct profile_waiter *waiters[MAX_WAITERS];
    uint32_t n_seats, n_waiters, finds;
    int sections;
};

static void *reader_new(struct profile_store *store, struct uv_loop_s *loop)
{
    (void) loop;
    return store;
}

static void reader_free(struct profile_store *store, void *reader)
{
    (void) store;
    (void) reader;
}

static void read_begin(struct profile_store *store, void *reader)
{
    (void) reader;
    ((struct fake_profile_store *) store)->sections++;
}

static void read_end(struct profile_store *store, void *reader)
{
    (void) reader;
    ((struct fake_profile_store *) store)->sections--;
}

static void forget(struct profile_store *store, struct profile_waiter *waiter)
{
    struct fake_profile_store *fake = (struct fake_profile_store *) store;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fake->n_waiters; i++)
        if (fake->waiters[i] != waiter)
            fake->waiters[kept++] = fake->waiters[i];
    fake->n_waiters = kept;
    waiter->asked = NULL;
}

static enum profile_answer find(struct profile_store *store, void *reader, struct str customer_id,
                                struct profile_waiter *waiter, const struct profile **ret_profile)
{
    struct fake_profile_store *fake = (struct fake_profile_store *) store;
    (void) reader;
    fake->finds++;
    if (waiter->asked)
        forget(store, waiter);
    for (uint32_t i = 0; i < fake->n_seats; i++) {
        if (!str_eq(fake->seats[i].profile->customer_id, customer_id))
            continue;
        if (fake->seats[i].when == FAKE_PROFILE_LOST)
            return PROFILE_LOST;
        if (fake->seats[i].when == FAKE_PROFILE_LATE) {
            if (fake->n_waiters == MAX_WAITERS)
                return PROFILE_LOST;
            fake->waiters[fake->n_waiters++] = waiter;
            waiter->asked = fake;
            return PROFILE_COMING;
        }
        *ret_profile = fake->seats[i].profile;
        return PROFILE_HERE;
    }
    *ret_profile = NULL;
    return PROFILE_HERE;
}

struct fake_profile_store *fake_profile_store_new(void)
{
    struct fake_profile_store *fake = calloc(1, sizeof *fake);
    if (fake)
        fake->store =
            (struct profile_store){ reader_new, reader_free, read_begin, read_end, find, forget };
    return fake;
}

struct fake_profile_store *fake_profile_store_free(struct fake_profile_store *fake)
{
    for (uint32_t i = 0; fake && i < fake->n_seats; i++)
        profile_free(fake->seats[i].profile);
    free(fake);
    return NULL;
}

struct profile_store *fake_profile_store_port(struct fake_profile_store *fake)
{
    return &fake->store;
}

void fake_profile_store_put(struct fake_profile_store *fake, struct profile *profile,
                            enum fake_profile_when when)
{
    uint32_t seat = 0;
    while (seat < fake->n_seats &&
           !str_eq(fake->seats[seat].profile->customer_id, profile->customer_id))
        seat++;
    if (seat == MAX_PROFILES)
        abort(); /* a test that needs more makes the table larger */
    if (seat == fake->n_seats)
        fake->n_seats++;
    else
        profile_free(fake->seats[seat].profile);
    fake->seats[seat].profile = profile;
    fake->seats[seat].when = when;
}

void fake_profile_store_arrive(struct fake_profile_store *fake)
{
    for (uint32_t i = 0; i < fake->n_seats; i++)
        if (fake->seats[i].when == FAKE_PROFILE_LATE)
            fake->seats[i].when = FAKE_PROFILE_HERE;
    for (uint32_t i = 0; i < fake->n_waiters; i++)
        fake->waiters[i]->ready(fake->waiters[i]);
    fake->n_waiters = 0;
}

uint32_t fake_profile_store_finds(const struct fake_profile_store *fake)
{
    return fake->finds;
}

int fake_profile_store_open_sections(const struct fake_profile_store *fake)
{
    return fake->sections;
}

uint32_t fake_profile_store_waiting(const struct fake_profile_store *fake)
{
    return fake->n_waiters;
}
