/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SKUs become small ids in order of appearance; pairs of ids are counted in a pair_table.
 * An order is counted whole or not at all: everything that may fail happens first.
 *
 * Saved, it is a header, the SKUs with their counts, the pairs, and the XXH3 of all that, in
 * this machine's byte order: the file is a shortcut, written and read in one place, and
 * whatever cannot be read is folded again from the log.
 */
#include "model/copurchase.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/strmap.h"
#include "model/pair_table.h"
#include "model/recency.h"
#include "shop/event.h"

enum { FIRST_SKUS = 1024, FIRST_CHUNK_BYTES = 64 * 1024, SAVED_VERSION = 2 };
#define SAVED_MAGIC "offerdCP"
#define SAVED_ORDER UINT32_C(0x01020304)

struct sku {
    struct str text;
    uint32_t orders;
    float recent;       /* scaled as recency says */
    uint64_t last_seen; /* the last order that held it, so that it counts once an order */
};

struct copurchase {
    struct arena *arena; /* the SKUs' texts */
    struct strmap *ids;
    struct sku *skus;
    uint32_t n_skus, room;
    struct pair_table pairs;
    struct recency recency;
    uint64_t position, orders;
    uint64_t stamp; /* of the order being read; also moves when one fails half way */
};

struct saved {
    char magic[8];
    uint32_t version, byte_order;
    uint64_t position, orders, n_pairs;
    struct recency recency;
    uint32_t n_skus, reserved;
};

static struct copurchase *new_sized(size_t expected_pairs, size_t max_pairs)
{
    AUTO(copurchase_free) struct copurchase *counts = calloc(1, sizeof *counts);
    if (!counts)
        return NULL;
    counts->arena = arena_new(FIRST_CHUNK_BYTES, SIZE_MAX);
    counts->ids = strmap_new(FIRST_SKUS);
    if (!counts->arena || !counts->ids ||
        pair_table_init(&counts->pairs, expected_pairs, max_pairs) != OK)
        return NULL;
    return MOVE(counts);
}

struct copurchase *copurchase_new(void)
{
    return new_sized(0, COPURCHASE_MAX_PAIRS);
}

struct copurchase *copurchase_new_bounded(size_t max_pairs)
{
    return new_sized(0, max_pairs);
}

struct copurchase *copurchase_free(struct copurchase *counts)
{
    if (!counts)
        return NULL;
    (void) arena_free(counts->arena);
    (void) strmap_free(counts->ids);
    free(counts->skus);
    pair_table_deinit(&counts->pairs);
    free(counts);
    return NULL;
}

static enum err make_room(struct copurchase *counts)
{
    if (counts->n_skus < counts->room)
        return OK;
    uint32_t room = counts->room ? counts->room * 2 : FIRST_SKUS;
    struct sku *skus = realloc(counts->skus, room * sizeof *skus);
    if (!skus)
        return ERR_NOMEM;
    counts->skus = skus;
    counts->room = room;
    return OK;
}

static enum err add_sku(struct copurchase *counts, struct str text, uint32_t *ret_id)
{
    TRY(make_room(counts));
    struct str mine = arena_copy(counts->arena, text);
    if (!mine.at)
        return ERR_NOMEM;
    TRY(strmap_put(counts->ids, mine, counts->n_skus));
    counts->skus[counts->n_skus] = (struct sku){ .text = mine };
    *ret_id = counts->n_skus++;
    return OK;
}

/* The distinct SKUs of an order as ids, at most one more than pairs are counted for. */
struct basket {
    uint32_t ids[COPURCHASE_MAX_BASKET + 1];
    uint32_t n;
};

static enum err take_sku(struct copurchase *counts, struct str text, struct basket *basket)
{
    if (text.len == 0 || text.len > ID_MAX_BYTES)
        return OK;
    uint32_t id = strmap_get(counts->ids, text);
    if (id == STRMAP_NONE) {
        if (counts->n_skus == COPURCHASE_MAX_SKUS)
            return OK;
        TRY(add_sku(counts, text, &id));
    }
    struct sku *sku = &counts->skus[id];
    if (sku->last_seen == counts->stamp)
        return OK;
    sku->last_seen = counts->stamp;
    if (basket->n <= COPURCHASE_MAX_BASKET)
        basket->ids[basket->n++] = id;
    return OK;
}

static void count_pairs(struct pair_table *pairs, const struct basket *basket, float recent)
{
    for (uint32_t i = 1; i < basket->n; i++) {
        for (uint32_t j = 0; j < i; j++)
            pair_table_prefetch(pairs, basket->ids[i], basket->ids[j]);
        for (uint32_t j = 0; j < i; j++)
            pair_table_add(pairs, basket->ids[i], basket->ids[j], recent);
    }
}

