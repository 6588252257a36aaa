/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a condition that failed saw. A term that is not true goes down to what decides: of an AND that
 * is false its first false part, of an OR that is false all parts, and the other way round under
 * a NOT.
 */
#include "rules/blame.h"

#include "rules/blame_parts.h"
#include "rules/receipt_words.h"
#include "rules/schedule.h"
#include "shop/money.h"

enum { SHOWN_PARTS = 4, SHOWN_FACTS = 6 };

void blame_init(struct blame *blame, struct facts *facts, struct out *out)
{
    int decimals = facts->cart ? money_decimals(facts->cart->currency) : 0;
    blame->facts = facts;
    blame->out = out;
    blame->decimals = decimals > 0 ? decimals : 0;
    blame->is_kept = 0;
    blame->is_column = 0;
}

/* ── CEL ─────────────────────────────────────────────────────────────────────────────────────── */

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Is the fact's name in @text, on its own and outside of strings? */
static bool is_named(struct str text, struct str name)
{
    char quote = '\0';
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (quote) {
            i += c == '\\';
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (text.len - i >= name.len && memcmp(text.at + i, name.at, name.len) == 0) {
            char before = i > 0 ? text.at[i - 1] : ' ';
            char after = i + name.len < text.len ? text.at[i + name.len] : ' ';
            if (!is_name_byte(before) && before != '.' && !is_name_byte(after))
                return true;
        }
    }
    return false;
}

static void see_fact(struct blame *blame, uint32_t fact)
{
    struct facts *facts = blame->facts;
    struct value value = facts->scope.load(&facts->scope, fact);
    out_text(blame->out, str_of(fact_name(fact)));
    out_char(blame->out, ' ');
    if (value.kind != VALUE_LIST || fact_type(fact) != TYPE_LIST) {
        blame_value(facts, blame->decimals, fact, value, blame->out);
        return;
    }
    out_int(blame->out, blame_list_length(facts, value.list));
    out_text(blame->out, STR(" lines"));
}

/* "false: cart.total 5000, customer.orders unknown": what it is, and the facts it names. */
static void see_call(struct blame *blame, const struct term *call, enum truth truth)
{
    uint32_t shown = 0;
    out_text(blame->out, truth == TRUTH_UNKNOWN ? STR("unknown")
                         : truth == TRUTH_YES   ? STR("true")
                                                : STR("false"));
    for (uint32_t fact = 0; fact < FACTS && shown < SHOWN_FACTS; fact++) {
        if (fact >= FACT_ITEM_SKU && fact <= FACT_ITEM_BOUGHT_AT)
            continue;
        if (!is_named(call->constant.string, str_of(fact_name(fact))))
            continue;
        out_text(blame->out, shown++ ? STR(", ") : STR(": "));
        see_fact(blame, fact);
    }
}

/* ── terms ───────────────────────────────────────────────────────────────────────────────────── */

static void see(struct blame *blame, const struct term *term, enum truth truth, bool named);

static enum truth opposite(enum truth truth)
{
    return truth == TRUTH_UNKNOWN ? truth : truth == TRUTH_YES ? TRUTH_NO : TRUTH_YES;
}

static void take_back(struct blame *blame, size_t len)
{
    blame->out->len = len;
    for (uint32_t i = 0; i < BLAME_KEPT; i++)
        if (blame->is_kept >> i & 1 && blame->kept[i].at >= len)
            blame->is_kept &= ~(1u << i);
}

/* The parts of a block, each once, however many say the same. */
static void see_parts(struct blame *blame, const struct term *term, enum truth truth, bool one)
{
    struct out *out = blame->out;
    struct {
        size_t at, len;
    } parts[SHOWN_PARTS];
    uint32_t n = 0;

    for (uint32_t i = 0; i < term->n_children; i++) {
        if (term_test(term->children[i], &blame->facts->scope) != truth)
            continue;
        if (n == SHOWN_PARTS) {
            out_text(out, STR("; …"));
            return;
        }
        size_t before = out->len;
        out_text(out, n ? STR("; ") : STR(""));
        size_t at = out->len;
        see(blame, term->children[i], truth, true);
        if (one)
            return;
        size_t len = out->len - at;
        bool said = false;
        for (uint32_t k = 0; k < n && !said; k++)
            said = parts[k].len == len && memcmp(out->at + parts[k].at, out->at + at, len) == 0;
        if (said) {
            take_back(blame, before);
        } else {
            parts[n].at = at;
            parts[n++].len = len;
        }
    }
}

