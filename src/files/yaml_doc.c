/* SPDX-License-Identifier: Apache-2.0 */
#include "files/yaml_doc.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/strmap.h"
#include "files/yaml_source.h"

enum { FEW_KEYS = 16 }; /* compared one by one; more get a map */
enum { SPARE_NODES = 64 };

struct level {
    struct doc_node *node, *tail;
    bool flow;
    bool has_key; /* of a mapping: the next node is its value */
    struct doc_node key;
    size_t key_begin, key_end; /* libyaml's index, in characters */
    size_t last_end;           /* of the child before */
    struct str last_plain;     /* its text when it was a plain scalar */
    struct strmap *keys;
};

struct yaml_reader {
    struct yaml_source source;
    struct doc_file *file;
    struct arena *arena;
    yaml_parser_t parser;
    struct level levels[YAML_DEPTH_MAX + 1];
    int depth;              /* levels in use */
    struct doc_node *spare; /* zeroed nodes, taken many at a time */
    uint32_t n_spare, n_nodes, n_documents;
    const struct doc_node *root;
};

static void complain(struct yaml_reader *reader, yaml_mark_t mark, enum diag_code code,
                     const char *arg)
{
    diag_add(reader->source.diags, reader->file, yaml_place(mark), code, str_of(arg),
             (struct str){ 0 }, (struct str){ 0 });
}

static void complain_number(struct yaml_reader *reader, yaml_mark_t mark, enum diag_code code,
                            int number)
{
    char text[16];
    (void) snprintf(text, sizeof text, "%d", number);
    complain(reader, mark, code, text);
}

/* The key's earlier twin in this mapping, or NULL. */
static const struct doc_node *twin_of(const struct level *level, struct str key)
{
    if (level->keys) {
        uint32_t nth = strmap_get(level->keys, key);
        const struct doc_node *node = nth == STRMAP_NONE ? NULL : level->node->first;
        while (node && nth--)
            node = node->next;
        return node;
    }
    for (const struct doc_node *node = level->node->first; node; node = node->next)
        if (str_eq(node->key, key))
            return node;
    return NULL;
}

/* Beyond FEW_KEYS a map keeps a large mapping linear. */
static enum err remember_key(struct level *level, struct str key)
{
    if (!level->keys && level->node->n_children >= FEW_KEYS) {
        uint32_t n = 0;
        level->keys = strmap_new(64);
        if (!level->keys)
            return ERR_NOMEM;
        for (const struct doc_node *node = level->node->first; node; node = node->next)
            TRY(strmap_put(level->keys, node->key, n++));
    }
    return level->keys ? strmap_put(level->keys, key, level->node->n_children) : OK;
}

static enum err take_key(struct yaml_reader *reader, struct level *level, struct str text,
                         const yaml_event_t *event, bool plain)
{
    level->has_key = true;
    level->key =
        (struct doc_node){ .text = text, .place = yaml_place(event->start_mark), .quoted = !plain };
    level->key_begin = event->start_mark.index;
    level->key_end = event->end_mark.index;

    const struct doc_node *twin = twin_of(level, text);
    bool digits = plain && level->last_plain.at && level->key_begin == level->last_end + 1 &&
                  yaml_is_thousands(STR("0"), text); /* of "1,000,000": reported as such */
    if (twin && digits)
        return OK;
    if (twin) {
        char line[16];
        (void) snprintf(line, sizeof line, "%u", twin->key_place.line);
        diag_add(reader->source.diags, reader->file, level->key.place, DIAG_YAML_DUPLICATE_KEY,
                 text, str_of(line), (struct str){ 0 });
        return OK;
    }
    return remember_key(level, text);
}

/* What became a key without a value: "000" of "50,000", or "priority:80". */
static void check_lone_key(struct yaml_reader *reader, const struct level *level)
{
    const struct doc_node *key = &level->key;
    if (level->last_plain.at && level->key_begin == level->last_end + 1 &&
        yaml_is_thousands(level->last_plain, key->text))
        yaml_thousands(&reader->source, level->tail->place, level->last_plain, key->text);
    else if (!key->quoted && memchr(key->text.at, ':', key->text.len))
        diag_add(reader->source.diags, reader->file, key->place, DIAG_YAML_COLON_SPACE, key->text,
                 (struct str){ 0 }, (struct str){ 0 });
}

/* Hangs @node, which is finished or about to be filled, into the innermost open node. */
static void hang(struct yaml_reader *reader, struct doc_node *node, const yaml_event_t *event,
                 bool plain)
{
    if (reader->depth == 0) {
        reader->root = node;
        return;
    }
    struct level *level = &reader->levels[reader->depth - 1];
    if (level->node->kind == DOC_MAPPING) {
        node->key = level->key.text;
        node->key_place = level->key.place;
        level->has_key = false;
        if (plain && node->text.len == 0)
            check_lone_key(reader, level);
    } else if (plain && level->flow && level->last_plain.at &&
               event->start_mark.index == level->last_end + 1 &&
               yaml_is_thousands(level->last_plain, node->text)) {
        yaml_thousands(&reader->source, level->tail->place, level->last_plain, node->text);
    }
    if (level->tail)
        level->tail->next = node;
    else
        level->node->first = node;
    level->tail = node;
    level->node->n_children++;
    level->last_plain = plain && level->flow ? node->text : (struct str){ 0 };
    level->last_end = event->end_mark.index;
}

