/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends in one thread: ours, and OpenSSL as the server with a certificate made here. */
#include "store/redis/redis_tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/redis/redis_url.h"
#include "suite.h"

enum { DAY_S = 24 * 3600 };

struct signed_key {
    X509 *x509;
    EVP_PKEY *key;
};

/* @names as in "DNS:a.example"; NULL: an authority. @by NULL: signed by itself. */
static struct signed_key make(const char *names, int days, const struct signed_key *by)
{
    struct signed_key made = { X509_new(), EVP_EC_gen("P-256") };
    X509V3_CTX context;
    ck_assert(made.x509 && made.key);
    X509_NAME *name = X509_get_subject_name(made.x509);
    (void) X509_set_version(made.x509, X509_VERSION_3);
    (void) ASN1_INTEGER_set(X509_get_serialNumber(made.x509), names ? 2 : 1);
    (void) X509_gmtime_adj(X509_getm_notBefore(made.x509), -2 * DAY_S);
    (void) X509_gmtime_adj(X509_getm_notAfter(made.x509), (long) days * DAY_S);
    (void) X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const unsigned char *) (names ? "server" : "authority"), -1,
                                      -1, 0);
    (void) X509_set_pubkey(made.x509, made.key);
    const struct signed_key *issuer = by ? by : &made;
    (void) X509_set_issuer_name(made.x509, X509_get_subject_name(issuer->x509));
    X509V3_set_ctx(&context, issuer->x509, made.x509, NULL, NULL, 0);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, &context, names ? NID_subject_alt_name : NID_basic_constraints,
                            names ? names : "critical,CA:TRUE");
    ck_assert(extension && X509_add_ext(made.x509, extension, -1));
    X509_EXTENSION_free(extension);
    ck_assert_int_gt(X509_sign(made.x509, issuer->key, EVP_sha256()), 0);
    return made;
}

static void unmake(struct signed_key *made)
{
    X509_free(made->x509);
    EVP_PKEY_free(made->key);
}

struct ends {
    struct redis_url *url;
    struct redis_tls *tls;
    SSL_CTX *context;
    SSL *server;
    BIO *in, *out; /* the server's */
    size_t step;   /* bytes carried at a time */
};

static void begin(struct ends *ends, const char *host, const char *query, const char *names,
                  int days)
{
    struct signed_key authority = make(NULL, 2, NULL), server = make(names, days, &authority);
    char text[256];
    struct err_note note = { "" };
    char ca_file[] = "/tmp/test-redis-tls-XXXXXX";
    FILE *file = fdopen(mkstemp(ca_file), "w");
    ck_assert(file && PEM_write_X509(file, authority.x509) && fclose(file) == 0);
    (void) snprintf(text, sizeof text, "rediss://u:p@%s/0?cacert=%s%s", host, ca_file, query);
    *ends = (struct ends){ .step = 16384 };
    ck_assert_msg(redis_url_open(text, &ends->url, &note) == OK, "%s", note.text);
    (void) unlink(ca_file);
    ends->tls = redis_tls_new(ends->url);
    ends->context = SSL_CTX_new(TLS_server_method());
    ck_assert(SSL_CTX_use_certificate(ends->context, server.x509) == 1 &&
              SSL_CTX_use_PrivateKey(ends->context, server.key) == 1);
    ends->server = SSL_new(ends->context);
    ends->in = BIO_new(BIO_s_mem());
    ends->out = BIO_new(BIO_s_mem());
    SSL_set_bio(ends->server, ends->in, ends->out);
    SSL_set_accept_state(ends->server);
    ck_assert(ends->tls);
    unmake(&authority);
    unmake(&server);
}

static void end(struct ends *ends)
{
    redis_tls_free(ends->tls);
    redis_url_free(ends->url);
    SSL_free(ends->server);
    SSL_CTX_free(ends->context);
    ERR_clear_error();
}

/* What is due on either side goes to the other; false: nothing was. */
static bool carry(struct ends *ends)
{
    char bytes[16384];
    size_t len = redis_tls_due(ends->tls, bytes, ends->step);
    bool some = len > 0;
    if (len)
        ck_assert_int_eq(BIO_write(ends->in, bytes, (int) len), (int) len);
    int n = BIO_read(ends->out, bytes, (int) ends->step);
    if (n > 0)
        ck_assert(redis_tls_take(ends->tls, bytes, (size_t) n));
    return some || n > 0;
}

