/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a receipt blames is what has to change. Random requests to the demo shop (config/rules,
 * config/demo/catalog.csv), for every rule of it: a repairer that knows how each word of the rule
 * language is made true (put such an item into the cart, take it out, give consent, wait …)
 * mends the blamed condition and nothing else it can help. Then either the rule fires or a later one is
 * blamed; mended in turn, the rule fires. Mending another one first never makes it fire.
 *
 * The same in every run. Another run: OFFERD_TEST_SEED=7.
 */
#include "answers.h"
#include "files/catalog_csv.h"
#include "files/rules_dir.h"
#include "model/model.h"
#include "rules/facts.h"
#include "rules/schedule.h"
#include "rules/words.h"
#include "serve/decision.h"
#include "shop/event.h"
#include "suite.h"
#include "world/world.h"

enum { PAIRS_A_RULE = 8, LINES_MAX = 8, OWNED_MAX = 6, DRAWS_MAX = 60, HOUR_S = 3600 };
enum { NOT_BLAMED = -1, NO_ITEM = -1 };

/* Everything of a request and its customer that a condition may ask about. */
struct ask {
    const struct rule *rule;
    int trigger, placement;
    struct {
        int sku; /* of skus */
        int quantity;
        long price; /* -1: the catalogue's */
    } lines[LINES_MAX];
    int n_lines, item; /* of skus, or NO_ITEM */
    bool known, consents;
    int owned[OWNED_MAX], n_owned;
    int64_t now_us;
};

struct demo {
    struct small_world *small;
    struct rules_reading *reading;
    struct catalog *catalog;
    int n_skus; /* those of the catalogue, and one that it does not know */
    int64_t begin_us;
    uint64_t random;
};

static int below(struct demo *demo, int n)
{
    demo->random = demo->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int) ((demo->random >> 33) % (uint64_t) n);
}

static struct str sku_of(const struct demo *demo, int sku)
{
    return sku == demo->n_skus - 1 ? STR("NOBODY-1")
                                   : catalog_product(demo->catalog, (uint32_t) sku)->sku;
}

/* ── asking ──────────────────────────────────────────────────────────────────────────────────── */

static void print_request(const struct demo *demo, const struct ask *ask, struct out *out)
{
    out_printf(out, "{\"explain\": true, \"locale\": \"en\", \"trigger\": \"%s\", ",
               words_triggers()[ask->trigger]);
    out_printf(out, "\"placement\": \"%.*s\", ", STR_ARG(ask->rule->placements[ask->placement]));
    if (ask->known)
        out_text(out, STR("\"customer_id\": \"C1\", "));
    if (ask->item != NO_ITEM)
        out_printf(out, "\"item\": \"%.*s\", ", STR_ARG(sku_of(demo, ask->item)));
    out_text(out, STR("\"cart\": {\"currency\": \"JPY\", \"items\": ["));
    for (int i = 0; i < ask->n_lines; i++) {
        out_printf(out, "%s{\"sku\": \"%.*s\", \"quantity\": %d", i ? ", " : "",
                   STR_ARG(sku_of(demo, ask->lines[i].sku)), ask->lines[i].quantity);
        if (ask->lines[i].price >= 0)
            out_printf(out, ", \"unit_price\": %ld", ask->lines[i].price);
        out_char(out, '}');
    }
    out_text(out, STR("]}}"));
    out_char(out, '\0');
}

static int by_sku(const void *a, const void *b)
{
    return str_cmp(((const struct owned *) a)->sku, ((const struct owned *) b)->sku);
}

/* The decision, as far as its facts; its answer is in decision->encode.answer. Until the next. */
static struct decision *decide(struct demo *demo, const struct ask *ask)
{
    static struct owned owned[OWNED_MAX];
    static struct profile profile;
    struct small_world *small = demo->small;
    struct decide_problem problem = { 0 };
    struct str answer;
    struct out body;

    for (int i = 0; i < ask->n_owned; i++)
        owned[i] = (struct owned){ sku_of(demo, ask->owned[i]), 1, ask->now_us - 1 };
    qsort(owned, (size_t) ask->n_owned, sizeof *owned, by_sku);
    profile = (struct profile){ .customer_id = STR("C1"),
                                .position = 1,
                                .first_seen_us = ask->now_us - 2,
                                .orders = ask->n_owned > 0,
                                .consent = ask->consents ? CONSENT_PERSONALIZATION : 0,
                                .owned = owned,
                                .n_owned = (uint32_t) ask->n_owned };
    small->profile = &profile;
    small->wall_us = ask->now_us;
    arena_reset(small->arena);
    out_init(&body, small->arena, 1024);
    print_request(demo, ask, &body);
    struct decision *decision =
        decision_new(small->worker, small->arena, str_of(body.at), NULL, NULL);
    ck_assert_msg(decide_run(decision, &answer, &problem) == DECIDE_DONE, "%s: %s", problem.what,
                  body.at);
    return decision;
}

