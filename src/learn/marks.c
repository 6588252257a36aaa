/* SPDX-License-Identifier: Apache-2.0 */
/* An array in order, and a table of its places: open addressing, at most half full. */
#include "learn/marks.h"

#include <stdlib.h>
#include <string.h>

struct marks {
    struct mark *all;
    uint32_t n, cap;
    uint32_t *places; /* place in all + 1; 0: free */
    uint32_t n_places;
};

/* Room for KEPT_CAP is kept for the next time; what an outage made of it goes back. */
enum { FIRST_CAP = 64, KEPT_CAP = 4096 };

struct marks *marks_new(void)
{
    return calloc(1, sizeof(struct marks));
}

struct marks *marks_free(struct marks *marks)
{
    if (!marks)
        return NULL;
    marks_clear(marks);
    free(marks->all);
    free(marks->places);
    free(marks);
    return NULL;
}

/* Its place in the table, or the free one where it belongs. */
static uint32_t place_of(const struct marks *marks, struct str customer_id)
{
    uint32_t at = (uint32_t) str_hash(customer_id) & (marks->n_places - 1);
    while (marks->places[at] && !str_eq(marks->all[marks->places[at] - 1].customer_id, customer_id))
        at = (at + 1) & (marks->n_places - 1);
    return at;
}

static enum err grow(struct marks *marks)
{
    uint32_t cap = marks->cap ? marks->cap * 2 : FIRST_CAP;
    struct mark *all = realloc(marks->all, cap * sizeof *all);
    if (!all)
        return ERR_NOMEM;
    marks->all = all;
    uint32_t *places = calloc((size_t) cap * 2, sizeof *places);
    if (!places)
        return ERR_NOMEM;
    free(marks->places);
    marks->places = places;
    marks->n_places = cap * 2;
    marks->cap = cap;
    for (uint32_t i = 0; i < marks->n; i++)
        places[place_of(marks, all[i].customer_id)] = i + 1;
    return OK;
}

enum err marks_raise(struct marks *marks, struct str customer_id, uint64_t position)
{
    if (marks->n == marks->cap)
        TRY(grow(marks));
    uint32_t at = place_of(marks, customer_id);
    if (!marks->places[at]) {
        char *copy = str_dup(customer_id);
        if (!copy)
            return ERR_NOMEM;
        marks->all[marks->n++] = (struct mark){ .customer_id = { copy, customer_id.len } };
        marks->places[at] = marks->n;
    }
    struct mark *mark = &marks->all[marks->places[at] - 1];
    if (position > mark->position)
        mark->position = position;
    mark->times++;
    return OK;
}

const struct mark *marks_find(const struct marks *marks, struct str customer_id)
{
    if (marks->n == 0)
        return NULL;
    uint32_t at = marks->places[place_of(marks, customer_id)];
    return at ? &marks->all[at - 1] : NULL;
}

const struct mark *marks_all(const struct marks *marks, uint32_t *ret_n)
{
    *ret_n = marks->n;
    return marks->all;
}

void marks_clear(struct marks *marks)
{
    if (marks->n == 0)
        return;
    for (uint32_t i = 0; i < marks->n; i++)
        free((char *) marks->all[i].customer_id.at);
    marks->n = 0;
    if (marks->cap <= KEPT_CAP) {
        memset(marks->places, 0, marks->n_places * sizeof *marks->places);
        return;
    }
    free(marks->all);
    free(marks->places);
    *marks = (struct marks){ 0 };
}

size_t marks_bytes(const struct marks *marks)
{
    size_t bytes =
        sizeof *marks + marks->cap * sizeof *marks->all + marks->n_places * sizeof *marks->places;
    for (uint32_t i = 0; i < marks->n; i++)
        bytes += marks->all[i].customer_id.len + 1;
    return bytes;
}
