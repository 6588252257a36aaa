/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "eval/method.h"
#include "model/train.h"

struct arena;
struct calibration;
struct catalog;
struct completion;

/*
 * Offerd part
 *
 * The service's own way to complete a cart, fed with the training part of a trial: the trainer, the
 * model sealed for a catalogue of the training's SKUs, and the completion that decisions pick with.
 * So what is measured is what a shop would be served. Products past the end of a completion follow
 * by popularity, as best sellers do.
 *
 * @catalog (or NULL) tells what is known of the SKUs: products that the training never saw are left
 * out, as the protocol asks; a SKU that the catalogue does not know is known by its SKU alone.
 */
struct offerd_part;

struct offerd_settings {
    const struct catalog *catalog;
    struct train_settings train; /* now_us and position are set here: the last training order's */
};

/* Trains. ERR_INPUT, ERR_LIMIT as train(), with its note. Borrows @trial. */
MUST_CHECK enum err offerd_part_new(const struct trial *trial,
                                    const struct offerd_settings *settings,
                                    struct offerd_part **ret_part, struct err_note *note);
struct offerd_part *offerd_part_free(struct offerd_part *part);
DEFINE_AUTO(struct offerd_part, offerd_part_free)

const struct trained_facts *offerd_part_facts(const struct offerd_part *part);
const struct calibration *offerd_part_calibration(const struct offerd_part *part); /* or NULL */

/*
 * What the service would find for @asked, all in @arena; NULL for lack of
 * room. @history: knowing what the customer bought before; @alone: also what
 * nothing in the cart speaks for, as `personal` picks.
 */
struct completion *offerd_part_complete(const struct offerd_part *part,
                                        const struct trial_case *asked, bool history, bool alone,
                                        struct arena *arena);
uint32_t offerd_part_sku(const struct offerd_part *part,
                         uint32_t product); /* a number of the training's */
const struct trial *offerd_part_trial(const struct offerd_part *part);

/*
 * @part must outlive it. @history: the customer's earlier purchases are told, too, as with consent.
 */
MUST_CHECK enum err method_offerd_new(struct offerd_part *part, bool history,
                                      struct method **ret_method);
