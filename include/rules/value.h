/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Value
 *
 * What an expression yields: one of CEL's kinds, or VALUE_UNKNOWN, which is neither true
 * nor false: the thing asked about is not known. Small, passed by value; strings and lists
 * are borrowed. Knows nothing of shops.
 */
enum value_kind {
    VALUE_UNKNOWN,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_DOUBLE,
    VALUE_STRING,
    VALUE_TIMESTAMP, /* integer: microseconds since 1970, UTC */
    VALUE_DURATION,  /* integer: microseconds */
    VALUE_LIST,      /* what a list holds is the scope's affair: see term.h */
};

struct value {
    enum value_kind kind;
    uint32_t list; /* VALUE_LIST: the scope's number of it */
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct str string;
    };
};

static inline struct value value_unknown(void)
{
    return (struct value){ .kind = VALUE_UNKNOWN };
}

static inline struct value value_bool(bool b)
{
    return (struct value){ .kind = VALUE_BOOL, .boolean = b };
}

static inline struct value value_int(int64_t i)
{
    return (struct value){ .kind = VALUE_INT, .integer = i };
}

static inline struct value value_double(double d)
{
    return (struct value){ .kind = VALUE_DOUBLE, .real = d };
}

static inline struct value value_string(struct str s) /* absent: unknown */
{
    return s.at ? (struct value){ .kind = VALUE_STRING, .string = s } : value_unknown();
}

static inline struct value value_timestamp(int64_t us)
{
    return (struct value){ .kind = VALUE_TIMESTAMP, .integer = us };
}

static inline struct value value_duration(int64_t us)
{
    return (struct value){ .kind = VALUE_DURATION, .integer = us };
}

static inline struct value value_list(uint32_t list)
{
    return (struct value){ .kind = VALUE_LIST, .list = list };
}
