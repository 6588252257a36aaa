/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a body of POST /events, and as a payload of the log. What intake accepts must come back from
 * its payload as the same event, and fold into a profile; what it rejects must say what and where.
 */
#include <stddef.h>
#include <stdint.h>

#include "learn.h"
#include "learn/payload.h"
#include "shop/customer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_US INT64_C(1795255331000000)

static const uint8_t key[OFFER_TOKEN_KEY_BYTES] = "a key of 16 byte";

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static bool same(struct str a, struct str b)
{
    return str_eq(a, b) && (a.at == NULL) == (b.at == NULL);
}

static void check_event(const struct event *event, struct arena *arena)
{
    struct event back;
    must(intake_recall(event->payload, arena, &back) == OK);
    must(back.type == event->type && same(back.event_id, event->event_id));
    must(same(back.customer_id, event->customer_id) && same(back.session_id, event->session_id));
    must(same(back.anonymous_id, event->anonymous_id));
    must(back.order.n_lines == event->order.n_lines && same(back.offer.rule, event->offer.rule));
    must(back.offer.kind == event->offer.kind && same(back.sku, event->sku) &&
         same(back.text, event->text));

    struct out again;
    out_init(&again, arena, event->payload.len + 1);
    payload_print(&again, &back);
    must(!again.failed && str_eq(out_str(&again), event->payload));

    struct profile *one = NULL, *two = NULL;
    must(profile_apply(NULL, event, 1, &one) == OK);
    must(profile_apply(one, &back, 2, &two) == OK);
    struct profile *three = NULL;
    must(profile_absorb(two, &back, &three) == OK && three->position == 2);
    profile_free(one);
    profile_free(two);
    profile_free(three);
}

static void check_result(const struct event_result *result)
{
    must(!result->event_id.at ||
         (result->event_id.len > 0 && result->event_id.len <= ID_MAX_BYTES));
    if (result->status == EVENT_REJECTED)
        must(result->problem && result->pointer.at && str_is_utf8(result->pointer, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct intake_limits limits = { .max_events = 50 };
    static struct arena *arena;
    if (!arena)
        arena = arena_new(1 << 16, 1 << 24);
    arena_reset(arena);
    struct str body = arena_copy(arena, (struct str){ (const char *) data, size });
    if (!body.at)
        return 0;

    struct event any;
    (void) (intake_recall(body, arena, &any) == OK);

    struct event_batch *batch = NULL;
    struct str pointer = STR("");
    struct err_note note = { "" };
    if (intake_read(body, key, NOW_US, &limits, arena, &batch, &pointer, &note) != OK) {
        must(note.text[0] && pointer.at && str_is_utf8(pointer, NULL));
        return 0;
    }
    must(batch->n_events <= batch->n_results);
    for (uint32_t i = 0; i < batch->n_results; i++)
        check_result(&batch->results[i]);
    for (uint32_t i = 0; i < batch->n_events; i++)
        check_event(&batch->events[i], arena);
    return 0;
}
