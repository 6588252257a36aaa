/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/out.h"
#include "base/str.h"

/*
 * Offer token
 *
 * An offer's id carries the offer: rule, customer and cart change, packed, signed with
 * the deployment's key and bound to its decision id, as base64url. So any replica can
 * answer an accept or a decline without having seen the decision, and nothing is written
 * when an offer is only made. The signature is SipHash-2-4 (libsodium's shorthash): it
 * keeps out damaged and made-up ids; it is not a secret of value.
 */
enum { OFFER_TOKEN_KEY_BYTES = 16, OFFER_TOKEN_MAX_ITEMS = 30 };

struct offer_token {
    struct str rule, variant, group;    /* variant, group absent when none */
    struct str customer_id, session_id; /* absent for a guest */
    int kind;                           /* enum rule_kind */
    int64_t made_us;
    struct str replaces; /* SKU that leaves the cart, or absent */
    int64_t replaces_quantity;
    struct {
        struct str sku;
        int64_t quantity;
    } items[OFFER_TOKEN_MAX_ITEMS];
    uint32_t n_items;
    uint32_t relevance_bp;  /* how well the first item suits the cart, of 10,000; 0: not known */
    uint32_t propensity_bp; /* how likely it was to be shown, of 10,000; 0: not known */
    int64_t redemptions;    /* its rule's budget when it was made; 0: none */
};

/*
 * What offers have in common that take the same one of a budget: rule, items, and to whom. So
 * a customer who looks at the page again holds one, not two; guests whom nothing tells
 * apart hold one for each decision. Never 0.
 */
uint64_t offer_token_mark(const struct offer_token *token, struct str decision_id);

/* Appends the id's text to @out. No malloc when @out has an arena. */
void offer_token_seal(const struct offer_token *token, struct str decision_id,
                      const uint8_t key[OFFER_TOKEN_KEY_BYTES], struct out *out);

/* ERR_INPUT for an id that this deployment did not make for this decision. Texts live in @arena. */
MUST_CHECK enum err offer_token_open(struct str offer_id, struct str decision_id,
                                     const uint8_t key[OFFER_TOKEN_KEY_BYTES], struct arena *arena,
                                     struct offer_token *ret_token);
