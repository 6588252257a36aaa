/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/out.h"
#include "rules/facts.h"
#include "shop/catalog.h"

/*
 * Rule mix: made-up rules of one trigger and placement, a catalogue for them, and requests. The
 * same arguments give the same shop.
 *
 * MIX_REALISTIC: a shop that grows with its rules. A few are about the whole shop; the others each
 * about a SKU, a subcategory and brand, or a category and what the customer owns, so that each SKU,
 * subcategory, category has as many rules in a large shop as in a small one; about 20 match.
 * MIX_DENSE: every rule asks three or four things that often hold, from a fixed vocabulary (24
 * categories, 16 cart totals, countries, …): one to two percent of all rules match.
 */
enum mix_kind { MIX_REALISTIC, MIX_DENSE };

struct rule_mix {
    enum mix_kind kind;
    uint32_t n_rules, n_skus, n_subcategories, n_categories;
    uint64_t seed;
};

struct rule_mix rule_mix(enum mix_kind kind, uint32_t n_rules);

/* Rules [from, to) as a rule file. */
void rule_mix_print(const struct rule_mix *mix, uint32_t from, uint32_t to, struct out *out);

struct catalog *rule_mix_catalog(const struct rule_mix *mix);

enum { MIX_LINES = 5, MIX_OWNED = 8 };
#define MIX_NOW (INT64_C(1763719200) * 1000000)

struct mix_request {
    struct cart cart;
    struct cart_line lines[MIX_LINES];
    struct owned owned[MIX_OWNED];
    struct profile profile;
    struct facts facts;
};

/* Request @number. @attr_names: of the ruleset. */
void rule_mix_request(const struct rule_mix *mix, const struct catalog *catalog,
                      const struct str *attr_names, uint32_t number, struct mix_request *ret);
