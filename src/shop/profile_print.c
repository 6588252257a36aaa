/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "shop/profile_bytes.h"
#include "shop/profile_format.h"

struct printing {
    struct out *out;
    int unit;
    uint64_t last_seen; /* in units, as all times */
    uint32_t session;   /* of the touch before */
    int64_t times[PROFILE_MAX_OWNED];
    uint32_t n_times;
};

static void put_varint(struct out *out, uint64_t value)
{
    char bytes[VARINT_MAX];
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[n++] = (char) (value | 0x80);
    bytes[n++] = (char) value;
    out_bytes(out, bytes, n);
}

static uint64_t in_units(const struct printing *p, int64_t at_us)
{
    return (uint64_t) (at_us / units_us[p->unit]);
}

static void put_time(struct printing *p, int64_t at_us) /* as a distance from last_seen */
{
    put_varint(p->out, distance(p->last_seen, in_units(p, at_us)));
}

static void put_text(struct printing *p, struct str text, struct str before)
{
    size_t most = text.len < before.len ? text.len : before.len, shared = 0;
    most = most < SHARED_MAX ? most : SHARED_MAX;
    while (shared < most && text.at[shared] == before.at[shared])
        shared++;
    size_t rest = text.len - shared;
    out_char(p->out,
             (char) ((shared < ESCAPE ? shared : ESCAPE) << 4 | (rest < ESCAPE ? rest : ESCAPE)));
    if (shared >= ESCAPE)
        put_varint(p->out, shared - ESCAPE);
    if (rest >= ESCAPE)
        put_varint(p->out, rest - ESCAPE);
    out_bytes(p->out, text.at + shared, rest);
}

static void fit_unit(struct printing *p, int64_t at_us)
{
    while (at_us % units_us[p->unit] != 0)
        p->unit--;
}

static void choose_unit(struct printing *p, const struct profile *profile)
{
    p->unit = 3;
    fit_unit(p, profile->first_seen_us);
    fit_unit(p, profile->last_seen_us);
    fit_unit(p, profile->last_order_us);
    for (uint32_t i = 0; i < profile->n_owned; i++)
        fit_unit(p, profile->owned[i].last_us);
    for (uint32_t i = 0; i < profile->n_rules; i++) {
        const struct rule_memory *memory = &profile->rules[i];
        for (int what = 0; what < TOUCHES; what++)
            fit_unit(p, memory->last_us[what]);
        for (uint32_t t = 0; t < memory->n_touches; t++)
            fit_unit(p, memory->touches[t].at_us);
    }
    p->last_seen = in_units(p, profile->last_seen_us);
}

static void put_head(struct printing *p, const struct profile *profile)
{
    struct out *out = p->out;
    uint64_t touches = 0;
    for (uint32_t i = 0; i < profile->n_rules; i++)
        touches += profile->rules[i].n_touches;
    size_t arrays = sizeof *profile + profile->n_owned * sizeof *profile->owned +
                    profile->n_rules * sizeof *profile->rules + touches * sizeof(struct touch) +
                    profile->n_viewed * sizeof *profile->viewed +
                    profile->n_owned * sizeof *profile->owned_hints;

    out_char(out, FORMAT_VERSION);
    out_char(out, (char) (p->unit | (profile->first_name.at ? FLAG_NAME : 0) |
                          (profile->last_order_us != 0 ? FLAG_ORDER : 0) |
                          (profile->forgot ? FLAG_FORGOT : 0)));
    put_varint(out, profile->position);
    put_varint(out, profile->n_owned);
    put_varint(out, profile->n_rules);
    put_varint(out, touches);
    put_varint(out, profile->n_viewed);
    put_varint(out, profile_bytes(profile) - arrays - profile->customer_id.len);
    if (profile->first_name.at)
        put_text(p, profile->first_name, (struct str){ 0 });
    put_varint(out, distance(p->last_seen, 0));
    put_time(p, profile->first_seen_us);
    if (profile->last_order_us != 0)
        put_time(p, profile->last_order_us);
    put_varint(out, distance((uint64_t) profile->orders, 0));
    put_varint(out, distance((uint64_t) profile->spend_minor, 0));
    put_varint(out, profile->consent);
}

static int by_newest(const void *a, const void *b)
{
    int64_t left = *(const int64_t *) a, right = *(const int64_t *) b;
    return (left < right) - (left > right);
}

