/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/check/cel_type_text.h"

/*
 * One reader over a copy of the text, so that names can stay slices of it. Depth is bounded, so the
 * recursion is too.
 */
struct reader {
    const struct cel_env *env;
    struct arena *arena;
    struct str text;
    size_t at;
    struct err_note *note;
};

static enum err fail_at(struct reader *r, size_t at, const char *what)
{
    return err_fail(r->note, ERR_INPUT, "%s at character %zu of '%.*s'", what, at + 1,
                    STR_ARG(r->text));
}

static enum err no_room(struct reader *r)
{
    return err_fail(r->note, ERR_LIMIT, "'%.*s': no room for this type", STR_ARG(r->text));
}

static char peek(const struct reader *r)
{
    return r->at < r->text.len ? r->text.at[r->at] : '\0';
}

static void skip_spaces(struct reader *r)
{
    while (peek(r) == ' ')
        r->at++;
}

static bool accept(struct reader *r, struct str word)
{
    skip_spaces(r);
    struct str rest = { r->text.at + r->at, r->text.len - r->at };
    if (!str_starts_with(rest, word))
        return false;
    r->at += word.len;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The dotted name at the reader's place; a dot that no letter follows ("int...") is not of it. */
static struct str dotted_name(struct reader *r)
{
    skip_spaces(r);
    size_t start = r->at, i = r->at;
    while (i < r->text.len && is_letter(r->text.at[i])) {
        while (i < r->text.len && (is_letter(r->text.at[i]) || is_digit(r->text.at[i])))
            i++;
        r->at = i;
        if (i + 1 < r->text.len && r->text.at[i] == '.')
            i++;
    }
    return (struct str){ r->text.at + start, r->at - start };
}

bool cel_is_name(struct str text, bool may_be_qualified)
{
    struct reader r = { .text = text };
    return text.len && dotted_name(&r).len == text.len &&
           (may_be_qualified || !memchr(text.at, '.', text.len));
}

static bool is_parameter(struct str name)
{
    if (name.len == 0 || name.at[0] < 'A' || name.at[0] > 'Z')
        return false;
    for (size_t i = 1; i < name.len; i++)
        if (!is_digit(name.at[i]))
            return false;
    return true;
}

/* What "wrapper(int)" is to Protocol Buffers. */
static const struct cel_type *well_known_wrapper(struct str name)
{
    static const struct {
        const char *name;
        enum cel_type_kind kind;
    } wrappers[] = {
        { "google.protobuf.BoolValue", CEL_TYPE_BOOL },
        { "google.protobuf.BytesValue", CEL_TYPE_BYTES },
        { "google.protobuf.DoubleValue", CEL_TYPE_DOUBLE },
        { "google.protobuf.FloatValue", CEL_TYPE_DOUBLE },
        { "google.protobuf.Int32Value", CEL_TYPE_INT },
        { "google.protobuf.Int64Value", CEL_TYPE_INT },
        { "google.protobuf.StringValue", CEL_TYPE_STRING },
        { "google.protobuf.UInt32Value", CEL_TYPE_UINT },
        { "google.protobuf.UInt64Value", CEL_TYPE_UINT },
    };
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++)
        if (str_is(name, wrappers[i].name))
            return cel_type_nullable(wrappers[i].kind);
    return NULL;
}

static const struct cel_type *known_type(struct str name)
{
    static const struct {
        const char *name;
        enum cel_type_kind kind;
    } known[] = {
        { "int", CEL_TYPE_INT },
        { "string", CEL_TYPE_STRING },
        { "bool", CEL_TYPE_BOOL },
        { "double", CEL_TYPE_DOUBLE },
        { "uint", CEL_TYPE_UINT },
        { "list", CEL_TYPE_LIST },
        { "map", CEL_TYPE_MAP },
        { "timestamp", CEL_TYPE_TIMESTAMP },
        { "duration", CEL_TYPE_DURATION },
        { "dyn", CEL_TYPE_DYN },
        { "bytes", CEL_TYPE_BYTES },
        { "type", CEL_TYPE_TYPE },
        { "null", CEL_TYPE_NULL },
        { "null_type", CEL_TYPE_NULL },
        { "any", CEL_TYPE_DYN },
        { "google.protobuf.Timestamp", CEL_TYPE_TIMESTAMP },
        { "google.protobuf.Duration", CEL_TYPE_DURATION },
        { "google.protobuf.Any", CEL_TYPE_DYN },
        { "google.protobuf.Value", CEL_TYPE_DYN },
        { "google.protobuf.ListValue", CEL_TYPE_LIST },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_is(name, known[i].name))
            return cel_type_simple(known[i].kind);
    return well_known_wrapper(name);
}

