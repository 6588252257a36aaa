/* SPDX-License-Identifier: Apache-2.0 */
#include "app/cel/cel_case.h"

#include <cjson/cJSON.h>

#include "app/cel/cel_typed_json.h"
#include "expr/cel.h"

struct one_case {
    const cJSON *json, *expect;
    struct str text;
    struct arena *arena;
    struct cel_env *env;
    struct cel_value *bindings; /* by slot */
    struct out *got, *wanted;
};

static const cJSON *member(const cJSON *json, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(json, name);
}

static const char *text_of(const cJSON *json, const char *name)
{
    return cJSON_GetStringValue(member(json, name));
}

struct str cel_case_text(const struct cJSON *json, struct arena *arena)
{
    const char *coded = text_of(json, "expr_base64");
    return coded ? cel_typed_base64(coded, arena) : str_of(text_of(json, "expr"));
}

/* "fn(string, int) -> string"; of an instance "string.fn(int) -> string". */
static bool add_overload(struct one_case *one, const char *name, const cJSON *overload,
                         struct err_note *note)
{
    const cJSON *params = member(overload, "params"), *param;
    bool instance = cJSON_IsTrue(member(overload, "instance")), receiver = instance;
    const char *result = text_of(overload, "result");
    struct out signature;

    out_init(&signature, one->arena, 128);
    if (!instance)
        out_printf(&signature, "%s(", name);
    cJSON_ArrayForEach(param, params)
    {
        const char *type = cJSON_GetStringValue(param);
        if (receiver)
            out_printf(&signature, "%s.%s(", type ? type : "", name);
        else
            out_printf(&signature, "%s%s", signature.at[signature.len - 1] == '(' ? "" : ", ",
                       type ? type : "");
        receiver = false;
    }
    out_printf(&signature, ") -> %s", result ? result : "dyn");
    out_char(&signature, '\0');
    return !signature.failed && cel_env_function(one->env, signature.at, NULL, 1, note) == OK;
}

/*
 * A name that no type has is one of an abstract type without parameters: "session" is "session()".
 */
static const struct cel_type *type_named(struct one_case *one, const char *text,
                                         struct err_note *note)
{
    const struct cel_type *type = cel_env_type(one->env, str_of(text), note);
    struct out abstract;
    if (type)
        return type;
    out_init(&abstract, one->arena, 64);
    out_printf(&abstract, "%s()", text);
    return cel_env_type(one->env, out_str(&abstract), NULL);
}

static bool add_declaration(struct one_case *one, const cJSON *declaration, struct err_note *note)
{
    const char *name = text_of(declaration, "name"), *type_text = text_of(declaration, "type");
    const cJSON *overload;
    uint32_t slot;

    if (!name)
        return err_fail(note, ERR_INPUT, "a declaration without name") == OK;
    cJSON_ArrayForEach(
        overload,
        member(declaration, "function")) if (!add_overload(one, name, overload, note)) return false;
    if (!type_text)
        return true;
    const struct cel_type *type = type_named(one, type_text, note);
    return type && cel_env_variable(one->env, str_of(name), type, &slot, note) == OK;
}

/* The slot of a name that was declared: in the order of declarations. */
static bool slot_of(const struct one_case *one, const char *name, uint32_t *ret_slot)
{
    const cJSON *declaration;
    uint32_t slot = 0;
    cJSON_ArrayForEach(declaration, member(one->json, "type_env"))
    {
        const char *declared = text_of(declaration, "name");
        if (!text_of(declaration, "type"))
            continue;
        if (declared && strcmp(declared, name) == 0) {
            *ret_slot = slot;
            return true;
        }
        slot++;
    }
    return false;
}

/* A binding that no declaration names is a variable of type dyn. */
static bool bind(struct one_case *one, struct err_note *note)
{
    const cJSON *binding;
    const char *why;
    uint32_t slot, room = cel_env_variables(one->env) +
                          (uint32_t) cJSON_GetArraySize(member(one->json, "bindings"));
    one->bindings = arena_take_array(one->arena, struct cel_value, room + 1);
    if (!one->bindings)
        return err_fail(note, ERR_LIMIT, "too many bindings") == OK;
    for (uint32_t i = 0; i <= room; i++)
        one->bindings[i] = cel_unknown((struct str){ 0 });
    cJSON_ArrayForEach(binding, member(one->json, "bindings"))
    {
        struct cel_value value;
        if (!cel_typed_read(binding, one->env, one->arena, &value, &why))
            return err_fail(note, ERR_INPUT, "binding '%s': %s", binding->string, why) == OK;
        if (!slot_of(one, binding->string, &slot) &&
            cel_env_variable(one->env, str_of(binding->string), cel_type_simple(CEL_TYPE_DYN),
                             &slot, note) != OK)
            return false;
        if (slot < room)
            one->bindings[slot] = value;
    }
    return true;
}

/*
 * What the optional-types extension declares: expressions over it can be checked
 * here, as those over the functions that a case declares; nothing evaluates it.
 */
static bool declare_optionals(struct one_case *one, struct err_note *note)
{
    static const char *const signatures[] = {
        "optional.of(T) -> optional_type(T)",
        "optional.ofNonZeroValue(T) -> optional_type(T)",
        "optional.none() -> optional_type(T)",
        "optional_type(T).hasValue() -> bool",
        "optional_type(T).value() -> T",
        "optional_type(T).or(optional_type(T)) -> optional_type(T)",
        "optional_type(T).orValue(T) -> T",
    };
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        if (cel_env_function(one->env, signatures[i], NULL, 1, note) != OK)
            return false;
    return true;
}

