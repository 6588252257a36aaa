/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL evaluator, the rest
 *
 * Steps that are rare or that are long anyway: operands that are unknown or errors, kinds of two
 * sorts, calls, literals with parts that are only known now. Errors are given their place here, and
 * unknowns their name.
 */
#include "expr/run/cel_machine.h"

#include <string.h>

#include "expr/check/cel_env_parts.h"
#include "expr/regex/cel_regex.h"

enum { SHOWN_BYTES = 60 };

cel_step cel_made(struct cel_machine *m, cel_step pc, struct cel_value *value)
{
    if (value->kind == CEL_ERROR)
        value->offset = cel_offset_of(m, pc);
    return m->run->stopped ? cel_stop_at(m, pc) : pc + 1;
}

struct cel_value cel_named(const struct cel_machine *m, cel_operand operand)
{
    struct cel_value value = *cel_read(m, operand);
    if (value.kind == CEL_UNKNOWN && !value.string.at &&
        cel_operand_where(operand) == CEL_VARIABLE &&
        cel_operand_index(operand) < m->program->env->n_variables)
        value.string = m->program->env->variables[cel_operand_index(operand)].name;
    return value;
}

struct cel_value cel_hand_on(const struct cel_machine *m, cel_operand a, cel_operand b)
{
    const struct cel_value *x = cel_read(m, a), *y = cel_read(m, b);
    bool second = cel_is_plain(x) || (x->kind == CEL_ERROR && y->kind == CEL_UNKNOWN);
    return cel_named(m, second ? b : a);
}

void cel_merge(struct cel_value *accumulator, const struct cel_value *value, bool neutral)
{
    if ((accumulator->kind == CEL_BOOL && accumulator->boolean == neutral) ||
        (accumulator->kind == CEL_ERROR && value->kind == CEL_UNKNOWN))
        *accumulator = *value;
}

cel_step cel_conclude_other(struct cel_machine *m, cel_step pc, struct cel_value value)
{
    if (m->run->stopped)
        return cel_stop_at(m, pc);
    struct cel_value *dst = cel_register(m, pc->dst);
    switch ((enum cel_mode) pc->mode) {
    case CEL_MODE_VALUE:
    case CEL_MODE_AND_FIRST:
    case CEL_MODE_OR_FIRST: *dst = value; return pc + 1;
    case CEL_MODE_AND: cel_merge(dst, &value, true); return pc + 1;
    case CEL_MODE_OR: cel_merge(dst, &value, false); return pc + 1;
    case CEL_MODE_IF: *dst = value; return pc + pc->jump - 1;
    }
    __builtin_unreachable();
}

/* An error that was made here for @pc. */
static struct cel_value placed(const struct cel_machine *m, cel_step pc, struct cel_value value)
{
    if (value.kind == CEL_ERROR)
        value.offset = cel_offset_of(m, pc);
    return value;
}

/* @object.member, which is plain or not; a new error or unknown has place and name. */
static struct cel_value member_of(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *object = cel_read(m, pc->a);
    const struct cel_member *member = pc->member;
    if (object->kind == CEL_UNKNOWN && !object->string.at)
        return cel_unknown(member->path);
    if (!cel_is_plain(object))
        return *object;
    struct cel_value value;
    if (object->kind == CEL_OBJECT && object->object.class == member->class)
        value = member->class->load(object, member->field);
    else
        value = cel_select(m->run, object, member->name);
    if (value.kind == CEL_UNKNOWN && !value.string.at)
        value.string = member->path;
    return placed(m, pc, value);
}

static enum cel_op op_of(enum cel_mask mask)
{
    static const uint8_t ops[] = {
        [CEL_MASK_LT] = CEL_OP_LT, [CEL_MASK_EQ] = CEL_OP_EQ, [CEL_MASK_LE] = CEL_OP_LE,
        [CEL_MASK_GT] = CEL_OP_GT, [CEL_MASK_NE] = CEL_OP_NE, [CEL_MASK_GE] = CEL_OP_GE
    };
    return ops[mask];
}

