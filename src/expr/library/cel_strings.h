/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/cel_run.h"

/*
 * CEL strings that are made new
 *
 * The functions of the strings extension whose result is another text or a list of texts; the table
 * that names them is in cel_strings.c beside those that only look. All are of type cel_function:
 * charged by the bytes they read and write.
 */
struct cel_value cel_strings_join(struct cel_run *run, const struct cel_value *args,
                                  uint32_t n_args);
struct cel_value cel_strings_lower_ascii(struct cel_run *run, const struct cel_value *args,
                                         uint32_t n_args);
struct cel_value cel_strings_quote(struct cel_run *run, const struct cel_value *args,
                                   uint32_t n_args);
struct cel_value cel_strings_replace(struct cel_run *run, const struct cel_value *args,
                                     uint32_t n_args);
struct cel_value cel_strings_reverse(struct cel_run *run, const struct cel_value *args,
                                     uint32_t n_args);
struct cel_value cel_strings_split(struct cel_run *run, const struct cel_value *args,
                                   uint32_t n_args);
struct cel_value cel_strings_upper_ascii(struct cel_run *run, const struct cel_value *args,
                                         uint32_t n_args);
