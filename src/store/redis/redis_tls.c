/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hiredis' own way to a TLS context (redisCreateSSLContext) asks who signed a certificate but, before its
 * release 1.5, not whose it is: sni there is only sent. So the OpenSSL context is ours, each
 * connection's name is given to the verification itself, and hiredis gets the finished SSL
 * (redisInitiateSSL, the same since 1.0). On a loop two memory BIOs stand where a socket would.
 *
 * OpenSSL keeps errors in a queue of the thread's, which libpq uses too: it is emptied before each
 * call whose failure is told.
 */
#include "store/redis/redis_tls.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "store/redis/redis_url.h"

#define WHAT "redis_url: "

struct redis_tls {
    const struct redis_url *url;
    SSL *ssl;
    BIO *came, *due; /* the SSL's */
    bool is_open;    /* for good: what TLS 1.3 says later passes through reading */
};

bool redis_tls_is_built(void)
{
    return true;
}

/* ── what the URL names ── */

/* Of the first error, as what follows tells only where it was noticed. */
static const char *reason(void)
{
    unsigned long error = ERR_peek_error();
    const char *text =
        ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : ERR_reason_error_string(error);
    return text ? text : "no reason given";
}

static enum err load_files(SSL_CTX *trust, const struct redis_url *url, struct err_note *note)
{
    ERR_clear_error();
    if (!url->cacert && SSL_CTX_set_default_verify_paths(trust) != 1)
        return err_fail(note, ERR_INPUT, WHAT "this system's certificates: %s", reason());
    if (url->cacert && SSL_CTX_load_verify_file(trust, url->cacert) != 1)
        return err_fail(note, ERR_INPUT, WHAT "cacert=%s: %s", url->cacert, reason());
    if (!url->cert)
        return OK;
    if (SSL_CTX_use_certificate_chain_file(trust, url->cert) != 1)
        return err_fail(note, ERR_INPUT, WHAT "cert=%s: %s", url->cert, reason());
    if (SSL_CTX_use_PrivateKey_file(trust, url->key, SSL_FILETYPE_PEM) != 1)
        return err_fail(note, ERR_INPUT, WHAT "key=%s: %s", url->key, reason());
    return OK;
}

/* A key with a password is refused rather than asked for at a terminal. */
static int no_password(char *at, int size, int writing, void *self)
{
    (void) at;
    (void) size;
    (void) writing;
    (void) self;
    return 0;
}

enum err redis_tls_load(struct redis_url *url, struct err_note *note)
{
    SSL_CTX *trust = SSL_CTX_new(TLS_client_method());
    if (!trust)
        return ERR_NOMEM;
    SSL_CTX_set_verify(trust, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_passwd_cb(trust, no_password);
    (void) SSL_CTX_set_options(trust, SSL_OP_NO_RENEGOTIATION);
    (void) SSL_CTX_set_mode(trust, SSL_MODE_RELEASE_BUFFERS);
    enum err err = SSL_CTX_set_min_proto_version(trust, TLS1_2_VERSION) == 1 ? OK : ERR_NOMEM;
    if (err == OK)
        err = load_files(trust, url, note);
    if (err != OK) {
        SSL_CTX_free(trust);
        return err;
    }
    redis_tls_unload(url);
    url->trust = trust;
    return OK;
}

void redis_tls_share(const struct redis_url *url, struct redis_url *to)
{
    if (url->trust && SSL_CTX_up_ref(url->trust) == 1)
        to->trust = url->trust;
}

void redis_tls_unload(struct redis_url *url)
{
    SSL_CTX_free(url->trust);
    url->trust = NULL;
}

/* ── one connection ── */

static const char *name_of(const struct redis_url *url)
{
    return url->sni ? url->sni : url->host;
}

/* Asks for the server by its name, and accepts no other. An address is no name to be asked for. */
static bool bind_name(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
        return true;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, name, strlen(name)) == 1 &&
           SSL_set_tlsext_host_name(ssl, name) == 1;
}

static SSL *ssl_of(const struct redis_url *url)
{
    const char *name = name_of(url);
    SSL *ssl = url->trust && name && name[0] ? SSL_new(url->trust) : NULL;
    if (ssl && bind_name(ssl, name))
        return ssl;
    SSL_free(ssl);
    ERR_clear_error();
    return NULL;
}

