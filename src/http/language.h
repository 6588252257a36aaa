/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/str.h"
#include "shop/locale.h"

/*
 * Language
 *
 * Which of our languages a reader prefers, from an Accept-Language header
 * ("en-GB,en;q=0.8,ja;q=0.9"). Of equal weights the first named wins; a language that is
 * not ours, a weight of 0 and what cannot be read count for nothing.
 */
enum locale language_of(struct str accept_language, enum locale otherwise);
