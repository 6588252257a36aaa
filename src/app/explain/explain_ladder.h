/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/out.h"
#include "base/str.h"
#include "shop/locale.h"

struct world;

/*
 * Explain ladder
 *
 * What a product could be swapped for, as `upgrade_of` and `downgrade_of` would find it, with the
 * comparison of each: for whoever writes rules and wonders what they will offer.
 */

/*
 * @what is a SKU, or "all": of every product with a step up, the first one, a line each. As text,
 * or as one line of JSON: {"sku", "name", "price", "currency", "up": [{"sku", "name", "price",
 * "ratio", "score", "gains", "losses", "moved", "compare": [{"attribute", "label", "base",
 * "offered", "better"}]}], "down": […]}. False: the catalogue has no such SKU.
 */
bool explain_ladder_print(const struct world *world, struct str what, bool json, enum locale locale,
                          struct out *out);
