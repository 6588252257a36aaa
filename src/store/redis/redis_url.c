/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/str.h"
#include "store/redis/redis_settings.h"
#include "store/redis/redis_tls.h"

#define WHAT "redis_url: "

struct redis_settings redis_settings_filled(const struct redis_settings *settings)
{
    struct redis_settings filled = *settings;
    filled.timeout_ms = filled.timeout_ms > 0 ? filled.timeout_ms : 200;
    filled.ttl_s = filled.ttl_s > 0 ? filled.ttl_s : 30 * 24 * 3600;
    filled.heartbeat_ms = filled.heartbeat_ms > 0 ? filled.heartbeat_ms : 20;
    filled.trust_ms = filled.trust_ms > 0 ? filled.trust_ms : 50;
    return filled;
}

struct redis_url *redis_url_free(struct redis_url *url)
{
    if (!url)
        return NULL;
    if (url->password)
        explicit_bzero(url->password, strlen(url->password));
    free(url->host);
    free(url->path);
    free(url->user);
    free(url->password);
    free(url->shown);
    free(url->cacert);
    free(url->cert);
    free(url->key);
    free(url->sni);
    redis_tls_unload(url);
    free(url);
    return NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char) (c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* @text without its percent-encoding; @what names it in a refusal. */
static enum err decode(struct str text, const char *what, char **ret, struct err_note *note)
{
    char *decoded = malloc(text.len + 1);
    size_t len = 0;
    if (!decoded)
        return ERR_NOMEM;
    for (size_t i = 0; i < text.len; i++) {
        int byte = (unsigned char) text.at[i];
        if (byte == '%') {
            int high = i + 2 < text.len ? hex_digit(text.at[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.at[i + 2]) : -1;
            byte = high < 0 || low < 0 ? 0 : high * 16 + low;
            i += 2;
        }
        if (byte == 0) {
            explicit_bzero(decoded, len);
            free(decoded);
            return err_fail(note, ERR_INPUT, WHAT "the %s has a %% without two hex digits", what);
        }
        decoded[len++] = (char) byte;
    }
    decoded[len] = '\0';
    *ret = decoded;
    return OK;
}

/* What comes before the first @c of *text, which then begins behind it; absent when there is none. */
static struct str cut(struct str *text, char c)
{
    const char *at = text->len ? memchr(text->at, c, text->len) : NULL;
    if (!at)
        return (struct str){ 0 };
    struct str head = { text->at, (size_t) (at - text->at) };
    *text = (struct str){ at + 1, text->len - head.len - 1 };
    return head;
}

static enum err read_number(struct str text, const char *what, int64_t most, int *ret,
                            struct err_note *note)
{
    int64_t number;
    if (!str_to_int64(text, &number) || number < 0 || number > most)
        return err_fail(note, ERR_INPUT, WHAT "the %s is a number up to %lld", what,
                        (long long) most);
    *ret = (int) number;
    return OK;
}

static enum err read_user(struct redis_url *url, struct str login, struct err_note *note)
{
    if (!login.at)
        return OK;
    struct str user = cut(&login, ':');
    if (!user.at || login.len == 0)
        return err_fail(note, ERR_INPUT, WHAT "before the @ stands user:password or :password");
    if (user.len)
        TRY(decode(user, "user", &url->user, note));
    return decode(login, "password", &url->password, note);
}

static enum err read_host(struct redis_url *url, struct str rest, struct err_note *note)
{
    struct str place = cut(&rest, '/'), db = rest;
    if (!place.at) {
        place = rest;
        db = STR("");
    }
    if (db.len)
        TRY(read_number(db, "database after the /", INT32_MAX, &url->db, note));
    struct str host = place;
    if (place.len && place.at[0] == '[') {
        place = (struct str){ place.at + 1, place.len - 1 };
        host = cut(&place, ']');
        if (!host.at || (place.len && place.at[0] != ':'))
            return err_fail(note, ERR_INPUT, WHAT "an IPv6 address stands in [ ]");
        if (place.len)
            place = (struct str){ place.at + 1, place.len - 1 };
        else
            place = (struct str){ 0 };
    } else {
        host = cut(&place, ':');
        if (!host.at) {
            host = place;
            place = (struct str){ 0 };
        }
    }
    if (host.len == 0 || memchr(host.at, '@', host.len) || memchr(host.at, '?', host.len) ||
        memchr(host.at, '#', host.len))
        return err_fail(note, ERR_INPUT,
                        WHAT "no host in it; in a user or password, @ : / ? # are written with %%");
    url->port = 6379;
    if (place.at)
        TRY(read_number(place, "port", 65535, &url->port, note));
    url->host = str_dup(host);
    return url->host ? OK : ERR_NOMEM;
}

static enum err read_path(struct redis_url *url, struct str rest, struct err_note *note)
{
    struct str path = cut(&rest, '?');
    if (!path.at)
        path = rest;
    else if (str_starts_with(rest, STR("db=")))
        TRY(read_number((struct str){ rest.at + 3, rest.len - 3 }, "database after ?db=", INT32_MAX,
                        &url->db, note));
    else
        return err_fail(note, ERR_INPUT, WHAT "after ? only db=<number> is known");
    if (path.len < 2 || path.at[0] != '/')
        return err_fail(note, ERR_INPUT, WHAT "after unix:// comes the socket's whole path");
    TRY(decode(path, "path", &url->path, note));
    if (strlen(url->path) >= sizeof((struct sockaddr_un){ 0 }).sun_path)
        return err_fail(note, ERR_INPUT, WHAT "the socket's path is too long for a socket");
    return OK;
}

/* Of rediss://: what is said of certificates, and to whom we want to speak. */
static enum err read_tls(struct redis_url *url, struct str query, struct err_note *note)
{
    const struct {
        const char *word;
        char **text;
    } known[] = { { "cacert", &url->cacert },
                  { "cert", &url->cert },
                  { "key", &url->key },
                  { "sni", &url->sni } };
    while (query.len) {
        struct str value = cut(&query, '&');
        if (!value.at) {
            value = query;
            query = (struct str){ 0 };
        }
        struct str word = cut(&value, '=');
        size_t i = 0, n = sizeof known / sizeof *known;
        while (i < n && !str_is(word, known[i].word))
            i++;
        if (i == n)
            return err_fail(note, ERR_INPUT,
                            WHAT
                            "after ? only cacert=, cert=, key= and sni= are known; in a user or "
                            "password, ? is written %%3F");
        if (*known[i].text || value.len == 0)
            return err_fail(note, ERR_INPUT, WHAT "%s= %s", known[i].word,
                            value.len ? "stands twice" : "names nothing");
        TRY(decode(value, known[i].word, known[i].text, note));
    }
    if (!url->cert != !url->key)
        return err_fail(note, ERR_INPUT, WHAT "cert= and key= belong together");
    return OK;
}

static enum err show(struct redis_url *url)
{
    const char *by = url->is_tls ? ", TLS" : "";
    int len = url->host
                  ? asprintf(&url->shown, strchr(url->host, ':') ? "[%s]:%d/%d%s" : "%s:%d/%d%s",
                             url->host, url->port, url->db, by)
                  : asprintf(&url->shown, "%s?db=%d", url->path, url->db);
    if (len < 0)
        url->shown = NULL;
    return url->shown ? OK : ERR_NOMEM;
}

static bool copy(const char *text, char **ret)
{
    *ret = text ? str_dup(str_of(text)) : NULL;
    return *ret || !text;
}

struct redis_url *redis_url_at(const struct redis_url *url, const char *host, int port)
{
    AUTO(redis_url_free) struct redis_url *at = calloc(1, sizeof *at);
    if (!at)
        return NULL;
    at->port = port;
    bool done = copy(host, &at->host) && copy(url->user, &at->user) &&
                copy(url->password, &at->password) && copy(url->sni, &at->sni) && show(at) == OK;
    at->is_tls = url->is_tls;
    if (at->is_tls)
        redis_tls_share(url, at);
    return done ? MOVE(at) : NULL;
}

enum err redis_url_parse(const char *text, struct redis_url **ret_url, struct err_note *note)
{
    AUTO(redis_url_free) struct redis_url *url = calloc(1, sizeof *url);
    struct str rest = str_of(text);
    if (!url)
        return ERR_NOMEM;
    bool is_socket = str_starts_with(rest, STR("unix://"));
    url->is_tls = str_starts_with(rest, STR("rediss://"));
    if (!is_socket && !url->is_tls && !str_starts_with(rest, STR("redis://")))
        return err_fail(note, ERR_INPUT, WHAT "begins with redis://, rediss:// or unix://");
    size_t head = is_socket ? 7 : url->is_tls ? 9 : 8;
    rest = (struct str){ rest.at + head, rest.len - head };
    if (rest.len && memchr(rest.at, '#', rest.len))
        return err_fail(note, ERR_INPUT, WHAT "a # is written %%23");
    struct str query = rest, address = url->is_tls ? cut(&query, '?') : (struct str){ 0 };
    if (address.at) {
        TRY(read_tls(url, query, note));
        rest = address;
    }

    /* The last @ that stands before host or path ends the login. */
    const char *slash = rest.len ? memchr(rest.at, '/', rest.len) : NULL;
    size_t first = slash ? (size_t) (slash - rest.at) : rest.len;
    const char *at = first ? memrchr(rest.at, '@', first) : NULL;
    struct str login = { at ? rest.at : NULL, at ? (size_t) (at - rest.at) : 0 };
    if (at)
        rest = (struct str){ at + 1, rest.len - login.len - 1 };
    TRY(read_user(url, login, note));
    TRY(is_socket ? read_path(url, rest, note) : read_host(url, rest, note));
    TRY(show(url));
    *ret_url = MOVE(url);
    return OK;
}

enum err redis_url_open(const char *text, struct redis_url **ret_url, struct err_note *note)
{
    AUTO(redis_url_free) struct redis_url *url = NULL;
    TRY(redis_url_parse(text, &url, note));
    if (url->is_tls)
        TRY(redis_tls_load(url, note));
    *ret_url = MOVE(url);
    return OK;
}