/* Looking for a key reads all of it. False when the limit is passed. */
static bool charge_key(struct cel_run *run, const struct cel_value *key)
{
    bool is_text = key->kind == CEL_STRING || key->kind == CEL_BYTES;
    return !is_text || cel_charge_bytes(run, key->string.len);
}

/* @a has its name by now; b still wants it. */
static cel_step decide(struct cel_machine *m, cel_step pc, enum cel_op op, struct cel_value a)
{
    struct cel_value b = cel_named(m, pc->b);
    if (!cel_is_plain(&a) || !cel_is_plain(&b)) {
        bool second = cel_is_plain(&a) || (a.kind == CEL_ERROR && b.kind == CEL_UNKNOWN);
        return cel_conclude_other(m, pc, second ? b : a);
    }
    struct cel_value truth = op == CEL_OP_IN && !charge_key(m->run, &a)
                                 ? cel_stop(m->run)
                                 : cel_operate(m->run, op, &a, &b);
    if (truth.kind == CEL_BOOL && !m->run->stopped)
        return cel_conclude(m, pc, truth.boolean);
    return cel_conclude_other(m, pc, placed(m, pc, truth));
}

cel_step cel_compare_slow(struct cel_machine *m, cel_step pc)
{
    return decide(m, pc, op_of(pc->mask), cel_named(m, pc->a));
}

cel_step cel_field_compare_slow(struct cel_machine *m, cel_step pc)
{
    return decide(m, pc, op_of(pc->mask), member_of(m, pc));
}

cel_step cel_in_slow(struct cel_machine *m, cel_step pc)
{
    return decide(m, pc, CEL_OP_IN, cel_named(m, pc->a));
}

cel_step cel_field_in_slow(struct cel_machine *m, cel_step pc)
{
    return decide(m, pc, CEL_OP_IN, member_of(m, pc));
}

cel_step cel_operate_slow(struct cel_machine *m, cel_step pc, enum cel_op op)
{
    const struct cel_value *a = cel_read(m, pc->a), *b = cel_read(m, pc->b);
    struct cel_value *dst = cel_register(m, pc->dst);
    if (!cel_is_plain(a) || !cel_is_plain(b)) {
        *dst = cel_hand_on(m, pc->a, pc->b);
        return pc + 1;
    }
    struct cel_value made = op == CEL_OP_INDEX && !charge_key(m->run, b)
                                ? cel_stop(m->run)
                                : cel_operate(m->run, op, a, op == CEL_OP_NEG ? NULL : b);
    *dst = made;
    return cel_made(m, pc, dst);
}

cel_step cel_step_test_slow(struct cel_machine *m, cel_step pc, bool negate)
{
    const struct cel_value *a = cel_read(m, pc->a);
    if (!cel_is_plain(a))
        return cel_conclude_other(m, pc, cel_named(m, pc->a));
    static const char *const names[] = { "_?_:_", "&&", "&&", "||", "||", "_?_:_" };
    struct cel_value wrong = negate ? cel_operate(m->run, CEL_OP_NOT, a, NULL)
                                    : cel_no_overload(m->run, names[pc->mode], a, 1);
    return cel_conclude_other(m, pc, placed(m, pc, wrong));
}

cel_step cel_member_slow(struct cel_machine *m, cel_step pc, struct cel_value *to)
{
    struct cel_value value = member_of(m, pc);
    *to = value;
    return m->run->stopped ? cel_stop_at(m, pc) : pc + 1;
}

