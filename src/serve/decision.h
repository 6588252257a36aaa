/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/json_scan.h"
#include "model/beta.h"
#include "ports/clock.h"
#include "ports/profile_store.h"
#include "rules/blame.h"
#include "rules/caps.h"
#include "rules/facts.h"
#include "rules/message.h"
#include "rules/rule.h"
#include "rules/ruleset.h"
#include "rules/silence.h"
#include "serve.h"
#include "shop/cart.h"
#include "world/world.h"

/*
 * Decision: what the eight stages share. Each stage reads what came before it and adds its
 * own part, a struct of that stage; the parts stand here in the order of the stages. Everything
 * lives in the request's arena and on one thread; what points into the world is borrowed from it.
 */
enum {
    DECISION_MAX_OFFERS = 10, /* the most one answer may hold: a few options, not a wall */
    DECISION_WANTED = 4,   /* rules looked at together, and those of the last one's priority … */
    DECISION_HANDFUL = 16, /* … as far as this many */
    DECISION_MAX_BUDGET_MS = 1000,
};

/* Why a rule shows nothing: one word each in receipt.c. */
enum receipt_reason {
    RECEIPT_SHOWN,
    RECEIPT_SHADOW,
    RECEIPT_PAUSED,
    RECEIPT_CONDITION,
    RECEIPT_UNKNOWN,
    RECEIPT_SCHEDULE,
    RECEIPT_NO_TRIGGER_ITEM,
    RECEIPT_NO_PRODUCT,
    RECEIPT_IN_CART,
    RECEIPT_OUT_OF_STOCK,
    RECEIPT_FLOOR,
    RECEIPT_PROFIT,
    RECEIPT_RELEVANCE,
    RECEIPT_THRESHOLD_REACHED,
    RECEIPT_CAP,
    RECEIPT_POLICY,
    RECEIPT_SILENT,
    RECEIPT_STOPPED,
    RECEIPT_PROFILE_MISSING,
    RECEIPT_GROUP,
    RECEIPT_SAME_PRODUCT,
    RECEIPT_SAME_KIND,
    RECEIPT_TEXT_INCOMPLETE,
    RECEIPT_NOT_AMONG_BEST,
    RECEIPT_ANSWER_FULL,
    RECEIPT_DEADLINE,
    RECEIPT_BUDGET,
    RECEIPT_BUDGET_MISSING,
    RECEIPT_REASONS
};

/*
 * How many rules of a long list a receipt tells of that do not match; once the answer is full, how
 * many in all. Then it only says how many there are more.
 */
enum { RECEIPT_MOST = 200 };

/* One rule of this trigger and placement, and what became of it. */
struct considered {
    struct considered *next_told; /* explain */
    const struct rule *rule;
    uint32_t number; /* in the ruleset */
    enum receipt_reason reason;
    bool matched;
    bool caps_asked;
    bool spent;      /* RECEIPT_BUDGET, _BUDGET_MISSING: an offer of it was refused by its budget */
    float freshness; /* profit.c; 0: not asked yet */
    const struct condition *failed; /* RECEIPT_CONDITION, RECEIPT_UNKNOWN */
    const struct cap *cap;          /* RECEIPT_CAP */

    /* From here on nothing is set before it is known. */
    struct blame_hint hint;        /* what was seen on the way to failed */
    const struct rule *because_of; /* RECEIPT_SILENT, _GROUP, _SAME_…: who stands in the way */
    const struct product *product; /* RECEIPT_IN_CART, _OUT_OF_STOCK, _FLOOR, _PROFIT, _SAME_… */
    enum {
        SEEN_MARGIN_BP,
        SEEN_PRICE_MINOR,
        SEEN_NO_COST
    } floor;       /* RECEIPT_FLOOR: what was compared */
    uint32_t most; /* offers in one answer: its own limit, and what its caps have left */
    /* RECEIPT_CAP, _GROUP: how many, how many there may be; _SILENT: instants (us); _STOPPED:
     * declines; _FLOOR: see floor; _PROFIT: expected, minor; _THRESHOLD_REACHED: minor; _OUT_OF_STOCK: left, needed;
     * _BUDGET: accepted and held, redemptions. */
    int64_t seen, wanted;
};

