/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgresql/pg_params.h"

#include <endian.h>
#include <limits.h>

/* Of PostgreSQL's catalogue; they never change. */
enum { OID_INT8 = 20, OID_TEXT = 25 };

enum { KEPT_BYTES = 8 << 20 }; /* more was for one unusual batch */

void pg_params_init(struct pg_params *params)
{
    *params = (struct pg_params){ 0 };
    for (int i = 0; i < PG_PARAMS_MAX; i++)
        out_init(&params->arrays[i], NULL, 0);
}

void pg_params_deinit(struct pg_params *params)
{
    for (int i = 0; i < PG_PARAMS_MAX; i++)
        out_deinit(&params->arrays[i]);
}

void pg_params_reset(struct pg_params *params)
{
    for (int i = 0; i < params->n; i++) {
        if (params->arrays[i].cap > KEPT_BYTES)
            out_deinit(&params->arrays[i]);
        params->arrays[i].len = 0;
        params->arrays[i].failed = false;
    }
    params->n = 0;
}

void pg_add_text(struct pg_params *params, struct str text)
{
    params->values[params->n] = text.at;
    params->lengths[params->n++] = (int) text.len;
}

void pg_add_int(struct pg_params *params, int64_t value)
{
    uint64_t big_endian = htobe64((uint64_t) value);
    memcpy(params->numbers[params->n], &big_endian, sizeof big_endian);
    params->values[params->n] = params->numbers[params->n];
    params->lengths[params->n++] = sizeof big_endian;
}

static void put_int32(struct out *array, uint32_t value)
{
    value = htobe32(value);
    out_bytes(array, &value, sizeof value);
}

/* Dimensions, whether NULLs may occur, type; then for each dimension its size and first index. */
static struct out *add_array(struct pg_params *params, uint32_t type, uint32_t n)
{
    struct out *array = &params->arrays[params->n];
    params->values[params->n] = NULL;
    params->lengths[params->n++] = 0;
    put_int32(array, n > 0);
    put_int32(array, 1);
    put_int32(array, type);
    if (n > 0) {
        put_int32(array, n);
        put_int32(array, 1);
    }
    return array;
}

struct out *pg_add_texts(struct pg_params *params, uint32_t n)
{
    return add_array(params, OID_TEXT, n);
}

struct out *pg_add_ints(struct pg_params *params, uint32_t n)
{
    return add_array(params, OID_INT8, n);
}

void pg_element(struct out *array, struct str text)
{
    put_int32(array, text.at ? (uint32_t) text.len : UINT32_MAX);
    out_text(array, text);
}

void pg_element_int(struct out *array, int64_t value)
{
    uint64_t big_endian = htobe64((uint64_t) value);
    put_int32(array, sizeof big_endian);
    out_bytes(array, &big_endian, sizeof big_endian);
}

bool pg_params_seal(struct pg_params *params)
{
    for (int i = 0; i < params->n; i++) {
        const struct out *array = &params->arrays[i];
        if (array->failed || array->len > INT_MAX)
            return false;
        if (array->len > 0) {
            params->values[i] = array->at;
            params->lengths[i] = (int) array->len;
        }
    }
    return true;
}

int64_t pg_int_at(const PGresult *result, int row, int column)
{
    uint64_t big_endian = 0;
    if (!PQgetisnull(result, row, column))
        memcpy(&big_endian, PQgetvalue(result, row, column), sizeof big_endian);
    return (int64_t) be64toh(big_endian);
}

double pg_double_at(const PGresult *result, int row, int column)
{
    int64_t bits = pg_int_at(result, row, column);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

struct str pg_str_at(const PGresult *result, int row, int column)
{
    if (PQgetisnull(result, row, column))
        return (struct str){ 0 };
    return (struct str){ PQgetvalue(result, row, column),
                         (size_t) PQgetlength(result, row, column) };
}