static enum err read_type(struct reader *r, uint32_t depth, const struct cel_type **ret_type);

static enum err read_params(struct reader *r, uint32_t depth, struct cel_type *type)
{
    do {
        if (type->n_params == CEL_TYPE_MAX_PARAMS)
            return fail_at(r, r->at, "too many parameters");
        TRY(read_type(r, depth + 1, &type->params[type->n_params]));
        type->n_params++;
    } while (accept(r, STR(",")));
    return accept(r, STR(")")) ? OK : fail_at(r, r->at, "',' or ')' is missing");
}

/* What "name(params)" is, once it was read. */
static enum err apply_params(struct reader *r, size_t start, struct cel_type *type,
                             const struct cel_type **ret_type)
{
    const struct cel_type *known = known_type(type->name);
    if (str_is(type->name, "wrapper")) {
        *ret_type = type->n_params == 1 ? cel_type_nullable(type->params[0]->kind) : NULL;
        if (*ret_type && ((*ret_type)->nullable || (*ret_type)->kind == CEL_TYPE_DYN))
            return OK;
        return fail_at(r, start, "wrapper() is of one of bool, int, uint, double, string, bytes");
    }
    uint32_t wanted = !known ? type->n_params
                      : known->kind == CEL_TYPE_LIST || known->kind == CEL_TYPE_TYPE ? 1
                      : known->kind == CEL_TYPE_MAP                                  ? 2
                                                                                     : 0;
    if (type->n_params != wanted || is_parameter(type->name))
        return fail_at(r, start, "a wrong number of parameters");
    type->kind = known ? known->kind : CEL_TYPE_OPAQUE;
    struct cel_type *kept = arena_take(r->arena, sizeof *kept);
    if (!kept)
        return no_room(r);
    *kept = *type;
    *ret_type = kept;
    return OK;
}

static enum err named_type(struct reader *r, size_t start, struct str name,
                           const struct cel_type **ret_type)
{
    const struct cel_class *class = cel_env_class_of(r->env, name);
    const struct cel_type *known = known_type(name);
    if (known) {
        *ret_type = known;
        return OK;
    }
    if (!class && !is_parameter(name))
        return fail_at(r, start, "there is no such type or class");
    if (class && class->type) {
        *ret_type = class->type;
        return OK;
    }
    struct cel_type *type = arena_take(r->arena, sizeof *type);
    if (!type)
        return no_room(r);
    *type = (struct cel_type){ .kind = class ? CEL_TYPE_OBJECT : CEL_TYPE_PARAM,
                               .name = class ? class->name : name,
                               .class = class };
    *ret_type = type;
    return OK;
}

static enum err read_type(struct reader *r, uint32_t depth, const struct cel_type **ret_type)
{
    skip_spaces(r);
    size_t start = r->at;
    if (depth > CEL_TYPE_MAX_DEPTH)
        return fail_at(r, start, "too deep");
    struct cel_type type = { .name = dotted_name(r) };
    if (type.name.len == 0)
        return fail_at(r, start, "a type is missing");
    if (!accept(r, STR("(")))
        return named_type(r, start, type.name, ret_type);
    if (accept(r, STR(")"))) /* "session()": opaque, without parameters */
        return apply_params(r, start, &type, ret_type);
    TRY(read_params(r, depth, &type));
    return apply_params(r, start, &type, ret_type);
}

static enum err reader_init(struct reader *r, const struct cel_env *env, struct arena *arena,
                            struct str text, struct err_note *note)
{
    *r = (struct reader){ .env = env, .arena = arena, .text = text, .note = note };
    r->text = arena_copy(arena, text);
    return r->text.at ? OK
                      : err_fail(note, ERR_LIMIT, "no room for the type '%.*s'", STR_ARG(text));
}

