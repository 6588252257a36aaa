/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pair's fetches: asked on its asking connection, each ended once, by an answer or as AWAY.
 *
 * Why no old value is ever kept. Redis carries out one command at a time. A GET makes it remember
 * that this pair has the key; the next write of the key, whoever makes it, sends one message to the
 * listener. So of a GET and a later write there are a reply with the old value, on one socket, and
 * a message, on the other; which of them is read first is chance.
 *  - reply, then message: the caller keeps the value and is told `changed`.
 *  - message, then reply: the caller is told `changed`, and as the question is still pending it is
 *    marked: once the reply was handed over, `changed` is told again.
 * Either way the last word is `changed`. A message for an earlier fetch of the key may mark a newer
 * one: a good value is dropped and asked for again, which is the harmless side.
 */
#include "store/redis/redis_pair.h"

#include <hiredis/hiredis.h>

#include "store/redis/redis_pair_parts.h"
#include "store/redis/redis_value.h"

/* ── asking ── */

bool redis_pair_fetch(struct redis_pair *pair, struct str customer_id, struct shared_fetch *fetch,
                      unsigned hops, bool asking)
{
    if (pair->state != PAIR_UP || customer_id.len > REDIS_PENDING_ID_BYTES)
        return false;
    struct redis_question *question = asking ? redis_pending_add(&pair->pending) : NULL;
    if (question) {
        question->is_heartbeat = question->is_asking = true;
        redis_print_head(&pair->data->out, 1);
        redis_print_word(&pair->data->out, STR("ASKING"));
    }
    question = redis_pending_add(&pair->pending);
    if (!question)
        return false;
    question->fetch = fetch;
    question->changed = hops > 0;
    question->hops = (uint8_t) hops;
    question->hash = str_hash(customer_id);
    question->id_len = (uint8_t) customer_id.len;
    memcpy(question->id, customer_id.at, customer_id.len);
    fetch->number = pair->pending.end; /* its own number and one, so that 0 is none */
    redis_print_head(&pair->data->out, 2);
    redis_print_word(&pair->data->out, STR("GET"));
    redis_print_word3(&pair->data->out, out_str(&pair->prefix), customer_id, STR("}:p"));
    return true;
}

void redis_pair_cancel(struct redis_pair *pair, struct shared_fetch *fetch)
{
    struct redis_question *question = NULL;
    if (fetch->number)
        question = redis_pending_at(&pair->pending, fetch->number - 1);
    if (question && question->fetch == fetch)
        question->fetch = NULL;
    fetch->number = 0;
}

void redis_pair_doubt_answers(struct redis_pair *pair)
{
    for (uint64_t i = pair->pending.first; i != pair->pending.end; i++)
        redis_pending_at(&pair->pending, i)->changed = true;
}

/* ── answers ── */

void redis_pair_hand_over(struct redis_pair *pair, const redisReply *reply)
{
    struct redis_question question = *redis_pending_pop(&pair->pending);
    struct str bytes = { reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0 };
    struct shared_value value = { .customer_id = { question.id, question.id_len } };
    if (pair->node.url)
        bytes = redis_value_behind(bytes, str_of(pair->data->hello.stamp));
    enum shared_answer answer = redis_value_read(bytes, &value.position, &value.body);
    redis_member_count(&pair->member, pair->member.health->answers[answer], 1);
    if (!question.fetch)
        return;
    question.fetch->number = 0;
    question.fetch->done(question.fetch, answer, &value);
    if (question.changed && !pair->freed)
        pair->user.changed(pair->user.self, value.customer_id);
}

void redis_pair_hand_back(struct redis_pair *pair, struct str error)
{
    struct redis_question question = *redis_pending_pop(&pair->pending);
    struct str id = { question.id, question.id_len };
    struct shared_value value = { .customer_id = id };
    if (!question.fetch)
        return;
    question.fetch->number = 0;
    if (pair->user.refused(pair->user.self, pair, question.fetch, id, question.hops, error))
        return;
    redis_member_count(&pair->member, pair->member.health->answers[SHARED_AWAY], 1);
    question.fetch->done(question.fetch, SHARED_AWAY, &value);
}

void redis_pair_end_fetches(struct redis_pair *pair)
{
    struct redis_question *question;
    uint64_t ended = 0;
    while ((question = redis_pending_pop(&pair->pending))) {
        struct shared_fetch *fetch = question->fetch;
        if (!fetch)
            continue;
        struct shared_value value = { { question->id, question->id_len }, 0, { 0 } };
        fetch->number = 0;
        ended++;
        fetch->done(fetch, SHARED_AWAY, &value);
    }
    redis_member_count(&pair->member, pair->member.health->answers[SHARED_AWAY], ended);
}
