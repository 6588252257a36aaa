/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "shop/habit.h"
#include "shop/profile_bytes.h"
#include "shop/profile_format.h"
#include "shop/profile_pack.h"

/* The first fault empties what is left to read, so that every loop ends soon; then all reads as 0. */
struct parsing {
    const uint8_t *at, *end;
    bool bad;
    int64_t unit_us;
    uint64_t last_seen; /* in units */
    uint32_t session;
    struct profile_block block; /* its pointers move as it is filled */
    const struct touch *touches_end;
};

static void spoil(struct parsing *p)
{
    p->bad = true;
    p->at = p->end;
}

static uint8_t get_byte(struct parsing *p)
{
    if (p->at < p->end)
        return *p->at++;
    spoil(p);
    return 0;
}

static uint64_t get_long_varint(struct parsing *p)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        uint8_t byte = get_byte(p);
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t) (byte & 0x7f) << shift;
        if (byte < 0x80) /* the last one, or nothing is left */
            return value;
    }
    spoil(p);
    return 0;
}

static inline uint64_t get_varint(struct parsing *p)
{
    if (__builtin_expect(p->at < p->end && *p->at < 0x80, 1))
        return *p->at++;
    return get_long_varint(p);
}

static inline uint64_t get_bounded(struct parsing *p, uint64_t most)
{
    uint64_t value = get_varint(p);
    if (__builtin_expect(value <= most, 1))
        return value;
    spoil(p);
    return 0;
}

static int64_t get_signed(struct parsing *p)
{
    return (int64_t) difference(get_varint(p));
}

static int64_t in_us(struct parsing *p, uint64_t units)
{
    int64_t at_us;
    if (!__builtin_mul_overflow((int64_t) units, p->unit_us, &at_us))
        return at_us;
    spoil(p);
    return 0;
}

static int64_t get_time(struct parsing *p)
{
    return in_us(p, p->last_seen - difference(get_varint(p)));
}

static uint32_t get_u32(struct parsing *p)
{
    uint32_t value = 0;
    for (int shift = 0; shift < 32; shift += 8)
        value |= (uint32_t) get_byte(p) << shift;
    return value;
}

static void copy_16(char *to, const void *from)
{
    char bytes[16];
    memcpy(bytes, from, sizeof bytes);
    memcpy(to, bytes, sizeof bytes);
}

/* The next text of the block; *ret_shared: how much of it is as in @before, exactly. */
static struct str get_text(struct parsing *p, struct str before, size_t *ret_shared)
{
    uint8_t head = get_byte(p);
    uint64_t shared = head >> 4, rest = head & 15;
    if (shared == ESCAPE)
        shared += get_bounded(p, SHARED_MAX - ESCAPE);
    if (rest == ESCAPE)
        rest += get_bounded(p, (uint64_t) (p->end - p->at));
    char *to = p->block.texts;
    size_t left = (size_t) (p->end - p->at), room = (size_t) (p->block.end - to);
    if (shared > before.len || rest > left || shared + rest > room) {
        spoil(p);
        return (struct str){ to, 0 };
    }
    if (shared <= 16 && rest <= 16 && left >= 16 && room >= 32) { /* nearly always */
        if (shared > 0)
            copy_16(to, before.at);
        copy_16(to + shared, p->at);
    } else {
        if (shared > 0)
            memcpy(to, before.at, shared);
        memcpy(to + shared, p->at, rest);
    }
    p->at += rest;
    p->block.texts += shared + rest;
    *ret_shared = shared;
    return (struct str){ to, shared + rest };
}

/* The next text of a rising list. What is shared with the text before shows where they differ. */
static struct str get_next(struct parsing *p, struct str before)
{
    size_t shared = 0;
    struct str text = get_text(p, before, &shared);
    if (!before.at)
        return text;
    bool rises = shared == SHARED_MAX ? str_cmp(before, text) < 0
                 : shared < before.len
                     ? shared < text.len && (uint8_t) text.at[shared] > (uint8_t) before.at[shared]
                     : shared < text.len;
    if (!rises)
        spoil(p);
    return text;
}

/*
 * The first @shared bytes of @before, then those at @rest; no more than 16 are meant. Written in one piece, because the
 * next text begins with reading it: two pieces would first have to reach the cache. Little-endian.
 */
static inline void join_16(char *to, const char *before, uint32_t shared, const uint8_t *rest)
{
    __extension__ unsigned __int128 head = 0, tail;
    memcpy(&tail, rest, sizeof tail);
    if (shared > 0) {
        memcpy(&head, before, sizeof head);
        head &= ((__extension__(unsigned __int128) 1) << 8 * shared) - 1;
    }
    tail = tail << 8 * shared | head;
    memcpy(to, &tail, sizeof tail);
}

/*
 * From the @i-th on, as far as they are what nearly all are: SKUs of at most 16 bytes bought in one order. Each one's
 * length says where the next begins; all wait for that, so it is kept in variables and not in @p.
 */
