/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/cel_run.h"

/*
 * CEL access
 *
 * What is inside of lists, maps and objects: the half of the operators (cel_ops.h) that looks in,
 * for cel_operate, which has looked at the kinds of the operands.
 */

/* list[index]: of any number that is an integer. */
struct cel_value cel_element_at(struct cel_run *run, const struct cel_value *list,
                                const struct cel_value *index);

/* map[key] */
struct cel_value cel_value_at(struct cel_run *run, const struct cel_value *map,
                              const struct cel_value *key);

/* value in list: true when an element is equal; else unknown when an element is; else false. */
struct cel_value cel_is_element(struct cel_run *run, const struct cel_value *value,
                                const struct cel_value *list);

/* key in map; of a host's map unknown when the host does not know. */
struct cel_value cel_is_key_of(struct cel_run *run, const struct cel_value *key,
                               const struct cel_value *map);