static enum err greet(struct ends *ends, struct err_note *note)
{
    do {
        enum err err = redis_tls_greet(ends->tls, note);
        if (err != OK)
            return err;
        (void) SSL_do_handshake(ends->server);
    } while (carry(ends) && !redis_tls_is_open(ends->tls));
    do
        (void) SSL_do_handshake(ends->server);
    while (carry(ends));
    return OK;
}

/* @size bytes there, and the same back. */
static void talks(struct ends *ends, size_t size)
{
    static char sent[100000], heard[sizeof sent];
    struct err_note note = { "" };
    size_t have = 0, len = 0, n = 0;
    for (size_t i = 0; i < size; i++)
        sent[i] = (char) (i * 31 >> 3);
    ck_assert(redis_tls_write(ends->tls, sent, size));
    do {
        while (have < size && SSL_read_ex(ends->server, heard + have, size - have, &n) == 1)
            have += n;
    } while (carry(ends));
    ck_assert_uint_eq(have, size);
    ck_assert(memcmp(sent, heard, size) == 0);

    ck_assert_int_eq(SSL_write_ex(ends->server, sent, size, &n), 1);
    memset(heard, 0, sizeof heard);
    have = 0;
    do {
        while (redis_tls_read(ends->tls, heard + have, size - have, &len, &note) == OK && len > 0)
            have += len;
    } while (carry(ends));
    ck_assert_uint_eq(have, size);
    ck_assert(memcmp(sent, heard, size) == 0);
}

START_TEST(greets_by_name_and_carries_both_ways)
{
    struct ends ends;
    struct err_note note = { "" };
    begin(&ends, "redis.example.net", "", "DNS:redis.example.net", 2);
    ck_assert(!redis_tls_is_open(ends.tls));
    ck_assert_msg(greet(&ends, &note) == OK, "%s", note.text);
    ck_assert(redis_tls_is_open(ends.tls));
    ck_assert_str_eq(SSL_get_servername(ends.server, TLSEXT_NAMETYPE_host_name),
                     "redis.example.net");
    talks(&ends, 100000);
    end(&ends);
}
END_TEST

START_TEST(it_does_not_matter_in_which_pieces_the_wire_carries)
{
    static const size_t steps[] = { 1, 7, 1000 };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int older = 0; older < 2; older++) {
            struct ends ends;
            struct err_note note = { "" };
            begin(&ends, "redis.example.net", "", "DNS:redis.example.net", 2);
            ends.step = steps[i];
            if (older)
                (void) SSL_set_max_proto_version(ends.server, TLS1_2_VERSION);
            ck_assert_msg(greet(&ends, &note) == OK, "%s", note.text);
            ck_assert(redis_tls_is_open(ends.tls));
            talks(&ends, 20000); /* more than a record holds */
            end(&ends);
        }
}
END_TEST

START_TEST(a_server_is_who_its_certificate_names)
{
    static const struct {
        const char *host, *query, *names;
        int days;
        const char *refusal; /* NULL: taken */
    } tries[] = {
        { "a.example", "", "DNS:a.example", 2, NULL },
        { "a.example", "", "DNS:b.example,DNS:a.example", 2, NULL },
        { "a.example", "", "DNS:*.example", 2, "not for 'a.example'" }, /* all of a top level */
        { "a.shop.example", "", "DNS:*.shop.example", 2, NULL },
        { "a.b.shop.example", "", "DNS:*.shop.example", 2, "not for 'a.b.shop.example'" },
        { "ab.shop.example", "", "DNS:a*.shop.example", 2, "not for 'ab.shop.example'" },
        { "server", "", "DNS:a.example", 2, "not for 'server'" }, /* its CN, beside names */
        { "127.0.0.1", "", "IP:127.0.0.1", 2, NULL },
        { "127.0.0.1", "", "DNS:127.0.0.1", 2, "not for '127.0.0.1'" },
        { "[::1]", "", "IP:::1", 2, NULL },
        { "[::1]", "", "IP:::2", 2, "not for '::1'" },
        { "10.0.0.7", "&sni=a.example", "DNS:a.example", 2, NULL },
        { "a.example", "&sni=b.example", "DNS:a.example", 2, "not for 'b.example'" },
        { "a.example", "", "DNS:a.example", -1, "certificate has expired" },
    };
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct ends ends;
        struct err_note note = { "" };
        begin(&ends, tries[i].host, tries[i].query, tries[i].names, tries[i].days);
        enum err err = greet(&ends, &note);
        bool as_wanted = tries[i].refusal
                             ? err == ERR_UNAVAILABLE && strstr(note.text, tries[i].refusal)
                             : err == OK && redis_tls_is_open(ends.tls);
        ck_assert_msg(as_wanted, "%s for %s: %d %s", tries[i].names, tries[i].host, err, note.text);
        end(&ends);
    }
}
END_TEST