cel_step cel_step_has(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *object = cel_read(m, pc->a);
    const struct cel_member *member = pc->member;
    if (object->kind == CEL_UNKNOWN && !object->string.at)
        return cel_conclude_other(m, pc, cel_unknown(member->path));
    if (!cel_is_plain(object))
        return cel_conclude_other(m, pc, *object);
    struct cel_value has;
    if (object->kind == CEL_OBJECT && object->object.class == member->class) {
        has = member->class->load(object, member->field);
        if (has.kind != CEL_ERROR)
            return cel_conclude(m, pc, has.kind != CEL_UNKNOWN);
    } else {
        has = cel_has(m->run, object, member->name);
    }
    if (has.kind == CEL_BOOL)
        return cel_conclude(m, pc, has.boolean);
    return cel_conclude_other(m, pc, placed(m, pc, has));
}

static struct cel_value no_text_to_match(struct cel_run *run, const struct cel_value *a)
{
    const struct cel_value args[] = { *a, cel_string(STR("")) }; /* the pattern was a text */
    return cel_no_overload(run, "matches", args, 2);
}

cel_step cel_step_matches(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *a = cel_read(m, pc->a);
    if (!cel_is_plain(a))
        return cel_conclude_other(m, pc, cel_named(m, pc->a));
    struct cel_value made = a->kind == CEL_STRING ? cel_regex_matches(m->run, pc->regex, a->string)
                                                  : no_text_to_match(m->run, a);
    if (made.kind == CEL_BOOL && !m->run->stopped)
        return cel_conclude(m, pc, made.boolean);
    return cel_conclude_other(m, pc, placed(m, pc, made));
}

static bool overload_fits(const struct cel_overload *overload, const struct cel_value *args,
                          uint32_t n)
{
    if (overload->rest ? n < overload->n_params : n != overload->n_params)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t param = i < overload->n_params ? i : overload->n_params - 1;
        if (!(overload->kinds[param] >> args[i].kind & 1))
            return false;
    }
    return true;
}

static struct cel_value call(struct cel_machine *m, cel_step pc, const struct cel_value *args)
{
    const struct cel_callee *callee = pc->callee;
    for (uint32_t i = 0; i < callee->n_overloads; i++) {
        const struct cel_overload *overload = callee->overloads[i];
        if (!overload_fits(overload, args, pc->n))
            continue;
        if (!overload->call)
            return cel_fail(m->run, "'%.*s' is only declared", STR_ARG(callee->name));
        if (!cel_charge(m->run, overload->cost))
            return cel_stop(m->run);
        return overload->call(m->run, args, pc->n);
    }
    char name[64];
    size_t len = callee->name.len < sizeof name ? callee->name.len : sizeof name - 1;
    memcpy(name, callee->name.at, len);
    name[len] = '\0';
    return cel_no_overload(m->run, name, args, pc->n);
}

cel_step cel_step_call(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *args = cel_read(m, pc->a), *other = NULL;
    for (uint32_t i = 0; i < pc->n; i++)
        if (!cel_is_plain(&args[i]) &&
            (!other || (other->kind == CEL_ERROR && args[i].kind == CEL_UNKNOWN)))
            other = &args[i];
    struct cel_value made = other ? *other : placed(m, pc, call(m, pc, args));
    *cel_register(m, pc->dst) = made;
    return m->run->stopped ? cel_stop_at(m, pc) : pc + 1;
}

cel_step cel_step_list(struct cel_machine *m, cel_step pc)
{
    struct cel_list *list = cel_take(m->run, 1, sizeof *list);
    struct cel_value *items = cel_take(m->run, pc->n ? pc->n : 1, sizeof *items);
    if (!list || !items || !cel_charge(m->run, pc->n)) {
        cel_stop(m->run);
        return cel_stop_at(m, pc);
    }
    *list = (struct cel_list){ .count = pc->n, .items = items };
    *cel_register(m, pc->dst) = (struct cel_value){ .kind = CEL_LIST, .list = list };
    return pc + 1;
}

