/* SPDX-License-Identifier: Apache-2.0 */
#include "http/guard.h"

#include <strings.h>

#include "http/exchange.h"
#include "http/worker.h"
#include "ports/clock.h"

/*
 * What was sent as the key; absent when nothing was. A proxy's own Authorization (Basic) is no key.
 */
static struct str presented(const struct exchange_head *head)
{
    struct str key = head->authorization;
    if (key.len < 7 || strncasecmp(key.at, "Bearer ", 7) != 0)
        return head->x_api_key;
    key = (struct str){ key.at + 7, key.len - 7 };
    while (key.len && *key.at == ' ')
        key = (struct str){ key.at + 1, key.len - 1 };
    return key;
}

static enum problem refused(struct exchange *exchange, enum problem problem)
{
    const struct tally *tally = &exchange->worker->http->tally;
    const metric_id counter = problem == PROBLEM_NO_KEY  ? tally->refused_key
                              : problem == PROBLEM_SCOPE ? tally->refused_scope
                                                         : tally->refused_rate;
    metric_add(exchange->worker->shard, counter, 1);
    return problem;
}

static enum problem check_rate(struct exchange *exchange, const struct api_key *key,
                               const char **ret_detail)
{
    struct clock *clock = exchange->worker->http->near.clock;
    int64_t wait_us;
    if (key->rate == 0 || api_key_take(key, clock->mono_us(clock), &wait_us))
        return PROBLEM_NONE;
    struct out detail;
    out_init(&detail, exchange->arena, 80);
    out_printf(&detail, "with this key at most %u requests a second are answered", key->rate);
    out_char(&detail, '\0');
    *ret_detail = detail.failed ? NULL : detail.at;
    exchange->retry_after_s = (unsigned) ((wait_us + 999999) / 1000000);
    return refused(exchange, PROBLEM_RATE);
}

enum problem guard_check(struct exchange *exchange, const char **ret_detail)
{
    static const char *const lacks[SCOPES] = {
        [SCOPE_ADMIN] = "the key lacks the scope 'admin'",
        [SCOPE_STOREFRONT] = "the key lacks the scope 'storefront'",
        [SCOPE_EVENTS] = "the key lacks the scope 'events'",
        [SCOPE_METRICS] = "the key lacks the scope 'metrics'",
    };
    struct worker *worker = exchange->worker;
    struct snapshot_slot *slot = worker->http->near.api_keys;
    const enum scope scope = exchange->match.route->scope;
    if (!slot || scope == SCOPE_OPEN)
        return PROBLEM_NONE;
    const struct api_keys *keys = (const struct api_keys *) snapshot_look(slot, &worker->api_keys);
    known_keys_follow(&worker->known_keys, worker->api_keys.generation);
    const struct str sent = presented(&exchange->head);
    if (!sent.at) {
        *ret_detail = "send the header Authorization: Bearer KEY, or X-Api-Key: KEY";
        return refused(exchange, PROBLEM_NO_KEY);
    }
    const struct api_key *key = keys ? known_keys_find(&worker->known_keys, keys, sent) : NULL;
    if (!key) {
        *ret_detail = "this key is not known here";
        exchange->bad_key = true;
        return refused(exchange, PROBLEM_NO_KEY);
    }
    exchange->key_name = arena_copy(exchange->arena, str_of(key->name));
    if (!(key->scopes & 1u << scope)) {
        *ret_detail = lacks[scope];
        return refused(exchange, PROBLEM_SCOPE);
    }
    return check_rate(exchange, key, ret_detail);
}
