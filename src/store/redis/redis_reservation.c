/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_reservation.h"

#include <stdlib.h>

#include "store/redis/redis_slots.h"
#include "store/redis/redis_value.h"

enum { KEY_BYTES = 1024 };

/* The key but for its last word. */
static void print_head(struct out *key, const char *life, struct str shop, struct str rule)
{
    if (shop.len + rule.len > KEY_BYTES / 2)
        rule.len = 0; /* no rule has such a name; rather a key nobody uses than a long one */
    redis_value_prefix(key, life, shop);
    out_text(key, STR("b/"));
    out_text(key, rule);
    out_text(key, STR("}:b:"));
}

static void print_key(struct out *out, const char *life, struct str shop, struct str rule,
                      struct str tail)
{
    char text[KEY_BYTES];
    struct out key = { .at = text, .cap = sizeof text };
    print_head(&key, life, shop, rule);
    redis_print_word2(out, out_str(&key), tail);
}

void redis_reservation_print_key(struct out *out, struct str shop, struct str rule)
{
    print_head(out, "cluster0", shop, rule);
}

uint16_t redis_reservation_slot(struct str shop, struct str rule)
{
    char text[KEY_BYTES];
    struct out key = { .at = text, .cap = sizeof text };
    redis_reservation_print_key(&key, shop, rule);
    return redis_slot_of(out_str(&key));
}

void redis_reservation_print_holds(struct out *out, const char *life, struct str shop,
                                   struct str rule)
{
    print_key(out, life, shop, rule, STR("holds"));
}

void redis_reservation_print_count(struct out *out, const char *life, struct str shop,
                                   struct str rule)
{
    print_key(out, life, shop, rule, STR("accepted"));
}

struct redis_reservation *redis_reservation_new(const struct budget_claim *claims, uint32_t n,
                                                int64_t now_us, struct budget_waiter *waiter,
                                                struct redis_budget_reader *reader,
                                                struct redis_reservation **list)
{
    size_t text = 0;
    for (uint32_t i = 0; i < n; i++)
        text += claims[i].rule.len;
    struct redis_reservation *reservation =
        calloc(1, sizeof *reservation + n * sizeof *reservation->claims + text);
    if (!reservation)
        return NULL;
    char *at = (char *) (reservation->claims + n);
    reservation->waiter = waiter;
    reservation->reader = reader;
    reservation->next = *list;
    reservation->before = list;
    if (reservation->next)
        reservation->next->before = &reservation->next;
    *list = reservation;
    reservation->n = reservation->left = n;
    for (uint32_t i = 0; i < n; i++) {
        struct str rule = claims[i].rule;
        memcpy(at, rule.at, rule.len);
        reservation->claims[i] = (struct redis_claim){ .rule = { at, rule.len },
                                                       .mark = claims[i].mark,
                                                       .redemptions = claims[i].redemptions,
                                                       .until_us = claims[i].until_us,
                                                       .now_us = now_us };
        at += rule.len;
    }
    return reservation;
}

void redis_reservation_free(struct redis_reservation *reservation)
{
    if (reservation->before)
        *reservation->before = reservation->next;
    if (reservation->before && reservation->next)
        reservation->next->before = reservation->before;
    free(reservation);
}