static uint32_t get_short_owned(struct parsing *p, uint32_t i, uint32_t n, const int64_t *times,
                                uint32_t n_times)
{
    enum { LONGEST = 16, READ = 1 + LONGEST + 2 }; /* head, text, quantity and time */
    struct owned *owned = p->block.owned;
    struct str before = i > 0 ? owned[i - 1].sku : (struct str){ 0 };
    const uint8_t *at = p->at;
    char *to = p->block.texts;
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        return i;
    for (; i < n && p->end - at >= READ && p->block.end - to >= LONGEST; i++) {
        const uint32_t shared = at[0] >> 4, rest = at[0] & 15, len = shared + rest;
        const uint8_t quantity = at[1 + rest], time = at[2 + rest];
        if (shared == ESCAPE || rest == ESCAPE || len > LONGEST || shared > before.len ||
            quantity >= 0x80 || quantity & 1 || quantity == 0 || time >= 0x80 || time >= n_times)
            break;
        if (before.at &&
            (rest == 0 || (shared < before.len && at[1] <= (uint8_t) before.at[shared])))
            break; /* does not rise */
        join_16(to, before.at, shared, at + 1);
        before = (struct str){ to, len };
        owned[i] = (struct owned){ .sku = before,
                                   .quantity = quantity >> 1,
                                   .last_us = times[time],
                                   .orders = 1,
                                   .times_milli = HABIT_ONCE_MILLI };
        to += len;
        at += 3 + rest;
    }
    p->at = at;
    p->block.texts = to;
    return i;
}

static void get_owned(struct parsing *p, uint32_t n)
{
    int64_t times[PROFILE_MAX_OWNED];
    uint64_t at = p->last_seen;
    uint32_t n_times = (uint32_t) get_bounded(p, n);
    if (n > 0 && n_times == 0)
        spoil(p);
    times[0] = 0; /* where an index of damaged bytes points to */
    for (uint32_t i = 0; i < n_times; i++) {
        at -= difference(get_varint(p));
        times[i] = in_us(p, at);
        if (i > 0 && times[i] >= times[i - 1])
            spoil(p);
    }
    for (uint32_t i = 0; i < n && !p->bad; i++) {
        i = get_short_owned(p, i, n, times, n_times);
        if (i == n)
            break;
        struct owned *owned = &p->block.owned[i];
        owned->sku = get_next(p, i > 0 ? owned[-1].sku : (struct str){ 0 });
        uint64_t quantity = get_varint(p);
        owned->quantity = (int64_t) (quantity >> 1);
        owned->last_us = times[get_bounded(p, n_times - 1)];
        owned->orders = 1;
        owned->times_milli = HABIT_ONCE_MILLI;
        if (quantity & 1) {
            owned->orders = (uint32_t) get_bounded(p, UINT32_MAX - 1);
            owned->times_milli = (uint32_t) get_bounded(p, UINT32_MAX);
        }
        if (owned->quantity <= 0 || (quantity & 1 && owned->orders == 1))
            spoil(p);
    }
}

static uint32_t get_session(struct parsing *p, int session)
{
    switch (session) {
    case SESSION_NONE: return 0;
    case SESSION_SAME: break;
    case SESSION_OTHER: p->session = get_u32(p); break;
    default: spoil(p);
    }
    if (p->session == 0)
        spoil(p);
    return p->session;
}

static void get_touches(struct parsing *p, struct rule_memory *memory)
{
    uint32_t n = (uint32_t) get_bounded(p, PROFILE_MAX_TOUCHES);
    if (n > p->touches_end - p->block.touches) {
        spoil(p);
        n = 0;
    }
    struct touch *touches = p->block.touches;
    uint64_t at = p->last_seen;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t head = get_byte(p);
        uint64_t more = get_varint(p);
        at = i == 0 ? at - difference(more) : at + more;
        memset(&touches[i], 0, sizeof touches[i]);
        touches[i].what = head % TOUCH_SESSION;
        touches[i].at_us = in_us(p, at);
        touches[i].session = get_session(p, head / TOUCH_SESSION);
        if (i > 0 && touches[i].at_us < touches[i - 1].at_us)
            spoil(p);
    }
    p->block.touches += n;
    memory->touches = touches;
    memory->n_touches = n;
}

static void get_rule(struct parsing *p, struct rule_memory *memory, struct str rule_before,
                     struct str group_before)
{
    struct str rule = get_next(p, rule_before), group = { 0 };
    size_t shared;
    uint8_t flags = get_byte(p);
    if (flags > RULE_FLAGS)
        spoil(p);
    if (flags & RULE_GROUP)
        group = get_text(p, group_before, &shared);
    int64_t kind = get_signed(p);
    if (kind < INT_MIN || kind > INT_MAX)
        spoil(p);
    struct rule_memory touched;
    get_touches(p, &touched);
    retell(touched.touches, touched.n_touches, memory);
    memory->rule = rule;
    memory->group = group;
    memory->kind = (int) kind;
    memory->touches = touched.touches;
    memory->n_touches = touched.n_touches;
    for (int what = 0; flags & RULE_TOTALS && what < TOUCHES; what++) {
        uint32_t total = (uint32_t) get_bounded(p, UINT32_MAX);
        if (total < memory->totals[what])
            spoil(p);
        memory->totals[what] = total;
    }
    for (int what = 0; flags & RULE_TIMES && what < TOUCHES; what++)
        memory->last_us[what] = get_bounded(p, 1) ? get_time(p) : 0;
    if (flags & RULE_DECLINES)
        memory->declines_in_a_row = (uint32_t) get_bounded(p, UINT32_MAX);
}

