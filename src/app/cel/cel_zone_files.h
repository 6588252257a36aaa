/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/cleanup.h"
#include "expr/cel_env.h"

/*
 * CEL zone files
 *
 * Time zones for CEL from the system's tz database, each file read once. One thread.
 */
struct cel_zone_files;

struct cel_zone_files *cel_zone_files_new(void); /* NULL for lack of memory */
struct cel_zone_files *cel_zone_files_free(struct cel_zone_files *files);
DEFINE_AUTO(struct cel_zone_files, cel_zone_files_free)

/* Borrows @files. */
struct cel_zones cel_zone_files_zones(struct cel_zone_files *files);