/* A possible offer: a product that a rule names for this cart. */
struct found {
    struct considered *from;
    const struct product *product; /* NULL: free shipping without a filler */
    uint32_t number;               /* of the product; PRODUCT_NONE without one */
    int64_t quantity;
    double score;             /* within one rule: how good a choice this product is */
    uint32_t together_orders; /* evidence of bought together: orders that held both … */
    uint32_t base_orders;     /* … of so many that held the cart's item */
    float relevance;          /* 0 to 1: how well it suits the cart; below 0: not known */
    uint32_t propensity_bp;   /* how likely it was to get its place, of 10,000 */
    struct beta odds;         /* of being accepted; this and the next four: profit.c */
    double profit;            /* expected, in minor units */
    double value;             /* what one accepted brings, less what makes it less likely */
    bool rated, costs_known;
    bool allowed;
    bool scored;                             /* score is what its rule's formula says */
    bool ranked;                             /* rank has looked at it */
    bool held;                               /* it has one of its rule's budget … */
    bool held_new;                           /* … which nobody else needs if it is not shown */
    int64_t now_minor, was_minor, gap_minor; /* see allow.c */
};

/* What one offer says, in the request's language: wording.c. */
struct wording {
    const struct message_text *const *texts; /* by enum text_part; NULL: this offer has none */
    struct message_values values;            /* what they need; the offer's name in any case */
};

/* What the model completes: pick_together.c. */
enum completed { COMPLETED_CART, COMPLETED_ITEM, COMPLETED_PERSONAL, COMPLETED_KINDS };

/* How far a decision has come that offers nothing: the furthest of its rules. */
enum silence_reason {
    SILENCE_NO_RULE,
    SILENCE_NO_PRODUCT,
    SILENCE_NOT_RELEVANT,
    SILENCE_HELD_BACK,
    SILENCE_REASONS
};

struct decision {
    struct serve_worker *worker;
    struct arena *arena;
    struct str body;
    int next_stage;
    int64_t started_us, now_us, deadline_us; /* mono, wall, mono */
    struct decide_problem problem;
    uint32_t degraded; /* bits: enum degraded */
    bool timed;
    int64_t stage_us[SERVE_STAGES]; /* spent so far, if timed */

    /* decode */
    struct {
        const struct world *world;
        bool world_held; /* a reference of our own, while waiting */
        struct str placement, customer_id, session_id, item_sku;
        struct str channel, country, device;
        enum trigger trigger;
        enum locale locale;
        uint32_t limit;
        int64_t budget_us;
        bool explain, always_explain; /* a receipt is wanted; also when the body does not say so */
        struct cart cart;
        struct cart_line
            *trigger_line; /* a line of the cart, or a line of its own for an item not in it */
        int64_t order_total_minor; /* -1: not told */
    } request;

    /* profile */
    struct {
        struct profile_waiter waiter;
        void (*wake)(void *owner);
        void *owner;
        bool waiting, profile_lost;
        const struct profile *memory; /* caps and declines: always honoured */
        const struct profile *person; /* all else: only with consent */
    } who;

    /* match: a handful of rules at a time, see serve.c */
    struct {
        const struct rule *all_rules; /* of the ruleset, by number */
        const uint32_t *rules; /* all numbers of this trigger and placement, best first … */
        uint32_t n_rules, n_considered;               /* … of which so many have been looked at */
        struct considered *handful[DECISION_HANDFUL]; /* those at hand that match */
        uint32_t n_handful;
        struct considered *spare; /* places for the next n_spare rules */
        uint32_t n_spare;
        struct rule_cursor *cursor; /* a long list: its index finds those that match … */
        uint32_t ahead; /* … and found this one, of the next handful; its number + 1 */
        struct considered *told, **told_end; /* explain: n_told of them, in order … */
        uint32_t n_told, n_missed; /* … n_missed of a long list because they did not match … */
        uint32_t n_looked;         /* … the last of which stands before this one … */
        struct blame *blame;       /* … and what rules saw of the request */
    } match;

    /* pick */
    struct {
        struct completion *completions[COMPLETED_KINDS]; /* each made when the first rule asks */
        struct habit *habits;                            /* with consent; NULL: not gathered */
        uint32_t n_habits;
        struct found *found; /* of the handful at hand, rule by rule */
        uint32_t n_found, found_room;
    } pick;

    /* allow */
    struct {
        int64_t policy_left;          /* showings that the caps over all rules still permit */
        const struct cap *policy_cap; /* the one that permits fewest */
        struct silences *silences;    /* of this customer; gathered once */
    } allow;

    /* rank */
    struct {
        struct found best[DECISION_MAX_OFFERS];
        uint32_t n_best;
        enum silence_reason silence; /* if none is best */
        bool budgeted;               /* some of this handful's are of a rule with a budget */
    } rank;

