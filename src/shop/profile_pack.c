/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/profile_pack.h"

#include <stdlib.h>
#include <string.h>

static size_t block_bytes(const struct profile_sizes *sizes)
{
    return sizeof(struct profile) + sizes->n_owned * sizeof(struct owned) +
           sizes->n_rules * sizeof(struct rule_memory) + sizes->n_touches * sizeof(struct touch) +
           sizes->n_viewed * sizeof(struct str) + sizes->n_owned * sizeof(uint32_t) +
           sizes->text_bytes;
}

static struct profile_sizes sizes_of(const struct profile *profile)
{
    struct profile_sizes sizes = { .n_owned = profile->n_owned,
                                   .n_rules = profile->n_rules,
                                   .n_viewed = profile->n_viewed,
                                   .text_bytes =
                                       profile->customer_id.len + profile->first_name.len };
    for (uint32_t i = 0; i < profile->n_owned; i++)
        sizes.text_bytes += profile->owned[i].sku.len;
    for (uint32_t i = 0; i < profile->n_viewed; i++)
        sizes.text_bytes += profile->viewed[i].len;
    for (uint32_t i = 0; i < profile->n_rules; i++) {
        sizes.text_bytes += profile->rules[i].rule.len + profile->rules[i].group.len;
        sizes.n_touches += profile->rules[i].n_touches;
    }
    return sizes;
}

size_t profile_bytes(const struct profile *profile)
{
    struct profile_sizes sizes = sizes_of(profile);
    return block_bytes(&sizes);
}

enum err profile_block_new(const struct profile_sizes *sizes, struct profile_block *ret_block)
{
    size_t bytes = block_bytes(sizes);
    struct profile *profile = malloc(bytes);
    if (!profile)
        return ERR_NOMEM;
    ret_block->profile = profile;
    ret_block->owned = (struct owned *) (profile + 1);
    ret_block->rules = (struct rule_memory *) (ret_block->owned + sizes->n_owned);
    ret_block->touches = (struct touch *) (ret_block->rules + sizes->n_rules);
    ret_block->viewed = (struct str *) (ret_block->touches + sizes->n_touches);
    ret_block->hints = (uint32_t *) (ret_block->viewed + sizes->n_viewed);
    memset(ret_block->hints, 0xff, sizes->n_owned * sizeof *ret_block->hints);
    ret_block->texts = (char *) (ret_block->hints + sizes->n_owned);
    ret_block->end = (char *) profile + bytes;
    return OK;
}

/* Moves @text to *at and past it; absent stays absent. */
static void pack_text(struct str *text, char **at)
{
    if (!text->at)
        return;
    if (text->len > 0)
        memcpy(*at, text->at, text->len);
    text->at = *at;
    *at += text->len;
}

static void pack_array(void *to, const void *from, size_t bytes)
{
    if (bytes > 0)
        memcpy(to, from, bytes);
}

enum err profile_pack(const struct profile *draft, struct profile **ret_profile)
{
    struct profile_sizes sizes = sizes_of(draft);
    struct profile_block block;
    TRY(profile_block_new(&sizes, &block));
    struct profile *profile = block.profile;
    *profile = *draft;

    pack_array(block.owned, draft->owned, draft->n_owned * sizeof *block.owned);
    pack_array(block.rules, draft->rules, draft->n_rules * sizeof *block.rules);
    for (uint32_t i = 0; i < draft->n_rules; i++) {
        struct rule_memory *memory = &block.rules[i];
        pack_array(block.touches, memory->touches, memory->n_touches * sizeof *block.touches);
        memory->touches = block.touches;
        block.touches += memory->n_touches;
    }
    pack_array(block.viewed, draft->viewed, draft->n_viewed * sizeof *block.viewed);

    char *at = block.texts;
    pack_text(&profile->customer_id, &at);
    pack_text(&profile->first_name, &at);
    for (uint32_t i = 0; i < draft->n_owned; i++)
        pack_text(&block.owned[i].sku, &at);
    for (uint32_t i = 0; i < draft->n_rules; i++) {
        pack_text(&block.rules[i].rule, &at);
        pack_text(&block.rules[i].group, &at);
    }
    for (uint32_t i = 0; i < draft->n_viewed; i++)
        pack_text(&block.viewed[i], &at);

    profile->owned = block.owned;
    profile->rules = block.rules;
    profile->viewed = block.viewed;
    profile->owned_hints = block.hints;
    for (uint32_t i = 0; i < draft->n_owned; i++)
        block.hints[i] = profile_hint(draft, i);
    *ret_profile = profile;
    return OK;
}
