/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a body of POST /offers: a whole decision in a small shop. It may refuse, it may not crash or wait. */
#include <stddef.h>
#include <stdint.h>

#include "small_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules[] =
    "attributes: {storage_gb: {ja: ストレージ, en: Storage, unit: GB, better: more}}\n"
    "rules:\n"
    "  - {id: together, name: n, kind: cross_sell, status: active, owner: o, trigger: "
    "[add_to_cart, cart_view],\n"
    "     placement: [page], rank: {priority: 5}, offer: {pick: {relation: bought_together, of: "
    "cart, limit: 3}},\n"
    "     message: {ja: {title: \"{offer.name}\", cta: c, decline: d}, en: {title: "
    "\"{offer.name}\", cta: c, decline: d}}}\n"
    "  - {id: step, name: n, kind: upsell, status: active, owner: o, trigger: [add_to_cart], "
    "placement: [page],\n"
    "     when: {cart.total: {at_least: 1}}, rank: {priority: 9},\n"
    "     offer: {pick: {relation: upgrade_of, of: trigger_item}},\n"
    "     message: {ja: {title: \"+{price_gap}\", cta: c, decline: d}, en: {title: "
    "\"{price_gap}\", cta: c, decline: d}}}\n"
    "  - {id: ship, name: n, kind: free_shipping, status: active, owner: o, trigger: [cart_view], "
    "placement: [page],\n"
    "     rank: {priority: 1}, offer: {threshold: {cart_total: 150000}},\n"
    "     message: {ja: {title: \"{threshold.gap}\", cta: c, decline: d}, en: {title: "
    "\"{threshold.gap}\", cta: c, decline: d}}}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct small_world *small;
    if (!small)
        small = small_world_new(rules);
    arena_reset(small->arena);
    /* Where the server puts it: in the arena, so that reading past its end is seen. */
    struct str body = arena_copy(small->arena, (struct str){ (const char *) data, size });
    if (!body.at)
        return 0;
    struct decision *decision = decision_new(small->worker, small->arena, body, NULL, NULL);
    struct str answer;
    struct decide_problem problem;
    if (!decision || decide_run(decision, &answer, &problem) == DECIDE_DONE)
        return 0;
    if (problem.err == OK || !problem.what || !problem.pointer.at ||
        !str_is_utf8(problem.pointer, NULL))
        __builtin_trap(); /* a refusal must say what and where */
    return 0;
}
