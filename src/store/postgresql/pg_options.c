/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libpq looks at its options when a connection is begun, and what it says then may as well be of the
 * server. So one is begun to an address that no machine can have (a connection to the broadcast
 * address fails before anything is sent), and PQping tells whether libpq came as far as that:
 * PQPING_NO_ATTEMPT is promised for options that are "obviously incorrect".
 */
#include "store/postgresql/pg_options.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "rules/diag.h"

#define NOBODY "255.255.255.255"

enum { PROBE_OPTIONS = 9, KEYWORDS_MAX = 128 };

const char *pg_option(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0 && options->val && *options->val)
            return options->val;
    return NULL;
}

/* ── what is wrong with one ──────────────────────────────────────────────────────────────── */

static const struct {
    const char *keyword, *words;
} choices[] = {
    { "sslmode", "disable, allow, prefer, require, verify-ca or verify-full" },
    { "channel_binding", "disable, prefer or require" },
    { "gssencmode", "disable, prefer or require" },
    { "target_session_attrs", "any, read-write, read-only, primary, standby or prefer-standby" },
    { "ssl_min_protocol_version", "TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3" },
    { "ssl_max_protocol_version", "TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3" },
};

/* Who says what is wrong: the address, or else a variable of the environment, "PGSSLMODE". */
static const char *source(const PQconninfoOption *of_url, const char *keyword)
{
    for (const PQconninfoOption *option = of_url; option->keyword; option++)
        if (strcmp(option->keyword, keyword) == 0 && !option->val && option->envvar)
            return option->envvar;
    return "database_url";
}

static enum err refuse(const PQconninfoOption *of_url, const char *why, struct err_note *note)
{
    int len = (int) strcspn(why, "\n");
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (strstr(why, choices[i].keyword))
            return err_fail(note, ERR_INPUT, "%s: %.*s; %s was expected",
                            source(of_url, choices[i].keyword), len, why, choices[i].words);
    return err_fail(note, ERR_INPUT, "database_url: %.*s", len, why);
}

/* As libpq reads one: blanks around it are nothing. */
static bool is_int(const char *text, size_t len, long least, long most)
{
    char copy[32], *end;
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    errno = 0;
    long value = strtol(copy, &end, 10);
    return end != copy && end[strspn(end, " \t\n\r\f\v")] == '\0' && errno == 0 && value >= least &&
           value <= most;
}

/* One port, or one for each host; an empty one is the default. Not shown: see the sentence. */
static enum err check_ports(const PQconninfoOption *of_url, const char *ports,
                            struct err_note *note)
{
    for (const char *port = ports; port;) {
        size_t len = strcspn(port, ",");
        if (len > 0 && !is_int(port, len, 1, 65535))
            return err_fail(note, ERR_INPUT,
                            "%s: the port is not a number from 1 to 65535; in a URL the / ? # @ : "
                            "of a password are written %%2F %%3F %%23 %%40 %%3A",
                            source(of_url, "port"));
        port = port[len] ? port + len + 1 : NULL;
    }
    return OK;
}

/* What libpq only looks at when it has a socket: it would be said of the server. */
static enum err check_numbers(const PQconninfoOption *of_url, const PQconninfoOption *options,
                              struct err_note *note)
{
    static const char *const keywords[] = { "keepalives", "keepalives_idle", "keepalives_interval",
                                            "keepalives_count", "tcp_user_timeout" };
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        const char *value = pg_option(options, keywords[i]);
        if (value && !is_int(value, strlen(value), INT_MIN, INT_MAX))
            return err_fail(note, ERR_INPUT, "database_url: %s='%.40s' is not a whole number",
                            keywords[i], value);
    }
    return check_ports(of_url, pg_option(options, "port"), note);
}

/* ── all of them ─────────────────────────────────────────────────────────────────────────── */

static enum err look_at(const PQconninfoOption *of_url, const char *const *names,
                        const char *const *values, struct err_note *note)
{
    PGconn *conn = PQconnectStartParams(names, values, 1);
    if (!conn)
        return ERR_NOMEM;
    enum err err = OK;
    PQconninfoOption *options = PQconninfo(conn); /* the environment's among them */
    if (PQstatus(conn) == CONNECTION_BAD && PQpingParams(names, values, 1) == PQPING_NO_ATTEMPT)
        err = refuse(of_url, PQerrorMessage(conn), note);
    else
        err = options ? check_numbers(of_url, options, note) : ERR_NOMEM;
    PQconninfoFree(options);
    PQfinish(conn);
    return err;
}

