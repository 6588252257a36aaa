/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcomes as bytes: a header, the cells (each a fixed part, a rule's bands, its
 * texts), the open offers from the oldest on, and the XXH3 of all that, in this
 * machine's byte order: the file is a shortcut, written and read in one place, and
 * whatever cannot be read is folded again from the log.
 */
#include <string.h>

#include "base/saved.h"
#include "model/odds/outcomes_parts.h"
#include "shop/event.h"

enum { SAVED_VERSION = 1 };
#define SAVED_MAGIC "offerdOC"

struct saved {
    struct saved_mark mark;
    uint64_t position;
    int64_t landmark_us, newest_us;
    uint32_t n_cells, n_open;
    uint32_t half_life_days, recent_shown; /* what the sums were made with */
    struct tally shop, kinds[RULE_KINDS];
};

struct saved_cell {
    struct tally tally;
    uint64_t touched;
    int32_t kind;
    uint16_t rule_len, sku_len;
};

enum err outcomes_save(const struct outcomes *outcomes, struct out *out)
{
    struct saved head = { .mark = saved_mark(SAVED_MAGIC, SAVED_VERSION),
                          .position = outcomes->position,
                          .landmark_us = outcomes->landmark_us,
                          .newest_us = outcomes->newest_us,
                          .n_cells = outcomes->n_cells,
                          .n_open = outcomes->open.n,
                          .half_life_days = OUTCOMES_HALF_LIFE_DAYS,
                          .recent_shown = OUTCOMES_RECENT_SHOWN,
                          .shop = outcomes->shop };
    memcpy(head.kinds, outcomes->kinds, sizeof head.kinds);
    size_t begin = out->len;
    out_bytes(out, &head, sizeof head);
    for (uint32_t i = 0; i < outcomes->n_cells; i++) {
        const struct outcome_cell *cell = &outcomes->cells[i];
        struct saved_cell saved = { .tally = cell->tally,
                                    .touched = cell->touched,
                                    .kind = cell->kind,
                                    .rule_len = (uint16_t) cell->rule.len,
                                    .sku_len = (uint16_t) cell->sku.len };
        out_bytes(out, &saved, sizeof saved);
        if (cell->bands != OUTCOME_NO_BANDS)
            out_bytes(out, outcomes->bands[cell->bands], sizeof *outcomes->bands);
        out_text(out, cell->rule);
        out_text(out, cell->sku);
    }
    for (uint32_t i = 0; i < outcomes->open.n; i++)
        out_bytes(out, open_offers_at(&outcomes->open, i), sizeof(struct open_offer));
    return saved_seal(out, begin);
}

static bool take_text(struct str *bytes, size_t len, struct str *ret_text)
{
    return len <= ID_MAX_BYTES && str_take_part(bytes, len, ret_text);
}

/* More than any shop shows in a lifetime, and what odds are made of stays finite. */
static bool counts(double value)
{
    return value >= 0 && value <= 1e30;
}

/* Of relevances up to 1, with what rounding may add. */
static bool relevant(double sum, double weight)
{
    return sum >= 0 && sum <= weight * (1 + 1e-6);
}

static bool tally_is_fine(const struct tally *t)
{
    return counts(t->shown) && counts(t->accepted) && counts(t->declined) && t->squares >= 0 &&
           t->squares <= 1e60 && counts(t->known) && relevant(t->relevance, t->known) &&
           counts(t->recent_shown) && counts(t->recent_accepted);
}

static bool bands_are_fine(const struct band bands[OUTCOME_BANDS])
{
    for (int i = 0; i < OUTCOME_BANDS; i++)
        if (!counts(bands[i].shown) || !counts(bands[i].accepted) ||
            !relevant(bands[i].relevance, bands[i].shown))
            return false;
    return true;
}

