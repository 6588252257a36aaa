/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/out.h"
#include "base/str.h"
#include "expr/cel_value.h"

/*
 * CEL type
 *
 * What the checker knows of a value before it exists. Types are immutable and borrowed; simple ones
 * are static. As text: "int", "list(string)", "map(string, dyn)", "cart" (a class of the host by
 * its name), "T" (a single capital letter, with digits: a parameter of a function), "name(A, B)"
 * (opaque).
 */
enum cel_type_kind {
    CEL_TYPE_DYN, /* anything: checked when it is evaluated */
    CEL_TYPE_NULL,
    CEL_TYPE_BOOL,
    CEL_TYPE_INT,
    CEL_TYPE_UINT,
    CEL_TYPE_DOUBLE,
    CEL_TYPE_STRING,
    CEL_TYPE_BYTES,
    CEL_TYPE_TIMESTAMP, /* google.protobuf.Timestamp */
    CEL_TYPE_DURATION,  /* google.protobuf.Duration */
    CEL_TYPE_TYPE,      /* type(T): its parameter, or none */
    CEL_TYPE_LIST,
    CEL_TYPE_MAP,
    CEL_TYPE_OBJECT, /* @class */
    CEL_TYPE_OPAQUE, /* a name and parameters; no operator knows it but == */
    CEL_TYPE_PARAM,  /* of an overload, or one the checker still looks for */
    CEL_TYPE_KINDS
};

enum { CEL_TYPE_MAX_PARAMS = 4 };

struct cel_type {
    enum cel_type_kind kind;
    struct str name; /* as CEL's type() shows it: "list", "google.protobuf.Duration", the class, the
                        parameter */
    const struct cel_type *params[CEL_TYPE_MAX_PARAMS];
    uint32_t n_params;
    const struct cel_class *class; /* OBJECT */
    bool nullable;                 /* BOOL … BYTES: "wrapper(int)", an int or null */
};

/*
 * Static ones: DYN … DURATION, TYPE, and LIST and MAP without parameters (their elements are dyn).
 * OBJECT: one named "object" without a class; every other kind: dyn.
 */
const struct cel_type *cel_type_simple(enum cel_type_kind kind);

/* "wrapper(int)": BOOL … BYTES only, also static. Other kinds: the simple one. */
const struct cel_type *cel_type_nullable(enum cel_type_kind kind);

/* Parameter @i of a list, map, type or opaque type; dyn where it has none. Never NULL. */
const struct cel_type *cel_type_param(const struct cel_type *type, uint32_t i);

/* The same in every part: list(int) and list(int), but not list(int) and list(dyn). */
bool cel_type_same(const struct cel_type *a, const struct cel_type *b);

/* What type() of a value is: never a parameter of it (type([1]) == list). */
const struct cel_type *cel_type_of(const struct cel_value *value);

/* "list(map(string, dyn))", as cel_env_type() reads it; null_type is "null". */
void cel_type_print(const struct cel_type *type, struct out *out);

/* Which kinds of values a type admits: bit 1u << enum cel_kind. DYN and PARAM: every plain one. */
uint32_t cel_type_kinds(const struct cel_type *type);
