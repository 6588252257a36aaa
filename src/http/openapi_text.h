/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/str.h"

/*
 * The OpenAPI document as compact JSON, of static life; its .c
 * is made by embed_openapi.py at build time.
 */
struct str openapi_text(void);
