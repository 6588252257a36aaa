/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is a head of fixed size and sections behind it, each at a multiple of 8 bytes, in the order of
 * enum trained_section. Everything is checked once, when it is opened, so that reading needs no checks: a damaged
 * file is refused by its checksum, and one that was made up by the bounds.
 *
 * SKUs are found through a table of hashes that is part of the file: opening one builds nothing.
 *
 * What writes a file and what checks one stand together, so this is longer than 400 lines.
 */
#include "model/trained.h"

#define XXH_INLINE_ALL
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "model/trained_format.h"

static const uint32_t BYTE_ORDER_MARK = UINT32_C(0x01020304);
static const uint32_t SLOT_FREE = UINT32_MAX;

/* Of version 1, which has no section behind DENSE. */
enum { HEAD_LEAST = offsetof(struct trained_head, sections[CALIBRATION]) };

static const size_t section_unit[SECTIONS] = {
    [SKU_ENDS] = sizeof(uint32_t), [SKU_TEXT] = 1,
    [SLOTS] = sizeof(uint32_t),    [POPULARITY] = sizeof(float),
    [FIRST] = sizeof(uint64_t),    [EDGES] = sizeof(struct trained_edge),
    [DENSE] = sizeof(float),       [CALIBRATION] = sizeof(struct calibration),
};

struct trained {
    struct snapshot snapshot; /* first */
    struct str bytes;
    void (*release)(void *owner, struct str bytes);
    void *owner;
    struct trained_facts facts;
    uint32_t n_slots;
    const uint32_t *sku_ends, *slots;
    const char *sku_text;
    const float *popularity, *dense;
    const uint64_t *first;
    const struct trained_edge *edges;
    const struct calibration *calibration;
};

static uint64_t sum_of(const char *at, size_t len)
{
    return XXH64(at, len, 0);
}

static uint32_t slot_of(struct str sku, uint32_t n_slots)
{
    return (uint32_t) XXH64(sku.at, sku.len, 0) & (n_slots - 1);
}

/* ── writing ────────────────────────────────────────────────────────────────────────────── */

static uint32_t slots_for(uint32_t n_skus)
{
    uint32_t n = 8;
    while (n < 2 * (uint64_t) n_skus && n < UINT32_C(1) << 31)
        n *= 2;
    return n;
}

static void fill_head(struct trained_head *head, const struct trained_parts *parts)
{
    const struct trained_facts *facts = &parts->facts;
    memset(head, 0, sizeof *head);
    memcpy(head->magic, TRAINED_MAGIC, sizeof head->magic);
    head->version = TRAINED_VERSION;
    head->byte_order = BYTE_ORDER_MARK;
    head->form = facts->form;
    head->n_skus = facts->n_skus;
    head->top = facts->top;
    head->n_slots = slots_for(facts->n_skus);
    head->n_orders = facts->n_orders;
    head->n_lines = facts->n_lines;
    head->position = facts->position;
    head->first_us = facts->first_us;
    head->last_us = facts->last_us;
    head->trained_us = facts->trained_us;
    head->parameters.half_life_days = facts->parameters.half_life_days;
    head->parameters.size_power = facts->parameters.size_power;
    head->parameters.ridge = facts->parameters.ridge;
    head->parameters.support = facts->parameters.support;
    head->parameters.history_weight = facts->parameters.history_weight;
    head->parameters.recent_weight = facts->parameters.recent_weight;
    head->counts_share = facts->parameters.counts_share;
    head->figures = facts->figures;
}

/* Where each section will be; false when the texts are longer than a file may hold. */
static bool place_sections(struct trained_head *head, const struct trained_parts *parts)
{
    const struct trained_facts *facts = &parts->facts;
    uint64_t n = facts->n_skus, text_bytes = 0;
    for (uint32_t i = 0; i < n; i++)
        text_bytes += parts->skus[i].len;
    if (text_bytes > UINT32_MAX)
        return false;
    bool dense = facts->form == TRAINED_DENSE;
    const uint64_t units[SECTIONS] = {
        [SKU_ENDS] = n,
        [SKU_TEXT] = text_bytes,
        [SLOTS] = head->n_slots,
        [POPULARITY] = n,
        [FIRST] = dense ? 0 : n + 1,
        [EDGES] = dense ? 0 : parts->first[n],
        [DENSE] = dense ? n * n : 0,
        [CALIBRATION] = parts->calibration ? 1 : 0,
    };
    uint64_t at = sizeof *head;
    for (int i = 0; i < SECTIONS; i++) {
        head->sections[i].at = at;
        head->sections[i].n = units[i];
        at += (units[i] * section_unit[i] + TRAINED_ALIGN - 1) / TRAINED_ALIGN * TRAINED_ALIGN;
    }
    head->total_bytes = at;
    return true;
}

