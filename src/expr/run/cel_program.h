/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/cel.h"
#include "expr/cel_ast.h"

/*
 * CEL program
 *
 * What cel_compile makes and cel_eval runs: an array of instructions of one size over registers. An
 * operand is a register, a constant or a variable, told apart by its low bits, so no instruction
 * only fetches. Registers are numbered when compiled (their number is the depth of the expression,
 * not its length); results of sub-expressions live nowhere else. Immutable: any number of threads
 * may run one.
 *
 * && and || are chains: an accumulator that each member is merged into, and a jump to the end as
 * soon as it is decided. An instruction that decides something (a comparison, `in`, has) ends in
 * one of six ways (enum cel_mode), so that a comparison in a condition needs no second instruction.
 */
/* clang-format off */
#define CEL_CODES(X)                                                                                   \
    X(RETURN)         /* a */                                                                          \
    X(STOP)           /* the limit was passed: the only instruction outside of a program */            \
    X(MOVE)           /* dst = a */                                                                    \
    X(JUMP)                                                                                            \
    X(COMPARE)        /* a ? b by mask, concluded by mode */                                           \
    X(FIELD_COMPARE)  /* a.member ? b */                                                               \
    X(TEST)           /* a is a condition */                                                           \
    X(NOT)                                                                                             \
    X(IN)             /* a in b */                                                                     \
    X(IN_SET)         /* a in set, which holds what the constant list b holds */                       \
    X(FIELD_IN)       /* a.member in the constant list b, or its set */                                \
    X(MATCHES)        /* a.matches(regex) */                                                           \
    X(HAS)            /* has(a.member) */                                                              \
    X(FIELD)          /* dst = a.member of a known class */                                            \
    X(SELECT)         /* dst = a.member by name */                                                     \
    X(INDEX)          /* dst = a[b] */                                                                 \
    X(ADD)            /* dst = a + b, in this order as in enum cel_op */                               \
    X(SUB)                                                                                             \
    X(MUL)                                                                                             \
    X(DIV)                                                                                             \
    X(MOD)                                                                                             \
    X(NEG)            /* dst = -a */                                                                   \
    X(CALL)           /* dst = callee(n registers from a) */                                           \
    X(LIST)           /* dst = a list of n to be put in */                                             \
    X(LIST_PUT)       /* dst[n] = a */                                                                 \
    X(MAP)            /* dst = a map of n entries to be put in */                                      \
    X(MAP_PUT)        /* dst, entry n: a: b */                                                         \
    X(MAP_DONE)       /* keys compared, table built */                                                 \
    X(LOOP)           /* over a; loop n, variables from register b; empty or not to be walked: jump */ \
    X(LOOP_IF)        /* a false: jump to the next; neither: leave */                                  \
    X(LOOP_PUSH)      /* a is the next element made, or entry of the key in register b; else leave */  \
    X(NEXT)           /* load the next, jump back */                                                   \
    X(NEXT_ALL)       /* merge a into dst first; leave when decided */                                 \
    X(NEXT_EXISTS)                                                                                     \
    X(NEXT_ONE)                                                                                        \
    X(LOOP_DONE)      /* dst = what was made */
/* clang-format on */

enum cel_code {
#define X(name) CEL_CODE_##name,
    CEL_CODES(X)
#undef X
};

enum cel_mode {
    CEL_MODE_VALUE,     /* dst = the truth */
    CEL_MODE_AND_FIRST, /* dst = the truth; false: jump */
    CEL_MODE_AND,       /* dst = dst && the truth; false: jump */
    CEL_MODE_OR_FIRST,  /* dst = the truth; true: jump */
    CEL_MODE_OR,        /* dst = dst || the truth; true: jump */
    CEL_MODE_IF, /* dst is free; false: jump; neither: dst, and to the jump that stands before the
                    target */
};

/* Orders that a comparison takes as true: bit 0 less, 1 same, 2 more. */
enum cel_mask {
    CEL_MASK_LT = 1,
    CEL_MASK_EQ = 2,
    CEL_MASK_LE = 3,
    CEL_MASK_GT = 4,
    CEL_MASK_NE = 5,
    CEL_MASK_GE = 6,
};

enum { CEL_REGISTER, CEL_CONSTANT, CEL_VARIABLE }; /* low bits of an operand */

typedef uint32_t cel_operand; /* bytes from the start of its array, and which array it is */

static inline cel_operand cel_operand_of(uint32_t where, uint32_t index)
{
    return index * (uint32_t) sizeof(struct cel_value) | where;
}

static inline uint32_t cel_operand_where(cel_operand operand)
{
    return operand & 7;
}

static inline uint32_t cel_operand_index(cel_operand operand)
{
    return operand / (uint32_t) sizeof(struct cel_value);
}

struct cel_regex;

/* A name behind a dot. */
struct cel_member {
    const struct cel_class *class; /* NULL: by name only */
    uint32_t field;                /* of @class */
    struct str name;
    struct str path;           /* "cart.total": what is unknown when it is */
    const struct cel_set *set; /* of FIELD_IN */
};

struct cel_callee {
    struct str name;
    uint32_t n_overloads;
    const struct cel_overload *overloads[];
};

/* A constant list. Most texts that it does not hold are told by their length and ends; a long list
 * is hashed too. */
struct cel_set {
    uint64_t texts; /* bit cel_text_bit() of each text in it */
    uint32_t mask;  /* 0: not hashed */
    const struct cel_list *list;
    uint32_t slots[]; /* element + 1; 0: free */
};

struct cel_instr {
    uint8_t code; /* enum cel_code */
    uint8_t mode; /* enum cel_mode; LOOP…, NEXT…: enum cel_macro, with CEL_LOOP_TWO */
    uint8_t mask; /* COMPARE, FIELD_COMPARE */
    uint8_t cost; /* steps */
    uint32_t dst; /* a register, as operand */
    cel_operand a, b;
    /* instructions from this one; of one that decides: when false, 1 being the next */
    int32_t jump;
    union {
        int32_t jump_true; /* of one that decides */
        uint32_t n;
    };
    union {
        const struct cel_member *member;
        const struct cel_callee *callee;
        const struct cel_set *set;
        const struct cel_regex *regex;
    };
};

enum { CEL_LOOP_TWO = 0x80 };

struct cel_program {
    const struct cel_instr *code;
    const struct cel_value *constants;
    const uint32_t *offsets; /* of the text, by instruction */
    uint32_t n_code, n_constants;
    uint32_t n_registers, n_loops;
    uint64_t limit;     /* the environment's */
    uint64_t estimated; /* steps at most; UINT64_MAX: not bounded */
    const struct cel_env *env;
    const struct cel_type *type;
    struct str text;
};

const char *cel_code_name(enum cel_code code);

static inline uint32_t cel_text_bit(struct str text)
{
    if (text.len == 0)
        return 0;
    return ((uint32_t) text.len * 5 + (uint8_t) text.at[0] + 3 * (uint8_t) text.at[text.len - 1]) &
           63;
}

/* Whether @set holds an equal of @value, which is a scalar. */
bool cel_set_find(const struct cel_set *set, const struct cel_value *value);

static inline bool cel_set_has(const struct cel_set *set, const struct cel_value *value)
{
    if (value->kind == CEL_STRING && !(set->texts >> cel_text_bit(value->string) & 1))
        return false;
    return cel_set_find(set, value);
}
