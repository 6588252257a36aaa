/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"

/*
 * Symmetric
 *
 * Inverts a symmetric positive definite matrix in place, in about n^3 operations: of @a, @n rows of
 * @n, the lower half is read and becomes the lower half of the inverse; the upper half is left
 * alone. ERR_INPUT when it is not positive definite, then @a is of no use.
 */
MUST_CHECK enum err symmetric_invert(double *a, uint32_t n);
