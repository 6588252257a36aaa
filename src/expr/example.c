/* SPDX-License-Identifier: Apache-2.0 */
/* CEL in one page; README.md beside it tells how to build it. A program of its own, in no library.
 */
#include <stdio.h>

#include "expr/cel.h"

struct cart { /* of the host; expressions see its fields */
    int64_t total;
    struct str currency;
};

static struct cel_value cart_load(const struct cel_value *object, uint32_t field)
{
    const struct cart *cart = object->object.self;
    return field == 0 ? cel_int(cart->total) : cel_string(cart->currency);
}

int main(void)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 17, 1 << 20); /* environment, programs */
    struct cel_env *env = cel_env_new(arena);
    const struct cel_field fields[] = {
        { .name = STR("total"), .type = cel_type_simple(CEL_TYPE_INT) },
        { .name = STR("currency"), .type = cel_type_simple(CEL_TYPE_STRING), .max_count = 3 },
    };
    const struct cel_class cart_class = { STR("cart"), fields, 2, .load = cart_load };
    struct err_note note = { "no room" };
    if (!env || cel_env_class(env, &cart_class, &note) != OK ||
        cel_env_variable(env, STR("cart"), cel_env_type(env, STR("cart"), &note), NULL, &note) !=
            OK)
        return fprintf(stderr, "example: %s\n", note.text);

    struct cart carts[] = { { 4200, STR("EUR") }, { 980, STR("JPY") } };
    const char *texts[] = { "cart.currency == 'EUR' && cart.total >= 4000",
                            "cart.currency in ['EUR', 'USD'] ? cart.total / 100 : cart.total",
                            "100 / (cart.total - 980)", "cart.totl > 5" };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        struct cel_faults faults;
        struct out out;
        cel_faults_init(&faults, arena, str_of(texts[t]));
        out_init(&out, arena, 256);
        const struct cel_program *program =
            cel_compile(env, str_of(texts[t]), NULL, arena, &faults);
        cel_faults_print(&faults, STR("example"), CEL_ENGLISH,
                         &out); /* nothing, when it is right */
        for (int i = 0; program && i < 2; i++) {
            AUTO(arena_free)
            struct arena *scratch = arena_new(4096, 1 << 20); /* of one evaluation */
            struct cel_value variables[] = { { .kind = CEL_OBJECT,
                                               .object = { &cart_class, &carts[i] } } };
            struct cel_run run = { .arena = scratch };
            struct cel_value value = cel_eval(program, variables, &run);
            cel_value_print(&value, &out);
            out_printf(&out, " in %d steps; ", (int) run.cost);
        }
        printf("%.*s\n", STR_ARG(out_str(&out)));
    }
    return 0;
}
