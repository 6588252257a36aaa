/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/cel_env.h"
#include "rules/facts_cel.h"

/*
 * Facts, in CEL: what facts_cel.c, which declares the words,
 * and facts_cel_value.c, which answers them, share.
 */
enum { FACTS_CEL_GROUPS = 7, FACTS_CEL_ITEM = FACTS_CEL_GROUPS - 1, FACTS_CEL_FIELDS_MAX = 24 };

/* Beside enum fact: attributes of an item, as they are and as text. */
enum { FIELD_ATTR = FACTS, FIELD_ATTR_TEXT };

/* The part of the product that is offered; others are places in lists. */
#define FACTS_CEL_OFFERED (0xffu << 16)

struct facts_class {
    struct cel_class class; /* first */
    struct cel_field fields[FACTS_CEL_FIELDS_MAX];
    uint32_t slots[FACTS_CEL_FIELDS_MAX]; /* enum fact, or FIELD_… */
};

struct facts_cel {
    struct cel_env *env;
    struct arena *arena;
    struct cel_zones zones;
    bool of_scores;
    uint32_t n_groups; /* that are variables: without the item, but in scores */
    struct facts_class classes[FACTS_CEL_GROUPS];
    const struct cel_type *words, *items, *attrs, *attr_texts;
    const struct cel_class *offer;
    uint32_t n_variables;
};

/* The loads of the classes: facts by their slots, and of an item. */
struct cel_value facts_cel_load(const struct cel_value *object, uint32_t field);
struct cel_value facts_cel_load_item(const struct cel_value *object, uint32_t field);
struct cel_value facts_cel_timestamp(int64_t us);

/* quantity(list(Item)) and Item.has_attr(string). */
struct cel_value facts_cel_quantity(struct cel_run *run, const struct cel_value *args,
                                    uint32_t n_args);
struct cel_value facts_cel_has_attr(struct cel_run *run, const struct cel_value *args,
                                    uint32_t n_args);