static void write_texts(const struct trained_head *head, const struct trained_parts *parts,
                        char *file)
{
    uint32_t *ends = (uint32_t *) (void *) (file + head->sections[SKU_ENDS].at);
    char *text = file + head->sections[SKU_TEXT].at;
    uint32_t *slots = (uint32_t *) (void *) (file + head->sections[SLOTS].at);
    uint32_t end = 0;
    memset(slots, 0xff, head->n_slots * sizeof *slots);
    for (uint32_t i = 0; i < head->n_skus; i++) {
        struct str sku = parts->skus[i];
        memcpy(text + end, sku.at, sku.len);
        ends[i] = end += (uint32_t) sku.len;
        uint32_t slot = slot_of(sku, head->n_slots);
        while (slots[slot] != SLOT_FREE)
            slot = (slot + 1) & (head->n_slots - 1);
        slots[slot] = i;
    }
}

static void write_section(const struct trained_head *head, enum trained_section section,
                          const void *from, char *file)
{
    size_t bytes = head->sections[section].n * section_unit[section];
    if (bytes)
        memcpy(file + head->sections[section].at, from, bytes);
}

enum err trained_write(const struct trained_parts *parts, struct out *out)
{
    struct trained_head head;
    fill_head(&head, parts);
    if (!place_sections(&head, parts))
        return ERR_LIMIT;
    /* Put together aligned, then copied: @out may hold something already. */
    char *file = calloc(1, head.total_bytes);
    if (!file)
        return ERR_NOMEM;
    memcpy(file, &head, sizeof head);
    write_texts(&head, parts, file);
    write_section(&head, POPULARITY, parts->popularity, file);
    write_section(&head, FIRST, parts->first, file);
    write_section(&head, EDGES, parts->edges, file);
    write_section(&head, DENSE, parts->weights, file);
    write_section(&head, CALIBRATION, parts->calibration, file);
    uint64_t sum = sum_of(file + TRAINED_SUMMED_FROM, head.total_bytes - TRAINED_SUMMED_FROM);
    memcpy(file + offsetof(struct trained_head, checksum), &sum, sizeof sum);
    out_bytes(out, file, head.total_bytes);
    free(file);
    return out->failed ? ERR_NOMEM : OK;
}

/* ── opening ────────────────────────────────────────────────────────────────────────────── */

static enum err check_head(const struct trained_head *head, struct str bytes, struct err_note *note)
{
    if (memcmp(head->magic, TRAINED_MAGIC, sizeof head->magic) != 0)
        return err_fail(note, ERR_CORRUPT, "this is not a trained model");
    if (head->byte_order != BYTE_ORDER_MARK || head->version == 0 ||
        head->version > TRAINED_VERSION)
        return err_fail(note, ERR_CORRUPT,
                        "a trained model of version %u; this program reads up to version %u",
                        head->version, (unsigned) TRAINED_VERSION);
    if (head->total_bytes != bytes.len)
        return err_fail(note, ERR_CORRUPT, "a trained model cut off: %zu bytes of %llu", bytes.len,
                        (unsigned long long) head->total_bytes);
    if (head->checksum != sum_of(bytes.at + TRAINED_SUMMED_FROM, bytes.len - TRAINED_SUMMED_FROM))
        return err_fail(note, ERR_CORRUPT, "a trained model with a wrong checksum");
    return OK;
}

static bool shape_is_sound(const struct trained_head *head)
{
    uint64_t n = head->n_skus;
    bool dense = head->form == TRAINED_DENSE;
    if ((!dense && head->form != TRAINED_LISTS) || n > UINT32_MAX / 2)
        return false;
    if (head->n_slots < 8 || (head->n_slots & (head->n_slots - 1)) != 0 || head->n_slots < 2 * n)
        return false;
    return head->sections[SKU_ENDS].n == n && head->sections[SLOTS].n == head->n_slots &&
           head->sections[POPULARITY].n == n && head->sections[FIRST].n == (dense ? 0 : n + 1) &&
           (!dense || head->sections[EDGES].n == 0) &&
           head->sections[DENSE].n == (dense ? n * n : 0) && head->sections[CALIBRATION].n <= 1;
}

