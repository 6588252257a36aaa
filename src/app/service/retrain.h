/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/metric.h"

struct refresh;
struct stores;

/*
 * Retrain
 *
 * A running service trains again now and then: when the last training is older than every_us
 * and orders have come since. It does so as `offerd train`, in a process of its own that
 * runs only while processors are idle: its memory and its faults never touch a decision, and
 * what it found arrives like any other training, by the file or the fleet's store. Of the
 * replicas of a fleet one trains: the others find the shop claimed (ports/model_store.h), or
 * find that its model is fresh. Where a control group has a memory limit it is told to
 * make do with half of what is left, and one that ended together with its service is not tried
 * again at once. The keeper's thread only.
 */
struct retrain;

/* Borrows @stores, @refresh and @metrics. @every_us 0: never. */
MUST_CHECK enum err retrain_new(const struct stores *stores, struct refresh *refresh,
                                int64_t every_us, struct metrics *metrics,
                                struct retrain **ret_retrain);
/* ends a training under way; NULL in, NULL out */
struct retrain *retrain_free(struct retrain *retrain);
DEFINE_AUTO(struct retrain, retrain_free)

/*
 * The keeper's task, every few seconds: @self is the retrain.
 * What fails is logged and tried again within the hour.
 */
void retrain_look(void *self);