    /* reserve */
    struct {
        uint32_t n_kept;         /* of best: those of the handfuls before, which stay */
        struct reserve *reserve; /* reserve.c; NULL: nothing was reserved */
        bool reserving;          /* the budget store may call */
        bool again;              /* an offer was refused: the handful is ranked once more */
        const struct profile *kept_profile; /* a copy, for waiting; or NULL */
    } kept;

    /* encode */
    struct {
        char id[36]; /* see decision_id */
        struct str answer;
    } encode;

    /* match again: what conditions ask. Its own last member is large and, as what follows, needs no zeroes. */
    struct facts facts;

    /* rank again: of best */
    struct wording wordings[DECISION_MAX_OFFERS];
};

enum degraded { DEGRADED_PROFILE = 1, DEGRADED_DEADLINE = 2, DEGRADED_BUDGET = 4 };
enum { DEGRADED_KINDS = 3 };

struct budget_store;

struct serve {
    struct snapshot_slot *worlds;
    struct profile_store *profiles;
    struct budget_store *budgets; /* or NULL */
    struct clock *clock;
    struct metrics *metrics;
    metric_id expressions_stopped;
    metric_id stage_us[SERVE_STAGES], decisions, offers_made, degraded[DEGRADED_KINDS];
    metric_id silent[SILENCE_REASONS]; /* by enum silence_reason */
};

struct serve_worker {
    struct serve *serve;
    struct snapshot_view view;
    struct metric_shard *shard;
    struct arena *scratch; /* of one evaluation of an expression; emptied after it */
    void *reader, *budget_reader;
    uint64_t random[2];
    int64_t timed_next_us; /* the stages of the first decision that begins then are timed */
    uint16_t id;
};

/* A stage: OK to go on; ERR_INPUT and ERR_LIMIT with decision->problem set; profile and reserve may wait. */
enum err decode_run(struct decision *d);
enum err profile_run(struct decision *d);
enum err match_run(struct decision *d);
enum err pick_run(struct decision *d);
enum err allow_run(struct decision *d);
enum err rank_run(struct decision *d);
enum err reserve_run(struct decision *d);
enum err encode_run(struct decision *d);

/* ERR_LIMIT: the request needs more memory than one may have. */
enum err decision_no_room(struct decision *d);

/*
 * Is there time left? Asked between rules and by long expressions; the first no marks the answer
 * degraded.
 */
bool decision_has_time(struct decision *d);

/* Has the answer all the offers it may hold? Then rules are looked at for the receipt alone. */
static inline bool decision_is_full(const struct decision *d)
{
    return d->rank.n_best == d->request.limit;
}

/* May it wait, and for how long: sets deadline_us. Of the time for an answer, something is kept for what comes after. */
bool decision_may_wait(struct decision *d);

/* What the offered things cost the shop, or COST_UNKNOWN. */
int64_t found_cost(const struct decision *d, const struct found *f);

/* Fills what @f is expected to earn; it is priced. Then: is that enough to show it? Else seen and wanted. */
void profit_rate(const struct decision *d, struct found *f);
bool profit_is_enough(const struct decision *d, const struct found *f);

/* May this customer be shown the rule at all? Asks caps, declines and silences, once; else the rule's reason is set. */
bool allow_rule(struct decision *d, struct considered *rule);

/* This decision's id, made when it is first asked for. */
struct str decision_id(struct decision *d);

/* Is the trigger item only looked at? One that was just added is in the cart, whatever was sent. */
bool decision_only_looks(const struct decision *d);

/* Lets go of what reserve holds for waiting, and of what it holds for an answer that will not be. */
void reserve_cancel(struct decision *d);

/* What the offer's id will carry. */
struct offer_token;
void decision_token(const struct decision *d, const struct found *found,
                    struct offer_token *ret_token);

/* What @found says, made but for the writing. False when a value that a text needs is not known, or no room. */
bool wording_of(struct decision *d, const struct found *found, struct wording *ret_wording);
void wording_encode(const struct wording *wording, struct out *out);

/* The parts of an answer that have a file of their own. */
void compare_encode(struct decision *d, const struct product *base, const struct product *offered,
                    struct out *out);
struct str compare_gain(struct decision *d, const struct product *base,
                        const struct product *offered);
void reasons_encode(struct decision *d, const struct found *found, struct out *out);
bool reasons_stock_is_low(const struct found *found); /* and its rule wants to say so */
void receipt_encode(struct decision *d, struct out *out);
