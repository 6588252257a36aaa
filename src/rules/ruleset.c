/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ruleset.h"

#include <stdlib.h>
#include <string.h>

#include "rules/ruleset_parts.h"
#include "rules/schedule.h"

static void ruleset_free(struct snapshot *snapshot)
{
    struct ruleset *self = (struct ruleset *) snapshot;
    strmap_free(self->by_id);
    strmap_free(self->by_label);
    strmap_free(self->by_placement);
    arena_free(self->arena);
    free(self);
}

struct ruleset *ruleset_new(void)
{
    struct ruleset *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    snapshot_init(&self->snapshot, ruleset_free);
    self->version = STR(RULESET_VERSION_UNREAD);
    self->arena = arena_new(RULESET_CHUNK_BYTES, RULESET_LIMIT_BYTES);
    return self->arena ? self : ruleset_unref(self);
}

struct ruleset *ruleset_empty(void)
{
    static const struct str no_attrs[] = { { NULL, 0 } };
    struct ruleset *self = ruleset_new();
    if (self)
        self->attrs = no_attrs;
    return self;
}

struct ruleset *ruleset_ref(struct ruleset *ruleset)
{
    if (ruleset)
        (void) snapshot_ref(&ruleset->snapshot);
    return ruleset;
}

struct ruleset *ruleset_unref(struct ruleset *ruleset)
{
    if (ruleset)
        (void) snapshot_unref(&ruleset->snapshot);
    return NULL;
}

struct str ruleset_version(const struct ruleset *ruleset)
{
    return ruleset->version;
}

struct str ruleset_currency(const struct ruleset *ruleset)
{
    return ruleset->currency;
}

uint32_t ruleset_count(const struct ruleset *ruleset)
{
    return ruleset->n_rules;
}

const struct rule *ruleset_rule(const struct ruleset *ruleset, uint32_t number)
{
    return number < ruleset->n_rules ? &ruleset->rules[number] : NULL;
}

const struct rule *ruleset_find(const struct ruleset *ruleset, struct str id)
{
    uint32_t number = strmap_get(ruleset->by_id, id);
    return number == STRMAP_NONE ? NULL : &ruleset->rules[number];
}

const struct str *ruleset_attr_names(const struct ruleset *ruleset)
{
    return ruleset->attrs;
}

const struct civil_zone *ruleset_zone(const struct ruleset *ruleset)
{
    static const struct civil_zone utc = { .name = { "UTC", 3 } };
    return ruleset->zone ? ruleset->zone : &utc;
}

const struct cap *ruleset_policy(const struct ruleset *ruleset, uint32_t *ret_n)
{
    *ret_n = ruleset->n_policy;
    return ruleset->policy;
}

int64_t ruleset_profit_floor(const struct ruleset *ruleset)
{
    return ruleset->profit_floor_minor;
}

uint32_t ruleset_relevance_floor_bp(const struct ruleset *ruleset, struct str placement)
{
    uint32_t share_bp = RELEVANCE_USUAL_BP;
    for (uint32_t i = 0; i < ruleset->n_relevance; i++) {
        const struct relevance_floor *floor = &ruleset->relevance[i];
        if (floor->placement.at && str_eq(floor->placement, placement))
            return floor->share_bp;
        if (!floor->placement.at)
            share_bp = floor->share_bp;
    }
    return share_bp;
}

bool ruleset_explores(const struct ruleset *ruleset)
{
    return !ruleset->never_explores;
}

bool ruleset_has_attr_labels(const struct ruleset *ruleset)
{
    return ruleset->has_labels;
}

const struct attr_label *ruleset_attr_label(const struct ruleset *ruleset, struct str name)
{
    uint32_t number = strmap_get(ruleset->by_label, name);
    return number == STRMAP_NONE ? NULL : &ruleset->labels[number];
}

const struct rule_index *ruleset_rule_index(const struct ruleset *ruleset, enum trigger trigger,
                                            struct str placement)
{
    uint32_t number = strmap_get(ruleset->by_placement, placement);
    if (number == STRMAP_NONE || !ruleset->indexes)
        return NULL;
    return ruleset->indexes[(size_t) number * TRIGGERS + trigger];
}

const struct rule_index *const *ruleset_rule_indexes(const struct ruleset *ruleset, uint32_t *ret_n)
{
    *ret_n = ruleset->indexes ? (uint32_t) strmap_count(ruleset->by_placement) * TRIGGERS : 0;
    return ruleset->indexes;
}

