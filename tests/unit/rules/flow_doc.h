/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <ctype.h>

#include "base/arena.h"
#include "rules/doc.h"
#include "suite.h"

/*
 * A doc from a line of flow YAML, for tests of the readers in rules/, which know nothing of YAML:
 * {cart.total: {at_least: 5000}, any: [a, "b"]}. Plain and double-quoted scalars, no escapes.
 */
struct flow {
    struct arena *arena;
    const char *begin, *at;
};

static inline struct doc_place flow_place(const struct flow *flow)
{
    struct doc_place place = { 1, 1 };
    for (const char *c = flow->begin; c < flow->at; c++) {
        place.line += *c == '\n';
        place.column = *c == '\n' ? 1 : place.column + ((*c & 0xc0) != 0x80);
    }
    return place;
}

static inline void flow_skip(struct flow *flow)
{
    while (isspace((unsigned char) *flow->at))
        flow->at++;
}

/* @stops: what ends a plain scalar. */
static inline struct str flow_scalar(struct flow *flow, const char *stops, bool *ret_quoted)
{
    const char *from = flow->at;
    *ret_quoted = *from == '"';
    if (*ret_quoted) {
        flow->at = strchr(from + 1, '"');
        ck_assert_ptr_nonnull(flow->at);
        flow->at++;
        return (struct str){ from + 1, (size_t) (flow->at - from - 2) };
    }
    flow->at += strcspn(from, stops);
    const char *to = flow->at;
    while (to > from && to[-1] == ' ')
        to--;
    return (struct str){ from, (size_t) (to - from) };
}

static inline struct doc_node *flow_node(struct flow *flow)
{
    struct doc_node *node = arena_take(flow->arena, sizeof *node);
    struct doc_node **last = &node->first;
    bool quoted;

    flow_skip(flow);
    node->place = flow_place(flow);
    if (*flow->at != '{' && *flow->at != '[') {
        node->text = flow_scalar(flow, ",]}\n", &node->quoted);
        return node;
    }
    char close = *flow->at++ == '{' ? '}' : ']';
    node->kind = close == '}' ? DOC_MAPPING : DOC_SEQUENCE;
    for (flow_skip(flow); *flow->at != close; flow_skip(flow)) {
        struct doc_place place = flow_place(flow);
        struct str key = { 0 };
        if (close == '}') {
            key = flow_scalar(flow, ":", &quoted);
            ck_assert_int_eq(*flow->at++, ':');
        }
        struct doc_node *child = flow_node(flow);
        child->key = key;
        child->key_place = place;
        *last = child;
        last = &child->next;
        node->n_children++;
        flow_skip(flow);
        if (*flow->at == ',')
            flow->at++;
        else
            ck_assert_int_eq(*flow->at, close);
    }
    flow->at++;
    return node;
}

static inline const struct doc_node *flow_doc(struct arena *arena, const char *text)
{
    struct flow flow = { arena, text, text };
    const struct doc_node *root = flow_node(&flow);
    flow_skip(&flow);
    ck_assert_msg(*flow.at == '\0', "more after the document: '%s'", flow.at);
    return root;
}