cel_step cel_step_list_put(struct cel_machine *m, cel_step pc)
{
    struct cel_value *dst = cel_register(m, pc->dst);
    const struct cel_value *a = cel_read(m, pc->a);
    if (dst->kind == CEL_LIST && cel_is_plain(a))
        ((struct cel_value *) dst->list->items)[pc->n] = *a;
    else if (dst->kind == CEL_LIST || (dst->kind == CEL_ERROR && a->kind == CEL_UNKNOWN))
        *dst = cel_named(m, pc->a);
    return pc + 1;
}

/* While it is put together the map has entries but no table. */
cel_step cel_step_map(struct cel_machine *m, cel_step pc)
{
    struct cel_map *map = cel_take(m->run, 1, sizeof *map);
    struct cel_entry *entries = cel_take(m->run, pc->n ? pc->n : 1, sizeof *entries);
    if (!map || !entries || !cel_charge(m->run, pc->n)) {
        cel_stop(m->run);
        return cel_stop_at(m, pc);
    }
    *map = (struct cel_map){ .count = pc->n, .entries = entries };
    *cel_register(m, pc->dst) = (struct cel_value){ .kind = CEL_MAP, .map = map };
    return pc + 1;
}

cel_step cel_step_map_put(struct cel_machine *m, cel_step pc)
{
    struct cel_value *dst = cel_register(m, pc->dst);
    const struct cel_value *key = cel_read(m, pc->a), *value = cel_read(m, pc->b);
    if (cel_is_plain(key) && cel_is_plain(value)) {
        if (dst->kind == CEL_MAP)
            ((struct cel_entry *) dst->map->entries)[pc->n] = (struct cel_entry){ *key, *value };
        return pc + 1;
    }
    struct cel_value other = cel_hand_on(m, pc->a, pc->b);
    if (dst->kind == CEL_MAP || (dst->kind == CEL_ERROR && other.kind == CEL_UNKNOWN))
        *dst = other;
    return pc + 1;
}

static struct cel_value bad_key(struct cel_run *run, const struct cel_value *key)
{
    bool is_key = key->kind == CEL_BOOL || key->kind == CEL_INT || key->kind == CEL_UINT ||
                  key->kind == CEL_STRING;
    struct cel_value cut = *key;
    if ((key->kind == CEL_STRING || key->kind == CEL_BYTES) && key->string.len > SHOWN_BYTES) {
        cut.string.len = SHOWN_BYTES;
        while (cut.string.len > 0 && (key->string.at[cut.string.len] & 0xc0) == 0x80)
            cut.string.len--;
    }
    if (key->kind > CEL_DURATION)
        cut = cel_string(cel_kind_name(key));
    struct out text;
    out_init(&text, run->arena, 2 * SHOWN_BYTES);
    cel_value_print(&cut, &text);
    struct str shown = out_str(&text);
    if (text.failed)
        return cel_stop(run);
    return cel_fail(run, is_key ? "the map holds the key %.*s twice" : "%.*s is no key of a map",
                    STR_ARG(shown));
}

cel_step cel_map_close(struct cel_machine *m, cel_step pc, const struct cel_entry *entries,
                       uint32_t count)
{
    struct cel_value *dst = cel_register(m, pc->dst);
    uint32_t bad = count;
    bool within = cel_charge(m->run, count);
    for (uint32_t i = 0; i < count && within; i++)
        within = charge_key(m->run, &entries[i].key);
    if (!within) {
        cel_stop(m->run);
        return cel_stop_at(m, pc);
    }
    const struct cel_map *map = cel_map_of(m->run->arena, entries, count, &bad);
    if (map)
        *dst = (struct cel_value){ .kind = CEL_MAP, .map = map };
    else if (bad >= count)
        *dst = cel_stop(m->run);
    else
        *dst = bad_key(m->run, &entries[bad].key);
    return cel_made(m, pc, dst);
}

cel_step cel_step_map_done(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *dst = cel_register(m, pc->dst);
    if (dst->kind != CEL_MAP)
        return pc + 1;
    return cel_map_close(m, pc, dst->map->entries, dst->map->count);
}