static void put_owned(struct printing *p, const struct profile *profile)
{
    uint32_t n = profile->n_owned;
    for (uint32_t i = 0; i < n; i++)
        p->times[i] = profile->owned[i].last_us;
    if (n > 0)
        qsort(p->times, n, sizeof *p->times, by_newest);
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || p->times[i] != p->times[p->n_times - 1])
            p->times[p->n_times++] = p->times[i];

    uint64_t before = p->last_seen;
    put_varint(p->out, p->n_times);
    for (uint32_t i = 0; i < p->n_times; i++) {
        uint64_t at = in_units(p, p->times[i]);
        put_varint(p->out, distance(before, at));
        before = at;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct owned *owned = &profile->owned[i];
        const int64_t *at =
            bsearch(&owned->last_us, p->times, p->n_times, sizeof *p->times, by_newest);
        put_text(p, owned->sku, i ? owned[-1].sku : (struct str){ 0 });
        put_varint(p->out, (uint64_t) owned->quantity << 1 | (owned->orders != 1));
        put_varint(p->out, (uint64_t) (at - p->times));
        if (owned->orders == 1)
            continue;
        put_varint(p->out, owned->orders);
        put_varint(p->out, owned->times_milli);
    }
}

static void put_touches(struct printing *p, const struct rule_memory *memory)
{
    uint64_t before = p->last_seen;
    for (uint32_t i = 0; i < memory->n_touches; i++) {
        const struct touch *touch = &memory->touches[i];
        int session = touch->session == 0            ? SESSION_NONE
                      : touch->session == p->session ? SESSION_SAME
                                                     : SESSION_OTHER;
        uint64_t at = in_units(p, touch->at_us);
        out_char(p->out, (char) (touch->what + session * TOUCH_SESSION));
        put_varint(p->out, i == 0 ? distance(before, at) : at - before);
        before = at;
        if (session != SESSION_OTHER)
            continue;
        for (int shift = 0; shift < 32; shift += 8)
            out_char(p->out, (char) (touch->session >> shift));
        p->session = touch->session;
    }
}

static void put_rule(struct printing *p, const struct rule_memory *memory, struct str rule_before,
                     struct str group_before)
{
    struct rule_memory told;
    retell(memory->touches, memory->n_touches, &told);
    bool totals = memcmp(told.totals, memory->totals, sizeof told.totals) != 0;
    bool times = memcmp(told.last_us, memory->last_us, sizeof told.last_us) != 0;
    bool declines = told.declines_in_a_row != memory->declines_in_a_row;

    put_text(p, memory->rule, rule_before);
    out_char(p->out, (char) ((memory->group.at ? RULE_GROUP : 0) | (totals ? RULE_TOTALS : 0) |
                             (times ? RULE_TIMES : 0) | (declines ? RULE_DECLINES : 0)));
    if (memory->group.at)
        put_text(p, memory->group, group_before);
    put_varint(p->out, distance((uint64_t) memory->kind, 0));
    put_varint(p->out, memory->n_touches);
    put_touches(p, memory);
    for (int what = 0; totals && what < TOUCHES; what++)
        put_varint(p->out, memory->totals[what]);
    for (int what = 0; times && what < TOUCHES; what++) {
        put_varint(p->out, memory->last_us[what] != 0);
        if (memory->last_us[what] != 0)
            put_time(p, memory->last_us[what]);
    }
    if (declines)
        put_varint(p->out, memory->declines_in_a_row);
}

void profile_print(struct out *out, const struct profile *profile)
{
    struct printing p;
    p.out = out;
    p.session = 0;
    p.n_times = 0;
    size_t start = out->len;
    choose_unit(&p, profile);
    put_head(&p, profile);
    put_owned(&p, profile);
    struct str rule = { 0 }, group = { 0 };
    for (uint32_t i = 0; i < profile->n_rules; i++) {
        put_rule(&p, &profile->rules[i], rule, group);
        rule = profile->rules[i].rule;
        group = profile->rules[i].group;
    }
    for (uint32_t i = 0; i < profile->n_viewed; i++)
        put_text(&p, profile->viewed[i], i ? profile->viewed[i - 1] : (struct str){ 0 });
    if (out->failed)
        return;
    uint32_t sum =
        checksum(profile->customer_id, (struct str){ out->at + start, out->len - start });
    for (int shift = 0; shift < 32; shift += 8)
        out_char(out, (char) (sum >> shift));
}
