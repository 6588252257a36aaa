/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "ports/catalog_store.h"

/* Fake catalogue store: the catalogue store in memory, for one shop at a time. One thread. */
MUST_CHECK enum err fake_catalog_store_new(struct catalog_store **ret_store);
