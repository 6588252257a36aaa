/* SPDX-License-Identifier: Apache-2.0 */
#include "app/service/pem_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PEM_BYTES_MAX = 256 * 1024 };

static enum err slurp(const char *setting, const char *path, char **ret_text, struct err_note *note)
{
    char *text = calloc(1, PEM_BYTES_MAX);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = text && fd >= 0 ? 1 : -1;
    size_t len = 0;
    for (; n > 0 && len<PEM_BYTES_MAX - 1; len += n> 0 ? (size_t) n : 0)
        n = read(fd, text + len, PEM_BYTES_MAX - 1 - len);
    int wrong = errno;
    if (fd >= 0)
        (void) close(fd);
    *ret_text = text;
    if (!text)
        return ERR_NOMEM;
    if (n < 0)
        return err_fail(note, ERR_INPUT, "%s: %.150s cannot be read: %s", setting, path,
                        strerror(wrong));
    if (len == PEM_BYTES_MAX - 1 || !strstr(text, "-----BEGIN "))
        return err_fail(note, ERR_INPUT, "%s: %.150s is no PEM file", setting, path);
    return OK;
}

enum err pem_pair_read(const char *cert_path, const char *key_path, struct pem_pair *ret_pair,
                       struct err_note *note)
{
    struct pem_pair pair = { NULL, NULL };
    *ret_pair = pair;
    if (!*cert_path && !*key_path)
        return OK;
    if (!*cert_path || !*key_path)
        return err_fail(note, ERR_INPUT, "%s is set and %s is not: TLS takes both",
                        *cert_path ? "tls_cert" : "tls_key", *cert_path ? "tls_key" : "tls_cert");
    enum err err = slurp("tls_cert", cert_path, &pair.cert, note);
    if (err == OK)
        err = slurp("tls_key", key_path, &pair.key, note);
    if (err == OK)
        *ret_pair = pair;
    else
        pem_pair_deinit(&pair);
    return err;
}

void pem_pair_deinit(struct pem_pair *pair)
{
    if (pair->key)
        sodium_memzero(pair->key, PEM_BYTES_MAX);
    free(pair->key);
    free(pair->cert);
    *pair = (struct pem_pair){ NULL, NULL };
}
