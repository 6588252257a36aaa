/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

/*
 * PEM pair
 *
 * The certificate (with its chain) and the private key of the door, read from two files. Whether
 * they belong together is found out by who uses them. The key is wiped when the pair is let go.
 */
struct pem_pair {
    char *cert, *key; /* texts with a NUL; NULL: no TLS */
};

/*
 * Both paths empty: none. ERR_INPUT, with a note that names
 * the setting, when one of them is, or cannot be read.
 */
MUST_CHECK enum err pem_pair_read(const char *cert_path, const char *key_path,
                                  struct pem_pair *ret_pair, struct err_note *note);
void pem_pair_deinit(struct pem_pair *pair); /* all zero is welcome */
