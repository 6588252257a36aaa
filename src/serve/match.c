/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Match: cart and customer -> rules that apply, by falling priority. A long list of rules has an
 * index, which finds those that match without looking at most others; a short one is verified rule
 * by rule against the facts. A rule whose expressions ran into the deadline is left out, whatever it
 * would have come to. For a receipt what did not match keeps its reason: all of a short list, of a
 * long one the first RECEIPT_MOST.
 */
#include "rules/rule_index.h"
#include "serve/decision.h"
#include "shop/catalog.h"
#include "world/wheres.h"

enum {
    LOOKED_BETWEEN = 32, /* rules, between two looks at the clock */
    PLACES = 8,          /* for rules, taken at once */
};

/* For expressions, which may be dear: see facts.h. */
static bool has_time(void *decision)
{
    return decision_has_time(decision);
}

static void gather_facts(struct decision *d)
{
    struct facts *f = &d->facts;
    facts_init(f);
    f->catalog = d->request.world->catalog;
    f->cart = &d->request.cart;
    f->memory = d->who.memory;
    f->person = d->who.person;
    f->trigger_line = d->request.trigger_line;
    if (d->request.trigger_line && d->request.trigger_line->product != PRODUCT_NONE)
        f->trigger = catalog_product(d->request.world->catalog, d->request.trigger_line->product);
    f->attr_names = ruleset_attr_names(d->request.world->rules);
    f->now_us = d->now_us;
    f->has_time = has_time;
    f->owner = d;
    f->channel = d->request.channel;
    f->country = d->request.country;
    f->device = d->request.device;
    f->language = str_of(locale_name(d->request.locale));
    f->order_total_minor = d->request.order_total_minor;
}

/* What failed only a receipt tells. */
static inline void verify(struct decision *d, struct considered *c)
{
    static const enum receipt_reason reasons[] = { [MATCH_YES] = RECEIPT_NO_PRODUCT,
                                                   [MATCH_NO] = RECEIPT_CONDITION,
                                                   [MATCH_UNKNOWN] = RECEIPT_UNKNOWN,
                                                   [MATCH_OFF_SCHEDULE] = RECEIPT_SCHEDULE };
    if (c->rule->status == STATUS_PAUSED) {
        c->reason = RECEIPT_PAUSED;
        return;
    }
    if (!d->request.explain) {
        c->matched = rule_holds(c->rule, &d->facts, d->now_us);
        c->reason = c->matched ? RECEIPT_NO_PRODUCT : RECEIPT_CONDITION;
        return;
    }
    struct match_verdict verdict = blame_matches(d->match.blame, c->rule, d->now_us, &c->hint);
    c->reason = reasons[verdict.answer];
    c->failed = verdict.failed;
    c->matched = verdict.answer == MATCH_YES;
}

/* The same; false when time ran out on the way. */
static inline bool verify_in_time(struct decision *d, struct considered *c)
{
    verify(d, c);
    if (!d->facts.late)
        return true;
    c->matched = false;
    c->failed = NULL;
    c->reason = RECEIPT_DEADLINE;
    return false;
}

/*
 * A place for rule @number, on the receipt when there is one. Without, a rule that does not match
 * leaves its place to the next. NULL for lack of room.
 */
static inline struct considered *place_of(struct decision *d, uint32_t number)
{
    if (d->match.n_spare == 0) {
        d->match.spare = arena_take_raw(d->arena, PLACES * sizeof *d->match.spare);
        d->match.n_spare = d->match.spare ? PLACES : 0;
        if (!d->match.spare)
            return NULL;
    }
    struct considered *c = d->match.spare++;
    d->match.n_spare--;
    memset(c, 0, offsetof(struct considered, hint));
    c->rule = &d->match.all_rules[number];
    c->number = number;
    c->reason = RECEIPT_DEADLINE;
    if (d->request.explain) {
        *d->match.told_end = c;
        d->match.told_end = &c->next_told;
        d->match.n_told++;
    }
    return c;
}

static enum err begin_receipt(struct decision *d)
{
    d->match.blame = arena_take_raw(d->arena, sizeof *d->match.blame);
    if (!d->match.blame)
        return decision_no_room(d);
    d->match.told_end = &d->match.told;
    blame_init(d->match.blame, &d->facts, NULL);
    return OK;
}

static enum err begin(struct decision *d)
{
    gather_facts(d);
    if (!d->request.world->same_money)
        return OK;
    const struct rule_index *index =
        ruleset_rule_index(d->request.world->rules, d->request.trigger, d->request.placement);
    if (index && !(d->match.cursor = rule_cursor_new(index, d->request.world->wheres->products,
                                                     &d->facts, d->now_us, d->arena)))
        return decision_no_room(d);
    d->match.all_rules = ruleset_rule(d->request.world->rules, 0);
    d->match.rules = ruleset_candidates(d->request.world->rules, d->request.trigger,
                                        d->request.placement, &d->match.n_rules);
    return d->request.explain ? begin_receipt(d) : OK;
}

