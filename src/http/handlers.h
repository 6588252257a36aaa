/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Handlers
 *
 * One for each operation, called on the worker's thread once the whole request is there.
 * A handler either answers (reply.h) or waits (exchange_wait, exchange_offload) and answers
 * when it is called again; it never blocks. What it takes comes from the exchange's arena.
 */
struct exchange;

void offers_post(struct exchange *exchange);
void events_post(struct exchange *exchange);
void offer_accept_post(struct exchange *exchange);
void offer_decline_post(struct exchange *exchange);
void rules_get(struct exchange *exchange);
void reload_post(struct exchange *exchange);
void healthz_get(struct exchange *exchange);
void readyz_get(struct exchange *exchange);
void metrics_get(struct exchange *exchange);
void openapi_get(struct exchange *exchange);