/* What an order of that time weighs among the recent ones. */
static float weigh(struct copurchase *counts, int64_t at_us)
{
    float weight;
    int exponent;
    (void) recency_note(&counts->recency, at_us, &weight, &exponent);
    if (exponent != 0) {
        pair_table_fade(&counts->pairs, exponent);
        for (uint32_t id = 0; id < counts->n_skus; id++)
            counts->skus[id].recent = recency_fade(counts->skus[id].recent, exponent);
    }
    return weight;
}

enum err copurchase_add(struct copurchase *counts, uint64_t position, int64_t at_us,
                        const struct str *skus, uint32_t n_skus)
{
    if (position <= counts->position)
        return OK;

    struct basket basket = { .n = 0 };
    counts->stamp++;
    for (uint32_t i = 0; i < n_skus; i++)
        TRY(take_sku(counts, skus[i], &basket));
    bool has_pairs = basket.n <= COPURCHASE_MAX_BASKET;
    if (has_pairs)
        TRY(pair_table_reserve(&counts->pairs, (size_t) basket.n * basket.n / 2));

    /* From here on nothing fails. The stamp tells which SKUs this order held. */
    float recent = weigh(counts, at_us);
    for (uint32_t i = 0; i < n_skus; i++) {
        uint32_t id = strmap_get(counts->ids, skus[i]);
        if (id != STRMAP_NONE && counts->skus[id].last_seen == counts->stamp) {
            counts->skus[id].orders++;
            counts->skus[id].recent += recent;
            counts->skus[id].last_seen = 0;
        }
    }
    if (has_pairs)
        count_pairs(&counts->pairs, &basket, recent);
    counts->position = position;
    counts->orders++;
    return OK;
}

uint64_t copurchase_position(const struct copurchase *counts)
{
    return counts->position;
}

uint64_t copurchase_orders(const struct copurchase *counts)
{
    return counts->orders;
}

uint32_t copurchase_single(const struct copurchase *counts, struct str sku)
{
    uint32_t id = strmap_get(counts->ids, sku);
    return id == STRMAP_NONE ? 0 : counts->skus[id].orders;
}

uint32_t copurchase_pair(const struct copurchase *counts, struct str a, struct str b)
{
    uint32_t id_a = strmap_get(counts->ids, a), id_b = strmap_get(counts->ids, b);
    if (id_a == STRMAP_NONE || id_b == STRMAP_NONE)
        return 0;
    return copurchase_of(counts, id_a, id_b).orders;
}

uint32_t copurchase_skus(const struct copurchase *counts)
{
    return counts->n_skus;
}

struct str copurchase_sku(const struct copurchase *counts, uint32_t id)
{
    return counts->skus[id].text;
}

uint32_t copurchase_sku_orders(const struct copurchase *counts, uint32_t id)
{
    return counts->skus[id].orders;
}

float copurchase_sku_recent(const struct copurchase *counts, uint32_t id)
{
    return counts->skus[id].recent * recency_scale(&counts->recency);
}

uint32_t copurchase_find(const struct copurchase *counts, struct str sku)
{
    uint32_t id = strmap_get(counts->ids, sku);
    return id == STRMAP_NONE ? COPURCHASE_NONE : id;
}

struct copurchased copurchase_of(const struct copurchase *counts, uint32_t a, uint32_t b)
{
    const struct pair *pair = pair_table_get(&counts->pairs, a, b);
    if (!pair)
        return (struct copurchased){ 0 };
    return (struct copurchased){ pair->count, pair->recent * recency_scale(&counts->recency) };
}

void copurchase_prefetch(const struct copurchase *counts, uint32_t a, uint32_t b)
{
    pair_table_prefetch(&counts->pairs, a, b);
}

void copurchase_each(const struct copurchase *counts, void *self,
                     void (*visit)(void *self, uint32_t a, uint32_t b, struct copurchased both))
{
    const float scale = recency_scale(&counts->recency);
    for (size_t i = 0; i < pair_table_slots(&counts->pairs); i++) {
        const struct pair *pair = &counts->pairs.slots[i];
        if (pair->high)
            visit(self, pair->low, pair->high,
                  (struct copurchased){ pair->count, pair->recent * scale });
    }
}

/* ── as bytes ───────────────────────────────────────────────────────────────────────────── */