static bool make_env(struct one_case *one, struct cel_zones zones, struct err_note *note)
{
    const char *container = text_of(one->json, "container");
    const cJSON *declaration;

    one->env = cel_env_new(one->arena);
    if (!one->env)
        return err_fail(note, ERR_NOMEM, "no room for an environment") == OK;
    cel_env_zones(one->env, zones);
    if (!declare_optionals(one, note))
        return false;
    if (container && *container && cel_env_container(one->env, str_of(container)) != OK)
        return err_fail(note, ERR_INPUT, "no such container: %s", container) == OK;
    cJSON_ArrayForEach(
        declaration,
        member(one->json, "type_env")) if (!add_declaration(one, declaration, note)) return false;
    return bind(one, note);
}

static void print_faults(const struct cel_faults *faults, struct out *out)
{
    for (uint32_t i = 0; i < faults->count && i < CEL_FAULTS_MAX; i++)
        out_printf(out, "%s%u:%u: %.*s", i ? "; " : "error: ", faults->list[i].line,
                   faults->list[i].column, STR_ARG(faults->list[i].what[CEL_ENGLISH]));
}

/*
 * "list( int )" and "list(int)" are one; so are two ways to
 * write a type that the environment knows.
 */
static bool same_type(struct one_case *one, const struct cel_type *type, const char *expected)
{
    struct out got, wanted;
    out_init(&got, one->arena, 64);
    out_init(&wanted, one->arena, 64);
    cel_type_print(type, &got);
    const struct cel_type *parsed = type_named(one, expected, NULL);
    if (parsed)
        cel_type_print(parsed, &wanted);
    return str_eq(out_str(&got), str_of(expected)) ||
           (parsed && str_eq(out_str(&got), out_str(&wanted)));
}

static bool check_type(struct one_case *one, const char *expected)
{
    struct cel_options options = { .lenient = cJSON_IsTrue(member(one->json, "disable_check")) };
    struct cel_faults faults;
    cel_faults_init(&faults, one->arena, one->text);
    const struct cel_type *type =
        cel_check_text(one->env, one->text, &options, one->arena, &faults);
    if (expected)
        out_printf(one->wanted, "type %s ", expected);
    if (!type) {
        print_faults(&faults, one->got);
        return !expected;
    }
    out_printf(one->got, "type ");
    cel_type_print(type, one->got);
    out_char(one->got, ' ');
    return expected && same_type(one, type, expected);
}

/* A value or, as CEL_ERROR, what went wrong on the way. */
static struct cel_value yield(struct one_case *one)
{
    struct cel_options options = { .lenient = cJSON_IsTrue(member(one->json, "disable_check")) };
    struct cel_run run = { .arena = one->arena };
    struct cel_faults faults;
    cel_faults_init(&faults, one->arena, one->text);
    const struct cel_program *program =
        cel_compile(one->env, one->text, &options, one->arena, &faults);
    if (!program) {
        print_faults(&faults, one->got);
        return cel_error(STR("not compiled"));
    }
    struct cel_value value = cel_eval(program, one->bindings, &run);
    cel_value_print(&value, one->got);
    return value;
}

static bool check_value(struct one_case *one, const cJSON *expected)
{
    struct cel_value wanted, got = yield(one);
    const char *why;
    if (!cel_typed_read(expected, one->env, one->arena, &wanted, &why)) {
        out_printf(one->wanted, "(%s)", why);
        return false;
    }
    cel_value_print(&wanted, one->wanted);
    return cel_typed_same(&got, &wanted);
}

static bool check_error(struct one_case *one, const cJSON *expected)
{
    const char *sentence =
        cJSON_GetStringValue(cJSON_IsArray(expected) ? cJSON_GetArrayItem(expected, 0) : expected);
    out_printf(one->wanted, "error: %s", sentence ? sentence : "any");
    if (cJSON_IsTrue(member(one->json, "check_only")))
        return check_type(one, NULL);
    enum cel_kind kind = yield(one).kind;
    return kind == CEL_ERROR || kind == CEL_UNKNOWN; /* a variable that is not bound is an error */
}

static bool check_all(struct one_case *one)
{
    const cJSON *value = member(one->expect, "value"), *error = member(one->expect, "error");
    const char *type = text_of(one->expect, "deduced_type");
    bool check_only = cJSON_IsTrue(member(one->json, "check_only"));

    if (!value && !error && !type) {
        out_text(one->wanted, STR("something this program does not know"));
        return false;
    }
    bool good = !type || check_type(one, type);
    if (value)
        good &= check_only ? type || !check_type(one, NULL) : check_value(one, value);
    if (error)
        good &= check_error(one, error);
    return good;
}

bool cel_case_run(const struct cJSON *json, struct cel_zones zones, struct arena *arena,
                  struct out *got, struct out *wanted)
{
    struct one_case one = {
        .json = json,
        .expect = member(json, "expect"),
        .text = cel_case_text(json, arena),
        .arena = arena,
        .got = got,
        .wanted = wanted,
    };
    struct err_note note = { 0 };
    if (make_env(&one, zones, &note))
        return check_all(&one);
    out_printf(got, "environment: %s", note.text);
    return false;
}
