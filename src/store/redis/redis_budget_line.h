/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct redis_budget_source;
struct redis_claim;
struct redis_reservation;
struct redis_url;
struct uv_loop_s;

/*
 * Redis budget line
 *
 * A reader's connection to one server: claims go out, answers come into them, holds go back. It
 * begins to connect at once and keeps connecting. One thread. The source outlives it.
 */
struct redis_budget_line;

struct redis_budget_line_user {
    void *self;
    void (*answered)(void *self, struct redis_reservation *reservation); /* one claim of it */
    void (*beat)(void *self); /* each tick, whatever its state */
    void (*met_cluster)(
        void *self);          /* and was not told that it is a node: it is of no use any more */
    void (*lost)(void *self); /* a node */
    /* In a cluster a claim was answered by @error; true: it is taken over. */
    bool (*refused)(void *self, struct redis_budget_line *line,
                    struct redis_reservation *reservation, uint32_t number, struct str error);
    void (*closed)(void *self); /* its memory is gone; nothing is told after that */
};

/* @node NULL: the source's server; else a cluster's node, taken over. NULL for lack of memory (the
 * node's URL is the caller's then). */
struct redis_budget_line *redis_budget_line_new(struct redis_budget_source *source,
                                                struct redis_url *node, struct uv_loop_s *loop,
                                                const struct redis_budget_line_user *user);
void redis_budget_line_free(struct redis_budget_line *line); /* its claims end as lost */
const struct redis_url *redis_budget_line_url(const struct redis_budget_line *line);

/* False: away. @asking: the slot is on its way to this node. */
bool redis_budget_line_claim(struct redis_budget_line *line, struct redis_reservation *reservation,
                             uint32_t number, bool asking);
/* Of a claim that was granted new. One that cannot be sent, or is refused, ends with its time. */
void redis_budget_line_give_back(struct redis_budget_line *line, struct str rule, uint64_t mark,
                                 int64_t until_us);
/* Connects anew when its node had an older epoch: it has taken slots over. */
void redis_budget_line_renew(struct redis_budget_line *line, uint64_t epoch);
/* Of one that met a cluster, whose map cannot be learned for @why: that is told, once. */
void redis_budget_line_complain(struct redis_budget_line *line, const char *why);
