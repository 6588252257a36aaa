/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Redis at
 *
 * The Redis that a test was given by its environment (OFFERD_TEST_REDIS_URL), plain or by TLS: a
 * connection beside what is tested, and URLs of the same server for somebody else or by another name.
 */
#include <check.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/redis/redis_dial.h"
#include "store/redis/redis_url.h"

enum { REDIS_AT_PATIENCE_MS = 20000 };

static inline bool redis_at_is_tls(void)
{
    const char *url = getenv("OFFERD_TEST_REDIS_URL");
    return url && strncmp(url, "rediss:", 7) == 0;
}

/* Nobody said hello on it. The caller's: redisFree. */
static inline redisContext *redis_at_dial(void)
{
    struct redis_url *url = NULL;
    redisContext *context = NULL;
    struct err_note note = { "" };
    ck_assert_msg(redis_url_open(getenv("OFFERD_TEST_REDIS_URL"), &url, &note) == OK, "%s",
                  note.text);
    struct redis_dial dial = { .url = url };
    ck_assert_msg(redis_dial(&dial, REDIS_AT_PATIENCE_MS, &context, &note) == OK, "%s", note.text);
    redis_dial_deinit(&dial);
    redis_url_free(url);
    return context;
}

/* @login: "" or "user:password@". @host NULL, @port 0: the server's own. */
static inline void redis_at_url(char *text, size_t size, const char *login, const char *host,
                                int port)
{
    struct redis_url *url = NULL;
    const char *given = getenv("OFFERD_TEST_REDIS_URL");
    const char *query = strchr(given, '?');
    ck_assert_int_eq(redis_url_parse(given, &url, NULL), OK);
    int len =
        snprintf(text, size, "%s://%s%s:%d/%d%s", url->is_tls ? "rediss" : "redis", login,
                 host ? host : url->host, port ? port : url->port, url->db, query ? query : "");
    ck_assert_int_lt(len, (int) size);
    redis_url_free(url);
}
