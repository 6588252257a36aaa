/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words
 *
 * Each table stands in the order of its enumerators in rule.h; the assertions hold their lengths
 * together, the test their order.
 */
#include "rules/words.h"

#include "rules/rule.h"

static const char *const kinds[] = {
    "upsell",       "cross_sell",    "downsell", "bundle",        "quantity_break",
    "free_gift",    "free_shipping", "coupon",   "service_addon", "trade_in",
    "subscription", "plan_upgrade",  NULL,
};
static const char *const statuses[] = { "draft", "shadow", "active", "paused", "archived", NULL };
static const char *const triggers[] = {
    "add_to_cart",
    "remove_from_cart",
    "cart_view",
    "product_view",
    "checkout",
    "post_purchase",
    "order_delivered",
    "reorder_due",
    "subscription_renewal",
    "quota_threshold",
    "support_resolved",
    "survey_answered",
    "cancel_intent",
    "hesitation",
    "exit_intent",
    "login",
    NULL,
};
static const char *const relations[] = {
    "skus",    "bought_together", "upgrade_of", "best_seller",  "same_brand",
    "similar", "viewed",          "personal",   "downgrade_of", NULL,
};
static const char *const reasons[] = {
    "compatible", "cheaper_together", "tier_upgrade", "popular", "owned_item",
    "stock_low",  "bought_together",  "similar",      "viewed",  "bought_before",
    NULL,
};
static const char *const scopes[] = { "rule", "group", "kind", "all", NULL };
static const char *const sorts[] = {
    "model", "price_asc", "price_desc", "margin", "popularity", NULL,
};

#define LENGTH(words) (sizeof(words) / sizeof *(words) -1)
_Static_assert(LENGTH(kinds) == RULE_KINDS, "a word for each kind");
_Static_assert(LENGTH(statuses) == RULE_STATUSES, "a word for each status");
_Static_assert(LENGTH(triggers) == TRIGGERS, "a word for each trigger");
_Static_assert(LENGTH(relations) == RELATIONS, "a word for each relation");
_Static_assert(LENGTH(reasons) == REASON_WORDS, "a word for each reason");
_Static_assert(LENGTH(scopes) == SILENCE_SCOPES, "a word for each scope");
_Static_assert(LENGTH(sorts) == PICK_SORTS, "a word for each sort");

const char *const *words_kinds(void)
{
    return kinds;
}

const char *const *words_statuses(void)
{
    return statuses;
}

const char *const *words_triggers(void)
{
    return triggers;
}

const char *const *words_relations(void)
{
    return relations;
}

const char *const *words_reasons(void)
{
    return reasons;
}

const char *const *words_scopes(void)
{
    return scopes;
}

const char *const *words_sorts(void)
{
    return sorts;
}

int words_find(const char *const *words, struct str word)
{
    for (int i = 0; words[i] && word.len > 0; i++)
        if (words[i][0] == word.at[0] && str_is(word, words[i]))
            return i;
    return -1;
}
