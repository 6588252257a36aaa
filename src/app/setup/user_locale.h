/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "shop/locale.h"

/*
 * User locale
 *
 * The language of whoever started the program, as POSIX says it: LC_ALL, else LC_MESSAGES, else
 * LANG; English for any other than Japanese. Read from the environment at each call.
 */
enum locale user_locale(void);
