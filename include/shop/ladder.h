/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

struct catalog;

/*
 * Ladder
 *
 * The next better and the next cheaper product of the same kind (category and subcategory), found
 * in the catalogue when nobody wrote them down: a modest step in price, and better in the
 * attributes that matter. Attributes are compared as quantities where they are ones: "256 GB" <
 * "1 TB", "15.6 inch", "65 W", "3,000 mAh", "12個", "500ml". Which direction is better is the shop's
 * word (ladder_said), known (weight: less), or learned from the kind itself: what rises with the
 * price is a matter of quality. What does not move with the price (colour, line) is the customer's
 * choice: another one costs score. What has to fit (size, mount, gender) must stay the same; of
 * sizes in numbers the nearest will do, at a high cost, where the same is not made. What more people
 * bought after the one before than the other way round confirms a step.
 *
 * How good a step is has degrees (below). Who offers decides how far down to go: only a gain is a
 * reason to pay more, so one without needs another reason, what customers themselves did.
 *
 * Immutable, made once for a catalogue, off the request path (100,000 products of one kind: a
 * second or two; the candidates looked at are bounded), and for other moves from the one before;
 * shared by reference between threads. Pure.
 */
struct ladder;

enum ladder_degree {
    LADDER_BETTER, /* gains more than it loses, and what the customer chose stays; all steps down */
    LADDER_ASIDE, /* the same, but of another line than the customer's, which goes on elsewhere, or made for
                      women or men where the customer's is for both, or of the next size; or a kind without
                      any attribute, names alike */
    LADDER_DEARER, /* nothing known is better and nothing worse; or of another line, and customers went that way */
    LADDER_UNLIKE, /* the same of another line, and nobody is known to go that way */
    LADDER_NO_STEP,
};

/* Scores of a degree lie between this and the next one's; FAR is kept free, for who offers what is far in price. */
#define LADDER_SCORE_BETTER .5F
#define LADDER_SCORE_FAR    .35F
#define LADDER_SCORE_ASIDE  .2F
#define LADDER_SCORE_DEARER .05F

struct ladder_step { /* small: a large shop keeps millions */
    uint32_t product;
    float score; /* the likelier a shopper finds it sensible, the larger: above 0, at most 1 */
    /* Customers who bought the one of the cart and later @product: evidence; 0: too few or unknown … */
    uint32_t moved;
    enum ladder_degree degree : 8;
    uint8_t gains, losses; /* attributes in which @product is better, in which it is worse */
    bool
        confirmed; /* … and clearly more than went the other way, and more than had both at one time */
};

/* Of two counts one is clearly the larger when the square of their difference is this many times their sum: two
 * standard deviations of tossing a coin. */
#define LADDER_CLEARLY 4

/* Moves seen in history, per pair of products, as model/moves.h tells them; NULL: none known. */
struct ladder_moves {
    uint32_t (*moved)(const void *self, uint32_t from, uint32_t to);
    uint32_t (*together)(const void *self, uint32_t a, uint32_t b); /* who had both at one time */
    bool (*any)(const void *self,
                uint32_t from); /* is there one to whom moved() says more than 0? */
    const void *self;
};

/* What the shop says of an attribute: +1 more is better, -1 less is, 0 it is not ordered. */
enum { LADDER_UNSAID = 2 };
struct ladder_said {
    int (*better)(const void *self, struct str attribute);
    const void *self;
};

enum {
    LADDER_STEPS = 8,      /* kept of each product, each way */
    LADDER_MAX_ATTRS = 64, /* of one kind that are compared; those the catalogue names first */
};

/*
 * Steps kept are between these: dearer by 2 % to 150 %; cheaper by the same, the other way round.
 */
#define LADDER_RATIO_LOW  1.02
#define LADDER_RATIO_HIGH 2.5

/* @moves and @said are asked while it is made, and may be NULL. */
MUST_CHECK enum err ladder_new(struct catalog *catalog, const struct ladder_moves *moves,
                               const struct ladder_said *said, struct ladder **ret_ladder);

/* No steps: for a shop whose rules have not been read yet. It agrees with nobody. */
MUST_CHECK enum err ladder_blank(struct catalog *catalog, struct ladder **ret_ladder);

/*
 * What ladder_new would make of the same catalogue and words with these moves. What the catalogue teaches is shared with @old,
 * and only those products are looked at again from which customers move or did.
 */
MUST_CHECK enum err ladder_with_moves(const struct ladder *old, const struct ladder_moves *moves,
                                      struct ladder **ret_ladder);
struct ladder *ladder_ref(struct ladder *ladder);
struct ladder *ladder_unref(struct ladder *ladder); /* NULL in, NULL out */
DEFINE_AUTO(struct ladder, ladder_unref)

/* Was it made with the same words of the shop? Then it need not be made again for these. */
bool ladder_agrees(const struct ladder *ladder, const struct ladder_said *said);

/* Best first, NULL for none; price ratios narrower than LADDER_RATIO_* are the rule's affair. Borrowed. */
const struct ladder_step *ladder_up(const struct ladder *ladder, uint32_t product, uint32_t *ret_n);
const struct ladder_step *ladder_down(const struct ladder *ladder, uint32_t product,
                                      uint32_t *ret_n);

/*
 * The best that ladder_judge could say of any product but the steps kept, which costs between LADDER_RATIO_*: who
 * would not take that need not ask it. LADDER_NO_STEP: there is no further step.
 */
enum ladder_degree ladder_rest(const struct ladder *ladder, uint32_t product, bool up);

/*
 * Is @other a sensible step from @base, whatever the price: dearer, up; else down? For those beyond
 * the kept steps. About a tenth of a microsecond; @moved is 0. For one of another
 * line whose own line goes on, that is LADDER_ASIDE; down, no step.
 */
bool ladder_judge(const struct ladder *ladder, uint32_t base, uint32_t other,
                  struct ladder_step *ret_step);

/* What an attribute is in a product's kind. */
enum ladder_role {
    LADDER_NOISE,   /* ids, dates, prose: nothing to compare */
    LADDER_NEUTRAL, /* differs, but says nothing of better or worse */
    LADDER_TASTE,   /* the customer's choice */
    LADDER_FIT,     /* has to stay the same */
    LADDER_GENDER,
    LADDER_QUALITY,
};
enum ladder_role ladder_role(const struct ladder *ladder, uint32_t product, struct str attribute);

/*
 * How two products of a kind differ in one attribute: for the comparison table. Above 0: @b is
 * better; below: worse; 0: the same, or nobody can say.
 */
int ladder_compare(const struct ladder *ladder, uint32_t a, uint32_t b, struct str attribute);
