/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Complete cart: what it costs to complete a cart of ten lines, the first ten of the answer read.
 *
 *     complete_cart [--orders FILE] [--trained FILE] [--skus N] [--carts N]
 *
 * On the orders of a file (those of $OFFERD_TEST_DATA/online-retail, when it is there) without a trained, with lists and with
 * the one given; on a small generated shop with all weights; and on one of N SKUs with a long tail, without and with lists. The
 * weights that are not given are drawn by lot: they cost what real ones cost. Instructions are the processor's own
 * count, where it may be read.
 */
#include "model/completion.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "files/order_book.h"
#include "files/orders_csv.h"
#include "histogram.h"
#include "model/copurchase.h"
#include "model/model.h"
#include "model/trained.h"
#include "shop/catalog.h"

enum {
    LINES = 10,
    ASKED = 10,
    EDGES = 64,
    SKU_BYTES = 16,
    ORDER_LINES = 4,
    DENSE_SKUS = 1024,
    CARTS_KEPT = 20000
};

struct shop {
    struct catalog *catalog;
    struct copurchase *counts;
    uint32_t (*carts)[LINES];
    uint32_t n_carts;
    int64_t last_us;
};

static void must(enum err err, const char *what, const struct err_note *note)
{
    if (err == OK)
        return;
    fprintf(stderr, "complete_cart: %s: %s\n", what, note->text[0] ? note->text : err_name(err));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static double draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (double) (*state >> 11) * 0x1p-53;
}

/* ── shops ──────────────────────────────────────────────────────────────────────────────── */

static struct catalog *catalog_of(const struct copurchase *counts)
{
    struct err_note note = { "" };
    struct catalog *catalog = NULL;
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("GBP"));
    for (uint32_t id = 0; id < copurchase_skus(counts); id++) {
        struct product product = { .sku = copurchase_sku(counts, id),
                                   .price_minor = 100,
                                   .cost_minor = COST_UNKNOWN,
                                   .stock = STOCK_UNKNOWN };
        must(catalog_builder_add(builder, &product, &note), "catalogue", &note);
    }
    must(catalog_builder_seal(builder, &catalog), "catalogue", &note);
    return catalog;
}

static void count(struct shop *shop, uint64_t position, int64_t at_us, const struct str *skus,
                  uint32_t n)
{
    struct err_note note = { "" };
    must(copurchase_add(shop->counts, position, at_us, skus, n), "counting", &note);
    shop->last_us = at_us;
}

/* The carts are the newest orders' first ten lines. */
static bool shop_of_file(struct shop *shop, const char *path)
{
    struct err_note note = { "" };
    struct csv_tally tally = { 0 };
    struct out ignored;
    struct order_book *book = NULL;
    const struct orders_csv_settings settings = { .baskets_only = true };
    if (access(path, R_OK) != 0)
        return false;
    out_init(&ignored, NULL, 0);
    must(orders_csv_read(path, &settings, NULL, &tally, &ignored, &book, &note), path, &note);
    out_deinit(&ignored);
    shop->counts = copurchase_new();
    static struct str skus[EVENT_MAX_LINES];
    for (uint32_t i = 0; i < order_book_count(book); i++) {
        struct event event;
        order_book_event(book, i, &event);
        for (uint32_t k = 0; k < event.order.n_lines; k++)
            skus[k] = event.order.lines[k].sku;
        count(shop, i + 1, event.at_us, skus, event.order.n_lines);
    }
    shop->catalog = catalog_of(shop->counts);
    shop->carts = malloc(CARTS_KEPT * sizeof *shop->carts);
    for (uint32_t i = order_book_count(book); i-- > 0 && shop->n_carts < CARTS_KEPT;) {
        struct event event;
        order_book_event(book, i, &event);
        for (uint32_t k = 0; event.order.n_lines >= LINES && k < LINES; k++)
            shop->carts[shop->n_carts][k] = catalog_find(shop->catalog, event.order.lines[k].sku);
        shop->n_carts += event.order.n_lines >= LINES;
    }
    (void) order_book_free(book);
    return true;
}

/* A SKU by popularity (the k-th sells as 1/k), or one that stands near @near. */
static uint32_t draw_sku(uint64_t *state, uint32_t n, uint32_t near)
{
    if (near != PRODUCT_NONE && draw(state) < 0.7)
        return (near + 1 + (uint32_t) (pow(draw(state), 3) * 200)) % n;
    return (uint32_t) pow(n, draw(state)) % n;
}

