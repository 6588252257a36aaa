/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chained buckets, as many as twice the bound, so they are never resized. All pointers that
 * readers follow are stored and loaded seq_cst, as the epoch asks for. An entry that was
 * unlinked keeps its next pointer: a reader standing on it still finds its way out.
 *
 * A profile may be as large as 60 KB, so the bound by number alone would be no bound of
 * memory: all together they may take PROFILE_MEAN_BYTES for each that may be kept.
 */
#include "learn/profiles.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { PROFILE_MEAN_BYTES = 4096 };

struct entry {
    _Atomic(struct entry *) next;
    _Atomic(const struct profile *) profile; /* never NULL while linked; names the customer */
    uint64_t hash;
    size_t bytes;  /* of profile */
    uint32_t seat; /* in seats */
    atomic_bool used;
};

typedef _Atomic(struct entry *) entry_link;

struct profiles {
    entry_link *buckets;
    uint64_t mask;
    struct entry **seats; /* for the clock: n_entries of them are taken */
    uint32_t max_entries, n_entries, hand;
    uint64_t bytes; /* of all profiles linked */
    struct epoch *epoch;
};

struct profiles *profiles_new(uint32_t max_profiles, uint32_t max_readers)
{
    AUTO(profiles_free) struct profiles *profiles = calloc(1, sizeof *profiles);
    if (!profiles)
        return NULL;
    uint64_t n_buckets = 64;
    while (n_buckets < (uint64_t) max_profiles * 2)
        n_buckets *= 2;
    profiles->mask = n_buckets - 1;
    profiles->max_entries = max_profiles > 0 ? max_profiles : 1;
    profiles->buckets = calloc(n_buckets, sizeof *profiles->buckets);
    profiles->seats = calloc(profiles->max_entries, sizeof *profiles->seats);
    profiles->epoch = epoch_new(max_readers);
    if (!profiles->buckets || !profiles->seats || !profiles->epoch)
        return NULL;
    return MOVE(profiles);
}

static void free_entry(void *block)
{
    struct entry *entry = block;
    free((void *) atomic_load(&entry->profile));
    free(entry);
}

struct profiles *profiles_free(struct profiles *profiles)
{
    if (!profiles)
        return NULL;
    for (uint32_t i = 0; i < profiles->n_entries; i++)
        free_entry(profiles->seats[i]);
    epoch_free(profiles->epoch);
    free(profiles->buckets);
    free(profiles->seats);
    free(profiles);
    return NULL;
}

struct epoch *profiles_epoch(struct profiles *profiles)
{
    return profiles->epoch;
}

static struct entry *find_entry(struct profiles *profiles, struct str customer_id, uint64_t hash)
{
    struct entry *entry = atomic_load(&profiles->buckets[hash & profiles->mask]);
    for (; entry; entry = atomic_load(&entry->next))
        if (entry->hash == hash && str_eq(atomic_load(&entry->profile)->customer_id, customer_id))
            return entry;
    return NULL;
}

const struct profile *profiles_find(struct profiles *profiles, struct str customer_id)
{
    struct entry *entry = find_entry(profiles, customer_id, str_hash(customer_id));
    if (!entry)
        return NULL;
    /* Looked at first: so a hot entry's cache line is not written by every reader. */
    if (!atomic_load_explicit(&entry->used, memory_order_relaxed))
        atomic_store_explicit(&entry->used, true, memory_order_relaxed);
    return atomic_load(&entry->profile);
}

/* Out of its chain and its seat; the last seat's entry moves into the free one. */
static void unlink_entry(struct profiles *profiles, struct entry *entry)
{
    entry_link *link = &profiles->buckets[entry->hash & profiles->mask];
    while (atomic_load(link) != entry)
        link = &atomic_load(link)->next;
    atomic_store(link, atomic_load(&entry->next));

    struct entry *last = profiles->seats[--profiles->n_entries];
    profiles->seats[entry->seat] = last;
    last->seat = entry->seat;
    profiles->bytes -= entry->bytes;
    epoch_retire(profiles->epoch, entry, free_entry);
}

/* The clock's hand passes over what was used since it last came by. */
static void evict_one(struct profiles *profiles)
{
    for (;;) {
        if (profiles->hand >= profiles->n_entries)
            profiles->hand = 0;
        struct entry *entry = profiles->seats[profiles->hand];
        if (!atomic_exchange_explicit(&entry->used, false, memory_order_relaxed)) {
            unlink_entry(profiles, entry);
            return;
        }
        profiles->hand++;
    }
}

static enum err add_entry(struct profiles *profiles, struct profile *profile, uint64_t hash)
{
    struct entry *entry = malloc(sizeof *entry);
    if (!entry) {
        profile_free(profile);
        return ERR_NOMEM;
    }
    if (profiles->n_entries == profiles->max_entries)
        evict_one(profiles);
    entry_link *bucket = &profiles->buckets[hash & profiles->mask];
    entry->hash = hash;
    entry->seat = profiles->n_entries;
    entry->bytes = profile_bytes(profile);
    profiles->bytes += entry->bytes;
    atomic_init(&entry->used, false); /* who is asked for once goes first */
    atomic_init(&entry->profile, profile);
    atomic_init(&entry->next, atomic_load(bucket));
    profiles->seats[profiles->n_entries++] = entry;
    atomic_store(bucket, entry);
    return OK;
}

static void replace_profile(struct profiles *profiles, struct entry *entry, struct profile *profile)
{
    size_t bytes = profile_bytes(profile);
    profiles->bytes += bytes - entry->bytes;
    entry->bytes = bytes;
    const struct profile *before = atomic_exchange(&entry->profile, profile);
    epoch_retire(profiles->epoch, (void *) before, free);
}

enum err profiles_publish(struct profiles *profiles, struct profile *profile)
{
    uint64_t hash = str_hash(profile->customer_id);
    struct entry *entry = find_entry(profiles, profile->customer_id, hash);
    if (entry)
        replace_profile(profiles, entry, profile);
    else
        TRY(add_entry(profiles, profile, hash));
    uint64_t max_bytes = (uint64_t) profiles->max_entries * PROFILE_MEAN_BYTES;
    while (profiles->bytes > max_bytes && profiles->n_entries > 1)
        evict_one(profiles);
    return OK;
}

void profiles_drop(struct profiles *profiles, struct str customer_id)
{
    struct entry *entry = find_entry(profiles, customer_id, str_hash(customer_id));
    if (entry)
        unlink_entry(profiles, entry);
}

void profiles_drop_all(struct profiles *profiles)
{
    while (profiles->n_entries > 0)
        unlink_entry(profiles, profiles->seats[profiles->n_entries - 1]);
}

void profiles_advance(struct profiles *profiles)
{
    epoch_advance(profiles->epoch);
}

uint32_t profiles_count(const struct profiles *profiles)
{
    return profiles->n_entries;
}
