/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging two products: is the one a sensible step from the other? The score is a product of how
 * modest the step in price is; how like the two are (what the customer chose stays; brand, model,
 * words of the name); and how much is gained and lost in matters of quality. What has to fit and
 * does not, and names that take opposite sides, are a veto.
 */
#include <math.h>

#include "shop/ladder_parts.h"

/*
 * Tried on the AdventureWorks catalogue and the demo shop; each is how much likeness is left after
 * one such change.
 */
#define OTHER_TASTE      .8
#define OTHER_LINE       .7 /* a word that is neither colour nor quality: Road, Mountain */
#define OTHER_AMOUNT     .6 /* an amount that is nobody's quality, 30 % or more away */
#define OTHER_MODEL      .9
#define OTHER_BRAND      .7
#define TO_ONE_GENDER    .6 /* from unisex */
#define TO_EITHER_GENDER .9
#define NEAR_FIT         .05 /* a size beside it: after all that fit */
#define NEAR_FIT_SHARE   .06
#define UNKNOWN          .95 /* only one of the two says */
#define LEAVING          .5  /* its last day is known, the other's is not */
#define ALIKE_ENOUGH     .3  /* of the words of two names, then */
#define SAME_AMOUNT      .005
#define RELATED          .25 /* the same, where nothing but the price speaks for it */
#define STEP_IDEAL       1.25
#define STEP_WIDTH       .35 /* in logarithms */

/* ── judging two products ────────────────────────────────────────────────────────────────────── */

struct verdict {
    double alike, likeness, gained, lost;
    uint8_t gains, losses; /* of LADDER_MAX_ATTRS */
    bool vetoed, resized, to_one_gender;
    struct ladder_lines lines;
};

/* How far @b is from @a in the direction that is better: in logarithms for amounts, steps else. */
static double ahead(const struct scale *scale, float a, float b)
{
    if (scale->reading != READING_AMOUNT)
        return (double) (b - a) * scale->better;
    if (fabsf(b - a) <= (float) SAME_AMOUNT * fmaxf(fabsf(a), fabsf(b)))
        return 0;
    if (a > 0 && b > 0)
        return log((double) b / (double) a) * scale->better;
    return b > a ? scale->better : -scale->better;
}

static void judge_quality(const struct scale *scale, float a, float b, struct verdict *verdict)
{
    double step = ahead(scale, a, b), weight = (double) scale->weight;
    if (step > 0) {
        verdict->gains++;
        verdict->gained += weight * (.6 + .4 * fmin(1, step / .5));
    } else if (step < 0) {
        verdict->losses++;
        verdict->lost += weight * fmin(1, -step / .15);
    }
}

/* Numbers of sizes 6 % apart are next to each other; a word is another one. */
static void judge_fit(const struct scale *scale, float a, float b, struct verdict *verdict)
{
    if (a == b)
        return;
    verdict->resized = true;
    if (scale->reading == READING_AMOUNT && fabsf(a - b) <= (float) NEAR_FIT_SHARE * fabsf(a))
        verdict->likeness *= NEAR_FIT;
    else
        verdict->vetoed = true;
}

static void judge_gender(float a, float b, struct verdict *verdict)
{
    if (a == b)
        return;
    if (b == GENDER_EITHER && a != GENDER_CHILDREN)
        verdict->likeness *= TO_EITHER_GENDER;
    else if (a == GENDER_EITHER && b != GENDER_CHILDREN) {
        verdict->likeness *= TO_ONE_GENDER;
        verdict->to_one_gender = true;
    } else
        verdict->vetoed = true;
}

static void judge_taste(const struct learned *learned, const struct scale *scale, float a, float b,
                        struct verdict *verdict)
{
    if (a == b)
        return;
    if (scale->reading == READING_AMOUNT && a > 0 && b > 0) {
        double apart = fmin(1, fabs(log((double) b / (double) a)) / .3);
        verdict->likeness *= 1 - (1 - OTHER_AMOUNT) * apart;
    } else {
        verdict->likeness *= learned->attributes[scale->attribute].says == NAME_SAYS_TASTE
                                 ? OTHER_TASTE
                                 : OTHER_LINE;
    }
}

/*
 * Is it a word that parts a kind into lines: Road and Mountain, men's and women's? A colour does
 * not.
 */