/* Condition @i of the rule, asked alone; the last is its schedule. */
static bool holds(struct demo *demo, const struct ask *ask, uint32_t i)
{
    if (i == ask->rule->n_conditions)
        return schedule_is_on(&ask->rule->schedule, ask->now_us);
    struct decision *decision = decide(demo, ask);
    enum truth truth = term_test(ask->rule->conditions[i].term, &decision->facts.scope);
    return truth == TRUTH_YES || (truth == TRUTH_UNKNOWN && ask->rule->unknown_allows);
}

/* ── what the receipt says ───────────────────────────────────────────────────────────────────── */

static bool is_place(const char *at, struct str file, uint32_t line)
{
    char place[256];
    (void) snprintf(place, sizeof place, "%.*s:%u", STR_ARG(file), line);
    return strcmp(place, at) == 0;
}

/* Which condition the receipt blames, by its key, file and line; NOT_BLAMED: none. */
static int blamed(struct demo *demo, const struct ask *ask)
{
    const struct rule *rule = ask->rule;
    cJSON *answer =
        cJSON_Parse(arena_copy(demo->small->arena, decide(demo, ask)->encode.answer).at);
    const cJSON *entry, *mine = NULL;
    int found = NOT_BLAMED;
    cJSON_ArrayForEach(entry, at(answer, "considered")) if (str_is(rule->id, text(entry, "rule")))
        mine = entry;
    ck_assert_msg(mine != NULL, "%.*s is not considered", STR_ARG(rule->id));

    if (strncmp(text(mine, "result"), "condition_", 10) == 0) {
        for (uint32_t i = 0; i < rule->n_conditions; i++)
            if (str_is(rule->conditions[i].key, text(mine, "key")) &&
                is_place(text(mine, "at"), rule->conditions[i].file, rule->conditions[i].line))
                found = (int) i;
        ck_assert_msg(found >= 0 && at(mine, "seen") && *text(mine, "wanted"), "%s",
                      cJSON_PrintUnformatted(mine));
    } else if (strcmp(text(mine, "result"), "off_schedule") == 0) {
        ck_assert(is_place(text(mine, "at"), rule->file, rule->schedule.line));
        found = (int) rule->n_conditions;
    }
    cJSON_Delete(answer);
    return found;
}

/* ── repairing ───────────────────────────────────────────────────────────────────────────────── */

static void take_lines(struct ask *ask, int mask)
{
    int kept = 0;
    for (int i = 0; i < ask->n_lines; i++)
        if (!(mask >> i & 1))
            ask->lines[kept++] = ask->lines[i];
    ask->n_lines = kept;
}

static void take_owned(struct ask *ask, int mask)
{
    int kept = 0;
    for (int i = 0; i < ask->n_owned; i++)
        if (!(mask >> i & 1))
            ask->owned[kept++] = ask->owned[i];
    ask->n_owned = kept;
}

static bool put_line(struct ask *ask, int sku)
{
    if (ask->n_lines == LINES_MAX)
        return false;
    ask->lines[ask->n_lines].sku = sku;
    ask->lines[ask->n_lines].quantity = 1;
    ask->lines[ask->n_lines++].price = -1;
    return true;
}

/* All pieces together cost @total and are as many as there are lines and @more. */
static void set_total(struct ask *ask, long total, int more)
{
    if (ask->n_lines == 0)
        (void) put_line(ask, 0);
    for (int i = 0; i < ask->n_lines; i++) {
        ask->lines[i].quantity = 1 + (i == 1 ? more : 0);
        ask->lines[i].price = i == 0 ? total : 0;
    }
}

static void be_known(struct ask *ask)
{
    ask->known = ask->consents = true;
}

/* One more line: at its price, given away, or alone in the cart and of the price that it may have. */
static bool try_more(const struct demo *demo, int n, struct ask *ask)
{
    int how = n / demo->n_skus;
    if (how == 2)
        ask->n_lines = 0;
    if (how > 2 || !put_line(ask, n % demo->n_skus))
        return false;
    if (how == 1)
        ask->lines[ask->n_lines - 1].price = 0;
    if (how == 2)
        set_total(ask, 5000, 0);
    return true;
}

