/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"
#include "world/world.h"

/*
 * Composer
 *
 * Makes the next world out of the present one with some part replaced, and publishes it. Rules
 * come from one thread, catalogue and model from another; one lock around "look, make,
 * publish" keeps a new model from bringing back old rules. Readers never take it.
 */
struct composer;

/* The first world: no rules, an empty catalogue in JPY, a model of it. */
MUST_CHECK enum err composer_new(const struct world_settings *settings,
                                 struct composer **ret_composer);
struct composer *composer_free(struct composer *composer);
DEFINE_AUTO(struct composer, composer_free)

/*
 * NULL keeps the part; a catalogue comes with a model made for
 * it. Takes references of its own. Any thread.
 */
MUST_CHECK enum err composer_set(struct composer *composer, struct ruleset *rules,
                                 struct catalog *catalog, struct model *model);

/* What is now known of offers; the rest stays. Takes a reference of its own. Any thread. */
struct odds;
MUST_CHECK enum err composer_set_odds(struct composer *composer, struct odds *odds);

/* A reference of the caller's own to the present world. */
struct world *composer_world(struct composer *composer);

/*
 * Frees the worlds that nobody holds any more. A world that was replaced waits for this, lest the
 * worker that lets go of it last spends milliseconds on giving its memory back.
 */
void composer_sweep(struct composer *composer);

/* Where readers look. */
struct snapshot_slot *composer_slot(struct composer *composer);
