/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "model/trained.h"

/*
 * Trained format
 *
 * The file of a trained model: a head of fixed size, and sections behind it, each at a multiple of 8 bytes. For
 * trained.c, and for tests that forge one. Version 1, whose head ends before the calibration, is still read: it has none.
 */
#define TRAINED_MAGIC "offerdTR"

enum { TRAINED_VERSION = 2, TRAINED_ALIGN = 8 };
enum trained_section {
    SKU_ENDS,
    SKU_TEXT,
    SLOTS,
    POPULARITY,
    FIRST,
    EDGES,
    DENSE,
    CALIBRATION, /* one or none; since version 2 */
    SECTIONS
};
struct trained_head {
    char magic[8];
    uint32_t version, byte_order;
    uint64_t checksum; /* XXH64 of all that follows this field */
    uint64_t total_bytes;
    uint32_t form, n_skus, top, n_slots;
    uint64_t n_orders, n_lines, position;
    int64_t first_us, last_us, trained_us;
    struct {
        float half_life_days, size_power, ridge;
        uint32_t support;
        float history_weight, recent_weight;
    } parameters; /* of struct trained_parameters; and what came to it later, below */
    struct trained_figures figures;
    float counts_share; /* 0 in files from before there was one */
    struct {
        uint64_t at, n; /* bytes from the file's beginning; how many units */
    } sections[SECTIONS];
};
_Static_assert(sizeof(struct trained_head) % TRAINED_ALIGN == 0, "the sections begin aligned");
_Static_assert(offsetof(struct trained_head, figures) == 120 &&
                   sizeof(struct trained_figures) == 28 &&
                   offsetof(struct trained_head, sections) == 152,
               "the head has no holes: its bytes are the same everywhere");
_Static_assert(sizeof(struct calibration) ==
                   5 * 4 + 2 * CALIBRATION_SIZES * (4 + CALIBRATION_KNOTS * 8),
               "nor has the calibration");
enum { TRAINED_SUMMED_FROM = offsetof(struct trained_head, total_bytes) };