/* Some lines less, and then none, one or two more. */
static bool try_less_and_more(const struct demo *demo, int n, struct ask *ask)
{
    int masks = 1 << ask->n_lines, more = n / masks - 1;
    take_lines(ask, n % masks);
    if (more < 0)
        return true;
    if (more < demo->n_skus)
        return put_line(ask, more);
    more -= demo->n_skus;
    return more < demo->n_skus * demo->n_skus && put_line(ask, more % demo->n_skus) &&
           put_line(ask, more / demo->n_skus);
}

/* The @n-th way to make @key true; false: there are no more. */
static bool try_way(const struct demo *demo, const char *key, int n, struct ask *ask)
{
    if (strcmp(key, "trigger.item") == 0) {
        ask->item = n;
        return n < demo->n_skus && (ask->trigger != TRIGGER_ADD_TO_CART || put_line(ask, n));
    }
    if (strcmp(key, "cart.has") == 0)
        return try_more(demo, n, ask);
    if (strcmp(key, "cart.lacks") == 0 || strcmp(key, "cart.count") == 0 ||
        strcmp(key, "any") == 0 || strcmp(key, "none") == 0 || strcmp(key, "all") == 0)
        return try_less_and_more(demo, n, ask);
    if (strcmp(key, "cart.total") == 0)
        return set_total(ask, 100 * n, 0), n < 2000;
    if (strcmp(key, "cart.quantity") == 0)
        return set_total(ask, 5000, n), n < 20;
    be_known(ask);
    if (strcmp(key, "consent") == 0)
        return n == 0;
    if (strcmp(key, "new_customer") == 0)
        return take_owned(ask, ~0), n == 0;
    if (strcmp(key, "not_owns") == 0)
        return n < 1 << ask->n_owned && (take_owned(ask, n), true);
    ck_assert_msg(strcmp(key, "owns") == 0, "there is no repair for \"%s\"", key);
    ask->owned[ask->n_owned % OWNED_MAX] = n;
    ask->n_owned += ask->n_owned < OWNED_MAX;
    return n < demo->n_skus - 1;
}

/* @ask with condition @i true, and those before it as they have to be: true, but @broken. */
static bool repair(struct demo *demo, struct ask *ask, uint32_t i, int broken)
{
    char key[32];
    (void) snprintf(
        key, sizeof key, "%.*s",
        STR_ARG(i < ask->rule->n_conditions ? ask->rule->conditions[i].key : STR("schedule")));
    for (int n = 0;; n++) {
        struct ask next = *ask;
        if (i == ask->rule->n_conditions)
            next.now_us = ask->now_us + INT64_C(1000000) * HOUR_S * 5 * (n / 2) * (n % 2 ? 1 : -1);
        if (i == ask->rule->n_conditions ? n > 2000 : !try_way(demo, key, n, &next))
            return false;
        bool good = holds(demo, &next, i) && (broken < 0 || !holds(demo, &next, (uint32_t) broken));
        for (uint32_t k = 0; k < i && good; k++)
            good = (int) k == broken || (broken >= 0 && (int) k > broken) || holds(demo, &next, k);
        if (!good)
            continue;
        *ask = next;
        return true;
    }
}

/* ── what must hold ──────────────────────────────────────────────────────────────────────────── */

/* A random request at a place of the rule. */
static void draw(struct demo *demo, const struct rule *rule, struct ask *ask)
{
    *ask = (struct ask){ .rule = rule, .item = NO_ITEM };
    do
        ask->trigger = below(demo, TRIGGERS);
    while (!(rule->triggers & 1u << ask->trigger));
    ask->placement = below(demo, (int) rule->n_placements);
    for (int n = below(demo, 4); n > 0; n--)
        (void) put_line(ask, below(demo, demo->n_skus));
    for (int i = 0; i < ask->n_lines; i++)
        ask->lines[i].quantity += below(demo, 3) * below(demo, 3);
    if (below(demo, 4))
        ask->item = ask->n_lines && below(demo, 2) ? ask->lines[0].sku : below(demo, demo->n_skus);
    ask->known = below(demo, 4) > 0;
    ask->consents = below(demo, 3) > 0;
    for (int n = below(demo, 4); n > 0; n--)
        ask->owned[ask->n_owned++] = below(demo, demo->n_skus - 1);
    ask->now_us = demo->begin_us + INT64_C(1000000) * HOUR_S * (below(demo, 2000) - 1000);
}

