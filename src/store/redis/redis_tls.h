/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

struct redisContext;
struct redis_url;

/*
 * Redis TLS
 *
 * TLS 1.2 or 1.3 to a Redis, for both kinds of connections. A server is spoken to only when its
 * certificate is signed by whom the URL's cacert= holds (without one: whom this system trusts), is
 * in force, and names the URL's sni=, or without one its host. Nothing falls back to plain.
 *
 * Built with hiredis 1.0 or newer and its hiredis_ssl; else every load is refused with the way round
 * (redis_tls_none.c), and as what was not loaded is not connected to, nothing else is reached.
 * What was loaded may be used by any threads, each connection by one at a time.
 */
MUST_CHECK bool redis_tls_is_built(void);

/* What it means when a server says nothing to our greeting; plain Redis waits for the rest of it. */
#define REDIS_TLS_SILENCE "TLS: no answer to our greeting in time; does it speak plain Redis?"
/* And that it hangs up before it has answered our hello. TLS 1.3 greets before it judges a client's
 * certificate, and what the server says of it may be lost with the connection. */
#define REDIS_TLS_HUNG_UP                                                                       \
    "TLS: it hung up after our greeting; is the certificate it wants (cert=, key=) missing or " \
    "false?"

/* Reads the files that a rediss:// URL names, once, into url->trust. ERR_INPUT with a sentence. */
MUST_CHECK enum err redis_tls_load(struct redis_url *url, struct err_note *note);
/* The same for @to, the way to another server; what was loaded is shared. */
void redis_tls_share(const struct redis_url *url, struct redis_url *to);
void redis_tls_unload(struct redis_url *url);

/*
 * For a thread that may wait: greets at the other end of @context, which then speaks TLS by itself. Waits
 * for each of the server's answers as long as the context's timeout. ERR_UNAVAILABLE with a sentence.
 */
MUST_CHECK enum err redis_tls_connect(const struct redis_url *url, struct redisContext *context,
                                      struct err_note *note);

/* Why a context's TLS failed on this thread since it was last asked, as hiredis does not tell; NULL: it did
 * not. A server that wants a certificate of ours says so only here. */
const char *redis_tls_complaint(void);

/* For a loop: one connection's TLS without the connection. The caller carries what is due to the wire,
 * and gives what came from it. */
struct redis_tls;

struct redis_tls *redis_tls_new(const struct redis_url *url); /* NULL: no memory, or not loaded */
struct redis_tls *redis_tls_free(struct redis_tls *tls);      /* NULL in */
DEFINE_AUTO(struct redis_tls, redis_tls_free)

/* Goes on with the greeting as far as what came allows. ERR_UNAVAILABLE: a stranger, with a sentence. */
MUST_CHECK enum err redis_tls_greet(struct redis_tls *tls, struct err_note *note);
MUST_CHECK bool redis_tls_is_open(const struct redis_tls *tls); /* greeted: read and write work */

/* Bytes that came from the wire. false: no memory. */
MUST_CHECK bool redis_tls_take(struct redis_tls *tls, const char *at, size_t len);
/* What they said, in pieces of at most @size; *ret_len 0: nothing more for now. */
MUST_CHECK enum err redis_tls_read(struct redis_tls *tls, char *at, size_t size, size_t *ret_len,
                                   struct err_note *note);
/* All of it, to become due. false: no memory, or a connection that is broken. */
MUST_CHECK bool redis_tls_write(struct redis_tls *tls, const char *at, size_t len);
/* The next bytes for the wire, at most @size: how many; 0: none. */
size_t redis_tls_due(struct redis_tls *tls, char *at, size_t size);