static enum err load_cell(struct outcomes *outcomes, struct str *bytes)
{
    struct saved_cell saved;
    struct band bands[OUTCOME_BANDS];
    struct str rule, sku;
    uint32_t at;
    if (!str_take(bytes, &saved, sizeof saved) || !tally_is_fine(&saved.tally) || saved.kind < 0 ||
        saved.kind >= RULE_KINDS || saved.touched > outcomes->position)
        return ERR_CORRUPT;
    if (!saved.sku_len && (!str_take(bytes, bands, sizeof bands) || !bands_are_fine(bands)))
        return ERR_CORRUPT;
    if (!take_text(bytes, saved.rule_len, &rule) || !take_text(bytes, saved.sku_len, &sku) ||
        rule.len == 0 || memchr(rule.at, '\0', rule.len) ||
        outcomes_find(outcomes, rule, sku) != STRMAP_NONE ||
        (sku.len && outcomes_find(outcomes, rule, (struct str){ 0 }) == STRMAP_NONE))
        return ERR_CORRUPT;
    TRY(outcomes_add_cell(outcomes, rule, sku, saved.kind, &at));
    outcomes->cells[at].tally = saved.tally;
    outcomes->cells[at].touched = saved.touched;
    if (!sku.len)
        memcpy(outcomes->bands[outcomes->cells[at].bands], bands, sizeof bands);
    return OK;
}

static enum err load_open(struct outcomes *outcomes, uint32_t n, struct str *bytes)
{
    struct open_offer offer;
    for (uint32_t i = 0; i < n; i++) {
        if (!str_take(bytes, &offer, sizeof offer) || offer.key == 0 ||
            offer.told > (TOLD_SHOWN | TOLD_ACCEPTED | TOLD_DECLINED) ||
            !(offer.relevance >= -1 && offer.relevance <= 1) || offer.at_us <= 0 ||
            open_offers_find(&outcomes->open, offer.key))
            return ERR_CORRUPT;
        TRY(open_offers_reserve(&outcomes->open));
        (void) open_offers_add(&outcomes->open, &offer);
    }
    return OK;
}

/* The header; what stands behind it stays in *@bytes. */
static bool take_head(struct str *bytes, struct saved *ret_head)
{
    if (!saved_open(bytes, SAVED_MAGIC, SAVED_VERSION) ||
        !str_take(bytes, ret_head, sizeof *ret_head) ||
        ret_head->half_life_days != OUTCOMES_HALF_LIFE_DAYS ||
        ret_head->recent_shown != OUTCOMES_RECENT_SHOWN || ret_head->landmark_us < 0 ||
        ret_head->newest_us < ret_head->landmark_us ||
        outcomes_halvings(ret_head->landmark_us, ret_head->newest_us) > OUTCOMES_HALVINGS_MAX ||
        ret_head->n_cells > OUTCOMES_MAX_CELLS || ret_head->n_open > OUTCOMES_OPEN_OFFERS ||
        !tally_is_fine(&ret_head->shop))
        return false;
    for (int i = 0; i < RULE_KINDS; i++)
        if (!tally_is_fine(&ret_head->kinds[i]))
            return false;
    return true;
}

enum err outcomes_load(struct str bytes, struct outcomes **ret_outcomes, struct err_note *note)
{
    struct saved head;
    if (!take_head(&bytes, &head))
        return err_fail(note, ERR_CORRUPT, "the saved outcomes are damaged or of another version");

    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    if (!outcomes)
        return ERR_NOMEM;
    outcomes->position = head.position;
    outcomes->landmark_us = head.landmark_us;
    outcomes->newest_us = head.newest_us;
    outcomes->shop = head.shop;
    memcpy(outcomes->kinds, head.kinds, sizeof head.kinds);
    enum err err = OK;
    for (uint32_t i = 0; i < head.n_cells && err == OK; i++)
        err = load_cell(outcomes, &bytes);
    if (err == OK)
        err = load_open(outcomes, head.n_open, &bytes);
    if (err == OK && bytes.len)
        err = ERR_CORRUPT;
    if (err != OK)
        return err_fail(note, err, "the saved outcomes contradict themselves");
    *ret_outcomes = MOVE(outcomes);
    return OK;
}