static void shop_generated(struct shop *shop, uint32_t n_skus)
{
    uint64_t state = 42;
    int64_t at_us = INT64_C(1700000000000000);
    static char texts[LINES][SKU_BYTES];
    shop->counts = copurchase_new();
    for (uint64_t order = 1; order <= (uint64_t) n_skus * 3; order++) {
        struct str skus[ORDER_LINES];
        uint32_t near = PRODUCT_NONE;
        for (int k = 0; k < ORDER_LINES; k++) {
            uint32_t sku = draw_sku(&state, n_skus, near);
            near = near == PRODUCT_NONE ? sku : near;
            (void) snprintf(texts[k], SKU_BYTES, "S%06u", sku);
            skus[k] = str_of(texts[k]);
        }
        at_us += 60000000;
        count(shop, order, at_us, skus, ORDER_LINES);
    }
    shop->catalog = catalog_of(shop->counts);
    shop->n_carts = CARTS_KEPT;
    shop->carts = malloc(CARTS_KEPT * sizeof *shop->carts);
    for (uint32_t i = 0; i < CARTS_KEPT; i++)
        for (uint32_t k = 0; k < LINES; k++) {
            (void) snprintf(texts[k], SKU_BYTES, "S%06u", draw_sku(&state, n_skus, PRODUCT_NONE));
            shop->carts[i][k] = catalog_find(shop->catalog, str_of(texts[k]));
        }
}

static void shop_deinit(struct shop *shop)
{
    (void) catalog_unref(shop->catalog);
    (void) copurchase_free(shop->counts);
    free(shop->carts);
}

/* ── trained ────────────────────────────────────────────────────────────────────────────── */

static struct trained *trained_by_lot(const struct shop *shop, enum trained_form form,
                                      struct out *file)
{
    uint64_t state = 7;
    struct err_note note = { "" };
    struct trained *trained = NULL;
    uint32_t n = catalog_count(shop->catalog);
    bool dense = form == TRAINED_DENSE;
    size_t cells = dense ? (size_t) n * n : 1, n_edges = dense ? 0 : (size_t) n * EDGES;
    struct str *skus = malloc(n * sizeof *skus);
    float *popularity = calloc(n, sizeof *popularity), *weights = malloc(cells * sizeof *weights);
    uint64_t *first = malloc((n + 1) * sizeof *first);
    struct trained_edge *edges = malloc((n_edges + 1) * sizeof *edges);
    for (uint32_t i = 0; i < n; i++)
        skus[i] = catalog_product(shop->catalog, i)->sku;
    for (size_t i = 0; dense && i < cells; i++)
        weights[i] = i % (n + 1) == 0 ? 0 : (float) (draw(&state) * 0.1 - 0.05);
    for (uint32_t i = 0; i <= n; i++)
        first[i] = dense ? 0 : (uint64_t) i * EDGES;
    for (size_t i = 0; i < n_edges; i++)
        edges[i] = (struct trained_edge){ .sku = (uint32_t) (i / EDGES + 1 + i % EDGES) % n,
                                          .weight = 0.5F / (float) (i % EDGES + 1) };
    struct trained_parts parts = { .facts = { .form = form,
                                              .n_skus = n,
                                              .top = EDGES,
                                              .n_orders = 1,
                                              .parameters = { .history_weight = 0.3F,
                                                              .recent_weight = 0.3F } },
                                   .skus = skus,
                                   .popularity = popularity,
                                   .weights = weights,
                                   .first = first,
                                   .edges = edges };
    must(trained_write(&parts, file), "trained", &note);
    must(trained_open(out_str(file), NULL, NULL, &trained, &note), "trained", &note);
    free(skus);
    free(popularity);
    free(weights);
    free(first);
    free(edges);
    return trained;
}

static struct trained *trained_of_file(const char *path)
{
    struct err_note note = { "" };
    struct trained *trained = NULL;
    struct stat stat_;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat_) != 0)
        must(ERR_UNAVAILABLE, path, &note);
    char *bytes = mmap(NULL, (size_t) stat_.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void) close(fd);
    must(trained_open((struct str){ bytes, (size_t) stat_.st_size }, NULL, NULL, &trained, &note),
         path, &note);
    return trained;
}

/* ── measuring ──────────────────────────────────────────────────────────────────────────── */