START_TEST(a_server_of_another_authority_is_refused)
{
    struct ends ends, others;
    struct err_note note = { "" };
    begin(&ends, "a.example", "", "DNS:a.example", 2);
    begin(&others, "a.example", "", "DNS:a.example", 2); /* its server, and our trust */
    struct redis_tls *swapped = ends.tls;
    ends.tls = others.tls;
    others.tls = swapped;
    ck_assert_int_eq(greet(&ends, &note), ERR_UNAVAILABLE);
    ck_assert_msg(strstr(note.text, "certificate is refused"), "%s", note.text);
    ck_assert(!redis_tls_is_open(ends.tls));
    ck_assert_int_eq(greet(&others, &note), ERR_UNAVAILABLE);
    end(&others);
    end(&ends);
}
END_TEST

START_TEST(tls_older_than_1_2_is_not_spoken)
{
    struct ends ends;
    struct err_note note = { "" };
    begin(&ends, "a.example", "", "DNS:a.example", 2);
    SSL_set_security_level(ends.server, 0);
    SSL_CTX_set_security_level(ends.url->trust, 0); /* it is not this that refuses */
    redis_tls_free(ends.tls);
    ends.tls = redis_tls_new(ends.url);
    (void) SSL_set_min_proto_version(ends.server, TLS1_VERSION);
    (void) SSL_set_max_proto_version(ends.server, TLS1_1_VERSION);
    (void) greet(&ends, &note);
    ck_assert(!redis_tls_is_open(ends.tls));
    end(&ends);
}
END_TEST

START_TEST(what_is_no_tls_is_refused_and_nothing_was_said_to_it)
{
    static const char plain[] = "-ERR unknown command\r\n";
    struct ends ends;
    struct err_note note = { "" };
    char wire[16384];
    begin(&ends, "a.example", "", "DNS:a.example", 2);
    ck_assert_int_eq(redis_tls_greet(ends.tls, &note), OK);
    size_t len = redis_tls_due(ends.tls, wire, sizeof wire);
    ck_assert_uint_gt(len, 0);
    ck_assert_uint_eq(redis_tls_due(ends.tls, wire, sizeof wire), 0);
    ck_assert(redis_tls_take(ends.tls, plain, sizeof plain - 1));
    ck_assert_int_eq(redis_tls_greet(ends.tls, &note), ERR_UNAVAILABLE);
    ck_assert_msg(strstr(note.text, "no TLS"), "%s", note.text);
    ck_assert(!redis_tls_is_open(ends.tls));
    end(&ends);
}
END_TEST

START_TEST(a_server_that_takes_its_leave_and_one_that_garbles_are_lost)
{
    struct ends ends;
    struct err_note note = { "" };
    char at[64];
    size_t len = 0;
    begin(&ends, "a.example", "", "DNS:a.example", 2);
    ck_assert_int_eq(greet(&ends, &note), OK);
    (void) SSL_shutdown(ends.server);
    (void) carry(&ends);
    ck_assert_int_eq(redis_tls_read(ends.tls, at, sizeof at, &len, &note), ERR_UNAVAILABLE);
    ck_assert_str_eq(note.text, "it closed the connection");
    end(&ends);

    begin(&ends, "a.example", "", "DNS:a.example", 2);
    ck_assert_int_eq(greet(&ends, &note), OK);
    ck_assert(redis_tls_take(ends.tls, "+PONG\r\n+PONG\r\n", 14));
    ck_assert_int_eq(redis_tls_read(ends.tls, at, sizeof at, &len, &note), ERR_UNAVAILABLE);
    ck_assert_uint_eq(len, 0);
    end(&ends);
}
END_TEST

START_TEST(a_url_whose_files_were_not_read_connects_to_nothing)
{
    struct redis_url *url = NULL;
    ck_assert_int_eq(redis_url_parse("rediss://a.example", &url, NULL), OK);
    ck_assert_ptr_null(redis_tls_new(url));
    redis_url_free(url);
}
END_TEST

SUITE_MAIN("store/redis_tls", greets_by_name_and_carries_both_ways,
           it_does_not_matter_in_which_pieces_the_wire_carries,
           a_server_is_who_its_certificate_names, a_server_of_another_authority_is_refused,
           tls_older_than_1_2_is_not_spoken, what_is_no_tls_is_refused_and_nothing_was_said_to_it,
           a_server_that_takes_its_leave_and_one_that_garbles_are_lost,
           a_url_whose_files_were_not_read_connects_to_nothing)
