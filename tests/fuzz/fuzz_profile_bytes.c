/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a profile from a store: as they are, and with their checksum made right, or hardly anything would get
 * past it. What parses keeps its bounds and orders, prints, and parses again to the same bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shop/customer.h"
#include "shop/profile_bytes.h"
#include "shop/profile_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str id = STR("C-1");

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_rule(const struct rule_memory *rule)
{
    must(rule->n_touches <= PROFILE_MAX_TOUCHES);
    for (uint32_t t = 0; t < rule->n_touches; t++)
        must(rule->touches[t].what < TOUCHES &&
             (t == 0 || rule->touches[t - 1].at_us <= rule->touches[t].at_us));
}

static void check_lists(const struct profile *profile)
{
    must(profile->n_owned <= PROFILE_MAX_OWNED && profile->n_viewed <= PROFILE_MAX_VIEWED &&
         profile->n_rules <= PROFILE_MAX_RULES);
    for (uint32_t i = 0; i < profile->n_owned; i++)
        must(profile->owned[i].quantity > 0 &&
             (i == 0 || str_cmp(profile->owned[i - 1].sku, profile->owned[i].sku) < 0));
    for (uint32_t i = 0; i < profile->n_rules; i++) {
        check_rule(&profile->rules[i]);
        must(i == 0 || str_cmp(profile->rules[i - 1].rule, profile->rules[i].rule) < 0);
    }
}

static void check_profile(const struct profile *profile)
{
    check_lists(profile);
    struct profile *back = NULL;
    struct out once, twice;
    out_init(&once, NULL, 256);
    out_init(&twice, NULL, 256);
    profile_print(&once, profile);
    must(profile_parse(id, out_str(&once), &back) == OK);
    must(profile_bytes(back) == profile_bytes(profile));
    profile_print(&twice, back);
    must(str_eq(out_str(&once), out_str(&twice)));
    out_deinit(&once);
    out_deinit(&twice);
    profile_free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct profile *profile = NULL;
    if (profile_parse(id, (struct str){ (const char *) data, size }, &profile) == OK)
        check_profile(profile);
    profile = profile_free(profile);
    if (size < CHECKSUM_BYTES)
        return 0;

    char *forged = malloc(size);
    struct str body = { forged, size - CHECKSUM_BYTES };
    must(forged != NULL);
    memcpy(forged, data, size);
    uint32_t sum = checksum(id, body);
    for (int i = 0; i < CHECKSUM_BYTES; i++)
        forged[body.len + (size_t) i] = (char) (sum >> 8 * i);
    if (profile_parse(id, (struct str){ forged, size }, &profile) == OK)
        check_profile(profile);
    free(forged);
    profile_free(profile);
    return 0;
}
