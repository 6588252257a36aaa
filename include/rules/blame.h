/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/out.h"
#include "rules/facts.h"
#include "rules/rule.h"
#include "rules/ruleset.h"
#include "shop/locale.h"

/*
 * Blame
 *
 * What a condition that failed saw, and what it wanted, as text for a receipt. Values are shown as a rule
 * file writes them: money in the main unit, shares in percent. Only what decides is shown: of a
 * block (`any`, `none`, `all`) the parts that failed, of a list the items that failed it, of an item the
 * first attribute that did.
 *
 * All text is escaped for the inside of a JSON string. What was wanted does not depend on the request, so a
 * ruleset holds it ready (condition_words).
 */
enum { BLAME_KEPT = 32, BLAME_ITEMS = 4, BLAME_COLUMNS = 16, BLAME_MARKED = 64 };

/* A fact of the items of a list. */
struct item_fact {
    uint32_t list_slot, slot; /* cart.items, item.category … */
};

/* What a condition asks first of the items of a list, when that is a text: "a category of these". */
struct blame_question {
    uint64_t marks; /* of the texts; 0: it asks something else */
    struct item_fact fact;
    uint32_t place;           /* whose column may stand there, when there is one */
    bool lacks;               /* it is true when no item has one */
    const struct term *whole; /* TERM_EQ, TERM_IN: that is all it asks; or NULL */
};

/* What stands in @out already; len 0: nothing yet. */
struct blame_text {
    size_t at, len;
};

/* That text of all items of a list: blame_column.c. */
struct blame_column {
    uint64_t marks; /* of a question none of these: no item that has one answers it */
    uint64_t doubt; /* the same, but of any item: all bits when one, or the list, is not known */
    struct item_fact fact;
    uint32_t list, n_items;
    bool is_known; /* the list; else it may hold anything */
    bool is_plain; /* the texts are those of the items' products */
    uint32_t n_texts, n_unknown;
    struct blame_text
        shown[2]; /* when no item answers; when none does but those unknown, which may */
    struct str texts[BLAME_ITEMS]; /* of the first items that have one … */
    struct str skus[BLAME_ITEMS];  /* … and what they are */
    uint8_t text_marks[BLAME_ITEMS];
    uint32_t unknown[BLAME_ITEMS];    /* the first items of which it is not known */
    uint8_t item_marks[BLAME_MARKED]; /* of the first items, which bit; 64: has no text */
};

/* What blame_matches has seen on its way, so that blame_seen need not look again. */
struct blame_hint {
    struct blame_column
        *column;  /* the condition asks for an item, and this is wrong with all; or NULL … */
    bool unknown; /* … but those that the column does not know, which may be one */
    bool ready;   /* no column, but the rest is set: none of them is one … */
    uint32_t list, n_items;            /* … of these … */
    uint32_t slots[BLAME_ITEMS];       /* … and this is the first thing that is wrong with each */
    const struct blame_column *having; /* n_items of this are what nothing may be, the first of them
                                          slots; or NULL */
};

/* One request's receipts: remembers what items have, and where it has written it, to copy it. */
struct blame {
    struct facts *facts;
    struct out *out;    /* where everything goes; the caller takes nothing back from it */
    int decimals;       /* of the cart's currency */
    uint32_t is_kept;   /* bit i: kept[i] is */
    uint32_t is_column; /* bit i: columns[i] is */
    struct blame_column columns[BLAME_COLUMNS];
    struct {
        uint32_t slot, list, index;
        size_t at, len; /* in @out */
    } kept[BLAME_KEPT];
};

/* @facts must not change from then on, but for the current item. @out: or NULL, and set before blame_seen. */
void blame_init(struct blame *blame, struct facts *facts, struct out *out);

/* As rule_matches. No allocation. @ret_hint points into @blame. */
struct match_verdict blame_matches(struct blame *blame, const struct rule *rule, int64_t now_us,
                                   struct blame_hint *ret_hint);

/*
 * Writes what @condition, which answered @answer (MATCH_NO or MATCH_UNKNOWN), saw. @hint: of the same
 * @blame. No allocation but in out.
 */
void blame_seen(struct blame *blame, const struct condition *condition, enum match_answer answer,
                const struct blame_hint *hint);

/* Where the same stands in @blame's out already; NULL: nowhere. */
static inline const struct blame_text *blame_shown(const struct blame_hint *hint)
{
    const struct blame_text *shown = hint->column ? &hint->column->shown[hint->unknown] : NULL;
    return shown && shown->len > 0 ? shown : NULL;
}

/* What @condition asks: depends on no request. */
struct blame_question blame_ask(const struct condition *condition);

/* What would have made it true. @attr_names: the ruleset's. */
void blame_wanted(const struct condition *condition, int decimals, const struct str *attr_names,
                  struct out *out);
/* The same for people who read @locale; blame_wanted is what answers hold, in English. */
void blame_wanted_in(const struct condition *condition, enum locale locale, int decimals,
                     const struct str *attr_names, struct out *out);
