/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"

/*
 * Redis URL
 *
 * Where a Redis is and who we are there:
 *   redis://[user[:password]@]host[:port][/db]     host may be a name, an IPv4 address or [an IPv6 address]
 *   rediss://… the same by TLS[?cacert=FILE&cert=FILE&key=FILE&sni=NAME]           see redis_tls.h
 *   unix://[user[:password]@]/path/of/the/socket[?db=n]
 * User, password, paths and name may be percent-encoded. What is written about it, notes included,
 * never has the password in it.
 */
struct ssl_ctx_st;

struct redis_url {
    char *host; /* NULL: a unix socket, at @path */
    char *path;
    int port, db;
    char *user, *password; /* NULL: none; a password without a user is the default user's */
    char *shown;           /* for people: "host:6379/0" */
    bool is_tls;
    char *cacert, *cert, *key, *sni; /* PEM files, and the server's name; NULL: not given */
    struct ssl_ctx_st *trust;        /* what redis_tls_load made of them; NULL before */
};

/* Ready to be connected to: parsed, its files loaded. Heap, the caller's. ERR_INPUT with the reason. */
MUST_CHECK enum err redis_url_open(const char *text, struct redis_url **ret_url,
                                   struct err_note *note);
/* The text alone: no file is looked at. Heap, the caller's. ERR_INPUT, with the reason, for what is not such
 * a URL. */
MUST_CHECK enum err redis_url_parse(const char *text, struct redis_url **ret_url,
                                    struct err_note *note);
/* The same user's way to another server: a node of the cluster. NULL for lack of memory. */
struct redis_url *redis_url_at(const struct redis_url *url, const char *host, int port);
struct redis_url *redis_url_free(struct redis_url *url);
DEFINE_AUTO(struct redis_url, redis_url_free)
