/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL fold
 *
 * Constants are computed when a text is compiled: code that reads no variable and calls nothing of
 * the host's runs once, and what it made is a constant. An error stays as code and happens when it
 * is evaluated, so that `false && 1 / 0 > 0` is no fault of the text. The whole of a compilation
 * may spend only so many steps on this; what would take more stays as code too, and what would be
 * much larger than its text: `[1, 2].map(x, [1, 2] .map(y, …` makes few lists that share their
 * parts, but a program owns all it holds.
 */
#include "expr/run/cel_compiler.h"

#include "expr/library/cel_library.h"

enum { FOLDED_VALUES = 1000 }; /* and one for each byte of the text: what a constant may hold */

/* Takes what keeping @value needs from *room, in values; false when there is not so much. Parts
 * that are shared count each time. */
static bool fits(const struct cel_value *value, uint64_t *room)
{
    uint64_t need = 1;
    if (value->kind == CEL_STRING || value->kind == CEL_BYTES)
        need += value->string.len / 16;
    if (need > *room)
        return false;
    *room -= need;
    if (value->kind == CEL_LIST)
        for (uint32_t i = 0; i < value->list->count; i++)
            if (!fits(&value->list->items[i], room))
                return false;
    if (value->kind == CEL_MAP)
        for (uint32_t i = 0; i < value->map->count; i++)
            if (!fits(&value->map->entries[i].key, room) ||
                !fits(&value->map->entries[i].value, room))
                return false;
    return true;
}

bool cel_fold(struct cel_compiler *c, uint32_t mark, uint32_t constants_mark, cel_operand from,
              cel_operand *ret_operand)
{
    if (c->failed || c->fold_steps == 0)
        return false;
    cel_emit(c, c->checked->ast->root, (struct cel_instr){ .code = CEL_CODE_RETURN, .a = from });
    if (c->failed)
        return false;
    c->n_code--;
    const struct cel_program code = {
        .code = c->code + mark,
        .constants = c->constants,
        .offsets = c->offsets + mark,
        .n_code = c->n_code - mark + 1,
        .n_constants = c->n_constants,
        .n_registers = c->n_registers,
        .n_loops = c->n_loops,
        .env = c->env,
    };
    struct cel_run run = { .arena = c->scratch, .limit = c->fold_steps };
    struct cel_value made = cel_eval(&code, NULL, &run);
    c->fold_steps -= run.cost < c->fold_steps ? run.cost : c->fold_steps;
    uint64_t room = FOLDED_VALUES + c->checked->ast->text.len;
    if (run.stopped || !cel_is_plain(&made) || !fits(&made, &room))
        return false;
    c->n_code = mark;
    c->n_constants = constants_mark;
    *ret_operand = cel_add_constant(c, made);
    return true;
}

static bool is_in(const struct cel_definition *table, cel_function call)
{
    for (; table->signature; table++)
        if (table->call == call)
            return true;
    return false;
}

static bool is_of_library(cel_function call)
{
    return is_in(cel_library_standard(), call) || is_in(cel_library_convert(), call) ||
           is_in(cel_library_strings(), call) || is_in(cel_library_math(), call) ||
           is_in(cel_library_time(), call) || is_in(cel_library_regex(), call) ||
           is_in(cel_library_format(), call);
}

bool cel_is_pure(const struct cel_reference *reference)
{
    for (uint32_t i = 0; i < reference->n_overloads; i++)
        if (!reference->overloads[i]->call || !is_of_library(reference->overloads[i]->call))
            return false;
    return true;
}
