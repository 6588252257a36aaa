/* SPDX-License-Identifier: Apache-2.0 */
#include "model/row.h"

#include <stdlib.h>

static int better_first(const void *left, const void *right)
{
    const struct companion *a = left, *b = right;
    return companion_better(a, b) ? -1 : companion_better(b, a);
}

/* Restores the heap below @at: no parent is better than its children. */
static void sift_down(struct companion *heap, uint32_t n, uint32_t at)
{
    for (;;) {
        uint32_t worst = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < n; child++)
            if (companion_better(&heap[worst], &heap[child]))
                worst = child;
        if (worst == at)
            return;
        struct companion moved = heap[at];
        heap[at] = heap[worst];
        heap[worst] = moved;
        at = worst;
    }
}

void row_offer(struct row *row, const struct companion *companion)
{
    struct companion *heap = (struct companion *) row->at;
    if (row->n < row->room) {
        heap[row->n++] = *companion;
        if (row->n == row->room)
            for (uint32_t at = row->n / 2; at-- > 0;)
                sift_down(heap, row->n, at);
    } else if (companion_better(companion, &heap[0])) {
        heap[0] = *companion;
        sift_down(heap, row->n, 0);
    }
}

void row_sort(struct row *row)
{
    if (row->n > 1)
        qsort((struct companion *) row->at, row->n, sizeof(struct companion), better_first);
}

void row_sort_nearly(struct companion *row, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        struct companion moved = row[i];
        uint32_t at = i;
        for (; at > 0 && companion_better(&moved, &row[at - 1]); at--)
            row[at] = row[at - 1];
        row[at] = moved;
    }
}