static void see_name(struct blame *blame, uint32_t slot, bool named)
{
    if (!named)
        return;
    blame_name(blame->facts->attr_names, slot, blame->out);
    out_char(blame->out, ' ');
}

/* @truth: what @term is. */
static void see(struct blame *blame, const struct term *term, enum truth truth, bool named)
{
    const struct term *subject;
    switch (blame_shape(term)) {
    case SHAPE_VALUE:
        subject = blame_subject(term);
        see_name(blame, blame_slot(subject), named);
        blame_value(blame->facts, blame->decimals, blame_slot(subject),
                    term_eval(subject, &blame->facts->scope), blame->out);
        break;
    case SHAPE_ITEMS:
        see_name(blame, term->children[0]->slot, named);
        blame_items(blame, term, truth, false);
        break;
    case SHAPE_COUNT:
        see_name(blame, blame_count(term)->children[0]->slot, named);
        blame_counted(blame, blame_count(term));
        break;
    case SHAPE_CALL: see_call(blame, term, truth); break;
    case SHAPE_BLOCK:
        if (term->op == TERM_NOT)
            see(blame, term->children[0], opposite(truth), named);
        else if (term->op == TERM_AND || term->op == TERM_OR)
            see_parts(blame, term, truth, truth == (term->op == TERM_AND ? TRUTH_NO : TRUTH_YES));
        break;
    }
}

/* ── conditions ──────────────────────────────────────────────────────────────────────────────── */

/* The usual answer: of all items it is known, and none has such a text. NULL: not so, or not asked yet. */
static inline struct blame_column *column_of_none(struct blame *blame,
                                                  const struct blame_question *question)
{
    struct blame_column *column = &blame->columns[question->place];
    bool is_it =
        question->marks && blame->is_column >> question->place & 1 && blame_is_of(column, question);
    return is_it && !(column->doubt & question->marks) ? column : NULL;
}

static enum truth answer(struct blame *blame, const struct condition *condition,
                         const struct blame_question *question, struct blame_hint *ret_hint)
{
    enum truth truth;
    if (question && (ret_hint->column = column_of_none(blame, question)))
        return question->lacks ? TRUTH_YES : TRUTH_NO;
    if (!question || !blame_answer(blame, condition, question, &truth, ret_hint))
        truth = blame_test(blame, condition->term, ret_hint);
    return truth;
}

struct match_verdict blame_matches(struct blame *blame, const struct rule *rule, int64_t now_us,
                                   struct blame_hint *ret_hint)
{
    const struct condition_words *words = rule->words ? rule->words->conditions : NULL;
    for (uint32_t i = 0; i < rule->n_conditions; i++) {
        const struct condition *condition = &rule->conditions[i];
        ret_hint->column = NULL;
        ret_hint->having = NULL;
        ret_hint->unknown = ret_hint->ready = false;
        enum truth truth = answer(blame, condition, words ? &words[i].question : NULL, ret_hint);
        if (truth == TRUTH_NO)
            return (struct match_verdict){ MATCH_NO, condition };
        if (truth == TRUTH_UNKNOWN && !rule->unknown_allows)
            return (struct match_verdict){ MATCH_UNKNOWN, condition };
    }
    if (!rule->schedule.always && !schedule_is_on(&rule->schedule, now_us))
        return (struct match_verdict){ .answer = MATCH_OFF_SCHEDULE };
    return (struct match_verdict){ .answer = MATCH_YES };
}

static void see_items(struct blame *blame, const struct blame_hint *hint)
{
    blame_count_print(blame->out, 0, hint->n_items);
    for (uint32_t i = 0; i < hint->n_items && i < BLAME_ITEMS; i++) {
        out_bytes(blame->out, i ? ", " : ": ", 2);
        blame_item(blame, hint->list, i, hint->slots[i]);
    }
    if (hint->n_items > BLAME_ITEMS)
        out_text(blame->out, STR(", …"));
}

void blame_seen(struct blame *blame, const struct condition *condition, enum match_answer answer,
                const struct blame_hint *hint)
{
    const struct blame_text *shown = blame_shown(hint);
    if (shown && out_reserve(blame->out, shown->len))
        out_bytes(blame->out, blame->out->at + shown->at, shown->len);
    else if (hint->column)
        blame_column(blame, hint->column, hint->unknown);
    else if (hint->ready)
        see_items(blame, hint);
    else if (hint->having)
        blame_having(blame, hint);
    else
        see(blame, condition->term, answer == MATCH_NO ? TRUTH_NO : TRUTH_UNKNOWN, false);
}
