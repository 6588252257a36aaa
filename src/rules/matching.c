/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching
 *
 * Where a rule is evaluated, and where a condition that failed says what it saw and what it
 * wanted. Values are shown as a rule file writes them: money in the main unit, shares in percent.
 */
#include "rules/facts.h"
#include "rules/rule.h"
#include "rules/ruleset.h"
#include "rules/schedule.h"
#include "shop/event.h"
#include "shop/money.h"

enum { SHOWN_ITEMS = 4, SHOWN_SLOTS = 6 };

bool pick_takes(const struct pick *pick, struct facts *facts, const struct product *product)
{
    if (!pick->where)
        return true;
    facts_candidate(facts, product);
    return term_test(pick->where, &facts->scope) == TRUTH_YES;
}

struct match_verdict rule_matches(const struct rule *rule, struct facts *facts, int64_t now_us)
{
    if (!schedule_is_on(&rule->schedule, now_us))
        return (struct match_verdict){ .answer = MATCH_OFF_SCHEDULE };

    for (uint32_t i = 0; i < rule->n_conditions; i++) {
        const struct condition *condition = &rule->conditions[i];
        enum truth truth = term_test(condition->term, &facts->scope);
        if (truth == TRUTH_NO)
            return (struct match_verdict){ MATCH_NO, condition };
        if (truth == TRUTH_UNKNOWN && !rule->unknown_allows)
            return (struct match_verdict){ MATCH_UNKNOWN, condition };
    }
    return (struct match_verdict){ .answer = MATCH_YES };
}

/* @amount / 10^@decimals: "198000", "19.99". */
static void show_decimal(int64_t amount, int decimals, struct out *out)
{
    uint64_t unit = 1, rest = amount < 0 ? -(uint64_t) amount : (uint64_t) amount;
    for (int i = 0; i < decimals; i++)
        unit *= 10;
    if (amount < 0)
        out_char(out, '-');
    out_printf(out, "%llu", (unsigned long long) (rest / unit));
    if (decimals > 0)
        out_printf(out, ".%0*llu", decimals, (unsigned long long) (rest % unit));
}

static void show_duration(int64_t us, struct out *out)
{
    static const struct {
        int64_t us;
        char letter;
    } units[] = { { 86400000000, 'd' }, { 3600000000, 'h' }, { 60000000, 'm' }, { 1000000, 's' } };
    int shown = 0;

    for (size_t i = 0; i < sizeof units / sizeof *units && shown < 2; i++) {
        if (us / units[i].us == 0 && !(shown == 0 && units[i].letter == 's'))
            continue;
        out_printf(out, "%s%lld%c", shown ? " " : "", (long long) (us / units[i].us),
                   units[i].letter);
        us %= units[i].us;
        shown++;
    }
}

static void show_words(const struct facts *facts, uint32_t list, struct out *out)
{
    static const char *const consents[] = { "personalization", "marketing", "profiling" };
    size_t before = out->len;

    if (list == LIST_CONSENT) {
        for (size_t i = 0; i < sizeof consents / sizeof *consents; i++)
            if (facts->person->consent & consent_of(str_of(consents[i])))
                out_printf(out, "%s%s", out->len > before ? ", " : "", consents[i]);
    } else if (list == LIST_TAGS && facts->item) {
        for (uint32_t i = 0; i < facts->item->n_tags; i++)
            out_printf(out, "%s%.*s", i ? ", " : "", STR_ARG(facts->item->tags[i]));
    }
    if (out->len == before)
        out_text(out, STR("none"));
}

static void show_value(const struct facts *facts, uint32_t slot, struct value value,
                       struct out *out)
{
    enum fact_type type = fact_type(slot);
    int decimals = facts->cart ? money_decimals(facts->cart->currency) : 0;

    if (value.kind == VALUE_STRING)
        out_text(out, value.string);
    else if (value.kind == VALUE_INT && type == TYPE_MONEY)
        show_decimal(value.integer, decimals > 0 ? decimals : 0, out);
    else if (value.kind == VALUE_INT && type == TYPE_PERCENT)
        out_printf(out, "%.10g%%", (double) value.integer / 100);
    else if (value.kind == VALUE_TIMESTAMP)
        out_instant(out, value.integer, false);
    else if (value.kind == VALUE_DURATION)
        show_duration(value.integer, out);
    else if (value.kind == VALUE_LIST)
        show_words(facts, value.list, out);
    else if (value.kind == VALUE_DOUBLE)
        out_printf(out, "%.10g", value.real);
    else
        value_print(value, out);
}

