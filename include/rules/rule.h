/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/metric.h"
#include "base/str.h"
#include "rules/doc.h"
#include "shop/locale.h"

struct term;
struct cel_program;
struct facts_expr;
struct message_text;
struct receipt_words;

/*
 * Rule
 *
 * One rule of a marketer, read, checked and lowered: plain data in its ruleset's arena,
 * immutable. The words of the language are enumerators here in the same order as in the
 * tables of rules/words.c, which hold their spelling.
 */
enum rule_kind {
    KIND_UPSELL,
    KIND_CROSS_SELL,
    KIND_DOWNSELL,
    KIND_BUNDLE,
    KIND_QUANTITY_BREAK,
    KIND_FREE_GIFT,
    KIND_FREE_SHIPPING,
    KIND_COUPON,
    KIND_SERVICE_ADDON,
    KIND_TRADE_IN,
    KIND_SUBSCRIPTION,
    KIND_PLAN_UPGRADE,
    RULE_KINDS
};

enum rule_status {
    STATUS_DRAFT,
    STATUS_SHADOW,
    STATUS_ACTIVE,
    STATUS_PAUSED,
    STATUS_ARCHIVED,
    RULE_STATUSES
};

enum trigger {
    TRIGGER_ADD_TO_CART,
    TRIGGER_REMOVE_FROM_CART,
    TRIGGER_CART_VIEW,
    TRIGGER_PRODUCT_VIEW,
    TRIGGER_CHECKOUT,
    TRIGGER_POST_PURCHASE,
    TRIGGER_ORDER_DELIVERED,
    TRIGGER_REORDER_DUE,
    TRIGGER_SUBSCRIPTION_RENEWAL,
    TRIGGER_QUOTA_THRESHOLD,
    TRIGGER_SUPPORT_RESOLVED,
    TRIGGER_SURVEY_ANSWERED,
    TRIGGER_CANCEL_INTENT,
    TRIGGER_HESITATION,
    TRIGGER_EXIT_INTENT,
    TRIGGER_LOGIN,
    TRIGGERS
};

enum relation {
    RELATION_SKUS,
    RELATION_BOUGHT_TOGETHER,
    RELATION_UPGRADE_OF,
    RELATION_BEST_SELLER,
    RELATION_SAME_BRAND,
    RELATION_SIMILAR,
    RELATION_VIEWED,
    RELATION_PERSONAL,
    RELATION_DOWNGRADE_OF,
    RELATIONS
};

enum pick_of { OF_TRIGGER_ITEM, OF_CART, PICK_OFS };
enum pick_sort {
    SORT_MODEL,
    SORT_PRICE_ASC,
    SORT_PRICE_DESC,
    SORT_MARGIN,
    SORT_POPULARITY,
    PICK_SORTS
};
enum silence_scope { SCOPE_RULE, SCOPE_GROUP, SCOPE_KIND, SCOPE_ALL, SILENCE_SCOPES };
enum window_kind {
    WINDOW_ROLLING,
    WINDOW_DAY,
    WINDOW_WEEK,
    WINDOW_MONTH,
    WINDOW_SESSION,
    WINDOW_LIFETIME
};

enum reason_word {
    REASON_COMPATIBLE,
    REASON_CHEAPER_TOGETHER,
    REASON_TIER_UPGRADE,
    REASON_POPULAR,
    REASON_OWNED_ITEM,
    REASON_STOCK_LOW,
    REASON_BOUGHT_TOGETHER,
    REASON_SIMILAR,
    REASON_VIEWED,
    REASON_BOUGHT_BEFORE,
    REASON_WORDS
};

/* One of the side-by-side conditions of `when` and `audience`. */
struct condition {
    const struct term *term;           /* of an `expr`: one TERM_CALL, which runs @program */
    const struct cel_program *program; /* of an `expr`; else NULL */
    struct str key;                    /* as written: "cart.total" */
    struct str text;                   /* its CEL */
    struct str file;
    uint32_t line;
    bool is_dear; /* walks what the customer owns, or is an `expr`: rule_holds asks it last */
};

/* Of policy, see ruleset_relevance_floor_bp. */
struct relevance_floor {
    struct str placement; /* absent: of every placement that has none of its own */
    uint32_t share_bp;
};