static bool is_line(const struct learned *learned, const struct scale *scale)
{
    return scale->role == LADDER_GENDER ||
           (scale->role == LADDER_TASTE && scale->reading == READING_WORD &&
            learned->attributes[scale->attribute].says != NAME_SAYS_TASTE);
}

static void judge_scale(const struct learned *learned, const struct kind *kind, uint32_t column,
                        float a, float b, struct verdict *verdict)
{
    const struct scale *scale = &kind->scales[column];
    if (isnan(a) || isnan(b)) {
        if (isnan(a) != isnan(b) && scale->role != LADDER_NOISE)
            verdict->likeness *= UNKNOWN;
        return;
    }
    if (is_line(learned, scale))
        *(a == b ? &verdict->lines.kept : &verdict->lines.left) |= UINT64_C(1) << column;
    switch (scale->role) {
    case LADDER_QUALITY: judge_quality(scale, a, b, verdict); break;
    case LADDER_FIT: judge_fit(scale, a, b, verdict); break;
    case LADDER_GENDER: judge_gender(a, b, verdict); break;
    case LADDER_TASTE: judge_taste(learned, scale, a, b, verdict); break;
    case LADDER_NEUTRAL:
    case LADDER_NOISE: break;
    }
}

static double share_of(const struct item *a, const struct item *b, uint32_t shared)
{
    uint32_t all = a->n_words + b->n_words - shared;
    return all ? (double) shared / all : 1;
}

/* Shared words of two names, of all their words; 1 when neither has any. */
static double alike(const struct item *a, const struct item *b)
{
    uint32_t shared = 0;
    for (uint32_t i = 0, j = 0; i < a->n_words && j < b->n_words;) {
        shared += a->words[i] == b->words[j];
        bool step_a = a->words[i] <= b->words[j], step_b = a->words[i] >= b->words[j];
        i += step_a;
        j += step_b;
    }
    return share_of(a, b, shared);
}

/* No more than that: a look at signatures alone. */
static double alike_at_most(const struct item *a, const struct item *b)
{
    uint32_t hidden = a->n_hidden < b->n_hidden ? a->n_hidden : b->n_hidden;
    return share_of(a, b, (uint32_t) __builtin_popcountll(a->signature & b->signature) + hidden);
}

static double likeness_of_items(const struct item *base, const struct item *other, double alike)
{
    double likeness = .4 + .6 * alike;
    if (base->model && other->model && base->model != other->model)
        likeness *= OTHER_MODEL;
    if (base->brand != other->brand)
        likeness *= OTHER_BRAND;
    if (other->leaving && !base->leaving)
        likeness *= LEAVING;
    return likeness;
}

/* 1 at the ideal step, whichever way. */
static double modesty(double ratio)
{
    double off = (log(fmax(ratio, 1 / ratio)) - log(STEP_IDEAL)) / STEP_WIDTH;
    return exp(-off * off / 2);
}

static const struct kind *kind_of(const struct learned *learned, uint32_t product)
{
    return &learned->kinds[catalog_product(learned->catalog, product)->kind];
}

static const float *codes_of(const struct learned *learned, const struct kind *kind,
                             uint32_t product)
{
    return kind->codes + (size_t) learned->items[product].row * kind->n_scales;
}

/*
 * A gain makes a step up; without one it is only dearer, and then not another colour of the same or
 * another size.
 */
static enum ladder_degree degree_of(const struct kind *kind, const struct item *a,
                                    const struct item *b, const struct verdict *verdict, bool up)
{
    if (kind->bare)
        return up ? LADDER_ASIDE : LADDER_BETTER;
    if (!up)
        return LADDER_BETTER;
    if (verdict->gains && verdict->gained > verdict->lost)
        return verdict->resized || verdict->to_one_gender ? LADDER_ASIDE : LADDER_BETTER;
    if (verdict->gains || verdict->losses || verdict->resized || verdict->to_one_gender ||
        (a->model && a->model == b->model) || verdict->alike < RELATED)
        return LADDER_NO_STEP;
    return verdict->lines.left ? LADDER_UNLIKE : LADDER_DEARER;
}

/* How alike the names must be for any step at all: where nothing can be gained they are what there is. */
static double akin_enough(const struct kind *kind, bool up)
{
    return kind->bare ? ALIKE_ENOUGH : up && !kind->gains ? RELATED : 0;
}

