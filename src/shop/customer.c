/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new profile is drafted first: the old one's fields, with the lists that the event
 * touches rewritten in scratch memory, the others still borrowed from the old profile. Then
 * the draft is packed into one heap block, so a profile is freed by one free and stays
 * together in memory. Every choice (what is evicted, how a tie ends) depends on the event
 * and the old profile alone, so the same log gives the same profile on every machine.
 */
#include "shop/customer.h"

#include <stdlib.h>
#include <string.h>

#include "shop/event.h"
#include "shop/habit.h"
#include "shop/profile_pack.h"

static const uint32_t ORDERS_OF_LINE =
    UINT32_MAX; /* marks a line of the order among what is owned */

struct draft {
    struct profile next;
    struct owned *owned; /* heap, or NULL: as before */
    struct str viewed[PROFILE_MAX_VIEWED + 1];
    struct rule_memory rules[PROFILE_MAX_RULES + 1];
    struct touch touches[PROFILE_MAX_TOUCHES + 1]; /* of the one rule that is touched */
};

static int64_t add_capped(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return a < 0 ? INT64_MIN : INT64_MAX;
}

static int64_t multiply_capped(int64_t a, int64_t b) /* both not negative */
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ── what each event changes ───────────────────────────────────────────────────────────────────────── */

static int by_sku(const void *a, const void *b)
{
    return str_cmp(((const struct owned *) a)->sku, ((const struct owned *) b)->sku);
}

static int by_newest(const void *a, const void *b)
{
    const struct owned *left = a, *right = b;
    if (left->last_us != right->last_us)
        return left->last_us > right->last_us ? -1 : 1;
    return str_cmp(left->sku, right->sku);
}

/* One more order of it, or the first. @forgot: then it may not be the first. */
static void count_order(struct owned *sum, bool is_first, int64_t at_us, bool forgot)
{
    if (is_first) {
        sum->last_us = at_us;
        sum->times_milli = HABIT_ONCE_MILLI;
        sum->orders = forgot ? 0 : 1;
        return;
    }
    habit_add(&sum->times_milli, &sum->last_us, at_us);
    if (sum->orders > 0 && sum->orders < ORDERS_OF_LINE - 1)
        sum->orders++;
}

/*
 * Joins neighbours of one SKU, what was owned and the lines of one order, and drops what is not owned any
 * more; how many are left. @at_us: of the order; NULL: it is a return.
 */
static uint32_t join_same(struct owned *owned, uint32_t n, const int64_t *at_us, bool forgot)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n;) {
        struct owned sum = owned[i];
        int64_t quantity = 0;
        bool before = false, line = false;
        for (struct str sku = sum.sku; i < n && str_eq(owned[i].sku, sku); i++) {
            quantity = add_capped(quantity, owned[i].quantity);
            if (owned[i].orders == ORDERS_OF_LINE) {
                line = true;
            } else {
                before = true;
                sum = owned[i];
            }
        }
        sum.quantity = quantity;
        if (line && at_us)
            count_order(&sum, !before, *at_us, forgot);
        if (quantity > 0)
            owned[kept++] = sum;
    }
    return kept;
}

/* Adds the order's lines (@sign 1), or takes them away again (-1). */
static enum err change_owned(struct draft *draft, const struct event *event, int sign)
{
    uint32_t n = draft->next.n_owned;
    draft->owned = malloc((n + event->order.n_lines + 1) * sizeof *draft->owned);
    if (!draft->owned)
        return ERR_NOMEM;
    if (n > 0)
        memcpy(draft->owned, draft->next.owned, n * sizeof *draft->owned);
    for (uint32_t i = 0; i < event->order.n_lines; i++) {
        const struct order_line *line = &event->order.lines[i];
        draft->owned[n++] = (struct owned){ .sku = line->sku,
                                            .quantity = sign * line->quantity,
                                            .orders = ORDERS_OF_LINE };
    }
    if (event->order.n_lines > 0)
        qsort(draft->owned, n, sizeof *draft->owned, by_sku);
    n = join_same(draft->owned, n, sign > 0 ? &event->at_us : NULL, draft->next.forgot);
    if (n > PROFILE_MAX_OWNED) {
        draft->next.forgot = true;
        qsort(draft->owned, n, sizeof *draft->owned, by_newest);
        n = PROFILE_MAX_OWNED;
        qsort(draft->owned, n, sizeof *draft->owned, by_sku);
    }
    draft->next.owned = draft->owned;
    draft->next.n_owned = n;
    draft->next.owned_hints = NULL;
    return OK;
}