static bool is_comparison(enum term_op op)
{
    return (op >= TERM_EQ && op <= TERM_GE) || op == TERM_IN || op == TERM_STARTS_WITH ||
           op == TERM_CONTAINS || op == TERM_HAS_WORD || op == TERM_HAS;
}

/*
 * The one thing a condition asks about: a slot, or the difference of two. NULL when it asks about
 * several, or about a list. @so_far: what its other parts asked about.
 */
static const struct term *subject_of(const struct term *term, const struct term *so_far)
{
    const struct term *subject = is_comparison(term->op) ? term->children[0] : term;

    if (term->op == TERM_AND || term->op == TERM_OR || term->op == TERM_NOT) {
        for (uint32_t i = 0; i < term->n_children; i++)
            if (!(so_far = subject_of(term->children[i], so_far)))
                return NULL;
        return so_far;
    }
    if (subject->op != TERM_SLOT && subject->op != TERM_SUB)
        return NULL;
    uint32_t slot = subject->op == TERM_SUB ? subject->children[1]->slot : subject->slot;
    if (so_far && so_far->op == TERM_SUB)
        return subject->op == TERM_SUB && slot == so_far->children[1]->slot ? so_far : NULL;
    return !so_far || (subject->op == TERM_SLOT && slot == so_far->slot) ? subject : NULL;
}

static uint32_t slot_of(const struct term *subject)
{
    return subject->op == TERM_SLOT ? subject->slot : FACT_NOW;
}

static void want(const struct facts *facts, const struct term *term, bool negated, struct out *out);

static void want_each(const struct facts *facts, const struct term *term, bool negated,
                      struct out *out)
{
    bool is_and = (term->op == TERM_AND) != negated;
    for (uint32_t i = 0; i < term->n_children; i++) {
        if (i > 0)
            out_text(out, is_and ? STR(" and ") : STR(" or "));
        want(facts, term->children[i], negated, out);
    }
}

static void want_one_of(const struct facts *facts, const struct term *term, struct out *out)
{
    for (uint32_t i = 1; i < term->n_children; i++) {
        if (i > 1)
            out_text(out, STR(", "));
        show_value(facts, slot_of(term->children[0]), term->children[i]->constant, out);
    }
}

/* What would have made @term true (false when @negated), as text. */
static void want(const struct facts *facts, const struct term *term, bool negated, struct out *out)
{
    static const char *const before[TERM_OPS][2] = {
        [TERM_EQ] = { "", "not " },
        [TERM_NE] = { "not ", "" },
        [TERM_LT] = { "< ", ">= " },
        [TERM_LE] = { "<= ", "> " },
        [TERM_GT] = { "> ", "<= " },
        [TERM_GE] = { ">= ", "< " },
        [TERM_IN] = { "one of ", "none of " },
        [TERM_STARTS_WITH] = { "starts with ", "does not start with " },
        [TERM_CONTAINS] = { "contains ", "does not contain " },
        [TERM_HAS_WORD] = { "", "not " },
        [TERM_HAS] = { "known", "unknown" },
        [TERM_SLOT] = { "true", "false" },
    };

    if (term->op == TERM_NOT) {
        want(facts, term->children[0], !negated, out);
    } else if (term->op == TERM_AND || term->op == TERM_OR) {
        want_each(facts, term, negated, out);
    } else {
        out_text(out, str_of(before[term->op][negated]));
        if (term->op == TERM_IN)
            want_one_of(facts, term, out);
        else if (is_comparison(term->op) && term->op != TERM_HAS)
            show_value(facts, slot_of(term->children[0]), term->children[1]->constant, out);
    }
}

/* The slots a predicate reads, each once, at most SHOWN_SLOTS. */
static uint32_t collect_slots(const struct term *term, uint32_t *slots, uint32_t n)
{
    if (term->op == TERM_SLOT && term->slot != FACT_NOW && term->slot != FACT_ITEM_SKU) {
        for (uint32_t i = 0; i < n; i++)
            if (slots[i] == term->slot)
                return n;
        if (n < SHOWN_SLOTS)
            slots[n++] = term->slot;
    }
    for (uint32_t i = 0; i < term->n_children; i++)
        n = collect_slots(term->children[i], slots, n);
    return n;
}

/* The name of a slot of the current item as rule files write it: without the "i." of CEL. */
static void show_name(const struct fact_names *names, uint32_t slot, struct out *out)
{
    const size_t prefix = sizeof TERM_ELEMENT "." - 1;
    size_t at = out->len;

    names->names.print(&names->names, slot, true, out);
    if (out->failed || slot == FACT_NOW)
        return;
    memmove(out->at + at, out->at + at + prefix, out->len - at - prefix);
    out->len -= prefix;
}