const uint32_t *ruleset_candidates(const struct ruleset *ruleset, enum trigger trigger,
                                   struct str placement, uint32_t *ret_n)
{
    uint32_t number = strmap_get(ruleset->by_placement, placement);
    *ret_n = 0;
    if (number == STRMAP_NONE)
        return NULL;
    const uint32_t *bounds = ruleset->bounds + (size_t) number * TRIGGERS + trigger;
    *ret_n = bounds[1] - bounds[0];
    return ruleset->candidates + bounds[0];
}

void ruleset_set_metric(struct ruleset *ruleset, uint32_t number, metric_id shown)
{
    if (number < ruleset->n_rules)
        ruleset->rules[number].shown = shown;
}

static bool is_candidate(const struct rule *rule)
{
    return rule->status != STATUS_DRAFT && rule->status != STATUS_ARCHIVED;
}

static int by_priority(const void *left, const void *right)
{
    const struct rule *a = *(const struct rule *const *) left,
                      *b = *(const struct rule *const *) right;
    if (a->priority != b->priority)
        return a->priority > b->priority ? -1 : 1;
    return str_cmp(a->id, b->id);
}

/* Numbers the placements; how many entries the lists will have. */
static enum err number_placements(struct ruleset *self, size_t *ret_entries)
{
    *ret_entries = 0;
    for (uint32_t i = 0; i < self->n_rules; i++) {
        const struct rule *rule = &self->rules[i];
        for (uint32_t p = 0; is_candidate(rule) && p < rule->n_placements; p++) {
            if (strmap_get(self->by_placement, rule->placements[p]) == STRMAP_NONE)
                TRY(strmap_put(self->by_placement, rule->placements[p],
                               (uint32_t) strmap_count(self->by_placement)));
            *ret_entries += (size_t) __builtin_popcount(rule->triggers);
        }
    }
    return OK;
}

/* Calls for every list that @rule belongs to: its number is placement × TRIGGERS + trigger. */
static void each_list(const struct ruleset *self, const struct rule *rule, uint32_t *counts,
                      uint32_t *lists)
{
    for (uint32_t p = 0; is_candidate(rule) && p < rule->n_placements; p++) {
        size_t base = (size_t) strmap_get(self->by_placement, rule->placements[p]) * TRIGGERS;
        for (uint32_t t = 0; t < TRIGGERS; t++)
            if (rule->triggers & 1u << t) {
                if (lists)
                    lists[counts[base + t]] = (uint32_t) (rule - self->rules);
                counts[base + t]++;
            }
    }
}

/*
 * One list for each placement and trigger, all in one array: counted, laid out, filled in the
 * order of priority, so that each list comes out sorted.
 */
enum err ruleset_index(struct ruleset *self)
{
    size_t n_entries;
    self->by_id = strmap_new(self->n_rules);
    self->by_placement = strmap_new(16);
    if (!self->by_id || !self->by_placement)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < self->n_rules; i++)
        TRY(strmap_put(self->by_id, self->rules[i].id, i));
    TRY(number_placements(self, &n_entries));

    size_t n_lists = strmap_count(self->by_placement) * TRIGGERS;
    const struct rule **order = arena_take_array(self->arena, const struct rule *, self->n_rules);
    uint32_t *bounds = arena_take_array(self->arena, uint32_t, n_lists + 2);
    uint32_t *lists = arena_take_array(self->arena, uint32_t, n_entries + 1);
    if (!order || !bounds || !lists)
        return ERR_LIMIT;
    for (uint32_t i = 0; i < self->n_rules; i++)
        order[i] = &self->rules[i];
    qsort(order, self->n_rules, sizeof *order, by_priority);

    /*
     * Counts stand two ahead, so that filling moves each beginning
     * to its end, the next one's beginning.
     */
    for (uint32_t i = 0; i < self->n_rules; i++)
        each_list(self, &self->rules[i], bounds + 2, NULL);
    for (size_t i = 2; i < n_lists + 2; i++)
        bounds[i] += bounds[i - 1];
    for (uint32_t i = 0; i < self->n_rules; i++)
        each_list(self, order[i], bounds + 1, lists);
    self->bounds = bounds;
    self->candidates = lists;
    const struct rule_lists all = { self->rules, self->n_rules, lists, bounds, (uint32_t) n_lists };
    return rule_index_build(&all, self->arena, &self->indexes);
}