/* Mended in turn, each later than the one before, until the rule fires. How many were mended. */
static int mend_all(struct demo *demo, struct ask ask, int first)
{
    int mended = 0, last = NOT_BLAMED;
    for (int i = first; i != NOT_BLAMED; i = blamed(demo, &ask), mended++) {
        ck_assert_msg(i > last, "%.*s: after %d, %d is blamed", STR_ARG(ask.rule->id), last, i);
        for (int k = 0; k < i; k++)
            ck_assert_msg(holds(demo, &ask, (uint32_t) k), "%.*s: %d is blamed, %d fails before",
                          STR_ARG(ask.rule->id), i, k);
        ck_assert_msg(!holds(demo, &ask, (uint32_t) i), "%.*s: %d is blamed and holds",
                      STR_ARG(ask.rule->id), i);
        ck_assert_msg(repair(demo, &ask, (uint32_t) i, NOT_BLAMED), "%.*s: %d cannot be mended",
                      STR_ARG(ask.rule->id), i);
        last = i;
    }
    return mended;
}

/* Others mended and not the one that is blamed: it still is. How many others were. */
static int mend_others(struct demo *demo, const struct ask *ask, int first)
{
    int mended = 0;
    for (uint32_t i = (uint32_t) first + 1; i <= ask->rule->n_conditions; i++) {
        struct ask other = *ask;
        if (holds(demo, &other, i) || !repair(demo, &other, i, first))
            continue;
        ck_assert_msg(blamed(demo, &other) == first, "%.*s: %u was mended instead of %d",
                      STR_ARG(ask->rule->id), i, first);
        mended++;
    }
    return mended;
}

static void demo_begin(struct demo *demo)
{
    const char *root = getenv("SOURCE_ROOT"), *seed = getenv("OFFERD_TEST_SEED");
    char path[512];
    const struct csv_money yen = { .currency = STR("JPY") };
    const struct world_settings settings = { .shop = STR("main"),
                                             .default_budget_us = 20000,
                                             .offer_lifetime_us = INT64_C(1800000000) };
    AUTO(model_unref) struct model *model = NULL;
    struct csv_tally tally = { 0 };
    struct world *world = NULL;

    demo->random = seed ? strtoull(seed, NULL, 10) : 20261122;
    (void) snprintf(path, sizeof path, "%s/config/demo/catalog.csv", root ? root : ".");
    ck_assert_int_eq(catalog_csv_read(path, &yen, NULL, &tally, &demo->catalog, NULL), OK);
    demo->n_skus = (int) catalog_count(demo->catalog) + 1;
    (void) snprintf(path, sizeof path, "%s/config/rules", root ? root : ".");
    ck_assert_int_eq(rules_dir_read(path, 0, &demo->reading), OK);
    ck_assert_int_eq(model_new(demo->catalog, NULL, NULL, &model), OK);
    ck_assert_int_eq(world_new(demo->reading->ruleset, demo->catalog, model, &settings, &world),
                     OK);
    demo->small = small_world_new("groups: {one: {max: 1}}\n");
    demo->begin_us = demo->small->wall_us;
    snapshot_publish(&demo->small->slot, &world->snapshot);
}

static void demo_end(struct demo *demo)
{
    demo->small->profile = NULL;
    (void) small_world_free(demo->small);
    (void) rules_reading_free(demo->reading);
    (void) catalog_unref(demo->catalog);
}

START_TEST(the_condition_that_a_receipt_blames_is_the_one_whose_repair_makes_the_rule_fire)
{
    struct demo demo;
    int pairs = 0, mended = 0, others = 0;
    demo_begin(&demo);
    printf("# seed %llu\n", (unsigned long long) demo.random);
    for (uint32_t r = 0; r < ruleset_count(demo.reading->ruleset); r++) {
        const struct rule *rule = ruleset_rule(demo.reading->ruleset, r);
        int of_rule = 0;
        for (int draws = 0; draws < DRAWS_MAX && of_rule < PAIRS_A_RULE; draws++) {
            struct ask ask;
            draw(&demo, rule, &ask);
            int first = blamed(&demo, &ask);
            if (first == NOT_BLAMED)
                continue;
            mended += mend_all(&demo, ask, first);
            others += mend_others(&demo, &ask, first);
            of_rule++;
        }
        ck_assert_msg(of_rule == PAIRS_A_RULE, "%.*s always fires", STR_ARG(rule->id));
        pairs += of_rule;
    }
    printf("# %d pairs of a rule and a request, %d conditions mended, %d others first\n", pairs,
           mended, others);
    ck_assert_int_ge(pairs, 200);
    demo_end(&demo);
}
END_TEST

SUITE_MAIN("serve/receipt_repair",
           the_condition_that_a_receipt_blames_is_the_one_whose_repair_makes_the_rule_fire)