/* The current item: "CAM-A7 (category camera, unit_price 198000)". */
static void show_item(struct facts *facts, const struct fact_names *names, const uint32_t *slots,
                      uint32_t n_slots, struct out *out)
{
    out_text(out, facts->item_sku);
    for (uint32_t i = 0; i < n_slots; i++) {
        out_text(out, i ? STR(", ") : STR(" ("));
        show_name(names, slots[i], out);
        out_char(out, ' ');
        show_value(facts, slots[i], facts->scope.load(&facts->scope, slots[i]), out);
    }
    if (n_slots > 0)
        out_char(out, ')');
}

/* "0 of 2: CAM-A7 (category camera), SD-64 (category memory-card)". */
static void see_items(struct facts *facts, const struct term *walk, struct out *out)
{
    struct fact_names names = fact_names_of(facts->attr_names);
    struct value list = term_eval(walk->children[0], &facts->scope);
    uint32_t slots[SHOWN_SLOTS], n_slots = collect_slots(walk->children[1], slots, 0);
    uint32_t n = 0, matching = 0;
    int64_t weight;

    if (list.kind != VALUE_LIST) {
        out_text(out, STR("unknown"));
        return;
    }
    for (; facts->scope.element(&facts->scope, list.list, n, &weight); n++)
        matching += term_test(walk->children[1], &facts->scope) == TRUTH_YES;
    out_printf(out, "%u of %u", matching, n);
    for (uint32_t i = 0; i < n && i < SHOWN_ITEMS; i++) {
        facts->scope.element(&facts->scope, list.list, i, &weight);
        out_text(out, i ? STR(", ") : STR(": "));
        show_item(facts, &names, slots, n_slots, out);
    }
    if (n > SHOWN_ITEMS)
        out_text(out, STR(", …"));
}

/* What one item should be: "category lens, unit_price >= 1000". */
static void want_item(const struct facts *facts, const struct fact_names *names,
                      const struct term *term, bool negated, struct out *out)
{
    if (term->op == TERM_NOT) {
        want_item(facts, names, term->children[0], !negated, out);
    } else if (subject_of(term, NULL)) {
        const struct term *subject = subject_of(term, NULL);
        show_name(names, subject->op == TERM_SUB ? subject->children[1]->slot : subject->slot, out);
        out_char(out, ' ');
        want(facts, term, negated, out);
    } else {
        bool is_and = (term->op == TERM_AND) != negated;
        for (uint32_t i = 0; i < term->n_children; i++) {
            if (i > 0)
                out_text(out, is_and ? STR(", ") : STR(" or "));
            want_item(facts, names, term->children[i], negated, out);
        }
    }
}

static void want_items(const struct facts *facts, const struct term *walk, const char *what,
                       struct out *out)
{
    struct fact_names names = fact_names_of(facts->attr_names);

    out_printf(out, "%s with ", what);
    want_item(facts, &names, walk->children[1], false, out);
}

/* The COUNT that @term compares (each side of a range has its own, of the same items), or NULL. */
static const struct term *subject_of_count(const struct term *term)
{
    while (term->op == TERM_AND && term->n_children > 0)
        term = term->children[0];
    if (term->op >= TERM_EQ && term->op <= TERM_GE && term->children[0]->op == TERM_COUNT)
        return term->children[0];
    return NULL;
}

void condition_explain(const struct condition *condition, struct facts *facts, struct out *ret_seen,
                       struct out *ret_wanted)
{
    const struct term *term = condition->term, *inner = term;
    bool negated = false;

    for (; inner->op == TERM_NOT; inner = inner->children[0])
        negated = !negated;
    const struct term *subject = subject_of(term, NULL);
    if (subject) {
        show_value(facts, slot_of(subject), term_eval(subject, &facts->scope), ret_seen);
        want(facts, term, false, ret_wanted);
    } else if (inner->op == TERM_EXISTS) {
        see_items(facts, inner, ret_seen);
        want_items(facts, inner, negated ? "no item" : "an item", ret_wanted);
    } else if (subject_of_count(inner)) {
        const struct term *count = subject_of_count(inner);
        value_print(term_eval(count, &facts->scope), ret_seen);
        out_text(ret_seen, STR("; "));
        see_items(facts, count, ret_seen);
        want(facts, inner, negated, ret_wanted);
        want_items(facts, count, " items", ret_wanted);
    }
}
