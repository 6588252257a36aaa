/* SPDX-License-Identifier: Apache-2.0 */
/* TLS where hiredis has none: meson takes this file in place of redis_tls.c. */
#include <hiredis/hiredis.h>

#include "store/redis/redis_tls.h"

bool redis_tls_is_built(void)
{
    return false;
}

enum err redis_tls_load(struct redis_url *url, struct err_note *note)
{
    (void) url;
    return err_fail(
        note, ERR_INPUT,
        "redis_url: rediss:// is not built in (hiredis %d.%d is): let a sidecar such as "
        "stunnel speak TLS and give its address on this machine as redis://",
        HIREDIS_MAJOR, HIREDIS_MINOR);
}

void redis_tls_share(const struct redis_url *url, struct redis_url *to)
{
    (void) url;
    (void) to;
}

void redis_tls_unload(struct redis_url *url)
{
    (void) url;
}

enum err redis_tls_connect(const struct redis_url *url, struct redisContext *context,
                           struct err_note *note)
{
    (void) url;
    (void) context;
    return err_fail(note, ERR_UNAVAILABLE, "TLS is not built in");
}

const char *redis_tls_complaint(void)
{
    return NULL;
}

struct redis_tls *redis_tls_new(const struct redis_url *url)
{
    (void) url;
    return NULL;
}

struct redis_tls *redis_tls_free(struct redis_tls *tls)
{
    (void) tls;
    return NULL;
}

enum err redis_tls_greet(struct redis_tls *tls, struct err_note *note)
{
    (void) tls;
    return err_fail(note, ERR_UNAVAILABLE, "TLS is not built in");
}

bool redis_tls_is_open(const struct redis_tls *tls)
{
    (void) tls;
    return false;
}

bool redis_tls_take(struct redis_tls *tls, const char *at, size_t len)
{
    (void) tls;
    (void) at;
    (void) len;
    return false;
}

enum err redis_tls_read(struct redis_tls *tls, char *at, size_t size, size_t *ret_len,
                        struct err_note *note)
{
    (void) tls;
    (void) at;
    (void) size;
    (void) ret_len;
    return err_fail(note, ERR_UNAVAILABLE, "TLS is not built in");
}

bool redis_tls_write(struct redis_tls *tls, const char *at, size_t len)
{
    (void) tls;
    (void) at;
    (void) len;
    return false;
}

size_t redis_tls_due(struct redis_tls *tls, char *at, size_t size)
{
    (void) tls;
    (void) at;
    (void) size;
    return 0;
}