static bool sections_fit(const struct trained_head *head, size_t file_bytes)
{
    for (int i = 0; i < SECTIONS; i++) {
        uint64_t at = head->sections[i].at, n = head->sections[i].n;
        if (at % TRAINED_ALIGN != 0 || at < HEAD_LEAST || at > file_bytes ||
            n > (file_bytes - at) / section_unit[i])
            return false;
    }
    return true;
}

static bool all_finite(const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

static struct trained_parameters parameters_of(const struct trained_head *head)
{
    return (struct trained_parameters){ .half_life_days = head->parameters.half_life_days,
                                        .size_power = head->parameters.size_power,
                                        .ridge = head->parameters.ridge,
                                        .support = head->parameters.support,
                                        .history_weight = head->parameters.history_weight,
                                        .recent_weight = head->parameters.recent_weight,
                                        .counts_share = head->counts_share };
}

static bool numbers_are_sound(const struct trained_head *head)
{
    const struct trained_parameters parameters = parameters_of(head), *p = &parameters;
    const struct trained_figures *f = &head->figures;
    const float all[] = { p->half_life_days, p->size_power,    p->ridge,         p->history_weight,
                          p->recent_weight,  p->counts_share,  f->hit10,         f->mrr20,
                          f->hit10_history,  f->mrr20_history, f->hit10_popular, f->mrr20_popular };
    return all_finite(all, sizeof all / sizeof *all) && p->history_weight >= 0 &&
           p->history_weight <= 1 && p->recent_weight >= 0 && p->counts_share >= 0 &&
           p->counts_share <= 1;
}

static const void *section_at(const struct trained_head *head, struct str bytes,
                              enum trained_section section)
{
    return bytes.at + head->sections[section].at;
}

static bool texts_are_sound(const struct trained *trained, size_t text_bytes)
{
    uint32_t begin = 0;
    for (uint32_t i = 0; i < trained->facts.n_skus; i++) {
        uint32_t end = trained->sku_ends[i];
        if (end < begin || end > text_bytes ||
            !str_is_utf8((struct str){ trained->sku_text + begin, end - begin }, NULL))
            return false;
        begin = end;
    }
    uint32_t used = 0;
    for (uint32_t i = 0; i < trained->n_slots; i++) {
        if (trained->slots[i] != SLOT_FREE && trained->slots[i] >= trained->facts.n_skus)
            return false;
        used += trained->slots[i] != SLOT_FREE;
    }
    return used < trained->n_slots; /* a search ends at a free one */
}

static bool lists_are_sound(const struct trained *trained, size_t n_edges)
{
    uint32_t n_skus = trained->facts.n_skus;
    if (trained->first[0] != 0 || trained->first[n_skus] != n_edges)
        return false;
    for (uint32_t i = 0; i < n_skus; i++)
        if (trained->first[i + 1] < trained->first[i] ||
            trained->first[i + 1] - trained->first[i] > trained->facts.top)
            return false;
    for (size_t i = 0; i < n_edges; i++)
        if (trained->edges[i].sku >= n_skus || !isfinite(trained->edges[i].weight))
            return false;
    return true;
}

static void point_into(struct trained *trained, const struct trained_head *head, struct str bytes)
{
    trained->bytes = bytes;
    trained->facts = (struct trained_facts){
        .form = head->form,
        .n_skus = head->n_skus,
        .top = head->top,
        .n_orders = head->n_orders,
        .n_lines = head->n_lines,
        .position = head->position,
        .first_us = head->first_us,
        .last_us = head->last_us,
        .trained_us = head->trained_us,
        .parameters = parameters_of(head),
        .figures = head->figures,
    };
    trained->n_slots = head->n_slots;
    trained->sku_ends = section_at(head, bytes, SKU_ENDS);
    trained->sku_text = section_at(head, bytes, SKU_TEXT);
    trained->slots = section_at(head, bytes, SLOTS);
    trained->popularity = section_at(head, bytes, POPULARITY);
    if (head->sections[CALIBRATION].n > 0)
        trained->calibration = section_at(head, bytes, CALIBRATION);
    if (head->form == TRAINED_DENSE)
        trained->dense = section_at(head, bytes, DENSE);
    else {
        trained->first = section_at(head, bytes, FIRST);
        trained->edges = section_at(head, bytes, EDGES);
    }
}

static bool content_is_sound(const struct trained *trained, const struct trained_head *head)
{
    return texts_are_sound(trained, head->sections[SKU_TEXT].n) &&
           all_finite(trained->popularity, head->n_skus) &&
           (!trained->calibration || calibration_is_sound(trained->calibration)) &&
           (trained->dense ? all_finite(trained->dense, head->sections[DENSE].n)
                           : lists_are_sound(trained, head->sections[EDGES].n));
}

static void trained_free(struct snapshot *snapshot)
{
    struct trained *trained = (struct trained *) (void *) snapshot;
    if (trained->release)
        trained->release(trained->owner, trained->bytes);
    free(trained);
}

enum err trained_open(struct str bytes, void (*release)(void *owner, struct str bytes), void *owner,
                      struct trained **ret_trained, struct err_note *note)
{
    struct trained_head head;
    if (bytes.len < sizeof head)
        return err_fail(note, ERR_CORRUPT, "a trained model cut off after %zu bytes", bytes.len);
    if ((uintptr_t) bytes.at % TRAINED_ALIGN != 0)
        return err_fail(note, ERR_INPUT, "a trained model must lie at a multiple of %d bytes",
                        (int) TRAINED_ALIGN);
    memcpy(&head, bytes.at, sizeof head);
    TRY(check_head(&head, bytes, note));
    if (head.version == 1) { /* what stands there is a section's */
        head.sections[CALIBRATION].at = HEAD_LEAST;
        head.sections[CALIBRATION].n = 0;
    }
    AUTO(trained_unref) struct trained *trained = calloc(1, sizeof *trained);
    if (!trained)
        return ERR_NOMEM;
    snapshot_init(&trained->snapshot, trained_free);
    if (!shape_is_sound(&head) || !sections_fit(&head, bytes.len) || !numbers_are_sound(&head))
        return err_fail(note, ERR_CORRUPT, "a trained model whose parts do not fit together");
    point_into(trained, &head, bytes);
    if (!content_is_sound(trained, &head))
        return err_fail(note, ERR_CORRUPT, "a trained model whose content makes no sense");
    trained->release = release;
    trained->owner = owner;
    *ret_trained = MOVE(trained);
    return OK;
}

struct trained *trained_ref(struct trained *trained)
{
    if (trained)
        (void) snapshot_ref(&trained->snapshot);
    return trained;
}

struct trained *trained_unref(struct trained *trained)
{
    if (trained)
        (void) snapshot_unref(&trained->snapshot);
    return NULL;
}

/* ── reading ────────────────────────────────────────────────────────────────────────────── */

struct str trained_bytes(const struct trained *trained)
{
    return trained->bytes;
}

const struct trained_facts *trained_facts(const struct trained *trained)
{
    return &trained->facts;
}

struct str trained_sku(const struct trained *trained, uint32_t sku)
{
    uint32_t begin = sku ? trained->sku_ends[sku - 1] : 0;
    return (struct str){ trained->sku_text + begin, trained->sku_ends[sku] - begin };
}

uint32_t trained_find(const struct trained *trained, struct str sku)
{
    uint32_t mask = trained->n_slots - 1;
    for (uint32_t slot = slot_of(sku, trained->n_slots); trained->slots[slot] != SLOT_FREE;
         slot = (slot + 1) & mask)
        if (str_eq(trained_sku(trained, trained->slots[slot]), sku))
            return trained->slots[slot];
    return UINT32_MAX;
}

float trained_popularity(const struct trained *trained, uint32_t sku)
{
    return trained->popularity[sku];
}

const struct trained_edge *trained_edges(const struct trained *trained, uint32_t sku,
                                         uint32_t *ret_n)
{
    if (!trained->edges)
        return NULL;
    *ret_n = (uint32_t) (trained->first[sku + 1] - trained->first[sku]);
    return trained->edges + trained->first[sku];
}

const struct calibration *trained_calibration(const struct trained *trained)
{
    return trained->calibration;
}

const float *trained_row(const struct trained *trained, uint32_t sku)
{
    return trained->dense ? trained->dense + (size_t) sku * trained->facts.n_skus : NULL;
}