bool ladder_judge_lines(const struct learned *learned, const struct kind *kind, uint32_t base,
                        uint32_t other, struct ladder_step *ret_step,
                        struct ladder_lines *ret_lines)
{
    const struct item *a = &learned->items[base], *b = &learned->items[other];
    if (a->price_minor <= 0 || b->price_minor <= 0 || a->price_minor == b->price_minor ||
        sides_clash(a->sides, b->sides))
        return false;

    bool up = b->price_minor > a->price_minor;
    double akin = akin_enough(kind, up);
    if (akin > 0 && alike_at_most(a, b) < akin)
        return false;
    struct verdict verdict = { .alike = alike(a, b) };
    if (verdict.alike < akin)
        return false;
    verdict.likeness = likeness_of_items(a, b, verdict.alike);
    const float *one = codes_of(learned, kind, base), *two = codes_of(learned, kind, other);
    for (uint32_t i = 0; i < kind->n_scales && !verdict.vetoed; i++)
        judge_scale(learned, kind, i, one[i], two[i], &verdict);
    if (verdict.vetoed || (verdict.resized && verdict.to_one_gender) ||
        (verdict.resized && a->model && a->model == b->model))
        return false;

    double ratio = (double) b->price_minor / (double) a->price_minor;
    double score = modesty(ratio) * verdict.likeness;
    enum ladder_degree degree = degree_of(kind, a, b, &verdict, up);
    if (degree == LADDER_NO_STEP)
        return false;
    if (up && verdict.gains)
        score *= verdict.gained / (1 + verdict.gained) * exp(-verdict.lost);
    else if (!up)
        score *= exp(-.5 * verdict.lost);
    *ret_step = (struct ladder_step){ .product = other,
                                      .score = fmaxf((float) score, 1e-12f),
                                      .degree = degree,
                                      .gains = verdict.gains,
                                      .losses = verdict.losses };
    *ret_lines = verdict.lines;
    return true;
}

float ladder_score(enum ladder_degree degree, float raw)
{
    static const float from[] = { LADDER_SCORE_BETTER, LADDER_SCORE_ASIDE, LADDER_SCORE_DEARER, 0 };
    static const float to[] = { 1, LADDER_SCORE_FAR, LADDER_SCORE_ASIDE, LADDER_SCORE_DEARER };
    return fmaxf(from[degree] + (to[degree] - from[degree]) * .99F * fminf(raw, 1), 1e-12F);
}

bool ladder_leave(const struct item *item, const struct ladder_lines *lines, bool up,
                  struct ladder_step *step)
{
    if (!(lines->left & item->further[up]))
        return true;
    if (step->degree == LADDER_BETTER)
        step->degree = LADDER_ASIDE;
    return up;
}

bool ladder_judge(const struct ladder *ladder, uint32_t base, uint32_t other,
                  struct ladder_step *ret_step)
{
    struct ladder_lines lines;
    const struct learned *learned = ladder->learned;
    const struct kind *kind = kind_of(learned, base);
    const struct item *item = &learned->items[base];
    if (kind != kind_of(learned, other) ||
        !ladder_judge_lines(learned, kind, base, other, ret_step, &lines) ||
        !ladder_leave(item, &lines, learned->items[other].price_minor > item->price_minor,
                      ret_step))
        return false;
    ret_step->score = ladder_score(ret_step->degree, ret_step->score);
    return true;
}

/* ── asking ──────────────────────────────────────────────────────────────────────────────────── */

static const struct scale *scale_of(const struct kind *kind, struct str attribute)
{
    for (uint32_t i = 0; i < kind->n_scales; i++)
        if (str_eq(kind->scales[i].name, attribute))
            return &kind->scales[i];
    return NULL;
}

enum ladder_role ladder_role(const struct ladder *ladder, uint32_t product, struct str attribute)
{
    const struct scale *scale = scale_of(kind_of(ladder->learned, product), attribute);
    return scale ? scale->role : LADDER_NEUTRAL;
}

int ladder_compare(const struct ladder *ladder, uint32_t a, uint32_t b, struct str attribute)
{
    const struct learned *learned = ladder->learned;
    const struct kind *kind = kind_of(learned, a);
    const struct scale *scale = scale_of(kind, attribute);
    if (kind != kind_of(learned, b) || !scale || scale->role != LADDER_QUALITY)
        return 0;
    ptrdiff_t column = scale - kind->scales;
    float one = codes_of(learned, kind, a)[column], other = codes_of(learned, kind, b)[column];
    if (isnan(one) || isnan(other))
        return 0;
    double step = ahead(scale, one, other);
    return (step > 0) - (step < 0);
}
