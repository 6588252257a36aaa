/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CEL text from anywhere. Besides crashes it looks for a refusal without a reason, a fault outside the text,
 * and a tree that breaks its promises: dense numbers, children first, depth within the limit.
 */
#include <stdint.h>
#include <stdlib.h>

#include "expr/cel_ast.h"
#include "expr/cel_env.h"

enum { DEPTH = 60, ROOM = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static uint32_t check_node(const struct cel_ast *ast, const struct cel_node *node, uint32_t next,
                           uint32_t depth)
{
    must(depth <= DEPTH + 1 && depth <= ast->depth);
    must(node->offset < ast->text.len);
    must(!node->names == (node->kind != CEL_NODE_STRUCT || node->n_args == 0));
    if (node->kind == CEL_NODE_MACRO)
        must(node->n_args >= 2 && node->variable.len > 0 && node->macro < CEL_MACROS);
    else if (node->kind == CEL_NODE_BIND)
        must(node->n_args == 2 && node->variable.len > 0);
    else if (node->kind == CEL_NODE_OPERATOR)
        must(node->op < CEL_OPS && node->n_args >= 1 && node->n_args <= 3);
    else if (node->kind == CEL_NODE_CONST || node->kind == CEL_NODE_NAME)
        must(node->n_args == 0);
    else if (node->kind == CEL_NODE_SELECT)
        must(node->n_args == 1 && node->name.len > 0);
    if (node->kind == CEL_NODE_CONST && node->constant.kind == CEL_STRING)
        must(str_is_utf8(node->constant.string, NULL));

    for (uint32_t i = 0; i < node->n_args; i++)
        next = check_node(ast, node->args[i], next, depth + 1);
    must(node->id == next);
    return next + 1;
}

static void check_faults(const struct cel_faults *faults, struct str text, struct arena *arena)
{
    uint32_t n = faults->count < CEL_FAULTS_MAX ? faults->count : CEL_FAULTS_MAX;
    for (uint32_t i = 0; i < n; i++) {
        const struct cel_fault *fault = &faults->list[i];
        must(fault->offset <= text.len && fault->length <= text.len - fault->offset);
        must(fault->line >= 1 && fault->column >= 1 && fault->code != CEL_SAYS_NOTHING);
        for (int language = 0; language < CEL_LANGUAGES; language++)
            must(fault->what[language].len > 0 &&
                 !fault->hint[language].at == (fault->hint_code == CEL_SAYS_NOTHING));
    }
    struct out out;
    out_init(&out, arena, 256);
    cel_faults_print(faults, STR("x"), CEL_ENGLISH, &out);
    cel_faults_print(faults, STR("x"), CEL_JAPANESE, &out);
    must(!out.failed && out.len > 0 && str_is_utf8(out_str(&out), NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cel_limits limits = { .depth = DEPTH };
    struct str text = { (const char *) data, size };
    struct arena *arena = arena_new(1 << 16, ROOM);
    struct cel_faults faults;

    cel_faults_init(&faults, arena, text);
    struct cel_ast *ast = cel_parse(text, &limits, arena, &faults);
    must(!ast == (faults.count > 0));
    if (ast)
        must(check_node(ast, ast->root, 0, 1) == ast->n_nodes);
    else
        check_faults(&faults, text, arena);
    arena_free(arena);
    return 0;
}