/* Why a greeting failed, for people. @name: whom we wanted. */
static enum err explain(const SSL *ssl, const char *name, struct err_note *note)
{
    long verdict = SSL_get_verify_result(ssl);
    unsigned long error = ERR_peek_error();
    if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
        return err_fail(note, ERR_UNAVAILABLE, "TLS: its certificate is not for '%s'", name);
    if (verdict != X509_V_OK)
        return err_fail(note, ERR_UNAVAILABLE, "TLS: its certificate is refused: %s",
                        X509_verify_cert_error_string(verdict));
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER)
        return err_fail(note, ERR_UNAVAILABLE, "TLS: what it speaks is no TLS");
    if (error != 0)
        return err_fail(note, ERR_UNAVAILABLE, "TLS: %s", reason());
    return err_fail(note, ERR_UNAVAILABLE, "TLS: it hung up on our greeting");
}

/* ── for a thread that may wait ── */

enum err redis_tls_connect(const struct redis_url *url, struct redisContext *context,
                           struct err_note *note)
{
    SSL *ssl = ssl_of(url);
    if (!ssl)
        return ERR_NOMEM;
    ERR_clear_error();
    errno = 0;
    if (redisInitiateSSL(context, ssl) == REDIS_OK)
        return OK; /* the context's now */
    bool late = ERR_peek_error() == 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    enum err err = late ? err_fail(note, ERR_UNAVAILABLE, "%s", REDIS_TLS_SILENCE)
                        : explain(ssl, name_of(url), note);
    SSL_free(ssl);
    ERR_clear_error();
    return err;
}

const char *redis_tls_complaint(void)
{
    const char *text = ERR_peek_error() ? reason() : NULL;
    ERR_clear_error();
    return text;
}

/* ── for a loop ── */

struct redis_tls *redis_tls_new(const struct redis_url *url)
{
    AUTO(redis_tls_free) struct redis_tls *tls = calloc(1, sizeof *tls);
    if (!tls || !(tls->ssl = ssl_of(url)))
        return NULL;
    tls->url = url;
    tls->came = BIO_new(BIO_s_mem());
    tls->due = BIO_new(BIO_s_mem());
    if (!tls->came || !tls->due) {
        BIO_free(tls->came);
        BIO_free(tls->due);
        return NULL;
    }
    SSL_set_bio(tls->ssl, tls->came, tls->due);
    SSL_set_connect_state(tls->ssl);
    return MOVE(tls);
}

struct redis_tls *redis_tls_free(struct redis_tls *tls)
{
    if (tls)
        SSL_free(tls->ssl);
    free(tls);
    return NULL;
}

bool redis_tls_is_open(const struct redis_tls *tls)
{
    return tls->is_open;
}

enum err redis_tls_greet(struct redis_tls *tls, struct err_note *note)
{
    ERR_clear_error();
    int done = SSL_do_handshake(tls->ssl);
    tls->is_open = done == 1;
    if (done == 1 || SSL_get_error(tls->ssl, done) == SSL_ERROR_WANT_READ)
        return OK;
    enum err err = explain(tls->ssl, name_of(tls->url), note);
    ERR_clear_error();
    return err;
}

bool redis_tls_take(struct redis_tls *tls, const char *at, size_t len)
{
    size_t taken = 0;
    return len == 0 || (BIO_write_ex(tls->came, at, len, &taken) == 1 && taken == len);
}

enum err redis_tls_read(struct redis_tls *tls, char *at, size_t size, size_t *ret_len,
                        struct err_note *note)
{
    size_t len = 0;
    ERR_clear_error();
    if (SSL_read_ex(tls->ssl, at, size, &len) != 1) {
        switch (SSL_get_error(tls->ssl, 0)) {
        case SSL_ERROR_WANT_READ: len = 0; break;
        case SSL_ERROR_ZERO_RETURN:
            return err_fail(note, ERR_UNAVAILABLE, "it closed the connection");
        default: {
            enum err err = err_fail(note, ERR_UNAVAILABLE, "TLS: %s", reason());
            ERR_clear_error();
            return err;
        }
        }
    }
    *ret_len = len;
    return OK;
}

bool redis_tls_write(struct redis_tls *tls, const char *at, size_t len)
{
    size_t written = 0;
    ERR_clear_error();
    return len == 0 || SSL_write_ex(tls->ssl, at, len, &written) == 1;
}

size_t redis_tls_due(struct redis_tls *tls, char *at, size_t size)
{
    size_t len = 0;
    return BIO_read_ex(tls->due, at, size, &len) == 1 ? len : 0;
}
