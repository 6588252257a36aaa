/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/out.h"
#include "base/str.h"

/*
 * CEL value
 *
 * What an expression of the Common Expression Language reads and yields: 24 bytes, passed by
 * value. Texts, lists, maps and objects are borrowed: from the program's arena when they are
 * constants, from the run's when they were made there, else from the host. Immutable.
 *
 * CEL_ERROR and CEL_UNKNOWN are values too: operators and functions hand on the first one among
 * their operands (an unknown before an error), and only && || ?: and the macros made of them may
 * absorb it. An error tells what went wrong and where; an unknown names what is not known.
 */
enum cel_kind {
    CEL_ERROR,
    CEL_UNKNOWN,
    CEL_NULL,
    CEL_BOOL,
    CEL_INT,
    CEL_UINT,
    CEL_DOUBLE,
    CEL_STRING, /* UTF-8; counted in code points */
    CEL_BYTES,
    CEL_TIMESTAMP, /* years 0001 to 9999 */
    CEL_DURATION,  /* what 64 bits of nanoseconds hold: some 292 years either way */
    CEL_TYPE,      /* what type(x) yields */
    CEL_LIST,
    CEL_MAP,
    CEL_OBJECT, /* a struct of the host */
    CEL_KINDS
};

struct cel_class;
struct cel_list;
struct cel_map;
struct cel_type;

struct cel_value {
    enum cel_kind kind;
    union {
        uint32_t nanos;  /* TIMESTAMP, DURATION: 0 … 999,999,999, added to the seconds (also to
                            negative ones) */
        uint32_t offset; /* ERROR: the byte of the text where it happened */
        uint32_t part;   /* LIST, MAP, OBJECT of the host: which of its parts; the host's affair */
    };
    union {
        bool boolean;
        int64_t integer;  /* INT; TIMESTAMP: seconds since 1970; DURATION: seconds, rounded down */
        uint64_t natural; /* UINT */
        double real;
        /* STRING, BYTES; ERROR: the sentence; UNKNOWN: what is not known, or absent */
        struct str string;
        const struct cel_list *list;
        const struct cel_map *map;
        const struct cel_type *type;
        struct {
            const struct cel_class *class;
            void *self;
        } object;
    };
};

/* Either @items, or the host's @at, which is asked for each element by its index below @count. */
struct cel_list {
    uint32_t count;
    const struct cel_value *items;
    struct cel_value (*at)(const struct cel_value *list, uint32_t index);
};

struct cel_entry {
    struct cel_value key, value; /* key: BOOL, INT, UINT or STRING */
};

/*
 * In the order of writing, no key twice (1, 1u and 1.0 are the same key). Either @entries, with
 * @slots a hash table of entry numbers + 1 when there are many; or the host's @find, which answers
 * CEL_UNKNOWN for what is not known, a CEL_ERROR without a sentence for a key
 * that is not there, and is never walked through.
 */
struct cel_map {
    uint32_t count, mask;
    const struct cel_entry *entries;
    const uint32_t *slots;
    struct cel_value (*find)(const struct cel_value *map, const struct cel_value *key);
};

/* A struct of the host: its fields by number, loaded when an expression asks. */
struct cel_field {
    struct str name;
    const struct cel_type *type;
    uint32_t max_count; /* for the estimate of cost: most elements, or bytes; 0: not bounded */
    uint32_t max_inner; /* the same of what is inside one of a list or map */
};

struct cel_class {
    struct str name;
    const struct cel_field *fields;
    uint32_t n_fields;
    /* CEL_UNKNOWN for what is not known: has() says false of it. Called on the evaluating thread.
     */
    struct cel_value (*load)(const struct cel_value *object, uint32_t field);
    /* What type() of its objects is, and what its name stands for; NULL: a type named "object". */
    const struct cel_type *type;
};

static inline struct cel_value cel_null(void)
{
    return (struct cel_value){ .kind = CEL_NULL };
}

