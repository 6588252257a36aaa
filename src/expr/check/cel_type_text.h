/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "expr/check/cel_checked.h"

/*
 * CEL type, as text
 *
 *   type      = name [ "(" type { "," type } ")" ]
 *   signature = [ type "." ] name "(" [ type { "," type } [ "..." ] ] ")" "->" type
 *
 * Known names: dyn (any), null (null_type), bool, int, uint, double, string, bytes, timestamp and
 * duration (also google.protobuf.…), type, type(T), list, list(T), map, map(K, V), wrapper(int);
 * then the classes of the environment; a capital letter with digits is a parameter; every other
 * name with parentheses is opaque. The receiver of "math.greatest(int) -> int" is none, as long as
 * no class is named "math".
 *
 * Results are in the arena and keep nothing of @text. The note quotes the text and says at which
 * character (from 1) it stopped making sense.
 */
enum { CEL_TYPE_MAX_DEPTH = 16 }; /* of a type written by someone */

MUST_CHECK enum err cel_type_read(const struct cel_env *env, struct arena *arena, struct str text,
                                  const struct cel_type **ret_type, struct err_note *note);

/* All of an overload but its call and its cost. */
MUST_CHECK enum err cel_signature_read(const struct cel_env *env, struct arena *arena,
                                       struct str text, struct cel_overload *ret_overload,
                                       struct err_note *note);

/* "string.contains(string) -> bool" */
void cel_signature_print(const struct cel_overload *overload, struct out *out);

/* A letter, then letters, digits and _; for a qualified name the same again behind each dot. */
bool cel_is_name(struct str text, bool may_be_qualified);
