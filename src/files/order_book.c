/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines lie in one array, chained by order; SKUs are numbered, so that a line takes 40 bytes.
 * Closing goes through every order once: only then is it known how many lines it has.
 */
#include "files/order_book.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/strmap.h"
#include "files/csv_tally.h"

enum {
    CHUNK_BYTES = 64 * 1024,
    FIRST_ROOM = 64,
    LINE_FRAME_BYTES = 80, /* of a line's JSON without its SKU, at most */
    ORDER_FRAME_BYTES = 1024,
};
#define NONE UINT32_MAX

struct line {
    int64_t quantity, price_minor;
    uint64_t file_line;
    uint32_t sku, next;
};

struct order {
    struct str id, customer;
    int64_t at_us;
    uint32_t first, last; /* lines */
    uint32_t number;      /* as in the file */
};

struct order_book {
    struct arena *arena; /* ids, SKUs */
    struct strmap *order_numbers, *sku_numbers;
    struct order *orders;
    struct line *lines;
    struct str *skus;
    uint32_t n_orders, n_lines, n_skus;
    uint32_t orders_room, lines_room, skus_room;
    uint32_t latest; /* the order of the line before: usually of the next one too */
    struct order_line event_lines[EVENT_MAX_LINES];
};

struct order_book *order_book_new(void)
{
    AUTO(order_book_free) struct order_book *book = calloc(1, sizeof *book);
    if (!book)
        return NULL;
    book->latest = NONE;
    book->arena = arena_new(CHUNK_BYTES, SIZE_MAX);
    book->order_numbers = strmap_new(FIRST_ROOM);
    book->sku_numbers = strmap_new(FIRST_ROOM);
    return book->arena && book->order_numbers && book->sku_numbers ? MOVE(book) : NULL;
}

struct order_book *order_book_free(struct order_book *book)
{
    if (!book)
        return NULL;
    (void) arena_free(book->arena);
    (void) strmap_free(book->order_numbers);
    (void) strmap_free(book->sku_numbers);
    free(book->orders);
    free(book->lines);
    free(book->skus);
    free(book);
    return NULL;
}

/* ── gathering ──────────────────────────────────────────────────────────────────────────── */

/* One more element in an array that doubles. */
static enum err make_room(void **array, uint32_t n, uint32_t *room, size_t size)
{
    if (n < *room)
        return OK;
    if (*room > UINT32_MAX / 4)
        return ERR_LIMIT;
    uint32_t more = *room ? *room * 2 : FIRST_ROOM;
    void *grown = realloc(*array, more * size);
    if (!grown)
        return ERR_NOMEM;
    *array = grown;
    *room = more;
    return OK;
}

static enum err number_sku(struct order_book *book, struct str sku, uint32_t *ret_number)
{
    uint32_t number = strmap_get(book->sku_numbers, sku);
    if (number == STRMAP_NONE) {
        number = book->n_skus;
        TRY(make_room((void **) &book->skus, number, &book->skus_room, sizeof *book->skus));
        struct str mine = arena_copy(book->arena, sku);
        if (!mine.at)
            return ERR_NOMEM;
        TRY(strmap_put(book->sku_numbers, mine, number));
        book->skus[book->n_skus++] = mine;
    }
    *ret_number = number;
    return OK;
}

static enum err find_order(struct order_book *book, struct str id, struct order **ret_order)
{
    *ret_order = NULL; /* a new one */
    if (book->latest < book->n_orders && str_eq(book->orders[book->latest].id, id)) {
        *ret_order = &book->orders[book->latest];
        return OK;
    }
    uint32_t number = strmap_get(book->order_numbers, id);
    if (number == STRMAP_NONE)
        return make_room((void **) &book->orders, book->n_orders, &book->orders_room,
                         sizeof *book->orders);
    book->latest = number;
    *ret_order = &book->orders[number];
    return OK;
}

static enum err new_order(struct order_book *book, const struct order_book_line *line,
                          struct order **ret_order)
{
    struct str customer = line->customer_id;
    struct order order = { .id = arena_copy(book->arena, line->order_id),
                           .at_us = line->at_us,
                           .first = NONE,
                           .last = NONE,
                           .number = book->n_orders };
    if (customer.len)
        order.customer = arena_copy(book->arena, customer);
    if (!order.id.at || (customer.len && !order.customer.at))
        return ERR_NOMEM;
    TRY(strmap_put(book->order_numbers, order.id, order.number));
    book->latest = book->n_orders++;
    book->orders[book->latest] = order;
    *ret_order = &book->orders[book->latest];
    return OK;
}

