/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/str.h"

/*
 * Locale
 *
 * The languages that offers are written in. A request names its own as a BCP 47
 * tag ("ja", "en-GB"); only the primary language counts.
 */
enum locale { LOCALE_JA, LOCALE_EN, LOCALES };

/* "ja", "en". */
const char *locale_name(enum locale locale);

/* The language of a tag such as "ja-JP", "en_US.UTF-8"; @otherwise for any other. */
enum locale locale_of(struct str tag, enum locale otherwise);
