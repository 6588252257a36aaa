/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* AUTO(x_free) frees on every way out of the scope; MOVE() hands over and disarms. */
#define AUTO(free_fn) __attribute__((cleanup(free_fn##_at)))
#define DEFINE_AUTO(type, free_fn)               \
    static inline void free_fn##_at(type **slot) \
    {                                            \
        free_fn(*slot);                          \
    }
#define MOVE(ptr)                       \
    ({                                  \
        __typeof__(ptr) moved_ = (ptr); \
        (ptr) = 0;                      \
        moved_;                         \
    })
