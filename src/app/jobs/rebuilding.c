/* SPDX-License-Identifier: Apache-2.0 */
#include "app/jobs/rebuilding.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/jobs/progress.h"
#include "app/jobs/rebuilding_counts.h"
#include "base/arena.h"
#include "base/out.h"
#include "learn/replay.h"
#include "ports/event_log.h"
#include "ports/shared_profiles.h"
#include "shop/customer.h"
#include "shop/profile_bytes.h"

enum {
    BATCH = 64,
    LOOKS = 4, /* at a profile that changes while it is compared */
    SCRATCH_BYTES = 1 << 16,
    SCRATCH_LIMIT_BYTES = 1 << 23,
};

struct names {
    struct str *at;
    uint32_t n, cap;
    struct arena *arena;
};

struct rebuilding {
    const struct rebuild_wishes *wishes;
    struct progress progress;
    struct shared_writer *writer; /* NULL: embedded */
    struct names customers;
    struct arena *scratch, *batch;
    struct out bytes; /* of the profile that was folded last */
    uint32_t *sizes;  /* of each profile */
    _Atomic uint64_t unreadable;
    crypto_hash_sha256_state digest;
    struct rebuilt *rebuilt;
};

/* ── whose ───────────────────────────────────────────────────────────────────────────────── */

static enum err names_add(struct names *names, struct str name)
{
    if (names->n == names->cap) {
        uint32_t cap = names->cap ? names->cap * 2 : 1024;
        struct str *grown = realloc(names->at, cap * sizeof *grown);
        if (!grown)
            return ERR_NOMEM;
        names->at = grown;
        names->cap = cap;
    }
    struct str copy = arena_copy(names->arena, name);
    if (!copy.at)
        return ERR_NOMEM;
    names->at[names->n++] = copy;
    return OK;
}

static enum err note_customer(void *self, struct str customer_id, uint64_t position)
{
    (void) position;
    return names_add(self, customer_id);
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *) a, *(const struct str *) b);
}

static enum err list_customers(struct rebuilding *self, struct err_note *note)
{
    struct names *customers = &self->customers;
    struct event_log *log = self->wishes->log;
    TRY(log->read_customers(log, self->wishes->shop, 0, customers, note_customer, note));
    if (customers->n > 0)
        qsort(customers->at, customers->n, sizeof *customers->at, by_name);
    self->rebuilt->profiles.n = customers->n;
    self->sizes = calloc(customers->n + 1, sizeof *self->sizes);
    return self->sizes ? OK : ERR_NOMEM;
}

/* ── one profile ─────────────────────────────────────────────────────────────────────────── */

/* Its bytes are in self->bytes until the next. */
static enum err fold(struct rebuilding *self, struct str customer_id, uint64_t *ret_position,
                     struct err_note *note)
{
    AUTO(profile_free) struct profile *profile = NULL;
    arena_reset(self->scratch);
    TRY(replay_customer(self->wishes->log, self->wishes->shop, customer_id, self->scratch,
                        &self->unreadable, &profile, note));
    self->bytes.len = 0;
    profile_print(&self->bytes, profile);
    *ret_position = profile->position;
    return self->bytes.failed ? ERR_NOMEM : OK;
}

static void add_to_digest(struct rebuilding *self, struct str name, struct str value)
{
    const uint64_t lengths[] = { name.len, value.len };
    (void) crypto_hash_sha256_update(&self->digest, (const uint8_t *) lengths, sizeof lengths);
    (void) crypto_hash_sha256_update(&self->digest, (const uint8_t *) name.at, name.len);
    (void) crypto_hash_sha256_update(&self->digest, (const uint8_t *) value.at, value.len);
}

static void name_it(struct rebuilt *rebuilt, struct str name)
{
    if (rebuilt->n_named < REBUILT_NAMED)
        (void) snprintf(rebuilt->named[rebuilt->n_named++], REBUILT_NAME_BYTES, "%.*s",
                        STR_ARG(name));
}

/*
 * @value was read before the profile was folded. When the two stand at different positions,
 * the customer did something in between: both once more.
 */
static enum err compare(struct rebuilding *self, const struct shared_value *value,
                        uint64_t position, struct err_note *note)
{
    struct rebuilt_kind *kind = &self->rebuilt->profiles;
    struct shared_profiles *shared = self->wishes->shared;
    struct shared_value now = *value;
    for (int looks = 1; now.body.at && now.position != position && looks < LOOKS; looks++) {
        TRY(shared->get(self->writer, &value->customer_id, 1, self->batch, &now, note));
        TRY(fold(self, value->customer_id, &position, note));
    }
    if (!now.body.at)
        kind->missing++;
    else if (now.position == position && str_eq(now.body, out_str(&self->bytes)))
        kind->equal++;
    else {
        kind->different++;
        name_it(self->rebuilt, value->customer_id);
    }
    return OK;
}

/* ── all profiles ────────────────────────────────────────────────────────────────────────── */

/* What one batch is about: the values found beforehand, or the claims and what replaces them. */
struct batch {
    struct shared_value values[BATCH];
    struct shared_put puts[BATCH];
    bool taken[BATCH];
    const struct str *ids;
    uint32_t n;
};

static enum err begin_batch(struct rebuilding *self, struct batch *batch, struct err_note *note)
{
    struct shared_profiles *shared = self->wishes->shared;
    arena_reset(self->batch);
    if (!shared)
        return OK;
    if (self->wishes->check)
        return shared->get(self->writer, batch->ids, batch->n, self->batch, batch->values, note);
    for (uint32_t i = 0; i < batch->n; i++)
        batch->puts[i] =
            (struct shared_put){ .value.customer_id = batch->ids[i], .mode = SHARED_CLAIM };
    return shared->put(self->writer, batch->puts, batch->n, batch->taken, note);
}

