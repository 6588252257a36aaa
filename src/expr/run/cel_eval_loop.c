/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL evaluator, loops
 *
 * The macros at work: how a loop begins, what it collects, how it ends. Lists are walked by index
 * and maps by entry; a map of the host, which can only be asked, is not walked. What a loop makes
 * grows in the run's arena and doubles, so it takes at most twice its room.
 */
#include "expr/run/cel_machine.h"

#include <string.h>

enum { FIRST_ROOM = 32 }; /* at most: elements that there cannot be take none */

static enum cel_macro macro_of(cel_step pc)
{
    return (enum cel_macro)(pc->mode & ~CEL_LOOP_TWO);
}

static bool makes_map(enum cel_macro macro)
{
    return macro == CEL_MACRO_TRANSFORM_MAP || macro == CEL_MACRO_TRANSFORM_MAP_ENTRY;
}

/* all and exists have no LOOP_DONE. */
static int has_done(enum cel_macro macro)
{
    return macro != CEL_MACRO_ALL && macro != CEL_MACRO_EXISTS;
}

void cel_loop_load(struct cel_machine *m, cel_step pc, struct cel_loop *loop)
{
    struct cel_value *variable = cel_register(m, pc->b);
    bool two = pc->mode & CEL_LOOP_TWO;
    if (loop->range.kind == CEL_MAP) {
        const struct cel_entry *entry = &loop->range.map->entries[loop->index];
        variable[0] = entry->key;
        if (two)
            variable[1] = entry->value;
        return;
    }
    if (two)
        *variable++ = cel_int(loop->index);
    *variable = cel_list_at(&loop->range, loop->index);
}

cel_step cel_step_loop(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *range = cel_read(m, pc->a);
    struct cel_loop *loop = &m->loops[pc->n];
    struct cel_value *dst = cel_register(m, pc->dst);
    uint32_t count = 0;
    if (range->kind == CEL_LIST) {
        count = range->list->count;
    } else if (range->kind == CEL_MAP && (range->map->entries || !range->map->find)) {
        count = range->map->count;
    } else {
        *dst = cel_is_plain(range) ? cel_no_overload(m->run, "comprehension", range, 1)
                                   : cel_named(m, pc->a);
        if (cel_is_plain(range))
            dst->offset = cel_offset_of(m, pc);
        return m->run->stopped ? cel_stop_at(m, pc) : pc + pc->jump + has_done(macro_of(pc));
    }
    *loop = (struct cel_loop){ .range = *range, .count = count };
    *dst = cel_bool(macro_of(pc) == CEL_MACRO_ALL);
    m->run->cost++;
    if (count == 0)
        return pc + pc->jump;
    cel_loop_load(m, pc, loop);
    return pc + 1;
}

/* Behind the whole loop: NEXT's follower is LOOP_DONE, or what comes after when there is nothing to
 * finish. */
static cel_step leave(struct cel_machine *m, cel_step pc, struct cel_value value)
{
    *cel_register(m, pc->dst) = value;
    return m->run->stopped ? cel_stop_at(m, pc) : pc + pc->jump;
}

cel_step cel_loop_if_slow(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *a = cel_read(m, pc->a);
    if (!cel_is_plain(a))
        return leave(m, pc, cel_named(m, pc->a));
    struct cel_value wrong = cel_no_overload(m->run, "_?_:_", a, 1);
    wrong.offset = cel_offset_of(m, pc);
    return leave(m, pc, wrong);
}

/* Room for @more elements or entries of @size_bytes. */
static bool reserve(struct cel_machine *m, struct cel_loop *loop, uint32_t more, size_t size_bytes)
{
    if (loop->room - loop->made >= more)
        return true;
    uint64_t first = loop->count < FIRST_ROOM ? loop->count : FIRST_ROOM;
    uint64_t wanted = loop->room ? (uint64_t) loop->room * 2 : first;
    if (wanted < (uint64_t) loop->made + more)
        wanted = (uint64_t) loop->made + more;
    if (wanted > UINT32_MAX)
        return false;
    void *grown = arena_grow(m->run->arena, loop->items, loop->room * size_bytes,
                             (size_t) wanted * size_bytes);
    if (!grown)
        return false;
    loop->items = grown;
    loop->room = (uint32_t) wanted;
    return true;
}