/* Of the priority that the handful ends with? Then it competes with that one: see rank.c. */
static bool is_of_its_priority(const struct decision *d, uint32_t number)
{
    return d->match.all_rules[number].priority ==
           d->match.handful[d->match.n_handful - 1]->rule->priority;
}

/* May a rule join that stands at @number or behind it? */
static bool may_join(const struct decision *d, uint32_t wanted, uint32_t number)
{
    return d->match.n_handful < wanted ||
           (d->match.n_handful < DECISION_HANDFUL && is_of_its_priority(d, number));
}

/* A rule that the index found. */
static enum err take_match(struct decision *d, uint32_t number)
{
    struct considered *c = place_of(d, number);
    if (!c)
        return decision_no_room(d);
    c->reason = RECEIPT_NO_PRODUCT;
    c->matched = true;
    d->match.handful[d->match.n_handful++] = c;
    return OK;
}

/*
 * Those before rule @next, which the index did not find, in a receipt. They are few, so only their
 * expressions look at the clock.
 */
static enum err tell_missed(struct decision *d, uint32_t next)
{
    while (d->request.explain && d->match.n_missed < RECEIPT_MOST &&
           d->match.n_looked < d->match.n_rules) {
        uint32_t number = d->match.rules[d->match.n_looked++];
        if (number == next)
            break;
        struct considered *c = place_of(d, number);
        if (!c)
            return decision_no_room(d);
        if (!d->facts.late)
            (void) verify_in_time(d, c);
        d->match.n_missed++;
    }
    return OK;
}

/* A rule that the index found when time had run out: what it is to the request is not known. */
static enum err leave_out(struct decision *d, uint32_t number)
{
    TRY(tell_missed(d, number));
    if (d->request.explain && !place_of(d, number))
        return decision_no_room(d);
    d->match.n_considered = d->match.n_rules;
    return OK;
}

/* The clock is looked at only while there is a rule that would be left out. */
static enum cursor_answer next_match(struct decision *d, uint32_t *ret_number)
{
    enum cursor_answer answer;
    while ((answer = rule_cursor_next(d->match.cursor, 0, ret_number)) == CURSOR_PAUSE) {
        if (!decision_has_time(d))
            return CURSOR_END;
        answer = rule_cursor_next(d->match.cursor, LOOKED_BETWEEN, ret_number);
        if (answer != CURSOR_PAUSE)
            break;
    }
    return answer;
}

/* May the index have another one that joins? */
static bool may_find_more(const struct decision *d, uint32_t wanted)
{
    if (d->match.n_handful < wanted)
        return true;
    uint32_t number = rule_cursor_peek(d->match.cursor);
    return number != UINT32_MAX && may_join(d, wanted, number);
}

/* n_considered jumps to the end when there is none left. One that was found too early waits. */
static enum err match_by_index(struct decision *d, uint32_t wanted)
{
    uint32_t number;
    if (d->match.ahead)
        TRY(take_match(d, d->match.ahead - 1));
    d->match.ahead = 0;
    while (d->match.n_considered < d->match.n_rules && may_find_more(d, wanted)) {
        switch (next_match(d, &number)) {
        case CURSOR_RULE:
            if (d->facts.late)
                return leave_out(d, number);
            TRY(tell_missed(d, number));
            if (!may_join(d, wanted, number)) {
                d->match.ahead = number + 1;
                return OK;
            }
            TRY(take_match(d, number));
            break;
        case CURSOR_NO_ROOM: return decision_no_room(d);
        case CURSOR_PAUSE:
        case CURSOR_END:
            if (rule_cursor_peek(d->match.cursor) == UINT32_MAX) /* else time is over */
                TRY(tell_missed(d, UINT32_MAX));
            d->match.n_considered = d->match.n_rules;
            break;
        }
    }
    return OK;
}

static enum err match_by_list(struct decision *d, uint32_t wanted)
{
    uint32_t looked = 0;
    bool time_left = true;
    while (d->match.n_considered < d->match.n_rules &&
           may_join(d, wanted, d->match.rules[d->match.n_considered])) {
        struct considered *c = place_of(d, d->match.rules[d->match.n_considered++]);
        if (!c)
            return decision_no_room(d);
        if (looked++ % LOOKED_BETWEEN == 0)
            time_left = decision_has_time(d);
        if (time_left)
            time_left = verify_in_time(d, c);
        if (c->matched)
            d->match.handful[d->match.n_handful++] = c;
        else if (!d->request.explain) {
            d->match.spare = c;
            d->match.n_spare++;
        }
    }
    return OK;
}

enum err match_run(struct decision *d)
{
    if (!d->facts.catalog)
        TRY(begin(d));
    uint32_t wanted = d->request.limit < DECISION_WANTED ? d->request.limit : DECISION_WANTED;
    d->match.n_handful = 0;
    if (d->match.cursor)
        return match_by_index(d, wanted);
    return match_by_list(d, decision_is_full(d) ? DECISION_HANDFUL : wanted);
}