static inline struct cel_value cel_bool(bool b)
{
    return (struct cel_value){ .kind = CEL_BOOL, .boolean = b };
}

static inline struct cel_value cel_int(int64_t i)
{
    return (struct cel_value){ .kind = CEL_INT, .integer = i };
}

static inline struct cel_value cel_uint(uint64_t u)
{
    return (struct cel_value){ .kind = CEL_UINT, .natural = u };
}

static inline struct cel_value cel_double(double d)
{
    return (struct cel_value){ .kind = CEL_DOUBLE, .real = d };
}

static inline struct cel_value cel_string(struct str s)
{
    return (struct cel_value){ .kind = CEL_STRING, .string = s };
}

static inline struct cel_value cel_bytes(struct str s)
{
    return (struct cel_value){ .kind = CEL_BYTES, .string = s };
}

static inline struct cel_value cel_unknown(struct str what)
{
    return (struct cel_value){ .kind = CEL_UNKNOWN, .string = what };
}

static inline struct cel_value cel_error(struct str sentence) /* the run adds the offset */
{
    return (struct cel_value){ .kind = CEL_ERROR, .string = sentence };
}

static inline struct cel_value cel_timestamp(int64_t seconds, uint32_t nanos)
{
    return (struct cel_value){ .kind = CEL_TIMESTAMP, .nanos = nanos, .integer = seconds };
}

static inline struct cel_value cel_duration(int64_t seconds, uint32_t nanos)
{
    return (struct cel_value){ .kind = CEL_DURATION, .nanos = nanos, .integer = seconds };
}

/* Neither an error nor unknown. */
static inline bool cel_is_plain(const struct cel_value *value)
{
    return value->kind > CEL_UNKNOWN;
}

static inline bool cel_is_true(const struct cel_value *value)
{
    return value->kind == CEL_BOOL && value->boolean;
}

static inline struct cel_value cel_list_at(const struct cel_value *list, uint32_t index)
{
    return list->list->items ? list->list->items[index] : list->list->at(list, index);
}

/*
 * CEL's ==: numbers by their value whatever their kind, NaN equals nothing, other kinds only each
 * other, lists and maps element by element; false as well when an element is unknown or an error.
 * Host maps and objects equal only themselves. Depth is bounded by how values are made, time is
 * not: for what an expression made, cel_equality() of cel_ops.h charges for each element and tells
 * an unknown from a difference. Numbers: exactly, save that the double 2^63 equals the ints, and
 * 2^64 the uints, that round to it.
 */
bool cel_equals(const struct cel_value *a, const struct cel_value *b);

/* Less, same, more; false when the two kinds have no order between them, or one is NaN. */
bool cel_order(const struct cel_value *a, const struct cel_value *b, int *ret_order);

/* The same for equal values of every kind, so 1, 1u and 1.0 hash alike. Of a list only the first
 * few elements count. */
uint64_t cel_hash(const struct cel_value *value);

/* NULL for lack of room in @arena. Items are borrowed. */
const struct cel_list *cel_list_of(struct arena *arena, const struct cel_value *items,
                                   uint32_t count);

/*
 * A map over @entries, which it borrows. NULL when a key is twice or of a kind that is no key
 * (*ret_bad = its number), or for lack of room (*ret_bad = @count).
 */
const struct cel_map *cel_map_of(struct arena *arena, const struct cel_entry *entries,
                                 uint32_t count, uint32_t *ret_bad);

/* False: no such key, or of a kind that is never one; a double is looked for as the integer it is.
 */
bool cel_map_find(const struct cel_value *map, const struct cel_value *key,
                  struct cel_value *ret_value);

/* At most about a megabyte, then "…". As CEL text: 1u, "a\n", b"\x00", [1, 2], {"a": 1},
 * timestamp("…"), duration("1.5s"), int, error: …, unknown: … */
void cel_value_print(const struct cel_value *value, struct out *out);