static enum err append_line(struct order_book *book, struct order *order, const struct line *line)
{
    TRY(make_room((void **) &book->lines, book->n_lines, &book->lines_room, sizeof *book->lines));
    uint32_t number = book->n_lines++;
    book->lines[number] = *line;
    if (order->last == NONE)
        order->first = number;
    else
        book->lines[order->last].next = number;
    order->last = number;
    return OK;
}

enum err order_book_add(struct order_book *book, const struct order_book_line *line,
                        bool *ret_taken)
{
    struct order *order = NULL;
    TRY(find_order(book, line->order_id, &order));
    if (order && !line->any_customer && !str_eq(order->customer, line->customer_id)) {
        *ret_taken = false;
        return OK;
    }
    if (!order)
        TRY(new_order(book, line, &order));
    struct line mine = { .quantity = line->quantity,
                         .price_minor = line->unit_price_minor,
                         .file_line = line->file_line,
                         .next = NONE };
    TRY(number_sku(book, line->sku, &mine.sku));
    TRY(append_line(book, order, &mine));
    *ret_taken = true;
    return OK;
}

/* ── closing ────────────────────────────────────────────────────────────────────────────── */

/* The average price of what was merged, rounded half up. */
static void merge(struct line *into, const struct line *more)
{
    __int128 revenue = (__int128) into->quantity * into->price_minor +
                       (__int128) more->quantity * more->price_minor;
    into->quantity += more->quantity;
    into->price_minor = (int64_t) ((revenue + into->quantity / 2) / into->quantity);
}

/* @kept[sku] = the line of this order that holds it; cleared again before returning. */
static void close_order(struct order_book *book, struct order *order, uint32_t *kept,
                        struct csv_tally *tally)
{
    uint32_t last = NONE, n = 0;
    size_t bytes = ORDER_FRAME_BYTES;
    for (uint32_t i = order->first, next; i != NONE; i = next) {
        struct line *line = &book->lines[i];
        size_t more =
            LINE_FRAME_BYTES + 2 * book->skus[line->sku].len; /* a SKU of quotes doubles */
        next = line->next;
        if (kept[line->sku] != NONE) {
            merge(&book->lines[kept[line->sku]], line);
            tally->accepted--;
            tally->merged++;
        } else if (n == EVENT_MAX_LINES || bytes + more > EVENT_MAX_BYTES) {
            tally->accepted--;
            csv_tally_refuse(tally, line->file_line, "belongs to an order with too many lines",
                             order->id, (struct str){ 0 });
        } else {
            kept[line->sku] = i;
            n++;
            bytes += more;
            if (last != NONE)
                book->lines[last].next = i;
            last = i;
        }
    }
    book->lines[last].next = NONE;
    for (uint32_t i = order->first; i != NONE; i = book->lines[i].next)
        kept[book->lines[i].sku] = NONE;
}

static int by_time(const void *left, const void *right)
{
    const struct order *a = left, *b = right;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

enum err order_book_close(struct order_book *book, struct csv_tally *tally)
{
    uint32_t *kept = malloc(((size_t) book->n_skus + 1) * sizeof *kept);
    if (!kept)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < book->n_skus; i++)
        kept[i] = NONE;
    for (uint32_t i = 0; i < book->n_orders; i++)
        close_order(book, &book->orders[i], kept, tally);
    free(kept);
    if (book->n_orders > 1)
        qsort(book->orders, book->n_orders, sizeof *book->orders, by_time);
    book->order_numbers = strmap_free(book->order_numbers); /* numbers no longer hold */
    book->sku_numbers = strmap_free(book->sku_numbers);
    return OK;
}

uint32_t order_book_count(const struct order_book *book)
{
    return book->n_orders;
}

void order_book_event(struct order_book *book, uint32_t number, struct event *ret_event)
{
    const struct order *order = &book->orders[number];
    uint32_t n = 0;
    for (uint32_t i = order->first; i != NONE; i = book->lines[i].next)
        book->event_lines[n++] = (struct order_line){
            .sku = book->skus[book->lines[i].sku],
            .quantity = book->lines[i].quantity,
            .unit_price_minor = book->lines[i].price_minor,
        };
    *ret_event = (struct event){
        .type = EVENT_ORDER_PLACED,
        .customer_id = order->customer,
        .at_us = order->at_us,
        .order = { .id = order->id, .lines = book->event_lines, .n_lines = n },
    };
}