static void get_lists(struct parsing *p, struct profile *profile)
{
    struct rule_memory *rules = p->block.rules;
    struct str *viewed = p->block.viewed;
    size_t shared;
    get_owned(p, profile->n_owned);
    struct str rule = { 0 }, group = { 0 };
    for (uint32_t i = 0; i < profile->n_rules && !p->bad; i++) {
        get_rule(p, &rules[i], rule, group);
        rule = rules[i].rule;
        group = rules[i].group;
    }
    for (uint32_t i = 0; i < profile->n_viewed && !p->bad; i++)
        viewed[i] = get_text(p, i ? viewed[i - 1] : (struct str){ 0 }, &shared);
    profile->owned = p->block.owned;
    profile->rules = rules;
    profile->viewed = viewed;
    profile->owned_hints = p->block.hints;
}

static void get_scalars(struct parsing *p, uint8_t flags, struct profile *profile)
{
    size_t shared;
    profile->first_name = (struct str){ 0 };
    profile->forgot = flags & FLAG_FORGOT;
    if (flags & FLAG_NAME)
        profile->first_name = get_text(p, profile->first_name, &shared);
    p->last_seen = difference(get_varint(p));
    profile->last_seen_us = in_us(p, p->last_seen);
    profile->first_seen_us = get_time(p);
    profile->last_order_us = flags & FLAG_ORDER ? get_time(p) : 0;
    profile->orders = get_signed(p);
    profile->spend_minor = get_signed(p);
    profile->consent = (uint32_t) get_bounded(p, UINT32_MAX);
    if (profile->orders < 0 || profile->first_seen_us > profile->last_seen_us)
        spoil(p);
}

static void get_sizes(struct parsing *p, struct profile_sizes *sizes)
{
    sizes->n_owned = (uint32_t) get_bounded(p, PROFILE_MAX_OWNED);
    sizes->n_rules = (uint32_t) get_bounded(p, PROFILE_MAX_RULES);
    sizes->n_touches = (uint32_t) get_bounded(p, sizes->n_rules * PROFILE_MAX_TOUCHES);
    sizes->n_viewed = (uint32_t) get_bounded(p, PROFILE_MAX_VIEWED);
    /* Each text is in the bytes, but for what it shares with another one; of a group, too. */
    uint64_t most = (uint64_t) (p->end - p->at) +
                    (sizes->n_owned + 2 * sizes->n_rules + sizes->n_viewed) * SHARED_MAX;
    sizes->text_bytes = get_bounded(p, most);
}

/* All but the checksum, into a block whose profile is the caller's, good or bad. */
static enum err get_profile(struct parsing *p, struct str customer_id, struct profile **ret_profile)
{
    uint8_t version = get_byte(p), flags = get_byte(p);
    if (version != FORMAT_VERSION || flags > FLAGS)
        return ERR_CORRUPT;
    p->unit_us = units_us[flags & FLAG_UNIT];
    uint64_t position = get_varint(p);
    struct profile_sizes sizes;
    get_sizes(p, &sizes);
    if (p->bad)
        return ERR_CORRUPT;
    sizes.text_bytes += customer_id.len;
    TRY(profile_block_new(&sizes, &p->block));
    p->touches_end = p->block.touches + sizes.n_touches;

    struct profile *profile = *ret_profile = p->block.profile;
    profile->position = position;
    profile->n_owned = sizes.n_owned;
    profile->n_rules = sizes.n_rules;
    profile->n_viewed = sizes.n_viewed;
    profile->customer_id = (struct str){ p->block.texts, customer_id.len };
    if (customer_id.len > 0)
        memcpy(p->block.texts, customer_id.at, customer_id.len);
    p->block.texts += customer_id.len;
    get_scalars(p, flags, profile);
    get_lists(p, profile);
    bool full = p->block.texts == p->block.end && p->block.touches == p->touches_end;
    return p->bad || !full || p->at != p->end ? ERR_CORRUPT : OK;
}

enum err profile_parse(struct str customer_id, struct str bytes, struct profile **ret_profile)
{
    if (bytes.len < CHECKSUM_BYTES)
        return ERR_CORRUPT;
    struct str body = { bytes.at, bytes.len - CHECKSUM_BYTES };
    const uint8_t *at = (const uint8_t *) bytes.at;
    struct parsing p = { .at = at + body.len, .end = at + bytes.len };
    if (get_u32(&p) != checksum(customer_id, body))
        return ERR_CORRUPT;
    p.at = at;
    p.end = at + body.len;
    AUTO(profile_free) struct profile *profile = NULL;
    TRY(get_profile(&p, customer_id, &profile));
    *ret_profile = MOVE(profile);
    return OK;
}
