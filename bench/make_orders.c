/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A made-up order history as CSV on standard output, for measuring what training costs:
 *
 *     make_orders [LINES [SKUS [CUSTOMERS [SEED]]]]        10000000 100000 300000 1
 *
 * A long tail like a shop's: the SKU on place r sells like 1 / (r + 20). SKUs belong to themes of about 50; an order is
 * about one to three themes, themes are of unequal interest too, a quarter of the lines come from anywhere, and
 * a customer takes one line in ten from among his own few usual ones. An order has 8 lines in the mean; one in a hundred is a
 * wholesaler's with 40 to 240. Two years, busier in each December. The same numbers give the same file.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { THEME_SKUS = 50, MOST_LINES = 240, YEARS_DAYS = 730, USUAL = 6 };

struct shop {
    uint32_t skus, themes, customers;
    uint64_t state[2];
};

static uint64_t next(struct shop *shop) /* xorshift128+ */
{
    uint64_t a = shop->state[0], b = shop->state[1];
    shop->state[0] = b;
    a ^= a << 23;
    shop->state[1] = a ^ b ^ (a >> 18) ^ (b >> 5);
    return shop->state[1] + b;
}

static double part(struct shop *shop)
{
    return (double) (next(shop) >> 11) / 9007199254740992.0;
}

/* A place below @n that is taken like 1 / (place + @flat). */
static uint32_t tail(struct shop *shop, uint32_t n, double flat)
{
    double place = flat * (pow((n + flat) / flat, part(shop)) - 1);
    return place < n ? (uint32_t) place : n - 1;
}

static uint32_t from_theme(struct shop *shop, uint32_t theme)
{
    uint32_t sku = tail(shop, THEME_SKUS, 3) * shop->themes + theme;
    return sku < shop->skus ? sku : theme;
}

static uint32_t size_of_order(struct shop *shop)
{
    if (part(shop) < .01)
        return 40 + (uint32_t) (next(shop) % 201);
    uint32_t n = 1 + (uint32_t) (-7 * log(1 - part(shop)));
    return n < MOST_LINES ? n : MOST_LINES;
}

/* Second of the two years in which order @part_of_all of 1 was placed: half as much again in December. */
static int64_t moment(double part_of_all)
{
    double year = part_of_all * 2 - floor(part_of_all * 2),
           day = year < .88 ? year / .88 * 334 : 334 + (year - .88) / .12 * 31;
    return (int64_t) ((floor(part_of_all * 2) * 365 + day) * 86400);
}

static void write_order(struct shop *shop, uint64_t number, double part_of_all, uint32_t n)
{
    static const int64_t FIRST_DAY = 1704067200; /* 2024-01-01 */
    uint32_t customer = tail(shop, shop->customers, 500), themes[3], n_themes = 1;
    while (n_themes < 3 && part(shop) < .3)
        n_themes++;
    for (uint32_t i = 0; i < n_themes; i++)
        themes[i] = tail(shop, shop->themes, 50);
    char when[32];
    time_t at = (time_t) (FIRST_DAY + moment(part_of_all));
    struct tm tm;
    (void) strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", gmtime_r(&at, &tm));
    for (uint32_t i = 0; i < n; i++) {
        double kind = part(shop);
        uint32_t sku;
        if (kind < .1) {
            struct shop usual = *shop;
            usual.state[0] = customer * UINT64_C(0x9e3779b97f4a7c15) + next(shop) % USUAL;
            usual.state[1] = ~usual.state[0];
            (void) next(&usual);
            sku = tail(&usual, shop->skus, 20);
        } else if (kind < .35)
            sku = tail(shop, shop->skus, 20);
        else
            sku = from_theme(shop, themes[next(shop) % n_themes]);
        (void) printf("O%" PRIu64 ",C%u,%s,SKU-%06u,1,1\n", number, customer, when, sku);
    }
}

static uint64_t word(int argc, char **argv, int at, uint64_t otherwise)
{
    return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    uint64_t lines = word(argc, argv, 1, 10000000), written = 0;
    struct shop shop = { .skus = (uint32_t) word(argc, argv, 2, 100000),
                         .customers = (uint32_t) word(argc, argv, 3, 300000),
                         .state = { word(argc, argv, 4, 1), UINT64_C(0x2545f4914f6cdd1d) } };
    if (lines == 0 || shop.skus == 0 || shop.customers == 0)
        return fputs("usage: make_orders [LINES [SKUS [CUSTOMERS [SEED]]]]\n", stderr), 2;
    shop.themes = (shop.skus + THEME_SKUS - 1) / THEME_SKUS;
    (void) puts("order_id,customer_id,ordered_at,sku,quantity,unit_price");
    for (uint64_t number = 1; written < lines; number++) {
        uint32_t n = size_of_order(&shop);
        if (n > lines - written)
            n = (uint32_t) (lines - written);
        write_order(&shop, number, (double) written / (double) lines, n);
        written += n;
    }
    return fflush(stdout) != 0 || ferror(stdout);
}
