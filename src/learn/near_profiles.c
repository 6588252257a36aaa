/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chained buckets, at least one and a half as many as may be kept, so they are never
 * resized. What is dropped while it is held moves to a list of its own, which is as long as
 * decisions wait at that moment: hardly ever more than one or two.
 */
#include "learn/near_profiles.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "shop/customer.h"

enum { PROFILE_MEAN_BYTES = 4096 };

struct near {
    struct near *next; /* in its bucket; or of those that are only held */
    struct profile *profile;
    uint64_t hash;
    size_t bytes;   /* of profile */
    uint32_t stamp; /* as the caller kept it */
    uint32_t holders;
    uint32_t seat;
    bool used; /* since the clock's hand came by */
};

struct near_profiles {
    struct near **buckets;
    uint64_t mask;
    struct near **seats; /* for the clock: n of them are taken */
    uint32_t max, n, hand;
    uint64_t bytes;    /* of all that are seated */
    struct near *held; /* dropped, but held */
};

struct near_profiles *near_profiles_new(uint32_t max_profiles)
{
    AUTO(near_profiles_free) struct near_profiles *near = calloc(1, sizeof *near);
    if (!near)
        return NULL;
    uint64_t n_buckets = 64;
    while (n_buckets < max_profiles + max_profiles / UINT64_C(2))
        n_buckets *= 2;
    near->mask = n_buckets - 1;
    near->max = max_profiles > 0 ? max_profiles : 1;
    near->buckets = calloc(n_buckets, sizeof(struct near *));
    near->seats = calloc(near->max, sizeof(struct near *));
    return near->buckets && near->seats ? MOVE(near) : NULL;
}

static void free_near(struct near *entry)
{
    (void) profile_free(entry->profile);
    free(entry);
}

struct near_profiles *near_profiles_free(struct near_profiles *near)
{
    if (!near)
        return NULL;
    for (uint32_t i = 0; i < near->n; i++)
        free_near(near->seats[i]);
    while (near->held) {
        struct near *entry = near->held;
        near->held = entry->next;
        free_near(entry);
    }
    free(near->buckets);
    free(near->seats);
    free(near);
    return NULL;
}

static struct near *entry_of(const struct near_profiles *near, struct str customer_id,
                             uint64_t hash)
{
    struct near *entry = near->buckets[hash & near->mask];
    while (entry && !(entry->hash == hash && str_eq(entry->profile->customer_id, customer_id)))
        entry = entry->next;
    return entry;
}

const struct profile *near_profiles_find(struct near_profiles *near, struct str customer_id,
                                         uint64_t hash, uint32_t stamp)
{
    struct near *entry = entry_of(near, customer_id, hash);
    if (!entry || entry->stamp != stamp)
        return NULL;
    entry->used = true;
    return entry->profile;
}

/* Out of its bucket and seat; the last seat's entry moves into the free one. */
static void remove_near(struct near_profiles *near, struct near *entry)
{
    struct near **link = &near->buckets[entry->hash & near->mask];
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;

    struct near *last = near->seats[--near->n];
    near->seats[entry->seat] = last;
    last->seat = entry->seat;
    near->bytes -= entry->bytes;
    if (entry->holders == 0) {
        free_near(entry);
        return;
    }
    entry->next = near->held;
    near->held = entry;
}

/* The clock's hand passes over what was used since it last came by. */
static void evict_one(struct near_profiles *near)
{
    for (;;) {
        if (near->hand >= near->n)
            near->hand = 0;
        struct near *entry = near->seats[near->hand];
        if (!entry->used) {
            remove_near(near, entry);
            return;
        }
        entry->used = false;
        near->hand++;
    }
}

const struct profile *near_profiles_keep(struct near_profiles *near, struct profile *profile,
                                         uint64_t hash, uint32_t stamp)
{
    struct near *before = entry_of(near, profile->customer_id, hash);
    struct near *entry = malloc(sizeof *entry);
    if (before)
        remove_near(near, before);
    if (!entry) {
        (void) profile_free(profile);
        return NULL;
    }
    /*
     * Room is made first, so that it is not the new one that goes. A single one may be too large.
     */
    size_t bytes = profile_bytes(profile);
    while (near->n == near->max ||
           (near->n > 0 && near->bytes + bytes > (uint64_t) near->max * PROFILE_MEAN_BYTES))
        evict_one(near);

    struct near **bucket = &near->buckets[hash & near->mask];
    *entry = (struct near){ .next = *bucket,
                            .profile = profile,
                            .hash = hash,
                            .bytes = bytes,
                            .stamp = stamp,
                            .seat = near->n };
    near->bytes += bytes;
    near->seats[near->n++] = entry;
    *bucket = entry;
    return profile;
}

/* *ret_link leads to the entry when it is one of those that are only held. */
static struct near *holder_of(struct near_profiles *near, const struct profile *profile,
                              struct near ***ret_link)
{
    *ret_link = NULL;
    struct near *entry = entry_of(near, profile->customer_id, str_hash(profile->customer_id));
    if (entry && entry->profile == profile)
        return entry;
    struct near **link = &near->held;
    while (*link && (*link)->profile != profile)
        link = &(*link)->next;
    *ret_link = link;
    return *link;
}

void near_profiles_hold(struct near_profiles *near, const struct profile *profile)
{
    struct near **link;
    struct near *entry = profile ? holder_of(near, profile, &link) : NULL;
    if (entry)
        entry->holders++;
}

void near_profiles_release(struct near_profiles *near, const struct profile *profile)
{
    struct near **link;
    struct near *entry = profile ? holder_of(near, profile, &link) : NULL;
    if (!entry)
        return;
    assert(entry->holders > 0);
    if (--entry->holders > 0 || !link)
        return;
    *link = entry->next;
    free_near(entry);
}

void near_profiles_drop(struct near_profiles *near, struct str customer_id)
{
    struct near *entry = entry_of(near, customer_id, str_hash(customer_id));
    if (entry)
        remove_near(near, entry);
}

/* From the end: the last one takes the seat of one that leaves. */
void near_profiles_drop_some(struct near_profiles *near,
                             bool (*is_one)(const void *part, struct str customer_id),
                             const void *part)
{
    for (uint32_t i = near->n; i > 0; i--)
        if (is_one(part, near->seats[i - 1]->profile->customer_id))
            remove_near(near, near->seats[i - 1]);
}

void near_profiles_drop_all(struct near_profiles *near)
{
    while (near->n > 0)
        remove_near(near, near->seats[near->n - 1]);
}

uint32_t near_profiles_count(const struct near_profiles *near)
{
    return near->n;
}
