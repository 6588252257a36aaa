/* SPDX-License-Identifier: Apache-2.0 */
#include "app/service/token_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum err parse(const char *hex, const char *where, uint8_t key[OFFER_TOKEN_KEY_BYTES],
                      struct err_note *note)
{
    size_t n = 0;
    if (strlen(hex) != 2 * OFFER_TOKEN_KEY_BYTES ||
        sodium_hex2bin(key, OFFER_TOKEN_KEY_BYTES, hex, strlen(hex), NULL, &n, NULL) != 0 ||
        n != OFFER_TOKEN_KEY_BYTES)
        return err_fail(note, ERR_INPUT, "%s: the key is not 32 hex digits", where);
    return OK;
}

/* Whole, or not at all: written beside and linked into place, so two starts agree on one key. */
static enum err make(const char *path, struct err_note *note)
{
    uint8_t key[OFFER_TOKEN_KEY_BYTES];
    char hex[2 * OFFER_TOKEN_KEY_BYTES + 1], beside[PATH_MAX];
    randombytes_buf(key, sizeof key);
    (void) sodium_bin2hex(hex, sizeof hex, key, sizeof key);
    int len = snprintf(beside, sizeof beside, "%s.%ld", path, (long) getpid());
    if (len < 0 || (size_t) len >= sizeof beside)
        return err_fail(note, ERR_INPUT, "%s: the path is too long", path);

    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good =
        fd >= 0 && write(fd, hex, sizeof hex - 1) == (ssize_t) sizeof hex - 1 && fsync(fd) == 0;
    if (fd >= 0)
        (void) close(fd);
    good = good && (link(beside, path) == 0 || errno == EEXIST);
    int why = errno;
    (void) unlink(beside);
    return good ? OK
                : err_fail(note, ERR_UNAVAILABLE, "%s cannot be written: %s", path, strerror(why));
}

enum err token_key_read(const char *hex, const char *data_dir,
                        uint8_t ret_key[OFFER_TOKEN_KEY_BYTES], struct err_note *note)
{
    if (sodium_init() < 0)
        return err_fail(note, ERR_UNAVAILABLE,
                        "libsodium cannot start: no source of random numbers");
    if (*hex)
        return parse(hex, "token_key", ret_key, note);

    char path[PATH_MAX], text[64] = { 0 };
    int len = snprintf(path, sizeof path, "%s/token.key", data_dir);
    if (len < 0 || (size_t) len >= sizeof path)
        return err_fail(note, ERR_INPUT, "%s: the path is too long", data_dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        TRY(make(path, note));
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        (void) close(fd);
    if (n < 0)
        return err_fail(note, ERR_UNAVAILABLE, "%s cannot be read: %s", path, strerror(errno));
    while (n > 0 && text[n - 1] == '\n')
        text[--n] = '\0';
    return parse(text, path, ret_key, note);
}