static uint32_t entries(const char *list)
{
    uint32_t n = 1;
    for (const char *at = list; at && (at = strchr(at, ',')); at++)
        n++;
    return n;
}

enum err pg_options_check(const char *url, const PQconninfoOption *options, struct err_note *note)
{
    const char *names[PROBE_OPTIONS] = { "gssencmode", "dbname", "password", "connect_timeout",
                                         "hostaddr" };
    const char *values[PROBE_OPTIONS] = { "disable", url, "-", "2", NULL };
    const char *hosts = pg_option(options, "host"), *addresses = pg_option(options, "hostaddr");
    int n = 5;
    if (!hosts && !addresses) { /* then those of the environment shall not count, nor their ports */
        names[n] = "host";
        values[n++] = "-";
        names[n] = "port";
        values[n++] = pg_option(options, "port") ? pg_option(options, "port") : "5432";
    }
    struct out nobody;
    out_init(&nobody, NULL, 0);
    for (uint32_t i = entries(addresses ? addresses : hosts); i > 0; i--)
        out_text(&nobody, i > 1 ? STR(NOBODY ",") : STR(NOBODY));
    out_char(&nobody, '\0');
    values[4] = nobody.at;
    enum err err = nobody.failed ? ERR_NOMEM : look_at(options, names, values, note);
    out_deinit(&nobody);
    return err;
}

/* ── an address that is none ─────────────────────────────────────────────────────────────── */

/* The option that is spelled most like the word that libpq names last, or absent. */
static struct str closest_option(struct str wrong, const PQconninfoOption *known)
{
    const char *words[KEYWORDS_MAX + 1] = { NULL };
    for (int i = 0; known && i < KEYWORDS_MAX && known[i].keyword; i++)
        words[i] = known[i].keyword;
    return diag_closest(wrong, words);
}

static enum err refuse_name(struct str wrong, struct err_note *note)
{
    PQconninfoOption *known = PQconndefaults();
    struct str guess = closest_option(wrong, known);
    enum err err = ERR_INPUT;
    if (guess.at)
        err = err_fail(note, ERR_INPUT,
                       "database_url: PostgreSQL has no option '%.*s'; did you mean '%.*s'?",
                       STR_ARG(wrong), STR_ARG(guess));
    else /* may be the rest of a password that was not percent-encoded */
        err = err_fail(note, ERR_INPUT,
                       "database_url: it has an option that PostgreSQL does not know; "
                       "postgresql://USER@HOST:5432/NAME?sslmode=require was expected, what is "
                       "special in a password percent-encoded");
    PQconninfoFree(known);
    return err;
}

/* Up to the first thing in quotes that is more than a character: it may be all of the address. */
static int len_that_may_be_shown(const char *why)
{
    const char *at = why;
    while ((at = strchr(at, '"')) && at[1] && at[2] == '"')
        at += 3;
    size_t len = at ? (size_t) (at - why) : strcspn(why, "\n");
    while (len > 0 && (why[len - 1] == ' ' || why[len - 1] == ':'))
        len--;
    return (int) len;
}

enum err pg_options_unreadable(const char *why, struct err_note *note)
{
    static const char *const unknown[] = { "invalid connection option \"",
                                           "invalid URI query parameter: \"" };
    for (size_t i = 0; why && i < sizeof unknown / sizeof *unknown; i++)
        if (strncmp(why, unknown[i], strlen(unknown[i])) == 0) {
            const char *word = why + strlen(unknown[i]);
            return refuse_name((struct str){ word, strcspn(word, "\"") }, note);
        }
    int len = why ? len_that_may_be_shown(why) : 0;
    return err_fail(note, ERR_INPUT,
                    "database_url: not an address of PostgreSQL%s%.*s%s; "
                    "postgresql://USER@HOST:5432/NAME was expected",
                    len ? " (" : "", len, len ? why : "", len ? ")" : "");
}