static int64_t order_value(const struct event *event)
{
    int64_t value = 0;
    for (uint32_t i = 0; i < event->order.n_lines; i++)
        value = add_capped(value, multiply_capped(event->order.lines[i].quantity,
                                                  event->order.lines[i].unit_price_minor));
    return value;
}

static enum err apply_order(struct draft *draft, const struct event *event)
{
    struct profile *next = &draft->next;
    next->orders = add_capped(next->orders, 1);
    next->spend_minor = add_capped(next->spend_minor, order_value(event));
    next->last_order_us = later(next->last_order_us, event->at_us);
    return change_owned(draft, event, 1);
}

static enum err apply_return(struct draft *draft, const struct event *event)
{
    draft->next.spend_minor = add_capped(draft->next.spend_minor, -order_value(event));
    return change_owned(draft, event, -1);
}

static void apply_view(struct draft *draft, const struct event *event)
{
    if (!event->sku.at)
        return;
    uint32_t n = 0;
    draft->viewed[n++] = event->sku;
    for (uint32_t i = 0; i < draft->next.n_viewed && n < PROFILE_MAX_VIEWED; i++)
        if (!str_eq(draft->next.viewed[i], event->sku))
            draft->viewed[n++] = draft->next.viewed[i];
    draft->next.viewed = draft->viewed;
    draft->next.n_viewed = n;
}

