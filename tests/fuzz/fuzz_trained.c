/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a trained model: as they are, and with size and checksum made right, or hardly anything would get
 * past them. Of what opens, everything is looked at.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "model/trained.h"
#include "model/trained_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void look_at_sku(const struct trained *trained, uint32_t sku)
{
    const struct trained_facts *facts = trained_facts(trained);
    struct str text = trained_sku(trained, sku);
    uint32_t found = trained_find(trained, text), n = 0;
    must(found == UINT32_MAX || found < facts->n_skus);
    must(isfinite(trained_popularity(trained, sku)));
    const float *row = trained_row(trained, sku);
    const struct trained_edge *edges = trained_edges(trained, sku, &n);
    must((row != NULL) == (facts->form == TRAINED_DENSE));
    for (uint32_t i = 0; row && i < facts->n_skus; i++)
        must(isfinite(row[i]));
    must(n <= facts->top);
    for (uint32_t i = 0; i < n; i++)
        must(edges[i].sku < facts->n_skus && isfinite(edges[i].weight));
}

static void open_and_look(struct str bytes)
{
    struct trained *trained = NULL;
    struct err_note note;
    if (trained_open(bytes, NULL, NULL, &trained, &note) != OK)
        return;
    for (uint32_t sku = 0; sku < trained_facts(trained)->n_skus; sku++)
        look_at_sku(trained, sku);
    (void) trained_unref(trained);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1); /* aligned, as the caller promises */
    struct trained_head head;
    must(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    open_and_look((struct str){ copy, size });
    if (size >= sizeof head) {
        memcpy(&head, copy, sizeof head);
        memcpy(head.magic, TRAINED_MAGIC, sizeof head.magic);
        head.total_bytes = size;
        memcpy(copy, &head, sizeof head);
        head.checksum = XXH64(copy + TRAINED_SUMMED_FROM, size - TRAINED_SUMMED_FROM, 0);
        memcpy(copy, &head, sizeof head);
        open_and_look((struct str){ copy, size });
    }
    free(copy);
    return 0;
}
