/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body goes through the strict scanner as a whole first: it finds every fault of the
 * JSON itself with its place, and gives the text of each event; so one event that is no
 * good cannot spoil its neighbours, and none is larger than it may be before it is parsed.
 */
#include "base/json_scan.h"
#include "learn.h"
#include "learn/intake_event.h"

struct texts {
    struct str *at;
    uint32_t n, cap;
};

static bool add_text(struct texts *texts, struct arena *arena, struct str text)
{
    if (texts->n == texts->cap) {
        uint32_t cap = texts->cap ? texts->cap * 2 : 8;
        struct str *grown = arena_take_raw(arena, cap * sizeof *grown);
        if (!grown)
            return false;
        if (texts->n > 0)
            memcpy(grown, texts->at, texts->n * sizeof *grown);
        texts->at = grown;
        texts->cap = cap;
    }
    texts->at[texts->n++] = text;
    return true;
}

static enum err no_room(struct err_note *note)
{
    return err_fail(note, ERR_LIMIT, "the events are too large together");
}

/* The text of each event. */
static enum err split(struct str body, uint32_t max_events, struct arena *arena,
                      struct texts *texts, bool *ret_single, struct str *ret_pointer,
                      struct err_note *note)
{
    struct json_scan scan;
    json_scan_init(&scan, body, arena);
    char kind = scan.fault ? 0 : json_peek(&scan);
    if (kind && kind != '{' && kind != '[')
        json_fault(&scan, "an event or an array of events was expected");
    *ret_single = kind == '{';
    if (kind == '{' && !add_text(texts, arena, json_skip(&scan)))
        return no_room(note);
    if (kind == '[')
        for (json_array(&scan); json_next_item(&scan);) {
            if (texts->n == max_events)
                return err_fail(note, ERR_LIMIT, "at most %u events are taken at once", max_events);
            if (!add_text(texts, arena, json_skip(&scan)))
                return no_room(note);
        }
    if (!scan.fault)
        json_end(&scan);
    if (!scan.fault)
        return OK;
    struct str pointer = arena_copy(arena, str_of(scan.pointer));
    if (!pointer.at)
        return no_room(note);
    *ret_pointer = pointer;
    return err_fail(note, scan.fault_is_limit ? ERR_LIMIT : ERR_INPUT, "%s", scan.fault);
}

static struct event_batch *new_batch(struct arena *arena, uint32_t n)
{
    struct event_batch *batch = arena_take(arena, sizeof *batch);
    if (!batch)
        return NULL;
    batch->events = arena_take_array(arena, struct event, n + 1);
    batch->results = arena_take_array(arena, struct event_result, n + 1);
    batch->result_of = arena_take_array(arena, uint32_t, n + 1);
    return batch->events && batch->results && batch->result_of ? batch : NULL;
}

enum err intake_read(struct str body, const uint8_t key[OFFER_TOKEN_KEY_BYTES], int64_t now_us,
                     const struct intake_limits *limits, struct arena *arena,
                     struct event_batch **ret_batch, struct str *ret_pointer, struct err_note *note)
{
    struct texts texts = { 0 };
    bool single = false;
    TRY(split(body, limits->max_events, arena, &texts, &single, ret_pointer, note));

    struct event_batch *batch = new_batch(arena, texts.n);
    if (!batch)
        return no_room(note);
    batch->single = single;
    const struct intake_context context = { .key = key, .now_us = now_us, .arena = arena };
    for (uint32_t i = 0; i < texts.n; i++) {
        bool full = false;
        if (intake_event_read(&context, texts.at[i], single ? -1 : (int64_t) i,
                              &batch->events[batch->n_events], &batch->results[i], &full))
            batch->result_of[batch->n_events++] = i;
        if (full)
            return no_room(note);
    }
    batch->n_results = texts.n;
    *ret_batch = batch;
    return OK;
}