static int instructions_open(void)
{
    struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
                                    .size = sizeof attr,
                                    .config = PERF_COUNT_HW_INSTRUCTIONS,
                                    .exclude_kernel = 1,
                                    .exclude_hv = 1 };
    return (int) syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static uint64_t instructions(int fd)
{
    uint64_t value = 0;
    return fd >= 0 && read(fd, &value, sizeof value) == sizeof value ? value : 0;
}

static void measure(const char *name, const struct shop *shop, struct trained *trained,
                    uint32_t n_carts)
{
    static struct histogram histogram;
    struct err_note note = { "" };
    struct model *model = NULL;
    clock_t begun = clock();
    must(model_new(shop->catalog, shop->counts, trained, &model), "model", &note);
    double seal_ms = (double) (clock() - begun) * 1e3 / CLOCKS_PER_SEC;
    struct arena *arena = arena_new(256 * 1024, 1024 * 1024);
    int counter = instructions_open();
    memset(&histogram, 0, sizeof histogram);
    uint64_t found = 0, before = 0;
    for (uint32_t i = 0; i < n_carts + n_carts / 10; i++) {
        if (i == n_carts / 10) { /* warm enough */
            memset(&histogram, 0, sizeof histogram);
            before = instructions(counter);
        }
        const struct completion_ask ask = { .model = model,
                                            .cart = shop->carts[i % shop->n_carts],
                                            .n_cart = LINES,
                                            .now_us = shop->last_us };
        int64_t start_ns = now_ns();
        arena_reset(arena);
        struct completion *completion = completion_new(&ask, arena);
        for (uint32_t k = 0; k < ASKED; k++)
            found += completion_at(completion, k) != NULL;
        histogram_add(&histogram, now_ns() - start_ns);
    }
    uint64_t spent = instructions(counter) - before;
    printf("%-34s %7u SKUs  p50 %6.2f us  p99 %6.2f us", name, catalog_count(shop->catalog),
           (double) histogram_quantile_ns(&histogram, 0.5) / 1e3,
           (double) histogram_quantile_ns(&histogram, 0.99) / 1e3);
    if (spent)
        printf("  %6.0f instructions", (double) spent / n_carts);
    printf("  %4.1f found  sealed in %.0f ms of processor time\n", (double) found / (n_carts * 1.1),
           seal_ms);
    if (counter >= 0)
        (void) close(counter);
    (void) arena_free(arena);
    (void) model_unref(model);
}

static void measure_by_lot(const char *name, const struct shop *shop, enum trained_form form,
                           uint32_t n_carts)
{
    struct out file;
    out_init(&file, NULL, 0);
    struct trained *trained = trained_by_lot(shop, form, &file);
    measure(name, shop, trained, n_carts);
    (void) trained_unref(trained);
    out_deinit(&file);
}

int main(int argc, char **argv)
{
    char orders[4096] = "";
    const char *data = getenv("OFFERD_TEST_DATA"), *given = NULL;
    uint32_t n_skus = 100000, n_carts = 100000;
    if (data)
        (void) snprintf(orders, sizeof orders, "%s/online-retail/order_lines.csv.gz", data);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--orders") == 0)
            (void) snprintf(orders, sizeof orders, "%s", argv[i + 1]);
        else if (strcmp(argv[i], "--trained") == 0)
            given = argv[i + 1];
        else if (strcmp(argv[i], "--skus") == 0)
            n_skus = (uint32_t) atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--carts") == 0)
            n_carts = (uint32_t) atoi(argv[i + 1]);
    }
    struct shop shop = { 0 };
    if (shop_of_file(&shop, orders)) {
        measure("orders, no trained", &shop, NULL, n_carts);
        measure_by_lot("orders, lists of 64", &shop, TRAINED_LISTS, n_carts);
        if (given) {
            struct trained *trained = trained_of_file(given);
            measure("orders, the trained given", &shop, trained, n_carts);
            (void) trained_unref(trained);
        }
        shop_deinit(&shop);
    } else {
        printf("no orders: set OFFERD_TEST_DATA, or give --orders\n");
    }
    if (n_skus < ORDER_LINES * LINES)
        return 0;
    shop = (struct shop){ 0 };
    shop_generated(&shop, DENSE_SKUS);
    measure_by_lot("generated, all weights", &shop, TRAINED_DENSE, n_carts);
    shop_deinit(&shop);
    shop = (struct shop){ 0 };
    shop_generated(&shop, n_skus);
    measure("generated, no trained", &shop, NULL, n_carts);
    measure_by_lot("generated, lists of 64", &shop, TRAINED_LISTS, n_carts);
    shop_deinit(&shop);
    return 0;
}