static enum err new_node(struct yaml_reader *reader, enum doc_kind kind, const yaml_event_t *event,
                         struct doc_node **ret_node)
{
    if (++reader->n_nodes > YAML_NODES_MAX) {
        complain_number(reader, event->start_mark, DIAG_YAML_TOO_MANY, YAML_NODES_MAX);
        return ERR_INPUT;
    }
    if (reader->n_spare == 0) {
        reader->spare = arena_take_array(reader->arena, struct doc_node, SPARE_NODES);
        if (!reader->spare)
            return ERR_LIMIT;
        reader->n_spare = SPARE_NODES;
    }
    struct doc_node *node = reader->spare++;
    reader->n_spare--;
    node->kind = kind;
    node->place = yaml_place(event->start_mark);
    *ret_node = node;
    return OK;
}

static bool wants_key(const struct yaml_reader *reader)
{
    if (reader->depth == 0)
        return false;
    const struct level *level = &reader->levels[reader->depth - 1];
    return level->node->kind == DOC_MAPPING && !level->has_key;
}

static void check_properties(struct yaml_reader *reader, const yaml_event_t *event,
                             const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        complain(reader, event->start_mark, DIAG_YAML_ANCHOR, (const char *) anchor);
    if (tag)
        complain(reader, event->start_mark, DIAG_YAML_TAG, (const char *) tag);
}

static enum err take_scalar(struct yaml_reader *reader, const yaml_event_t *event)
{
    struct doc_node *node;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    check_properties(reader, event, event->data.scalar.anchor, event->data.scalar.tag);
    yaml_source_content(&reader->source, event);
    struct str text = yaml_source_scalar(&reader->source, event);
    if (!text.at)
        return ERR_LIMIT;

    bool key = wants_key(reader);
    yaml_word_check(
        &reader->source,
        &(struct yaml_word){ .text = text,
                             .place = yaml_place(event->start_mark),
                             .plain = plain,
                             .key = key,
                             .in_flow = reader->depth && reader->levels[reader->depth - 1].flow });
    if (key)
        return take_key(reader, &reader->levels[reader->depth - 1], text, event, plain);

    TRY(new_node(reader, DOC_SCALAR, event, &node));
    node->text = text;
    node->quoted = !plain;
    hang(reader, node, event, plain);
    return OK;
}

static enum err open_level(struct yaml_reader *reader, const yaml_event_t *event,
                           enum doc_kind kind, bool flow)
{
    struct doc_node *node;
    if (wants_key(reader)) {
        complain(reader, event->start_mark, DIAG_YAML_KEY_NOT_TEXT, NULL);
        return ERR_INPUT;
    }
    if (reader->depth == YAML_DEPTH_MAX) {
        complain_number(reader, event->start_mark, DIAG_YAML_TOO_DEEP, YAML_DEPTH_MAX);
        return ERR_INPUT;
    }
    TRY(new_node(reader, kind, event, &node));
    hang(reader, node, event, false);
    reader->levels[reader->depth++] = (struct level){ .node = node, .flow = flow };
    return OK;
}

static void close_level(struct yaml_reader *reader)
{
    struct level *level = &reader->levels[--reader->depth];
    level->keys = strmap_free(level->keys);
}

static enum err begin_document(struct yaml_reader *reader, const yaml_event_t *event)
{
    if (event->data.document_start.version_directive ||
        event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end) {
        complain(reader, event->start_mark, DIAG_YAML_DIRECTIVE, NULL);
        return ERR_INPUT;
    }
    if (++reader->n_documents > 1) {
        complain(reader, event->start_mark, DIAG_YAML_DOCUMENTS, NULL);
        return ERR_INPUT;
    }
    return OK;
}

static enum err take_event(struct yaml_reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT: return begin_document(reader, event);
    case YAML_SCALAR_EVENT: return take_scalar(reader, event);
    case YAML_ALIAS_EVENT:
        complain(reader, event->start_mark, DIAG_YAML_ALIAS,
                 (const char *) event->data.alias.anchor);
        return ERR_INPUT;
    case YAML_SEQUENCE_START_EVENT:
        check_properties(reader, event, event->data.sequence_start.anchor,
                         event->data.sequence_start.tag);
        return open_level(reader, event, DOC_SEQUENCE,
                          event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
    case YAML_MAPPING_START_EVENT:
        check_properties(reader, event, event->data.mapping_start.anchor,
                         event->data.mapping_start.tag);
        return open_level(reader, event, DOC_MAPPING,
                          event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: close_level(reader); return OK;
    default: return OK;
    }
}

static enum err read_events(struct yaml_reader *reader)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&reader->parser, &event)) {
            if (reader->parser.error == YAML_MEMORY_ERROR)
                return ERR_NOMEM;
            yaml_fault(&reader->source, &reader->parser);
            return ERR_INPUT;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        enum err err = take_event(reader, &event);
        yaml_event_delete(&event);
        TRY(err);
    }
    (void) yaml_source_indentation(&reader->source, reader->source.n_lines);
    return OK;
}

enum err yaml_doc_read(struct doc_file *file, struct arena *arena, struct diags *diags)
{
    struct yaml_reader reader = { .file = file, .arena = arena };
    uint32_t errors = diags->errors;

    file->root = NULL;
    TRY(yaml_source_init(&reader.source, file, arena, diags));
    if (!yaml_parser_initialize(&reader.parser))
        return ERR_NOMEM;
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser,
                                 (const unsigned char *) (file->text.at ? file->text.at : ""),
                                 file->text.len);

    enum err err = read_events(&reader);
    while (reader.depth > 0)
        close_level(&reader);
    yaml_parser_delete(&reader.parser);

    TRY(err);
    if (diags->errors > errors)
        return ERR_INPUT;
    bool empty = reader.root && reader.root->kind == DOC_SCALAR && reader.root->text.len == 0;
    file->root = empty ? NULL : reader.root;
    return OK;
}
