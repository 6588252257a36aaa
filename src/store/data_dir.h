/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/cleanup.h"
#include "base/err.h"

/*
 * Data directory
 *
 * The directory that holds the embedded store (offerd.db and its companions). Opening makes
 * it when it is not there (readable by its owner only). A service holds it: a second service
 * on the same directory is refused, also from another process; the kernel lets go when the
 * holder dies, however it dies. Other commands (import) may work beside a service: they
 * share it.
 */
enum data_dir_use { DATA_DIR_SERVE, DATA_DIR_SHARE };

struct data_dir;

/* ERR_UNAVAILABLE when another service holds it; ERR_INPUT when it cannot be made or written. */
MUST_CHECK enum err data_dir_open(const char *path, enum data_dir_use use,
                                  struct data_dir **ret_dir, struct err_note *note);
struct data_dir *data_dir_free(struct data_dir *dir); /* lets go; NULL in, NULL out */
DEFINE_AUTO(struct data_dir, data_dir_free)