static cel_step no_room(struct cel_machine *m, cel_step pc)
{
    cel_stop(m->run);
    return cel_stop_at(m, pc);
}

/* transformMapEntry: all entries of the map that the transform made. */
static cel_step push_entries(struct cel_machine *m, cel_step pc, struct cel_loop *loop,
                             const struct cel_value *made)
{
    if (made->kind != CEL_MAP || (!made->map->entries && made->map->find)) {
        struct cel_value wrong = cel_no_overload(m->run, "transformMapEntry", made, 1);
        wrong.offset = cel_offset_of(m, pc);
        return leave(m, pc, wrong);
    }
    uint32_t count = made->map->count;
    if (!cel_charge(m->run, count) || !reserve(m, loop, count, sizeof *loop->entries))
        return no_room(m, pc);
    if (count)
        memcpy(loop->entries + loop->made, made->map->entries, count * sizeof *loop->entries);
    loop->made += count;
    return pc + 1;
}

cel_step cel_step_loop_push(struct cel_machine *m, cel_step pc)
{
    struct cel_loop *loop = &m->loops[pc->n];
    const struct cel_value *a = cel_read(m, pc->a);
    if (!cel_is_plain(a))
        return leave(m, pc, cel_named(m, pc->a));
    enum cel_macro macro = macro_of(pc);
    if (macro == CEL_MACRO_TRANSFORM_MAP_ENTRY)
        return push_entries(m, pc, loop, a);
    if (macro == CEL_MACRO_TRANSFORM_MAP) {
        if (!reserve(m, loop, 1, sizeof *loop->entries))
            return no_room(m, pc);
        loop->entries[loop->made++] = (struct cel_entry){ *cel_register(m, pc->b), *a };
        return pc + 1;
    }
    if (!reserve(m, loop, 1, sizeof *loop->items))
        return no_room(m, pc);
    loop->items[loop->made++] = *a;
    return pc + 1;
}

cel_step cel_next_other(struct cel_machine *m, cel_step pc, struct cel_value value, bool neutral)
{
    if (cel_is_plain(&value)) {
        value = cel_no_overload(m->run, pc->code == CEL_CODE_NEXT_EXISTS ? "||" : "&&", &value, 1);
        value.offset = cel_offset_of(m, pc);
    } else {
        value = cel_named(m, pc->a);
    }
    struct cel_value *dst = cel_register(m, pc->dst);
    if (pc->code != CEL_CODE_NEXT_ONE) {
        cel_merge(dst, &value, neutral);
        return m->run->stopped ? cel_stop_at(m, pc) : pc;
    }
    *dst = value;
    return m->run->stopped ? cel_stop_at(m, pc) : pc + 2; /* past LOOP_DONE */
}

cel_step cel_step_loop_done(struct cel_machine *m, cel_step pc)
{
    struct cel_loop *loop = &m->loops[pc->n];
    enum cel_macro macro = macro_of(pc);
    if (makes_map(macro))
        return cel_map_close(m, pc, loop->entries, loop->made);
    if (macro == CEL_MACRO_EXISTS_ONE) {
        *cel_register(m, pc->dst) = cel_bool(loop->made == 1);
        return pc + 1;
    }
    const struct cel_list *list = cel_list_of(m->run->arena, loop->items, loop->made);
    if (!list)
        return no_room(m, pc);
    *cel_register(m, pc->dst) = (struct cel_value){ .kind = CEL_LIST, .list = list };
    return pc + 1;
}