enum err copurchase_save(const struct copurchase *counts, struct out *out)
{
    struct saved head = { .version = SAVED_VERSION,
                          .byte_order = SAVED_ORDER,
                          .position = counts->position,
                          .orders = counts->orders,
                          .n_pairs = counts->pairs.used,
                          .recency = counts->recency,
                          .n_skus = counts->n_skus };
    memcpy(head.magic, SAVED_MAGIC, sizeof head.magic);
    size_t begin = out->len;
    (void) out_reserve(out, sizeof head + counts->pairs.used * sizeof(struct pair));
    out_bytes(out, &head, sizeof head);
    for (uint32_t i = 0; i < counts->n_skus; i++) {
        const struct sku *sku = &counts->skus[i];
        out_bytes(out, &sku->orders, sizeof sku->orders);
        out_bytes(out, &sku->recent, sizeof sku->recent);
        out_char(out, (char) sku->text.len);
        out_text(out, sku->text);
    }
    for (size_t i = 0; i < pair_table_slots(&counts->pairs); i++)
        if (counts->pairs.slots[i].high)
            out_bytes(out, &counts->pairs.slots[i], sizeof(struct pair));
    if (out->failed)
        return ERR_NOMEM;
    uint64_t sum = str_hash((struct str){ out->at + begin, out->len - begin });
    out_bytes(out, &sum, sizeof sum);
    return out->failed ? ERR_NOMEM : OK;
}

/* Copies @len bytes off the front; false when there are not so many. */
static bool take(struct str *bytes, void *to, size_t len)
{
    if (bytes->len < len)
        return false;
    memcpy(to, bytes->at, len);
    bytes->at += len;
    bytes->len -= len;
    return true;
}

static enum err load_skus(struct copurchase *counts, uint32_t n, struct str *bytes)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t orders = 0, id = 0;
        float recent = 0;
        unsigned char len = 0;
        if (!take(bytes, &orders, sizeof orders) || !take(bytes, &recent, sizeof recent) ||
            !take(bytes, &len, 1) || len == 0 || len > ID_MAX_BYTES || bytes->len < len ||
            !(recent >= 0 && recent < RECENCY_MOST))
            return ERR_CORRUPT;
        struct str text = { bytes->at, len };
        bytes->at += len;
        bytes->len -= len;
        if (strmap_get(counts->ids, text) != STRMAP_NONE)
            return ERR_CORRUPT;
        TRY(add_sku(counts, text, &id));
        counts->skus[id].orders = orders;
        counts->skus[id].recent = recent;
    }
    return OK;
}

static enum err load_pairs(struct copurchase *counts, struct str *bytes)
{
    struct pair pair;
    while (bytes->len) {
        if (!take(bytes, &pair, sizeof pair) || pair.low >= pair.high ||
            pair.high >= counts->n_skus || pair.count == 0 ||
            !(pair.recent >= 0 && pair.recent < RECENCY_MOST) ||
            !pair_table_insert(&counts->pairs, &pair))
            return ERR_CORRUPT;
    }
    return OK;
}

/* The header and the checksum; what lies between them stays in *@bytes. */
static bool open_saved(struct str *bytes, struct saved *ret_head)
{
    uint64_t sum;
    if (bytes->len < sizeof *ret_head + sizeof sum)
        return false;
    memcpy(&sum, bytes->at + bytes->len - sizeof sum, sizeof sum);
    bytes->len -= sizeof sum;
    return sum == str_hash(*bytes) && take(bytes, ret_head, sizeof *ret_head) &&
           memcmp(ret_head->magic, SAVED_MAGIC, sizeof ret_head->magic) == 0 &&
           ret_head->version == SAVED_VERSION && ret_head->byte_order == SAVED_ORDER &&
           recency_is_sound(&ret_head->recency) && ret_head->n_skus <= COPURCHASE_MAX_SKUS &&
           ret_head->n_pairs <= COPURCHASE_MAX_PAIRS &&
           ret_head->n_pairs * sizeof(struct pair) <= bytes->len;
}

enum err copurchase_load(struct str bytes, struct copurchase **ret_counts, struct err_note *note)
{
    struct saved head;
    if (!open_saved(&bytes, &head))
        return err_fail(note, ERR_CORRUPT, "the saved counts are damaged or of another version");

    AUTO(copurchase_free) struct copurchase *counts = new_sized(head.n_pairs, COPURCHASE_MAX_PAIRS);
    if (!counts)
        return ERR_NOMEM;
    enum err err = load_skus(counts, head.n_skus, &bytes);
    if (err == OK && bytes.len != head.n_pairs * sizeof(struct pair))
        err = ERR_CORRUPT;
    if (err == OK)
        err = load_pairs(counts, &bytes);
    if (err != OK)
        return err_fail(note, err, "the saved counts contradict themselves");
    counts->position = head.position;
    counts->recency = head.recency;
    counts->orders = head.orders;
    *ret_counts = MOVE(counts);
    return OK;
}