static enum err end_batch(struct rebuilding *self, struct batch *batch, struct err_note *note)
{
    struct rebuilt_kind *kind = &self->rebuilt->profiles;
    struct shared_profiles *shared = self->wishes->shared;
    if (!shared || self->wishes->check)
        return OK;
    TRY(shared->put(self->writer, batch->puts, batch->n, batch->taken, note));
    for (uint32_t i = 0; i < batch->n; i++)
        if (batch->taken[i])
            kind->written++;
        else
            kind->newer++;
    return OK;
}

static enum err rebuild_one(struct rebuilding *self, struct batch *batch, uint32_t i,
                            struct err_note *note)
{
    uint64_t position = 0;
    TRY(fold(self, batch->ids[i], &position, note));
    self->sizes[&batch->ids[i] - self->customers.at] = (uint32_t) self->bytes.len;
    self->rebuilt->bytes += self->bytes.len;
    add_to_digest(self, batch->ids[i], out_str(&self->bytes));
    if (!self->wishes->shared)
        return OK;
    if (self->wishes->check)
        return compare(self, &batch->values[i], position, note);
    struct str body = arena_copy(self->batch, out_str(&self->bytes));
    batch->puts[i] =
        (struct shared_put){ .value = { batch->ids[i], position, body }, .mode = SHARED_FILL };
    return body.at ? OK : ERR_NOMEM;
}

static enum err rebuild_profiles(struct rebuilding *self, struct err_note *note)
{
    const struct names *customers = &self->customers;
    progress_step(&self->progress, self->wishes->check ? "comparing profiles" : "folding profiles",
                  "customers");
    for (uint32_t at = 0; at < customers->n; at += BATCH) {
        struct batch batch = { .ids = customers->at + at, .n = customers->n - at };
        if (batch.n > BATCH)
            batch.n = BATCH;
        TRY(begin_batch(self, &batch, note));
        for (uint32_t i = 0; i < batch.n; i++)
            TRY(rebuild_one(self, &batch, i, note));
        TRY(end_batch(self, &batch, note));
        progress_show(&self->progress, at, at, customers->n);
    }
    return OK;
}

static void digest_counts(struct rebuilding *self, const struct counts *counts)
{
    for (uint32_t i = 0; i < counts->n; i++) {
        char text[24];
        int len = snprintf(text, sizeof text, "%lld", (long long) counts->at[i].accepted);
        add_to_digest(self, counts->at[i].rule, (struct str){ text, (size_t) len });
    }
}

static enum err rebuild_budgets(struct rebuilding *self, struct counts *counts,
                                struct err_note *note)
{
    TRY(counts_read(self->wishes, counts, note));
    digest_counts(self, counts);
    return counts_rebuild(self->wishes, counts, &self->rebuilt->budgets,
                          &self->rebuilt->budgets_unknown, note);
}

/* ── the whole ───────────────────────────────────────────────────────────────────────────── */

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
    return (x > y) - (x < y);
}

static void sum_up(struct rebuilding *self)
{
    struct rebuilt *rebuilt = self->rebuilt;
    uint32_t n = self->customers.n;
    (void) crypto_hash_sha256_final(&self->digest, rebuilt->digest);
    rebuilt->unreadable = atomic_load(&self->unreadable);
    if (n == 0)
        return;
    qsort(self->sizes, n, sizeof *self->sizes, by_size);
    rebuilt->median = self->sizes[n / 2];
    rebuilt->p99 = self->sizes[(uint64_t) n * 99 / 100];
    rebuilt->largest = self->sizes[n - 1];
}

static enum err rebuild_all(struct rebuilding *self, struct err_note *note)
{
    TRY(list_customers(self, note));
    TRY(rebuild_profiles(self, note));
    struct counts counts = { .arena = self->customers.arena };
    enum err err = rebuild_budgets(self, &counts, note);
    free(counts.at);
    if (err == OK)
        sum_up(self);
    return err;
}

static bool get_ready(struct rebuilding *self)
{
    struct shared_profiles *shared = self->wishes->shared;
    self->customers.arena = arena_new(SCRATCH_BYTES, SIZE_MAX);
    self->scratch = arena_new(SCRATCH_BYTES, SCRATCH_LIMIT_BYTES);
    self->batch = arena_new(SCRATCH_BYTES, SIZE_MAX);
    out_init(&self->bytes, NULL, 4096);
    if (shared)
        self->writer = shared->writer_new(shared);
    (void) crypto_hash_sha256_init(&self->digest);
    progress_init(&self->progress, self->wishes->quiet);
    return self->customers.arena && self->scratch && self->batch && (!shared || self->writer);
}

static void clean_up(struct rebuilding *self)
{
    progress_wipe(&self->progress);
    if (self->writer)
        self->wishes->shared->writer_free(self->wishes->shared, self->writer);
    (void) arena_free(self->customers.arena);
    (void) arena_free(self->scratch);
    (void) arena_free(self->batch);
    out_deinit(&self->bytes);
    free(self->customers.at);
    free(self->sizes);
}

enum err rebuild_run(const struct rebuild_wishes *wishes, struct rebuilt *ret_rebuilt,
                     struct err_note *note)
{
    struct rebuilding self = { .wishes = wishes, .rebuilt = ret_rebuilt };
    *ret_rebuilt = (struct rebuilt){ 0 };
    enum err err = get_ready(&self) ? rebuild_all(&self, note) : ERR_NOMEM;
    clean_up(&self);
    return err;
}
