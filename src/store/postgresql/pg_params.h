/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <libpq-fe.h>
#include <stdint.h>

#include "base/out.h"
#include "base/str.h"

/*
 * PostgreSQL parameters
 *
 * The bound values of one statement, $1 first, in PostgreSQL's binary format: texts, 64-bit
 * integers, and arrays of both. Texts are borrowed until the statement was sent, what goes into
 * an array is copied. Reset between statements keeps the memory. Lack of memory shows in
 * pg_params_failed. The readers below are for results in binary format, as all of ours are.
 */
enum { PG_PARAMS_MAX = 16 };

struct pg_params {
    int n;
    const char *values[PG_PARAMS_MAX];
    int lengths[PG_PARAMS_MAX];
    char numbers[PG_PARAMS_MAX][8];
    struct out arrays[PG_PARAMS_MAX];
};

void pg_params_init(struct pg_params *params);
void pg_params_deinit(struct pg_params *params);
void pg_params_reset(struct pg_params *params);

void pg_add_text(struct pg_params *params, struct str text); /* absent: NULL */
void pg_add_int(struct pg_params *params, int64_t value);

/* An array of @n elements, none of them a NULL unless pg_element is given an absent text. */
struct out *pg_add_texts(struct pg_params *params, uint32_t n);
struct out *pg_add_ints(struct pg_params *params, uint32_t n);
void pg_element(struct out *array, struct str text);
void pg_element_int(struct out *array, int64_t value);

/* Completes values and lengths; false for lack of memory. */
bool pg_params_seal(struct pg_params *params);

int64_t pg_int_at(const PGresult *result, int row, int column); /* NULL: 0 */
double pg_double_at(const PGresult *result, int row, int column);
struct str pg_str_at(const PGresult *result, int row, int column); /* NULL: absent */