/* Where @rule stands among the sorted rules, or where it belongs. */
static uint32_t rule_place(const struct rule_memory *rules, uint32_t n, struct str rule,
                           bool *ret_found)
{
    uint32_t low = 0, high = n;
    *ret_found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = str_cmp(rules[middle].rule, rule);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int64_t last_touched(const struct rule_memory *memory)
{
    int64_t last = 0;
    for (int what = 0; what < TOUCHES; what++)
        last = later(last, memory->last_us[what]);
    return last;
}

/* The customer has said something about it: a decline, a stop or an acceptance to be remembered. */
static bool is_answered(const struct rule_memory *memory)
{
    return memory->totals[TOUCH_ACCEPTED] > 0 || memory->totals[TOUCH_DECLINED] > 0;
}

/*
 * The least recently touched other than @kept, of those that were never answered, or of those that
 * were when they are more than their share; ties end by the smaller id.
 */
static uint32_t evict_rule(struct rule_memory *rules, uint32_t n, uint32_t kept)
{
    uint32_t oldest = n, n_answered = 0;
    for (uint32_t i = 0; i < n; i++)
        n_answered += is_answered(&rules[i]);
    bool answered = n_answered > PROFILE_MAX_ANSWERED;
    for (uint32_t i = 0; i < n; i++)
        if (i != kept && is_answered(&rules[i]) == answered &&
            (oldest == n || last_touched(&rules[i]) < last_touched(&rules[oldest])))
            oldest = i;
    memmove(&rules[oldest], &rules[oldest + 1], (n - oldest - 1) * sizeof *rules);
    return n - 1;
}

/* The rule's touches with one more, oldest first; the oldest goes when they are too many. */
static void add_touch(struct draft *draft, struct rule_memory *memory, struct touch touch)
{
    uint32_t n = memory->n_touches, at = n;
    while (at > 0 && memory->touches[at - 1].at_us > touch.at_us)
        at--;
    for (uint32_t i = 0; i < n; i++)
        draft->touches[i < at ? i : i + 1] = memory->touches[i];
    draft->touches[at] = touch;
    n++;
    uint32_t drop = n > PROFILE_MAX_TOUCHES ? 1 : 0;
    memory->touches = draft->touches + drop;
    memory->n_touches = n - drop;
}

/*
 * An acceptance ends the row of the declines before it, not of those after it: it may come late, or
 * with a guest who turned out to be the customer. Declines too old to be remembered one by one are
 * left in the row by an acceptance that may be older still.
 */
static void end_row(struct rule_memory *memory, int64_t at_us)
{
    uint32_t since = 0;
    for (uint32_t i = 0; i < memory->n_touches; i++)
        since += memory->touches[i].what == TOUCH_DECLINED && memory->touches[i].at_us > at_us;
    bool all_known = memory->n_touches == 0 || memory->touches[0].at_us <= at_us ||
                     memory->last_us[TOUCH_DECLINED] <= at_us;
    if (all_known && since < memory->declines_in_a_row)
        memory->declines_in_a_row = since;
}

static void apply_touch(struct draft *draft, const struct event *event, enum touch_what what)
{
    if (!event->offer.rule.at)
        return;
    bool found;
    uint32_t n = draft->next.n_rules;
    uint32_t at = rule_place(draft->next.rules, n, event->offer.rule, &found);
    for (uint32_t i = 0; i < n; i++)
        draft->rules[found || i < at ? i : i + 1] = draft->next.rules[i];
    struct rule_memory *memory = &draft->rules[at];
    if (!found) {
        memset(memory, 0, sizeof *memory);
        memory->rule = event->offer.rule;
        n++;
    }
    memory->group = event->offer.group;
    memory->kind = event->offer.kind;
    if (memory->totals[what] < UINT32_MAX)
        memory->totals[what]++;
    memory->last_us[what] = later(memory->last_us[what], event->at_us);
    if (what == TOUCH_ACCEPTED)
        end_row(memory, event->at_us);
    if (what == TOUCH_DECLINED && memory->declines_in_a_row < UINT32_MAX)
        memory->declines_in_a_row++;

    add_touch(draft, memory,
              (struct touch){ .at_us = event->at_us,
                              .session = session_mark(event->session_id),
                              .what = (uint8_t) what });

    if (n > PROFILE_MAX_RULES)
        n = evict_rule(draft->rules, n, at);
    draft->next.rules = draft->rules;
    draft->next.n_rules = n;
}

static void apply_update(struct profile *next, const struct event *event)
{
    next->consent |= event->customer.consent_given;
    next->consent &= ~event->customer.consent_withdrawn;
    if (event->customer.name.at)
        next->first_name = event->customer.name;
}

static enum err apply(struct draft *draft, const struct event *event)
{
    struct profile *next = &draft->next;
    if (next->position == 0 || event->at_us < next->first_seen_us)
        next->first_seen_us = event->at_us;
    if (next->position == 0 || event->at_us > next->last_seen_us)
        next->last_seen_us = event->at_us;

    switch (event->type) {
    case EVENT_ORDER_PLACED: return apply_order(draft, event);
    case EVENT_ORDER_RETURNED: return apply_return(draft, event);
    case EVENT_PRODUCT_VIEWED: apply_view(draft, event); break;
    case EVENT_OFFER_SHOWN: apply_touch(draft, event, TOUCH_SHOWN); break;
    case EVENT_OFFER_CLICKED: apply_touch(draft, event, TOUCH_CLICKED); break;
    case EVENT_OFFER_ACCEPTED: apply_touch(draft, event, TOUCH_ACCEPTED); break;
    case EVENT_OFFER_DECLINED: apply_touch(draft, event, TOUCH_DECLINED); break;
    case EVENT_CUSTOMER_UPDATED: apply_update(next, event); break;
    default: break; /* kept in the log; what is made of it comes with segments */
    }
    return OK;
}

/* @draft with @event, which then stands at @position. */
static enum err finish(struct draft *draft, const struct event *event, uint64_t position,
                       struct profile **ret_profile)
{
    enum err err = apply(draft, event);
    draft->next.position = position;
    if (err == OK)
        err = profile_pack(&draft->next, ret_profile);
    free(draft->owned);
    return err;
}

enum err profile_apply(const struct profile *before, const struct event *event, uint64_t position,
                       struct profile **ret_profile)
{
    struct draft draft;
    draft.owned = NULL;
    if (before)
        draft.next = *before;
    else {
        memset(&draft.next, 0, sizeof draft.next);
        draft.next.customer_id = event->customer_id;
    }
    if (position <= draft.next.position)
        return profile_pack(&draft.next, ret_profile);
    return finish(&draft, event, position, ret_profile);
}

enum err profile_absorb(const struct profile *before, const struct event *event,
                        struct profile **ret_profile)
{
    struct draft draft;
    draft.owned = NULL;
    draft.next = *before;
    if (event->type == EVENT_CUSTOMER_UPDATED)
        return profile_pack(before, ret_profile);
    return finish(&draft, event, before->position, ret_profile);
}

struct profile *profile_new(struct str customer_id)
{
    struct profile empty, *profile = NULL;
    memset(&empty, 0, sizeof empty);
    empty.customer_id = customer_id;
    return profile_pack(&empty, &profile) == OK ? profile : NULL;
}

struct profile *profile_free(struct profile *profile)
{
    free(profile);
    return NULL;
}

const struct owned *profile_owned(const struct profile *profile, struct str sku)
{
    struct owned wanted = { .sku = sku };
    if (profile->n_owned == 0)
        return NULL;
    return bsearch(&wanted, profile->owned, profile->n_owned, sizeof wanted, by_sku);
}

const struct rule_memory *profile_rule(const struct profile *profile, struct str rule_id)
{
    bool found;
    uint32_t at = rule_place(profile->rules, profile->n_rules, rule_id, &found);
    return found ? &profile->rules[at] : NULL;
}

uint32_t session_mark(struct str session_id)
{
    if (!session_id.at)
        return 0;
    uint32_t mark = (uint32_t) str_hash(session_id);
    return mark ? mark : 1; /* 0 is "no session" */
}
