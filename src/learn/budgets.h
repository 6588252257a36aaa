/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/cleanup.h"
#include "ports/budget_store.h"

/*
 * Budgets
 *
 * The budget store of one process (ports/budget_store.h): readers reserve without lock,
 * system call or allocation, and a hold is seen by all of them at once. Never more is
 * granted than a budget has left, whoever asks at the same time; two requests for the same
 * mark in the same instant may hold two, until the hold ends.
 *
 * Bounds: BUDGETS_MAX_RULES rules with a budget, some hundred thousand holds; past them a
 * reservation is answered BUDGET_LOST. Needs no reader of its own and no loop: reader may be NULL.
 */
enum { BUDGETS_MAX_RULES = 2048, BUDGETS_MAX_HOLDS = 1 << 17 };

/*
 * @wake (may be NULL): somebody met a rule that was not restored; any thread, must only hand over.
 */
struct budget_store *budgets_new(void (*wake)(void *self),
                                 void *self);                  /* NULL for lack of memory */
struct budget_store *budgets_free(struct budget_store *store); /* any budget store */
DEFINE_AUTO(struct budget_store, budgets_free)
