/* SPDX-License-Identifier: Apache-2.0 */
/* A profile is one block whose pointers all point into it: moved by bytes but for the hints, then each pointer by as much. */
#include <string.h>

#include "base/arena.h"
#include "shop/customer.h"

struct move {
    const char *from;
    char *to;
};

static void *moved(const struct move *move, const void *pointer)
{
    return pointer ? move->to + ((const char *) pointer - move->from) : NULL;
}

static void move_text(const struct move *move, struct str *text)
{
    text->at = moved(move, text->at);
}

struct profile *profile_copy(const struct profile *profile, struct arena *arena)
{
    size_t bytes = profile_bytes(profile);
    struct profile *copy = arena_take_raw(arena, bytes);
    if (!copy)
        return NULL;
    const struct move move = { (const char *) profile, (char *) copy };
    const char *texts = (const char *) (profile->owned_hints + profile->n_owned);
    memcpy(copy, profile, (size_t) ((const char *) profile->owned_hints - move.from));
    memcpy(moved(&move, texts), texts, (size_t) (move.from + bytes - texts));
    struct owned *owned = moved(&move, profile->owned);
    struct rule_memory *rules = moved(&move, profile->rules);
    struct str *viewed = moved(&move, profile->viewed);
    move_text(&move, &copy->customer_id);
    move_text(&move, &copy->first_name);
    for (uint32_t i = 0; i < profile->n_owned; i++)
        move_text(&move, &owned[i].sku);
    for (uint32_t i = 0; i < profile->n_viewed; i++)
        move_text(&move, &viewed[i]);
    for (uint32_t i = 0; i < profile->n_rules; i++) {
        move_text(&move, &rules[i].rule);
        move_text(&move, &rules[i].group);
        rules[i].touches = moved(&move, rules[i].touches);
    }
    copy->owned = owned;
    copy->rules = rules;
    copy->viewed = viewed;
    copy->owned_hints = NULL; /* others may be changing them */
    return copy;
}