struct schedule {
    bool always;               /* nothing written */
    uint32_t line;             /* in the rule's file */
    int64_t from_us, until_us; /* instants: from <= now < until; INT64_MIN / INT64_MAX when open */
    uint32_t days;             /* bit 0 = Monday … bit 6 = Sunday; 0 = every day */
    int32_t opens_minute,
        closes_minute; /* of the local day; -1 = all day; closes < opens: over midnight */
    const struct civil_zone *zone;
    const int32_t *except_days; /* local dates on which it rests, as days since 1970 */
    uint32_t n_except;
};

struct pick {
    bool present;
    enum relation relation;
    enum pick_of of;
    enum pick_sort sort;
    const struct str *skus; /* RELATION_SKUS */
    uint32_t n_skus;
    const struct term *where; /* of the candidate item; NULL = anything */
    struct str where_text;
    uint32_t where_line;                      /* in the rule's file */
    double price_ratio_low, price_ratio_high; /* of a ladder's relation */
    bool price_ratio_written;                 /* else they are the usual ones */
    bool without_gain;                        /* of RELATION_UPGRADE_OF: also what is only dearer */
    uint32_t limit;                           /* how many offers one rule may make; default 1 */
};

enum discount_of { DISCOUNT_OF_OFFERED, DISCOUNT_OF_BUNDLE, DISCOUNT_OF_TRIGGER_ITEM };

struct discount {
    bool present;
    /* what the percentage is taken of; bundle = trigger item + what was picked */
    enum discount_of of;
    int32_t percent_bp;   /* or 0 */
    int64_t amount_minor; /* or 0 */
    int64_t max_minor;    /* most that the percentage may take off; 0 = no bound */
};

struct cap {
    int64_t max;
    enum window_kind window;
    int64_t window_us; /* WINDOW_ROLLING */
    int what;          /* enum touch_what: TOUCH_SHOWN, _CLICKED, _ACCEPTED */
    struct str file;   /* where it is written */
    uint32_t line;
};

struct silence {
    bool present;
    bool implied; /* not written: a decline is respected for a day by every rule */
    int64_t for_us;
    enum silence_scope scope;
};

/* How often a rule's offers may be accepted, by all customers together. */
struct budget {
    int64_t redemptions; /* 0 = any number */
    int64_t hold_us;     /* how long an offer made keeps one; 0: as long as the offer stands */
};

enum text_part { TEXT_TITLE, TEXT_BODY, TEXT_CTA, TEXT_DECLINE, TEXT_BADGE, TEXT_PARTS };

struct rule {
    struct str id, name, owner;
    enum rule_kind kind;
    enum rule_status status;
    uint32_t triggers; /* bit 1u << enum trigger */
    const struct str *placements;
    uint32_t n_placements;

    const struct condition *conditions;
    uint32_t n_conditions;
    bool unknown_allows; /* if_unknown: allow */
    struct schedule schedule;

    struct pick pick;
    bool with_trigger_item; /* offer.with: a bundle of the item and what was picked */
    struct discount discount;
    int64_t threshold_minor;   /* free_shipping: offer.threshold.cart_total; else 0 */
    int32_t floor_margin_bp;   /* -1 = none */
    int64_t floor_price_minor; /* 0 = none */

    const struct cap *caps;
    uint32_t n_caps;
    struct silence after_decline, after_accept;
    uint32_t stop_after_declines; /* 0 = never */
    struct budget budget;

    int32_t priority;
    struct str group;   /* rank.exclusive_group, or absent */
    uint32_t group_max; /* how many offers of that group one answer may hold */
    bool by_profit;     /* rank.by: profit: orders this rule's offers; else as the pick does */
    /* rank.score: orders this rule's offers; NULL: as the pick does */
    const struct facts_expr *score;
    struct str score_text;
    uint32_t score_line; /* in the rule's file */

    const struct message_text *texts[LOCALES][TEXT_PARTS]; /* NULL: not written (body, badge) */
    uint32_t reasons;                                      /* bit 1u << enum reason_word */
    double evidence_min_stars;                             /* 0 = no rating asked for */
    int64_t evidence_min_reviews;

    struct str file;
    uint32_t line;
    const struct receipt_words *words; /* receipt_words.h; or NULL */
    metric_id shown;                   /* offerd_offers_total{rule,kind} */
};

/* Does its offer stand in for the trigger item? */
static inline bool rule_swaps(const struct rule *rule)
{
    return rule->kind == KIND_UPSELL || rule->kind == KIND_DOWNSELL;
}
