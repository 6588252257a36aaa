/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts as bytes: a header, the SKUs with their counts, the pairs, and the XXH3 of all that, in
 * this machine's byte order: the file is a shortcut, written and read in one place, and
 * whatever cannot be read is folded again from the log.
 */
#include <string.h>

#include "base/saved.h"
#include "base/strmap.h"
#include "model/counts/copurchase_parts.h"
#include "shop/event.h"

enum { SAVED_VERSION = 2 };
#define SAVED_MAGIC "offerdCP"

struct saved {
    struct saved_mark mark;
    uint64_t position, orders, n_pairs;
    struct recency recency;
    uint32_t n_skus, reserved;
};

enum err copurchase_save(const struct copurchase *counts, struct out *out)
{
    struct saved head = { .mark = saved_mark(SAVED_MAGIC, SAVED_VERSION),
                          .position = counts->position,
                          .orders = counts->orders,
                          .n_pairs = counts->pairs.used,
                          .recency = counts->recency,
                          .n_skus = counts->n_skus };
    size_t begin = out->len;
    (void) out_reserve(out, sizeof head + counts->pairs.used * sizeof(struct pair));
    out_bytes(out, &head, sizeof head);
    for (uint32_t i = 0; i < counts->n_skus; i++) {
        const struct counted_sku *sku = &counts->skus[i];
        out_bytes(out, &sku->orders, sizeof sku->orders);
        out_bytes(out, &sku->recent, sizeof sku->recent);
        out_char(out, (char) sku->text.len);
        out_text(out, sku->text);
    }
    for (size_t i = 0; i < pair_table_slots(&counts->pairs); i++)
        if (counts->pairs.slots[i].high)
            out_bytes(out, &counts->pairs.slots[i], sizeof(struct pair));
    return saved_seal(out, begin);
}

static enum err load_skus(struct copurchase *counts, uint32_t n, struct str *bytes)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t orders = 0, id = 0;
        float recent = 0;
        unsigned char len = 0;
        struct str text;
        if (!str_take(bytes, &orders, sizeof orders) || !str_take(bytes, &recent, sizeof recent) ||
            !str_take(bytes, &len, 1) || len == 0 || len > ID_MAX_BYTES ||
            !str_take_part(bytes, len, &text) || !(recent >= 0 && recent < RECENCY_MOST))
            return ERR_CORRUPT;
        if (strmap_get(counts->ids, text) != STRMAP_NONE)
            return ERR_CORRUPT;
        TRY(copurchase_add_sku(counts, text, &id));
        counts->skus[id].orders = orders;
        counts->skus[id].recent = recent;
    }
    return OK;
}

static enum err load_pairs(struct copurchase *counts, struct str *bytes)
{
    struct pair pair;
    while (bytes->len) {
        if (!str_take(bytes, &pair, sizeof pair) || pair.low >= pair.high ||
            pair.high >= counts->n_skus || pair.count == 0 ||
            !(pair.recent >= 0 && pair.recent < RECENCY_MOST) ||
            !pair_table_insert(&counts->pairs, &pair))
            return ERR_CORRUPT;
    }
    return OK;
}

/* The header; what stands behind it stays in *@bytes. */
static bool take_head(struct str *bytes, struct saved *ret_head)
{
    return saved_open(bytes, SAVED_MAGIC, SAVED_VERSION) &&
           str_take(bytes, ret_head, sizeof *ret_head) && recency_is_sound(&ret_head->recency) &&
           ret_head->n_skus <= COPURCHASE_MAX_SKUS && ret_head->n_pairs <= COPURCHASE_MAX_PAIRS &&
           ret_head->n_pairs * sizeof(struct pair) <= bytes->len;
}

enum err copurchase_load(struct str bytes, struct copurchase **ret_counts, struct err_note *note)
{
    struct saved head;
    if (!take_head(&bytes, &head))
        return err_fail(note, ERR_CORRUPT, "the saved counts are damaged or of another version");

    AUTO(copurchase_free)
    struct copurchase *counts = copurchase_new_sized(head.n_pairs, COPURCHASE_MAX_PAIRS);
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
