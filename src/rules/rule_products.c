/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each index one array of words, and where each product's begin. A product's first word says
 * how many of the words after it are about each group of fields, 10 bits each, in their order;
 * then each is the number of a value that it has, or with UNKNOWN_BIT that of a field which is
 * not known of it. A product with nothing to say has no words.
 */
#include "rules/rule_products.h"

#include <stdlib.h>
#include <string.h>

#include "rules/facts.h"
#include "rules/rule_index_parts.h"
#include "shop/catalog.h"

struct making {
    const struct rule_index *index;
    uint32_t *words;
    uint32_t n, room, most;
    uint32_t left; /* lookups */
    bool full, no_memory;
};

struct rule_products *rule_products_free(struct rule_products *products)
{
    for (uint32_t i = 0; products && i < products->n_lists; i++)
        free((void *) products->lists[i].first);
    free(products);
    return NULL;
}

static void add(struct making *m, uint32_t word)
{
    if (m->full || m->no_memory)
        return;
    if (m->n == m->room) {
        uint32_t room = m->room ? m->room * 2 : 4096;
        uint32_t *more = m->room < m->most ? realloc(m->words, room * sizeof *more) : NULL;
        m->full = m->room >= m->most;
        m->no_memory = !m->full && !more;
        if (!more)
            return;
        m->words = more;
        m->room = room;
    }
    m->words[m->n++] = word;
}

static void add_value(void *self, const struct index_field *field, struct value value)
{
    struct making *m = self;
    uint32_t number = rule_index_find(m->index, field, value, key_hash(field->number, value));
    if (number != NO_NUMBER)
        add(m, number);
}

/* What @facts' item has of @group; how many words. */
static uint32_t add_group(struct making *m, struct facts *facts, enum field_group group)
{
    uint32_t before = m->n;
    for (uint32_t f = m->index->group_fields[group]; f < m->index->group_fields[group + 1]; f++) {
        const struct index_field *field = &m->index->fields[f];
        if (field->of_product && !rule_index_each_value(facts, field, add_value, m))
            add(m, f | UNKNOWN_BIT);
    }
    return m->n - before;
}

static void add_product(struct making *m, struct facts *facts)
{
    uint32_t head = m->n, counts = 0;
    add(m, 0);
    for (enum field_group group = GROUP_TRIGGER; group < FIELD_GROUPS; group++) {
        uint32_t n = add_group(m, facts, group);
        m->full |= n > GROUP_WORDS_MAX;
        counts |= n << GROUP_BITS * (group - GROUP_TRIGGER);
    }
    if (m->full || m->no_memory)
        return;
    if (counts)
        m->words[head] = counts;
    else
        m->n = head;
}

static uint32_t lookups_of(const struct rule_index *index)
{
    uint32_t n = 0;
    for (uint32_t f = 0; f < index->group_fields[FIELD_GROUPS]; f++)
        n += index->fields[f].of_product;
    return n;
}

/* One block: where each product's words begin, then the words. Left out when it does not fit. */
static enum err add_list(struct making *m, struct facts *facts, struct product_list *ret_list)
{
    const uint32_t n = catalog_count(facts->catalog);
    const uint64_t lookups = (uint64_t) n * lookups_of(m->index);
    if (lookups == 0 || lookups > m->left || n + 1 > m->most)
        return OK;
    uint32_t *first = malloc((n + 1) * sizeof *first);
    if (!first)
        return ERR_NOMEM;
    m->n = 0;
    m->full = m->no_memory = false;
    for (uint32_t p = 0; p < n && !m->full && !m->no_memory; p++) {
        first[p] = m->n;
        facts_candidate(facts, catalog_product(facts->catalog, p));
        add_product(m, facts);
    }
    first[n] = m->n;
    m->left -= (uint32_t) lookups;
    bool fits = !m->full && !m->no_memory && n + 1 + m->n <= m->most;
    uint32_t *block = fits ? realloc(first, (n + 1 + m->n) * sizeof *block) : NULL;
    if (!block) {
        free(first);
        return m->no_memory || fits ? ERR_NOMEM : OK;
    }
    if (m->n > 0)
        memcpy(block + n + 1, m->words, m->n * sizeof *block);
    m->most -= n + 1 + m->n;
    *ret_list = (struct product_list){ block, block + n + 1 };
    return OK;
}

/* The longest list that is still to be done, or NULL. */
static const struct rule_index *next_index(const struct rule_index *const *indexes, uint32_t n,
                                           const bool *done)
{
    const struct rule_index *longest = NULL;
    for (uint32_t i = 0; i < n; i++)
        if (indexes && indexes[i] && !done[i] &&
            (!longest || indexes[i]->n_hanging + indexes[i]->n_scanned >
                             longest->n_hanging + longest->n_scanned))
            longest = indexes[i];
    return longest;
}

enum err rule_products_new(const struct rule_index *const *indexes, uint32_t n_indexes,
                           const struct catalog *catalog, const struct str *attr_names,
                           struct rule_products **ret_products)
{
    struct facts *facts = calloc(1, sizeof *facts); /* too large for a stack */
    bool *done = calloc(n_indexes + 1, sizeof *done);
    AUTO(rule_products_free)
    struct rule_products *products =
        calloc(1, sizeof *products + n_indexes * sizeof *products->lists);
    struct making m = { .left = RULE_PRODUCTS_MAX_LOOKUPS,
                        .most = RULE_PRODUCTS_MAX_BYTES / sizeof *m.words };
    enum err err = facts && done && products ? OK : ERR_NOMEM;
    if (err == OK) {
        facts_init(facts);
        facts->catalog = products->catalog = catalog;
        facts->attr_names = attr_names;
        products->n_lists = n_indexes;
    }
    while (err == OK && (m.index = next_index(indexes, n_indexes, done))) {
        done[m.index->list] = true;
        err = add_list(&m, facts, &products->lists[m.index->list]);
    }
    free(m.words);
    free(facts);
    free(done);
    if (err != OK)
        return err;
    products->bytes = RULE_PRODUCTS_MAX_BYTES - m.most * sizeof *m.words;
    *ret_products = MOVE(products);
    return OK;
}

size_t rule_products_bytes(const struct rule_products *products)
{
    return products->bytes;
}
