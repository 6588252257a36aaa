/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world is made once for every combination of parts and never changes: replacing a part
 * makes another one. What needs two parts at once (the rules' SKUs as catalogue numbers) is
 * worked out here, so that a decision never looks a SKU of a rule up and never walks the whole
 * shop for its best sellers.
 */
#include "world/world.h"

#include <stdlib.h>

#include "base/strmap.h"
#include "model/content.h"
#include "model/model.h"
#include "model/moves.h"
#include "rules/facts.h"
#include "rules/rule.h"
#include "rules/ruleset.h"
#include "shop/catalog.h"
#include "shop/ladder.h"
#include "world/chances.h"
#include "world/wheres.h"

static void world_free(struct snapshot *snapshot)
{
    struct world *world = (struct world *) snapshot;
    (void) ruleset_unref(world->rules);
    (void) catalog_unref(world->catalog);
    (void) model_unref(world->model);
    (void) wheres_unref(world->wheres);
    (void) ladder_unref(world->ladder);
    (void) content_unref(world->content);
    (void) chances_unref(world->chances);
    (void) snapshot_unref(world->lists);
    free(world);
}

struct world *world_unref(struct world *world)
{
    if (world)
        (void) snapshot_unref(&world->snapshot);
    return NULL;
}

/* Fills @list (room for shelf_room) and says how many. */
static uint32_t fill(struct facts *facts, const struct pick *pick, const struct model *model,
                     uint32_t *list)
{
    const struct catalog *catalog = facts->catalog;
    uint32_t n = 0, n_best = 0;
    if (pick->relation == RELATION_SKUS)
        for (uint32_t i = 0; i < pick->n_skus; i++) {
            uint32_t number = catalog_find(catalog, pick->skus[i]);
            if (number != PRODUCT_NONE && pick_takes(pick, facts, catalog_product(catalog, number)))
                list[n++] = number;
        }
    if (pick->relation == RELATION_BEST_SELLER) {
        const uint32_t *best = model_best_sellers(model, &n_best);
        for (uint32_t i = 0; i < n_best && i < WORLD_WALK_MAX && n < WORLD_SHELF_MAX; i++)
            if (pick_takes(pick, facts, catalog_product(catalog, best[i])))
                list[n++] = best[i];
    }
    return n;
}

static uint32_t shelf_room(const struct pick *pick)
{
    if (!pick->present)
        return 0;
    return pick->relation == RELATION_SKUS          ? pick->n_skus
           : pick->relation == RELATION_BEST_SELLER ? WORLD_SHELF_MAX
                                                    : 0;
}

/* One block: the shelves, then their products. */
static enum err fill_shelves(const struct ruleset *rules, const struct catalog *catalog,
                             const struct model *model, struct world_shelf **ret_shelves)
{
    uint32_t n_rules = ruleset_count(rules);
    size_t room = 1;
    for (uint32_t i = 0; i < n_rules; i++)
        room += shelf_room(&ruleset_rule(rules, i)->pick);

    struct world_shelf *shelves = malloc((n_rules + 1) * sizeof *shelves + room * sizeof(uint32_t));
    if (!shelves)
        return ERR_NOMEM;
    uint32_t *products = (uint32_t *) (shelves + n_rules + 1);
    struct facts facts = { .catalog = catalog, .attr_names = ruleset_attr_names(rules) };
    facts_init(&facts);
    for (uint32_t i = 0; i < n_rules; i++) {
        const struct pick *pick = &ruleset_rule(rules, i)->pick;
        uint32_t n = shelf_room(pick) ? fill(&facts, pick, model, products) : 0;
        shelves[i] = (struct world_shelf){ products, n };
        products += n;
    }
    *ret_shelves = shelves;
    return OK;
}

/* What the declines and acceptances of all rules may silence beyond the rule itself. */
struct reach {
    bool all;
    uint32_t kinds; /* bit 1u << enum rule_kind */
    struct strmap *groups;
};

static enum err reach_add(struct reach *reach, const struct rule *rule,
                          const struct silence *silence)
{
    if (!silence->present)
        return OK;
    reach->all |= silence->scope == SCOPE_ALL;
    if (silence->scope == SCOPE_KIND)
        reach->kinds |= 1u << rule->kind;
    if (silence->scope == SCOPE_GROUP && rule->group.at)
        return strmap_put(reach->groups, rule->group, 0);
    return OK;
}

static enum err mark_silenced(const struct ruleset *rules, bool **ret_marks)
{
    uint32_t n = ruleset_count(rules);
    struct reach reach = { 0 };
    AUTO(strmap_free) struct strmap *groups = reach.groups = strmap_new(16);
    bool *marks = groups ? calloc(n + 1, sizeof *marks) : NULL;
    enum err err = marks ? OK : ERR_NOMEM;
    for (uint32_t i = 0; i < n && err == OK; i++) {
        const struct rule *rule = ruleset_rule(rules, i);
        err = reach_add(&reach, rule, &rule->after_decline);
        if (err == OK)
            err = reach_add(&reach, rule, &rule->after_accept);
    }
    if (err != OK) {
        free(marks);
        return err;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct rule *rule = ruleset_rule(rules, i);
        marks[i] = reach.all || reach.kinds & 1u << rule->kind ||
                   (rule->group.at && strmap_get(groups, rule->group) != STRMAP_NONE);
    }
    *ret_marks = marks;
    return OK;
}

/* What `attributes:` in the rule files says is better. */
static int better_by_label(const void *rules, struct str attribute)
{
    const struct attr_label *label = ruleset_attr_label(rules, attribute);
    return label ? label->better : LADDER_UNSAID;
}

static uint32_t customers_who_moved(const void *moved, uint32_t from, uint32_t to)
{
    return moved_customers(moved, from, to);
}

static uint32_t customers_with_both(const void *moved, uint32_t a, uint32_t b)
{
    return moved_together(moved, a, b);
}

static bool moves_any(const void *moved, uint32_t from)
{
    return moved_any(moved, from);
}

/* What rules, catalogue and model make together, by rule number. */
struct lists {
    struct snapshot snapshot; /* first */
    struct world_shelf *shelves;
    bool *may_be_silenced;
};

static void lists_free(struct snapshot *snapshot)
{
    struct lists *lists = (struct lists *) snapshot;
    free(lists->shelves);
    free(lists->may_be_silenced);
    free(lists);
}

static void lists_unref_at(struct lists **lists)
{
    if (*lists)
        (void) snapshot_unref(&(*lists)->snapshot);
}

static enum err lists_new(const struct ruleset *rules, const struct catalog *catalog,
                          const struct model *model, struct lists **ret_lists)
{
    AUTO(lists_unref) struct lists *lists = calloc(1, sizeof *lists);
    if (!lists)
        return ERR_NOMEM;
    snapshot_init(&lists->snapshot, lists_free);
    TRY(fill_shelves(rules, catalog, model, &lists->shelves));
    TRY(mark_silenced(rules, &lists->may_be_silenced));
    *ret_lists = MOVE(lists);
    return OK;
}

/* What is worked out of several parts; borrowed. */
struct derived {
    struct wheres *wheres;   /* of rules and catalogue */
    struct ladder *ladder;   /* of the catalogue, the rules' words for it, the model's moves */
    struct content *content; /* of the catalogue */
    struct chances *chances; /* of rules, catalogue and odds */
    struct lists *lists;     /* of rules, catalogue and model; NULL: to be made */
    bool other_moves;        /* the ladder was made with others than the model's */
};

static enum err compose(struct ruleset *rules, struct catalog *catalog, struct model *model,
                        const struct derived *derived, const struct world_settings *settings,
                        struct world **ret_world)
{
    AUTO(lists_unref) struct lists *lists = NULL;
    if (derived->lists)
        lists = (struct lists *) snapshot_ref(&derived->lists->snapshot);
    else
        TRY(lists_new(rules, catalog, model, &lists));
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return ERR_NOMEM;
    world->shelves = lists->shelves;
    world->may_be_silenced = lists->may_be_silenced;
    world->lists = &MOVE(lists)->snapshot;
    world->same_money = ruleset_count(rules) == 0 || catalog_count(catalog) == 0 ||
                        str_eq(ruleset_currency(rules), catalog_currency(catalog));
    snapshot_init(&world->snapshot, world_free);
    world->rules = ruleset_ref(rules);
    world->catalog = catalog_ref(catalog);
    world->model = model_ref(model);
    world->wheres = wheres_ref(derived->wheres);
    world->ladder = ladder_ref(derived->ladder);
    world->content = content_ref(derived->content);
    world->chances = chances_ref(derived->chances);
    world->settings = *settings;
    *ret_world = world;
    return OK;
}

/* Who has no rules yet offers nothing; the first rules bring words for what is better. */
static bool waits_for_rules(const struct ruleset *rules)
{
    return str_is(ruleset_version(rules), RULESET_VERSION_UNREAD);
}

/* The kept one or what is left to do: mostly nothing, after new moves little. */
static enum err ladder_for(struct ruleset *rules, struct catalog *catalog,
                           const struct model *model, const struct derived *kept,
                           struct ladder **ret_ladder)
{
    const struct ladder_said said = { better_by_label, rules };
    const struct ladder_moves moved = { customers_who_moved, customers_with_both, moves_any,
                                        model_moved(model) };
    const struct ladder_moves *moves = moved.self ? &moved : NULL;
    if (waits_for_rules(rules))
        return ladder_blank(catalog, ret_ladder);
    if (!kept->ladder || !ladder_agrees(kept->ladder, &said))
        return ladder_new(catalog, moves, &said, ret_ladder);
    if (kept->other_moves)
        return ladder_with_moves(kept->ladder, moves, ret_ladder);
    *ret_ladder = ladder_ref(kept->ladder);
    return OK;
}

/*
 * What belongs to rules and catalogue is made anew for these; of @kept come what belongs to the
 * catalogue alone, the odds, and the ladder, if there is one, where the rules say the same.
 */
static enum err compose_new(struct ruleset *rules, struct catalog *catalog, struct model *model,
                            const struct derived *kept, const struct world_settings *settings,
                            struct world **ret_world)
{
    AUTO(wheres_unref) struct wheres *wheres = NULL;
    AUTO(chances_unref) struct chances *chances = NULL;
    AUTO(ladder_unref) struct ladder *ladder = NULL;
    TRY(wheres_new(rules, catalog, &wheres));
    TRY(chances_new(rules, catalog, kept->chances ? kept->chances->odds : NULL, &chances));
    TRY(ladder_for(rules, catalog, model, kept, &ladder));
    const struct derived derived = {
        .wheres = wheres, .ladder = ladder, .content = kept->content, .chances = chances
    };
    return compose(rules, catalog, model, &derived, settings, ret_world);
}

/* Of another catalogue. */
static enum err world_anew(struct ruleset *rules, struct catalog *catalog, struct model *model,
                           struct chances *chances, const struct world_settings *settings,
                           struct world **ret_world)
{
    AUTO(content_unref) struct content *content = NULL;
    TRY(content_new(catalog, &content));
    const struct derived kept = { .content = content, .chances = chances };
    return compose_new(rules, catalog, model, &kept, settings, ret_world);
}

enum err world_new(struct ruleset *rules, struct catalog *catalog, struct model *model,
                   const struct world_settings *settings, struct world **ret_world)
{
    return world_anew(rules, catalog, model, NULL, settings, ret_world);
}

enum err world_with(const struct world *old, struct ruleset *rules, struct catalog *catalog,
                    struct model *model, struct world **ret_world)
{
    const struct derived derived = { .wheres = old->wheres,
                                     .ladder = old->ladder,
                                     .content = old->content,
                                     .chances = old->chances,
                                     .other_moves =
                                         model && model_moved(model) != model_moved(old->model) };
    bool same_rules = !rules || rules == old->rules;
    bool same_catalog = !catalog || catalog == old->catalog;
    rules = rules ? rules : old->rules;
    catalog = catalog ? catalog : old->catalog;
    model = model ? model : old->model;
    if (!same_catalog)
        return world_anew(rules, catalog, model, old->chances, &old->settings, ret_world);
    if (!same_rules || derived.other_moves)
        return compose_new(rules, catalog, model, &derived, &old->settings, ret_world);
    return compose(rules, catalog, model, &derived, &old->settings, ret_world);
}

enum err world_with_odds(const struct world *old, struct odds *odds, struct world **ret_world)
{
    AUTO(chances_unref) struct chances *chances = NULL;
    TRY(chances_with(old->chances, old->rules, odds, &chances));
    const struct derived derived = { .wheres = old->wheres,
                                     .ladder = old->ladder,
                                     .content = old->content,
                                     .chances = chances,
                                     .lists = (struct lists *) old->lists };
    return compose(old->rules, old->catalog, old->model, &derived, &old->settings, ret_world);
}
