/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What appending to the PostgreSQL log costs, by the size of the batch.
 *
 *     append_events DATABASE_URL SECONDS N…        a migrated database that may be written to
 *
 * Prints "batch N: E events/s, M ms a batch". Events are orders of some 300 bytes of 20,000
 * customers, each with a new id.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "shop/event.h"
#include "store/postgresql/pg_event_log.h"

enum { BATCH_MAX = 10000, CUSTOMERS = 20000 };

static struct event events[BATCH_MAX];
static const struct event *batch[BATCH_MAX];
static struct append_outcome outcomes[BATCH_MAX];
static char ids[BATCH_MAX][40], customers[BATCH_MAX][16];

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void fill(uint32_t n)
{
    static const char payload[] =
        "{\"type\":\"order_placed\",\"order_id\":\"536365\",\"customer_id\":\"C17850\",\"lines\":["
        "{\"sku\":\"85123A\",\"quantity\":6,\"unit_price\":255},"
        "{\"sku\":\"71053\",\"quantity\":6,\"unit_price\":339},"
        "{\"sku\":\"84406B\",\"quantity\":8,\"unit_price\":275},"
        "{\"sku\":\"84029G\",\"quantity\":6,\"unit_price\":339}],\"at\":\"2010-12-01T08:26:00Z\"}";
    for (uint32_t i = 0; i < n; i++) {
        snprintf(ids[i], sizeof ids[i], "%08lx-%08lx-%08lx", random(), random(), random());
        snprintf(customers[i], sizeof customers[i], "C%05ld", random() % CUSTOMERS);
        events[i] = (struct event){ .event_id = str_of(ids[i]),
                                    .type = EVENT_ORDER_PLACED,
                                    .shop = STR("main"),
                                    .customer_id = str_of(customers[i]),
                                    .at_us = 1291192000000000,
                                    .payload = str_of(payload) };
        batch[i] = &events[i];
    }
}

static int run(struct event_log *log, uint32_t n, double seconds)
{
    struct err_note note = { "" };
    double took = 0;
    uint64_t rounds = 0;
    for (; took < seconds; rounds++) {
        fill(n);
        double began = now_s();
        if (log->append(log, batch, n, (int64_t) time(NULL) * 1000000, outcomes, &note) != OK) {
            (void) fprintf(stderr, "append_events: %s\n", note.text);
            return 1;
        }
        took += now_s() - began;
    }
    printf("batch %u: %.0f events/s, %.2f ms a batch\n", n, (double) rounds * n / took,
           1e3 * took / (double) rounds);
    return fflush(stdout);
}

int main(int argc, char **argv)
{
    struct event_log *log = NULL;
    struct err_note note = { "" };
    const struct pg_settings settings = { .url = argc > 3 ? argv[1] : "", .append_ms = 10000 };
    if (argc < 4)
        return fputs("usage: append_events DATABASE_URL SECONDS N…\n", stderr), 2;
    srandom((unsigned) time(NULL));
    if (pg_event_log_new(&settings, &log, &note) != OK)
        return (void) fprintf(stderr, "append_events: %s\n", note.text), 1;
    for (int i = 3; i < argc; i++) {
        int n = atoi(argv[i]);
        if (n < 1 || n > BATCH_MAX || run(log, (uint32_t) n, atof(argv[2])) != 0)
            return 1;
    }
    log->free(log);
    return 0;
}