enum err cel_type_read(const struct cel_env *env, struct arena *arena, struct str text,
                       const struct cel_type **ret_type, struct err_note *note)
{
    struct reader r;
    TRY(reader_init(&r, env, arena, text, note));
    const struct cel_type *type;
    TRY(read_type(&r, 0, &type));
    skip_spaces(&r);
    if (r.at != r.text.len)
        return fail_at(&r, r.at, "too much");
    *ret_type = type;
    return OK;
}

/* Where the parenthesis that opens at @at is closed; the end of the text when it is not. */
static size_t closing(struct str text, size_t at)
{
    int depth = 0;
    for (; at < text.len; at++) {
        depth += text.at[at] == '(' ? 1 : text.at[at] == ')' ? -1 : 0;
        if (depth == 0)
            return at;
    }
    return text.len;
}

/* The function's name, and the receiver when there is one: "list(T).flatten", "string.left",
 * "math.abs", "size". */
static enum err read_head(struct reader *r, struct cel_overload *overload)
{
    size_t start = r->at;
    struct str name = dotted_name(r);
    size_t close = peek(r) == '(' ? closing(r->text, r->at) : r->text.len;
    if (close + 1 < r->text.len && r->text.at[close + 1] == '.') {
        r->at = start;
        TRY(read_type(r, 0, &overload->params[0]));
        r->at++;
        name = dotted_name(r);
        overload->is_member = true;
    } else if (name.len) {
        const char *dot = memrchr(name.at, '.', name.len);
        struct str before = { name.at, dot ? (size_t) (dot - name.at) : 0 };
        overload->is_member =
            dot && (known_type(before) || is_parameter(before) || cel_env_class_of(r->env, before));
        if (overload->is_member) {
            TRY(named_type(r, start, before, &overload->params[0]));
            name = (struct str){ dot + 1, name.len - before.len - 1 };
        }
    }
    if (name.len == 0)
        return fail_at(r, r->at, "the name of the function is missing");
    overload->name = name;
    overload->n_params = overload->is_member;
    return OK;
}

enum err cel_signature_read(const struct cel_env *env, struct arena *arena, struct str text,
                            struct cel_overload *ret_overload, struct err_note *note)
{
    struct reader r;
    TRY(reader_init(&r, env, arena, text, note));
    struct cel_overload overload = { .cost = 1 };
    TRY(read_head(&r, &overload));
    if (!accept(&r, STR("(")))
        return fail_at(&r, r.at, "'(' is missing");
    if (!accept(&r, STR(")"))) {
        do {
            if (overload.rest)
                return fail_at(&r, r.at, "only the last argument may be repeated");
            if (overload.n_params == CEL_MAX_ARGS)
                return fail_at(&r, r.at, "too many arguments");
            TRY(read_type(&r, 0, &overload.params[overload.n_params]));
            overload.n_params++;
            overload.rest = accept(&r, STR("..."));
        } while (accept(&r, STR(",")));
        if (!accept(&r, STR(")")))
            return fail_at(&r, r.at, "',' or ')' is missing");
    }
    if (!accept(&r, STR("->")))
        return fail_at(&r, r.at, "'->' and what is returned are missing");
    TRY(read_type(&r, 0, &overload.result));
    skip_spaces(&r);
    if (r.at != r.text.len)
        return fail_at(&r, r.at, "too much");
    for (uint32_t i = 0; i < overload.n_params; i++)
        overload.kinds[i] = cel_type_kinds(overload.params[i]);
    *ret_overload = overload;
    return OK;
}

void cel_signature_print(const struct cel_overload *overload, struct out *out)
{
    if (overload->is_member) {
        cel_type_print(overload->params[0], out);
        out_char(out, '.');
    }
    out_text(out, overload->name);
    out_char(out, '(');
    for (uint32_t i = overload->is_member; i < overload->n_params; i++) {
        out_text(out, i > overload->is_member ? STR(", ") : STR(""));
        cel_type_print(overload->params[i], out);
    }
    out_text(out, overload->rest ? STR("...) -> ") : STR(") -> "));
    cel_type_print(overload->result, out);
}
